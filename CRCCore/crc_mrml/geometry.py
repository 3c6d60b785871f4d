"""Grids as VTK matrices and extents."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from crc_core.contour.results import Box
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from numpy.typing import ArrayLike, NDArray

_WHOLE_VOXEL_TOLERANCE_MM = 1e-3
_RIGID_TOLERANCE = 1e-4


def vtk_matrix(matrix: NDArray[np.float64]) -> vtk.vtkMatrix4x4:
    """A 4×4 array as a VTK matrix."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(matrix.ravel().tolist())
    return result


def array_of(matrix: vtk.vtkMatrix4x4) -> NDArray[np.float64]:
    """A VTK matrix as a 4×4 array."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def rigid_inverse(matrix: ArrayLike) -> NDArray[np.float64]:
    """The inverse of a rigid 4×4 transform; raises CrcError for one that is not rigid."""
    given = np.asarray(matrix, dtype=np.float64)
    turn = given[:3, :3] if given.shape == (4, 4) else np.zeros((3, 3))
    if not np.isfinite(given).all() or np.abs(turn @ turn.T - np.eye(3)).max() > _RIGID_TOLERANCE:
        raise CrcError("mrml.not_rigid")
    inverse = np.eye(4)
    inverse[:3, :3], inverse[:3, 3] = turn.T, -turn.T @ given[:3, 3]
    return inverse


def extent_of(box: Box) -> tuple[int, int, int, int, int, int]:
    """A box of an array `[k, j, i]` as a VTK extent (i, j, k; both ends included)."""
    k, j, i = box
    return (i.start, i.stop - 1, j.start, j.stop - 1, k.start, k.stop - 1)


def box_on(image: Any, grid: Grid) -> Box:
    """The box of `grid` that the voxels of a vtkOrientedImageData fill; it may reach beyond the grid.

    Raises CrcError where the image's voxels are not voxels of the grid.
    """
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    there = array_of(matrix)
    first = grid.to_ijk(there[:3, 3])
    whole = np.rint(first)
    shape = np.array(grid.shape_kji[::-1])
    steps = np.abs((there[:3, :3] - grid.ijk_to_ras[:3, :3]) @ np.diag(shape)).max()
    if max(steps, float(np.abs(grid.ijk_to_ras[:3, :3] @ (first - whole)).max())) > _WHOLE_VOXEL_TOLERANCE_MM:
        raise CrcError("mrml.other_grid")
    extent = image.GetExtent()
    i, j, k = (
        slice(int(whole[axis]) + extent[2 * axis], int(whole[axis]) + extent[2 * axis + 1] + 1) for axis in range(3)
    )
    return (k, j, i)
