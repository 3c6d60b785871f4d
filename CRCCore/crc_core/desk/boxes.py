"""Boxes of voxels against each other; every slice has a start and a stop."""

from __future__ import annotations

from collections.abc import Iterable

from crc_core.contour.results import Box


def common(one: Box, other: Box) -> Box | None:
    """What two boxes share; None for nothing."""
    a, b, c = (slice(max(x.start, y.start), min(x.stop, y.stop)) for x, y in zip(one, other, strict=True))
    return None if any(part.start >= part.stop for part in (a, b, c)) else (a, b, c)


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around boxes, of which there must be one."""
    a, b, c = (
        slice(min(part.start for part in axis), max(part.stop for part in axis)) for axis in zip(*boxes, strict=True)
    )
    return (a, b, c)


def relative(part: Box, whole: Box) -> Box:
    """A box as seen from the first voxel of another."""
    a, b, c = (slice(x.start - y.start, x.stop - y.start) for x, y in zip(part, whole, strict=True))
    return (a, b, c)


def within(whole: Box, part: Box) -> Box:
    """A box given as seen from the first voxel of another, in the places of the array."""
    a, b, c = (slice(x.start + y.start, x.start + y.stop) for x, y in zip(whole, part, strict=True))
    return (a, b, c)


def shape_of(box: Box) -> tuple[int, int, int]:
    """How many voxels a box has along each axis."""
    a, b, c = (part.stop - part.start for part in box)
    return (a, b, c)
