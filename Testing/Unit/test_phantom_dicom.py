"""The phantom's DICOM as SimpleITK and pydicom read it, and every fault that lives in the files."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid
from crc_core.phantom import Fault, write_study
from crc_core.vocabulary import Role
from phantom_support import headers, read_series, series_folders
from shared_phantom import phantom

_CLEAN_SEED = 1
_DATED = "%Y%m%d"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study of a seed without faults."""
    return _written(tmp_path_factory.mktemp("clean") / "dicom")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with the faults that do not touch each other."""
    faults = (
        Fault.WRONG_PHASE_WORDS,
        Fault.MISSING_SLICES,
        Fault.BURNT_IN_TEXT,
        Fault.SECOND_PATIENT,
        Fault.NO_CONTRAST_TAGS,
        Fault.LATE_MRI,
    )
    return _written(tmp_path_factory.mktemp("faulty") / "dicom", *faults)


def _written(folder: Path, *faults: Fault) -> Path:
    write_study(phantom(_CLEAN_SEED, *faults), folder)
    return folder


def _of(folder: Path, number: int) -> Path:
    return next(path for path in series_folders(folder) if path.name == f"SE{number:04d}")


def _all_headers(folder: Path) -> Iterator[pydicom.Dataset]:
    for series in series_folders(folder):
        yield from headers(series)


def _grid_of(image: SimpleITK.Image) -> Grid:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    i, j, k = image.GetSize()
    return Grid.from_lps((k, j, i), matrix)


_THIN = {Role.NC: 2, Role.AP: 4, Role.PVP: 6, Role.DP: 9, Role.CHEST: 11, Role.T2: 13, Role.DWI: 14, Role.ADC: 15}


@pytest.mark.parametrize("role", list(_THIN))
def test_simpleitk_reads_back_grid_and_voxels(clean: Path, role: Role) -> None:
    image, volume = read_series(_of(clean, _THIN[role])), phantom(_CLEAN_SEED).images[role]
    assert np.array_equal(SimpleITK.GetArrayFromImage(image), volume.array)
    assert _grid_of(image).same_as(volume.grid)


def test_each_phase_has_several_reconstructions(clean: Path) -> None:
    kinds: dict[str, set[tuple[str, str]]] = {}
    for series in series_folders(clean):
        first = headers(series)[0]
        if first.Modality == "CT" and "LOCALIZER" not in first.ImageType:
            kernel = "\\".join(np.atleast_1d(first.ConvolutionKernel))
            kinds.setdefault(first.SeriesDescription.split()[0], set()).add((str(first.SliceThickness), kernel))
    assert len(kinds) == 5
    assert all(len(found) >= 2 for found in kinds.values())
    assert any("LOCALIZER" in header.ImageType for header in _all_headers(clean))


def test_thick_slices_hold_the_same_body(clean: Path) -> None:
    thick, thin = read_series(_of(clean, 7)), read_series(_of(clean, 6))
    assert thick.GetSpacing()[2] == 5
    same = SimpleITK.Resample(thin, thick, SimpleITK.Transform(), SimpleITK.sitkLinear, -1000.0)
    difference = SimpleITK.GetArrayFromImage(same)[2:-2] - SimpleITK.GetArrayFromImage(thick)[2:-2].astype(float)
    assert np.abs(difference).mean() < 25


def test_identifiers_are_unique_and_follow_from_the_seed(clean: Path, tmp_path: Path) -> None:
    instances = [header.SOPInstanceUID for header in _all_headers(clean)]
    assert len(set(instances)) == len(instances) > 900
    assert all(len(uid) <= 64 and uid.startswith("2.25.") for uid in instances)
    again = tmp_path / "again"
    write_study(phantom(_CLEAN_SEED), again)
    one, other = sorted(clean.rglob("*.dcm")), sorted(again.rglob("*.dcm"))
    assert [path.relative_to(clean) for path in one] == [path.relative_to(again) for path in other]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one[::40], other[::40], strict=True))


def test_acquisition_lies_within_table_4(clean: Path) -> None:
    header = headers(_of(clean, 6))[0]
    assert 100 <= header.KVP <= 120
    effective = header.XRayTubeCurrent * header.ExposureTime / 1000
    assert header.ExposureModulationType != "NONE" or 199 <= effective <= 301
    assert 0.984 <= header.SpiralPitchFactor <= 1.375
    assert 0.6 <= header.RevolutionTime <= 0.8
    assert 300 <= header.ReconstructionDiameter <= 350
    assert 270 <= header.ContrastBolusIngredientConcentration <= 370
    assert 2.5 <= header.ContrastFlowRate <= 3.5
    assert 80 <= header.ContrastBolusVolume <= 100
    assert header.SliceThickness <= 5 and header.GantryDetectorTilt == 0
    assert header.PatientPosition in ("HFS", "FFS")
    assert header.Manufacturer and header.ManufacturerModelName and header.ContrastBolusAgent


@pytest.mark.parametrize(("role", "low", "high"), [(Role.AP, 25, 30), (Role.PVP, 50, 60), (Role.DP, 120, 180)])
def test_the_delay_can_be_derived_from_the_clocks(clean: Path, role: Role, low: float, high: float) -> None:
    header = headers(_of(clean, _THIN[role]))[0]

    def seconds(text: str) -> float:
        return int(text[:2]) * 3600 + int(text[2:4]) * 60 + float(text[4:])

    delay = seconds(str(header.AcquisitionTime)) - seconds(str(header.ContrastBolusStartTime))
    assert delay == pytest.approx(phantom(_CLEAN_SEED).delays_s[role], abs=0.01)
    assert low <= delay <= high


def test_the_plain_phase_has_no_contrast(clean: Path) -> None:
    for number in (_THIN[Role.NC], _THIN[Role.CHEST]):
        assert not [element for element in headers(_of(clean, number))[0] if "Contrast" in element.name]


def test_identifying_values_are_there_to_be_found(clean: Path) -> None:
    patient = phantom(_CLEAN_SEED).patient
    for header in _all_headers(clean):
        assert str(header.PatientName) == patient.name
        assert (header.PatientID, header.PatientBirthDate) == (patient.identifier, patient.birth_date)
        assert header.InstitutionName == patient.hospital and header.PatientAddress == patient.address


def test_chinese_and_latin_patients_survive_their_character_sets(tmp_path: Path) -> None:
    seen = set()
    from crc_core.phantom.patient import make_patient
    from crc_core.phantom.series import series_of
    from crc_core.phantom.tags import series_dataset

    localizer = next(iter(series_of(phantom(_CLEAN_SEED))))
    for seed in range(12):
        patient = make_patient(seed, "F", 0)
        dataset = series_dataset(dataclasses.replace(phantom(_CLEAN_SEED), patient=patient), localizer)
        path = tmp_path / f"{seed}.dcm"
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        dataset.SOPInstanceUID = f"2.25.{seed + 1}"
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
        back = pydicom.dcmread(path)
        assert str(back.PatientName) == patient.name and back.InstitutionName == patient.hospital
        seen.add(patient.character_set)
    assert seen == {"GB18030", "ISO_IR 192", "ISO_IR 100"}


def test_phase_words_are_exchanged(clean: Path, faulty: Path) -> None:
    for number, other in ((4, 6), (6, 4)):
        wrong = headers(_of(faulty, number))[0].SeriesDescription.split()[0]
        right = headers(_of(clean, number))[0].SeriesDescription.split()[0]
        assert wrong == headers(_of(clean, other))[0].SeriesDescription.split()[0] != right


def test_slices_are_missing(faulty: Path) -> None:
    heights = sorted(float(header.ImagePositionPatient[2]) for header in headers(_of(faulty, 6)))
    steps = np.round(np.diff(heights), 3)
    assert np.count_nonzero(steps != np.median(steps)) == 1
    assert steps.max() == pytest.approx(4 * np.median(steps))


def test_burnt_in_text_is_declared_and_drawn(faulty: Path) -> None:
    captures = [path for path in series_folders(faulty) if headers(path)[0].Modality == "OT"]
    assert len(captures) == 1
    dataset = pydicom.dcmread(next(captures[0].glob("*.dcm")))
    assert dataset.BurnedInAnnotation == "YES"
    assert dataset.SOPClassUID == pydicom.uid.SecondaryCaptureImageStorage
    corner = dataset.pixel_array[:64, :260]
    assert (corner == 255).sum() > 200


def test_a_second_patient_is_among_the_files(clean: Path, faulty: Path) -> None:
    for folder, expected in ((clean, 1), (faulty, 2)):
        people = {(str(header.PatientName), header.PatientID) for header in _all_headers(folder)}
        assert len(people) == expected
    studies = {(header.PatientID, header.StudyInstanceUID) for header in _all_headers(faulty)}
    assert len({study for _, study in studies}) == len(studies)


def test_contrast_tags_are_missing(faulty: Path) -> None:
    assert not [element for header in _all_headers(faulty) for element in header if "Contrast" in element.name]


def test_mr_is_of_the_same_days_or_long_before(clean: Path, faulty: Path) -> None:
    for folder, low, high in ((clean, 0, 14), (faulty, 29, 90)):
        firsts = [headers(_of(folder, number))[0] for number in (_THIN[Role.PVP], _THIN[Role.T2])]
        ct, mr = (datetime.datetime.strptime(header.StudyDate, _DATED) for header in firsts)  # noqa: DTZ007
        assert low <= (ct - mr).days <= high


def test_duplicates_and_tilt_are_in_the_files(tmp_path: Path) -> None:
    found = headers(_of(_written(tmp_path / "dicom", Fault.DUPLICATE_SLICES, Fault.TILT), 6))
    heights = [float(header.ImagePositionPatient[2]) for header in found]
    assert len(heights) - len(set(heights)) == 3
    assert len({header.SOPInstanceUID for header in found}) == len(found)
    assert abs(found[0].GantryDetectorTilt) == pytest.approx(12)
    row, column = np.array(found[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    first, second = (np.array(header.ImagePositionPatient, dtype=float) for header in found[:2])
    lean = np.degrees(np.arccos(abs(np.cross(row, column) @ (second - first)) / np.linalg.norm(second - first)))
    assert lean == pytest.approx(12, abs=1e-3)


def test_thick_slices_have_no_thinner_reconstruction(tmp_path: Path) -> None:
    folder = _written(tmp_path / "dicom", Fault.THICK_SLICES)
    firsts = [headers(series)[0] for series in series_folders(folder)]
    abdomen = [first for first in firsts if first.Modality == "CT" and first.BodyPartExamined == "ABDOMEN"]
    assert len(abdomen) == 5
    assert all(first.SliceThickness > 5 for first in abdomen if "LOCALIZER" not in first.ImageType)


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(CrcError, match="not empty"):
        write_study(phantom(_CLEAN_SEED), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_study(phantom(_CLEAN_SEED), tmp_path / "dicom", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_every_series(tmp_path: Path) -> None:
    counted: list[tuple[int, int]] = []
    write_study(
        phantom(_CLEAN_SEED), tmp_path / "胸腹盆 50%", on_progress=lambda done, total: counted.append((done, total))
    )
    total = len(series_folders(tmp_path / "胸腹盆 50%"))
    assert counted == [(number, total) for number in range(1, total + 1)]


def test_the_two_time_points_are_one_patient_and_two_studies(clean: Path, tmp_path: Path) -> None:
    write_study(phantom(_CLEAN_SEED, time_point=1), tmp_path / "later")
    first, second = headers(_of(clean, 6))[0], headers(_of(tmp_path / "later", 6))[0]
    assert first.PatientID == second.PatientID
    assert first.StudyInstanceUID != second.StudyInstanceUID
    assert first.StudyDate < second.StudyDate


def test_the_files_are_those_pydicom_would_write(tmp_path: Path) -> None:
    from crc_core.phantom.encoding import SeriesEncoder
    from crc_core.phantom.series import series_of
    from crc_core.phantom.tags import series_dataset

    made = phantom(_CLEAN_SEED)
    for plan in list(series_of(made))[::6]:
        dataset = series_dataset(made, plan)
        pixels = plan.voxels()[0].tobytes()
        encoder = SeriesEncoder(dataset, ((0x00080018, "UI"), (0x00200013, "IS"), (0x7FE00010, "OW")))
        (tmp_path / "ours.dcm").write_bytes(encoder.file({0x00080018: b"2.25.7", 0x00200013: b"1", 0x7FE00010: pixels}))
        dataset.SOPInstanceUID, dataset.InstanceNumber, dataset.PixelData = "2.25.7", 1, pixels
        dataset["PixelData"].VR = "OW"
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        pydicom.dcmwrite(tmp_path / "theirs.dcm", dataset, enforce_file_format=True)
        ours, theirs = ((tmp_path / name).read_bytes() for name in ("ours.dcm", "theirs.dcm"))
        at = ours.index(b"\x08\x00\x05\x00CS")
        assert ours[at:] == theirs[theirs.index(b"\x08\x00\x05\x00CS") :]
        meta = pydicom.dcmread(tmp_path / "ours.dcm").file_meta
        assert meta.MediaStorageSOPInstanceUID == "2.25.7" and meta.MediaStorageSOPClassUID == dataset.SOPClassUID
        assert meta.FileMetaInformationGroupLength == at - 144
