"""The large bowel as a curve with frames and radii, and the primaries in its wall."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.phantom.model import ColonSegment
from crc_core.phantom.shapes import Points, spline
from crc_core.phantom.warp import Warp

_S = ColonSegment
# x, y, z, outer radius, segment that starts here
_COURSE: tuple[tuple[float, float, float, float, ColonSegment], ...] = (
    (50, 37, 126, 21, _S.CAECUM),
    (60, 32, 144, 25, _S.CAECUM),
    (75, 18, 168, 25, _S.ASCENDING),
    (88, -4, 200, 23, _S.ASCENDING),
    (91, -8, 222, 22, _S.HEPATIC_FLEXURE),
    (78, 12, 240, 21, _S.HEPATIC_FLEXURE),
    (56, 40, 240, 20, _S.TRANSVERSE_RIGHT),
    (28, 53, 230, 20, _S.TRANSVERSE_RIGHT),
    (0, 56, 224, 20, _S.TRANSVERSE_LEFT),
    (-32, 54, 230, 20, _S.TRANSVERSE_LEFT),
    (-64, 42, 250, 19, _S.TRANSVERSE_LEFT),
    (-86, 20, 272, 18, _S.SPLENIC_FLEXURE),
    (-98, -4, 276, 17, _S.SPLENIC_FLEXURE),
    (-100, -20, 252, 17, _S.DESCENDING),
    (-98, -20, 222, 17, _S.DESCENDING),
    (-89, -2, 194, 16, _S.DESCENDING),
    (-77, 24, 166, 16, _S.DESCENDING),
    (-68, 36, 142, 16, _S.SIGMOID),
    (-52, 38, 122, 16, _S.SIGMOID),
    (-32, 38, 128, 17, _S.SIGMOID),
    (-12, 26, 142, 17, _S.SIGMOID),
    (8, 6, 140, 16, _S.SIGMOID),
    (15, -10, 124, 16, _S.RECTOSIGMOID),
    (10, -24, 106, 16, _S.RECTUM_UPPER),
    (2, -36, 88, 17, _S.RECTUM_UPPER),
    (-2, -43, 68, 18, _S.RECTUM_MIDDLE),
    (1, -41, 46, 17, _S.RECTUM_LOWER),
    (0, -35, 22, 13, _S.RECTUM_LOWER),
    (0, -34, 4, 9, _S.RECTUM_LOWER),
    (0, -38, -12, 8, _S.RECTUM_LOWER),
)
_STEP_MM = 1.5
WALL_MM = 3.0


@dataclass(frozen=True)
class PrimaryPlan:
    """A wall thickening around part of the lumen.

    `centre_mm` along the bowel; the thickening is `wall + inward + outward` where it is highest and reaches over
    `half_length_mm` to either side and over the fraction `circumference` of the wall around `turn` (radians).
    """

    number: int
    centre_mm: float
    half_length_mm: float
    turn: float
    circumference: float
    inward_mm: float
    outward_mm: float

    def profile(self, along_mm: NDArray, turn: NDArray) -> NDArray:
        """How much of the thickening is reached, 0…1; below 0 outside the lesion."""
        u = (along_mm - self.centre_mm) / self.half_length_mm
        v = np.zeros_like(u)
        if self.circumference < 1:
            v = _wrapped(turn - self.turn) / (np.pi * self.circumference)
        inside = (np.abs(u) < 1) & (np.abs(v) < 1)
        height = np.sqrt(np.maximum(1 - u**4, 0) * np.maximum(1 - v**4, 0))
        return np.where(inside, height, -1.0)

    def shrunk(self, factor: float) -> PrimaryPlan:
        """The lesion after treatment that leaves `factor` of its height."""
        share = self.circumference if self.circumference >= 1 else self.circumference * (0.6 + 0.4 * factor)
        return dataclasses.replace(
            self,
            half_length_mm=self.half_length_mm * (0.4 + 0.6 * factor),
            circumference=share,
            inward_mm=self.inward_mm * factor,
            outward_mm=self.outward_mm * factor,
        )

    def reaches(self, along_mm: NDArray) -> NDArray[np.bool_]:
        """Whether places along the bowel lie beside the lesion."""
        return np.abs(along_mm - self.centre_mm) < self.half_length_mm


@dataclass(frozen=True, eq=False)
class Colon:
    """The centre line of one patient's large bowel in RAS mm with its frame, outer radius, segment and gas level.

    `gas_level` is the height above the centre line, relative to the radius, above which the lumen holds gas.
    """

    line: Points
    tangent: Points
    normal: Points
    binormal: Points
    radius_mm: NDArray[np.float64]
    gas_level: NDArray[np.float64]
    segments: tuple[ColonSegment, ...]
    primaries: tuple[PrimaryPlan, ...]

    def middle_of(self, segment: ColonSegment) -> float:
        """The place along the bowel (mm) of the middle of a segment."""
        return float(np.mean([index for index, name in enumerate(self.segments) if name is segment])) * _STEP_MM

    def index_of(self, along_mm: float) -> int:
        """The sample of the centre line nearest to a place along the bowel."""
        return int(np.clip(round(along_mm / _STEP_MM), 0, len(self.line) - 1))

    def turn_towards(self, along_mm: float, point: Points) -> float:
        """The turn (rad) in which `point` lies, seen from a place along the bowel."""
        index = self.index_of(along_mm)
        offset = point - self.line[index]
        return float(np.arctan2(offset @ self.binormal[index], offset @ self.normal[index]))

    def locate(self, points: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Nearest sample, place along the bowel and distance off it (mm), turn (rad) of points `[n, 3]`."""
        from scipy.spatial import cKDTree

        nearest = cKDTree(self.line).query(points)[1]
        offset = points - self.line[nearest]
        along = np.einsum("nc,nc->n", offset, self.tangent[nearest])
        first = np.einsum("nc,nc->n", offset, self.normal[nearest])
        second = np.einsum("nc,nc->n", offset, self.binormal[nearest])
        # Past its ends the bowel is rounded off.
        past = ((nearest == 0) & (along < 0)) | ((nearest == len(self.line) - 1) & (along > 0))
        distance = np.sqrt(first**2 + second**2 + np.where(past, along, 0) ** 2)
        return nearest, nearest * _STEP_MM + along, distance, np.arctan2(second, first)

    def outer_radius(self, along_mm: NDArray) -> NDArray:
        """The outer radius of the healthy wall: haustra, but none where a primary stiffens it."""
        base = np.interp(along_mm, np.arange(len(self.line)) * _STEP_MM, self.radius_mm)
        stiff = np.zeros_like(base)
        for plan in self.primaries:
            away = (np.abs(along_mm - plan.centre_mm) - plan.half_length_mm) / 14
            here = np.clip(1 - away, 0, 1)
            at_centre = self.radius_mm[self.index_of(plan.centre_mm)]
            base, stiff = base * (1 - here) + at_centre * here, np.maximum(stiff, here)
        pouches = 1 + 0.10 * (1 - stiff) * np.sin(2 * np.pi * along_mm / 27) - 0.07 * (1 - stiff)
        rectal = along_mm > self.middle_of(ColonSegment.RECTOSIGMOID)
        return base * np.where(rectal, 1.0, pouches)


def _wrapped(turn: NDArray) -> NDArray:
    return (turn + np.pi) % (2 * np.pi) - np.pi


def make_colon(rng: np.random.Generator, warp: Warp) -> Colon:
    """A large bowel of one patient, without primaries."""
    course = np.array([row[:3] for row in _COURSE], dtype=np.float64)
    jitter = rng.uniform(-1, 1, course.shape) * 3.0
    # The sigmoid and the middle of the transverse colon hang freely; flexures and rectum are held.
    for index, row in enumerate(_COURSE):
        if row[4] in (_S.SIGMOID, _S.TRANSVERSE_LEFT, _S.TRANSVERSE_RIGHT):
            jitter[index] *= 2.0
        elif row[4].is_rectal:
            jitter[index] *= 0.4
    line = spline(warp.native(course + jitter), _STEP_MM)
    tangent = np.gradient(line, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = _transported(tangent)
    knots = warp.native(course + jitter)
    place = np.array([np.argmin(((line - knot) ** 2).sum(axis=1)) for knot in knots])
    samples = np.arange(len(line))
    radius = np.interp(samples, place, [row[3] for row in _COURSE]) * rng.uniform(0.92, 1.08)
    levels = rng.uniform(-0.75, 0.35, len(_COURSE))
    starts = np.searchsorted(place, samples, side="right") - 1
    segments = tuple(_COURSE[max(0, start)][4] for start in starts)
    return Colon(
        line,
        tangent,
        normal,
        np.cross(tangent, normal),
        radius,
        np.interp(samples, place, levels),
        segments,
        (),
    )


def _transported(tangent: Points) -> Points:
    """Normals without twist along a curve (double reflection of the first is not needed at this step length)."""
    normal = np.empty_like(tangent)
    current = np.cross(tangent[0], [0.0, 0.0, 1.0])
    for index, direction in enumerate(tangent):
        current = current - (current @ direction) * direction
        current = current / np.linalg.norm(current)
        normal[index] = current
    return normal
