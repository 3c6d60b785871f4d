"""How a slice view cuts the patient: its axes, its centre, how much of the patient it shows.

Points and directions are RAS millimetres. Axes are a 3×3 array whose columns point to the right of the view, up in it,
and out of it, as Slicer has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from crc_core.contour.results import Point
from crc_core.desk.arrangement import Orientation
from crc_core.geometry import Grid
from numpy.typing import ArrayLike, NDArray

from crc_mrml.geometry import array_of, vtk_matrix

_AXES = {
    Orientation.AXIAL: ((-1, 0, 0), (0, 1, 0), (0, 0, 1)),
    Orientation.CORONAL: ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    Orientation.SAGITTAL: ((0, -1, 0), (0, 0, 1), (-1, 0, 0)),
}
_PARALLEL = 1 - 1e-6
_SHORTEST_LINE_MM = 1e-3
_LEAST_EXTENT_MM = 1.0


@dataclass(frozen=True, eq=False)
class Pose:
    """Where a slice view is: its axes, the point in its middle, and the shorter side of what it shows."""

    axes: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent_mm: float

    @property
    def normal(self) -> NDArray[np.float64]:
        """The direction out of the view."""
        return self.axes[:, 2]

    @property
    def point(self) -> Point:
        """The point in the middle."""
        r, a, s = (float(value) for value in self.centre)
        return (r, a, s)


def axes_of(orientation: Orientation) -> NDArray[np.float64]:
    """The axes of a plane of the patient; an oblique or native view begins as an axial one."""
    return np.array(_AXES.get(orientation, _AXES[Orientation.AXIAL]), dtype=np.float64).T


def native_axes(grid: Grid, moved: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The axes in which an image was acquired, turned so that it stands as a reader knows it.

    `moved` is the 4×4 transform the image hangs below.
    """
    directions = grid.directions if moved is None else moved[:3, :3] @ grid.directions
    towards = np.array([axes_of(plane)[:, 2] for plane in _AXES]) @ directions[:, 2]
    nearest = axes_of(tuple(_AXES)[int(np.abs(towards).argmax())])
    in_plane = directions[:, :2].T @ nearest[:, :2]
    first = int(np.abs(in_plane[:, 0]).argmax())
    right = directions[:, first] * np.sign(in_plane[first, 0])
    return _standing(right, directions[:, 2] * np.sign(directions[:, 2] @ nearest[:, 2]), nearest)


def axes_across(start_ras: ArrayLike, end_ras: ArrayLike) -> NDArray[np.float64] | None:
    """The axes of a view that cuts across a line and stands as upright as it can; None where the line is a point."""
    line = np.asarray(end_ras, dtype=np.float64) - np.asarray(start_ras, dtype=np.float64)
    length = float(np.linalg.norm(line))
    if length < _SHORTEST_LINE_MM:
        return None
    normal = line / length
    planes = [axes_of(plane) for plane in _AXES]
    nearest = planes[int(np.argmax([abs(normal @ axes[:, 2]) for axes in planes]))]
    normal = normal * (1.0 if normal @ nearest[:, 2] >= 0 else -1.0)
    return _standing(nearest[:, 0], normal, nearest)


def pose_of(node: Any) -> Pose:
    """Where a vtkMRMLSliceNode is."""
    matrix = array_of(node.GetSliceToRAS())
    x, y = node.GetXYZOrigin()[:2]
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    return Pose(axes, matrix[:3, 0] * x + matrix[:3, 1] * y + matrix[:3, 3], float(min(node.GetFieldOfView()[:2])))


def put_pose(node: Any, pose: Pose, thickness_mm: float | None = None) -> None:
    """Move a vtkMRMLSliceNode in one change; `thickness_mm` is the distance between the image's slices there."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = pose.axes, pose.centre
    width, height = node.GetDimensions()[:2]
    pixel_mm = max(pose.extent_mm, _LEAST_EXTENT_MM) / max(min(width, height), 1)
    depth = node.GetFieldOfView()[2] if thickness_mm is None else thickness_mm * node.GetDimensions()[2]
    before = node.StartModify()
    node.GetSliceToRAS().DeepCopy(vtk_matrix(matrix))
    node.SetXYZOrigin(0.0, 0.0, 0.0)
    node.SetFieldOfView(pixel_mm * max(width, 1), pixel_mm * max(height, 1), depth)
    node.UpdateMatrices()
    node.EndModify(before)


def fitted(grid: Grid, axes: NDArray[np.float64], near: ArrayLike, size: tuple[int, int]) -> Pose:
    """The pose in which a view of `size` pixels shows the whole image, in the slice through the point `near`.

    Where that point is beside the image, the slice is the middle one.
    """
    across = _corners(grid) @ axes
    low, high = across.min(axis=0), across.max(axis=0)
    middle = (low + high) / 2
    depth = float(np.asarray(near, dtype=np.float64) @ axes[:, 2])
    if low[2] <= depth <= high[2]:
        middle[2] = depth
    width, height = max(size[0], 1), max(size[1], 1)
    pixel_mm = max(float(high[0] - low[0]) / width, float(high[1] - low[1]) / height)
    return Pose(axes, axes @ middle, pixel_mm * min(width, height))


def snapped(grid: Grid, axes: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point moved along the view's normal onto the nearest slice of the image, where the image lies parallel."""
    along = np.abs(grid.directions.T @ axes[:, 2])
    axis = int(along.argmax())
    if along[axis] < _PARALLEL:
        return centre
    ijk = grid.to_ijk(centre)
    size = grid.shape_kji[2 - axis]
    if not -0.5 <= ijk[axis] <= size - 0.5:
        return centre
    ijk[axis] = np.clip(np.rint(ijk[axis]), 0, size - 1)
    step = (grid.to_ras(ijk) - centre) @ axes[:, 2]
    return centre + axes[:, 2] * step


def thickness_mm(grid: Grid, axes: NDArray[np.float64]) -> float:
    """The distance between the slices of an image across a view."""
    spacing = np.array(grid.spacing_ijk_mm)
    along = np.abs(grid.directions.T @ axes[:, 2])
    return float(1.0 / np.linalg.norm(along / spacing))


def holds(grid: Grid, point: ArrayLike) -> bool:
    """Whether a point lies in an image."""
    ijk = grid.to_ijk(np.asarray(point, dtype=np.float64))
    return bool(((ijk >= -0.5) & (ijk <= np.array(grid.shape_kji[::-1]) - 0.5)).all())


def centre_of(grid: Grid) -> NDArray[np.float64]:
    """The point in the middle of an image."""
    return np.asarray(grid.corners_ras.mean(axis=0), dtype=np.float64)


def moved_grid(grid: Grid, matrix: NDArray[np.float64] | None) -> Grid:
    """The grid of an image that hangs below a transform."""
    return grid if matrix is None else Grid(grid.shape_kji, matrix @ grid.ijk_to_ras)


def _standing(
    right: NDArray[np.float64], normal: NDArray[np.float64], like: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Axes with this normal, `right` as near as it can be, of the handedness of a plane (axial is left-handed)."""
    right = right - normal * (normal @ right)
    right = right / np.linalg.norm(right)
    return np.column_stack([right, np.cross(normal, right) * np.sign(np.linalg.det(like)), normal])


def _corners(grid: Grid) -> NDArray[np.float64]:
    k, j, i = grid.shape_kji
    ends = [(-0.5, size - 0.5) for size in (i, j, k)]
    return grid.to_ras(np.array([(a, b, c) for a in ends[0] for b in ends[1] for c in ends[2]]))
