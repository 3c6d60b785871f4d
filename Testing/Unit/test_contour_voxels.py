"""Bounding boxes, lesions and the slice axis, against plain numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import AXIAL, turned_grid
from crc_core.contour.voxels import (
    axial_first,
    axis_order,
    bounding_box,
    lesions_of,
    original_box,
    require_mask,
    slice_axis,
)
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

MASKS = hnp.arrays(
    np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9), elements=st.sampled_from([0, 0, 1, 7])
)


@given(MASKS)
def test_the_bounding_box_is_the_smallest(array: np.ndarray) -> None:
    box = bounding_box(array)
    voxels = np.argwhere(array)
    if not len(voxels):
        assert box is None
        return
    assert box is not None
    assert [part.start for part in box] == voxels.min(axis=0).tolist()
    assert [part.stop - 1 for part in box] == voxels.max(axis=0).tolist()


@given(MASKS)
def test_the_bounding_box_does_not_depend_on_the_order_in_memory(array: np.ndarray) -> None:
    assert bounding_box(array) == bounding_box(np.asfortranarray(array))


@given(MASKS)
def test_lesions_are_all_voxels_of_each_number(array: np.ndarray) -> None:
    grid = Grid.from_spacing(array.shape, (1.0, 2.0, 3.0))
    found = lesions_of(Volume(array, grid))
    assert [lesion.number for lesion in found] == [n for n in np.unique(array) if n]
    for lesion in found:
        assert lesion.voxels == np.count_nonzero(array == lesion.number)
        assert np.array_equal(np.argwhere(lesion.inside) + lesion.start, np.argwhere(array == lesion.number))
        assert lesion.volume_ml == pytest.approx(lesion.voxels * 6.0 / 1000)


@pytest.mark.parametrize(
    ("angles", "axis"),
    [((0, 0, 0), 0), ((20, 10, 90), 0), ((90, 0, 0), 1), ((0, 90, 0), 2), ((70, 5, 0), 1), ((180, 0, 0), 0)],
)
def test_the_slice_axis_is_the_one_nearest_to_axial(angles: tuple[float, float, float], axis: int) -> None:
    assert slice_axis(turned_grid((5, 6, 7), (1.0, 1.0, 1.0), angles)) == axis


def test_the_first_axis_wins_a_tie() -> None:
    assert slice_axis(turned_grid((5, 6, 7), (1.0, 1.0, 1.0), (45, 0, 0))) == 0


@pytest.mark.parametrize("angles", [(0, 0, 0), (90, 0, 0), (0, 90, 0), (75, 10, 30)])
def test_axial_first_is_the_same_image_without_a_copy(angles: tuple[float, float, float]) -> None:
    grid = turned_grid((5, 6, 7), (1.0, 2.0, 3.0), angles)
    volume = Volume(np.arange(210, dtype=np.uint8).reshape(5, 6, 7), grid)
    placed = axial_first(volume)
    assert np.shares_memory(placed.array, volume.array)
    for k, j, i in ((0, 0, 0), (3, 2, 1), (4, 5, 6)):
        spot = [(k, j, i)[axis] for axis in axis_order(grid)]
        assert placed.array[tuple(spot)] == volume.array[k, j, i]
        assert placed.grid.to_ras(spot[::-1]) == pytest.approx(grid.to_ras([i, j, k]))
    box = (slice(1, 2), slice(2, 4), slice(0, 3))
    order = axis_order(grid)
    placed_box = (box[order[0]], box[order[1]], box[order[2]])
    assert original_box(placed_box, grid) == box
    assert np.array_equal(placed.array[placed_box], volume.array[box].transpose(order))


def test_masks_of_wider_whole_numbers_are_taken() -> None:
    wide = Volume(np.full(AXIAL.shape_kji, 255, np.int32), AXIAL)
    assert require_mask(wide).array.dtype == np.uint8
    assert require_mask(Volume(np.ones(AXIAL.shape_kji, bool), AXIAL)).array.max() == 1


@pytest.mark.parametrize(("value", "code"), [(0.5, "mask.float"), (-1, "mask.range"), (256, "mask.range")])
def test_other_masks_are_refused(value: float, code: str) -> None:
    with pytest.raises(CrcError) as refusal:
        require_mask(Volume(np.full(AXIAL.shape_kji, value), AXIAL))
    assert refusal.value.code == code
