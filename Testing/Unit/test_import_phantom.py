"""The synthetic study through the whole import: who it is vanishes, what it shows stays to the last voxel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813 - the name everybody knows it by
from crc_core.dicom.index import index_folder
from crc_core.importing.admission import ImportRequest, ImportResult, import_study
from crc_core.phantom import Phantom, write_study
from crc_core.scan.check import check_study
from crc_core.scan.item import CheckItem
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import CT_PHASES, Mode, Role, Target
from import_support import traces
from shared_phantom import phantom
from store_support import MovingClock, new_store

SEEDS = (1, pytest.param(3, marks=pytest.mark.full), pytest.param(7, marks=pytest.mark.full))
"""People whose names are written in GB18030, in UTF-8 and in Latin letters."""


@dataclass(frozen=True)
class Imported:
    """A phantom, its DICOM files and what became of them."""

    phantom: Phantom
    dicom: Path
    folder: Path
    store: FolderStore
    keys: Path
    result: ImportResult

    @property
    def written(self) -> list[Path]:
        outside = (self.keys, self.dicom)
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in files if path != self.keys and not path.is_relative_to(outside[1])]


@pytest.fixture(scope="module", params=SEEDS)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    folder = tmp_path_factory.mktemp("phantom")
    made = phantom(request.param)
    write_study(made, folder / "dicom")
    clock, keys = MovingClock(), folder / "keys" / "table.jsonl"
    store = new_store(folder, clock)
    result = import_study(store, ImportRequest(folder / "dicom", "01", "manager", keys=keys), clock)
    return Imported(made, folder / "dicom", folder, store, keys, result)


def identity(imported: Imported) -> set[str]:
    """Everything in the phantom's files that tells who or where."""
    patient = imported.phantom.patient
    values = {patient.identifier, patient.birth_date, patient.hospital, patient.address, patient.study_date}
    day = date.fromisoformat(patient.study_date)
    values |= {day.isoformat(), date.fromisoformat(patient.birth_date).isoformat()}
    values |= {patient.name, patient.physician, patient.operator, *patient.name.split("^")}
    for path in imported.dicom.rglob("*"):
        if path.is_file():
            item = pydicom.dcmread(path, stop_before_pixels=True)
            values |= {str(item.StudyInstanceUID), str(item.SeriesInstanceUID), str(item.FrameOfReferenceUID)}
            values |= {str(item.get(word, "")) for word in ("AccessionNumber", "StationName", "DeviceSerialNumber")}
    return {value for value in values if len(value) > 1}


def test_nothing_tells_who_it_was(imported: Imported) -> None:
    values = identity(imported)
    assert len(values) > 15
    assert len(imported.written) > 300
    assert traces(imported.written, values) == []
    assert traces([imported.dicom], values)


def test_all_chosen_series_are_bound_and_the_rest_stays_where_it_is(imported: Imported) -> None:
    assert {*CT_PHASES, Role.CHEST, Role.T2, Role.DWI} <= set(imported.result.examination.chosen)
    bindings = {item.target: item for item in imported.result.bindings}
    assert {target: bindings[target].role for target in Target} == {
        **dict.fromkeys(Target, Role.PVP),
        Target.LUNG: Role.CHEST,
    }
    assert bindings[Target.PRIMARY].mode is Mode.MRI
    stored = len(list((imported.folder / "store" / "raw").rglob("*.dcm")))
    assert stored == sum(len(item.series.paths) for item in imported.result.examination.chosen.values())
    assert imported.result.examination.left_out > 0


@pytest.mark.parametrize("role", [Role.PVP, Role.CHEST, Role.T2])
def test_a_witness_sees_the_same_voxels_and_the_same_grid(imported: Imported, role: Role) -> None:
    unit = imported.result.unit
    assert unit is not None
    before = [str(path) for path in imported.result.examination.chosen[role].series.paths]
    after = [str(path) for path in imported.store.open_image(unit, role, "manager")]
    images = [sitk.ReadImage(names) for names in (before, after)]
    np.testing.assert_array_equal(sitk.GetArrayViewFromImage(images[0]), sitk.GetArrayViewFromImage(images[1]))
    assert images[0].GetOrigin() == images[1].GetOrigin()
    assert images[0].GetSpacing() == images[1].GetSpacing()
    assert images[0].GetDirection() == images[1].GetDirection()


def seen(item: CheckItem) -> object:
    """What the check saw; words that were put apart are the same words."""
    return item.seen.replace(" ", "") if isinstance(item.seen, str) else item.seen


def test_the_scan_check_says_the_same_of_the_stored_images(imported: Imported) -> None:
    """Phase, dose, contrast, thickness, MRI of the same period: all of it survives de-identification."""
    index = index_folder(imported.folder / "store" / "raw", cache=imported.folder / "cache")
    with_ct = next(study for study in index.studies if study.series[0].header.modality == "CT")
    companions = [study for study in index.studies if study is not with_ct]
    check = check_study(with_ct, companions=companions, with_pixels=False)
    chosen = imported.result.examination.chosen
    original = imported.result.examination.check
    for role in chosen:
        after, before = check.chosen(role), original.chosen(role)
        assert after is not None
        assert before is not None
        assert after.phase.tags is before.phase.tags
        said = {item.id: (item.verdict, seen(item)) for item in before.items}
        for item in after.items:
            if item.id not in ("burnt-in-text", "duplicate"):
                assert (item.verdict, seen(item)) == said[item.id], item.id


def test_what_the_database_wants_to_know_is_registered(imported: Imported) -> None:
    unit = imported.result.unit
    assert unit is not None
    view = imported.store.unit(unit, "manager")
    patient = imported.phantom.patient
    assert view.clinical is not None
    assert view.clinical["sex"] == patient.sex
    assert view.clinical["age_years"] == str(patient.age_years)
    assert all(record.shape_kji and record.ijk_to_ras and record.vendor for record in view.series)
    moved = date.fromisoformat(patient.study_date) - date.fromisoformat(str(view.study_date))
    assert 1 <= moved.days <= 1825
