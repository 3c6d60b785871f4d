"""Traces of motion in the outline of the body: edges that jump between slices, skin that shows twice in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.scan.coarse import Coarse

JUMP_LIMIT_MM = 3.0
_LEAST_SLICES = 20
_OUTER_HU, _INNER_HU = -850.0, -250.0


@dataclass(frozen=True)
class ContourJumps:
    """Jumps of the body's outline between neighbouring slices: how many, the largest in mm, and its slice."""

    count: int
    largest_mm: float
    at: int


@dataclass(frozen=True)
class DoubledSkin:
    """Slices in which the skin of the front is too wide to be one edge: how many, the widest in mm, and its slice."""

    count: int
    largest_mm: float
    at: int


def doubled_skin(coarse: Coarse) -> DoubledSkin | None:
    """Slices whose front skin is 3.5 mm wider than usual: two outlines half as dense as one; None for few slices.

    The edge is measured from -850 to -250 HU inwards in the middle third of the body, by the median of its columns.
    """
    widths = np.array([_skin_width_mm(coarse, k) for k in range(len(coarse.array))])
    known = np.isfinite(widths)
    if known.sum() < _LEAST_SLICES:
        return None
    limit = float(np.median(widths[known])) + 3.5
    wide = known & (widths > limit)
    at = int(np.nanargmax(widths))
    return DoubledSkin(int(wide.sum()), float(widths[at]), at)


def _skin_width_mm(coarse: Coarse, k: int) -> float:
    columns = np.flatnonzero(coarse.body[k].any(axis=0))
    if len(columns) < 12:
        return float("nan")
    third = len(columns) // 3
    part = coarse.array[k][:, columns[0] + third : columns[-1] + 1 - third]
    front = coarse.body[k][:, columns[0] + third : columns[-1] + 1 - third].argmax(axis=0)
    # Only the outline of the body counts, not what lies above it: 25 mm outside of the skin to 25 mm within.
    row_mm = coarse.spacing_kji_mm[1]
    reach = round(25 / row_mm)
    rows = np.arange(len(part))[:, None]
    near = (rows >= front - reach) & (rows < front + reach)
    widths = (_rises(part, near, _INNER_HU) - _rises(part, near, _OUTER_HU)) * row_mm
    widths = widths[np.isfinite(widths)]
    return float(np.median(widths)) if len(widths) >= 6 else float("nan")


def _rises(part: NDArray[np.float32], near: NDArray[np.bool_], level: float) -> NDArray[np.float64]:
    """By column, the row (between two) where the voxels that are near first rise through `level`.

    NaN where they never do, or are above it from the first.
    """
    above = near & (part > level)
    after, first = above.argmax(axis=0), near.argmax(axis=0)
    columns = np.flatnonzero(above.any(axis=0) & (after > first))
    after = after[columns]
    low, high = (part[rows, columns].astype(np.float64) for rows in (after - 1, after))
    found = np.full(part.shape[1], np.nan)
    found[columns] = after - 1 + (level - low) / (high - low)
    return found


def contour_jumps(coarse: Coarse) -> ContourJumps | None:
    """Second differences of the body's edges along z, beyond 3 mm and six times their usual size."""
    edges = _edges_mm(coarse)
    if edges is None or len(edges) < _LEAST_SLICES:
        return None
    bend = np.abs(edges[1:-1] - (edges[:-2] + edges[2:]) / 2)
    usual = np.median(bend, axis=0)
    limit = np.maximum(JUMP_LIMIT_MM, 6 * usual)
    # One edge alone may jump at an arm or a fold; a moving body moves at least two of its sides at once.
    moved = (bend > limit).sum(axis=1) >= 2
    largest = np.sort(bend, axis=1)[:, -2]
    at = int(np.argmax(np.where(moved, largest, 0) if moved.any() else largest))
    return ContourJumps(int(moved.sum()), float(largest[at]), at + 1)


def _edges_mm(coarse: Coarse) -> NDArray[np.float64] | None:
    """Front, back, right and left edge of the body by slice, in millimetres to a fraction of a pixel."""
    _, row_mm, column_mm = coarse.spacing_kji_mm
    rows = []
    for k in range(len(coarse.array)):
        plane = coarse.body[k]
        if not plane.any():
            return None
        middle_row, middle_column = (int(np.median(np.flatnonzero(plane.any(axis=axis)))) for axis in (1, 0))
        down = coarse.array[k, :, max(0, middle_column - 2) : middle_column + 3].mean(axis=1)
        across = coarse.array[k, max(0, middle_row - 2) : middle_row + 3, :].mean(axis=0)
        inside_down = plane[:, max(0, middle_column - 2) : middle_column + 3].any(axis=1)
        inside_across = plane[max(0, middle_row - 2) : middle_row + 3, :].any(axis=0)
        if not (inside_down.any() and inside_across.any()):
            return None
        front, back = _crossings(down, inside_down)
        right, left = _crossings(across, inside_across)
        rows.append((front * row_mm, back * row_mm, right * column_mm, left * column_mm))
    return np.array(rows)


def _crossings(profile: NDArray[np.float32], inside: NDArray[np.bool_]) -> tuple[float, float]:
    where = np.flatnonzero(inside)
    first, last = int(where[0]), int(where[-1])
    return _crossing(profile, first, -1), _crossing(profile, last, 1)


def _crossing(profile: NDArray[np.float32], at: int, step: int) -> float:
    """Where the profile falls to -500 HU going outwards from `at`, between two pixels."""
    beyond = at + step
    if not 0 <= beyond < len(profile):
        return float(at)
    inner, outer = float(profile[at]), float(profile[beyond])
    if inner <= outer:
        return float(at)
    return at + step * min(1.0, max(0.0, (inner + 500) / (inner - outer)))
