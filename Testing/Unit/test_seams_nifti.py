"""The NIfTI codec against nibabel and SimpleITK, and against files no honest program writes."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from crc_core.errors import CrcError
from crc_core.files.nifti import encode, read_header, read_mask, read_volume, write_volume
from crc_core.geometry.grid import Grid, Volume
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from seam_support import RawNifti, grids

SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
FIELD_MM = 700.0
"""As far as a CT reaches from its first voxel; the error of a rotation is largest there."""

NUMBERS = st.integers(0, 2**32 - 1)


def made(grid: Grid, seed: int, dtype: type = np.uint8) -> Volume:
    generator = np.random.default_rng(seed)
    info = np.iinfo(dtype)
    return Volume(generator.integers(info.min, info.max, grid.shape_kji, dtype, endpoint=True), grid)


def far_error_mm(seen: np.ndarray, expected: np.ndarray) -> float:
    """How far two index-to-patient matrices part over a whole CT field, wherever its corners lie."""
    directions = [m[:3, :3] / np.linalg.norm(expected[:3, :3], axis=0) for m in (seen, expected)]
    corners = FIELD_MM * np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1)
    turned = (directions[0] - directions[1]) @ corners
    return float(np.linalg.norm(turned + (seen - expected)[:3, 3:], axis=0).max())


def quaternion_error_mm(grid: Grid) -> float:
    """How far off a quaternion in float32 may put a corner of the field.

    Readers find its scalar part as a root, which magnifies rounding near half a turn; below some 4e-7 of its square
    (0.07°) nifti1.h and nibabel take it for half a turn.
    """
    rotation = grid.directions.copy()
    rotation[:, 2] *= np.sign(np.linalg.det(rotation))
    scalar = np.cos(Rotation.from_matrix(rotation).magnitude() / 2)
    turned = 6e-8 / scalar if scalar**2 > 4e-7 else 2 * np.sqrt(4e-7)
    return 0.03 + float(turned) * np.sqrt(3) * FIELD_MM


@SHARED_FOLDER
@given(grids(), NUMBERS, st.sampled_from([np.uint8, np.int16]))
def test_nibabel_reads_the_same_voxels_at_the_same_place(tmp_path: Path, grid: Grid, seed: int, dtype: type) -> None:
    volume = made(grid, seed, dtype)
    write_volume(tmp_path / "a.nii.gz", volume)
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.get_data_dtype() == dtype
    assert np.array_equal(np.asarray(image.dataobj).T, volume.array)
    (sform, sform_code), (qform, qform_code) = image.get_sform(coded=True), image.get_qform(coded=True)
    assert (sform_code, qform_code) == (1, 1)
    assert Grid(grid.shape_kji, sform).corner_distance_mm(grid) <= 1e-3
    assert far_error_mm(qform, grid.ijk_to_ras) <= quaternion_error_mm(grid)
    assert image.header.get_xyzt_units() == ("mm", "sec")


@SHARED_FOLDER
@given(grids(), NUMBERS, st.sampled_from([np.uint8, np.int16]))
def test_itk_reads_the_same_voxels_at_the_same_place(tmp_path: Path, grid: Grid, seed: int, dtype: type) -> None:
    volume = made(grid, seed, dtype)
    write_volume(tmp_path / "a.nii.gz", volume)
    image = sitk.ReadImage(str(tmp_path / "a.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(image), volume.array)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    seen = Grid.from_lps(grid.shape_kji, matrix).ijk_to_ras
    assert far_error_mm(seen, grid.ijk_to_ras) <= quaternion_error_mm(grid)


@SHARED_FOLDER
@given(grids(), NUMBERS, st.sampled_from([np.uint8, np.int16]))
def test_what_is_written_reads_back_as_it_was(tmp_path: Path, grid: Grid, seed: int, dtype: type) -> None:
    volume = made(grid, seed, dtype)
    write_volume(tmp_path / "a.nii.gz", volume)
    again = read_volume(tmp_path / "a.nii.gz")
    assert again.array.dtype == dtype
    assert np.array_equal(again.array, volume.array)
    assert again.grid.same_as(grid)
    assert read_header(tmp_path / "a.nii.gz").grid.same_as(grid)


@given(st.lists(st.tuples(st.integers(0, 399_999), st.integers(1, 140_000)), max_size=4))
@settings(max_examples=40)
def test_long_stretches_of_nothing_change_nothing(stretches: list[tuple[int, int]]) -> None:
    """Empty pieces are compressed once and repeated: the stream must stay one that any gzip reads."""
    voxels = np.zeros(400_000, np.uint8)
    for start, length in stretches:
        voxels[start : start + length] = 7
    volume = Volume(voxels.reshape(4, 400, 250), Grid.from_spacing((4, 400, 250), (1.0, 1.0, 1.0)))
    assert gzip.decompress(encode(volume, Path("a.nii.gz")))[352:] == voxels.tobytes()


def test_equal_masks_are_equal_bytes(tmp_path: Path) -> None:
    grid = Grid.from_spacing((9, 20, 30), (0.7, 0.7, 5.0))
    volume = made(grid, 1)
    write_volume(tmp_path / "a.nii.gz", volume)
    write_volume(tmp_path / "b.nii.gz", Volume(np.asfortranarray(volume.array), grid))
    data = (tmp_path / "a.nii.gz").read_bytes()
    assert data == (tmp_path / "b.nii.gz").read_bytes()
    assert data[3] == 0, "no name, no comment"
    assert data[4:8] == b"\0\0\0\0", "no time"


@pytest.mark.parametrize("dtype", [np.float32, np.int32, bool, ">i2"])
def test_only_the_two_types_of_the_database_are_written(dtype: str) -> None:
    volume = Volume(np.zeros((1, 1, 1), dtype), Grid.from_spacing((1, 1, 1), (1, 1, 1)))
    with pytest.raises(TypeError, match="uint8 and int16"):
        encode(volume, Path("a.nii.gz"))


@given(grids(largest=60), st.floats(0.5, 15.0))
def test_a_sheared_grid_is_refused_with_its_angle(grid: Grid, tilt_deg: float) -> None:
    if min(grid.shape_kji[:2]) < 20:
        return
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 2] += np.tan(np.radians(tilt_deg)) * grid.spacing_ijk_mm[2] * grid.directions[:, 1]
    sheared = Grid(grid.shape_kji, matrix)
    with pytest.raises(CrcError) as caught:
        encode(Volume(np.zeros(grid.shape_kji, np.uint8), sheared), Path("tilted.nii.gz"))
    assert caught.value.code == "nifti.sheared"
    assert caught.value.values["shear_deg"] == pytest.approx(tilt_deg, abs=1e-6)


def test_a_refused_grid_writes_nothing(tmp_path: Path) -> None:
    matrix = np.eye(4)
    matrix[1, 2] = 0.2
    volume = Volume(np.zeros((50, 50, 50), np.uint8), Grid((50, 50, 50), matrix))
    with pytest.raises(CrcError):
        write_volume(tmp_path / "a.nii.gz", volume)
    assert list(tmp_path.iterdir()) == []


@SHARED_FOLDER
@given(grids(), NUMBERS, st.sampled_from([np.uint8, np.int16, np.int32, np.uint16, np.float32, np.float64]))
def test_what_nibabel_writes_is_read(tmp_path: Path, grid: Grid, seed: int, dtype: type) -> None:
    values = np.random.default_rng(seed).integers(0, 200, grid.shape_kji).astype(dtype)
    image = nibabel.Nifti1Image(values.T, grid.ijk_to_ras, dtype=dtype)
    nibabel.save(image, tmp_path / "a.nii.gz")
    volume = read_volume(tmp_path / "a.nii.gz")
    assert volume.array.dtype == dtype
    assert np.array_equal(volume.array, values)
    assert volume.grid.corner_distance_mm(grid) <= 1e-3


@SHARED_FOLDER
@given(grids(), NUMBERS, st.sampled_from([".nii", ".nii.gz"]))
def test_what_itk_writes_is_read(tmp_path: Path, grid: Grid, seed: int, ending: str) -> None:
    values = made(grid, seed, np.int16).array
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(s) for s in grid.spacing_ijk_mm])
    image.SetOrigin([float(v) for v in grid.ijk_to_lps[:3, 3]])
    image.SetDirection((np.diag([-1.0, -1.0, 1.0]) @ grid.directions).ravel().tolist())
    sitk.WriteImage(image, str(tmp_path / f"a{ending}"))
    volume = read_volume(tmp_path / f"a{ending}")
    assert np.array_equal(volume.array, values)
    assert far_error_mm(volume.grid.ijk_to_ras, grid.ijk_to_ras) <= quaternion_error_mm(grid)


@SHARED_FOLDER
@given(grids(), NUMBERS)
def test_only_a_qform_is_place_enough(tmp_path: Path, grid: Grid, seed: int) -> None:
    image = nibabel.Nifti1Image(made(grid, seed).array.T, None, dtype=np.uint8)
    image.set_qform(grid.ijk_to_ras, code=1)
    image.set_sform(None, code=0)
    nibabel.save(image, tmp_path / "a.nii")
    # Both read the same rounded quaternion; near half a turn its missing part says little, in either arithmetic.
    error_mm = far_error_mm(read_volume(tmp_path / "a.nii").grid.ijk_to_ras, image.get_qform())
    assert error_mm <= max(1e-3, quaternion_error_mm(grid))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("code", "dtype"),
    [(2, "u1"), (4, "i2"), (8, "i4"), (16, "f4"), (64, "f8"), (256, "i1"), (512, "u2"), (768, "u4"), (1024, "i8")],
)
def test_both_byte_orders_of_every_type_are_read(tmp_path: Path, order: str, code: int, dtype: str) -> None:
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4)
    path = RawNifti(array, code, order).write(tmp_path / "a.nii.gz")
    volume = read_volume(path)
    assert volume.array.dtype == np.dtype(dtype)
    assert np.array_equal(volume.array, array)
    assert np.array_equal(np.asarray(nibabel.load(path).dataobj).T, array)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, -1024.0), (0.5, 0.0), (1.0, 3.0), (-1.0, 0.0)])
def test_scaled_images_are_scaled_as_nibabel_does(tmp_path: Path, slope: float, intercept: float) -> None:
    array = np.arange(-12, 12, dtype=np.int16).reshape(2, 3, 4)
    path = RawNifti(array, 4, slope=slope, intercept=intercept).write(tmp_path / "a.nii")
    volume = read_volume(path)
    assert np.allclose(volume.array, nibabel.load(path).get_fdata().T)
    assert read_header(path).is_scaled


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 5.0), (float("nan"), 0.0), (1.0, 0.0), (float("inf"), 1.0)])
def test_a_scaling_that_says_nothing_is_none(tmp_path: Path, slope: float, intercept: float) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    volume = read_mask(RawNifti(array, 2, slope=slope, intercept=intercept).write(tmp_path / "a.nii"))
    assert np.array_equal(volume.array, array)


@pytest.mark.parametrize("members", [2, 3, 17])
def test_a_gzip_file_of_several_members_is_one_image(tmp_path: Path, members: int) -> None:
    array = np.random.default_rng(1).integers(0, 255, (9, 40, 50), np.uint8)
    assert np.array_equal(read_mask(RawNifti(array, 2).write(tmp_path / "a.nii.gz", members)).array, array)


def test_zero_padding_behind_a_gzip_file_is_no_data(tmp_path: Path) -> None:
    array = np.ones((2, 3, 4), np.uint8)
    path = RawNifti(array, 2).write(tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes() + bytes(512))
    assert np.array_equal(read_mask(path).array, array)


def test_a_header_extension_is_passed_over(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    assert np.array_equal(read_mask(RawNifti(array, 2, offset=400.0).write(tmp_path / "a.nii")).array, array)


def test_a_name_does_not_decide_whether_a_file_is_compressed(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    packed = RawNifti(array, 2).write(tmp_path / "a.nii.gz").rename(tmp_path / "packed.nii")
    plain = RawNifti(array, 2).write(tmp_path / "a.nii").rename(tmp_path / "plain.nii.gz")
    for path in (packed, plain):
        assert np.array_equal(read_mask(path).array, array)
        assert read_header(path).grid.shape_kji == (2, 3, 4)


@pytest.mark.parametrize("name", ["结直肠 掩膜.nii.gz", "100% %s {x}.nii.gz", "长" * 80 + ".nii.gz"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "文件夹 %20 with space"
    folder.mkdir()
    volume = made(Grid.from_spacing((2, 3, 4), (1, 1, 1)), 1)
    write_volume(folder / name, volume)
    assert np.array_equal(read_mask(folder / name).array, volume.array)
    assert [path.name for path in folder.iterdir()] == [name]
