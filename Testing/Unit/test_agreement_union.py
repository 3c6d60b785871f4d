"""The union of two readings, and the places where they differ."""

from __future__ import annotations

import numpy as np
import pytest
from agreement_support import oblique_grid, on_grid
from crc_core.agreement import Side, all_lesions, compare_masks, disagreement_regions, union
from crc_core.errors import CrcError
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

SEEDS = st.integers(0, 10_000)


def random_masks(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two masks of up to three lesions, much of them empty."""
    rng = np.random.default_rng(seed)
    return tuple(
        np.where(rng.random((6, 7, 8)) < 0.3, rng.integers(0, 4, (6, 7, 8)), 0).astype(np.uint8) for _ in range(2)
    )


@settings(max_examples=40)
@given(SEEDS)
def test_the_union_of_all_lesions_is_every_voxel_drawn(seed: int) -> None:
    a, b = random_masks(seed)
    united = union(on_grid(a), on_grid(b), all_lesions(compare_masks(on_grid(a), on_grid(b))))
    assert ((united.volume.array > 0) == ((a > 0) | (b > 0))).all()
    assert united.volume.array.dtype == np.uint8
    assert sorted(pair[0] for pair in united.lesions.values() if pair[0]) == sorted(set(np.unique(a)) - {0})
    assert sorted(pair[1] for pair in united.lesions.values() if pair[1]) == sorted(set(np.unique(b)) - {0})


@settings(max_examples=40)
@given(SEEDS)
def test_every_voxel_belongs_to_a_parent_and_the_later_lesion_wins(seed: int) -> None:
    a, b = random_masks(seed)
    united = union(on_grid(a), on_grid(b), all_lesions(compare_masks(on_grid(a), on_grid(b))))
    final_of_a = {pair[0]: final for final, pair in united.lesions.items() if pair[0]}
    final_of_b = {pair[1]: final for final, pair in united.lesions.items() if pair[1]}
    contested = 0
    for value_a, value_b, value in zip(a.flat, b.flat, united.volume.array.flat, strict=True):
        wishes = {final_of_a.get(int(value_a), 0), final_of_b.get(int(value_b), 0)}
        assert value == max(wishes)
        contested += len(wishes - {0}) == 2
    assert united.contested_voxels == contested


def test_only_named_pairs_are_united() -> None:
    a, b = np.zeros((1, 1, 6), np.uint8), np.zeros((1, 1, 6), np.uint8)
    a[0, 0] = [1, 1, 0, 2, 0, 0]
    b[0, 0] = [0, 5, 5, 0, 6, 0]
    united = union(on_grid(a), on_grid(b), [(1, 5)])
    assert united.volume.array.tolist() == [[[1, 1, 1, 0, 0, 0]]]
    assert united.lesions == {1: (1, 5)}


def test_numbers_are_kept_where_they_are_free() -> None:
    a, b = np.zeros((1, 1, 5), np.uint8), np.zeros((1, 1, 5), np.uint8)
    a[0, 0] = [3, 1, 0, 0, 0]
    b[0, 0] = [1, 0, 3, 7, 0]
    united = union(on_grid(a), on_grid(b), [(3, 1), (1, 0), (0, 3), (0, 7)])
    assert united.lesions == {1: (1, 0), 2: (0, 3), 3: (3, 1), 7: (0, 7)}
    assert united.volume.array.tolist() == [[[3, 1, 2, 7, 0]]]


def test_the_grid_is_kept() -> None:
    a, _ = random_masks(1)
    grid = oblique_grid(a.shape)
    assert union(on_grid(a, grid), on_grid(a, grid), [(1, 1)]).volume.grid.same_as(grid)


def test_more_lesions_than_numbers_are_refused() -> None:
    a = on_grid(np.zeros((1, 1, 2), np.uint8))
    with pytest.raises(CrcError) as refusal:
        union(a, a, [*((n, 0) for n in range(1, 200)), *((0, n) for n in range(1, 200))])
    assert refusal.value.code == "agreement.too_many_lesions"


@settings(max_examples=30)
@given(SEEDS)
def test_regions_are_the_connected_parts_of_either_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ((rng.random((9, 8, 10)) < 0.15).astype(np.uint8) for _ in range(2))
    regions = disagreement_regions(on_grid(a), on_grid(b))
    for side, alone in ((Side.ONLY_A, (a > 0) & (b == 0)), (Side.ONLY_B, (b > 0) & (a == 0))):
        labels, count = ndimage.label(alone, np.ones((3, 3, 3)))
        mine = [region for region in regions if region.side is side]
        assert sorted(region.voxels for region in mine) == sorted(np.bincount(labels.ravel())[1:])
        boxes = sorted(tuple((s.start, s.stop - 1) for s in box) for box in ndimage.find_objects(labels))
        assert sorted(tuple(zip(r.first_kji, r.last_kji, strict=True)) for r in mine) == boxes
        assert len(mine) == count


def test_regions_come_by_volume_with_a_place_inside_them() -> None:
    a, b = np.zeros((10, 20, 20), np.uint8), np.zeros((10, 20, 20), np.uint8)
    a[2:5, 2:8, 2:8] = 1
    a[2:5, 4:6, 4:6] = 0
    b[8, 15:17, 15] = 1
    grid = oblique_grid(a.shape, (5, 0.75, 0.75))
    first, second = disagreement_regions(on_grid(a, grid), on_grid(b, grid))
    assert (first.side, first.voxels, first.slices) == (Side.ONLY_A, 96, (2, 4))
    assert (second.side, second.voxels, second.slices) == (Side.ONLY_B, 2, (8, 8))
    assert first.volume_ml == pytest.approx(96 * 5 * 0.75 * 0.75 / 1000)
    i, j, k = np.rint(grid.to_ijk(first.centre_ras_mm)).astype(int)
    assert a[k, j, i] == 1
    assert grid.to_ijk(first.centre_ras_mm) == pytest.approx([i, j, k])


def test_equal_masks_have_no_regions() -> None:
    a, _ = random_masks(3)
    assert disagreement_regions(on_grid(a), on_grid((a > 0).astype(np.uint8))) == ()
