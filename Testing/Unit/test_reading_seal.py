"""Readings and finals are sealed once: what goes in comes out, and what does not fit never goes in."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.files.nifti import encode
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import UnitId, mask_name, mint_case_code
from crc_core.reading.final import Final, FinalLesion, FinalTarget, How, Take
from crc_core.reading.masks import lesion_numbers
from crc_core.reading.schema import LesionRecord, TargetReading
from crc_core.reading.seal import (
    FinalDraft,
    ReadingDraft,
    open_final,
    open_reading,
    seal_final,
    seal_reading,
)
from crc_core.report.document import Lesion, new_report
from crc_core.store.protocol import PreparedUnit
from crc_core.vocabulary import LesionClass, Mode, Role, Target, TargetAnswer
from crc_core.workflow.payloads import SeriesRecord, UnitRegistered
from hypothesis import given, settings
from hypothesis import strategies as st
from store_support import digest, grid_of, reading_draft, sealed_final, sealed_reading

UNIT = UnitId(mint_case_code("01", 7), "T0")
GRID = Grid.from_spacing((4, 12, 16), (0.8, 0.8, 2.5), (-10.0, 5.0, 100.0))
PVP = UNIT.series_code(Role.PVP)
WALL = mask_name(PVP, Target.PRIMARY)
OUTER, INNER = mask_name(PVP, Target.PRIMARY, "outer"), mask_name(PVP, Target.PRIMARY, "inner")


def prepared() -> PreparedUnit:
    """A unit with one series, without images."""
    matrix = tuple(tuple(float(cell) for cell in row) for row in GRID.ijk_to_ras)
    record = SeriesRecord(Role.PVP, PVP, "2.25.71", digest("pixels"), 4, GRID.shape_kji, matrix)
    return PreparedUnit(UNIT, UnitRegistered((record,)), {})


def draft(**changes: Any) -> ReadingDraft:
    """A reading to seal, changed."""
    return dataclasses.replace(reading_draft(prepared(), "wang"), **changes)


def test_a_reading_comes_out_as_it_went_in(tmp_path: Path) -> None:
    made = draft()
    sealed = seal_reading(tmp_path / "reading", made)
    opened = open_reading(tmp_path / "reading")
    assert (opened.reading, opened.provenance, opened.report) == (made.reading, made.provenance, made.report)
    assert opened.sealed == sealed
    for parent, name in (("", WALL), ("outer", OUTER), ("inner", INNER)):
        mask = opened.mask(Target.PRIMARY, parent, GRID)
        assert mask.array.dtype == np.uint8
        assert np.array_equal(mask.array, made.masks[name].array)
        witness = nibabel.load(tmp_path / "reading" / "masks" / name)
        assert np.array_equal(np.asarray(witness.dataobj), made.masks[name].array.transpose())
        assert np.allclose(witness.affine, GRID.ijk_to_ras)


def test_the_same_reading_has_the_same_hash_and_another_another(tmp_path: Path) -> None:
    first = seal_reading(tmp_path / "a", draft())
    assert seal_reading(tmp_path / "b", draft()).sha256 == first.sha256
    assert sealed_reading(tmp_path / "c", prepared(), "wang", shift=1).sha256 != first.sha256
    assert sealed_reading(tmp_path / "d", prepared(), "li").sha256 != first.sha256


def test_only_drawn_targets_have_masks(tmp_path: Path) -> None:
    opened = open_reading(seal_reading(tmp_path / "reading", draft()).folder)
    with pytest.raises(KeyError):
        opened.mask(Target.LIVER)
    with pytest.raises(KeyError):
        opened.mask(Target.NODE)


def _without(name: str) -> dict[str, Volume]:
    return {key: mask for key, mask in draft().masks.items() if key != name}


def _with(name: str, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Volume]:
    masks = dict(draft().masks)
    masks[name] = Volume(change(masks[name].array.copy()).astype(np.uint8), masks[name].grid)
    return masks


def _moved(name: str) -> dict[str, Volume]:
    masks = dict(draft().masks)
    other = Grid.from_spacing(GRID.shape_kji, (0.8, 0.8, 2.5), (0.0, 0.0, 0.0))
    masks[name] = Volume(masks[name].array, other)
    return masks


def _one_more_voxel(mask: np.ndarray) -> np.ndarray:
    mask[0, 0, 0] = 1
    return mask


@pytest.mark.parametrize(
    ("masks", "code"),
    [
        (_without(WALL), "reading.mask_missing"),
        (_without(OUTER), "reading.mask_missing"),
        (_without(INNER), "reading.mask_missing"),
        ({**draft().masks, mask_name(PVP, Target.LIVER): draft().masks[WALL]}, "reading.mask_unexpected"),
        (_with(WALL, np.zeros_like), "mask.empty"),
        (_with(WALL, lambda mask: mask * 2), "reading.lesions_differ"),
        (_with(WALL, lambda mask: np.where(np.arange(mask.size).reshape(mask.shape) % 2, mask, mask * 3)),
         "reading.lesions_differ"),
        (_with(WALL, _one_more_voxel), "reading.not_subtraction"),
        (_with(OUTER, _one_more_voxel), "reading.not_subtraction"),
        (_with(INNER, lambda mask: mask * 0), "reading.not_subtraction"),
        (_moved(WALL), "reading.other_grid"),
        (_moved(INNER), "reading.other_grid"),
    ],
)  # fmt: skip
def test_masks_that_do_not_fit_are_refused_and_nothing_is_left(
    tmp_path: Path, masks: dict[str, Volume], code: str
) -> None:
    with pytest.raises(CrcError) as refused:
        seal_reading(tmp_path / "reading", draft(masks=masks))
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_reading_that_contradicts_itself_is_refused(tmp_path: Path) -> None:
    good = draft()
    other_unit = str(UnitId(mint_case_code("01", 8), "T0"))
    report_of_other = new_report(UnitId.parse(other_unit)).to_json()
    surplus = new_report(UNIT, (Lesion(Target.PRIMARY, 2, LesionClass.TUMOUR),)).to_json()
    cases = {
        "reading.provenance_reader": draft(provenance=dataclasses.replace(good.provenance, reader="li")),
        "reading.source_unrecorded": draft(provenance=dataclasses.replace(good.provenance, sources=())),
        "reading.other_unit": draft(report=report_of_other),
        "reading.report_lesion": draft(report=surplus),
    }
    for code, wrong in cases.items():
        with pytest.raises(CrcError) as refused:
            seal_reading(tmp_path / "reading", wrong)
        assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_reading_of_another_unit_is_named(tmp_path: Path) -> None:
    moved = dataclasses.replace(draft().reading, unit=str(UnitId(UNIT.case, "T1")))
    with pytest.raises(CrcError) as refused:
        seal_reading(tmp_path / "reading", draft(reading=moved))
    assert refused.value.code == "reading.other_unit"
    assert "T1" in str(refused.value)


@pytest.mark.parametrize("name", ["reading.json", "report.json", "provenance.json", f"masks/{WALL}", "MANIFEST.json"])
@pytest.mark.parametrize("harm", ["alter", "cut", "remove"])
def test_an_altered_reading_is_named(tmp_path: Path, name: str, harm: str) -> None:
    sealed = seal_reading(tmp_path / "reading", draft())
    path = sealed.folder / name
    data = path.read_bytes()
    if harm == "alter":
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    elif harm == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.unlink()
    try:
        again = open_reading(sealed.folder)
    except CrcError as refused:
        assert refused.path is not None
        assert refused.path.parent.name in ("reading", "masks")
    else:
        assert name == "MANIFEST.json"
        assert again.sealed.sha256 != sealed.sha256


def test_a_file_added_later_is_named(tmp_path: Path) -> None:
    sealed = seal_reading(tmp_path / "reading", draft())
    (sealed.folder / "masks" / "note.txt").write_text("x", encoding="utf-8")
    with pytest.raises(CrcError) as refused:
        open_reading(sealed.folder)
    assert refused.value.code == "sealed.foreign"


def test_a_mask_altered_after_opening_is_not_used(tmp_path: Path) -> None:
    opened = open_reading(seal_reading(tmp_path / "reading", draft()).folder)
    other = Volume(np.ones(GRID.shape_kji, np.uint8), GRID)
    (opened.sealed.folder / "masks" / WALL).write_bytes(encode(other, Path(WALL)))
    with pytest.raises(CrcError) as refused:
        opened.mask(Target.PRIMARY)
    assert refused.value.code == "sealed.altered"


def test_a_final_comes_out_as_it_went_in(tmp_path: Path) -> None:
    sealed = sealed_final(tmp_path / "final", prepared(), (digest("a"), digest("b")), "chief")
    opened = open_final(sealed.folder)
    assert opened.final.signer == "chief"
    assert opened.measurements["schema"] == "crc-measurements/1"
    assert np.array_equal(opened.mask(Target.PRIMARY, GRID).array, draft().masks[WALL].array)
    with pytest.raises(KeyError):
        opened.mask(Target.LIVER)


def test_a_dropped_lesion_keeps_its_record_but_no_voxels(tmp_path: Path) -> None:
    sealed = sealed_final(tmp_path / "final", prepared(), (digest("a"), digest("b")), "chief")
    opened = open_final(sealed.folder)
    kept = opened.final.targets[0]
    dropped = FinalLesion(0, LesionClass.TUMOUR, Take.DROPPED, (2,), (), "a polyp")
    final = dataclasses.replace(
        opened.final, targets=(dataclasses.replace(kept, lesions=(*kept.lesions, dropped)), opened.final.targets[1])
    )
    masks = {WALL: opened.mask(Target.PRIMARY)}
    again = seal_final(tmp_path / "with-dropped", FinalDraft(final, opened.report, {}, masks))
    assert open_final(again.folder).final.targets[0].lesions[1].number == 0
    only_dropped = FinalTarget(Target.PRIMARY, TargetAnswer.DRAWN, PVP, Mode.DIRECT, (dropped,))
    empty = dataclasses.replace(final, targets=(only_dropped,))
    with pytest.raises(CrcError) as refused:
        seal_final(tmp_path / "superfluous", FinalDraft(empty, opened.report, {}, masks))
    assert refused.value.code == "reading.mask_unexpected"


def test_a_final_by_rule_names_nobody(tmp_path: Path) -> None:
    opened = open_final(sealed_final(tmp_path / "final", prepared(), (digest("a"), digest("b")), None).folder)
    assert (opened.final.how, opened.final.signer) == (How.RULE, None)
    with pytest.raises(ValueError, match="signer"):
        Final(**{**vars(opened.final), "signer": "chief"})


@given(st.sets(st.integers(1, 255), max_size=12), st.integers(0, 2**32 - 1))
def test_lesion_numbers_are_those_in_the_mask(numbers: set[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    mask = np.zeros((3, 5, 7), np.uint8)
    cells = random.permutation(mask.size)[: len(numbers)]
    mask.ravel()[cells] = sorted(numbers)
    assert lesion_numbers(mask) == numbers


@settings(max_examples=25)
@given(numbers=st.sets(st.integers(1, 255), min_size=1, max_size=6), seed=st.integers(0, 2**32 - 1))
def test_any_numbered_mask_is_sealed_and_opened(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    array = random.choice([0, *sorted(numbers)], size=GRID.shape_kji).astype(np.uint8)
    array.ravel()[: len(numbers)] = sorted(numbers)
    name = mask_name(PVP, Target.LIVER)
    lesions = tuple(LesionRecord(number, LesionClass.METASTASIS) for number in sorted(numbers))
    target = TargetReading(Target.LIVER, TargetAnswer.DRAWN, PVP, Mode.DIRECT, lesions)
    made = draft(
        reading=dataclasses.replace(draft().reading, targets=(target,)),
        report=new_report(UNIT).to_json(),
        masks={name: Volume(array, grid_of(prepared().registration.series[0]))},
    )
    folder = tmp_path_factory.mktemp("any") / "reading"
    opened = open_reading(seal_reading(folder, made).folder)
    assert np.array_equal(opened.mask(Target.LIVER).array, array)
