"""Measurements of bodies with known sizes, on straight, oblique and anisotropic grids."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from contour_support import AXIAL, ellipsoid, mask, tube, turned_grid
from crc_core.contour import (
    Measurement,
    Method,
    Size,
    measure,
    measure_lesions,
    measure_primary,
    subtract,
)
from crc_core.contour.voxels import axial_first
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import BowelDirection, Target
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

FINE = Grid.from_spacing((60, 96, 90), (0.6, 0.55, 1.0), (-27.0, -26.4, -30.0))


def within(value: float, expected: float, steps: float) -> bool:
    return abs(value - expected) <= steps


@settings(max_examples=20)
@given(
    st.tuples(st.floats(6, 11), st.floats(6, 11), st.floats(6, 11)),
    st.floats(-25, 25),
    st.floats(-25, 25),
    st.floats(-180, 180),
    st.floats(0, 0.9),
)
def test_an_ellipsoid_on_an_oblique_anisotropic_grid(
    semi: tuple[float, float, float], a: float, b: float, c: float, shift: float
) -> None:
    grid = turned_grid((26, 44, 50), (0.8, 0.95, 1.6), (a, b, c))
    turn = Rotation.from_euler("xyz", (c, a, b), degrees=True).as_matrix()
    centre = np.array([shift, -shift, shift / 2])
    found = measure(mask(ellipsoid(grid, centre, semi, turn), grid), target=Target.LIVER)[0]
    form = turn @ np.diag(1 / np.square(semi)) @ turn.T
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * np.prod(semi) / 1000, rel=0.05)
    assert np.linalg.norm(np.array(found.centroid_ras) - centre) < 0.3
    # Sections parallel to the slices are similar ellipses, the widest through the centre.
    in_slice = grid.directions[:, :2]
    axes = 2 / np.sqrt(np.linalg.eigvalsh(in_slice.T @ form @ in_slice))
    assert within(found.long_diameter.value, axes.max(), 1.2)
    extent = 2 * np.sqrt(np.linalg.inv(form)[2, 2])
    assert within(found.cranio_caudal.value, extent, 1.9)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
@settings(max_examples=25)
def test_a_box_along_the_grid_has_its_exact_sizes(k: int, j: int, i: int) -> None:
    grid = Grid.from_spacing((12, 12, 12), (0.5, 0.5, 2.0))
    array = np.zeros(grid.shape_kji, np.uint8)
    array[1 : 1 + k, 2 : 2 + j, 1 : 1 + i] = 4
    found = measure_lesions(Volume(array, grid))[0]
    assert found.lesion == 4
    assert found.volume_ml == pytest.approx(k * j * i * 0.5 / 1000)
    assert found.cranio_caudal.value == pytest.approx(2.0 * k)
    # The farthest middles of pixel sides: half a pixel of one side is missing at each end.
    wide, high = max(i, j), min(i, j)
    assert found.longest_axial.value == pytest.approx(0.5 * np.hypot(wide, high - 1))
    assert found.section_area_mm2 == pytest.approx(j * i * 0.25)


def test_every_caliper_is_as_long_as_its_value_and_lies_in_its_slice() -> None:
    grid = turned_grid((30, 60, 60), (0.9, 0.7, 2.0), (12, -8, 30))
    outer, inner = tube(grid, (0, 0, 0), 17, 20), tube(grid, (4, 0, 0), 8, 30)
    wall = subtract(mask(outer, grid), mask(inner, grid))
    for found in (
        *measure(wall, target=Target.PRIMARY, inner=mask(inner, grid)),
        *measure(wall, target=Target.NODE),
    ):
        for item in found.all:
            assert item.place.length_mm == pytest.approx(item.value)
            if item.slice_index is not None:
                k = grid.to_ijk([item.place.start_ras, item.place.end_ras])[:, 2]
                assert k == pytest.approx([item.slice_index] * 2, abs=1e-6)


@pytest.mark.parametrize("angles", [(90, 0, 0), (0, 90, 0), (180, 0, 90)])
def test_other_slice_directions_measure_the_same_body_alike(angles: tuple[float, float, float]) -> None:
    """The same voxels on a grid whose axes are named differently."""
    straight = turned_grid((31, 31, 31), (1.0, 1.0, 1.0), (0, 0, 0))
    turned = turned_grid((31, 31, 31), (1.0, 1.0, 1.0), angles)
    body = [ellipsoid(grid, (0, 0, 0), (12.2, 8.3, 5.4)) for grid in (straight, turned)]
    one, other = (measure_lesions(mask(inside, grid))[0] for inside, grid in zip(body, (straight, turned), strict=True))
    assert one.longest_axial.value == pytest.approx(other.longest_axial.value)
    assert one.short_diameter.value == pytest.approx(other.short_diameter.value)
    assert one.cranio_caudal.value == pytest.approx(other.cranio_caudal.value)
    assert one.volume_ml == pytest.approx(other.volume_ml)


def test_simpleitk_agrees_on_volume_centre_and_long_diameter() -> None:
    grid = turned_grid((26, 44, 50), (0.8, 0.95, 1.6), (10, 5, 40))
    volume = mask(ellipsoid(grid, (2, -1, 1), (12, 9, 10)), grid)
    picture = sitk.GetImageFromArray(volume.array)
    picture.SetSpacing(grid.spacing_ijk_mm)
    picture.SetOrigin(grid.ijk_to_lps[:3, 3])
    picture.SetDirection((grid.ijk_to_lps[:3, :3] / np.array(grid.spacing_ijk_mm)).ravel())
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(picture)
    found = measure_lesions(volume)[0]
    assert found.volume_ml * 1000 == pytest.approx(shape.GetPhysicalSize(1))
    assert np.array(found.centroid_ras) * [-1, -1, 1] == pytest.approx(shape.GetCentroid(1), abs=1e-6)
    shape.ComputeFeretDiameterOn()
    shape.Execute(picture[:, :, found.longest_axial.slice_index])
    diagonal = float(np.hypot(0.8, 0.95))
    feret = shape.GetFeretDiameter(1)
    assert feret < found.longest_axial.value <= feret + diagonal + 1e-9


@pytest.mark.parametrize(("aside", "thickest"), [(0.0, 10.0), (4.0, 14.0), (8.0, 18.0)])
@pytest.mark.parametrize("direction", list(BowelDirection))
def test_the_thickness_of_an_eccentric_ring(aside: float, thickest: float, direction: BowelDirection) -> None:
    outer, inner = tube(FINE, (0, 0, 0), 18, 25), tube(FINE, (aside, 0, 0), 8, 40)
    wall = subtract(mask(outer, FINE), mask(inner, FINE))
    for parents in ({"inner": mask(inner, FINE)}, {"outer": mask(outer, FINE)}):
        found = measure_primary(wall, bowel_direction=direction, **parents)[0].thickness
        assert found is not None
        assert found.value == pytest.approx(thickest, abs=0.6)
    expected = Method.WALL_IN_SECTION if direction is BowelDirection.ACROSS else Method.WALL_IN_SPACE
    assert found.method is expected


def test_a_bowel_in_the_plane_is_measured_in_space() -> None:
    """Lengthwise sections near the upper wall cut it aslant; in space it keeps its thickness."""
    outer, inner = tube(FINE, (0, 0, 0), 16, 22, axis=0), tube(FINE, (0, 0, 0), 8, 40, axis=0)
    wall = subtract(mask(outer, FINE), mask(inner, FINE))
    found = measure_primary(wall, bowel_direction=BowelDirection.IN_PLANE, inner=mask(inner, FINE))[0]
    assert found.thickness is not None
    assert found.thickness.value == pytest.approx(8.0, abs=0.8)
    assert found.long_diameter.value >= 44


def test_without_an_inner_edge_there_is_no_thickness() -> None:
    solid = mask(ellipsoid(FINE, (0, 0, 0), (15, 12, 20)), FINE)
    assert measure_primary(solid)[0].thickness is None
    assert measure_primary(solid, outer=solid)[0].thickness is None
    assert measure_primary(solid, inner=mask(ellipsoid(FINE, (22, 20, 0), (2, 2, 2)), FINE))[0].thickness is None


def test_the_lumen_is_not_counted() -> None:
    """The largest section is that with the most tumour, and no diameter of a primary crosses the lumen."""
    outer = tube(FINE, (0, 0, 0), 18, 25)
    inner = tube(FINE, (0, 0, -12), 15, 14)
    wall = subtract(mask(outer, FINE), mask(inner, FINE))
    found = measure_primary(wall, inner=mask(inner, FINE))[0]
    assert FINE.to_ras([0, 0, found.section_slice])[2] > 0
    ring = subtract(mask(outer, FINE), mask(tube(FINE, (0, 0, 0), 15, 40), FINE))
    found = measure_primary(ring)[0]
    assert found.long_diameter.value == pytest.approx(2 * np.sqrt(18**2 - 15**2), abs=1.5)
    assert 36 - 0.1 < found.longest_axial.value <= 36.6 + 1e-9


def test_the_longest_diameter_is_looked_for_in_every_slice() -> None:
    grid = Grid.from_spacing((6, 40, 40), (1.0, 1.0, 3.0))
    array = np.zeros(grid.shape_kji, np.uint8)
    array[1, 5:20, 5:20] = 1
    array[4, 10, 2:36] = 1
    found = measure_lesions(Volume(array, grid))[0]
    assert found.section_slice == 1
    assert found.longest_axial.slice_index == 4
    assert found.longest_axial.value == pytest.approx(34)
    assert found.short_diameter.value == pytest.approx(1)


def test_lesions_are_measured_each_by_itself() -> None:
    array = np.zeros(AXIAL.shape_kji, np.uint8)
    array[ellipsoid(AXIAL, (-10, 0, 0), (6, 6, 6))] = 3
    array[ellipsoid(AXIAL, (10, 5, 10), (4, 4, 4))] = 200
    found = measure(Volume(array, AXIAL), target=Target.LUNG)
    assert [item.lesion for item in found] == [3, 200]
    assert [item.longest_axial.value for item in found] == pytest.approx([12, 8], abs=0.9)
    assert measure(Volume(np.zeros_like(array), AXIAL), target=Target.LUNG) == ()


def test_precision_is_what_pixels_and_slices_allow() -> None:
    ball = ellipsoid(AXIAL, (0, 0, 0), (5, 5, 5))
    thin = measure_lesions(mask(ball, AXIAL))[0]
    thick = measure_lesions(mask(ball, AXIAL), slice_thickness_mm=5.0)[0]
    assert thin.long_diameter.precision == pytest.approx(0.8)
    assert thick.cranio_caudal.precision == pytest.approx(5.0)
    d = thick.long_diameter.value
    assert thick.long_diameter.precision == pytest.approx(d - np.sqrt(d**2 - 25))
    assert thin.long_diameter.shown == f"{thin.long_diameter.value:.1f}"
    assert thick.long_diameter.shown == f"{thick.long_diameter.value:.0f}"


def test_a_dragged_caliper_gives_its_own_length() -> None:
    placed = Measurement.from_points(Size.THICKNESS, (0, 0, 0), (3, 4, 12), precision=0.7)
    assert (placed.value, placed.method, placed.shown) == (13.0, Method.BY_HAND, "13.0")
    moved = placed.moved((0, 0, 0), (0, 0, 5))
    assert (moved.value, moved.kind, moved.precision) == (5.0, Size.THICKNESS, 0.7)
    with pytest.raises(CrcError):
        placed.moved((0, 0, float("nan")), (0, 0, 5))


def test_another_grid_is_refused() -> None:
    solid = mask(ellipsoid(AXIAL, (0, 0, 0), (9, 9, 9)), AXIAL)
    shifted = Grid.from_spacing(AXIAL.shape_kji, (0.8, 0.7, 1.5), (-24.0, -22.0, -29.0))
    with pytest.raises(CrcError) as refusal:
        measure_primary(solid, inner=Volume(solid.array, shifted))
    assert refusal.value.code == "grid.differs_place"


def test_measuring_leaves_the_mask_alone() -> None:
    solid = mask(ellipsoid(AXIAL, (0, 0, 0), (9, 9, 9)), AXIAL)
    solid.array.flags.writeable = False
    assert measure_primary(solid)[0].voxels == np.count_nonzero(axial_first(solid).array)
