"""What one scripted step makes of a target's segments: the kept ring of a subtraction, the repair of a finding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.repairs import repair
from crc_core.contour.results import Box, Finding
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.boxes import around, relative, shape_of, within
from crc_core.desk.layers import Crop, TargetLayers
from crc_core.errors import CrcError

Crops = Mapping[tuple[Part, int], Crop | None]
"""New voxels by part and lesion; None empties the segment."""


def kept_rings(layers: TargetLayers) -> Crops:
    """The masks that outer minus inner gives, for every lesion whose mask is another.

    Lesion numbers are those of the outer edges; every inner edge takes away from all. Raises CrcError where nothing
    would be left of a lesion that has an outer edge.
    """
    if layers.outer is None:
        raise ValueError("this target is not drawn by subtraction")
    changed: dict[tuple[Part, int], Crop | None] = {}
    for lesion in layers.lesions:
        ring, mask = layers.ring(lesion), layers.mask.crop(lesion)
        if ring is None and layers.outer.crop(lesion) is not None:
            raise CrcError("contour.nothing_left")
        if not _same(ring, mask):
            changed[Part.MASK, lesion] = ring
    return changed


def mended(layers: TargetLayers, finding: Finding, *, kept: bool) -> Crops:
    """The segments after a finding's repair; raises CrcError as `repair` does.

    In a subtraction the edges are mended so that they give the mended ring, and with `kept` the ring itself goes along.
    """
    lesion = finding.lesion
    inner = None if layers.inner is None else layers.inner.mask
    fix = repair(finding, layers.examined, inner=inner)
    if lesion is None:
        raise CrcError("contour.no_repair")
    before = layers.examined.array[fix.box]
    added = (fix.array == lesion) & (before != lesion)
    removed = (before == lesion) & (fix.array != lesion)
    if layers.outer is None or layers.inner is None:
        return {(Part.MASK, lesion): _changed(layers.mask.crop(lesion), fix.box, added, removed)}
    crops: dict[tuple[Part, int], Crop | None] = {}
    crops[Part.OUTER, lesion] = _changed(layers.outer.crop(lesion), fix.box, added, removed)
    nothing = np.zeros(added.shape, bool)
    for number in layers.inner.lesions:
        edge = layers.inner.crop(number)
        left = _changed(edge, fix.box, nothing, added)
        if not _same(edge, left):
            crops[Part.INNER, number] = left
    if kept:
        crops[Part.MASK, lesion] = _changed(layers.mask.crop(lesion), fix.box, added, removed)
    return crops


def _changed(crop: Crop | None, box: Box, added: NDArray[np.bool_], removed: NDArray[np.bool_]) -> Crop | None:
    """A crop with voxels of a box added and others taken away."""
    whole = box if crop is None else around([box, crop.box])
    inside = np.zeros(shape_of(whole), bool)
    if crop is not None:
        inside[relative(crop.box, whole)] = crop.inside
    here = inside[relative(box, whole)]
    here |= added
    here &= ~removed
    tight = bounding_box(inside.view(np.uint8))
    return None if tight is None else Crop(within(whole, tight), inside[tight])


def _same(one: Crop | None, other: Crop | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.box == other.box and np.array_equal(one.inside, other.inside)
