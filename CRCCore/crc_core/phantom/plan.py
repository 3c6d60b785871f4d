"""What a seed decides: the patient's body, the lesions with their truth, the protocol."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from crc_core.phantom.bowel import primary_parts, small_bowel_loops
from crc_core.phantom.colon import Colon, PrimaryPlan, make_colon
from crc_core.phantom.model import ColonSegment
from crc_core.phantom.shapes import Capsule, Ellipsoid, Points
from crc_core.phantom.thorax import lung_vessels
from crc_core.phantom.vessels import VesselTrees, vessel_trees
from crc_core.phantom.warp import Warp
from crc_core.vocabulary import LesionClass, Target

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
    vessel_trees: VesselTrees
    lesions: tuple[SolidLesion, ...]
    normal_nodes: tuple[Ellipsoid, ...]


def make_body(seed: int, primaries: int) -> BodyPlan:
    """The body of a seed with its primaries at the baseline, without lesions elsewhere."""
    rng = np.random.default_rng([seed, 0xC0C0])
    sex = "M" if rng.random() < 0.58 else "F"
    fat_scale = rng.uniform(0.85, 1.15)
    warp = Warp.of(rng)
    colon, segments = _with_primaries(rng, make_colon(rng, warp), primaries)
    return BodyPlan(
        seed,
        sex,
        fat_scale,
        warp,
        colon,
        segments,
        tuple(small_bowel_loops(rng)),
        tuple(lung_vessels(rng)),
        vessel_trees(rng),
        (),
        (),
    )


def _with_primaries(rng: np.random.Generator, colon: Colon, wanted: int) -> tuple[Colon, tuple[ColonSegment, ...]]:
    names = list(_SEGMENT_WEIGHTS)
    weights = np.array([_SEGMENT_WEIGHTS[name] for name in names], dtype=float)
    chosen = rng.choice(len(names), size=wanted, replace=False, p=weights / weights.sum())
    segments = tuple(names[int(index)] for index in chosen)
    plans = tuple(_primary(rng, colon, number, segment) for number, segment in enumerate(segments, start=1))
    return dataclasses.replace(colon, primaries=plans), segments


def _primary(rng: np.random.Generator, colon: Colon, number: int, segment: ColonSegment) -> PrimaryPlan:
    centre = colon.middle_of(segment) + rng.uniform(-4, 4)
    index = colon.index_of(centre)
    share = rng.uniform(0.35, 0.9)
    annular = share > 0.82
    # It bulges to the mesentery, away from the walls of the cavity.
    inwards = np.array([0.0, 15.0, colon.line[index][2]])
    return PrimaryPlan(
        number,
        centre,
        rng.uniform(15, 27),
        colon.turn_towards(centre, inwards) + rng.uniform(-0.7, 0.7),
        1.0 if annular else share,
        float(min(rng.uniform(4.5, 9.0), colon.radius_mm[index] - 8.5)),
        rng.uniform(2.0, 3.0) if annular else rng.uniform(2.5, 6.0),
    )


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
