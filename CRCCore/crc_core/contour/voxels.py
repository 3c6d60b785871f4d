"""Finding the few voxels that matter in a large mask: axial orientation, bounding boxes, lesions.

Everything below works on a mask whose first axis is the slice axis. For an axial series that is the mask itself; any
other grid is looked at through a view with its axes in another order, without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.results import Box, Point
from crc_core.geometry import Grid, Volume
from crc_core.geometry.requirements import lesion_numbers

_TIE = 1e-6


def slice_axis(grid: Grid) -> int:
    """The array axis (0 is k) along which slices are stacked that come nearest to axial ones.

    It is the axis whose slices have the normal nearest to the patient's long axis; k wins a tie.
    """
    normals = np.linalg.inv(grid.directions)
    upright = np.abs(normals[:, 2]) / np.linalg.norm(normals, axis=1)
    return 2 - int(np.flatnonzero(upright >= upright.max() - _TIE).max())


def axis_order(grid: Grid) -> tuple[int, int, int]:
    """The array axes in the order slice, row, column."""
    first = slice_axis(grid)
    second, third = (axis for axis in range(3) if axis != first)
    return (first, second, third)


def axial_first(volume: Volume) -> Volume:
    """The same voxels with the slice axis first: a view, never a copy."""
    order = axis_order(volume.grid)
    if order == (0, 1, 2):
        return volume
    matrix = volume.grid.ijk_to_ras.copy()
    matrix[:, :3] = matrix[:, [2 - order[2], 2 - order[1], 2 - order[0]]]
    shape = (volume.array.shape[order[0]], volume.array.shape[order[1]], volume.array.shape[order[2]])
    return Volume(volume.array.transpose(order), Grid(shape, matrix))


def original_box(box: Box, grid: Grid) -> Box:
    """A box given with the slice axis first, in the axes of the array on `grid`."""
    order = axis_order(grid)
    placed = [slice(0, 0)] * 3
    for position, axis in enumerate(order):
        placed[axis] = box[position]
    return (placed[0], placed[1], placed[2])


def require_mask(volume: Volume) -> Volume:
    """`volume` as uint8 lesion numbers; raises CrcError for floating-point and out-of-range values.

    Boolean and uint8 arrays are taken as they are; a wider integer type is copied.
    """
    numbers = lesion_numbers(volume.array)
    return volume if numbers is volume.array else Volume(numbers, volume.grid)


def bounding_box(array: NDArray) -> Box | None:
    """The smallest box that holds every voxel other than 0; None for an empty array.

    One pass over contiguous memory, then only over what was found: a uint8 array of 600×512×512 takes milliseconds.
    """
    slices = _range_of(_filled_slices(array))
    if slices is None:
        return None
    flat = array[slices].max(axis=0)
    rows, columns = _range_of(flat.any(axis=1)), _range_of(flat.any(axis=0))
    return None if rows is None or columns is None else (slices, rows, columns)


def grown(box: Box, shape: tuple[int, ...], by: int) -> Box:
    """`box` with `by` more voxels on each side, as far as the array goes."""
    one, two, three = (
        slice(max(0, part.start - by), min(size, part.stop + by)) for part, size in zip(box, shape, strict=True)
    )
    return (one, two, three)


@dataclass(frozen=True, eq=False)
class Lesion:
    """One lesion number of a mask: a boolean crop whose first axis is the slice axis, and where it lies."""

    number: int
    inside: NDArray[np.bool_]
    box: Box
    grid: Grid

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """Voxels per slice of the crop."""
        return np.count_nonzero(self.inside, axis=(1, 2))

    @property
    def voxels(self) -> int:
        """Voxels of the lesion."""
        return int(self.areas.sum())

    @property
    def volume_ml(self) -> float:
        """Volume in millilitres."""
        return self.voxels * self.grid.voxel_volume_mm3 / 1000.0

    @property
    def start(self) -> NDArray[np.float64]:
        """Index (slice, row, column) of the crop's first voxel in the mask."""
        return np.array([part.start for part in self.box], dtype=np.float64)

    def ras(self, place: NDArray | tuple[float, ...]) -> Point:
        """The RAS point of a place (slice, row, column) in the crop."""
        point = self.grid.to_ras((np.asarray(place, dtype=np.float64) + self.start)[::-1])
        return (float(point[0]), float(point[1]), float(point[2]))

    def slice_index(self, place: float) -> int:
        """The slice of the mask in which a slice of the crop lies."""
        return round(place) + self.box[0].start

    def crop(self, volume: Volume) -> NDArray:
        """The part of another volume on the same grid (slice axis first) that lies in this lesion's box."""
        return volume.array[self.box]

    def middle_of(self, part: NDArray[np.bool_]) -> tuple[int, int, int]:
        """The voxel of `part` (a boolean array like the crop, not empty) nearest to its centre."""
        voxels = np.argwhere(part)
        spacing = np.array(self.grid.spacing_kji_mm)
        away = (((voxels - voxels.mean(axis=0)) * spacing) ** 2).sum(axis=1)
        nearest = voxels[int(away.argmin())]
        return (int(nearest[0]), int(nearest[1]), int(nearest[2]))


def lesions_of(mask: Volume) -> tuple[Lesion, ...]:
    """The lesions of a uint8 mask whose slice axis comes first, by number."""
    boxes: dict[int, Box] = {}
    for slab in _slabs(mask.array):
        for number, box in _boxes_in(mask.array, slab):
            boxes[number] = _joined(boxes.get(number), box)
    return tuple(Lesion(number, mask.array[box] == number, box, mask.grid) for number, box in sorted(boxes.items()))


def _slabs(array: NDArray) -> list[Box]:
    """Boxes around runs of slices that hold something; scattered lesions are then not searched through as one."""
    filled = _filled_slices(array)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], filled, [False]))))
    slabs = []
    for first, stop in edges.reshape(-1, 2):
        box = bounding_box(array[first:stop])
        if box is not None:
            slabs.append((slice(int(first), int(stop)), box[1], box[2]))
    return slabs


def _boxes_in(array: NDArray, slab: Box) -> list[tuple[int, Box]]:
    from scipy.ndimage import find_objects

    found = []
    for number, part in enumerate(find_objects(array[slab]), start=1):
        if part is not None:
            one, two, three = (
                slice(outer.start + inner.start, outer.start + inner.stop)
                for outer, inner in zip(slab, part, strict=True)
            )
            found.append((number, (one, two, three)))
    return found


def _joined(known: Box | None, box: Box) -> Box:
    if known is None:
        return box
    one, two, three = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(known, box, strict=True))
    return (one, two, three)


def _filled_slices(array: NDArray) -> NDArray[np.bool_]:
    # The maximum of bytes runs at the speed of memory, `any` on bytes does not.
    if array.flags.c_contiguous:
        return np.asarray(array.reshape(array.shape[0], -1).max(axis=1) != 0)
    return np.asarray(array.max(axis=(1, 2)) != 0)


def _range_of(filled: NDArray[np.bool_]) -> slice | None:
    places = np.flatnonzero(filled)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else None
