"""Sync points, the bowel's axis, samples that a contour has left, window presets, boxes."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import ellipsoid, image, tube, turned_grid
from crc_core.contour.density import read_sample
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.bowel_axis import bowel_axis
from crc_core.desk.boxes import around, common, relative, shape_of, within
from crc_core.desk.layers import Crop, TargetLayers
from crc_core.desk.marks import SyncPair
from crc_core.desk.sample_check import sample_inside
from crc_core.desk.syncing import apart_mm
from crc_core.desk.windows import preset_window
from crc_core.geometry import Grid
from crc_core.vocabulary import BowelDirection, Target
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

GRID = turned_grid((40, 60, 60), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
OBLIQUE = turned_grid((60, 60, 60), (1.0, 1.1, 1.2), (20.0, -15.0, 30.0))
POINTS = st.tuples(*[st.floats(-300, 300)] * 3)


def crop_of(inside: NDArray[np.bool_]) -> Crop:
    box = bounding_box(inside.view(np.uint8))
    assert box is not None
    return Crop(box, inside[box])


# sync points
@given(st.lists(st.tuples(POINTS, POINTS), min_size=2, max_size=6))
def test_pairs_are_as_far_apart_as_the_worst_lies_off_their_common_shift(points: list[tuple]) -> None:
    shifts = [np.subtract(mri, ct) for ct, mri in points]
    common = np.array([sum(shift[axis] for shift in shifts) / len(shifts) for axis in range(3)])
    worst = max(float(np.linalg.norm(shift - common)) for shift in shifts)
    assert apart_mm([SyncPair(ct, mri) for ct, mri in points]) == pytest.approx(worst, abs=1e-9)


def test_pairs_that_show_one_shift_agree_and_one_alone_cannot_disagree() -> None:
    assert apart_mm([]) == 0 == apart_mm([SyncPair((0, 0, 0), (9, 9, 9))])
    assert apart_mm([SyncPair((0, 0, 0), (5, 1, 2)), SyncPair((50, 0, 9), (55, 1, 11))]) == pytest.approx(0)


# the axis
@pytest.mark.parametrize("grid", [GRID, OBLIQUE], ids=["axial", "oblique"])
@pytest.mark.parametrize("tilt_deg", [0.0, 15.0, 35.0])
def test_the_axis_of_a_tube_is_found_in_the_patient(grid: Grid, tilt_deg: float) -> None:
    turn = Rotation.from_euler("x", tilt_deg, degrees=True).as_matrix()
    inside = ellipsoid(grid, (0, 0, 0), (6, 6, 22), axes=turn)
    start, end = bowel_axis(crop_of(inside), grid, BowelDirection.ACROSS)
    along = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
    assert abs(along @ turn[:, 2]) == pytest.approx(1, abs=0.01) and along[2] > 0
    assert np.mean([start, end], axis=0) == pytest.approx([0, 0, 0], abs=1.0)
    assert np.linalg.norm(np.subtract(end, start)) == pytest.approx(44, abs=3)


def test_a_ring_wider_than_long_is_cut_across_the_bowel_not_along_its_width() -> None:
    ring = tube(GRID, (0, 0, 0), 20, 8) & ~tube(GRID, (0, 0, 0), 12, 8)
    start, end = bowel_axis(crop_of(ring), GRID, BowelDirection.ACROSS)
    assert abs(np.subtract(end, start)[2]) == pytest.approx(np.linalg.norm(np.subtract(end, start)), rel=0.02)


def test_a_bowel_in_the_plane_is_cut_along_its_longest_way_there() -> None:
    lying = tube(GRID, (0, 0, 0), 6, 20, axis=0)
    start, end = bowel_axis(crop_of(lying), GRID, BowelDirection.IN_PLANE)
    along = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
    assert abs(along[0]) == pytest.approx(1, abs=0.01)


def test_a_single_voxel_has_an_axis_too() -> None:
    inside = np.zeros(GRID.shape_kji, bool)
    inside[20, 30, 30] = True
    start, end = bowel_axis(crop_of(inside), GRID, BowelDirection.ACROSS)
    assert np.isfinite([start, end]).all() and start != end


# samples
def layers_of(inside: NDArray[np.bool_]) -> TargetLayers:
    layers = TargetLayers(GRID, by_subtraction=False)
    layers.put(Part.MASK, 3, crop_of(inside))
    return layers


def test_a_sample_is_inside_while_most_of_its_disc_is() -> None:
    layers = layers_of(tube(GRID, (0, 0, 0), 10, 20))
    phase = image(turned_grid((20, 40, 40), (1.5, 1.5, 3.0), (4.0, 0.0, 0.0)))
    expected = {0.0: True, 5.0: True, 9.5: False, 12.0: False}
    for right, inside in expected.items():
        sample = read_sample(phase, (right, 0.0, 0.0), 4.0)
        assert sample_inside(layers, 3, sample, phase) is inside, right
    assert not sample_inside(layers, 4, read_sample(phase, (0.0, 0.0, 0.0), 4.0), phase), "another lesion"
    assert not sample_inside(layers, 3, read_sample(phase, (0.0, 0.0, 27.0), 4.0), phase), "above it"


def test_in_a_subtraction_a_sample_in_the_lumen_is_outside() -> None:
    layers = TargetLayers(GRID, by_subtraction=True)
    layers.put(Part.OUTER, 3, crop_of(tube(GRID, (0, 0, 0), 20, 20)))
    layers.put(Part.INNER, 3, crop_of(tube(GRID, (0, 0, 0), 10, 20)))
    phase = image(GRID)
    assert sample_inside(layers, 3, read_sample(phase, (15.0, 0.0, 0.0), 3.0), phase)
    assert not sample_inside(layers, 3, read_sample(phase, (5.0, 0.0, 0.0), 3.0), phase)


# windows
def test_lungs_have_a_window_of_their_own() -> None:
    assert (preset_window(Target.LUNG).width_hu, preset_window(Target.LUNG).level_hu) == (1500, -600)
    for target in (None, Target.PRIMARY, Target.LIVER, Target.NODE):
        assert (preset_window(target).width_hu, preset_window(target).level_hu) == (225, 40)


# boxes
SPAN = st.tuples(st.integers(0, 8), st.integers(1, 6)).map(lambda pair: slice(pair[0], pair[0] + pair[1]))
BOX = st.tuples(SPAN, SPAN, SPAN)


def as_mask(box: tuple[slice, slice, slice]) -> NDArray[np.bool_]:
    whole = np.zeros((16, 16, 16), bool)
    whole[box] = True
    return whole


@given(BOX, BOX)
def test_boxes_meet_and_join_as_their_voxels_do(one: tuple, other: tuple) -> None:
    both = as_mask(one) & as_mask(other)
    met = common(one, other)
    assert (met is None) == (not both.any())
    if met is not None:
        assert np.array_equal(as_mask(met), both)
    whole = around([one, other])
    assert bounding_box((as_mask(one) | as_mask(other)).view(np.uint8)) == whole
    assert within(whole, relative(one, whole)) == one
    assert as_mask(whole)[whole].shape == shape_of(whole)
    i, j, k = (slice(0, size) for size in shape_of(whole))
    assert np.array_equal(as_mask(one)[whole], as_mask(relative(one, whole))[i, j, k])
