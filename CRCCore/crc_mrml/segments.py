"""Masks as segments and back: cropped, under identifiers of our own, with lesion number and class in tags.

One segment holds one lesion of one part (the mask, or the outer or inner edge of a subtraction). Segments are known by
their identifier and tags, never by their name, which a person may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import slicer
import vtk
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part, term_of
from crc_core.contour.voxels import axial_first, bounding_box, lesions_of, original_box, require_mask
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import LesionClass, Target
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from crc_mrml.geometry import box_on, extent_of, vtk_matrix
from crc_mrml.terminology import terminology_entry

LABELMAP = "Binary labelmap"
_PREFIX = "CRC."
_TARGET, _PART, _LESION, _CLASS = (_PREFIX + name for name in ("Target", "Part", "Lesion", "Class"))
_NO_CLASSES: Mapping[int, LesionClass] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class ReadMask:
    """A mask read from segments, and the pairs (later, earlier) of lesions that shared voxels; the later one won."""

    volume: Volume
    overlaps: tuple[tuple[int, int], ...]


def segment_keys(node: Any) -> tuple[SegmentKey, ...]:
    """What the segments of ours in a segmentation node hold, in the node's order."""
    segmentation = node.GetSegmentation()
    keys = (_key(segmentation.GetNthSegment(n)) for n in range(segmentation.GetNumberOfSegments()))
    return tuple(key for key in keys if key is not None)


def foreign_segments(node: Any) -> Mapping[str, str]:
    """The names of the segments that somebody else put into a segmentation node of ours, by their identifiers."""
    segmentation = node.GetSegmentation()
    found = {}
    for number in range(segmentation.GetNumberOfSegments()):
        name, segment = segmentation.GetNthSegmentID(number), segmentation.GetNthSegment(number)
        key = _key(segment)
        if key is None or key.segment_id != name:
            found[name] = segment.GetName()
    return found


def ensure_segment(node: Any, key: SegmentKey, name: str, lesion_class: LesionClass | None = None) -> str:
    """The identifier of the segment for `key`, made empty if it does not exist; name, tags and colour are ours.

    The segmentation's scene must know the converters (Slicer does; elsewhere vtkSlicerSegmentationsModuleLogic).
    """
    segmentation = node.GetSegmentation()
    if segmentation.GetSegment(key.segment_id) is None:
        segmentation.AddEmptySegment(key.segment_id, name)
    segment = segmentation.GetSegment(key.segment_id)
    if segment is None:
        raise CrcError("mrml.no_segment", name=name)
    term = term_of(key.target, part=key.part, lesion_class=lesion_class)
    segment.SetName(name)
    segment.SetTerminology(terminology_entry(term))
    segment.SetColor(*(channel / 255 for channel in term.rgb))
    segment.SetTag(_TARGET, key.target.value)
    segment.SetTag(_PART, key.part.value)
    segment.SetTag(_LESION, str(key.lesion))
    if lesion_class is not None:
        segment.SetTag(_CLASS, lesion_class.value)
    return key.segment_id


def class_of(node: Any, key: SegmentKey) -> LesionClass | None:
    """The class of a lesion as its segment's tag tells it."""
    segment = node.GetSegmentation().GetSegment(key.segment_id)
    if segment is None or not segment.HasTag(_CLASS):
        return None
    return LesionClass(_tag(segment, _CLASS))


def write_mask(
    node: Any,
    mask: Volume,
    target: Target,
    names: Mapping[int, str],
    *,
    part: Part = Part.MASK,
    classes: Mapping[int, LesionClass] = _NO_CLASSES,
) -> tuple[str, ...]:
    """Make the segments of one target and part equal to a mask; their identifiers in the order of lesion numbers.

    Lesions the mask does not hold lose their segment. Other segments stay as they are, also where they overlap. `names`
    words each lesion for the list of segments.
    """
    mask = require_mask(mask)
    lesions = _boxes(mask)
    for key in segment_keys(node):
        if (key.target, key.part) == (target, part) and key.lesion not in lesions:
            node.GetSegmentation().RemoveSegment(key.segment_id)
    written = []
    for number, box in lesions.items():
        key = SegmentKey(target, number, part)
        ensure_segment(node, key, names.get(number, str(number)), classes.get(number))
        write_crop(node, key, mask.array[box] == number, box, mask.grid)
        written.append(key.segment_id)
    return tuple(written)


def write_crop(node: Any, key: SegmentKey, inside: NDArray[np.bool_], box: Box, grid: Grid) -> None:
    """Replace a segment's content by a crop of the grid, and nothing else; raises CrcError where Slicer refuses."""
    image = slicer.vtkOrientedImageData()
    image.SetExtent(*extent_of(box))
    scalars = numpy_to_vtk(np.ascontiguousarray(inside, dtype=np.uint8).reshape(-1), deep=True)
    image.GetPointData().SetScalars(scalars)
    image.SetImageToWorldMatrix(vtk_matrix(grid.ijk_to_ras))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    if not logic.SetBinaryLabelmapToSegment(image, node, key.segment_id, logic.MODE_REPLACE):
        segment = node.GetSegmentation().GetSegment(key.segment_id)
        raise CrcError("mrml.not_written", name=key.segment_id if segment is None else segment.GetName())


def read_crop(node: Any, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
    """A segment's content as a crop of the grid; None for an empty or missing segment.

    Raises CrcError where the segment's voxels are not the grid's, reach beyond it, or lie under a transform.
    """
    if node.GetParentTransformNode() is not None:
        raise CrcError("mrml.under_transform", name=node.GetName())
    segment = node.GetSegmentation().GetSegment(key.segment_id)
    image = None if segment is None else segment.GetRepresentation(LABELMAP)
    if segment is None or image is None or image.IsEmpty() or image.GetPointData().GetScalars() is None:
        return None
    k, j, i = box_on(image, grid)
    labels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(
        k.stop - k.start, j.stop - j.start, i.stop - i.start
    )
    filled = bounding_box(labels)
    if filled is None:
        return None
    own = labels[filled] == segment.GetLabelValue()
    part = bounding_box(own.view(np.uint8))
    if part is None:
        return None
    starts = [whole.start + a.start + b.start for whole, a, b in zip((k, j, i), filled, part, strict=True)]
    stops = [start + b.stop - b.start for start, b in zip(starts, part, strict=True)]
    if min(starts) < 0 or any(stop > size for stop, size in zip(stops, grid.shape_kji, strict=True)):
        raise CrcError("mrml.beyond_grid", name=segment.GetName())
    box = (slice(starts[0], stops[0]), slice(starts[1], stops[1]), slice(starts[2], stops[2]))
    return box, own[part]


def read_mask(node: Any, target: Target, grid: Grid, *, part: Part = Part.MASK) -> ReadMask:
    """One target's segments as a mask of lesion numbers on `grid`; of lesions that overlap, the later one wins."""
    array = np.zeros(grid.shape_kji, np.uint8)
    overlaps: list[tuple[int, int]] = []
    for key in segment_keys(node):
        found = read_crop(node, key, grid) if (key.target, key.part) == (target, part) else None
        if found is not None:
            box, inside = found
            content = array[box]
            overlaps.extend((key.lesion, int(number)) for number in np.unique(content[inside]) if number)
            content[inside] = key.lesion
    return ReadMask(Volume(array, grid), tuple(overlaps))


def _boxes(mask: Volume) -> dict[int, Box]:
    return {lesion.number: original_box(lesion.box, mask.grid) for lesion in lesions_of(axial_first(mask))}


def _key(segment: Any) -> SegmentKey | None:
    if not (segment.HasTag(_TARGET) and segment.HasTag(_LESION) and segment.HasTag(_PART)):
        return None
    return SegmentKey(Target(_tag(segment, _TARGET)), int(_tag(segment, _LESION)), Part(_tag(segment, _PART)))


def _tag(segment: Any, name: str) -> str:
    value = vtk.reference("")
    segment.GetTag(name, value)
    return str(value)
