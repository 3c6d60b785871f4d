"""The voxels of one target while a person draws: crops by lesion as the scene gives them, and the masks they make.

Only the box that a stroke changed is written anew; what nobody touched is never read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.inspection import OneLesion
from crc_core.contour.results import Box, Point
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import Lesion, axial_first, axis_order, bounding_box, grown, slice_axis
from crc_core.desk.boxes import around, common, relative, shape_of, within
from crc_core.geometry import Grid, Volume

_REACH = 2
"""Voxels around a lesion that its checks look at: one for what touches it, one to be sure."""


@dataclass(frozen=True, eq=False)
class Crop:
    """The voxels of one segment: a tight box of the grid, and which of its voxels belong to it (not none)."""

    box: Box
    inside: NDArray[np.bool_]

    def section(self, axis: int, index: int) -> bytes:
        """What one slice holds, as bytes that are equal for equal contents; empty for nothing."""
        at = index - self.box[axis].start
        if not 0 <= at < self.inside.shape[axis]:
            return b""
        voxels = np.argwhere(self.inside.take(at, axis=axis))
        starts = [part.start for number, part in enumerate(self.box) if number != axis]
        return (voxels + starts).astype(np.uint16).tobytes()


@dataclass(frozen=True)
class Change:
    """Where a segment changed: a tight box, and the slices (index along the slice axis) that differ."""

    box: Box
    slices: tuple[int, ...]


@dataclass(frozen=True)
class Overlap:
    """Two lesions of one part that share voxels, and the middle of what they share in RAS millimetres."""

    later: int
    earlier: int
    ras: Point


class Layer:
    """One part of a target: the crops of its lesions and the uint8 mask they make; a later lesion wins."""

    def __init__(self, grid: Grid) -> None:
        self.mask = Volume(np.zeros(grid.shape_kji, np.uint8), grid)
        self._crops: dict[int, Crop] = {}

    @property
    def lesions(self) -> tuple[int, ...]:
        """The lesions that hold voxels, by number."""
        return tuple(sorted(self._crops))

    def crop(self, lesion: int) -> Crop | None:
        """The voxels of a lesion as they were put; None where there are none."""
        return self._crops.get(lesion)

    def copy(self) -> Volume:
        """The mask as it is now, in an array of its own that later strokes leave alone."""
        numbers = np.zeros(self.mask.grid.shape_kji, np.uint8)
        for number in self.lesions:
            numbers[self._crops[number].box][self._crops[number].inside] = number
        return Volume(numbers, self.mask.grid)

    def put(self, lesion: int, crop: Crop | None) -> Change | None:
        """Replace a lesion's voxels; what changed, or None where nothing did."""
        change = _difference(self._crops.get(lesion), crop, slice_axis(self.mask.grid))
        if crop is None:
            self._crops.pop(lesion, None)
        else:
            self._crops[lesion] = crop
        if change is not None:
            self._compose(change.box)
        return change

    def middle_in(self, lesion: int, slice_index: int) -> Point | None:
        """The voxel in the middle of a lesion's section in a slice, in RAS mm; None where it has none there."""
        crop, axis = self._crops.get(lesion), slice_axis(self.mask.grid)
        at = -1 if crop is None else slice_index - crop.box[axis].start
        if crop is None or not 0 <= at < crop.inside.shape[axis]:
            return None
        voxels = np.argwhere(crop.inside.take([at], axis=axis))
        return None if not len(voxels) else _middle(voxels, crop.box, axis, at, self.mask.grid)

    def overlaps(self) -> Iterator[Overlap]:
        """Lesions that share voxels; the later one has them in the mask."""
        numbers = self.lesions
        for later in numbers:
            for earlier in numbers:
                place = _shared(self._crops[later], self._crops[earlier]) if earlier < later else None
                if place is not None:
                    yield Overlap(later, earlier, _ras(self.mask.grid, place))

    def _compose(self, box: Box) -> None:
        here = self.mask.array[box]
        here[...] = 0
        for number in self.lesions:
            met = _met(self._crops[number], box)
            if met is not None:
                part, inside = met
                here[part][inside] = number


class TargetLayers:
    """All parts of one target on the grid of its source.

    Where it is drawn by subtraction, `examined` is what outer minus inner gives now, whether it was kept or not; else
    it is the mask itself.
    """

    def __init__(self, grid: Grid, *, by_subtraction: bool) -> None:
        self.grid = grid
        self.mask = Layer(grid)
        self.outer = Layer(grid) if by_subtraction else None
        self.inner = Layer(grid) if by_subtraction else None
        self._ring = Volume(np.zeros(grid.shape_kji, np.uint8), grid) if by_subtraction else None

    @property
    def examined(self) -> Volume:
        """The uint8 mask that is checked and measured."""
        return self.mask.mask if self._ring is None else self._ring

    @property
    def lesions(self) -> tuple[int, ...]:
        """The lesions that hold voxels in any part, by number."""
        return tuple(sorted({number for layer in self._layers for number in layer.lesions}))

    def layer(self, part: Part) -> Layer:
        """The voxels of a part; raises KeyError for an edge of what is not drawn by subtraction."""
        layer = {Part.MASK: self.mask, Part.OUTER: self.outer, Part.INNER: self.inner}[part]
        if layer is None:
            raise KeyError(part)
        return layer

    def put(self, part: Part, lesion: int, crop: Crop | None) -> Change | None:
        """Replace a segment's voxels; what changed, or None where nothing did."""
        change = self.layer(part).put(lesion, crop)
        if change is not None and self._ring is not None and self.outer is not None and self.inner is not None:
            outer, inner = self.outer.mask.array[change.box], self.inner.mask.array[change.box]
            np.multiply(outer, inner == 0, out=self._ring.array[change.box])
        return change

    def ring(self, lesion: int) -> Crop | None:
        """What outer minus inner leaves of a lesion; None where nothing is left."""
        return self._own(self.examined, None if self.outer is None else self.outer.crop(lesion), lesion)

    def middle(self, lesion: int) -> Point | None:
        """The voxel of a lesion nearest to its centre, in RAS millimetres; of an edge where no mask is drawn yet."""
        crops = (layer.crop(lesion) for layer in self._layers)
        crop = next((item for item in crops if item is not None), None)
        if crop is None:
            return None
        return _middle(np.argwhere(crop.inside), crop.box, 0, 0, self.grid)

    def is_kept(self) -> bool:
        """Whether the mask is what the edges give, and not empty; True for what is not drawn by subtraction."""
        if self._ring is None or self.outer is None:
            return True
        crops = [layer.crop(number) for layer in (self.mask, self.outer) for number in layer.lesions]
        boxes = [crop.box for crop in crops if crop is not None]
        same = all(np.array_equal(self.mask.mask.array[box], self._ring.array[box]) for box in boxes)
        return bool(self.mask.lesions) and same

    def one(self, lesion: int) -> OneLesion:
        """A lesion as the checks want it: in what is examined, and in both edges."""
        if self.outer is None or self.inner is None:
            return OneLesion(self._lesion(self.examined, self.mask.crop(lesion), lesion))
        outer, inner = self.outer.crop(lesion), self.inner.crop(lesion)
        return OneLesion(
            self._lesion(self.examined, outer, lesion),
            self._lesion(self.outer.mask, outer, lesion),
            self._lesion(self.inner.mask, inner, lesion),
        )

    def near(self, box: Box) -> tuple[int, ...]:
        """The lesions whose checks look at a box: those that lie in it or touch it."""
        wide = grown(box, self.grid.shape_kji, _REACH)
        return tuple(
            sorted(
                {
                    number
                    for layer in self._layers
                    for number in layer.lesions
                    if (crop := layer.crop(number)) is not None and common(crop.box, wide) is not None
                }
            )
        )

    @property
    def _layers(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in (self.mask, self.outer, self.inner) if layer is not None)

    def _own(self, mask: Volume, crop: Crop | None, lesion: int) -> Crop | None:
        """The part of a mask that has a lesion's number, looked for in the box of its crop alone."""
        if crop is None:
            return None
        own = mask.array[crop.box] == lesion
        tight = bounding_box(own.view(np.uint8))
        return None if tight is None else Crop(within(crop.box, tight), own[tight])

    def _lesion(self, mask: Volume, crop: Crop | None, lesion: int) -> Lesion | None:
        own = self._own(mask, crop, lesion)
        if own is None:
            return None
        first, second, third = axis_order(self.grid)
        box = (own.box[first], own.box[second], own.box[third])
        return Lesion(lesion, own.inside.transpose(first, second, third), box, axial_first(mask).grid)


def _difference(old: Crop | None, new: Crop | None, axis: int) -> Change | None:
    if old is None and new is None:
        return None
    box = around(crop.box for crop in (old, new) if crop is not None)
    differs = _as_seen(old, box) ^ _as_seen(new, box)
    tight = bounding_box(differs.view(np.uint8))
    if tight is None:
        return None
    others = tuple(other for other in range(3) if other != axis)
    slices = np.flatnonzero(differs.any(axis=others)) + box[axis].start
    return Change(within(box, tight), tuple(int(number) for number in slices))


def _as_seen(crop: Crop | None, box: Box) -> NDArray[np.bool_]:
    """A crop in a larger box."""
    seen = np.zeros(shape_of(box), bool)
    if crop is not None:
        seen[relative(crop.box, box)] = crop.inside
    return seen


def _met(crop: Crop, box: Box) -> tuple[Box, NDArray[np.bool_]] | None:
    """Where a crop meets a box: the part in the box's own places, and the crop's voxels there."""
    met = common(crop.box, box)
    return None if met is None else (relative(met, box), crop.inside[relative(met, crop.box)])


def _shared(one: Crop, other: Crop) -> NDArray[np.float64] | None:
    """The voxel (k, j, i) in the middle of what two crops share; None where they share nothing."""
    met = common(one.box, other.box)
    if met is None:
        return None
    voxels = np.argwhere(one.inside[relative(met, one.box)] & other.inside[relative(met, other.box)])
    if not len(voxels):
        return None
    nearest = voxels[((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    return np.asarray(nearest + [part.start for part in met], dtype=np.float64)


def _middle(voxels: NDArray[np.intp], box: Box, axis: int, at: int, grid: Grid) -> Point:
    """The RAS point of the voxel nearest to the centre of all; they lie in a box, `at` further along an axis."""
    away = (((voxels - voxels.mean(axis=0)) * grid.spacing_kji_mm) ** 2).sum(axis=1)
    place = voxels[away.argmin()] + np.array([part.start for part in box], dtype=np.float64)
    place[axis] += at
    return _ras(grid, place)


def _ras(grid: Grid, place_kji: NDArray[np.float64]) -> Point:
    right, anterior, superior = grid.to_ras(place_kji[::-1])
    return (float(right), float(anterior), float(superior))
