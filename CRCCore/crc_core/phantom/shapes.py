"""Solids with bounding boxes: superellipsoids, capsules, tubes along curves."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Field = NDArray[np.floating]


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
    knots = np.array(points, dtype=np.float64)
    return _spline(knots.tobytes(), step_mm)


@lru_cache(maxsize=512)
def _spline(knots_bytes: bytes, step_mm: float) -> Points:
    # Fixed courses come back for every grid of a study.
    from scipy.interpolate import CubicSpline

    knots = np.frombuffer(knots_bytes).reshape(-1, 3)
    chords = np.concatenate([[0.0], np.cumsum(np.sqrt(np.linalg.norm(np.diff(knots, axis=0), axis=1)))])
    curve = CubicSpline(chords, knots)
    fine = curve(np.linspace(0, chords[-1], 40 * len(knots)))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    wanted = np.linspace(0, arc[-1], max(2, round(float(arc[-1]) / step_mm) + 1))
    line = np.stack([np.interp(wanted, arc, fine[:, axis]) for axis in range(3)], axis=1)
    line.flags.writeable = False
    return line
