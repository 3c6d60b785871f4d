"""A small copy of a CT stack, about 3 mm, in one fixed orientation, on which anatomy is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid, Volume
from crc_core.scan.planes import opened

TARGET_MM = 3.0
_CROSS = [[False, True, False], [True, True, True], [False, True, False]]
_WITHIN_SLICES = np.pad(np.array([_CROSS]), ((1, 1), (0, 0), (0, 0)))
"""Neighbours within a slice alone."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """Hounsfield units `[k, j, i]` as float32: k towards the head, j towards the back, i towards the patient's left."""

    array: NDArray[np.float32]
    grid: Grid

    @property
    def spacing_kji_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along k, j and i in millimetres."""
        return self.grid.spacing_kji_mm

    @cached_property
    def body(self) -> NDArray[np.bool_]:
        """The body without couch and air around it, filled slice by slice."""
        from scipy import ndimage

        tissue = opened(self.array > -300)
        pieces, count = ndimage.label(tissue)
        if count == 0:
            return np.zeros(self.array.shape, dtype=bool)
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        return _filled(pieces == int(sizes.argmax()))

    def slices_in(self, low_z_mm: float, high_z_mm: float) -> slice:
        """The slices whose middle lies between two heights (RAS, at the middle of the image)."""
        heights = self.heights_mm
        inside = np.flatnonzero((heights >= low_z_mm) & (heights <= high_z_mm))
        return slice(int(inside[0]), int(inside[-1]) + 1) if len(inside) else slice(0, 0)

    @cached_property
    def heights_mm(self) -> NDArray[np.float64]:
        """The height (RAS z) of every slice at the middle of the image."""
        count, rows, columns = self.array.shape
        points = np.stack([np.full(count, columns / 2), np.full(count, rows / 2), np.arange(count)], axis=1)
        return self.grid.to_ras(points)[:, 2]


def _filled(outline: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outline filled slice by slice; where the field cuts the body, the edge of the field closes it."""
    from scipy import ndimage

    padded = np.pad(outline, ((0, 0), (1, 1), (1, 1)))
    for edge, line in ((padded[:, 1:-1, 0], outline[:, :, 0]), (padded[:, 1:-1, -1], outline[:, :, -1])):
        edge |= np.logical_or.accumulate(line, axis=1) & np.logical_or.accumulate(line[:, ::-1], axis=1)[:, ::-1]
    air, count = ndimage.label(~padded, _WITHIN_SLICES)
    outside = np.zeros(count + 1, dtype=bool)
    for border in (air[:, 0], air[:, -1], air[:, :, 0], air[:, :, -1]):
        outside[border] = True
    outside[0] = False
    filled: NDArray[np.bool_] = ~outside[air[:, 1:-1, 1:-1]]
    return filled


def coarsen(volume: Volume, target_mm: float = TARGET_MM) -> Coarse:
    """The copy of an axial stack by means over blocks within slices and every n-th slice."""
    spacing = volume.grid.spacing_kji_mm
    step = [max(1, round(target_mm / size)) for size in spacing]
    count, rows, columns = (size // block for size, block in zip(volume.array.shape, step, strict=True))
    planes = volume.array[: count * step[0] : step[0], : rows * step[1], : columns * step[2]]
    blocks = planes.reshape(count, rows, step[1], columns, step[2])
    small = blocks.mean(axis=(2, 4), dtype=np.float32)
    matrix = volume.grid.ijk_to_ras.copy()
    matrix[:3, 3] = volume.grid.to_ras(((step[2] - 1) / 2, (step[1] - 1) / 2, 0))
    matrix[:3, :3] = matrix[:3, :3] * np.array([step[2], step[1], step[0]])
    return _oriented(small, Grid((count, rows, columns), matrix))


def _oriented(array: NDArray[np.float32], grid: Grid) -> Coarse:
    """Flip axes so that they run to the left, to the back and to the head."""
    wanted = np.array([-1.0, -1.0, 1.0])
    matrix = grid.ijk_to_ras.copy()
    for axis in range(3):
        if matrix[axis, axis] * wanted[axis] < 0:
            array_axis = 2 - axis
            array = np.flip(array, array_axis)
            matrix[:3, 3] += matrix[:3, axis] * (array.shape[array_axis] - 1)
            matrix[:3, axis] *= -1
    return Coarse(np.ascontiguousarray(array), Grid(array.shape, matrix))
