"""Painting the bowel: small-bowel loops, the colon with gas and stool, the primaries in its wall."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crc_core.phantom.canvas import Canvas
from crc_core.phantom.colon import WALL_MM, Colon, PrimaryPlan
from crc_core.phantom.model import ColonSegment
from crc_core.phantom.shapes import Capsule, spline, tube
from crc_core.phantom.tissue import Tissue

_FAT = frozenset({Tissue.VISCERAL_FAT})
_HARD = (Tissue.CORTICAL_BONE, Tissue.MARROW, Tissue.SKIN, Tissue.SUBCUTANEOUS_FAT, Tissue.AIR, Tissue.METAL)
# Organs that give way to the bowel, a sheet of fat between them.
_NEIGHBOURS = (
    Tissue.LIVER,
    Tissue.SPLEEN,
    Tissue.STOMACH_WALL,
    Tissue.STOMACH_WATER,
    Tissue.UTERUS,
    Tissue.BLADDER,
    Tissue.BLADDER_WALL,
    Tissue.SMALL_BOWEL_WALL,
    Tissue.SMALL_BOWEL_CONTENT,
    Tissue.PANCREAS,
    Tissue.PROSTATE,
    Tissue.RENAL_CORTEX,
)
_FAT_PLANE_MM = 2.5
_LIQUID_STOOL = (ColonSegment.CAECUM, ColonSegment.TRANSVERSE_LEFT, ColonSegment.RECTOSIGMOID)


def small_bowel_loops(rng: np.random.Generator) -> list[Capsule]:
    """The loops of jejunum (upper left) and ileum (middle and lower right) in the standard body."""
    knots = [(-26.0, 16.0, 234.0)]
    for row, z in enumerate((262.0, 238.0)):
        for x, y in ((-50.0, 16.0), (-74.0, 26.0), (-70.0, 2.0), (-44.0, -4.0), (-30.0, 22.0)):
            wobble = rng.uniform(-1, 1, 3) * 5
            knots.append((x + wobble[0], y + wobble[1], z - 3 * row + wobble[2]))
    for row, z in enumerate(np.linspace(204, 112, 7)):
        half = 64.0 if z > 150 else 46.0
        for layer, y in enumerate((58.0, 34.0, 10.0)):
            sweep = np.linspace(-half, half, 5) * (1 if (row + layer) % 2 == 0 else -1)
            for x in sweep:
                wobble = rng.uniform(-1, 1, 3) * (5, 7, 7)
                knots.append((x + wobble[0], y + wobble[1], z - 5 * layer + wobble[2]))
    knots.append((50.0, 30.0, 128.0))
    line = spline(np.array(knots), 8)
    width = 10.5 + 1.8 * np.sin(np.arange(len(line)) / 6.0)
    return tube(line, width.tolist())


def paint_small_bowel(canvas: Canvas, loops: list[Capsule]) -> None:
    """Paint the loops over visceral fat."""
    canvas.paint(loops, Tissue.SMALL_BOWEL_WALL, over=_FAT)
    inner = [Capsule(part.start, part.end, part.start_radius - 2.8, part.end_radius - 2.8) for part in loops]
    canvas.paint(inner, Tissue.SMALL_BOWEL_CONTENT, over=frozenset({Tissue.SMALL_BOWEL_WALL}))


class PaintedColon:
    """The colon on one canvas: which voxels lie near it and where along and around it they are."""

    def __init__(self, canvas: Canvas, colon: Colon) -> None:
        self.canvas, self.colon = canvas, colon
        self.index = np.flatnonzero(_near(canvas, colon))
        points = np.stack([axis.reshape(-1)[self.index] for axis in canvas.native], axis=1).astype(np.float64)
        self.nearest, self.along, self.distance, self.turn = colon.locate(points)
        self.height = points[:, 1] - colon.line[self.nearest, 1]
        self.outer = colon.outer_radius(self.along)
        self.inner = self.outer - WALL_MM

    def paint(self) -> None:
        """Paint wall and content of the healthy bowel."""
        flat = self.canvas.tissue.reshape(-1)
        here = flat[self.index]
        soft = ~np.isin(here, _HARD)
        here[np.isin(here, _NEIGHBOURS) & (self.distance < self._reach() + _FAT_PLANE_MM)] = Tissue.VISCERAL_FAT
        here[soft & (self.distance < self.outer)] = Tissue.COLON_WALL
        lumen = soft & (self.distance < self.inner)
        gas = self.height > self.colon.gas_level[self.nearest] * self.inner
        liquid = np.isin(self.nearest, [n for n, segment in enumerate(self.colon.segments) if segment in _LIQUID_STOOL])
        here[lumen] = np.where(gas, Tissue.COLON_GAS, np.where(liquid, Tissue.COLON_FLUID, Tissue.COLON_STOOL))[lumen]
        flat[self.index] = here

    def _reach(self) -> NDArray:
        """How far the bowel with its primaries reaches out."""
        reach = self.outer.copy()
        for plan in self.colon.primaries:
            bulge = plan.outward_mm * np.maximum(plan.profile(self.along, self.turn), 0)
            reach = np.maximum(reach, self.outer + bulge)
        return reach

    def paint_primary(self, plan: PrimaryPlan) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Paint one primary; gives its outer and inner edge volumes (its number inside), `[k, j, i]`."""
        tumour, lumen = primary_parts(self.colon, plan, self.along, self.distance, self.turn)
        flat = self.canvas.tissue.reshape(-1)
        flat[self.index[tumour]] = Tissue.PRIMARY
        content = flat[self.index]
        # What the thickening gives free again is lumen; what it takes is tumour.
        content[lumen & (content == Tissue.COLON_WALL)] = Tissue.COLON_GAS
        flat[self.index] = content
        volumes = []
        for part in (tumour | lumen, lumen):
            volume = np.zeros(self.canvas.tissue.shape, dtype=np.uint8)
            volume.reshape(-1)[self.index[part]] = plan.number
            volumes.append(volume)
        return volumes[0], volumes[1]


def primary_parts(
    colon: Colon, plan: PrimaryPlan, along: NDArray, distance: NDArray, turn: NDArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which places (along, distance, turn) lie in a primary, and which in the lumen beside it."""
    profile = plan.profile(along, turn)
    rise = np.maximum(profile, 0)
    outer = colon.outer_radius(along)
    inner = outer - WALL_MM - plan.inward_mm * rise
    tumour = (profile >= 0) & (distance < outer + plan.outward_mm * rise) & (distance >= inner)
    return tumour, plan.reaches(along) & (distance < inner)


def _near(canvas: Canvas, colon: Colon) -> NDArray[np.bool_]:
    """A generous neighbourhood of the bowel."""
    near = np.zeros(canvas.tissue.shape, dtype=bool)
    thickest = max((plan.outward_mm for plan in colon.primaries), default=0.0)
    every = 8
    knots = colon.line[::every]
    radii = colon.radius_mm[::every] * 1.12 + 6.0
    for plan in colon.primaries:
        beside = np.abs(np.arange(len(knots)) * every * 1.5 - plan.centre_mm) < plan.half_length_mm + 20
        radii = np.where(beside, radii + thickest + 4, radii)
    for part in tube(np.vstack([knots, colon.line[-1:]]), [*radii.tolist(), float(radii[-1])]):
        box = canvas.box(*part.bounds(), in_native=True)
        if box is not None:
            near[box] |= part.holds(*canvas.at(box, in_native=True))
    return near
