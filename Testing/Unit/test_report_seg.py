"""DICOM SEG of contours, read back by hand and by SimpleITK: voxels, places, codes, and what is refused."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.report.document import new_report
from crc_core.report.export_seg import SegMask, export_seg, read_sources
from crc_core.vocabulary import Target
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from report_support import (
    LIVER_1,
    TUMOUR,
    UNIT,
    empty_report,
    fill,
    source_datasets,
    write_series,
)


def oblique_grid(angles_deg: tuple[float, float, float], shape: tuple[int, int, int]) -> Grid:
    """An LPS-like axial grid turned by three angles, of unequal spacing."""
    matrix = np.eye(4)
    rotation = np.diag([-1.0, -1.0, 1.0])
    for axis, angle in enumerate(np.radians(angles_deg)):
        turn = np.eye(3)
        first, second = [n for n in range(3) if n != axis]
        turn[first, first] = turn[second, second] = np.cos(angle)
        turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
        rotation = turn @ rotation
    matrix[:3, :3] = rotation * (0.75, 0.8, 2.5)
    matrix[:3, 3] = (102.3, -40.7, 311.1)
    return Grid(shape, matrix)


def voxels_by_segment(dataset: Dataset) -> dict[int, np.ndarray]:
    """RAS millimetres of every voxel of every segment, from the bits and the functional groups alone."""
    rows, columns, frames = dataset.Rows, dataset.Columns, int(dataset.NumberOfFrames)
    bits = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
    pixels = bits[: frames * rows * columns].reshape(frames, rows, columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    row_mm, column_mm = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    along = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3)
    found: dict[int, list[np.ndarray]] = {}
    for frame, groups in zip(pixels, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        number = groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        corner = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
        row, column = np.nonzero(frame)
        lps = corner + np.outer(column * column_mm, along[0]) + np.outer(row * row_mm, along[1])
        found.setdefault(number, []).append(lps * (-1, -1, 1))
    return {number: np.concatenate(parts) for number, parts in found.items()}


def expected_voxels(mask: Volume, lesion: int) -> np.ndarray:
    """RAS millimetres of a lesion's voxels in a mask."""
    return mask.grid.to_ras(np.argwhere(mask.array == lesion)[:, ::-1])


def same_points(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two point sets are equal to within a hundredth of a millimetre."""
    a, b = (points[np.lexsort(np.round(points, 2).T)] for points in (a, b))
    return a.shape == b.shape and bool(np.abs(a - b).max() < 0.02)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    st.tuples(*[st.floats(-35, 35)] * 3),
    st.integers(0, 2**32 - 1),
    st.permutations(range(3)),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_voxels_and_places_survive_whatever_the_orientation(
    angles: tuple[float, float, float], seed: int, axes: list[int], flips: tuple[bool, bool, bool]
) -> None:
    grid = oblique_grid(angles, (5, 9, 7))
    array = np.random.default_rng(seed).integers(0, 4, (5, 9, 7), dtype=np.uint8)
    array[[0, 4]] = 0
    array[2, 3, 1:4] = (1, 2, 3)
    stored = reordered(Volume(array, grid), axes, flips)
    data = export_seg(empty_report(), [SegMask(Target.LIVER, stored)], source_datasets(grid))
    dataset = pydicom.dcmread(io.BytesIO(data))
    voxels = voxels_by_segment(dataset)
    for segment in dataset.SegmentSequence:
        lesion = int(segment.TrackingID.rsplit("/")[-1])
        assert same_points(voxels[segment.SegmentNumber], expected_voxels(stored, lesion))
    assert [segment.SegmentNumber for segment in dataset.SegmentSequence] == [1, 2, 3]


def reordered(volume: Volume, axes: list[int], flips: tuple[bool, bool, bool]) -> Volume:
    """The same voxels at the same places, stored with other axes, as another program may."""
    starts = [size - 1 if flip else 0 for size, flip in zip(volume.grid.shape_kji, flips, strict=True)]
    steps = [-1 if flip else 1 for flip in flips]
    columns = [volume.grid.ijk_to_ras[:3, 2 - axis] * steps[axis] for axis in axes]
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack(columns[::-1], axis=1)
    matrix[:3, 3] = volume.grid.to_ras(starts[::-1])
    array = volume.array[tuple(slice(None, None, step) for step in steps)].transpose(axes)
    return Volume(np.ascontiguousarray(array), Grid(array.shape, matrix))


def two_masks() -> tuple[Grid, list[SegMask]]:
    grid = oblique_grid((4, -3, 2), (6, 10, 12))
    liver, primary = np.zeros((2, 6, 10, 12), np.uint8)
    liver[1:3, 2:5, 2:5], liver[3, 2:5, 6:9], liver[4, 7:9, 2:4] = 1, 2, 3
    primary[2:5, 3:7, 3:8] = 1  # overlaps the liver lesions
    return grid, [SegMask(Target.PRIMARY, Volume(primary, grid)), SegMask(Target.LIVER, Volume(liver, grid))]


def test_overlapping_targets_keep_all_their_voxels() -> None:
    grid, masks = two_masks()
    report = fill(empty_report(), {"primary[1].segment": "sigmoid"})
    dataset = pydicom.dcmread(io.BytesIO(export_seg(report, masks, source_datasets(grid))))
    voxels = voxels_by_segment(dataset)
    wanted = [(masks[0].mask, 1), (masks[1].mask, 1), (masks[1].mask, 2), (masks[1].mask, 3)]
    for number, (mask, lesion) in enumerate(wanted, 1):
        assert same_points(voxels[number], expected_voxels(mask, lesion))


def test_segments_carry_codes_and_lasting_tracking() -> None:
    grid, masks = two_masks()
    report = fill(empty_report(), {"primary[1].segment": "sigmoid"})
    first, second = (pydicom.dcmread(io.BytesIO(export_seg(report, masks, source_datasets(grid)))) for _ in range(2))
    types = [segment.SegmentedPropertyTypeCodeSequence[0].CodeValue for segment in first.SegmentSequence]
    regions = [segment.AnatomicRegionSequence[0].CodeMeaning for segment in first.SegmentSequence]
    assert types == ["372087000", "14799000", "14799000", "52988006"]
    assert regions == ["Sigmoid colon", "Liver", "Liver", "Liver"]
    assert first.SegmentSequence[0].TrackingID == f"{UNIT.case}/primary/1"
    assert [s.TrackingUID for s in first.SegmentSequence] == [s.TrackingUID for s in second.SegmentSequence]
    assert len({s.TrackingUID for s in first.SegmentSequence}) == 4
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert {s.SegmentAlgorithmType for s in first.SegmentSequence} == {"MANUAL"}


def test_it_points_at_the_frames_it_lies_on() -> None:
    grid, masks = two_masks()
    sources = source_datasets(grid)
    dataset = pydicom.dcmread(io.BytesIO(export_seg(empty_report(), masks, sources)))
    by_uid = {source.SOPInstanceUID: source for source in sources}
    for groups in dataset.PerFrameFunctionalGroupsSequence:
        image = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        place = groups.PlanePositionSequence[0].ImagePositionPatient
        assert np.allclose(np.array(place, float), np.array(by_uid[image].ImagePositionPatient, float), atol=1e-3)


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, -8, 25)])
def test_simpleitk_reads_the_same_voxels(tmp_path: Path, angles: tuple[float, float, float]) -> None:
    grid = oblique_grid(angles, (6, 10, 12))
    array = np.zeros((6, 10, 12), np.uint8)
    array[:, 2:5, 3:9], array[0, 0, 0], array[4, 9, 1] = 1, 1, 1
    mask = Volume(array, grid)
    path = tmp_path / "seg.dcm"
    path.write_bytes(export_seg(empty_report(), [SegMask(Target.PRIMARY, mask)], source_datasets(grid)))
    image = SimpleITK.ReadImage(str(path))
    seen = np.argwhere(np.squeeze(SimpleITK.GetArrayFromImage(image)) > 0)[:, ::-1]
    direction = np.array(image.GetDirection()).reshape(3, 3)
    points_lps = np.array(image.GetOrigin()) + (seen * np.array(image.GetSpacing())) @ direction.T
    assert same_points(points_lps * (-1, -1, 1), expected_voxels(mask, 1))


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192"])
def test_chinese_words_of_the_source_stay_readable(charset: str) -> None:
    grid, masks = two_masks()
    sources = source_datasets(grid)
    for source in sources:
        source.SpecificCharacterSet = charset
        source.StudyDescription = "全腹部 CT 平扫 增强"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = export_seg(empty_report(), masks, sources)
    assert pydicom.dcmread(io.BytesIO(made)).StudyDescription == "全腹部 CT 平扫 增强"


def test_a_source_that_may_identify_is_refused() -> None:
    grid, masks = two_masks()
    with pytest.raises(CrcError) as refusal:
        export_seg(empty_report(), masks, source_datasets(grid, identified=True))
    assert refusal.value.code == "report.seg.identified"


def test_other_refusals() -> None:
    grid, masks = two_masks()
    sources = source_datasets(grid)
    moved = grid.ijk_to_ras.copy()
    moved[:3, 3] += 0.4
    cases = {
        "report.seg.other_grid": (masks, source_datasets(Grid(grid.shape_kji, moved))),
        "report.seg.no_source": (masks, []),
        "report.seg.same_target": ([masks[0], masks[0]], sources),
        "report.seg.not_one_stack": (masks, sources + source_datasets(grid)),
        "mask.empty": ([SegMask(Target.LIVER, Volume(np.zeros_like(masks[0].mask.array), grid))], sources),
    }
    for code, (given_masks, given_sources) in cases.items():
        with pytest.raises(CrcError) as refusal:
            export_seg(empty_report(), given_masks, given_sources)
        assert refusal.value.code == code, code
    with pytest.raises(CrcError) as refusal:
        export_seg(new_report(UNIT, (TUMOUR, LIVER_1)), masks, sources)
    assert (refusal.value.code, refusal.value.values["number"]) == ("report.seg.unknown_lesion", 2)
    del sources[3].SliceThickness
    with pytest.raises(CrcError) as refusal:
        export_seg(empty_report(), masks, sources)
    assert refusal.value.values["keyword"] == "SliceThickness"


def test_the_source_series_is_found_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "cache"))
    grid, masks = two_masks()
    wanted, other = source_datasets(grid), source_datasets(oblique_grid((0, 0, 30), (6, 10, 12)))
    write_series(tmp_path / "检查" / "a", wanted)
    write_series(tmp_path / "检查" / "b", other)
    found = read_sources(tmp_path / "检查", masks)
    assert {item.SOPInstanceUID for item in found} == {item.SOPInstanceUID for item in wanted}
    write_series(tmp_path / "检查" / "c", source_datasets(grid))
    with pytest.raises(CrcError) as refusal:
        read_sources(tmp_path / "检查", masks)
    assert refusal.value.code == "report.seg.many_series"
    assert len(read_sources(tmp_path / "检查", masks, wanted[0].SeriesInstanceUID)) == len(wanted)
    with pytest.raises(CrcError) as refusal:
        read_sources(tmp_path / "检查" / "b", masks)
    assert refusal.value.code == "report.seg.no_series"
