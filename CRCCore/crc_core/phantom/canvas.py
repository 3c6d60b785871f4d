"""Painting tissues on a grid: shapes with bounding boxes, and the smooth warp that makes every seed another body."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.tissue import Tissue

Points = NDArray[np.float64]
Field = NDArray[np.floating]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Warp:
    """A smooth one-to-one map from a seed's body (RAS mm) to the standard body in which the anatomy is written down.

    Three scales and, per axis, two waves along the other axes; `waves` is `[axis, wave, (amplitude mm, wave number
    1/mm, phase)]`.
    """

    scales: Points
    waves: Points

    @classmethod
    def of(cls, rng: np.random.Generator) -> Warp:
        """A warp drawn from `rng`, of at most 4 % in scale and some 5 mm in shape."""
        scales = 1 + rng.uniform(-0.035, 0.035, 3)
        waves = np.empty((3, 2, 3))
        waves[..., 0] = rng.uniform(1.0, 2.6, (3, 2))
        waves[..., 1] = 2 * np.pi / rng.uniform(140, 320, (3, 2))
        waves[..., 2] = rng.uniform(0, 2 * np.pi, (3, 2))
        # The midline stays the midline: sideways waves are half as high.
        waves[0, :, 0] *= 0.5
        return cls(scales, waves)

    def standard(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field]:
        """The place in the standard body of points of this body; arrays of one shape."""
        native = (x, y, z)
        result = []
        for axis in range(3):
            place = native[axis] * np.float32(self.scales[axis])
            for (amplitude, number, phase), other in zip(
                self.waves[axis], ((axis + 1) % 3, (axis + 2) % 3), strict=True
            ):
                place = place + np.float32(amplitude) * np.sin(np.float32(number) * native[other] + np.float32(phase))
            result.append(place)
        return (result[0], result[1], result[2])

    def native(self, points: ArrayLike) -> Points:
        """The place in this body of standard points `[..., 3]`, by fixed-point iteration to below 1e-6 mm."""
        wanted = np.asarray(points, dtype=np.float64)
        place = wanted / self.scales
        for _ in range(40):
            reached = np.stack(self.standard(*np.moveaxis(place, -1, 0)), axis=-1)
            place = place + (wanted - reached) / self.scales
        return place

    @property
    def reach_mm(self) -> float:
        """The furthest the waves move a point along one axis."""
        return float(self.waves[..., 0].sum(axis=1).max())


class Shape(Protocol):
    """A solid in the standard body (or in this body where painted so)."""

    def bounds(self) -> tuple[Points, Points]:
        """The lowest and the highest corner of a box around the shape, RAS mm."""

    def holds(self, x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
        """Which of the points lie inside."""


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """A superellipsoid: half axes in mm along the columns of `axes`; `power` 2 is the ellipsoid, more is boxier."""

    centre: tuple[float, float, float]
    semi: tuple[float, float, float]
    axes: Points | None = None
    power: float = 2.0

    def resized(self, factor: float = 1.0, more_mm: float = 0.0) -> Ellipsoid:
        """The ellipsoid with its half axes multiplied by `factor` and made longer by `more_mm`."""
        a, b, c = (length * factor + more_mm for length in self.semi)
        return dataclasses.replace(self, semi=(a, b, c))

    def bounds(self) -> tuple[Points, Points]:
        """The box around the ellipsoid."""
        centre, semi = np.array(self.centre), np.array(self.semi)
        if self.axes is not None:
            semi = np.abs(self.axes) @ semi if self.power != 2.0 else np.sqrt((self.axes**2) @ semi**2)
        return centre - semi, centre + semi

    def holds(self, x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
        """Whether points are inside."""
        return self.level(x, y, z) < 1.0

    def level(self, x: Field, y: Field, z: Field) -> Field:
        """0 at the centre, 1 on the surface; for power 2 the square of the relative radius."""
        offset = [c - np.float32(o) for c, o in zip((x, y, z), self.centre, strict=True)]
        if self.axes is not None:
            matrix = self.axes.astype(np.float32)
            offset = [sum(offset[row] * matrix[row, column] for row in range(3)) for column in range(3)]
        parts = [o / np.float32(s) for o, s in zip(offset, self.semi, strict=True)]
        if self.power == 2.0:
            return parts[0] * parts[0] + parts[1] * parts[1] + parts[2] * parts[2]
        exponent = np.float32(self.power)
        return np.abs(parts[0]) ** exponent + np.abs(parts[1]) ** exponent + np.abs(parts[2]) ** exponent


@dataclass(frozen=True, eq=False)
class Capsule:
    """All points nearer than a radius to a line from `start` to `end`; the radius changes evenly along it."""

    start: Points
    end: Points
    start_radius: float
    end_radius: float

    def bounds(self) -> tuple[Points, Points]:
        """The box around the capsule."""
        radius = max(self.start_radius, self.end_radius)
        return np.minimum(self.start, self.end) - radius, np.maximum(self.start, self.end) + radius

    def holds(self, x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
        """Whether points are inside."""
        along = (self.end - self.start).astype(np.float32)
        length2 = np.float32(max(float(along @ along), 1e-6))
        dx, dy, dz = (c - np.float32(s) for c, s in zip((x, y, z), self.start, strict=True))
        t = np.clip((dx * along[0] + dy * along[1] + dz * along[2]) / length2, 0, 1)
        dx, dy, dz = dx - t * along[0], dy - t * along[1], dz - t * along[2]
        radius = np.float32(self.start_radius) + t * np.float32(self.end_radius - self.start_radius)
        return dx * dx + dy * dy + dz * dz < radius * radius


def tube(points: ArrayLike | Sequence[ArrayLike], radii: ArrayLike) -> list[Capsule]:
    """The capsules along a polyline `[n, 3]` with one radius or one per point."""
    line = np.array(points, dtype=np.float64)
    widths = np.broadcast_to(np.asarray(radii, dtype=np.float64), (len(line),))
    return [
        Capsule(a, b, float(ra), float(rb))
        for (a, b), (ra, rb) in zip(itertools.pairwise(line), itertools.pairwise(widths), strict=True)
    ]


def spline(points: ArrayLike | Sequence[ArrayLike], step_mm: float) -> Points:
    """A smooth curve through `points` `[n, 3]`, sampled about every `step_mm`."""
    from scipy.interpolate import CubicSpline

    knots = np.array(points, dtype=np.float64)
    chords = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(knots, axis=0), axis=1)))])
    curve = CubicSpline(chords, knots)
    fine = curve(np.linspace(0, chords[-1], 40 * len(knots)))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, arc[-1], max(2, round(float(arc[-1]) / step_mm) + 1))
    return np.stack([np.interp(wanted, arc, fine[:, axis]) for axis in range(3)], axis=1)


class Canvas:
    """Tissue per voxel on one grid (or on some slices of it), painted shape over shape."""

    def __init__(self, grid: Grid, warp: Warp) -> None:
        self.grid = grid
        self.warp = warp
        self.tissue = np.zeros(grid.shape_kji, dtype=np.uint8)
        k, j, i = np.ogrid[tuple(slice(0, n) for n in grid.shape_kji)]
        matrix = grid.ijk_to_ras.astype(np.float32)
        self.native = tuple(
            np.ascontiguousarray(
                np.broadcast_to(
                    matrix[row, 0] * i.astype(np.float32)
                    + matrix[row, 1] * j.astype(np.float32)
                    + matrix[row, 2] * k.astype(np.float32)
                    + matrix[row, 3],
                    grid.shape_kji,
                )
            )
            for row in range(3)
        )
        self.standard = warp.standard(*self.native)
        self._to_ijk = grid.ras_to_ijk
        self._reach = np.abs(self._to_ijk[:3, :3])
        self._margin_mm = warp.reach_mm / float(warp.scales.min())

    def box(self, low: Points, high: Points, in_native: bool = False) -> Box | None:
        """The voxels around a box given in the standard body (or in this one); None where it misses the grid."""
        if not in_native:
            low, high = low / self.warp.scales - self._margin_mm, high / self.warp.scales + self._margin_mm
        middle = self._to_ijk[:3, :3] @ ((low + high) / 2) + self._to_ijk[:3, 3]
        half = self._reach @ ((high - low) / 2)
        slices = []
        for index_middle, index_half, size in zip(middle[::-1], half[::-1], self.grid.shape_kji, strict=True):
            first = max(0, int(index_middle - index_half))
            last = min(size, int(index_middle + index_half + 2))
            if first >= last:
                return None
            slices.append(slice(first, last))
        return (slices[0], slices[1], slices[2])

    def at(self, box: Box, in_native: bool = False) -> tuple[Field, Field, Field]:
        """The coordinates of the voxels in `box`, in the standard body or in this one."""
        x, y, z = self.native if in_native else self.standard
        return x[box], y[box], z[box]

    def paint(
        self,
        shapes: Shape | Sequence[Shape],
        tissue: Tissue,
        *,
        over: frozenset[Tissue] | None = None,
        in_native: bool = False,
    ) -> None:
        """Give the voxels inside the shapes `tissue`, or only those that are one of `over`."""
        allowed = None if over is None else _allowed(over)
        for shape in shapes if isinstance(shapes, Sequence) else (shapes,):
            box = self.box(*shape.bounds(), in_native)
            if box is None:
                continue
            inside = shape.holds(*self.at(box, in_native))
            if allowed is not None:
                inside &= allowed[self.tissue[box]]
            self.tissue[box][inside] = tissue


def _allowed(over: frozenset[Tissue]) -> NDArray[np.bool_]:
    allowed = np.zeros(256, dtype=bool)
    allowed[[int(tissue) for tissue in over]] = True
    return allowed
