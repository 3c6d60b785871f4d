"""Opening a unit: sources first, in steps, each image as registered; what cannot be shown is said, not skipped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pydicom
import pytest
import store_support
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.opening import OpeningStep, open_prior, open_unit
from crc_core.dicom.volume import open_series
from crc_core.geometry import Volume
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.store.images import open_images
from crc_core.store.protocol import PreparedUnit
from crc_core.text import Lang, say
from crc_core.vocabulary import Role
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from store_support import SCAN_PASSED, MovingClock, StudySource, admit, bindings, must, new_store, write_study
from store_support import open_unit as bound


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return new_store(tmp_path, MovingClock())


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudySource:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "index"))
    return write_study(tmp_path / "study")


@pytest.fixture
def unit(store: FolderStore, source: StudySource) -> PreparedUnit:
    return bound(store, source, "wang")


def opened(store: FolderStore, unit: PreparedUnit, **changes: object) -> list[OpeningStep]:
    view = store.unit(unit.unit, "wang")
    return list(open_unit(store, view, "wang", Lang.ZH, **changes))  # type: ignore[arg-type]


def images(steps: list[OpeningStep]) -> dict[ImageKey, Volume]:
    """What can be drawn on or looked at once all is open."""
    last = {step.key: step.volume for step in steps if step.key is not None}
    return {key: volume for key, volume in last.items() if volume is not None}


def files_of(store: FolderStore, unit: PreparedUnit, role: Role) -> tuple[Path, ...]:
    return store.open_image(unit.unit, role, "wang")


def test_every_image_comes_as_it_lies_in_the_store(store: FolderStore, unit: PreparedUnit) -> None:
    found = images(opened(store, unit))
    assert set(found) == {ImageKey(Role.PVP), ImageKey(Role.CHEST)}
    for key, volume in found.items():
        expected = open_images(files_of(store, unit, key.role)[0].parent)
        assert expected is not None
        assert np.array_equal(volume.array, expected.array) and volume.grid.same_as(expected.grid)


def test_the_steps_count_images_and_the_source_comes_first(store: FolderStore, unit: PreparedUnit) -> None:
    steps = opened(store, unit)
    total = sum(record.instances for record in unit.registration.series)
    counted = [step.done for step in steps]
    assert counted == sorted(counted) and counted[-1] == total
    assert {step.total for step in steps} == {total}
    assert next(step.key for step in steps if step.key is not None) == ImageKey(Role.PVP)
    assert steps[0].words == say("desk.opening", Lang.ZH, role="静脉期")


def test_only_the_roles_asked_for_are_opened(store: FolderStore, unit: PreparedUnit) -> None:
    assert set(images(opened(store, unit, roles={Role.CHEST}))) == {ImageKey(Role.CHEST)}


def changed_pixel(path: Path) -> None:
    data = pydicom.dcmread(path)
    pixels = data.pixel_array.copy()
    pixels[0, 0] += 1
    data.PixelData = pixels.tobytes()
    data.save_as(path)


def moved(path: Path, axis: int = 0, shift_mm: float = 5.0) -> None:
    data = pydicom.dcmread(path)
    place = [float(value) for value in data.ImagePositionPatient]
    place[axis] += shift_mm
    data.ImagePositionPatient = place
    data.save_as(path)


@pytest.mark.parametrize(
    ("role", "spoil", "code"),
    [
        (Role.PVP, lambda files: changed_pixel(files[0]), "store.other_pixels"),
        (Role.PVP, lambda files: files[1].write_bytes(b"rubbish"), "dicom.uneven"),
        (Role.CHEST, lambda files: [moved(path) for path in files], "store.other_grid"),
        (Role.CHEST, lambda files: [path.unlink() for path in files[1:]], "dicom.one_image"),
        (Role.CHEST, lambda files: [path.write_bytes(b"rubbish") for path in files], "store.not_one_stack"),
        (Role.CHEST, lambda files: files[0].parent.rename(files[0].parent.with_name("gone")), "file.missing"),
    ],
)
def test_what_is_not_as_it_was_registered_is_said_and_the_others_follow(
    store: FolderStore, unit: PreparedUnit, role: Role, spoil: Callable[[tuple[Path, ...]], object], code: str
) -> None:
    files = files_of(store, unit, role)
    for path in files:
        path.chmod(0o644)
    spoil(files)
    steps = opened(store, unit)
    (bad,) = [step for step in steps if step.error is not None]
    assert (bad.key, bad.volume) == (ImageKey(role), None)
    assert bad.error is not None and bad.error.code == code
    assert len(images(steps)) == 1


def test_an_uneven_image_nothing_is_drawn_on_can_be_looked_at(
    store: FolderStore, source: StudySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved(sorted(source.folders[Role.CHEST].iterdir())[1], axis=2, shift_mm=1.0)
    monkeypatch.setattr(store_support, "open_series", partial(open_series, allow_unsound=True))
    unit = bound(store, source, "wang")
    (told,) = [step for step in opened(store, unit) if step.error is not None]
    assert told.error is not None and told.error.code == "dicom.uneven"
    assert told.key == ImageKey(Role.CHEST) and told.volume is not None
    view = store.unit(unit.unit, "wang")
    chest = replace(view.bindings[1], role=Role.CHEST, series_code=unit.unit.series_code(Role.CHEST))
    steps = list(open_unit(store, replace(view, bindings=(view.bindings[0], chest)), "wang"))
    (refused,) = [step for step in steps if step.error is not None]
    assert refused.volume is None, "nothing can be drawn on it"


def test_letting_go_ends_the_work(store: FolderStore, unit: PreparedUnit) -> None:
    view = store.unit(unit.unit, "wang")
    with closing(open_unit(store, view, "wang")) as steps:  # type: ignore[type-var]
        assert next(steps).done == 0
        next(steps)


def test_a_store_that_went_away_is_said_for_each_image(store: FolderStore, unit: PreparedUnit, tmp_path: Path) -> None:
    view = store.unit(unit.unit, "wang")
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    told = {step.key: step for step in open_unit(store, view, "wang") if step.key is not None}
    assert len(told) == 2
    for step in told.values():
        assert step.volume is None and step.error is not None and "{" not in str(step.error)


def test_an_earlier_examination_is_opened_beside(store: FolderStore, source: StudySource) -> None:
    first = bound(store, source, "li")
    later = admit(store, source, UnitId(first.unit.case, "T1"))
    must(store, "manager", Kind.SCAN_CHECKED, SCAN_PASSED, later.unit)
    must(store, "manager", Kind.SOURCES_BOUND, bindings(later.unit), later.unit)
    must(store, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 1), later.unit)
    (prior,) = store.prior_units(later.unit, "wang")
    found = images(list(open_prior(store, prior, "wang", roles={Role.PVP})))
    assert set(found) == {ImageKey(Role.PVP, is_prior=True)}
