"""Contours as crops of their source's grid: what a screen needs of them, whatever the size of the scan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.voxels import bounds, to_kji
from crc_core.errors import CrcError
from crc_core.geometry.grid import SAME_GRID_TOLERANCE_MM, Grid, Volume

_MARGIN = 2
Box = tuple[slice, slice, slice]
"""A part of a grid `[k, j, i]`; every slice has a start and a stop."""


def box_around(flats: Sequence[NDArray[np.int64]], grid: Grid) -> Box | None:
    """The box around voxels given as flat indices of `grid`, with a margin; None for no voxel."""
    present = [flat for flat in flats if flat.size]
    if not present:
        return None
    ends = [bounds(to_kji(flat, grid.shape_kji)) for flat in present]
    low = np.min([first for first, _ in ends], axis=0) - _MARGIN
    high = np.max([last for _, last in ends], axis=0) + _MARGIN + 1
    shape = grid.shape_kji
    k, j, i = (slice(max(int(a), 0), min(int(b), n)) for a, b, n in zip(low, high, shape, strict=True))
    return (k, j, i)


def cropped(flat: NDArray[np.int64], numbers: NDArray[np.uint8] | int, grid: Grid, box: Box) -> Volume:
    """Voxels of `grid` inside `box` as a uint8 volume on the cropped grid, holding `numbers`."""
    array = np.zeros([part.stop - part.start for part in box], np.uint8)
    kji = to_kji(flat, grid.shape_kji) - np.array([part.start for part in box])
    array[tuple(kji.T)] = numbers
    return Volume(array, grid.crop(box))


def embedded(crop: Volume, grid: Grid) -> Volume:
    """A crop as a volume on the whole `grid`, zero elsewhere; a volume on the grid itself is given back.

    Raises CrcError where the crop's voxels are not voxels of the grid.
    """
    if crop.grid.same_as(grid):
        return crop
    first_ijk = np.rint(grid.to_ijk(crop.grid.to_ras((0, 0, 0)))).astype(int)
    starts, sizes = first_ijk[::-1], crop.grid.shape_kji
    box = tuple(slice(int(start), int(start) + size) for start, size in zip(starts, sizes, strict=True))
    over = [max(0, -part.start, part.stop - n) for part, n in zip(box, grid.shape_kji, strict=True)]
    distance_mm = max(float(voxels * mm) for voxels, mm in zip(over, grid.spacing_kji_mm, strict=True))
    if not any(over):
        distance_mm = crop.grid.corner_distance_mm(grid.crop((box[0], box[1], box[2])))
    if distance_mm > SAME_GRID_TOLERANCE_MM:
        raise CrcError("grid.differs_place", distance_mm=distance_mm)
    array = np.zeros(grid.shape_kji, crop.array.dtype)
    array[box] = crop.array
    return Volume(array, grid)
