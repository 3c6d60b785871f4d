"""Tells which segments hold other voxels than before, whoever changed them."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from crc_core.contour.segment_key import SegmentKey
from vtk.util.numpy_support import vtk_to_numpy

from crc_mrml.segments import LABELMAP, segment_keys


class _Content(NamedTuple):
    """What a segment held: when its image last changed, its label there, and its voxels' place and sum."""

    changed: int
    label: int
    place: tuple[int, ...]
    total: int


_EMPTY = _Content(0, 0, (), 0)


class SegmentWatch:
    """Remembers what the segments of one node held; Slicer's events do not say reliably which one changed.

    After an undo every segment is a new object, and segments may share one image; so voxels are compared, by a sum over
    the segment's own extent, and only where the image has changed since.
    """

    def __init__(self) -> None:
        self._seen: dict[SegmentKey, _Content] = {}

    def look(self, node: Any) -> tuple[SegmentKey, ...]:
        """The segments that hold other voxels than at the last look, or are gone; a new, empty one is not told."""
        keys = segment_keys(node)
        now = {key: _content(node, key, self._seen.get(key, _EMPTY)) for key in keys}
        before, self._seen = self._seen, now
        gone = [key for key in before if key not in now]
        return (*gone, *(key for key in now if now[key][2:] != before.get(key, _EMPTY)[2:]))


def _content(node: Any, key: SegmentKey, before: _Content) -> _Content:
    segment = node.GetSegmentation().GetSegment(key.segment_id)
    image = segment.GetRepresentation(LABELMAP)
    if image is None:  # between two states of an undo
        return before
    if image.IsEmpty() or image.GetPointData().GetScalars() is None:
        return _EMPTY
    changed, label = int(image.GetMTime()), int(segment.GetLabelValue())
    if (changed, label) == before[:2]:
        return before
    i0, i1, j0, j1, k0, k1 = image.GetExtent()
    labels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)
    own = labels == label
    slices = np.flatnonzero(own.any(axis=(1, 2)))
    if not slices.size:
        return _Content(changed, label, (), 0)
    rows, columns = np.flatnonzero(own.any(axis=(0, 2))), np.flatnonzero(own.any(axis=(0, 1)))
    box = own[slices[0] : slices[-1] + 1, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    place = (k0 + int(slices[0]), j0 + int(rows[0]), i0 + int(columns[0]), *box.shape)
    return _Content(changed, label, place, zlib.crc32(np.packbits(box).tobytes()))
