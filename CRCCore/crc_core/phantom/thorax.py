"""What is above the diaphragm: airways, vessels of the lungs, heart, oesophagus."""

from __future__ import annotations

import numpy as np

from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Capsule, Ellipsoid, Points, spline, tube
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.trees import grow

_INSIDE = frozenset({Tissue.VISCERAL_FAT, Tissue.LUNG})


def lung_vessels(rng: np.random.Generator) -> list[Capsule]:
    """The vessel trees of both lungs, from the hila outwards."""
    branches: list[Capsule] = []
    for side in (1.0, -1.0):
        hilum = np.array([side * 34.0, -12.0, 478.0])
        for direction in (
            (0.7, 0.15, 0.9),
            (0.9, 0.75, 0.1),
            (0.9, -0.55, 0.25),
            (0.75, -0.35, -0.75),
            (0.85, 0.3, -0.6),
        ):
            heading = np.array([side * direction[0], direction[1], direction[2]])
            branches += grow(rng, hilum, heading, 6.0, 44.0, 6, spread=0.55)
    return branches


def paint_thorax(canvas: Canvas, vessels: list[Capsule]) -> None:
    """Paint the organs of the chest; the lungs must be there."""
    canvas.paint(vessels, Tissue.LUNG_VESSEL, over=frozenset({Tissue.LUNG}))
    _paint_heart(canvas)
    windpipe = spline([(0, -2, 690), (2, -10, 620), (4, -18, 560), (4, -20, 525)], 12)
    canvas.paint(tube(windpipe, 10.5), Tissue.MUSCLE, over=_INSIDE)
    canvas.paint(tube(windpipe, 8.5), Tissue.AIRWAY)
    for side in (1.0, -1.0):
        bronchus = tube([(4, -20, 525), (side * 26, -18, 500), (side * 44, -20, 482)], [7.5, 6.0, 4.5])
        canvas.paint([_wider(part, 1.8) for part in bronchus], Tissue.MUSCLE, over=_INSIDE)
        canvas.paint(bronchus, Tissue.AIRWAY)
    gullet = spline(
        [(-2, -32, 620), (-4, -36, 560), (-6, -38, 500), (-10, -32, 440), (-22, -18, 402), (-38, -8, 384)], 12
    )
    canvas.paint(tube(gullet, 7.5), Tissue.OESOPHAGUS, over=_INSIDE | {Tissue.MUSCLE})


def _wider(part: Capsule, more_mm: float) -> Capsule:
    return Capsule(part.start, part.end, part.start_radius + more_mm, part.end_radius + more_mm)


def _paint_heart(canvas: Canvas) -> None:
    turn = _turned(np.array([-0.62, 0.62, -0.48]))
    canvas.paint(Ellipsoid((-24, 26, 446), (66, 48, 46), turn), Tissue.VISCERAL_FAT, over=_INSIDE)
    canvas.paint(Ellipsoid((-25, 26, 446), (62, 44, 42), turn), Tissue.MYOCARDIUM, over=_INSIDE)
    canvas.paint(Ellipsoid((-42, 22, 440), (36, 20, 21), turn), Tissue.HEART_CHAMBER)
    canvas.paint(Ellipsoid((-12, 48, 440), (34, 14, 24), turn), Tissue.HEART_CHAMBER)
    canvas.paint(Ellipsoid((22, 18, 458), (18, 21, 27)), Tissue.HEART_CHAMBER)
    canvas.paint(Ellipsoid((-10, -16, 468), (30, 15, 20)), Tissue.HEART_CHAMBER)
    trunk = [(-16, 42, 478), (-20, 30, 502), (-16, 6, 508)]
    canvas.paint(tube(spline(trunk, 8), 12.5), Tissue.HEART_CHAMBER, over=_INSIDE | {Tissue.MYOCARDIUM})
    for side in (1.0, -1.0):
        branch = tube([(-14, 4, 506), (side * 24, -8, 496), (side * 40, -12, 482)], [9.5, 9, 7])
        canvas.paint(branch, Tissue.HEART_CHAMBER, over=_INSIDE)
    canvas.paint(tube([(24, 10, 590), (24, 8, 530), (22, 14, 478)], 8.5), Tissue.HEART_CHAMBER, over=_INSIDE)


def _turned(direction: Points) -> Points:
    first = direction / np.linalg.norm(direction)
    second = np.cross([0.0, 0.0, 1.0], first)
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)])
