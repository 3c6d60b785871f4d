"""Two readings compared: lesions, verdicts, and the answers where a mask is empty, tiny, at the border or elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from agreement_support import (
    SPACINGS_KJI_MM,
    ball,
    blob_pair,
    itk_hausdorff_mm,
    oblique_grid,
    on_grid,
    straight_grid,
    surface_distance_says,
)
from crc_core.agreement import Agreement, Comparison, compare_masks, compare_prepared, prepare
from crc_core.agreement.readers import compare_readers
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPE = (20, 24, 28)


def lesions(*balls: tuple[tuple[float, float, float], float, int]) -> np.ndarray:
    """A mask of balls: centre, radius, lesion number; a later ball wins."""
    mask = np.zeros(SHAPE, np.uint8)
    for centre, radius, number in balls:
        mask[ball(SHAPE, centre, (radius,) * 3) > 0] = number
    return mask


def compare(a: np.ndarray, b: np.ndarray, **options: object) -> Comparison:
    """The comparison of two arrays on a plain grid."""
    return compare_masks(on_grid(a), on_grid(b), **options)


TWO = lesions(((6, 6, 6), 4, 1), ((13, 16, 20), 5, 2))


def test_equal_masks_agree_in_every_measure() -> None:
    comparison = compare(TWO, TWO)
    assert comparison.verdict is Agreement.AGREED
    assert not comparison.is_absent
    assert comparison.overlap.dice == comparison.overlap.jaccard == 1
    assert comparison.surface is not None
    assert (comparison.surface.hd_mm, comparison.surface.hd95_mm, comparison.surface.assd_mm) == (0, 0, 0)
    assert comparison.surface.surface_dice == ((1, 1.0), (2, 1.0), (3, 1.0))
    assert comparison.centroid_distance_mm == 0
    assert [(pair.number_a, pair.number_b, pair.dice, pair.agreed) for pair in comparison.pairs] == [
        (1, 1, 1, True),
        (2, 2, 1, True),
    ]


def test_neither_drew_anything_is_agreed_absent() -> None:
    comparison = compare(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8))
    assert comparison.is_absent
    assert comparison.verdict is Agreement.AGREED
    assert comparison.overlap.dice is None
    assert comparison.surface is None
    assert comparison.centroid_distance_mm is None


@pytest.mark.parametrize("swap", [False, True])
def test_only_one_drew_something_is_disputed(swap: bool) -> None:
    masks = (np.zeros(SHAPE, np.uint8), TWO)
    comparison = compare(*(masks[::-1] if swap else masks))
    assert comparison.verdict is Agreement.DISPUTED
    assert comparison.overlap.dice == 0
    assert comparison.surface is None
    assert (comparison.only_a, comparison.only_b) == (((1, 2), ()) if swap else ((), (1, 2)))


def test_disjoint_masks_have_distances_but_no_pair() -> None:
    a, b = lesions(((6, 6, 6), 3, 1)), lesions(((6, 6, 20), 3, 1))
    comparison = compare(a, b)
    assert comparison.verdict is Agreement.DISPUTED
    assert (comparison.pairs, comparison.only_a, comparison.only_b) == ((), (1,), (1,))
    assert comparison.overlap.dice == 0
    assert comparison.surface is not None
    assert comparison.surface.hd_mm == itk_hausdorff_mm(a, b, (1, 1, 1)) == 14
    assert comparison.surface.surface_dice[0] == (1, 0.0)
    assert comparison.centroid_distance_mm == pytest.approx(14)


def test_one_voxel_against_one_voxel() -> None:
    a, b = np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint8)
    a[0, 0, 0] = b[0, 0, 2] = 1
    grid = straight_grid(a.shape, (5, 0.75, 0.5))
    apart = compare_masks(Volume(a, grid), Volume(b, grid))
    assert apart.surface is not None
    assert apart.surface.hd_mm == 1.0
    assert apart.volumes_ml == pytest.approx((0.001875, 0.001875))
    same = compare_masks(Volume(a, grid), Volume(a, grid))
    assert same.verdict is Agreement.AGREED


def test_a_mask_that_fills_the_image_has_a_surface_all_around() -> None:
    full, half = np.ones((6, 6, 6), np.uint8), np.ones((6, 6, 6), np.uint8)
    half[3:] = 0
    comparison, witness = compare(full, half), surface_distance_says(full, half, (1, 1, 1))
    assert comparison.surface is not None
    assert comparison.surface.hd_mm == 3
    assert comparison.surface.hd95_mm == pytest.approx(witness.hd95_mm)
    assert comparison.surface.assd_mm == pytest.approx(witness.assd_mm)


@pytest.mark.parametrize("make_grid", [straight_grid, oblique_grid])
@pytest.mark.parametrize("spacing", SPACINGS_KJI_MM)
def test_measures_on_turned_and_mirrored_grids_equal_the_witnesses(make_grid, spacing) -> None:
    a, b = blob_pair(5)
    grid: Grid = make_grid(a.shape, spacing)
    comparison, witness = compare_masks(Volume(a, grid), Volume(b, grid)), surface_distance_says(a, b, spacing)
    assert comparison.surface is not None
    assert comparison.surface.hd_mm == pytest.approx(itk_hausdorff_mm(a, b, spacing), abs=1e-6)
    assert comparison.surface.hd95_mm == pytest.approx(witness.hd95_mm, abs=1e-6)
    assert comparison.surface.assd_mm == pytest.approx(witness.assd_mm, abs=1e-6)
    assert dict(comparison.surface.surface_dice) == pytest.approx(witness.surface_dice, abs=1e-6)
    voxel_ml = np.prod(spacing) / 1000
    assert comparison.volumes_ml == pytest.approx((a.sum() * voxel_ml, b.sum() * voxel_ml))
    step_mm = (np.argwhere(a).mean(axis=0) - np.argwhere(b).mean(axis=0)) * spacing
    assert comparison.centroid_distance_mm == pytest.approx(np.linalg.norm(step_mm))


def test_centroids_are_places_in_the_patient() -> None:
    comparison = compare_masks(on_grid(TWO, oblique_grid(SHAPE)), on_grid(TWO, oblique_grid(SHAPE)))
    assert comparison.centroids_ras_mm is not None
    k, j, i = np.argwhere(TWO).mean(axis=0)
    assert comparison.centroids_ras_mm[0] == pytest.approx(oblique_grid(SHAPE).to_ras((i, j, k)))


def test_measures_of_a_lesion_are_those_of_that_lesion_alone() -> None:
    a = lesions(((6, 6, 6), 4, 1), ((8, 8, 12), 4, 7))
    b = lesions(((7, 6, 6), 4, 3), ((8, 9, 12), 5, 9))
    comparison = compare(a, b)
    assert [(pair.number_a, pair.number_b) for pair in comparison.pairs] == [(1, 3), (7, 9)]
    for pair in comparison.pairs:
        own, other = (a == pair.number_a).astype(np.uint8), (b == pair.number_b).astype(np.uint8)
        witness = surface_distance_says(own, other, (1, 1, 1))
        assert pair.hd95_mm == pytest.approx(witness.hd95_mm, abs=1e-9)
        assert pair.assd_mm == pytest.approx(witness.assd_mm, abs=1e-9)
        assert pair.hd_mm == pytest.approx(itk_hausdorff_mm(own, other, (1, 1, 1)), abs=1e-6)
        assert pair.intersection == (own & other).sum()
        assert (pair.size_a, pair.size_b) == (own.sum(), other.sum())


def test_touching_lesions_have_no_surface_between_them() -> None:
    a, b = np.zeros((8, 8, 8), np.uint8), np.zeros((8, 8, 8), np.uint8)
    a[2:6, 2:6, 2:6] = 1
    a[2:6, 2:6, 4:6] = 2
    b[2:6, 2:6, 2:7] = 1
    comparison, witness = compare(a, b), surface_distance_says(a, b, (1, 1, 1))
    assert comparison.surface is not None
    assert comparison.surface.assd_mm == pytest.approx(witness.assd_mm, abs=1e-9)
    assert comparison.surface.hd95_mm == pytest.approx(witness.hd95_mm, abs=1e-9)


def test_a_missed_lesion_is_named() -> None:
    comparison = compare(TWO, np.where(TWO == 1, TWO, 0).astype(np.uint8))
    assert (comparison.only_a, comparison.only_b) == ((2,), ())
    assert comparison.pairs[0].agreed
    assert comparison.verdict is Agreement.DISPUTED


def test_split_and_merged_lesions_are_named_and_disputed() -> None:
    one = lesions(((10, 12, 14), 6, 4))
    several = one.copy()
    several[one > 0] = 1
    several[:, :, 15:][one[:, :, 15:] > 0] = 2
    split = compare(one, several)
    assert [(item.number_a, item.numbers_b) for item in split.split] == [(4, (1, 2))]
    assert (split.merged, len(split.pairs)) == ((), 1)
    merged = compare(several, one)
    assert [(item.numbers_a, item.number_b) for item in merged.merged] == [((1, 2), 4)]
    assert merged.split == ()
    for comparison in (split, merged):
        assert comparison.overlap.dice == 1
        assert not any(pair.agreed for pair in comparison.pairs)
        assert comparison.verdict is Agreement.DISPUTED


def test_a_fragment_cut_off_disputes_even_a_pair_above_the_threshold() -> None:
    one = lesions(((10, 12, 14), 6, 1))
    cut = one.copy()
    cut[:, :, 18:][one[:, :, 18:] > 0] = 2
    comparison = compare(one, cut)
    assert comparison.pairs[0].dice > 0.8
    assert not comparison.pairs[0].agreed
    assert comparison.only_b == (2,)


def test_neighbours_that_only_touch_are_neither_split_nor_merged() -> None:
    a = lesions(((10, 12, 8), 5, 1), ((10, 12, 18), 5, 2))
    b = lesions(((10, 12, 9), 5, 1), ((10, 12, 19), 5, 2))
    comparison = compare(a, b)
    assert (comparison.split, comparison.merged) == ((), ())
    assert [(pair.number_a, pair.number_b) for pair in comparison.pairs] == [(1, 1), (2, 2)]


def test_sub_voxel_disputes_are_marked() -> None:
    a, b = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    a[5:8, 5:8, 5:8] = 1
    b[5:8, 5:8, 6:9] = 1
    pair = compare(a, b).pairs[0]
    assert (pair.agreed, pair.sub_voxel) == (False, True)
    b[5:8, 5:8, 6:11] = 1
    assert not compare(a, b).pairs[0].sub_voxel


def test_excluded_lesions_count_as_not_drawn() -> None:
    without = np.where(TWO == 1, TWO, 0).astype(np.uint8)
    comparison = compare(TWO, without, excluded_a={2})
    assert comparison.verdict is Agreement.AGREED
    assert comparison.overlap.size_a == (TWO == 1).sum()
    assert comparison.only_a == ()
    nothing = compare(TWO, TWO, excluded_a={1, 2}, excluded_b={1, 2})
    assert nothing.is_absent
    one_sided = compare(TWO, TWO, excluded_b={2})
    assert one_sided.only_a == (2,)
    assert one_sided.overlap.intersection == (TWO == 1).sum()


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_the_order_of_readers_only_swaps_sides(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 4, (5, 6, 7)).astype(np.uint8) for _ in range(2))
    there, back = compare(a, b), compare(b, a)
    assert there.overlap == back.overlap.swapped()
    assert there.surface is not None
    assert back.surface is not None
    assert there.surface.hd_mm == back.surface.hd_mm
    assert there.surface.hd95_mm == pytest.approx(back.surface.hd95_mm, abs=1e-9)
    assert there.surface.assd_mm == pytest.approx(back.surface.assd_mm, abs=1e-9)
    assert there.verdict is back.verdict
    assert sum(p.intersection for p in there.pairs) == sum(p.intersection for p in back.pairs)
    assert {(s.number_a, s.numbers_b) for s in there.split} == {(m.number_b, m.numbers_a) for m in back.merged}


def test_another_grid_is_refused_with_the_difference_named() -> None:
    moved = Grid(SHAPE, straight_grid(SHAPE).ijk_to_ras + np.array([[0, 0, 0, 3.0], *[[0] * 4] * 3]))
    with pytest.raises(CrcError, match=r"3\.000 mm"):
        compare_masks(on_grid(TWO), Volume(TWO, moved))
    with pytest.raises(CrcError, match="28 × 24 × 19"):
        compare_masks(on_grid(TWO), on_grid(TWO[1:]))


@pytest.mark.parametrize(
    ("array", "code"),
    [
        (np.full(SHAPE, 0.5), "mask.float"),
        (np.full(SHAPE, -1, np.int16), "mask.range"),
        (np.full(SHAPE, 256, np.uint16), "mask.range"),
    ],
)
def test_values_that_are_no_lesion_numbers_are_refused(array: np.ndarray, code: str) -> None:
    with pytest.raises(CrcError) as refusal:
        compare(TWO, array)
    assert refusal.value.code == code


@pytest.mark.parametrize("dtype", [bool, np.int8, np.int16, np.uint16, np.int64])
def test_whole_numbers_of_any_width_are_lesion_numbers(dtype: type) -> None:
    one = (TWO > 0).astype(dtype)
    assert compare(one, np.asfortranarray(one)).overlap.size_b == (TWO > 0).sum()


def test_several_readers_give_all_pairs_and_absent_pairs_stay_out_of_means() -> None:
    empty = np.zeros(SHAPE, np.uint8)
    wide = lesions(((6, 6, 6), 5, 1), ((13, 16, 20), 5, 2))
    readers = compare_readers([prepare(on_grid(mask)) for mask in (TWO, wide, TWO)])
    assert [(pair.first, pair.second) for pair in readers.pairs] == [(0, 1), (0, 2), (1, 2)]
    two_dice = compare(TWO, wide).overlap.dice
    assert readers.dice_minimum == two_dice
    assert readers.dice_mean == pytest.approx((2 * two_dice + 1) / 3)
    assert readers.verdict is Agreement.DISPUTED
    some = compare_readers([prepare(on_grid(mask)) for mask in (empty, empty, TWO)])
    assert (len(some.dice_values), some.dice_mean, some.dice_minimum) == (2, 0, 0)
    none = compare_readers([prepare(on_grid(empty))] * 3)
    assert (none.dice_mean, none.dice_minimum, none.verdict) == (None, None, Agreement.AGREED)


def test_prepared_masks_can_be_used_again() -> None:
    a, b = prepare(on_grid(TWO)), prepare(on_grid(np.roll(TWO, 1, 2)))
    first, again = compare_prepared(a, b), compare_prepared(a, b)
    assert first.surface == again.surface
    assert first.pairs == again.pairs
