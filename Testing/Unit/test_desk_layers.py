"""The masks of a target follow what is drawn, box by box, exactly as if they were made anew each time."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import turned_grid
from crc_core.contour.subtraction import subtract
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import axial_first, bounding_box, lesions_of, slice_axis
from crc_core.desk.layers import Crop, Layer, TargetLayers
from crc_core.geometry import Grid, Volume
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

SHAPE = (6, 7, 8)
AXIAL = Grid.from_spacing(SHAPE, (0.8, 0.8, 2.0))
CORONAL = turned_grid(SHAPE, (0.8, 0.8, 2.0), (90.0, 0.0, 0.0))
Stroke = tuple[int, tuple[tuple[int, int], ...] | None]


def spans() -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    return st.tuples(*(st.tuples(st.integers(0, size - 1), st.integers(1, size)) for size in SHAPE))


def strokes() -> st.SearchStrategy[list[Stroke]]:
    return st.lists(st.tuples(st.integers(1, 3), st.none() | spans()), min_size=1, max_size=8)


def drawn(places: tuple[tuple[int, int], ...] | None) -> NDArray[np.bool_]:
    """A box-shaped lesion with one corner missing, so that its crop is not full; empty for None."""
    whole = np.zeros(SHAPE, bool)
    if places is not None:
        box = tuple(
            slice(first, min(size, first + length)) for (first, length), size in zip(places, SHAPE, strict=True)
        )
        whole[box] = True
        if whole.sum() > 1:
            whole[tuple(part.start for part in box)] = False
    return whole


def crop_of(whole: NDArray[np.bool_]) -> Crop | None:
    box = bounding_box(whole.view(np.uint8))
    return None if box is None else Crop(box, whole[box].copy())


@given(strokes())
@settings(deadline=None, max_examples=150)
def test_a_mask_is_that_of_all_lesions_written_in_the_order_of_their_numbers(history: list[Stroke]) -> None:
    layer, wholes = Layer(AXIAL), {}
    for number, places in history:
        before, whole = layer.mask.array.copy(), drawn(places)
        old = wholes.get(number, np.zeros(SHAPE, bool))
        wholes[number] = whole
        change = layer.put(number, crop_of(whole))
        expected = np.zeros(SHAPE, np.uint8)
        for key in sorted(wholes):
            expected[wholes[key]] = key
        assert np.array_equal(layer.mask.array, expected)
        differs = old ^ whole
        assert (change is None) == (not differs.any())
        if change is not None:
            assert change.slices == tuple(np.flatnonzero(differs.any(axis=(1, 2))))
            assert change.box == bounding_box(differs.view(np.uint8))
            beyond = before != layer.mask.array
            beyond[change.box] = False
            assert not beyond.any()
    shared = {(a, b) for a in wholes for b in wholes if b < a and (wholes[a] & wholes[b]).any()}
    told = list(layer.overlaps())
    assert {(item.later, item.earlier) for item in told} == shared and len(told) == len(shared)
    for item in told:
        k, j, i = (round(float(number)) for number in AXIAL.to_ijk(item.ras)[::-1])
        assert wholes[item.later][k, j, i] and wholes[item.earlier][k, j, i]


@given(strokes(), strokes())
@settings(deadline=None, max_examples=100)
def test_what_is_examined_of_a_subtraction_is_outer_minus_inner(outer: list[Stroke], inner: list[Stroke]) -> None:
    layers = TargetLayers(AXIAL, by_subtraction=True)
    mixed = [(Part.OUTER, *stroke) for stroke in outer] + [(Part.INNER, *stroke) for stroke in inner]
    for part, number, places in mixed[::2] + mixed[1::2]:
        layers.put(part, number, crop_of(drawn(places)))
    assert layers.outer is not None and layers.inner is not None
    wall = subtract(layers.outer.mask, layers.inner.mask)
    assert np.array_equal(layers.examined.array, wall.array)
    for lesion in layers.lesions:
        ring = layers.ring(lesion)
        expected = crop_of(wall.array == lesion)
        assert (ring is None) == (expected is None)
        if ring is not None and expected is not None:
            assert ring.box == expected.box and np.array_equal(ring.inside, expected.inside)


@pytest.mark.parametrize("grid", [AXIAL, CORONAL], ids=["axial", "coronal"])
def test_a_lesion_is_handed_to_the_checks_as_they_would_find_it(grid: Grid) -> None:
    layers = TargetLayers(grid, by_subtraction=False)
    layers.put(Part.MASK, 2, crop_of(drawn(((1, 3), (2, 4), (3, 3)))))
    layers.put(Part.MASK, 5, crop_of(drawn(((3, 3), (1, 3), (2, 3)))))
    found = {lesion.number: lesion for lesion in lesions_of(axial_first(layers.examined))}
    for number, expected in found.items():
        one = layers.one(number).mask
        assert one is not None and one.box == expected.box
        assert np.array_equal(one.inside, expected.inside)
        assert np.allclose(one.grid.ijk_to_ras, expected.grid.ijk_to_ras)
    assert layers.one(9).mask is None


def test_changed_slices_are_counted_along_the_slice_axis() -> None:
    layers = TargetLayers(CORONAL, by_subtraction=False)
    assert slice_axis(CORONAL) == 1
    change = layers.put(Part.MASK, 1, crop_of(drawn(((1, 2), (2, 3), (3, 3)))))
    assert change is not None and change.slices == (2, 3, 4)


def test_a_lesion_covered_by_a_later_one_holds_nothing_in_the_mask_and_comes_back_with_its_voxels() -> None:
    layers = TargetLayers(AXIAL, by_subtraction=False)
    whole = drawn(((1, 2), (1, 2), (1, 2)))
    layers.put(Part.MASK, 1, crop_of(whole))
    layers.put(Part.MASK, 2, crop_of(drawn(((0, 6), (0, 7), (0, 8)))))
    assert layers.one(1).mask is None and layers.lesions == (1, 2)
    layers.put(Part.MASK, 2, None)
    assert np.array_equal(layers.examined.array, whole.astype(np.uint8))


def test_near_are_the_lesions_whose_checks_could_see_a_change() -> None:
    layers = TargetLayers(Grid.from_spacing((30, 10, 10), (1.0, 1.0, 1.0)), by_subtraction=False)
    for number, first in ((1, 2), (2, 8), (3, 20)):
        layers.put(
            Part.MASK, number, Crop((slice(first, first + 3), slice(2, 5), slice(2, 5)), np.ones((3, 3, 3), bool))
        )
    assert layers.near((slice(6, 7), slice(2, 3), slice(2, 3))) == (1, 2)
    assert layers.near((slice(20, 21), slice(2, 3), slice(2, 3))) == (3,)


def test_a_ring_is_kept_only_while_the_mask_is_what_the_edges_give() -> None:
    layers = TargetLayers(AXIAL, by_subtraction=True)
    outer = drawn(((1, 4), (1, 5), (1, 6)))
    layers.put(Part.OUTER, 1, crop_of(outer))
    assert not layers.is_kept()
    layers.put(Part.MASK, 1, layers.ring(1))
    assert layers.is_kept()
    layers.put(Part.INNER, 1, crop_of(drawn(((2, 2), (2, 3), (2, 3)))))
    assert not layers.is_kept()
    layers.put(Part.MASK, 1, layers.ring(1))
    assert layers.is_kept()
    layers.put(Part.MASK, 7, crop_of(drawn(((0, 1), (0, 1), (0, 1)))))
    assert not layers.is_kept(), "a leftover that no edge explains"


def test_only_a_subtraction_has_edges() -> None:
    layers = TargetLayers(AXIAL, by_subtraction=False)
    with pytest.raises(KeyError):
        layers.layer(Part.OUTER)
    assert layers.is_kept()
    assert isinstance(layers.examined, Volume) and layers.examined is layers.mask.mask


def test_a_copy_is_left_alone_by_later_strokes() -> None:
    layer = Layer(AXIAL)
    layer.put(1, crop_of(drawn(((1, 3), (1, 3), (1, 3)))))
    layer.put(2, crop_of(drawn(((2, 3), (2, 3), (2, 3)))))
    copied, before = layer.copy(), layer.mask.array.copy()
    layer.put(2, None)
    assert np.array_equal(copied.array, before) and copied.grid is layer.mask.grid


@pytest.mark.parametrize("grid", [AXIAL, CORONAL], ids=["axial", "coronal"])
def test_places_lie_in_what_is_drawn(grid: Grid) -> None:
    layers, whole = TargetLayers(grid, by_subtraction=True), drawn(((1, 4), (2, 4), (3, 4)))
    assert layers.middle(1) is None
    layers.put(Part.OUTER, 1, crop_of(whole))
    axis = slice_axis(grid)
    middle = layers.middle(1)
    assert middle is not None and whole[voxel(grid, middle)], "the edge, while there is no mask"
    assert layers.outer is not None
    for index in range(SHAPE[axis]):
        place = layers.outer.middle_in(1, index)
        assert (place is None) == (not whole.take(index, axis=axis).any())
        if place is not None:
            found = voxel(grid, place)
            assert whole[found] and found[axis] == index
    assert layers.outer.middle_in(2, 3) is None


def voxel(grid: Grid, ras: tuple[float, float, float]) -> tuple[int, int, int]:
    i, j, k = (round(float(number)) for number in grid.to_ijk(ras))
    return (k, j, i)


@given(spans(), spans())
def test_sections_are_told_apart_by_what_they_hold_wherever_the_crop_begins(one: tuple, other: tuple) -> None:
    wholes = [drawn(one), drawn(other)]
    crops = [crop_of(whole) for whole in wholes]
    for axis in range(3):
        for index in range(SHAPE[axis]):
            first, second = (b"" if crop is None else crop.section(axis, index) for crop in crops)
            planes = [whole.take(index, axis=axis) for whole in wholes]
            assert (first == second) == np.array_equal(*planes)
            assert bool(first) == bool(planes[0].any())
