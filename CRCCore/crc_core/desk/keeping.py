"""What is kept of a reader's work while it is not handed in: whose it is, and its masks as packed crops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from crc_core.desk.work import Work

if TYPE_CHECKING:
    from crc_core.contour.results import Box
    from crc_core.geometry import Grid


@dataclass(frozen=True)
class Slot:
    """Whose work on what: one store, unit, reader and round."""

    store: str
    unit: str
    reader: str
    round: int

    @property
    def label(self) -> str:
        """The name of the slot, which is also its place below the recovery folder."""
        return f"{quote(self.store, safe='')}/{quote(self.unit, safe='')}/{quote(self.reader, safe='')}-r{self.round}"

    @classmethod
    def parse(cls, label: str) -> Slot:
        """The slot of that label; raises ValueError for anything else."""
        parts = label.split("/")
        reader, mark, number = parts[-1].rpartition("-r")
        if len(parts) != 3 or not (parts[0] and parts[1] and reader and mark and number.isdecimal()):
            raise ValueError(f"{label!r} names no slot")
        slot = cls(unquote(parts[0]), unquote(parts[1]), unquote(reader), int(number))
        if slot.label != label or not {".", ".."}.isdisjoint(parts):
            raise ValueError(f"{label!r} names no slot")
        return slot


def slot_of(work: Work) -> Slot:
    """The slot that a piece of work belongs to."""
    return Slot(work.store, work.unit, work.reader, work.round)


@dataclass(frozen=True)
class Place:
    """Where a crop lies: start and stop along k, j and i, in a source of this shape and matrix (voxel to RAS mm)."""

    box: tuple[tuple[int, int], ...]
    shape_kji: tuple[int, int, int]
    ijk_to_ras: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        inside = all(0 <= start <= stop <= size for (start, stop), size in zip(self.box, self.shape_kji, strict=True))
        if not inside:
            raise ValueError(f"the box {self.box} does not lie in {self.shape_kji}")

    @property
    def crop_shape(self) -> tuple[int, ...]:
        """The shape of the crop `[k, j, i]`."""
        return tuple(stop - start for start, stop in self.box)

    @property
    def packed_bytes(self) -> int:
        """How many bytes its voxels take, eight a byte."""
        return (math.prod(self.crop_shape) + 7) // 8


@dataclass(frozen=True)
class PackedMask:
    """One segment's voxels: a crop of its source's grid, eight voxels a byte."""

    place: Place
    bits: bytes

    def __post_init__(self) -> None:
        if len(self.bits) != self.place.packed_bytes:
            raise ValueError("the voxels do not fit their place")

    @property
    def box(self) -> Box:
        """The place of the crop in the source's array."""
        k, j, i = (slice(start, stop) for start, stop in self.place.box)
        return (k, j, i)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The voxels of the crop `[k, j, i]`."""
        shape = self.place.crop_shape
        flat = np.unpackbits(np.frombuffer(self.bits, np.uint8), count=math.prod(shape))
        return flat.astype(bool).reshape(shape)

    @property
    def grid(self) -> Grid:
        """The grid of the source the contour lies on."""
        from crc_core.geometry import Grid

        return Grid(self.place.shape_kji, np.array(self.place.ijk_to_ras))


def pack(box: Box, inside: NDArray[np.bool_], grid: Grid) -> PackedMask:
    """A crop of a segment as it is kept; raises ValueError where `inside` does not fit `box`, or `box` the grid."""
    edges = tuple((int(part.start), int(part.stop)) for part in box)
    if tuple(stop - start for start, stop in edges) != inside.shape:
        raise ValueError(f"a crop of shape {inside.shape} does not fit the box {edges}")
    matrix = tuple(tuple(float(cell) for cell in row) for row in grid.ijk_to_ras)
    bits = np.packbits(np.ascontiguousarray(inside, dtype=bool)).tobytes()
    return PackedMask(Place(edges, grid.shape_kji, matrix), bits)
