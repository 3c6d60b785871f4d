"""Checks of what a contour holds, of neighbours, of the two edges, and of unions."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import AXIAL, FAT_HU, GAS_HU, TISSUE_HU, ellipsoid, image, mask, tube, turned_grid
from crc_core.contour import UNION_CHECKS, CheckId, Finding, check_union, inspect, subtract
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Target, Verdict

BALL = ellipsoid(AXIAL, (0, 0, 0), (12, 11, 15))
SPOT = ellipsoid(AXIAL, (3, 2, 0), (4, 4, 6))


def noisy(volume: Volume, sd_hu: float = 12.0) -> Volume:
    """The image with a scanner's blur and noise."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(volume.array.astype(np.float32), (0.4, 0.8, 0.8))
    noise = np.random.default_rng(7).normal(0, sd_hu, blurred.shape)
    return Volume(np.rint(blurred + noise).astype(np.int16), volume.grid)


def ids(findings: tuple[Finding, ...]) -> set[CheckId]:
    return {finding.id for finding in findings}


def body_image(*parts: tuple[np.ndarray, float]) -> Volume:
    """A patient in air: tissue within a wide cylinder of fat."""
    return image(AXIAL, (tube(AXIAL, (0, 0, 0), 21, 99), FAT_HU), *parts, background=GAS_HU)


@pytest.mark.parametrize("target", list(Target))
def test_sound_tissue_has_no_finding(target: Target) -> None:
    assert inspect(mask(BALL, AXIAL), noisy(body_image((BALL, TISSUE_HU))), target=target) == ()


@pytest.mark.parametrize(
    ("hu", "target", "check", "verdict"),
    [
        (GAS_HU, Target.LIVER, CheckId.GAS, Verdict.WARN),
        (GAS_HU, Target.PRIMARY, CheckId.GAS, Verdict.WARN),
        (-900, Target.LUNG, CheckId.GAS, Verdict.WARN),
        (FAT_HU, Target.LIVER, CheckId.FAT, Verdict.WARN),
        (FAT_HU, Target.NODE, CheckId.FAT, Verdict.WARN),
        (170, Target.LIVER, CheckId.VESSEL, Verdict.WARN),
        (700, Target.LIVER, CheckId.DENSE, Verdict.NOTE),
        (3000, Target.PRIMARY, CheckId.METAL, Verdict.WARN),
        (5, Target.PRIMARY, CheckId.FLUID, Verdict.NOTE),
    ],
)
def test_foreign_density_is_found_where_it_is(hu: float, target: Target, check: CheckId, verdict: Verdict) -> None:
    spot = ellipsoid(AXIAL, (3, 2, 0), (6, 6, 9)) if hu == FAT_HU else SPOT
    found = inspect(mask(BALL, AXIAL), noisy(body_image((BALL, 80), (spot, hu))), target=target)
    chosen = next(f for f in found if f.id is check)
    assert chosen.verdict is verdict
    k, j, i = np.rint(AXIAL.to_ijk(chosen.ras)).astype(int)[::-1]
    assert spot[k, j, i]
    assert chosen.slice_index == k
    assert chosen.size is not None
    spot_ml = np.count_nonzero(spot) * AXIAL.voxel_volume_mm3 / 1000
    assert 0.4 * spot_ml < chosen.size.value < 1.3 * spot_ml


def test_stool_is_told_from_gas() -> None:
    mottled = np.random.default_rng(3).random(AXIAL.shape_kji) < 0.25
    stool = ellipsoid(AXIAL, (0, 0, 0), (7, 7, 9))
    picture = body_image((BALL, 80), (stool, 35), (stool & mottled, -600))
    assert CheckId.LUMEN in ids(inspect(mask(BALL, AXIAL), picture, target=Target.PRIMARY))
    gas = inspect(mask(BALL, AXIAL), body_image((BALL, 80), (stool, GAS_HU)), target=Target.PRIMARY)
    assert CheckId.LUMEN not in ids(gas)
    assert CheckId.GAS in ids(gas)


def test_a_ring_drawn_along_its_edges_holds_no_gas() -> None:
    ring = tube(AXIAL, (0, 0, 0), 14, 20) & ~tube(AXIAL, (0, 0, 0), 8, 30)
    lumen = tube(AXIAL, (0, 0, 0), 8, 99)
    picture = noisy(body_image((tube(AXIAL, (0, 0, 0), 14, 99), 90), (lumen, GAS_HU)))
    assert inspect(mask(ring, AXIAL), picture, target=Target.PRIMARY) == ()
    too_wide = tube(AXIAL, (0, 0, 0), 14, 20) & ~tube(AXIAL, (0, 0, 0), 6, 30)
    assert CheckId.GAS in ids(inspect(mask(too_wide, AXIAL), picture, target=Target.PRIMARY))


def test_a_contour_drawn_too_wide_holds_fat() -> None:
    picture = noisy(body_image((BALL, 80)))
    wide = ellipsoid(AXIAL, (0, 0, 0), (15, 14, 18))
    assert CheckId.FAT in ids(inspect(mask(wide, AXIAL), picture, target=Target.LIVER))


def test_what_lies_outside_the_body() -> None:
    outside = ellipsoid(AXIAL, (14, 0, 0), (5, 5, 8))
    patient = image(AXIAL, (tube(AXIAL, (0, 0, 0), 15, 99), TISSUE_HU), background=GAS_HU)
    found = inspect(mask(outside, AXIAL), patient, target=Target.NODE)
    chosen = next(f for f in found if f.id is CheckId.OUTSIDE_BODY)
    assert chosen.ras is not None
    assert np.hypot(*chosen.ras[:2]) > 15
    lumen = body_image((BALL, 80), (SPOT, GAS_HU))
    assert CheckId.OUTSIDE_BODY not in ids(inspect(mask(BALL, AXIAL), lumen, target=Target.PRIMARY))


def test_lesions_that_touch_are_told_once() -> None:
    array = np.zeros(AXIAL.shape_kji, np.uint8)
    array[10:20, 10:20, 10:20] = 4
    array[20:30, 20:30, 20:30] = 2
    found = inspect(Volume(array, AXIAL), None, target=Target.LIVER)
    assert [(f.id, f.lesion, f.against, f.verdict) for f in found] == [(CheckId.TOUCHING, 2, "4", Verdict.NOTE)]
    array[20] = 0
    assert inspect(Volume(array, AXIAL), None, target=Target.LIVER) == ()


def test_targets_that_overlap() -> None:
    other = mask(ellipsoid(AXIAL, (12, 0, 0), (5, 5, 5)), AXIAL, 3)
    found = inspect(mask(BALL, AXIAL), None, target=Target.PRIMARY, others=[(Target.NODE, other)])
    assert [(f.id, f.against) for f in found] == [(CheckId.OVERLAP, "node")]
    shared = np.count_nonzero(BALL & (other.array > 0)) * AXIAL.voxel_volume_mm3 / 1000
    assert found[0].size is not None
    assert found[0].size.value == pytest.approx(shared)


def edges(outer: np.ndarray, inner: np.ndarray) -> tuple[Finding, ...]:
    parents = (mask(outer, AXIAL), mask(inner, AXIAL))
    return inspect(subtract(*parents), None, target=Target.PRIMARY, outer=parents[0], inner=parents[1])


def test_a_sound_ring_has_no_finding() -> None:
    assert edges(tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (0, 0, 0), 8, 20)) == ()


def test_a_crescent_is_noted_not_warned() -> None:
    found = edges(tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (9, 0, 0), 10, 20))
    assert ids(found) == {CheckId.INNER_OUTSIDE}
    assert found[0].verdict is Verdict.NOTE


def test_a_narrow_opening_is_warned() -> None:
    outer, inner = tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (0, 0, 0), 8, 20)
    slit = inner.copy()
    slit[18:21] |= tube(AXIAL, (0, 0, 0), 14, 20)[18:21] & (np.abs(np.indices(AXIAL.shape_kji)[1][18:21] - 32) < 2)
    found = edges(outer, slit)
    assert ids(found) == {CheckId.RING_BROKEN}
    assert (found[0].slice_index, found[0].last_slice_index, found[0].verdict) == (18, 20, Verdict.WARN)


def test_an_inner_edge_missing_on_slices_is_noted() -> None:
    found = edges(tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (0, 0, 0), 8, 10))
    assert ids(found) == {CheckId.INNER_MISSING}
    assert found[0].verdict is Verdict.NOTE


def test_an_inner_edge_beyond_the_outer_one_is_noted() -> None:
    found = edges(tube(AXIAL, (0, 0, 0), 14, 15), tube(AXIAL, (0, 0, 0), 8, 20))
    assert ids(found) == {CheckId.INNER_ALONE}


def test_an_inner_edge_elsewhere_is_warned() -> None:
    found = edges(tube(AXIAL, (-8, 0, 0), 10, 15), tube(AXIAL, (14, 0, 0), 5, 15))
    assert {(f.id, f.verdict) for f in found} == {
        (CheckId.INNER_OUTSIDE, Verdict.WARN),
        (CheckId.INNER_MISSING, Verdict.NOTE),
    }


def test_a_thin_wall_is_warned() -> None:
    found = edges(tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (0, 0, 0), 12, 20))
    assert ids(found) == {CheckId.WALL_THIN}
    assert found[0].size is not None
    assert found[0].size.value == pytest.approx(2.0, abs=0.8)


def test_a_wall_thicker_than_any_bowel_is_warned() -> None:
    grid = Grid.from_spacing((12, 80, 80), (2.0, 2.0, 3.0), (-80, -80, -15))
    outer, inner = mask(tube(grid, (0, 0, 0), 75, 12), grid), mask(tube(grid, (0, 0, 0), 9, 12), grid)
    found = inspect(subtract(outer, inner), None, target=Target.PRIMARY, outer=outer, inner=inner)
    assert ids(found) == {CheckId.WALL_THICK}


@pytest.mark.parametrize(("hu", "check"), [(GAS_HU, CheckId.GAS), (FAT_HU, CheckId.FAT), (170, CheckId.VESSEL)])
def test_a_union_with_foreign_tissue_is_not_final(hu: float, check: CheckId) -> None:
    spot = ellipsoid(AXIAL, (3, 2, 0), (6, 6, 9))
    picture = body_image((BALL, 80), (spot, hu))
    assert ids(check_union(mask(BALL, AXIAL), picture, target=Target.LIVER)) == {check}
    assert check_union(mask(BALL & ~spot, AXIAL), body_image((BALL, 80)), target=Target.LIVER) == ()


def test_a_union_that_bridges_two_lesions_is_not_final() -> None:
    array = np.zeros(AXIAL.shape_kji, np.uint8)
    array[10:20, 10:20, 10:20], array[10:20, 10:20, 20:30], array[30:35, 40:50, 40:50] = 1, 2, 3
    found = check_union(Volume(array, AXIAL), None, target=Target.LIVER)
    assert [(f.id, f.lesion, f.against) for f in found] == [(CheckId.BRIDGE, 1, "2")]
    assert check_union(Volume(array, AXIAL), None, target=Target.LIVER, only_lesions=[3]) == ()
    assert len(check_union(Volume(array, AXIAL), None, target=Target.LIVER, only_lesions=[2])) == 1
    assert set(UNION_CHECKS) >= ids(found)


def test_an_image_of_another_grid_is_refused() -> None:
    elsewhere = turned_grid(AXIAL.shape_kji, (0.8, 0.7, 1.5), (0, 0, 0))
    with pytest.raises(CrcError):
        inspect(mask(BALL, AXIAL), Volume(body_image().array, elsewhere), target=Target.LIVER)
    with pytest.raises(CrcError):
        check_union(mask(BALL, AXIAL), Volume(body_image().array, elsewhere), target=Target.LIVER)
