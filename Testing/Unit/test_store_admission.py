"""A reading belongs to its unit: its series, its sources, its grid, its pixels; everything else is refused by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.files.sealed import SealedFolder
from crc_core.identity import UnitId, mask_name, mint_case_code
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import seal_reading
from crc_core.report.document import new_report
from crc_core.store.admission import Registered, verify_final, verify_reading
from crc_core.store.protocol import PreparedUnit
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target, TargetAnswer
from crc_core.workflow.payloads import Binding
from store_support import StudySource, bindings, digest, reading_draft, sealed_final, sealed_reading, write_study

UNIT = UnitId(mint_case_code("01", 7), "T0")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def prepared(source: StudySource) -> PreparedUnit:
    """The unit all readings here are made for."""
    return source.prepared(UNIT)


def registered(prepared: PreparedUnit, **changes: object) -> Registered:
    """What a store knows of the unit."""
    bound: dict[Target, Binding] = {item.target: item for item in bindings(prepared.unit).bindings}
    known = Registered(str(prepared.unit), prepared.registration.series, bound)
    return dataclasses.replace(known, **changes)


def refusal(sealed: SealedFolder, known: Registered) -> str:
    """The code with which the reading is refused, after looking at its sentences."""
    with pytest.raises(CrcError) as refused:
        verify_reading(sealed, known)
    assert refused.value.path is not None
    assert all(sealed.folder.name in refused.value.sentence(lang) for lang in Lang)
    return refused.value.code


def test_a_fitting_reading_is_taken(tmp_path: Path, prepared: PreparedUnit) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    assert verify_reading(sealed, registered(prepared)).reading.reader == "wang"


def test_a_reading_of_another_unit(tmp_path: Path, prepared: PreparedUnit, source: StudySource) -> None:
    other = source.prepared(UnitId(mint_case_code("01", 8), "T0"))
    sealed = sealed_reading(tmp_path / "reading", other, "wang")
    assert refusal(sealed, registered(prepared)) == "reading.other_unit"


def test_a_reading_on_another_series(tmp_path: Path, prepared: PreparedUnit) -> None:
    chest = prepared.registration.series[1]
    on_chest = dataclasses.replace(prepared, registration=dataclasses.replace(prepared.registration, series=(chest,)))
    sealed = sealed_reading(tmp_path / "reading", on_chest, "wang")
    assert refusal(sealed, registered(prepared)) == "reading.other_source"


def test_a_reading_on_another_grid(tmp_path: Path, prepared: PreparedUnit) -> None:
    record = prepared.registration.series[0]
    assert record.ijk_to_ras is not None
    matrix = np.array(record.ijk_to_ras)
    matrix[2, 3] += 2.5
    moved = dataclasses.replace(record, ijk_to_ras=tuple(tuple(float(cell) for cell in row) for row in matrix))
    elsewhere = dataclasses.replace(prepared, registration=dataclasses.replace(prepared.registration, series=(moved,)))
    sealed = sealed_reading(tmp_path / "reading", elsewhere, "wang")
    assert refusal(sealed, registered(prepared)) == "reading.other_grid"


def test_a_reading_on_other_pixels(tmp_path: Path, prepared: PreparedUnit) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    series = tuple(dataclasses.replace(item, pixel_sha256=digest("new")) for item in prepared.registration.series)
    assert refusal(sealed, registered(prepared, series=series)) == "reading.other_pixels"
    series = tuple(dataclasses.replace(item, series_uid="2.25.99") for item in prepared.registration.series)
    assert refusal(sealed, registered(prepared, series=series)) == "reading.other_pixels"
    assert refusal(sealed, registered(prepared, series=prepared.registration.series[1:])) == "reading.unknown_series"


def test_a_source_without_grid(tmp_path: Path, prepared: PreparedUnit) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    series = tuple(dataclasses.replace(item, ijk_to_ras=None) for item in prepared.registration.series)
    assert refusal(sealed, registered(prepared, series=series)) == "reading.source_unplaced"


def test_a_bound_target_without_answer_and_an_answer_that_was_not_asked(tmp_path: Path, prepared: PreparedUnit) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    known = registered(prepared)
    lung = Binding(Target.LUNG, Role.CHEST, UNIT.series_code(Role.CHEST), known.bindings[Target.LIVER].mode)
    asked_more = {**known.bindings, Target.LUNG: lung}
    assert refusal(sealed, registered(prepared, bindings=asked_more)) == "reading.target_unanswered"
    asked_less = {Target.PRIMARY: known.bindings[Target.PRIMARY]}
    assert refusal(sealed, registered(prepared, bindings=asked_less)) == "reading.target_unbound"


def test_a_reading_that_sees_nothing_needs_no_mask(tmp_path: Path, prepared: PreparedUnit) -> None:
    draft = reading_draft(prepared, "wang")
    targets = tuple(TargetReading(item.target, TargetAnswer.NONE_SEEN) for item in draft.reading.targets)
    nothing = dataclasses.replace(
        draft,
        reading=dataclasses.replace(draft.reading, targets=targets),
        report=new_report(UNIT).to_json(),
        masks={},
    )
    sealed = seal_reading(tmp_path / "reading", nothing)
    assert set(sealed.manifest.files) == {"reading.json", "report.json", "provenance.json"}
    assert verify_reading(sealed, registered(prepared)).reading.targets == targets


def test_finals_are_held_against_the_unit_too(tmp_path: Path, prepared: PreparedUnit, source: StudySource) -> None:
    pair = (digest("a"), digest("b"))
    sealed = sealed_final(tmp_path / "final", prepared, pair, "chief")
    assert verify_final(sealed, registered(prepared)).final.parents == pair
    with pytest.raises(CrcError) as refused:
        verify_final(sealed, registered(source.prepared(UnitId(UNIT.case, "T1"))))
    assert refused.value.code == "reading.other_unit"
    unplaced = tuple(dataclasses.replace(item, shape_kji=None) for item in prepared.registration.series)
    with pytest.raises(CrcError) as refused:
        verify_final(sealed, registered(prepared, series=unplaced))
    assert refused.value.code == "reading.source_unplaced"
    assert mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY) in str(refused.value)
