"""The connected parts of a lesion: the pieces that are examined, and the strays that a slip of the pen left.

A stray may lie far away, and the box around both then holds most of the image. Far parts are therefore told apart by
their voxels' places in coarse blocks, and only what lies together is looked at voxel by voxel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.results import Box
from crc_core.contour.rules import ContourRules
from crc_core.contour.voxels import Lesion, bounding_box

ALL_AROUND = np.ones((3, 3, 3), bool)
"""Voxels that touch by a corner belong together."""

_LARGE_BOX_VOXELS = 3_000_000
_BLOCK_MM = 12.0


@dataclass(frozen=True, eq=False)
class LesionParts:
    """The pieces of a lesion, the largest first, and its strays, the largest first; each a lesion with its own box."""

    pieces: tuple[Lesion, ...]
    strays: tuple[Lesion, ...]


def parts_of(lesion: Lesion, solid: NDArray[np.bool_], rules: ContourRules) -> LesionParts:
    """The parts of a lesion that hang together in `solid`, an array like its crop: the lesion with its lumen.

    Slices left out, up to the rule's distance, do not part a lesion. A part is a stray where it is small beside the
    largest and small in itself.
    """
    found = [part for box, cluster in _clusters(lesion, solid, rules) for part in _parts(lesion, box, cluster, rules)]
    found.sort(key=lambda part: -part.voxels)
    limit = min(rules.island_share * found[0].voxels, rules.island_ml * 1000 / lesion.grid.voxel_volume_mm3)
    return LesionParts(
        tuple(part for part in found if part is found[0] or part.voxels > limit),
        tuple(part for part in found[1:] if part.voxels <= limit),
    )


def _parts(lesion: Lesion, box: Box, cluster: NDArray[np.bool_], rules: ContourRules) -> Iterator[Lesion]:
    from scipy.ndimage import find_objects, label

    slices = _without_short_gaps(cluster, lesion.grid.spacing_ijk_mm[2], rules.gap_bridge_mm)
    labels = np.zeros(cluster.shape, np.int32)
    labels[slices], _ = label(cluster[slices], ALL_AROUND, output=np.int32)
    own = lesion.inside[box]
    for number, part in enumerate(find_objects(labels), start=1):
        inside = (labels[part] == number) & own[part]
        tight = bounding_box(inside.view(np.uint8))
        if tight is not None:
            yield Lesion(
                lesion.number, inside[tight], _within(lesion.box, _within(box, _within(part, tight))), lesion.grid
            )


def _without_short_gaps(cluster: NDArray[np.bool_], slice_mm: float, bridge_mm: float) -> NDArray[np.intp]:
    """The slices that hold something, with one empty slice kept for every gap too wide to be bridged."""
    drawn = np.flatnonzero(cluster.any(axis=(1, 2)))
    wide = np.flatnonzero((np.diff(drawn) - 1) * slice_mm > bridge_mm)
    return np.sort(np.concatenate([drawn, drawn[wide] + 1]))


def _clusters(lesion: Lesion, solid: NDArray[np.bool_], rules: ContourRules) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    """Boxes in the lesion's crop with what lies in them; parts in different boxes are farther apart than gaps go."""
    if solid.size <= _LARGE_BOX_VOXELS:
        yield (slice(0, solid.shape[0]), slice(0, solid.shape[1]), slice(0, solid.shape[2])), solid
        return
    from scipy.ndimage import label

    places = np.stack(np.unravel_index(np.flatnonzero(solid), solid.shape), axis=1)
    sides_mm = (max(_BLOCK_MM, rules.gap_bridge_mm), _BLOCK_MM, _BLOCK_MM)
    sides = [int(side // step) + 1 for side, step in zip(sides_mm, lesion.grid.spacing_kji_mm, strict=True)]
    blocks = places // sides
    coarse = np.zeros(blocks.max(axis=0) + 1, bool)
    coarse[tuple(blocks.T)] = True
    labels, count = label(coarse, ALL_AROUND)
    of_voxel = labels[tuple(blocks.T)]
    for number in range(1, count + 1):
        chosen = places[of_voxel == number]
        first, last = chosen.min(axis=0), chosen.max(axis=0)
        cluster = np.zeros(last - first + 1, bool)
        cluster[tuple((chosen - first).T)] = True
        one, two, three = (slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))
        yield (one, two, three), cluster


def _within(outer: Box, inner: Box) -> Box:
    one, two, three = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(outer, inner, strict=True))
    return (one, two, three)
