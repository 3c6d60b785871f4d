"""Opening stacks: the same voxels and the same grid as an independent reader, or one clear refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from crc_core.dicom.index import index_folder
from crc_core.dicom.series import Series
from crc_core.dicom.volume import image_sha256, open_series, pixel_sha256
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid
from dicom_support import PerSlice, Stack, enhanced, save, voxels
from numpy.typing import NDArray
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

HEAD = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "head-ct-ge"
ALL_SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
]


def only_series(folder: Path) -> Series:
    (series,) = index_folder(folder, cache=folder.parent / "cache").series
    return series


def by_itk(folder: Path) -> tuple[NDArray, Grid]:
    names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = SimpleITK.ReadImage(names)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix[:3, 3] = image.GetOrigin()
    array = SimpleITK.GetArrayFromImage(image)
    return array, Grid.from_lps(array.shape, matrix)


@pytest.mark.parametrize("syntax", ALL_SYNTAXES)
@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_voxels_are_right_in_every_transfer_syntax(tmp_path: Path, syntax: str, kind: str) -> None:
    stored = voxels((5, 16, 12), kind=kind)
    Stack(stored, bits_stored=16 if kind == "i2" else 12).write(tmp_path / "d", syntax)
    volume = open_series(only_series(tmp_path / "d"))
    assert volume.array.dtype == np.int16
    assert np.array_equal(volume.array, stored.astype(np.int32) - 1024)


@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), (1, 0, 0, 0, -1, 0), (0, 1, 0, 0, 0, -1), (0.8, 0.6, 0, -0.6, 0.8, 0)],
)
def test_voxels_and_grid_are_those_of_simpleitk(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    stored = voxels((5, 16, 12))
    Stack(stored, orientation=orientation).write(tmp_path / "d")
    volume = open_series(only_series(tmp_path / "d"))
    array, grid = by_itk(tmp_path / "d")
    assert np.array_equal(volume.array, array)
    assert volume.grid.same_as(grid)


def test_an_oblique_stack_keeps_its_place(tmp_path: Path) -> None:
    from scipy.spatial.transform import Rotation

    axes = Rotation.from_rotvec([0.3, -0.5, 0.2]).as_matrix()
    Stack(voxels((7, 9, 11)), orientation=(*axes[:, 0], *axes[:, 1])).write(tmp_path / "d")
    volume = open_series(only_series(tmp_path / "d"))
    array, grid = by_itk(tmp_path / "d")
    assert np.array_equal(volume.array, array) and volume.grid.same_as(grid)


def test_names_and_order_on_disk_do_not_matter(tmp_path: Path) -> None:
    stack = Stack(voxels())
    paths = stack.write(tmp_path / "d")
    before = open_series(only_series(tmp_path / "d"))
    for number, path in enumerate(reversed(paths)):
        path.rename(tmp_path / "d" / f"图像 {number} 100%.ima")
    after = open_series(only_series(tmp_path / "d"))
    assert np.array_equal(before.array, after.array) and before.grid.same_as(after.grid)
    assert pixel_sha256(before) == pixel_sha256(after)


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (1, -1024), (2, -100), (0.5, 3.25), (1, -8192), (3, 30000)])
@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_rescaling_rounds_and_stays_within_int16(tmp_path: Path, slope: float, intercept: float, kind: str) -> None:
    stored = voxels((3, 8, 8), kind=kind, high=30_000)
    Stack(stored, slope=slope, intercept=intercept, bits_stored=16).write(tmp_path / "d")
    volume = open_series(only_series(tmp_path / "d"))
    expected = np.clip(np.rint(stored.astype(np.float64) * slope + intercept), -32768, 32767)
    assert np.array_equal(volume.array, expected)


@pytest.mark.parametrize("kind", ["u2", "i2"])
def test_unused_high_bits_are_no_part_of_the_value(tmp_path: Path, kind: str) -> None:
    stored = voxels((3, 8, 8), kind=kind)
    overlay = (stored & 0x0FFF) | np.array(0x3000).astype(kind)
    Stack(overlay, bits_stored=12, intercept=0).write(tmp_path / "d")
    volume = open_series(only_series(tmp_path / "d"))
    expected = stored & 0x0FFF if kind == "u2" else stored
    assert np.array_equal(volume.array, expected)


def test_every_slice_has_its_own_rescaling(tmp_path: Path) -> None:
    stored = voxels((4, 8, 8))
    Stack(stored, tags={"RescaleIntercept": PerSlice([-1000, -1024, 0, 5])}).write(tmp_path / "d")
    volume = open_series(only_series(tmp_path / "d"))
    assert np.array_equal(volume.array, stored.astype(int) + np.array([-1000, -1024, 0, 5])[:, None, None])


def test_monochrome1_is_a_matter_of_display(tmp_path: Path) -> None:
    stored = voxels()
    Stack(stored, tags={"PhotometricInterpretation": "MONOCHROME1"}).write(tmp_path / "d")
    assert np.array_equal(open_series(only_series(tmp_path / "d")).array, stored.astype(int) - 1024)


def test_eight_bit_images_are_read(tmp_path: Path) -> None:
    stored = voxels((3, 8, 8), kind="u1", high=256)
    Stack(stored, intercept=0, bits_stored=8).write(tmp_path / "d")
    assert np.array_equal(open_series(only_series(tmp_path / "d")).array, stored)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_an_enhanced_image_opens_like_its_single_slices(tmp_path: Path, syntax: str) -> None:
    stack = Stack(voxels())
    stack.write(tmp_path / "single")
    (tmp_path / "multi").mkdir()
    save(enhanced(stack, [2, 0, 5, 1, 3, 4]), tmp_path / "multi" / "e.dcm", syntax)
    single, multi = open_series(only_series(tmp_path / "single")), open_series(only_series(tmp_path / "multi"))
    assert np.array_equal(single.array, multi.array) and single.grid.same_as(multi.grid)


def test_a_tilted_stack_is_refused_and_can_be_looked_at(tmp_path: Path) -> None:
    turn = np.radians(12)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(turn)), float(-np.sin(turn)))
    Stack(voxels(), orientation=orientation, step_lps_mm=(0.0, 0.0, 2.0)).write(tmp_path / "d")
    series = only_series(tmp_path / "d")
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "dicom.tilted"
    volume = open_series(series, allow_unsound=True)
    assert volume.grid.shear_deg == pytest.approx(12, abs=1e-3)


def test_a_small_shear_is_squared(tmp_path: Path) -> None:
    Stack(voxels(), step_lps_mm=(0.0, 0.01, 2.0)).write(tmp_path / "d")
    assert open_series(only_series(tmp_path / "d")).grid.shear_deg < 1e-9


def test_an_uneven_stack_and_a_single_image_are_refused(tmp_path: Path) -> None:
    stack = Stack(voxels())
    stack.positions_lps_mm = stack.positions() * (1, 1, 1) + np.array([0, 0, 0.2]) * (np.arange(6) > 2)[:, None]
    stack.write(tmp_path / "d")
    with pytest.raises(CrcError) as refusal:
        open_series(only_series(tmp_path / "d"))
    assert refusal.value.code == "dicom.uneven"
    Stack(voxels((1, 4, 4))).write(tmp_path / "e")
    with pytest.raises(CrcError) as refusal:
        open_series(only_series(tmp_path / "e"))
    assert refusal.value.code == "dicom.one_image"
    assert open_series(only_series(tmp_path / "e"), allow_unsound=True).array.shape == (1, 4, 4)


def test_colour_and_odd_layouts_are_refused(tmp_path: Path) -> None:
    Stack(voxels(), tags={"PhotometricInterpretation": "RGB"}).write(tmp_path / "d")
    with pytest.raises(CrcError) as refusal:
        open_series(only_series(tmp_path / "d"))
    assert refusal.value.code == "dicom.not_grey"


def test_a_file_that_shrinks_or_vanishes_after_indexing_is_named(tmp_path: Path) -> None:
    paths = Stack(voxels()).write(tmp_path / "d")
    series = only_series(tmp_path / "d")
    paths[3].write_bytes(paths[3].read_bytes()[:-50])
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "dicom.changed" and refusal.value.path == paths[3]
    paths[3].unlink()
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "file.missing"


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_broken_compressed_pixels_are_named(tmp_path: Path, syntax: str) -> None:
    paths = Stack(voxels((3, 32, 32))).write(tmp_path / "d", syntax)
    series = only_series(tmp_path / "d")
    data = bytearray(paths[1].read_bytes())
    start = data.rindex(b"\xfe\xff\x00\xe0") + 8
    data[start : start + 80] = bytes(80)
    paths[1].write_bytes(bytes(data))
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "dicom.cannot_decode" and refusal.value.path == paths[1]


@pytest.mark.parametrize(
    ("syntax", "mark", "skip"),
    [(JPEGLSLossless, b"\xff\xf7", 5), (JPEGLosslessSV1, b"\xff\xc3", 5), (JPEG2000Lossless, b"\xff\x51", 6)],
)
def test_a_codestream_that_claims_another_size_is_refused_before_it_is_decoded(
    tmp_path: Path, syntax: str, mark: bytes, skip: int
) -> None:
    paths = Stack(voxels((3, 32, 32))).write(tmp_path / "d", syntax)
    series = only_series(tmp_path / "d")
    data = bytearray(paths[2].read_bytes())
    start = data.index(mark, data.rindex(b"\xfe\xff\x00\xe0")) + skip
    data[start : start + 4] = b"\xff\xff\xff\xff" if syntax != JPEG2000Lossless else b"\x7f\xff\xff\xff"
    paths[2].write_bytes(bytes(data))
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "dicom.cannot_decode" and "≠ 32×32" in str(refusal.value.values["reason"])


def test_run_lengths_that_cannot_fill_the_image_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    datasets = Stack(voxels((3, 16, 16))).datasets()
    (tmp_path / "d").mkdir()
    for number, dataset in enumerate(datasets):
        path = save(dataset, tmp_path / "d" / f"{number}.dcm", RLELossless)
        rows = b"\x28\x00\x10\x00US\x02\x00\x10\x00\x28\x00\x11\x00US\x02\x00\x10\x00"
        data = path.read_bytes()
        assert data.count(rows) == 1
        path.write_bytes(data.replace(rows, rows.replace(b"\x10\x00\x28", b"\x00\x40\x28")[:-2] + b"\x00\x40"))
    with pytest.raises(CrcError) as refusal:
        open_series(only_series(tmp_path / "d"))
    assert refusal.value.code == "dicom.cannot_decode"


def test_a_slope_of_zero_is_an_unset_one(tmp_path: Path) -> None:
    stored = voxels()
    Stack(stored, slope=0).write(tmp_path / "d")
    assert np.array_equal(open_series(only_series(tmp_path / "d")).array, stored.astype(int) - 1024)


def test_opening_tells_progress_and_can_be_cancelled(tmp_path: Path) -> None:
    Stack(voxels((40, 4, 4))).write(tmp_path / "d")
    series = only_series(tmp_path / "d")
    told: list[tuple[int, int]] = []
    open_series(series, on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (40, 40) and len(told) == 3
    with pytest.raises(CrcError) as refusal:
        open_series(series, cancelled=lambda: True)
    assert refusal.value.code == "dicom.cancelled"


def test_pixel_hashes_tell_images_apart_and_survive_recompression(tmp_path: Path) -> None:
    stack = Stack(voxels())
    stack.write(tmp_path / "plain")
    stack.write(tmp_path / "packed", RLELossless)
    plain, packed = only_series(tmp_path / "plain"), only_series(tmp_path / "packed")
    assert pixel_sha256(open_series(plain)) == pixel_sha256(open_series(packed))
    assert len({image_sha256(instance) for instance in plain.instances}) == 6


def test_mr_keeps_stored_values_where_its_scaling_is_no_whole_number(tmp_path: Path) -> None:
    stored = voxels(kind="u2")
    Stack(stored, slope=1.7, intercept=0.3, tags={"Modality": "MR"}).write(tmp_path / "d")
    assert np.array_equal(open_series(only_series(tmp_path / "d")).array, stored)


@pytest.mark.skipif(not HEAD.is_dir(), reason="the shared data are not here")
def test_the_head_scan_with_a_tilted_gantry_is_no_source() -> None:
    (series,) = index_folder(HEAD, cache=Path("/nonexistent/cache")).series
    assert series.geometry is not None
    assert series.geometry.tilt_deg == pytest.approx(18.5, abs=0.01)
    assert series.geometry.unevenness > 0.5 and not series.can_be_source
    with pytest.raises(CrcError) as refusal:
        open_series(series)
    assert refusal.value.code == "dicom.tilted"
    volume = open_series(series, allow_unsound=True)
    expected = [pydicom.dcmread(instance.path).pixel_array for instance in series.instances]
    assert np.array_equal(volume.array, expected)
