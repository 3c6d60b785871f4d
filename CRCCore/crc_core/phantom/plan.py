"""What a seed decides: the patient's body, the lesions with their truth, the protocol."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from crc_core.phantom.bowel import primary_parts, small_bowel_loops
from crc_core.phantom.canvas import Capsule, Ellipsoid, Points, Warp
from crc_core.phantom.colon import Colon, PrimaryPlan, make_colon
from crc_core.phantom.model import ColonSegment
from crc_core.phantom.thorax import lung_vessels
from crc_core.phantom.vessels import LiverVessels, liver_vessels
from crc_core.vocabulary import LesionClass, Target

_LIVER_PLACES = {
    "S2": (-20, 50, 384),
    "S3": (-6, 62, 358),
    "S4": (30, 62, 372),
    "S5": (92, 48, 316),
    "S6": (112, -20, 292),
    "S7": (100, -42, 372),
    "S8": (74, 8, 398),
}
_LUNG_PLACES = {
    "RUL": (76, 12, 530),
    "RML": (84, 56, 464),
    "RLL": (90, -46, 424),
    "LUL": (-82, 20, 520),
    "LLL": (-86, -44, 428),
}
_SEGMENT_WEIGHTS = {
    ColonSegment.CAECUM: 6,
    ColonSegment.ASCENDING: 10,
    ColonSegment.HEPATIC_FLEXURE: 5,
    ColonSegment.TRANSVERSE_RIGHT: 4,
    ColonSegment.TRANSVERSE_LEFT: 4,
    ColonSegment.SPLENIC_FLEXURE: 4,
    ColonSegment.DESCENDING: 7,
    ColonSegment.SIGMOID: 22,
    ColonSegment.RECTOSIGMOID: 10,
    ColonSegment.RECTUM_UPPER: 10,
    ColonSegment.RECTUM_MIDDLE: 12,
}


@dataclass(frozen=True, eq=False)
class SolidLesion:
    """An ellipsoid lesion in RAS mm; `core_share` is the part of each half axis that its core takes (0 for none)."""

    target: Target
    number: int
    lesion_class: LesionClass
    place: str
    shape: Ellipsoid
    core_share: float


@dataclass(frozen=True, eq=False)
class BodyPlan:
    """Everything a seed and a time point decide about a body."""

    seed: int
    sex: str
    fat_scale: float
    warp: Warp
    colon: Colon
    segments: tuple[ColonSegment, ...]
    loops: tuple[Capsule, ...]
    lung_vessels: tuple[Capsule, ...]
    liver_vessels: LiverVessels
    lesions: tuple[SolidLesion, ...]
    normal_nodes: tuple[Ellipsoid, ...]


def make_plan(seed: int, time_point: int, primaries: int) -> BodyPlan:
    """The plan of a seed; later time points keep the body and the lesion numbers, treatment shrinks the lesions."""
    rng = np.random.default_rng([seed, 0xC0C0])
    sex = "M" if rng.random() < 0.58 else "F"
    fat_scale = rng.uniform(0.85, 1.15)
    warp = Warp.of(rng)
    colon = make_colon(rng, warp)
    shrink = 1.0 if time_point == 0 else max(0.35, rng.uniform(0.62, 0.78) ** time_point)
    colon, segments = _with_primaries(rng, colon, primaries, shrink)
    lesions = (*_liver(rng, warp, shrink), *_lung(rng, warp, shrink), *_nodes(rng, colon, shrink))
    return BodyPlan(
        seed,
        sex,
        fat_scale,
        warp,
        colon,
        segments,
        tuple(small_bowel_loops(rng)),
        tuple(lung_vessels(rng)),
        liver_vessels(rng),
        lesions,
        _normal_nodes(rng, colon),
    )


def _with_primaries(
    rng: np.random.Generator, colon: Colon, wanted: int, shrink: float
) -> tuple[Colon, tuple[ColonSegment, ...]]:
    names = list(_SEGMENT_WEIGHTS)
    weights = np.array([_SEGMENT_WEIGHTS[name] for name in names], dtype=float)
    chosen = rng.choice(len(names), size=wanted, replace=False, p=weights / weights.sum())
    plans, segments = [], []
    for number, index in enumerate(chosen, start=1):
        segment = names[int(index)]
        centre = colon.middle_of(segment) + rng.uniform(-4, 4)
        radius = colon.radius_mm[colon.index_of(centre)]
        share = rng.uniform(0.35, 0.9)
        plans.append(
            PrimaryPlan(
                number,
                centre,
                rng.uniform(15, 27) * (0.4 + 0.6 * shrink),
                rng.uniform(-np.pi, np.pi),
                1.0 if share > 0.82 else share * (0.6 + 0.4 * shrink),
                min(rng.uniform(4.5, 9.0), radius - 8.5) * shrink,
                rng.uniform(2.5, 6.0) * shrink,
            )
        )
        segments.append(segment)
    return dataclasses.replace(colon, primaries=tuple(plans)), tuple(segments)


def _turned(rng: np.random.Generator) -> Points:
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return axes * np.sign(np.linalg.det(axes))


def _ellipsoid(rng: np.random.Generator, centre: Points, radius_mm: float) -> Ellipsoid:
    semi = radius_mm * rng.uniform(0.8, 1.0, 3)
    return Ellipsoid(
        (float(centre[0]), float(centre[1]), float(centre[2])),
        (float(semi[0]), float(semi[1]), float(semi[2])),
        _turned(rng),
    )


def _liver(rng: np.random.Generator, warp: Warp, shrink: float) -> list[SolidLesion]:
    places = list(rng.permutation(list(_LIVER_PLACES)))
    radii = [rng.uniform(12, 17), rng.uniform(7, 11), rng.uniform(3.6, 4.6)]
    if rng.random() < 0.4:
        radii.insert(2, rng.uniform(6, 9))
    found = []
    for number, radius in enumerate(radii, start=1):
        place = str(places[number - 1])
        centre = warp.native(np.array(_LIVER_PLACES[place]) + rng.uniform(-4, 4, 3))
        small = radius < 5
        kind = LesionClass.UNCERTAIN if small else LesionClass.METASTASIS
        shape = _ellipsoid(rng, centre, radius * (shrink if not small else 1.0))
        found.append(SolidLesion(Target.LIVER, number, kind, place, shape, 0.0 if small else 0.72))
    return found


def _lung(rng: np.random.Generator, warp: Warp, shrink: float) -> list[SolidLesion]:
    places = list(rng.permutation(list(_LUNG_PLACES)))
    found = []
    for number in range(1, 3 + int(rng.random() < 0.3)):
        place = str(places[number - 1])
        centre = warp.native(np.array(_LUNG_PLACES[place]) + rng.uniform(-7, 7, 3))
        shape = _ellipsoid(rng, centre, rng.uniform(4.5, 9.5) * shrink)
        found.append(SolidLesion(Target.LUNG, number, LesionClass.METASTASIS, place, shape, 0.0))
    return found


def _nodes(rng: np.random.Generator, colon: Colon, shrink: float) -> list[SolidLesion]:
    found: list[SolidLesion] = []
    for number in range(1, 3 + int(rng.random() < 0.6)):
        radius = rng.uniform(4.6, 7.5) * max(shrink, 0.6)
        centre = _beside(rng, colon, colon.primaries[0], radius, [lesion.shape for lesion in found])
        shape = _ellipsoid(rng, centre, radius)
        found.append(SolidLesion(Target.NODE, number, LesionClass.NODE, "regional", shape, 0.0))
    return found


def _normal_nodes(rng: np.random.Generator, colon: Colon) -> tuple[Ellipsoid, ...]:
    return tuple(
        _ellipsoid(rng, _beside(rng, colon, colon.primaries[0], 8.0, []), rng.uniform(1.6, 2.4)) for _ in range(4)
    )


def _beside(
    rng: np.random.Generator, colon: Colon, primary: PrimaryPlan, radius_mm: float, taken: list[Ellipsoid]
) -> Points:
    """A place in the mesentery of a primary, off the bowel and off the nodes that are there."""
    middle = colon.line[colon.index_of(primary.centre_mm)]
    root = np.array([0.0, 10.0, np.clip(middle[2] + 25, 95, 240)])
    best, best_gap = middle, -np.inf
    for _ in range(60):
        toward = root - middle
        toward = toward / max(np.linalg.norm(toward), 1.0) + rng.normal(scale=0.55, size=3)
        place = middle + toward / np.linalg.norm(toward) * rng.uniform(32, 52)
        gap = (
            np.min(np.linalg.norm(colon.line - place, axis=1) - colon.radius_mm * 1.05) - radius_mm - primary.outward_mm
        )
        for other in taken:
            gap = min(gap, float(np.linalg.norm(place - np.array(other.centre))) - max(other.semi) - radius_mm)
        # In front of the spine and inside the pelvis or the belly.
        gap = min(gap, place[1] + 60 - radius_mm, 78 - place[1], 95 - abs(place[0]))
        if gap > best_gap:
            best, best_gap = place, gap
        if gap > 4:
            break
    return np.asarray(best, dtype=np.float64)


def primary_points(colon: Colon, plan: PrimaryPlan, step_mm: float) -> Points:
    """The points of a fine lattice (RAS mm) that lie inside a primary."""
    middle = colon.line[colon.index_of(plan.centre_mm)]
    reach = plan.half_length_mm + colon.radius_mm[colon.index_of(plan.centre_mm)] + plan.outward_mm + 4
    steps = np.arange(-reach, reach, step_mm)
    lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3) + middle
    near = np.linalg.norm(lattice - middle, axis=1) < reach * 1.25
    lattice = lattice[near]
    _, along, distance, turn = colon.locate(lattice)
    return lattice[primary_parts(colon, plan, along, distance, turn)[0]]
