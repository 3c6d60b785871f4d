"""Where the lesions lie: inside their organ, off its edge, off each other, found on a coarse copy of the body."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.anatomy import paint_anatomy
from crc_core.phantom.plan import BodyPlan, SolidLesion
from crc_core.phantom.shapes import Ellipsoid, Points
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.warp import Warp
from crc_core.vocabulary import LesionClass, Target

_STEP_MM = 5.0
_LOW_RAS_MM = (-165.0, -95.0, -10.0)
_SHAPE_KJI = (126, 39, 67)
_CLEARANCE_MM = 3.5
_BETWEEN_MM = 6.0
_CORE_SHARE = 0.72
_ROOM_FOR_NODES = (Tissue.VISCERAL_FAT, Tissue.SMALL_BOWEL_CONTENT, Tissue.SMALL_BOWEL_WALL)


@dataclasses.dataclass(frozen=True, eq=False)
class _Room:
    """Places of a coarse lattice inside an organ: RAS mm, distance to its edge, name of the part of the organ."""

    points: Points
    clearance_mm: NDArray[np.float64]
    parts: NDArray


def with_lesions(body: BodyPlan, time_point: int) -> BodyPlan:
    """`body` with its lesions; treatment before later time points shrinks them but moves and renumbers none."""
    rng = np.random.default_rng([body.seed, 0x1E51])
    grid = Grid.from_spacing(_SHAPE_KJI, (_STEP_MM,) * 3, _LOW_RAS_MM)
    tissue = paint_anatomy(grid, body).tissue
    liver = _room(tissue, grid, body.warp, (Tissue.LIVER,), liver_segment)
    lung = _room(tissue, grid, body.warp, (Tissue.LUNG,), lung_lobe)
    fat = _room(tissue, grid, body.warp, _ROOM_FOR_NODES, None)
    # Nothing at the baseline (power 0); after many time points something is left to draw.
    shrink = max(0.35, float(rng.uniform(0.62, 0.78)) ** time_point)
    radii = [rng.uniform(11, 16), rng.uniform(7, 10), rng.uniform(3.6, 4.6)]
    if rng.random() < 0.4:
        radii.insert(2, rng.uniform(6, 8))
    lesions = _spread(rng, Target.LIVER, liver, radii)
    lesions += _spread(rng, Target.LUNG, lung, rng.uniform(4.5, 9.0, 2 + int(rng.random() < 0.3)).tolist())
    node_radii = rng.uniform(4.4, 7.2, 2 + int(rng.random() < 0.6)).tolist()
    near = _near_primary(fat, body)
    lesions += _spread(rng, Target.NODE, near, node_radii)
    taken = [lesion.shape for lesion in lesions if lesion.target is Target.NODE]
    normal = []
    for radius in rng.uniform(1.6, 2.4, 4):
        normal.append(_ellipsoid(rng, _place(rng, near, float(radius), taken), float(radius)))
    colon = dataclasses.replace(body.colon, primaries=tuple(plan.shrunk(shrink) for plan in body.colon.primaries))
    return dataclasses.replace(
        body,
        colon=colon,
        lesions=tuple(_treated(lesion, shrink) for lesion in lesions),
        normal_nodes=tuple(normal),
    )


def liver_segment(points: Points) -> NDArray:
    """The liver segment (`S2`…`S8`) of standard points `[n, 3]`: by the hepatic veins, the fissure, the portal fork."""
    x, y, z = points.T
    right = (x - 20) * 50 - (y + 5) * 24 > 0
    front = y + 4 > -0.39 * (x - 22)
    high = z >= 337
    return np.select(
        [right & front & high, right & front, right & high, right, x > -4, z >= 368],
        ["S8", "S5", "S7", "S6", "S4", "S2"],
        "S3",
    )


def lung_lobe(points: Points) -> NDArray:
    """The lobe of the lung of standard points `[n, 3]`: by the oblique fissures and the horizontal one."""
    x, y, z = points.T
    upper = z > 540 - (y + 70) * 0.87
    return np.select([(x > 0) & upper & (z > 487), (x > 0) & upper, x > 0, upper], ["RUL", "RML", "RLL", "LUL"], "LLL")


def _room(
    tissue: NDArray[np.uint8],
    grid: Grid,
    warp: Warp,
    allowed: tuple[Tissue, ...],
    name: Callable[[Points], NDArray] | None,
) -> _Room:
    from scipy.ndimage import distance_transform_edt

    inside = np.isin(tissue, allowed)
    distance = distance_transform_edt(inside, sampling=_STEP_MM)
    places = np.argwhere(inside & (distance > _STEP_MM))
    points = grid.to_ras(places[:, ::-1])
    standard = np.stack(warp.standard(*points.T), axis=1).astype(np.float64)
    parts = np.full(len(points), "regional") if name is None else name(standard)
    return _Room(points, distance[tuple(places.T)], parts)


def _near_primary(room: _Room, body: BodyPlan) -> _Room:
    """The part of the fat that drains the first primary."""
    primary = body.colon.primaries[0]
    middle = body.colon.line[body.colon.index_of(primary.centre_mm)]
    away = np.linalg.norm(room.points - middle, axis=1)
    order = np.argsort(away)
    chosen = order[: max(400, int((away < 60).sum()))]
    return _Room(room.points[chosen], room.clearance_mm[chosen], room.parts[chosen])


def _spread(rng: np.random.Generator, target: Target, room: _Room, radii: list[float]) -> list[SolidLesion]:
    """Lesions of decreasing importance, in different parts of the organ while there are parts left."""
    names = sorted(set(room.parts.tolist()))
    order = [names[index] for index in rng.permutation(len(names))]
    found: list[SolidLesion] = []
    for number, radius in enumerate(radii, start=1):
        taken = [lesion.shape for lesion in found]
        part, centre = _place_in_parts(rng, room, radius, taken, order)
        order = [name for name in order if name != part] or names
        small = target is Target.LIVER and radius < 5
        kind = LesionClass.NODE if target is Target.NODE else LesionClass.METASTASIS
        found.append(
            SolidLesion(
                target,
                number,
                LesionClass.UNCERTAIN if small else kind,
                part,
                _ellipsoid(rng, centre, radius),
                _CORE_SHARE if target is Target.LIVER and not small else 0.0,
            )
        )
    return found


def _place_in_parts(
    rng: np.random.Generator, room: _Room, radius_mm: float, taken: list[Ellipsoid], order: list[str]
) -> tuple[str, Points]:
    for part in order:
        inside = room.parts == part
        if (room.clearance_mm[inside] > radius_mm + _CLEARANCE_MM).any():
            some = _Room(room.points[inside], room.clearance_mm[inside], room.parts[inside])
            return part, _place(rng, some, radius_mm, taken)
    index = int(np.argmax(room.clearance_mm))
    return str(room.parts[index]), _place(rng, room, radius_mm, taken)


def _place(rng: np.random.Generator, room: _Room, radius_mm: float, taken: list[Ellipsoid]) -> Points:
    """A random place with enough room around it; where there is none, the roomiest."""
    gap = room.clearance_mm - radius_mm - _CLEARANCE_MM
    for other in taken:
        apart = np.linalg.norm(room.points - np.array(other.centre), axis=1)
        gap = np.minimum(gap, apart - max(other.semi) - radius_mm - _BETWEEN_MM)
    fit = np.flatnonzero(gap > 0)
    index = int(rng.choice(fit)) if len(fit) else int(np.argmax(gap))
    return room.points[index] + rng.uniform(-0.5, 0.5, 3)


def _ellipsoid(rng: np.random.Generator, centre: Points, radius_mm: float) -> Ellipsoid:
    semi = radius_mm * rng.uniform(0.8, 1.0, 3)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return Ellipsoid(
        (float(centre[0]), float(centre[1]), float(centre[2])),
        (float(semi[0]), float(semi[1]), float(semi[2])),
        axes * np.sign(np.linalg.det(axes)),
    )


def _treated(lesion: SolidLesion, shrink: float) -> SolidLesion:
    # An uncertain lesion (a cyst, say) does not answer to treatment; a node less than the other lesions.
    factor = 1.0 if lesion.lesion_class is LesionClass.UNCERTAIN else shrink
    factor = max(factor, 0.6) if lesion.target is Target.NODE else factor
    return dataclasses.replace(lesion, shape=lesion.shape.resized(factor))
