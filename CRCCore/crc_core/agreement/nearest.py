"""The distance from points on the voxel grid to the nearest of a set of others.

Readers who agree differ by a few voxels: steps to ever farther neighbours are tried in the order of their length, which
settles nearly every point at once. What is farther than any of these steps is asked of a k-d tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.voxels import bounds

Spacing = tuple[float, float, float]

_STEPS = 700
"""About how many neighbours are tried: a ball of five or six voxels' radius."""

_LONGEST_REACH = 32
_LARGEST_BOX = 1 << 30
_BATCH = 1 << 14
_BLOCK = 4
_MANY_POINTS = 4096
_AXIS_STEPS = np.array([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)])


class PointSet:
    """Points `[n, 3]` as whole numbers (k, j, i) at a spacing (k, j, i) in millimetres; at least one point."""

    def __init__(self, points: NDArray[np.int32], spacing_kji_mm: Spacing) -> None:
        if len(points) == 0:
            raise ValueError("there is no nearest of no points")
        self._points = points
        self._spacing_mm = np.array(spacing_kji_mm)
        self._steps, self._step_mm = _steps(spacing_kji_mm)
        reach = np.maximum(np.abs(self._steps).max(axis=0), 1)
        lowest, highest = bounds(points)
        self._first, self._last = lowest - reach, highest + reach
        self._origin = self._first - reach
        self._shape = self._last + reach + 1 - self._origin
        self._strides = np.array([self._shape[1] * self._shape[2], self._shape[2], 1], dtype=np.int64)

    def nearest_mm(self, points: NDArray[np.int32]) -> NDArray[np.float64]:
        """The distance in millimetres from each of `points` `[n, 3]` to the nearest point of the set."""
        distance_mm = self._near_mm(points)
        far = np.flatnonzero(np.isinf(distance_mm))
        distance_mm[far] = self._far_mm(points[far])
        return distance_mm

    def is_beside(self, points: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Whether each of `points` is a point of the set or one step along one axis away from one."""
        beside = np.zeros(len(points), dtype=bool)
        reachable = self._reachable(points)
        places = self._places(points[reachable])
        offsets = np.concatenate([[0], _AXIS_STEPS @ self._strides])
        beside[reachable] = self._taken[offsets[:, None] + places].any(axis=0)
        return beside

    def farthest_mm(self, points: NDArray[np.int32]) -> float:
        """The largest of the distances from `points` to the set; 0 where there are none.

        Where many are far, the distance of the middle of a block of 4×4×4 bounds those of its points, and only blocks
        that can hold the largest are looked into.
        """
        if len(points) == 0:
            return 0.0
        distance_mm = self._near_mm(points)
        far = points.compress(np.isinf(distance_mm), axis=0)
        if len(far) == 0:
            return float(distance_mm.max())
        if len(far) > _MANY_POINTS:
            far = self._hopeful(far)
        return float(self._far_mm(far).max())

    def _hopeful(self, points: NDArray[np.int32]) -> NDArray[np.int32]:
        blocks, block = np.unique(points // _BLOCK, axis=0, return_inverse=True)
        middle_mm = self._far_mm(blocks * float(_BLOCK) + (_BLOCK - 1) / 2)
        radius_mm = float(np.linalg.norm(self._spacing_mm)) * (_BLOCK - 1) / 2 * (1 + 1e-9)
        best_mm = self._far_mm(points[block == np.argmax(middle_mm)]).max()
        return points[(middle_mm + radius_mm >= best_mm)[block]]

    def _near_mm(self, points: NDArray[np.int32]) -> NDArray[np.float64]:
        """The distances that the steps settle, infinite for the others."""
        distance_mm = np.full(len(points), np.inf)
        if self._shape.prod(dtype=np.int64) > _LARGEST_BOX:
            return distance_mm
        reachable = self._reachable(points)
        for start in range(0, len(reachable), _BATCH):
            batch = reachable[start : start + _BATCH]
            distance_mm[batch] = self._step_to_mm(self._places(points[batch]))
        return distance_mm

    def _step_to_mm(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        distance_mm = np.full(len(places), np.inf)
        left = np.arange(len(places))
        offsets = self._steps @ self._strides
        for first, last in _ever_longer(len(offsets)):
            hit = self._taken[offsets[first:last, None] + places[left]]
            found = hit.any(axis=0)
            distance_mm[left[found]] = self._step_mm[first + hit.T[found].argmax(axis=1)]
            left = left[~found]
            if len(left) == 0:
                break
        return distance_mm

    def _far_mm(self, points: NDArray) -> NDArray[np.float64]:
        if len(points) == 0:
            return np.zeros(0)
        _, nearest = self._tree.query(points * self._spacing_mm, workers=-1 if len(points) > _MANY_POINTS else 1)
        # From the indices again: the difference of whole numbers does not depend on where in the image they are.
        return _lengths_mm(points - self._points[nearest], self._spacing_mm)

    def _reachable(self, points: NDArray[np.int32]) -> NDArray[np.int64]:
        inside = np.ones(len(points), dtype=bool)
        for column, first, last in zip(points.T, self._first, self._last, strict=True):
            inside &= (column >= first) & (column <= last)
        return np.flatnonzero(inside)

    def _places(self, points: NDArray[np.int32]) -> NDArray[np.int64]:
        k, j, i = points.T
        places: NDArray[np.int64] = k * self._strides[0] + j * self._strides[1] + i
        return places - self._origin @ self._strides

    @cached_property
    def _taken(self) -> NDArray[np.bool_]:
        taken = np.zeros(self._shape.prod(dtype=np.int64), dtype=bool)
        taken[self._places(self._points)] = True
        return taken

    @cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree

        # An unbalanced tree is built in a tenth of the time and answers as fast for points on a surface.
        return cKDTree(self._points * self._spacing_mm, leafsize=16, balanced_tree=False, compact_nodes=False)


def _lengths_mm(steps: NDArray, spacing_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.square(steps * spacing_mm).sum(axis=1))


def _ever_longer(count: int) -> Iterator[tuple[int, int]]:
    """Runs of steps: first the point itself, then its neighbours, then twice as many each time."""
    first, last = 0, 1
    while first < count:
        yield first, min(last, count)
        first, last = last, last * 2 + 6


@cache
def _steps(spacing_kji_mm: Spacing) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All steps (k, j, i) within a ball in the order of their length, and the lengths in millimetres."""
    spacing_mm = np.array(spacing_kji_mm)
    radius_mm = float(np.cbrt(_STEPS * spacing_mm.prod() * 0.75 / np.pi))
    reach = np.clip(np.floor(radius_mm / spacing_mm).astype(np.int64), 1, _LONGEST_REACH)
    steps = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    step_mm = _lengths_mm(steps, spacing_mm)
    order = np.argsort(step_mm, kind="stable")
    # Steps as long as the shortest one outside this box could come before it: the list ends there.
    complete = np.count_nonzero(step_mm < ((reach + 1) * spacing_mm).min())
    chosen = order[: min(complete, 2 * _STEPS)]
    return steps[chosen], step_mm[chosen]
