"""Overlap and surface distances against SimpleITK, MedPy and surface-distance, and what must never change them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from agreement_support import (
    ISOTROPIC,
    SPACINGS_KJI_MM,
    THICK,
    ball,
    blob_pair,
    itk_hausdorff_mm,
    itk_overlap,
    noise_pair,
    surface_distance_says,
)
from crc_core.agreement import hausdorff_mm, overlap, surface_distances
from crc_core.agreement.nearest import PointSet
from crc_core.agreement.overlap import Overlap
from crc_core.agreement.surface_elements import element_areas_mm2
from hypothesis import given, settings
from hypothesis import strategies as st
from medpy.metric import binary as medpy

SEEDS = st.integers(0, 10_000)
SPACINGS = st.sampled_from(SPACINGS_KJI_MM)
THREE_TIMES = {"min_size": 3, "max_size": 3}
PAIRS = [
    *(pytest.param(blob_pair(seed), id=f"blobs{seed}") for seed in range(3)),
    *(pytest.param(noise_pair(seed), id=f"noise{seed}") for seed in range(6)),
    pytest.param((ball((12,) * 3, (5, 5, 5), (4,) * 3), ball((12,) * 3, (6, 5, 5), (1,) * 3)), id="inside"),
    pytest.param((ball((8, 9, 40), (4, 4, 3), (3,) * 3), ball((8, 9, 40), (4, 4, 35), (3,) * 3)), id="disjoint"),
]


def measures(a: np.ndarray, b: np.ndarray, spacing_kji_mm: tuple[float, float, float]) -> list[float]:
    """Everything the kernels say of two masks."""
    distances = surface_distances(a, b, spacing_kji_mm)
    return [
        hausdorff_mm(a, b, spacing_kji_mm),
        distances.percentile_mm(95),
        distances.mean_mm,
        *(distances.dice_at(tolerance) for tolerance in (1, 2, 3)),
        distances.dice_at_voxel,
    ]


@pytest.mark.parametrize("pair", PAIRS)
def test_overlap_equals_simpleitk_and_medpy(pair: tuple[np.ndarray, np.ndarray]) -> None:
    counts = overlap(*pair)
    assert (counts.dice, counts.jaccard) == pytest.approx(itk_overlap(*pair), abs=1e-12)
    assert counts.dice == pytest.approx(medpy.dc(*pair), abs=1e-12)
    assert counts.jaccard == pytest.approx(medpy.jc(*pair), abs=1e-12)


@pytest.mark.parametrize("spacing", SPACINGS_KJI_MM)
@pytest.mark.parametrize("pair", PAIRS)
def test_hausdorff_equals_simpleitk(pair: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float]) -> None:
    assert hausdorff_mm(*pair, spacing) == pytest.approx(itk_hausdorff_mm(*pair, spacing), abs=1e-6)


@pytest.mark.parametrize("spacing", SPACINGS_KJI_MM)
@pytest.mark.parametrize("pair", PAIRS)
def test_surface_measures_equal_surface_distance(
    pair: tuple[np.ndarray, np.ndarray], spacing: tuple[float, float, float]
) -> None:
    ours, witness = surface_distances(*pair, spacing), surface_distance_says(*pair, spacing)
    assert ours.percentile_mm(95) == pytest.approx(witness.hd95_mm, abs=1e-6)
    assert ours.mean_mm == pytest.approx(witness.assd_mm, abs=1e-6)
    for tolerance_mm, share in witness.surface_dice.items():
        assert ours.dice_at(tolerance_mm) == pytest.approx(share, abs=1e-6)


def test_element_areas_equal_those_published_at_every_spacing() -> None:
    from surface_distance import lookup_tables

    kernel = lookup_tables.ENCODE_NEIGHBOURHOOD_3D_KERNEL
    corners = list(itertools.product((0, 1), repeat=3))
    for spacing in SPACINGS_KJI_MM:
        ours = element_areas_mm2(spacing)
        theirs = lookup_tables.create_table_neighbour_code_to_surface_area(spacing)
        for filling in range(256):
            code = sum(int(kernel[corner]) for bit, corner in enumerate(corners) if filling >> bit & 1)
            assert ours[filling] == pytest.approx(theirs[code], abs=1e-12)


def test_hausdorff_of_convex_masks_equals_medpy() -> None:
    shape = (20, 30, 30)
    a, b = ball(shape, (10, 14, 14), (6, 9, 8)), ball(shape, (11, 16, 15), (6, 8, 9))
    for spacing in SPACINGS_KJI_MM:
        assert hausdorff_mm(a, b, spacing) == pytest.approx(medpy.hd(a, b, spacing), abs=1e-9)


def test_hausdorff_sees_the_inside_where_medpy_sees_borders_only() -> None:
    full = ball((21,) * 3, (10, 10, 10), (8,) * 3)
    shell = full & ~ball((21,) * 3, (10, 10, 10), (5,) * 3)
    assert hausdorff_mm(full, shell, ISOTROPIC) == pytest.approx(itk_hausdorff_mm(full, shell, ISOTROPIC))
    assert medpy.hd(full, shell, ISOTROPIC) < hausdorff_mm(full, shell, ISOTROPIC) - 1


@pytest.mark.parametrize("seed", range(4))
def test_border_voxel_measures_of_medpy_lie_within_a_voxel(seed: int) -> None:
    """MedPy measures between centres of border voxels, each counting as one; ours between corners by their area."""
    a, b = blob_pair(seed)
    for spacing in SPACINGS_KJI_MM:
        ours, voxel_mm = surface_distances(a, b, spacing), float(np.linalg.norm(spacing))
        assert ours.percentile_mm(95) == pytest.approx(medpy.hd95(a, b, spacing), abs=voxel_mm)
        assert ours.mean_mm == pytest.approx(medpy.assd(a, b, spacing), abs=voxel_mm / 2)


@settings(max_examples=25)
@given(
    SEEDS, st.sampled_from(SPACINGS_KJI_MM), st.permutations(range(3)), st.lists(st.booleans(), min_size=3, max_size=3)
)
def test_order_mirrors_and_axes_do_not_matter(
    seed: int, spacing: tuple[float, float, float], axes: list[int], mirrored: list[bool]
) -> None:
    a, b = noise_pair(seed, (5, 6, 7))
    expected = measures(a, b, spacing)
    assert measures(b, a, spacing) == pytest.approx(expected, abs=1e-9)
    turned = [np.flip(mask, [n for n in range(3) if mirrored[n]]).transpose(axes) for mask in (a, b)]
    assert measures(*turned, tuple(spacing[n] for n in axes)) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25)
@given(SEEDS, st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), **THREE_TIMES))
def test_padding_and_place_do_not_matter(seed: int, margins: list[tuple[int, int]]) -> None:
    a, b = noise_pair(seed, (5, 6, 7))
    padded = [np.pad(mask, margins) for mask in (a, b)]
    assert measures(*padded, THICK) == pytest.approx(measures(a, b, THICK), abs=1e-9)


@settings(max_examples=25)
@given(SEEDS)
def test_a_mask_agrees_with_itself(seed: int) -> None:
    a, _ = noise_pair(seed, (5, 6, 7))
    assert measures(a, a, THICK) == [0, 0, 0, 1, 1, 1, 1]


@settings(max_examples=20)
@given(SEEDS, SPACINGS | st.just((40.0, 0.1, 0.3)), st.sampled_from([(30, 4), (300, 40), (9000, 60)]))
def test_nearest_equals_trying_all(seed: int, spacing: tuple[float, float, float], size: tuple[int, int]) -> None:
    """Points near enough for steps, points for the tree, and so many far ones that blocks are passed over."""
    count, width = size
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 8, (40, 3)).astype(np.int32)
    points = rng.integers(0, width, (count, 3)).astype(np.int32)
    every_mm = np.linalg.norm((points[:, None] - targets) * np.array(spacing), axis=2).min(axis=1)
    found = PointSet(targets, spacing)
    assert found.nearest_mm(points) == pytest.approx(every_mm, abs=1e-9)
    assert found.farthest_mm(points) == pytest.approx(every_mm.max(), abs=1e-9)
    beside = (np.abs(points[:, None] - targets).sum(axis=2) <= 1).any(axis=1)
    assert (found.is_beside(points) == beside).all()


def test_one_voxel_is_one_step_along_any_axis() -> None:
    a = ball((12, 12, 12), (5, 5, 5), (3,) * 3)
    for axis in range(3):
        assert surface_distances(a, np.roll(a, 1, axis), THICK).dice_at_voxel == 1.0
        assert surface_distances(a, np.roll(a, 2, axis), THICK).dice_at_voxel < 1.0


def test_an_empty_mask_has_no_distance() -> None:
    a, empty = ball((5,) * 3, (2, 2, 2), (1,) * 3), np.zeros((5, 5, 5), np.uint8)
    for first, second in ((a, empty), (empty, a), (empty, empty)):
        with pytest.raises(ValueError, match="empty"):
            surface_distances(first, second, ISOTROPIC)
        with pytest.raises(ValueError, match="empty"):
            hausdorff_mm(first, second, ISOTROPIC)


def test_shapes_must_be_equal() -> None:
    a, b = np.ones((2, 2, 2), np.uint8), np.ones((2, 2, 3), np.uint8)
    for kernel in (
        overlap,
        lambda x, y: surface_distances(x, y, ISOTROPIC),
        lambda x, y: hausdorff_mm(x, y, ISOTROPIC),
    ):
        with pytest.raises(ValueError, match="shapes differ"):
            kernel(a, b)


@pytest.mark.parametrize(
    ("counts", "reached", "shown"),
    [
        (Overlap(80, 100, 100), True, 0.8),
        (Overlap(79_999, 100_000, 100_000), False, 0.799),
        (Overlap(799_999_999, 1_000_000_000, 1_000_000_000), False, 0.799),
        (Overlap(2, 2, 3), True, 0.8),
        (Overlap(0, 4, 0), False, 0.0),
        (Overlap(0, 0, 0), False, None),
    ],
)
def test_the_threshold_is_decided_in_integers(counts: Overlap, reached: bool, shown: float | None) -> None:
    assert counts.reaches(80) is reached
    assert counts.swapped().reaches(80) is reached
    assert counts.dice_floored == shown
