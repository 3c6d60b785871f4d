"""The great vessels with their branches, and the vessel trees of the liver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Capsule, spline, tube
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.trees import grow

_SOFT = frozenset({Tissue.VISCERAL_FAT, Tissue.LUNG, Tissue.MUSCLE, Tissue.PANCREAS})
_LIVER = frozenset({Tissue.LIVER})
_AORTA = (
    (10, 18, 478), (14, 16, 520), (8, 8, 552), (-6, -14, 562), (-19, -36, 545), (-22, -46, 510), (-20, -42, 440),
    (-15, -34, 386), (-10, -20, 336), (-8, -12, 287), (-6, -8, 250), (-4, -7, 213), (-1, -9, 182),
)  # fmt: skip
_ILIAC_ARTERY = ((22, -14, 152), (44, -20, 122), (58, 6, 86), (66, 36, 50), (72, 48, 10), (74, 48, -40))
_ILIAC_VEIN = ((26, -22, 150), (46, -24, 118), (60, -2, 84), (64, 28, 50), (68, 40, 10), (70, 40, -40))


@dataclass(frozen=True)
class VesselTrees:
    """The branches inside the liver and the mesentery."""

    portal: tuple[Capsule, ...]
    hepatic: tuple[Capsule, ...]
    mesenteric_arteries: tuple[Capsule, ...]
    mesenteric_veins: tuple[Capsule, ...]


def vessel_trees(rng: np.random.Generator) -> VesselTrees:
    """The trees of one patient."""
    portal: list[Capsule] = []
    for root, heading, radius, length in (
        ((54, 2, 326), (0.75, 0.75, 0.1), 5.2, 30),
        ((54, 2, 326), (0.6, 0.35, 1.1), 5.2, 32),
        ((54, 2, 326), (0.9, -0.75, 0.2), 5.2, 30),
        ((54, 2, 326), (0.9, -0.4, -0.7), 4.8, 32),
        ((-8, 40, 366), (-0.9, 0.2, 0.25), 4.2, 22),
        ((-8, 40, 366), (-0.5, 0.55, -0.35), 4.0, 20),
        ((4, 38, 362), (0.35, 0.9, 0.2), 4.0, 20),
    ):
        portal += grow(rng, root, heading, radius, length, 4, spread=0.6)
    hepatic: list[Capsule] = []
    for line, radius in (
        ([(22, -4, 392), (56, -24, 382), (88, -30, 352)], 5.8),
        ([(22, 0, 392), (42, 24, 376), (58, 44, 346)], 5.4),
        ([(19, 4, 392), (-4, 30, 386), (-28, 46, 378)], 4.8),
    ):
        stem = spline(line, 9)
        hepatic += tube(stem, np.linspace(radius, radius * 0.6, len(stem)).tolist())
        for place in (0.45, 0.7, 1.0):
            index = round(place * (len(stem) - 1))
            heading = stem[index] - stem[index - 1] + rng.normal(scale=3.0, size=3)
            hepatic += grow(rng, stem[index], heading, radius * 0.55, 22, 3, spread=0.6)
    return VesselTrees(tuple(portal), tuple(hepatic), *_mesentery(rng))


def _mesentery(rng: np.random.Generator) -> tuple[tuple[Capsule, ...], tuple[Capsule, ...]]:
    arteries: list[Capsule] = []
    veins: list[Capsule] = []
    for root, heading in (
        ((5, 20, 250), (0.8, 0.4, 0.2)),
        ((6, 22, 235), (-0.8, 0.3, 0.1)),
        ((8, 24, 215), (0.8, 0.2, -0.2)),
        ((8, 24, 205), (-0.7, 0.4, -0.2)),
        ((12, 26, 180), (0.6, 0.3, -0.6)),
        ((12, 26, 175), (-0.4, 0.4, -0.7)),
        ((-18, 8, 196), (-0.9, 0.1, 0.1)),
        ((-26, 8, 172), (-0.8, 0.3, -0.4)),
    ):
        arteries += grow(rng, root, heading, 1.7, 24, 4, spread=0.5)
        veins += grow(rng, np.array(root) + np.array((4, -3, 4)), heading, 2.2, 24, 4, spread=0.5)
    return tuple(arteries), tuple(veins)


def paint_vessels(canvas: Canvas, trees: VesselTrees) -> None:
    """Paint veins, then arteries, then the trees of the liver."""
    _paint_veins(canvas)
    _paint_arteries(canvas)
    canvas.paint(trees.hepatic, Tissue.HEPATIC_VEIN, over=_LIVER)
    canvas.paint(trees.portal, Tissue.PORTAL_VEIN, over=_LIVER)
    fat = frozenset({Tissue.VISCERAL_FAT})
    canvas.paint(trees.mesenteric_veins, Tissue.PORTAL_VEIN, over=fat)
    canvas.paint(trees.mesenteric_arteries, Tissue.ARTERY, over=fat)


def _sided(side: float, course: tuple[tuple[float, float, float], ...]) -> list[tuple[float, float, float]]:
    return [(side * x, y, z) for x, y, z in course]


def _paint_veins(canvas: Canvas) -> None:
    lower = spline([(17, -14, 178), (20, -9, 213), (20, -9, 245), (20, -11, 278)], 8)
    canvas.paint(tube(lower, 11.0), Tissue.VENA_CAVA, over=_SOFT)
    upper = spline([(20, -11, 278), (22, -10, 320), (23, -9, 360), (20, -3, 398), (20, 8, 425), (21, 14, 446)], 8)
    canvas.paint(tube(upper, 11.5), Tissue.VENA_CAVA_UPPER, over=_SOFT | _LIVER)
    for side in (1.0, -1.0):
        iliac = spline([(17 if side > 0 else 14, -15, 178), *_sided(side, _ILIAC_VEIN)], 9)
        canvas.paint(tube(iliac, 7.2), Tissue.SYSTEMIC_VEIN, over=_SOFT)
        kidney = spline([(20, -8, 280), (side * 24, -10, 281), (side * 44, -28, 280 + (side < 0) * 8)], 7)
        canvas.paint(tube(kidney, 5.0), Tissue.VENA_CAVA_UPPER, over=_SOFT)
    over = _SOFT | {Tissue.LIVER}
    for line, radii in (
        ([(17, 22, 170), (16, 20, 215), (14, 12, 255), (14, 8, 270)], (4.5, 6.5)),
        ([(14, 8, 270), (22, 8, 290), (33, 8, 314), (54, 2, 326)], (7.4, 6.8)),
        ([(33, 8, 314), (22, 18, 338), (4, 36, 360), (-8, 40, 366)], (5.5, 4.6)),
        ([(14, 8, 270), (-8, 3, 284), (-40, -2, 304), (-76, -26, 334)], (5.6, 4.4)),
        ([(14, 8, 264), (-16, 8, 238), (-30, 0, 205), (-34, 4, 160)], (3.4, 2.4)),
    ):
        course = spline(line, 8)
        canvas.paint(tube(course, np.linspace(*radii, len(course)).tolist()), Tissue.PORTAL_VEIN, over=over)


def _paint_arteries(canvas: Canvas) -> None:
    aorta = spline(_AORTA, 8)
    radii = np.interp(aorta[:, 2], [180, 250, 330, 450, 560], [8.0, 8.8, 10.0, 11.5, 13.5])
    canvas.paint(tube(aorta, radii.tolist()), Tissue.AORTA, over=_SOFT | {Tissue.MYOCARDIUM})
    soft = _SOFT | {Tissue.SYSTEMIC_VEIN, Tissue.VENA_CAVA}
    for side in (1.0, -1.0):
        iliac = spline([(-1, -9, 182), *_sided(side, _ILIAC_ARTERY)], 9)
        canvas.paint(tube(iliac, np.linspace(6.0, 4.6, len(iliac)).tolist()), Tissue.ARTERY, over=soft)
        inner = tube([(side * 44, -20, 122), (side * 50, -40, 92), (side * 46, -44, 66)], [4.2, 3.2, 2.4])
        canvas.paint(inner, Tissue.ARTERY, over=soft)
        kidney = tube([(-8, -13, 284), (side * 20, -22, 284), (side * 43, -32, 281 + (side < 0) * 8)], [3.2, 3.0, 2.6])
        canvas.paint(kidney, Tissue.ARTERY, over=soft)
        for foot in ((side * 22, -60, 245), (side * 24, -66, 210)):
            canvas.paint(tube([(side * 22, -58, foot[2] + 6), foot], [1.5, 1.2]), Tissue.ARTERY, over=soft)
        neck = tube([(side * 9, -6, 562), (side * 20, -8, 600), (side * 22, -8, 660)], [5.0, 4.2, 3.6])
        canvas.paint(neck, Tissue.ARTERY, over=soft)
    for line, radii_ends in (
        ([(-8, -6, 304), (-4, 10, 292), (4, 20, 252), (8, 24, 200), (14, 26, 165)], (4.2, 2.2)),
        ([(-9, -10, 316), (-7, 6, 320), (4, 12, 322), (30, 18, 316)], (3.8, 2.6)),
        ([(-7, 6, 320), (-34, -2, 316), (-76, -20, 342)], (3.4, 2.4)),
        ([(-5, 1, 222), (-18, 8, 196), (-30, 8, 160), (-22, -20, 118)], (2.4, 1.6)),
    ):
        course = spline(line, 8)
        canvas.paint(tube(course, np.linspace(*radii_ends, len(course)).tolist()), Tissue.ARTERY, over=soft)
