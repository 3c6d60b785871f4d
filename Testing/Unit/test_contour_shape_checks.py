"""Every check of a contour's shape: found where it is, silent on sound bodies, mended where it can be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from contour_support import AXIAL, ellipsoid, mask, places, tube, turned_grid
from crc_core.contour import CheckId, Finding, Window, inspect, measure, repair, subtract
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Target, Verdict
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

BALL = ellipsoid(AXIAL, (0, 0, 0), (12, 11, 15))
OBLIQUE = turned_grid((40, 60, 64), (0.8, 0.7, 1.5), (15, -10, 25))
SAGITTAL = turned_grid((60, 40, 64), (0.8, 1.5, 0.7), (90, 0, 0))


def of(check: CheckId, findings: tuple[Finding, ...]) -> Finding:
    chosen = [finding for finding in findings if finding.id is check]
    assert len(chosen) == 1, findings
    return chosen[0]


def ids(findings: tuple[Finding, ...]) -> set[CheckId]:
    return {finding.id for finding in findings}


def voxel_at(finding: Finding, grid: Grid) -> tuple[int, int, int]:
    assert finding.ras is not None
    i, j, k = np.rint(grid.to_ijk(finding.ras)).astype(int)
    return (int(k), int(j), int(i))


@settings(max_examples=15)
@given(
    st.tuples(st.floats(5, 12), st.floats(5, 12), st.floats(5, 14)),
    st.sampled_from(list(Target)),
    st.sampled_from([AXIAL, OBLIQUE, SAGITTAL]),
)
def test_a_sound_body_has_no_finding(semi: tuple[float, float, float], target: Target, grid: Grid) -> None:
    centre = grid.to_ras(np.array(grid.shape_kji[::-1]) / 2)
    assert inspect(mask(ellipsoid(grid, centre, semi), grid), None, target=target) == ()


def test_nothing_drawn_is_said() -> None:
    found = inspect(mask(np.zeros(AXIAL.shape_kji, bool), AXIAL), None, target=Target.LIVER)
    assert [(item.id, item.verdict, item.ras) for item in found] == [(CheckId.EMPTY, Verdict.WARN, None)]


@pytest.mark.parametrize("grid", [AXIAL, OBLIQUE, SAGITTAL])
def test_a_single_voxel_is_found_where_it_is(grid: Grid) -> None:
    array = np.zeros(grid.shape_kji, np.uint8)
    array[20, 30, 31] = 9
    found = of(CheckId.TINY, inspect(Volume(array, grid), None, target=Target.LIVER))
    assert found.lesion == 9
    assert voxel_at(found, grid) == (20, 30, 31)
    assert found.slice_index == (30 if grid is SAGITTAL else 20)


@pytest.mark.parametrize("grid", [AXIAL, OBLIQUE, SAGITTAL])
def test_stray_islands_are_found_and_taken_out(grid: Grid) -> None:
    body = ellipsoid(grid, grid.to_ras(np.array(grid.shape_kji[::-1]) / 2), (9, 9, 12))
    volume = mask(body, grid, 5)
    volume.array[3, 4, 5] = 5
    volume.array[3, 4, 6] = 5
    found = of(CheckId.ISLAND, inspect(volume, None, target=Target.LIVER))
    assert found.verdict is Verdict.WARN
    assert found.repairable
    assert voxel_at(found, grid)[:2] == (3, 4)
    assert found.size is not None
    assert found.size.value == pytest.approx(2 * grid.voxel_volume_mm3 / 1000)
    mended = volume.array.copy()
    repair(found, volume).put_into(mended)
    assert np.array_equal(mended == 5, body)
    assert inspect(Volume(mended, grid), None, target=Target.LIVER) == ()


@pytest.mark.parametrize("place", [(2, 32, 30), (2, 5, 50), (200, 10, 10)])
def test_a_stray_far_away_is_an_island_wherever_it_lies(place: tuple[int, int, int]) -> None:
    """In one line with the lesion, in its slices, or so far that the box around both is most of the image."""
    grid = Grid.from_spacing((220, 150, 150), (0.8, 0.7, 1.5))
    body = np.zeros(grid.shape_kji, bool)
    body[100:130, 20:50, 20:45] = True
    volume = mask(body, grid)
    volume.array[place] = 1
    found = inspect(volume, None, target=Target.LIVER)
    assert ids(found) == {CheckId.ISLAND}
    assert voxel_at(found[0], grid) == place
    mended = volume.array.copy()
    repair(found[0], volume).put_into(mended)
    assert np.array_equal(mended != 0, body)


def test_strays_are_mended_one_by_one() -> None:
    volume = mask(BALL, AXIAL)
    volume.array[2, 2:4, 2], volume.array[36, 60, 50] = 1, 1
    found = [item for item in inspect(volume, None, target=Target.LIVER) if item.id is CheckId.ISLAND]
    assert [round(item.size.value / AXIAL.voxel_volume_mm3 * 1000) for item in found if item.size] == [2, 1]
    for item in found:
        repair(item, volume).put_into(volume.array)
    assert np.array_equal(volume.array != 0, BALL)


def test_a_stray_that_has_grown_into_the_lesion_is_left() -> None:
    volume = mask(BALL, AXIAL)
    volume.array[20, 32, 50:53] = 1
    found = of(CheckId.ISLAND, inspect(volume, None, target=Target.LIVER))
    volume.array[20, 32, 40:50] = 1
    with pytest.raises(CrcError) as refusal:
        repair(found, volume)
    assert refusal.value.code == "contour.repair_stale"


def test_an_inverted_mask_is_told_and_not_searched() -> None:
    grid = Grid.from_spacing((60, 100, 100), (1.5, 1.5, 2.5))
    found = inspect(mask(~ellipsoid(grid, (75, 75, 75), (20, 20, 20)), grid), None, target=Target.LIVER)
    assert [(item.id, item.verdict) for item in found] == [(CheckId.TOO_LARGE, Verdict.WARN)]


SMALL = Grid.from_spacing((6, 7, 8), (1.0, 1.5, 2.0))
RANDOM_MASKS = hnp.arrays(np.uint8, SMALL.shape_kji, elements=st.sampled_from([0, 0, 1, 1, 2]))
RANDOM_IMAGES = hnp.arrays(np.int16, SMALL.shape_kji, elements=st.integers(-1024, 3071), fill=st.just(50))


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(RANDOM_MASKS, RANDOM_MASKS, RANDOM_MASKS, RANDOM_IMAGES, st.sampled_from(list(Target)))
def test_any_mask_can_be_inspected_and_every_repair_does_what_it_says(
    array: np.ndarray, outer: np.ndarray, inner: np.ndarray, values: np.ndarray, target: Target
) -> None:
    volume = Volume(array, SMALL)
    edges = {"outer": Volume(outer, SMALL), "inner": Volume(inner, SMALL)} if target is Target.PRIMARY else {}
    measure(volume, target=target, **edges)
    for found in inspect(volume, Volume(values, SMALL), target=target, **edges):
        if found.ras is None:
            assert found.id is CheckId.EMPTY
            continue
        k, j, i = voxel_at(found, SMALL)
        assert all(0 <= index < size for index, size in zip((k, j, i), SMALL.shape_kji, strict=True))
        assert found.slice_index == k
        if found.repairable:
            after = array.copy()
            repair(found, volume, inner=edges.get("inner")).put_into(after)
            changed = after != array
            assert changed.any()
            assert set(np.unique(array[changed])) | set(np.unique(after[changed])) <= {0, found.lesion}


def test_one_number_for_two_lesions_is_said_and_not_repaired() -> None:
    volume = mask(BALL | ellipsoid(AXIAL, (17, 17, 0), (4, 4, 6)), AXIAL)
    found = of(CheckId.SEPARATE, inspect(volume, None, target=Target.LIVER))
    assert not found.repairable
    with pytest.raises(CrcError):
        repair(found, volume)


def test_two_crescents_of_one_subtraction_are_one_lesion() -> None:
    outer, inner = tube(AXIAL, (0, 0, 0), 14, 20), tube(AXIAL, (0, 0, 0), 8, 30)
    split = inner | (outer & (np.abs(places(AXIAL)[..., 0]) < 4))
    wall = subtract(mask(outer, AXIAL), mask(split, AXIAL))
    alone = inspect(wall, None, target=Target.PRIMARY)
    with_edges = inspect(wall, None, target=Target.PRIMARY, outer=mask(outer, AXIAL), inner=mask(split, AXIAL))
    assert CheckId.SEPARATE in ids(alone)
    assert CheckId.SEPARATE not in ids(with_edges)


@pytest.mark.parametrize("target", list(Target))
def test_holes_are_found_and_filled(target: Target) -> None:
    holed = BALL.copy()
    holed[18:21, 30:32, 28:31] = False
    volume = mask(holed, AXIAL, 2)
    found = of(CheckId.HOLE, inspect(volume, None, target=target))
    assert found.verdict is (Verdict.NOTE if target is Target.LUNG else Verdict.WARN)
    assert found.size is not None
    assert found.size.value == pytest.approx(18 * AXIAL.voxel_volume_mm3 / 1000)
    k, j, i = voxel_at(found, AXIAL)
    assert BALL[k, j, i]
    assert not holed[k, j, i]
    mended = volume.array.copy()
    repair(found, volume).put_into(mended)
    assert np.array_equal(mended == 2, BALL)


def test_the_lumen_of_a_primary_is_no_hole() -> None:
    ring = tube(AXIAL, (0, 0, 0), 14, 20) & ~tube(AXIAL, (0, 0, 0), 6, 30)
    assert CheckId.HOLE not in ids(inspect(mask(ring, AXIAL), None, target=Target.PRIMARY))
    assert CheckId.HOLE in ids(inspect(mask(ring, AXIAL), None, target=Target.LIVER))
    narrow = tube(AXIAL, (0, 0, 0), 14, 20) & ~tube(AXIAL, (0, 0, 0), 2, 30)
    lumen = mask(tube(AXIAL, (0, 0, 0), 2, 30), AXIAL)
    assert CheckId.HOLE in ids(inspect(mask(narrow, AXIAL), None, target=Target.PRIMARY))
    assert CheckId.HOLE not in ids(inspect(mask(narrow, AXIAL), None, target=Target.PRIMARY, inner=lumen))


def test_filling_a_hole_does_not_eat_another_lesion() -> None:
    array = BALL.astype(np.uint8)
    array[19:21, 30:32, 28:31] = 0
    array[19, 30, 28] = 7
    volume = Volume(array, AXIAL)
    found = next(f for f in inspect(volume, None, target=Target.LIVER) if f.id is CheckId.HOLE and f.lesion == 1)
    mended = array.copy()
    repair(found, volume).put_into(mended)
    assert mended[19, 30, 28] == 7
    assert np.count_nonzero(mended == 0) == np.count_nonzero(~BALL)


@pytest.mark.parametrize("grid", [AXIAL, SAGITTAL])
def test_a_missing_slice_is_found_and_drawn(grid: Grid) -> None:
    centre = grid.to_ras(np.array(grid.shape_kji[::-1]) / 2)
    body = ellipsoid(grid, centre, (10, 10, 13))
    axis = 1 if grid is SAGITTAL else 0
    middle = grid.shape_kji[axis] // 2 + 2
    gapped = np.moveaxis(body.copy(), axis, 0)
    whole = gapped[middle].copy()
    gapped[middle] = False
    volume = mask(np.moveaxis(gapped, 0, axis), grid)
    found = of(CheckId.GAP, inspect(volume, None, target=Target.LIVER))
    assert (found.slice_index, found.last_slice_index) == (middle, middle)
    mended = volume.array.copy()
    repair(found, volume).put_into(mended)
    drawn = np.moveaxis(mended, axis, 0)[middle] != 0
    assert 2 * np.count_nonzero(drawn & whole) / (drawn.sum() + whole.sum()) > 0.97
    assert inspect(Volume(mended, grid), None, target=Target.LIVER) == ()


def test_a_wide_gap_is_told_with_both_ends_and_left_to_the_person() -> None:
    gapped = BALL.copy()
    gapped[18:21] = False
    found = of(CheckId.GAP, inspect(mask(gapped, AXIAL), None, target=Target.LIVER))
    assert (found.slice_index, found.last_slice_index, found.repairable) == (18, 20, False)
    assert found.size is not None
    assert found.size.value == 3


@pytest.mark.parametrize("every", [2, 3])
def test_drawing_every_nth_slice_is_one_finding(every: int) -> None:
    sparse = np.zeros_like(BALL)
    sparse[10:31:every] = BALL[10:31:every]
    found = of(CheckId.EVERY_NTH, inspect(mask(sparse, AXIAL), None, target=Target.LIVER))
    assert found.size is not None
    assert found.size.value == every


def test_a_lesion_on_one_slice() -> None:
    flat = np.zeros_like(BALL)
    flat[20] = BALL[20]
    assert of(CheckId.SINGLE_SLICE, inspect(mask(flat, AXIAL), None, target=Target.LIVER)).verdict is Verdict.WARN
    thick = Grid.from_spacing((5, 64, 60), (0.8, 0.7, 12.0))
    small = np.zeros(thick.shape_kji, bool)
    small[2, 20:30, 20:30] = True
    assert of(CheckId.SINGLE_SLICE, inspect(mask(small, thick), None, target=Target.LIVER)).verdict is Verdict.NOTE


def test_a_slice_that_leaps_out_and_back() -> None:
    leaping = BALL.copy()
    leaping[22] = ellipsoid(AXIAL, (0, 0, 3), (20, 19, 5))[22]
    found = of(CheckId.JUMP, inspect(mask(leaping, AXIAL), None, target=Target.LIVER))
    assert found.slice_index == 22
    shrinking = BALL.copy()
    shrinking[22] = ellipsoid(AXIAL, (0, 0, 4.5), (4, 4, 5))[22]
    assert of(CheckId.JUMP, inspect(mask(shrinking, AXIAL), None, target=Target.LIVER)).slice_index == 22


def test_a_step_and_a_shift_are_notes() -> None:
    stepped = tube(AXIAL, (0, 0, -10), 19, 10) | tube(AXIAL, (0, 0, 10), 6, 10)
    assert of(CheckId.STEP, inspect(mask(stepped, AXIAL), None, target=Target.LIVER)).verdict is Verdict.NOTE
    shifted = tube(AXIAL, (-8, 0, -10), 8, 9.9) | tube(AXIAL, (7, 0, 10), 8, 10)
    assert of(CheckId.SHIFT, inspect(mask(shifted, AXIAL), None, target=Target.LIVER)).verdict is Verdict.NOTE


@pytest.mark.parametrize(("axis", "end"), [(0, 0), (0, -1), (1, 0), (1, -1), (2, 0), (2, -1)])
def test_touching_the_border_of_the_image(axis: int, end: int) -> None:
    inside = np.zeros(AXIAL.shape_kji, bool)
    chosen = [slice(15, 25)] * 3
    chosen[axis] = slice(0, 8) if end == 0 else slice(-8, None)
    inside[tuple(chosen)] = True
    found = of(CheckId.BORDER, inspect(mask(inside, AXIAL), None, target=Target.LIVER))
    assert voxel_at(found, AXIAL)[axis] == (0 if end == 0 else AXIAL.shape_kji[axis] - 1)
    assert found.size is not None
    assert found.size.value == 100


def test_interpolated_slices_nobody_has_seen() -> None:
    found = inspect(mask(BALL, AXIAL), None, target=Target.LIVER, interpolated_slices=[15, 16, 20, 39])
    assert [(f.id, f.slice_index, f.last_slice_index) for f in found] == [
        (CheckId.INTERPOLATED, 15, 16),
        (CheckId.INTERPOLATED, 20, 20),
    ]


@pytest.mark.parametrize(
    ("target", "window", "told"),
    [
        (Target.PRIMARY, Window(225, 40), False),
        (Target.PRIMARY, Window(1500, -600), True),
        (Target.LIVER, Window(80, 40), True),
        (Target.LUNG, Window(1500, -600), False),
        (Target.LUNG, Window(225, 40), True),
    ],
)
def test_the_window_drawn_in(target: Target, window: Window, told: bool) -> None:
    found = inspect(mask(BALL, AXIAL), None, target=target, window=window)
    assert ids(found) == ({CheckId.WINDOW} if told else set())


def test_a_repair_after_a_change_is_refused() -> None:
    volume = mask(BALL, AXIAL)
    volume.array[2, 2, 2] = 1
    found = of(CheckId.ISLAND, inspect(volume, None, target=Target.LIVER))
    with pytest.raises(CrcError) as refusal:
        repair(found, mask(BALL, AXIAL))
    assert refusal.value.code == "contour.repair_stale"
    with pytest.raises(CrcError) as refusal:
        repair(dataclasses.replace(found, lesion=8), volume)
    assert refusal.value.code == "contour.repair_stale"


def test_the_worst_comes_first() -> None:
    volume = mask(BALL, AXIAL)
    volume.array[2, 2, 2] = 1
    found = inspect(volume, None, target=Target.LUNG, window=Window(225, 40))
    assert [item.verdict for item in found] == [Verdict.WARN, Verdict.NOTE]
