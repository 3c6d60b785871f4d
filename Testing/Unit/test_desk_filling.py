"""Filling between slices: what is drawn stays, what lies between follows; witnessed by shapes that are known."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.desk.filling import drawn_slices, fill_between, open_slices
from crc_core.geometry import Grid, Volume
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

SHAPE = (31, 90, 100)
K, J, X = np.indices(SHAPE)


def thinned(truth: NDArray[np.bool_], step: int) -> tuple[NDArray[np.bool_], NDArray[np.int_]]:
    """Every `step`-th slice of a shape and its last one, and which those are."""
    drawn = np.flatnonzero(truth.any(axis=(1, 2)))
    kept = np.union1d(drawn[::step], drawn[-1:])
    sparse = np.zeros_like(truth)
    sparse[kept] = truth[kept]
    return sparse, kept


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


ELLIPSOID = ((K - 15) / 13) ** 2 + ((J - 45) / 30) ** 2 + ((X - 50) / 22) ** 2 < 1
CONE = (np.hypot(J - 45, X - 50) < 4 + K) & (K > 1) & (K < 29)
SLANTED = (np.hypot(J - (15 + 2 * K), X - (20 + 1.5 * K)) < 6) & (K > 1) & (K < 29)
RING = (np.abs(np.hypot(J - 45, X - 50) - (14 + 0.5 * K)) < 3.5) & (K > 1) & (K < 29)


@pytest.mark.parametrize(
    ("truth", "step", "least"),
    [
        (ELLIPSOID, 3, 0.985),
        (ELLIPSOID, 5, 0.95),
        (CONE, 4, 0.99),
        (CONE, 9, 0.99),
        (SLANTED, 4, 0.96),
        (SLANTED, 9, 0.96),
        (RING, 5, 0.97),
    ],
    ids=["ellipsoid-3", "ellipsoid-5", "cone-4", "cone-9", "slanted-4", "slanted-9", "ring-5"],
)
def test_known_shapes_come_back(truth: NDArray[np.bool_], step: int, least: float) -> None:
    sparse, kept = thinned(truth, step)
    filled, slices = fill_between(sparse)
    assert set(slices) == set(range(kept[0], kept[-1])) - set(kept)
    between = np.isin(np.arange(len(truth)), slices)
    assert dice(filled[between], truth[between]) >= least


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_axis_can_be_the_slice_axis(axis: int) -> None:
    sparse, _ = thinned(ELLIPSOID, 4)
    straight, slices = fill_between(sparse)
    turned, others = fill_between(np.moveaxis(sparse, 0, axis), axis)
    assert np.array_equal(np.moveaxis(turned, axis, 0), straight)
    assert others == slices
    assert open_slices(np.moveaxis(sparse, 0, axis), axis) == slices
    assert open_slices(turned, axis) == ()


BLOBS = st.builds(
    lambda seed, share, slices: (
        (ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((12, 24, 26)), (0.5, 3, 3)) > share)
        & np.isin(np.arange(12), slices)[:, None, None]
    ),
    st.integers(0, 500),
    st.sampled_from([0.0, 0.05, 0.1]),
    st.lists(st.integers(0, 11), max_size=5),
)


@given(BLOBS)
def test_drawn_slices_stay_and_nothing_is_added_outside(inside: NDArray[np.bool_]) -> None:
    before = inside.copy()
    filled, slices = fill_between(inside)
    assert np.array_equal(inside, before), "the argument is not changed"
    drawn = np.flatnonzero(before.any(axis=(1, 2)))
    assert np.array_equal(filled[drawn], before[drawn])
    assert set(slices) <= set(open_slices(before))
    assert set(np.flatnonzero(filled.any(axis=(1, 2)))) == set(drawn) | set(slices)
    again, nothing = fill_between(filled) if set(slices) == set(open_slices(before)) else (filled, ())
    assert nothing == () and np.array_equal(again, filled)


@given(BLOBS)
def test_filling_is_the_same_upside_down_and_from_left_to_right(inside: NDArray[np.bool_]) -> None:
    filled, _ = fill_between(inside)
    mirrored, _ = fill_between(inside[::-1])
    # A tie of distances may fall on either side.
    assert np.count_nonzero(mirrored[::-1] != filled) <= 0.02 * filled.sum() + 2
    crossed, _ = fill_between(inside[:, :, ::-1])
    assert np.count_nonzero(crossed[:, :, ::-1] != filled) <= 0.02 * filled.sum() + 2


def test_equal_contours_are_joined_by_themselves() -> None:
    plane = np.random.default_rng(3).random((20, 20)) > 0.6
    inside = np.zeros((9, 20, 20), bool)
    inside[1] = inside[7] = plane
    filled, slices = fill_between(inside)
    assert slices == (2, 3, 4, 5, 6)
    assert all(np.array_equal(filled[k], plane) for k in slices)


def test_two_branches_join_and_a_part_without_partner_ends() -> None:
    inside = np.zeros((7, 40, 60), bool)
    inside[0, 15:25, 10:20] = inside[0, 15:25, 40:50] = True
    inside[6, 15:25, 12:48] = True
    joined, _ = fill_between(inside)
    assert ndimage.label(joined)[1] == 1
    inside[6] = False
    inside[6, 15:25, 10:20] = True
    apart, _ = fill_between(inside)
    assert not apart[1:6, :, 35:].any(), "nobody said how the second part goes on"
    assert apart[1:6, :, :25].any(axis=(1, 2)).all()


def test_parts_too_far_apart_are_not_joined() -> None:
    inside = np.zeros((5, 60, 60), bool)
    inside[0, 2:6, 2:6] = inside[4, 52:56, 52:56] = True
    filled, slices = fill_between(inside)
    assert slices == () and np.array_equal(filled, inside)


def test_pixels_that_are_not_square_count_with_their_size() -> None:
    radius = np.hypot((J - 45) * 0.5, X - 50)
    truth = (radius < 4 + 0.7 * K) & (K > 1) & (K < 29)
    sparse, kept = thinned(truth, 9)
    filled, slices = fill_between(sparse, spacing_mm=(0.5, 1.0))
    assert len(kept) > 2
    assert dice(filled[list(slices)], truth[list(slices)]) >= 0.985


def test_nothing_and_one_slice_stay_as_they_are() -> None:
    empty = np.zeros((4, 5, 6), bool)
    assert fill_between(empty)[1] == () and open_slices(empty) == ()
    empty[2, 1:3, 1:3] = True
    filled, slices = fill_between(empty)
    assert slices == () and np.array_equal(filled, empty)


def test_drawn_slices_are_counted_along_the_slice_axis() -> None:
    array = np.zeros((4, 9, 9), np.uint8)
    array[1:3, 2:8, 3] = 2
    axial = Grid.from_spacing((4, 9, 9), (0.7, 0.7, 5.0))
    assert drawn_slices(Volume(array, axial)) == 2
    coronal = Grid((4, 9, 9), np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]))
    assert drawn_slices(Volume(array, coronal)) == 6
