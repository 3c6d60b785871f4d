"""The outline of a section and its diameters, exact to the outline's own definition.

The outline runs through the middles of the pixel borders between lesion and background: the contour at one half that
marching squares draws and Slicer shows, so that both ends of a caliper lie on what the person sees. A straight edge
along the pixels has its true length; the longest diameter of a smooth body comes out at most one pixel too long, as
every largest distance favours the pixels that stand out (between pixel centres it would be too short, and 0 for one
pixel). Places are (row, column) in pixels, lengths are millimetres measured in the slice plane, whatever the pixels'
shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry import Grid

Points = NDArray[np.float64]

_MOST_POINTS = 600
_BATCH = 4096
_COARSE = 24


@dataclass(frozen=True)
class Span:
    """A straight line in a section: two places (row, column) and their distance."""

    start: tuple[float, float]
    end: tuple[float, float]
    length_mm: float


def plane_metric(grid: Grid) -> NDArray[np.float64]:
    """2×2 matrix from (row, column) steps to millimetres in the slice plane, of a grid with its slice axis first."""
    row, column = grid.ijk_to_ras[:3, 1], grid.ijk_to_ras[:3, 0]
    along = column / np.linalg.norm(column)
    across = row - (row @ along) * along
    return np.array([[row @ along, column @ along], [np.linalg.norm(across), 0.0]])


def border_points(section: NDArray[np.bool_]) -> Points:
    """n×2 middles (row, column) of all pixel borders between a section and what is outside it."""
    padded = np.pad(section, 1)
    down = np.argwhere(padded[1:] != padded[:-1]) - np.array([0.5, 1.0])
    right = np.argwhere(padded[:, 1:] != padded[:, :-1]) - np.array([1.0, 0.5])
    return np.concatenate([down, right])


def longest_diameter(section: NDArray[np.bool_], metric: NDArray[np.float64]) -> Span:
    """The longest line between two points of the outline; the section must not be empty.

    The farthest pair of a point set lies on its convex hull (Shamos 1978), which has few corners, so that all pairs
    are compared.
    """
    points = _outermost(section)
    corners = convex_hull(points @ metric.T)
    hull = points[corners]
    return _farthest(hull, metric)


def widest_across(section: NDArray[np.bool_], metric: NDArray[np.float64], long: Span) -> Span:
    """The longest line at a right angle to `long` inside the convex hull of the outline.

    The length of parallel chords of a convex polygon is piecewise linear between its corners, so that only the chords
    through corners are compared.
    """
    points = _outermost(section)
    hull = (points @ metric.T)[convex_hull(points @ metric.T)]
    along, across = _axes(long, metric)
    offsets, heights = hull @ along, hull @ across
    best = (-1.0, 0.0, 0.0, 0.0)
    for offset in np.unique(offsets):
        crossings = _crossings(offsets, heights, float(offset))
        length = float(crossings.max() - crossings.min())
        best = max(best, (length, float(offset), float(crossings.min()), float(crossings.max())))
    return _placed(best, along, across, metric)


def longest_on_tissue(section: NDArray[np.bool_], metric: NDArray[np.float64]) -> Span:
    """The longest line between two points of the outline that stays on the section.

    Looked at every quarter of a pixel, no more than one pixel of its length may lie outside: a line across a lumen or
    from tip to tip of a crescent is none. Beyond 600 points of the outline, an even choice of them is taken.
    """
    points = border_points(section)
    if len(points) > _MOST_POINTS:
        points = points[np.linspace(0, len(points) - 1, _MOST_POINTS).astype(int)]
    first, second = np.triu_indices(len(points), 1)
    lengths = np.linalg.norm((points[first] - points[second]) @ metric.T, axis=1)
    order = np.argsort(-lengths, kind="stable")
    for begin in range(0, len(order), _BATCH):
        batch = order[begin : begin + _BATCH]
        found = _first_on_tissue(section, points[first[batch]], points[second[batch]])
        if found is not None:
            pair = batch[found]
            return _span(points[first[pair]], points[second[pair]], metric)
    return longest_diameter(section, metric)


def across_on_tissue(section: NDArray[np.bool_], metric: NDArray[np.float64], long: Span) -> Span:
    """The longest line at a right angle to `long` that stays on the section, gaps of up to one pixel allowed."""
    edges = outline_segments(section) @ metric.T
    along, across = _axes(long, metric)
    offsets, heights = edges @ along, edges @ across
    allowed = float(np.abs(metric).max(axis=0).min())
    shift = 1e-6 * allowed
    best = (-1.0, 0.0, 0.0, 0.0)
    for offset in np.unique(np.concatenate([offsets.ravel() - shift, offsets.ravel() + shift])):
        crossed = (offsets[:, 0] - offset) * (offsets[:, 1] - offset) < 0
        if crossed.sum() < 2:
            continue
        share = (offset - offsets[crossed, 0]) / (offsets[crossed, 1] - offsets[crossed, 0])
        places = np.sort(heights[crossed, 0] + share * (heights[crossed, 1] - heights[crossed, 0]))
        length, low, high = _longest_run(places, allowed)
        best = max(best, (length, float(offset), low, high))
    return _placed(best, along, across, metric)


def outline_segments(section: NDArray[np.bool_]) -> Points:
    """n×2×2 straight pieces of the outline (marching squares at one half), as pairs of places (row, column).

    Two pixels that touch by a corner alone are kept apart.
    """
    padded = np.pad(section, 1).astype(np.uint8)
    case = padded[:-1, :-1] | padded[:-1, 1:] << 1 | padded[1:, 1:] << 2 | padded[1:, :-1] << 3
    pieces: list[Points] = []
    for number, pairs in _PIECES.items():
        cells = np.argwhere(case == number) - 1.0
        pieces.extend(np.stack([cells + _MIDDLES[a], cells + _MIDDLES[b]], axis=1) for a, b in pairs)
    return np.concatenate(pieces)


_MIDDLES = {"top": (0.0, 0.5), "right": (0.5, 1.0), "bottom": (1.0, 0.5), "left": (0.5, 0.0)}

_PIECES = {
    1: [("left", "top")],
    2: [("top", "right")],
    3: [("left", "right")],
    4: [("right", "bottom")],
    5: [("left", "top"), ("right", "bottom")],
    6: [("top", "bottom")],
    7: [("left", "bottom")],
    8: [("bottom", "left")],
    9: [("bottom", "top")],
    10: [("top", "right"), ("bottom", "left")],
    11: [("bottom", "right")],
    12: [("right", "left")],
    13: [("right", "top")],
    14: [("top", "left")],
}
"""Which middles of a cell's sides are joined, by its corners in the section: 1 upper left, 2 upper right, 4 lower
right, 8 lower left."""


def convex_hull(points: Points) -> NDArray[np.int64]:
    """Indices of the corners of the convex hull of n×2 points, in turn (monotone chain, Andrew 1979)."""
    order = np.lexsort((points[:, 1], points[:, 0]))
    xs, ys = points[order, 0].tolist(), points[order, 1].tolist()
    if len(order) < 3:
        return order
    lower = _half_hull(xs, ys, range(len(xs)))
    upper = _half_hull(xs, ys, range(len(xs) - 1, -1, -1))
    return order[np.array(lower[:-1] + upper[:-1])]


def _half_hull(xs: list[float], ys: list[float], turn: range) -> list[int]:
    chain: list[int] = []
    for point in turn:
        while len(chain) > 1:
            a, b = chain[-2], chain[-1]
            if (xs[b] - xs[a]) * (ys[point] - ys[a]) - (ys[b] - ys[a]) * (xs[point] - xs[a]) > 0:
                break
            chain.pop()
        chain.append(point)
    return chain


def _outermost(section: NDArray[np.bool_]) -> Points:
    """The points of the outline that can lie on its hull: the ends of every row and of every column."""
    pieces = []
    for axis in (1, 0):
        filled = np.flatnonzero(section.any(axis=axis))
        lines = section[filled] if axis == 1 else section[:, filled].T
        first = lines.argmax(axis=1) - 0.5
        last = lines.shape[1] - 0.5 - lines[:, ::-1].argmax(axis=1)
        for end in (first, last):
            pieces.append(np.stack([filled, end] if axis == 1 else [end, filled], axis=1))
    return np.concatenate(pieces).astype(np.float64)


def _farthest(points: Points, metric: NDArray[np.float64]) -> Span:
    placed = points @ metric.T
    squares = ((placed[:, None] - placed[None]) ** 2).sum(axis=2)
    first, second = np.unravel_index(int(squares.argmax()), squares.shape)
    return _span(points[first], points[second], metric)


def _span(start: Points, end: Points, metric: NDArray[np.float64]) -> Span:
    length = float(np.linalg.norm((end - start) @ metric.T))
    return Span((float(start[0]), float(start[1])), (float(end[0]), float(end[1])), length)


def _axes(long: Span, metric: NDArray[np.float64]) -> tuple[Points, Points]:
    along = (np.array(long.end) - np.array(long.start)) @ metric.T
    along = along / np.linalg.norm(along)
    return along, np.array([-along[1], along[0]])


def _placed(
    best: tuple[float, float, float, float], along: Points, across: Points, metric: NDArray[np.float64]
) -> Span:
    _, offset, low, high = best
    ends = np.stack([offset * along + low * across, offset * along + high * across]) @ np.linalg.inv(metric).T
    return _span(ends[0], ends[1], metric)


def _crossings(offsets: Points, heights: Points, offset: float) -> Points:
    """Where the closed polygon of corners (offset, height) meets the line at `offset`."""
    next_offsets, next_heights = np.roll(offsets, -1), np.roll(heights, -1)
    met = (np.minimum(offsets, next_offsets) <= offset) & (np.maximum(offsets, next_offsets) >= offset)
    steps = next_offsets[met] - offsets[met]
    level = np.abs(steps) < 1e-12
    share = np.where(level, 0.0, (offset - offsets[met]) / np.where(level, 1.0, steps))
    places = heights[met] + share * (next_heights[met] - heights[met])
    return np.concatenate([places, next_heights[met][level]])


def _longest_run(places: Points, allowed: float) -> tuple[float, float, float]:
    """The longest of the runs (in, out, in, out, …), those with gaps of `allowed` in all between them joined."""
    starts, ends = places[0::2], places[1::2]
    best = (-1.0, 0.0, 0.0)
    for first in range(len(ends)):
        gaps = 0.0
        for last in range(first, len(ends)):
            gaps += float(starts[last] - ends[last - 1]) if last > first else 0.0
            if gaps > allowed:
                break
            best = max(best, (float(ends[last] - starts[first]), float(starts[first]), float(ends[last])))
    return best


def _first_on_tissue(section: NDArray[np.bool_], starts: Points, ends: Points) -> int | None:
    """The first of the lines that stays on the section."""
    steps = np.abs(ends - starts).max(axis=1)
    coarse = _outside_share(section, starts, ends, _COARSE) * _COARSE
    possible = np.flatnonzero(coarse <= 1.0 + np.ceil(_COARSE / np.maximum(steps, 1.0)))
    for line in possible:
        samples = int(np.ceil(4 * steps[line])) + 1
        if _outside_share(section, starts[[line]], ends[[line]], samples)[0] * steps[line] <= 1.0:
            return int(line)
    return None


def _outside_share(section: NDArray[np.bool_], starts: Points, ends: Points, samples: int) -> Points:
    """The share of each line, looked at in the middle of `samples` equal parts, that lies outside the section."""
    shares = (np.arange(samples) + 0.5) / samples
    places = starts[:, None] + shares[None, :, None] * (ends - starts)[:, None]
    nearest = np.clip(np.rint(places).astype(np.intp), 0, np.array(section.shape) - 1)
    return 1.0 - section[nearest[..., 0], nearest[..., 1]].mean(axis=1)
