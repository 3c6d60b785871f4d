"""The masks of kept work as they go into a reading, and what tells that they are those that were on the screen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.keeping import PackedMask
from crc_core.desk.layers import Crop, Layer
from crc_core.desk.lesions import segments_of
from crc_core.desk.work import TargetState, Work
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.vocabulary import TargetAnswer


def masks_of_kept(work: Work, masks: Mapping[SegmentKey, PackedMask]) -> dict[str, Volume]:
    """The uint8 masks of the drawn targets by the names they have in a reading; edges of a subtraction with them."""
    found = {}
    for state in work.targets:
        if state.answer is TargetAnswer.DRAWN:
            for part in Part:
                layer = _layer(state, part, masks)
                if layer is not None:
                    parent = "" if part is Part.MASK else part.value
                    found[mask_name(state.source, state.target, parent)] = layer.mask
    return found


def _layer(state: TargetState, part: Part, masks: Mapping[SegmentKey, PackedMask]) -> Layer | None:
    """One part of a target; None where nothing is drawn in it."""
    layer: Layer | None = None
    for key in segments_of(state):
        mask = masks.get(key)
        if key.part is part and mask is not None and mask.inside.any():
            layer = Layer(mask.grid) if layer is None else layer
            layer.put(key.lesion, _tight(Crop(mask.box, mask.inside)))
    return layer


def _tight(crop: Crop) -> Crop:
    box = bounding_box(crop.inside)
    if box is None:
        return crop
    k, j, i = (slice(a.start + b.start, a.start + b.stop) for a, b in zip(crop.box, box, strict=True))
    return Crop((k, j, i), crop.inside[box])


def mask_fingerprint(mask: Volume) -> str:
    """A hash of a mask's voxels and of their place: equal for equal masks on equal grids, however they are stored."""
    told = hashlib.sha256(repr(mask.array.shape).encode())
    told.update(np.ascontiguousarray(mask.grid.ijk_to_ras + 0.0, dtype="<f8").tobytes())
    box = bounding_box(mask.array)
    if box is not None:
        told.update(repr([(part.start, part.stop) for part in box]).encode())
        told.update(np.ascontiguousarray(mask.array[box], dtype=np.uint8).tobytes())
    return told.hexdigest()
