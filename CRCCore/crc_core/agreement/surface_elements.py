"""The surface of a voxel mask: one element with an area at every voxel corner where inside meets outside.

The eight voxels around a corner form a cube with 256 possible fillings. In the marching-cubes manner (Lorensen and
Cline 1987) every edge of that cube between an inside and an outside voxel is cut in the middle. Each connected piece of
the rarer kind of voxel is closed off by the loop through its cuts; the area of the loop's triangles is the area of the
element. A loop that is not flat takes the triangulation of the largest area in the unit cube. The areas so defined are
those of the measures of Nikolov et al. 2018 (arXiv 1809.04430) at every spacing, and do not change when the mask is
mirrored, turned by right angles or exchanged with its complement.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.voxels import apart, dense

Corner = tuple[int, int, int]
Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]

_CORNERS: tuple[Corner, ...] = tuple((k, j, i) for k in (0, 1) for j in (0, 1) for i in (0, 1))
"""Corner number n of the cube is bit n of the filling."""

_MOST_TRIANGLES = 4
_ALL_INSIDE = 255


@dataclass(frozen=True, eq=False)
class Surface:
    """Elements and border voxels of one mask.

    `elements` `[n, 3]` are voxel corners: (k, j, i) is the corner half a voxel before the centre of voxel (k, j, i).
    `area_mm2` `[n]` belongs to them. `border` `[m, 3]` are the voxels (k, j, i) with an outside face neighbour.
    """

    elements: NDArray[np.int32]
    area_mm2: NDArray[np.float64]
    border: NDArray[np.int32]

    @property
    def is_empty(self) -> bool:
        """Whether the mask has no voxel."""
        return len(self.elements) == 0


def surface_of(kji: NDArray[np.int32], spacing_kji_mm: tuple[float, float, float]) -> Surface:
    """The surface of the mask that holds the voxels `kji` `[n, 3]`; outside the image everything is outside."""
    elements, fillings, border = [_NO_POINTS], [np.zeros(0, np.uint8)], [_NO_POINTS]
    for group in apart(kji):
        first, box = dense(group, margin=1)
        filling = _fillings(box)
        corners = np.argwhere(filling + np.uint8(1) > 1)
        fillings.append(filling[tuple(corners.T)])
        # Cube number 0 of the box lies before its voxel 1, as corner c lies before voxel c.
        elements.append((corners + first + 1).astype(np.int32))
        border.append((np.argwhere(_is_border(box)) + first + 1).astype(np.int32))
    areas_mm2 = element_areas_mm2(spacing_kji_mm)[np.concatenate(fillings)]
    return Surface(np.concatenate(elements), areas_mm2, np.concatenate(border))


def joined(surfaces: list[Surface]) -> Surface | None:
    """The surface of several masks together, or None where two of them share a corner and so must be taken anew."""
    together = Surface(
        np.concatenate([_NO_POINTS, *(surface.elements for surface in surfaces)]),
        np.concatenate([np.zeros(0), *(surface.area_mm2 for surface in surfaces)]),
        np.concatenate([_NO_POINTS, *(surface.border for surface in surfaces)]),
    )
    if len(surfaces) > 1 and _has_doubles(together.elements):
        return None
    return together


def _has_doubles(kji: NDArray[np.int32]) -> bool:
    k, j, i = kji.astype(np.int64).T
    ascending = np.sort((k * _AXIS_LIMIT + j) * _AXIS_LIMIT + i)
    return bool((ascending[1:] == ascending[:-1]).any())


_AXIS_LIMIT = 1 << 20
_NO_POINTS = np.zeros((0, 3), np.int32)


def element_areas_mm2(spacing_kji_mm: tuple[float, float, float]) -> NDArray[np.float64]:
    """The area of the element for each of the 256 fillings at a spacing (k, j, i) in millimetres."""
    k, j, i = spacing_kji_mm
    return np.linalg.norm(_element_triangles() * np.array([j * i, k * i, k * j]), axis=2).sum(axis=1)


def _fillings(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    along_i = box[:, :, :-1] | box[:, :, 1:] << 1
    along_j = along_i[:, :-1] | along_i[:, 1:] << 2
    return np.bitwise_or(along_j[:-1], along_j[1:] << 4, dtype=np.uint8)


def _is_border(box: NDArray[np.uint8]) -> NDArray[np.uint8]:
    inner = (slice(1, -1),) * 3
    surrounded = np.ones_like(box[inner])
    for axis, side in itertools.product(range(3), (slice(0, -2), slice(2, None))):
        place = [slice(1, -1)] * 3
        place[axis] = side
        surrounded &= box[tuple(place)]
    return box[inner] & ~surrounded


@cache
def _element_triangles() -> NDArray[np.float64]:
    """`[256, 4, 3]` area vectors (k, j, i) of the triangles of each filling in the unit cube, padded with zeros."""
    table = np.zeros((256, _MOST_TRIANGLES, 3))
    for filling in range(1, _ALL_INSIDE):
        inside = {corner for bit, corner in enumerate(_CORNERS) if filling >> bit & 1}
        rarer = inside if len(inside) <= 4 else set(_CORNERS) - inside
        vectors = [_area_vector(triangle) for piece in _pieces(rarer) for triangle in _triangles(_loop(piece))]
        table[filling, : len(vectors)] = vectors
    table.flags.writeable = False
    return table


def _neighbours(corner: Corner) -> Iterator[Corner]:
    k, j, i = corner
    yield from ((1 - k, j, i), (k, 1 - j, i), (k, j, 1 - i))


def _pieces(corners: set[Corner]) -> Iterator[set[Corner]]:
    """The corners in pieces that edges of the cube connect."""
    left = set(corners)
    while left:
        piece = {left.pop()}
        while grown := {near for corner in piece for near in _neighbours(corner)} & left:
            piece |= grown
            left -= grown
        yield piece


def _loop(piece: set[Corner]) -> list[Point]:
    """The middles of the cut edges around a piece, in order: neighbours in the loop share a face of the cube."""
    cuts = sorted(_middle(corner, near) for corner in piece for near in _neighbours(corner) if near not in piece)
    loop = [cuts.pop(0)]
    while cuts:
        loop.append(cuts.pop(next(n for n, cut in enumerate(cuts) if _share_face(loop[-1], cut))))
    return loop


def _middle(p: Corner, q: Corner) -> Point:
    return ((p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2)


def _share_face(p: Point, q: Point) -> bool:
    return any(x == y and x in (0.0, 1.0) for x, y in zip(p, q, strict=True))


def _triangles(loop: list[Point]) -> tuple[Triangle, ...]:
    return max(_triangulations(loop), key=lambda triangles: round(sum(map(_unit_area, triangles)), 9))


def _triangulations(loop: list[Point]) -> Iterator[tuple[Triangle, ...]]:
    if len(loop) < 3:
        yield ()
        return
    for n in range(1, len(loop) - 1):
        for before in _triangulations(loop[: n + 1]):
            for after in _triangulations(loop[n:]):
                yield (*before, *after, (loop[0], loop[n], loop[-1]))


def _unit_area(triangle: Triangle) -> float:
    x, y, z = _area_vector(triangle)
    return float((x * x + y * y + z * z) ** 0.5)


def _area_vector(triangle: Triangle) -> Point:
    p, q, r = triangle
    u = (q[0] - p[0], q[1] - p[1], q[2] - p[2])
    v = (r[0] - p[0], r[1] - p[1], r[2] - p[2])
    return (
        (u[1] * v[2] - u[2] * v[1]) / 2,
        (u[2] * v[0] - u[0] * v[2]) / 2,
        (u[0] * v[1] - u[1] * v[0]) / 2,
    )
