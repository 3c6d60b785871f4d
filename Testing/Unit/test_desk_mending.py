"""Keeping rings and mending findings: what is written to the segments gives exactly what the checks see then."""

from __future__ import annotations

import numpy as np
import pytest
from contour_support import ellipsoid, turned_grid
from crc_core.contour.inspection import inspect
from crc_core.contour.repairs import repair
from crc_core.contour.results import CheckId, Finding
from crc_core.contour.subtraction import subtract
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.layers import Crop, TargetLayers
from crc_core.desk.mending import Crops, kept_rings, mended
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from crc_core.vocabulary import Target
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

GRID = turned_grid((20, 40, 40), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))
CORONAL = turned_grid((20, 40, 40), (1.0, 1.0, 2.0), (90.0, 0.0, 0.0))


def put(layers: TargetLayers, part: Part, lesion: int, inside: NDArray[np.bool_]) -> None:
    box = bounding_box(inside.view(np.uint8))
    layers.put(part, lesion, None if box is None else Crop(box, inside[box]))


def take(layers: TargetLayers, crops: Crops) -> None:
    for (part, lesion), crop in crops.items():
        layers.put(part, lesion, crop)


def rings(grid: Grid, seed: int) -> TargetLayers:
    """Two or three primaries with edges, some of which meet, cross or are missing."""
    rng = np.random.default_rng(seed)
    layers = TargetLayers(grid, by_subtraction=True)
    for lesion in range(1, 2 + seed % 3):
        centre = rng.uniform(-9, 9, 3)
        put(layers, Part.OUTER, lesion, ellipsoid(grid, centre, rng.uniform(5, 9, 3)))
        if rng.random() > 0.2:
            put(layers, Part.INNER, lesion, ellipsoid(grid, centre + rng.uniform(-2, 2, 3), rng.uniform(1, 5, 3)))
    return layers


@given(st.integers(0, 400))
@settings(deadline=None, max_examples=60)
def test_kept_rings_are_what_the_subtraction_gives_and_nothing_more_is_written(seed: int) -> None:
    layers = rings(GRID, seed)
    assert layers.outer is not None and layers.inner is not None
    try:
        crops = kept_rings(layers)
    except CrcError as error:
        assert error.code == "contour.nothing_left"
        gone = [n for n in layers.outer.lesions if not (layers.examined.array == n).any()]
        assert gone
        return
    assert {part for part, _ in crops} <= {Part.MASK}
    take(layers, crops)
    assert layers.is_kept()
    assert np.array_equal(layers.mask.mask.array, subtract(layers.outer.mask, layers.inner.mask).array)
    assert kept_rings(layers) == {}, "what is kept already is not written again"


def test_a_ring_whose_outer_edge_was_erased_goes_with_the_next_keeping() -> None:
    layers = rings(GRID, 3)
    take(layers, kept_rings(layers))
    layers.put(Part.OUTER, 1, None)
    crops = kept_rings(layers)
    assert crops[Part.MASK, 1] is None


def mess(grid: Grid) -> NDArray[np.bool_]:
    """A lesion with a stray, a hole and a slice left out."""
    inside = ellipsoid(grid, (0, 0, 0), (9, 9, 12)) & ~ellipsoid(grid, (3, 3, 3), (1.4, 1.4, 1.4))
    inside[2, 3:5, 3:5] = True
    return inside


@pytest.mark.parametrize("grid", [GRID, CORONAL], ids=["axial", "coronal"])
@pytest.mark.parametrize("target", [Target.LIVER, Target.PRIMARY])
def test_a_mended_lesion_is_what_the_repair_of_the_whole_mask_gives(grid: Grid, target: Target) -> None:
    layers = TargetLayers(grid, by_subtraction=False)
    put(layers, Part.MASK, 4, mess(grid))
    for finding in inspect(layers.examined, None, target=target):
        if not finding.repairable:
            continue
        expected = layers.examined.array.copy()
        repair(finding, layers.examined).put_into(expected)
        take(layers, mended(layers, finding, kept=False))
        assert np.array_equal(layers.examined.array, expected)


def first(layers: TargetLayers, check: CheckId) -> Finding:
    assert layers.outer is not None and layers.inner is not None
    found = inspect(layers.examined, None, target=Target.PRIMARY, outer=layers.outer.mask, inner=layers.inner.mask)
    return next(item for item in found if item.id is check)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("check", [CheckId.ISLAND, CheckId.HOLE, CheckId.GAP])
def test_a_ring_is_mended_at_its_edges(check: CheckId, kept: bool) -> None:
    layers = TargetLayers(GRID, by_subtraction=True)
    outer = mess(GRID) | ellipsoid(GRID, (0, 0, 0), (9, 9, 12)) if check is CheckId.GAP else mess(GRID)
    if check is CheckId.GAP:
        outer[9] = False
    put(layers, Part.OUTER, 4, outer)
    put(layers, Part.INNER, 4, ellipsoid(GRID, (-3, -3, -1), (3, 3, 9)))
    assert layers.outer is not None and layers.inner is not None
    if kept:
        take(layers, kept_rings(layers))
    finding = first(layers, check)
    expected = layers.examined.array.copy()
    repair(finding, layers.examined, inner=layers.inner.mask).put_into(expected)
    take(layers, mended(layers, finding, kept=kept))
    assert np.array_equal(layers.examined.array, expected)
    assert np.array_equal(subtract(layers.outer.mask, layers.inner.mask).array, expected)
    assert layers.is_kept() is kept
    assert (layers.mask.lesions == (4,)) is kept


def test_what_lies_hidden_under_a_later_lesion_is_not_erased_by_a_repair() -> None:
    layers = TargetLayers(GRID, by_subtraction=False)
    put(layers, Part.MASK, 1, mess(GRID))
    put(layers, Part.MASK, 2, ellipsoid(GRID, (-5, 0, 0), (4, 4, 4)))
    hidden = layers.mask.crop(1)
    assert hidden is not None
    finding = next(item for item in inspect(layers.examined, None, target=Target.LIVER) if item.id is CheckId.ISLAND)
    before = int(hidden.inside.sum())
    crops = mended(layers, finding, kept=False)
    after = crops[Part.MASK, 1]
    assert after is not None and int(after.inside.sum()) == before - 4


def test_a_finding_that_no_longer_holds_is_refused() -> None:
    layers = TargetLayers(GRID, by_subtraction=False)
    put(layers, Part.MASK, 1, mess(GRID))
    finding = next(item for item in inspect(layers.examined, None, target=Target.LIVER) if item.id is CheckId.ISLAND)
    put(layers, Part.MASK, 1, ellipsoid(GRID, (0, 0, 0), (9, 9, 12)))
    with pytest.raises(CrcError, match="changed since"):
        mended(layers, finding, kept=False)
