"""Analytic bodies on any grid, and images of them, for the tests of contours."""

from __future__ import annotations

import numpy as np
from crc_core.geometry import Grid, Volume
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

AXIAL = Grid.from_spacing((40, 64, 60), (0.8, 0.7, 1.5), (-24.0, -22.0, -30.0))
TISSUE_HU, FAT_HU, GAS_HU = 60, -100, -1000


def turned_grid(
    shape_kji: tuple[int, int, int], spacing_ijk_mm: tuple[float, float, float], angles_deg: tuple[float, float, float]
) -> Grid:
    """A grid around the origin of RAS, turned about R, A and S in this order."""
    matrix = np.eye(4)
    turn = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix()
    matrix[:3, :3] = turn * np.array(spacing_ijk_mm)
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape_kji[::-1]) - 1) / 2)
    return Grid(shape_kji, matrix)


def places(grid: Grid) -> NDArray[np.float64]:
    """RAS millimetres of all voxel centres, `[k, j, i, 3]`."""
    k, j, i = np.indices(grid.shape_kji)
    return grid.to_ras(np.stack([i, j, k], axis=-1))


def ellipsoid(grid: Grid, centre: ArrayLike, semi_axes: ArrayLike, axes: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Voxels whose centres lie in an ellipsoid; the columns of `axes` are its directions in RAS."""
    offset = places(grid) - np.asarray(centre, dtype=np.float64)
    local = offset if axes is None else offset @ np.asarray(axes)
    return np.asarray(((local / np.asarray(semi_axes)) ** 2).sum(axis=-1) <= 1)


def tube(grid: Grid, centre: ArrayLike, radius: float, half_length: float, axis: int = 2) -> NDArray[np.bool_]:
    """Voxels whose centres lie in a round tube along R (0), A (1) or S (2)."""
    offset = places(grid) - np.asarray(centre, dtype=np.float64)
    across = np.delete(offset, axis, axis=-1)
    return np.asarray(((across**2).sum(axis=-1) <= radius**2) & (np.abs(offset[..., axis]) <= half_length))


def mask(inside: NDArray[np.bool_], grid: Grid, number: int = 1) -> Volume:
    """A mask of one lesion."""
    return Volume(inside.astype(np.uint8) * np.uint8(number), grid)


def image(grid: Grid, *parts: tuple[NDArray[np.bool_], float], background: float = TISSUE_HU) -> Volume:
    """An int16 image: a background and then each part in its density."""
    values = np.full(grid.shape_kji, background, np.int16)
    for inside, hu in parts:
        values[inside] = hu
    return Volume(values, grid)
