"""Sorting images into patients, studies and stacks, and measuring how a stack lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crc_core.dicom.geometry import measure
from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.errors import CrcError
from dicom_support import PerSlice, Stack, enhanced, save, uid, voxels
from hypothesis import given
from hypothesis import strategies as st


def read(folder: Path) -> FolderIndex:
    return index_folder(folder, cache=folder.parent / "cache")


def test_slices_ascend_along_the_normal_whatever_their_names_and_numbers(tmp_path: Path) -> None:
    order = [3, 0, 5, 1, 4, 2]
    stack = Stack(voxels(), tags={"InstanceNumber": PerSlice(order)})
    stack.positions_lps_mm = stack.positions()[order]
    stack.write(tmp_path / "d")
    (series,) = read(tmp_path / "d").series
    assert np.all(np.diff(series.positions_lps_mm[:, 2]) > 0)
    assert series.geometry is not None
    assert series.geometry.spacing_mm == pytest.approx(2.0) and series.geometry.unevenness < 1e-6
    assert series.can_be_source and series.plane == "axial" and not series.geometry.gaps


def test_two_patients_and_two_studies_are_kept_apart(tmp_path: Path) -> None:
    Stack(voxels(seed=1), patient="P1", study="a").write(tmp_path / "d" / "1")
    Stack(voxels(seed=2), patient="P1", study="b").write(tmp_path / "d" / "2")
    Stack(voxels(seed=3), patient="P2", study="c").write(tmp_path / "d" / "3")
    index = read(tmp_path / "d")
    assert [len(patient.studies) for patient in sorted(index.patients, key=lambda item: -len(item.studies))] == [2, 1]
    assert len({patient.patient_key for patient in index.patients}) == 2
    assert not any(patient.is_contradictory for patient in index.patients)


def test_one_number_for_two_persons_is_said(tmp_path: Path) -> None:
    Stack(voxels(), tags={"PatientName": "A^B", "PatientBirthDate": "19500101"}).write(tmp_path / "d" / "1")
    other = Stack(voxels(), series="b", tags={"PatientName": "C^D", "PatientBirthDate": "19700101"})
    other.write(tmp_path / "d" / "2")
    (patient,) = read(tmp_path / "d").patients
    assert patient.is_contradictory


def test_a_file_without_identity_belongs_to_its_study(tmp_path: Path) -> None:
    datasets = Stack(voxels()).datasets()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate"):
        setattr(datasets[2], keyword, "")
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        save(dataset, tmp_path / "d" / f"{number}.dcm")
    (patient,) = read(tmp_path / "d").patients
    assert len(patient.studies[0].series[0].instances) == 6


@pytest.mark.parametrize(
    "by", ["AcquisitionNumber", "TemporalPositionIdentifier", "SeriesDescription", "times", "numbers"]
)
def test_phases_within_one_series_become_stacks_of_their_own(tmp_path: Path, by: str) -> None:
    for phase in range(4):
        tags: dict[str, object] = {"InstanceNumber": PerSlice(range(phase * 6 + 1, phase * 6 + 7))}
        if by == "times":
            tags["AcquisitionTime"] = f"1010{10 * phase:02d}"
        elif by != "numbers":
            tags[by] = f"phase {phase}" if by == "SeriesDescription" else phase + 1
        stack = Stack(voxels(seed=phase), tags=tags)
        for k, dataset in enumerate(stack.datasets()):
            dataset.SOPInstanceUID = uid(phase, k)
            (tmp_path / "d").mkdir(exist_ok=True)
            save(dataset, tmp_path / "d" / f"{phase}-{k}.dcm")
    series = read(tmp_path / "d").series
    assert [(item.stack, item.stacks, len(item.instances)) for item in series] == [(n, 4, 6) for n in (1, 2, 3, 4)]
    assert len({item.key for item in series}) == 4 and len({item.series_uid for item in series}) == 1
    for phase, item in enumerate(series):
        assert {instance.path.name[0] for instance in item.instances} == {str(phase)}


def test_two_acquisitions_whose_slices_interleave_are_two_stacks(tmp_path: Path) -> None:
    for acquisition, shift in ((1, 0.0), (2, 0.7)):
        stack = Stack(voxels(), tags={"AcquisitionNumber": acquisition}, origin_lps_mm=(0.0, 0.0, shift))
        for k, dataset in enumerate(stack.datasets()):
            dataset.SOPInstanceUID = uid(acquisition, k)
            (tmp_path / "d").mkdir(exist_ok=True)
            save(dataset, tmp_path / "d" / f"{acquisition}-{k}.dcm")
    series = read(tmp_path / "d").series
    assert [len(item.instances) for item in series] == [6, 6]
    assert all(item.can_be_source for item in series)


def test_one_acquisition_number_per_slice_is_one_stack(tmp_path: Path) -> None:
    Stack(voxels(), tags={"AcquisitionNumber": PerSlice(range(1, 7))}).write(tmp_path / "d")
    (series,) = read(tmp_path / "d").series
    assert len(series.instances) == 6


def test_rounded_digits_of_the_orientation_do_not_tear_a_stack_apart(tmp_path: Path) -> None:
    datasets = Stack(voxels()).datasets()
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        lean = 0.00049 if number % 2 else 0.00051
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, lean]
        dataset.PixelSpacing = [0.70004, 0.8] if number % 2 else [0.70006, 0.8]
        save(dataset, tmp_path / "d" / f"{number}.dcm")
    (series,) = read(tmp_path / "d").series
    assert len(series.instances) == 6 and series.can_be_source


@pytest.mark.parametrize("position", ["1e300", "99999999999"])
def test_positions_out_of_this_world_are_none(tmp_path: Path, position: str) -> None:
    datasets = Stack(voxels()).datasets()
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        dataset.ImagePositionPatient = [0, 0, position]
        save(dataset, tmp_path / "d" / f"{number}.dcm")
    assert not any(series.is_placed for series in read(tmp_path / "d").series)


def test_a_scout_within_the_series_is_split_off(tmp_path: Path) -> None:
    Stack(voxels()).write(tmp_path / "d" / "1")
    scout = Stack(
        voxels((1, 9, 9)), orientation=(1, 0, 0, 0, 0, -1), tags={"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    )
    for dataset in scout.datasets():
        dataset.SOPInstanceUID = uid("scout")
        (tmp_path / "d" / "2").mkdir()
        save(dataset, tmp_path / "d" / "2" / "s.dcm")
    series = read(tmp_path / "d").series
    assert sorted(len(item.instances) for item in series) == [1, 6]
    assert [item.header.is_localizer for item in sorted(series, key=lambda item: len(item.instances))] == [True, False]


def test_copies_and_doubled_places_are_left_out_and_named(tmp_path: Path) -> None:
    stack = Stack(voxels())
    stack.write(tmp_path / "d" / "a")
    stack.write(tmp_path / "d" / "b")
    twice = stack.datasets()[2]
    twice.SOPInstanceUID = uid("another")
    save(twice, tmp_path / "d" / "c.dcm")
    (series,) = read(tmp_path / "d").series
    assert len(series.instances) == 6 and len(series.duplicates) == 7
    assert sum(item.same_uid for item in series.duplicates) == 6
    assert series.can_be_source


def test_missing_slices_are_counted_and_uneven_ones_are_not_called_missing(tmp_path: Path) -> None:
    stack = Stack(voxels((8, 5, 5)))
    places = stack.positions()
    places[4:] += (0.0, 0.0, 4.0)
    stack.positions_lps_mm = places
    stack.write(tmp_path / "d")
    (series,) = read(tmp_path / "d").series
    assert series.geometry is not None
    (gap,) = series.geometry.gaps
    assert (gap.after, gap.missing) == (3, 2) and gap.distance_mm == pytest.approx(6.0)
    assert not series.can_be_source


@pytest.mark.parametrize(("tilt_deg", "is_source"), [(0.0, True), (0.4, True), (0.6, False), (18.5, False)])
def test_a_tilt_beyond_half_a_degree_is_no_source(tmp_path: Path, tilt_deg: float, is_source: bool) -> None:
    turn = np.radians(tilt_deg)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(turn)), float(-np.sin(turn)))
    Stack(voxels(), orientation=orientation, step_lps_mm=(0.0, 0.0, 2.0)).write(tmp_path / "d")
    (series,) = read(tmp_path / "d").series
    assert series.geometry is not None
    assert series.geometry.tilt_deg == pytest.approx(tilt_deg, abs=1e-4)
    assert series.can_be_source is is_source


def test_images_without_a_place_make_no_grid(tmp_path: Path) -> None:
    datasets = Stack(voxels()).datasets()
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        del dataset.ImagePositionPatient
        save(dataset, tmp_path / "d" / f"{number}.dcm")
    (series,) = read(tmp_path / "d").series
    assert not series.is_placed and series.geometry is None and not series.can_be_source
    with pytest.raises(CrcError) as refusal:
        _ = series.grid
    assert refusal.value.code == "dicom.not_placed"


def test_frames_of_an_enhanced_image_are_a_stack(tmp_path: Path) -> None:
    stack = Stack(voxels())
    (tmp_path / "d").mkdir()
    save(enhanced(stack, [2, 0, 5, 1, 3, 4]), tmp_path / "d" / "e.dcm")
    (series,) = read(tmp_path / "d").series
    assert [instance.frame for instance in series.instances] == [1, 3, 0, 4, 5, 2]
    assert series.header.kvp == 120 and series.header.thickness_mm == 2.0 and series.can_be_source
    assert len(series.paths) == 1
    assert index_folder(tmp_path / "d", cache=tmp_path / "cache").series == (series,)


@given(
    st.integers(3, 20),
    st.floats(0.3, 8.0),
    st.floats(0.0, 0.3),
    st.tuples(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0)),
)
def test_the_geometry_of_any_stack_is_measured(
    count: int, spacing: float, tilt: float, turn: tuple[float, float, float]
) -> None:
    from scipy.spatial.transform import Rotation

    axes = Rotation.from_rotvec(turn).as_matrix()
    step = spacing * (axes[:, 2] + np.tan(tilt) * axes[:, 1])
    positions = np.array([3.0, -7.0, 11.0]) + np.arange(count)[:, None] * step
    found = measure((*axes[:, 0], *axes[:, 1]), positions)
    assert found is not None
    assert found.spacing_mm == pytest.approx(spacing, rel=1e-9)
    assert found.tilt_deg == pytest.approx(np.degrees(tilt), abs=1e-6)
    assert found.unevenness < 1e-9 and not found.gaps
