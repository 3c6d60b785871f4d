"""Properties of the grid: index and patient agree both ways, cropping keeps places, LPS mirrors RAS."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from crc_core.geometry.grid import SAME_GRID_TOLERANCE_MM, Grid, Volume
from hypothesis import given
from hypothesis import strategies as st
from seam_support import SIGNED_AXES, grids, rotation

INDICES = st.tuples(*[st.floats(-50.0, 700.0)] * 3)


def itk_image(grid: Grid) -> sitk.Image:
    """An ITK image laid on the grid by ITK's own means."""
    image = sitk.Image(list(grid.shape_kji[::-1]), sitk.sitkUInt8)
    lps = np.diag([-1.0, -1.0, 1.0])
    image.SetSpacing([float(s) for s in grid.spacing_ijk_mm])
    image.SetOrigin([float(v) for v in lps @ grid.ijk_to_ras[:3, 3]])
    image.SetDirection((lps @ grid.directions).ravel().tolist())
    return image


@given(grids(), INDICES)
def test_index_to_patient_and_back_is_the_same_index(grid: Grid, ijk: tuple[float, ...]) -> None:
    assert np.allclose(grid.to_ijk(grid.to_ras(ijk)), ijk, atol=1e-6)


@given(grids(), INDICES)
def test_points_lie_where_itk_says(grid: Grid, ijk: tuple[float, ...]) -> None:
    lps = itk_image(grid).TransformContinuousIndexToPhysicalPoint(ijk)
    assert np.allclose(grid.to_ras(ijk), np.array(lps) * (-1, -1, 1), atol=1e-6)


@given(grids())
def test_lps_is_ras_mirrored_and_back(grid: Grid) -> None:
    assert np.array_equal(grid.ijk_to_lps[:2], -grid.ijk_to_ras[:2])
    assert np.array_equal(grid.ijk_to_lps[2:], grid.ijk_to_ras[2:])
    assert np.array_equal(Grid.from_lps(grid.shape_kji, grid.ijk_to_lps).ijk_to_ras, grid.ijk_to_ras)


@given(grids())
def test_spacing_directions_and_volume_agree(grid: Grid) -> None:
    assert np.allclose(grid.directions.T @ grid.directions, np.eye(3), atol=1e-9)
    assert np.allclose(grid.directions * grid.spacing_ijk_mm, grid.ijk_to_ras[:3, :3])
    assert grid.spacing_kji_mm == grid.spacing_ijk_mm[::-1]
    assert grid.voxel_volume_mm3 == pytest.approx(float(np.prod(grid.spacing_ijk_mm)))
    assert grid.shear_deg < 1e-4
    assert np.allclose(grid.squared().ijk_to_ras, grid.ijk_to_ras, atol=1e-9)


@given(grids(), st.data())
def test_a_crop_keeps_every_voxel_in_its_place(grid: Grid, data: st.DataObject) -> None:
    slices = []
    for size in grid.shape_kji:
        start = data.draw(st.integers(0, size - 1))
        slices.append(slice(start, data.draw(st.integers(start + 1, size))))
    crop = grid.crop(tuple(slices))
    starts_ijk = [s.start for s in slices][::-1]
    assert crop.shape_kji == np.zeros(grid.shape_kji)[tuple(slices)].shape
    assert np.allclose(crop.to_ras((0, 0, 0)), grid.to_ras(starts_ijk))
    last = np.array(crop.shape_kji[::-1]) - 1
    assert np.allclose(crop.to_ras(last), grid.to_ras(last + starts_ijk))
    assert np.allclose(crop.spacing_ijk_mm, grid.spacing_ijk_mm)


@given(grids())
def test_cropping_nothing_away_is_the_same_grid(grid: Grid) -> None:
    assert grid.crop((slice(None), slice(None), slice(None))).same_as(grid)


@given(grids())
def test_corners_are_the_centres_of_the_corner_voxels(grid: Grid) -> None:
    last = np.array(grid.shape_kji[::-1]) - 1
    expected = {tuple(np.round(grid.to_ras(np.array(c) * last), 6)) for c in itertools.product((0, 1), repeat=3)}
    assert {tuple(np.round(corner, 6)) for corner in grid.corners_ras} == expected


@given(grids(), st.floats(0.0, 5e-3), st.tuples(*[st.floats(-1.0, 1.0)] * 3))
def test_same_means_every_corner_within_a_thousandth_of_a_millimetre(
    grid: Grid, distance_mm: float, direction: tuple[float, float, float]
) -> None:
    length = float(np.linalg.norm(direction))
    if length < 0.1 or abs(distance_mm - SAME_GRID_TOLERANCE_MM) < 1e-6:
        return
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 3] += np.array(direction) / length * distance_mm
    moved = Grid(grid.shape_kji, matrix)
    assert grid.corner_distance_mm(moved) == pytest.approx(distance_mm, abs=1e-9)
    assert grid.same_as(moved) == moved.same_as(grid) == (distance_mm <= SAME_GRID_TOLERANCE_MM)


def test_a_turned_grid_is_another_even_where_its_first_voxel_is_the_same() -> None:
    grid = Grid.from_spacing((5, 512, 512), (0.7, 0.7, 5.0))
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, :3] = rotation((0, 0, 1), 0.001) @ matrix[:3, :3]
    assert not grid.same_as(Grid(grid.shape_kji, matrix))


def test_another_shape_is_another_grid() -> None:
    assert not Grid.from_spacing((2, 3, 4), (1, 1, 1)).same_as(Grid.from_spacing((4, 3, 2), (1, 1, 1)))


@given(grids(), st.floats(0.5, 20.0))
def test_shear_is_the_angle_by_which_axes_miss_a_right_angle(grid: Grid, tilt_deg: float) -> None:
    matrix = grid.ijk_to_ras.copy()
    tilted = np.cos(np.radians(tilt_deg)) * grid.directions[:, 2] + np.sin(np.radians(tilt_deg)) * grid.directions[:, 1]
    matrix[:3, 2] = tilted * grid.spacing_ijk_mm[2]
    sheared = Grid(grid.shape_kji, matrix)
    assert sheared.shear_deg == pytest.approx(tilt_deg, abs=1e-6)
    assert sheared.squared().shear_deg < 1e-4
    assert np.allclose(sheared.squared().spacing_ijk_mm, sheared.spacing_ijk_mm)


@pytest.mark.parametrize("axes", SIGNED_AXES)
def test_the_sign_of_the_matrix_does_not_change_the_volume_of_a_voxel(axes: np.ndarray) -> None:
    matrix = np.eye(4)
    matrix[:3, :3] = axes * (0.7, 0.8, 5.0)
    assert Grid((2, 2, 2), matrix).voxel_volume_mm3 == pytest.approx(0.7 * 0.8 * 5.0)


@pytest.mark.parametrize(
    "matrix",
    [np.eye(3), np.full((4, 4), np.nan), np.zeros((4, 4)), np.diag([1.0, 1.0, 0.0, 1.0]), np.eye(4) + np.eye(4)[::-1]],
)
def test_a_matrix_that_is_no_place_is_refused(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="ijk_to_ras"):
        Grid((1, 1, 1), matrix)


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, -1, 1), (1, 1), (1, 1, 1, 1)])
def test_a_shape_without_voxels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        Grid(shape, np.eye(4))  # type: ignore[arg-type]  # the wrong shape is what is tested


def test_a_grid_does_not_follow_the_matrix_it_was_made_from() -> None:
    matrix = np.eye(4)
    grid = Grid((1, 1, 1), matrix)
    matrix[0, 3] = 5
    assert grid.ijk_to_ras[0, 3] == 0
    with pytest.raises(ValueError, match="read-only"):
        grid.ijk_to_ras[0, 3] = 5


def test_an_array_of_another_shape_is_no_volume_of_the_grid() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Volume(np.zeros((4, 3, 2)), Grid.from_spacing((2, 3, 4), (1, 1, 1)))
