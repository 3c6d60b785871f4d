"""Solid organs, stomach, urinary tract and deep muscles of the standard body."""

from __future__ import annotations

import numpy as np

from crc_core.phantom.body import Layers
from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Capsule, Ellipsoid, Points, spline, tube
from crc_core.phantom.tissue import Tissue

FAT = frozenset({Tissue.VISCERAL_FAT})
KIDNEYS = ((57.0, -40.0, 272.0), (-58.0, -42.0, 287.0))
_KIDNEY_SEMI = (24.0, 25.0, 53.0)
_HEPATIC = frozenset({Tissue.LIVER})


def paint_muscles(canvas: Canvas) -> None:
    """Psoas, iliacus, the obturators and the floor of the pelvis."""
    for side in (1.0, -1.0):
        flip = np.array([side, 1, 1])
        psoas = np.array([(24, -46, 310), (34, -40, 265), (43, -34, 215), (49, -26, 165), (56, -6, 120), (66, 18, 80),
                          (86, 22, 40), (104, 0, 0)], dtype=float)  # fmt: skip
        line = spline(psoas * flip, 12)
        canvas.paint(tube(line, np.interp(np.linspace(0, 1, len(line)), [0, 0.3, 0.5, 0.75, 1], [7, 15, 19, 15, 9])),
                     Tissue.MUSCLE, over=FAT)  # fmt: skip
        iliacus = tube(np.array([(104, -10, 178), (90, -22, 130), (76, 6, 88)]) * flip, [11, 16, 12])
        canvas.paint(iliacus, Tissue.MUSCLE, over=FAT)
        canvas.paint(tube(np.array([(56, -10, 52), (46, 18, 30)]) * flip, [9, 7]), Tissue.MUSCLE, over=FAT)
        canvas.paint(tube(np.array([(40, -58, 96), (62, -58, 60)]) * flip, [10, 9]), Tissue.MUSCLE, over=FAT)
        strip = np.array([(22, -74, 90), (24, -68, 150), (25, -63, 213), (26, -70, 290), (24, -82, 360), (20, -90, 440),
                          (18, -90, 540), (16, -62, 640)], dtype=float)  # fmt: skip
        erector = spline(strip * flip, 14)
        canvas.paint(tube(erector, 17.0), Tissue.MUSCLE, over=FAT | {Tissue.LUNG})
        levator = tube(np.array([(44, -6, 40), (26, -26, 16), (9, -34, -6)]) * flip, [3.5, 4, 5])
        canvas.paint(levator, Tissue.MUSCLE, over=FAT)


def paint_organs(canvas: Canvas, found: Layers, sex: str) -> None:
    """Paint the organs of the abdomen and the pelvis over visceral fat."""
    for middle in KIDNEYS:
        _paint_kidney(canvas, middle)
    _paint_liver(canvas, found)
    _paint_spleen(canvas, found)
    _paint_gallbladder(canvas)
    _paint_stomach(canvas)
    pancreas = spline([(40, 14, 252), (27, 13, 267), (2, 13, 282), (-34, 4, 298), (-66, -16, 322)], 8)
    canvas.paint(tube(pancreas, np.linspace(13, 7.5, len(pancreas)).tolist()), Tissue.PANCREAS, over=FAT)
    for side, x in ((1.0, 30.0), (-1.0, -30.0)):
        top = np.array([x, -30.0, 330.0])
        for foot in ((x + side * 10, -44.0, 322.0), (x - side * 2, -50.0, 320.0)):
            canvas.paint(tube(np.array([top, foot]), [2.6, 2.0]), Tissue.ADRENAL, over=FAT)
    _paint_pelvis(canvas, sex)


def _paint_kidney(canvas: Canvas, middle: tuple[float, float, float]) -> None:
    side = 1.0 if middle[0] > 0 else -1.0
    axes = kidney_axes(side)
    centre = np.array(middle)
    canvas.paint(Ellipsoid(middle, _KIDNEY_SEMI, axes), Tissue.RENAL_CORTEX, over=FAT)
    whole = Ellipsoid(middle, _KIDNEY_SEMI, axes)
    box = canvas.box(*whole.bounds())
    if box is None:
        return
    x, y, z = canvas.at(box)
    level = whole.level(x, y, z)
    along = (z - middle[2]) / _KIDNEY_SEMI[2]
    around = np.arctan2(y - middle[1], side * (x - middle[0]))
    columns = np.cos(3 * around) + np.cos(9.5 * along)
    view = canvas.tissue[box]
    # Pyramids reach further out than the columns of cortex between them.
    view[(level < 0.58) & (columns > -1.05) & (view == Tissue.RENAL_CORTEX)] = Tissue.RENAL_MEDULLA
    hilum = tuple(centre + axes @ np.array([-side * 9.0, 2.0, 0.0]))
    kidney = frozenset({Tissue.RENAL_CORTEX, Tissue.RENAL_MEDULLA})
    canvas.paint(Ellipsoid(hilum, (15, 11, 27), axes), Tissue.VISCERAL_FAT, over=kidney)
    pelvis = centre + axes @ np.array([-side * 14.0, 2.0, 0.0])
    parts: list[Capsule] = []
    for rise in (-19.0, 0.0, 19.0):
        parts += tube([pelvis, centre + axes @ np.array([-side * 1.0, 0.0, rise])], [5.0, 4.0])
    first = pelvis + np.array((-side * 12, 2, -26))
    ureter = spline(np.array([pelvis, first, (side * 38, -24, 200), (side * 32, -16, 150),
                     (side * 38, -34, 100), (side * 22, -8, 58)]), 10)  # fmt: skip
    canvas.paint(parts, Tissue.RENAL_PELVIS)
    canvas.paint(tube(ureter, 2.4), Tissue.RENAL_PELVIS, over=FAT)


def kidney_axes(side: float) -> Points:
    """The axes of a kidney: the upper pole leans to the middle and to the back, the hilum looks forward."""
    lean, back, turn = np.radians((-side * 12.0, 10.0, side * 25.0))
    about_y = np.array([[np.cos(lean), 0, np.sin(lean)], [0, 1, 0], [-np.sin(lean), 0, np.cos(lean)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(back), -np.sin(back)], [0, np.sin(back), np.cos(back)]])
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def _paint_liver(canvas: Canvas, found: Layers) -> None:
    right = Ellipsoid((70, -4, 333), (82, 98, 102), power=2.6)
    left = Ellipsoid((2, 44, 372), (78, 46, 46), _tilt(-14))
    caudate = Ellipsoid((22, 4, 346), (17, 20, 26))
    box = canvas.box(np.array((-95.0, -105.0, 225.0)), np.array((155.0, 105.0, 440.0)))
    if box is None:
        return
    x, y, z = canvas.at(box)
    inside = right.holds(x, y, z) | left.holds(x, y, z) | caudate.holds(x, y, z)
    inside &= (found.cavity_mm[box] > 2.5) & (found.diaphragm_mm[box] < -5)
    hollow = Ellipsoid((8, 14, 256), (66, 86, 74))
    behind = Ellipsoid((-34, -50, 350), (62, 62, 120))
    notch = Ellipsoid((-4, 95, 330), (7, 62, 44))
    kidney = Ellipsoid(KIDNEYS[0], (31, 33, 61), kidney_axes(1.0))
    for space in (hollow, behind, notch, kidney):
        inside &= ~space.holds(x, y, z)
    view = canvas.tissue[box]
    view[inside & (view == Tissue.VISCERAL_FAT)] = Tissue.LIVER


def _tilt(degrees: float) -> Points:
    turn = np.radians(degrees)
    return np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])


def _paint_spleen(canvas: Canvas, found: Layers) -> None:
    body = Ellipsoid((-96, -34, 350), (32, 52, 51), power=2.2)
    box = canvas.box(*body.bounds())
    if box is None:
        return
    x, y, z = canvas.at(box)
    inside = body.holds(x, y, z) & (found.cavity_mm[box] > 2.5) & (found.diaphragm_mm[box] < -5)
    inside &= ~Ellipsoid((-66, -4, 344), (32, 56, 64)).holds(x, y, z)
    inside &= ~Ellipsoid(KIDNEYS[1], (30, 32, 60), kidney_axes(-1.0)).holds(x, y, z)
    view = canvas.tissue[box]
    view[inside & (view == Tissue.VISCERAL_FAT)] = Tissue.SPLEEN


def _paint_gallbladder(canvas: Canvas) -> None:
    over = FAT | _HEPATIC
    canvas.paint(tube([(44, 58, 272), (36, 34, 296)], [15.0, 8.0]), Tissue.STOMACH_WALL, over=over)
    canvas.paint(tube([(44, 58, 272), (36, 34, 296)], [13.2, 6.2]), Tissue.GALLBLADDER)


def _paint_stomach(canvas: Canvas) -> None:
    line = spline(
        [(-54, -14, 384), (-66, 8, 362), (-70, 34, 330), (-58, 54, 302), (-28, 62, 284), (4, 56, 276), (24, 48, 274)], 7
    )
    radii = np.interp(np.linspace(0, 1, len(line)), [0, 0.2, 0.45, 0.7, 0.88, 1], [26, 32, 29, 24, 17, 9])
    over = FAT | {Tissue.PANCREAS, Tissue.SPLEEN}
    canvas.paint(tube(line, radii.tolist()), Tissue.STOMACH_WALL, over=over)
    wall = frozenset({Tissue.STOMACH_WALL})
    inner = tube(line, (radii - 3.6).tolist())
    canvas.paint(inner, Tissue.STOMACH_WATER, over=wall)
    water = frozenset({Tissue.STOMACH_WATER})
    for part in inner:
        box = canvas.box(*part.bounds())
        if box is None:
            continue
        view = canvas.tissue[box]
        # The patient lies on the back: gas rises to the front.
        view[(canvas.native[1][box] > 62) & (view == Tissue.STOMACH_WATER)] = Tissue.COLON_GAS
    duodenum = spline(
        [(24, 48, 274), (42, 36, 278), (50, 16, 262), (48, 2, 232), (28, -2, 214), (-4, 6, 212), (-26, 16, 234)], 7
    )
    canvas.paint(tube(duodenum, 11.5), Tissue.SMALL_BOWEL_WALL, over=FAT | {Tissue.PANCREAS})
    canvas.paint(tube(duodenum, 8.8), Tissue.SMALL_BOWEL_CONTENT, over=frozenset({Tissue.SMALL_BOWEL_WALL}) | water)


def _paint_pelvis(canvas: Canvas, sex: str) -> None:
    bladder, semi = ((0.0, 14.0, 64.0), (38, 28, 29)) if sex == "M" else ((0.0, 20.0, 58.0), (38, 25, 24))
    canvas.paint(Ellipsoid(bladder, semi, power=2.3), Tissue.BLADDER_WALL, over=FAT)
    inner = (semi[0] - 3, semi[1] - 3, semi[2] - 3)
    canvas.paint(Ellipsoid(bladder, inner, power=2.3), Tissue.BLADDER, over=frozenset({Tissue.BLADDER_WALL}))
    if sex == "M":
        canvas.paint(Ellipsoid((0, 8, 26), (22, 15, 17)), Tissue.PROSTATE, over=FAT)
        for side in (1.0, -1.0):
            canvas.paint(tube([(side * 6, -14, 42), (side * 26, -18, 50)], [6, 4.5]), Tissue.PROSTATE, over=FAT)
        return
    canvas.paint(Ellipsoid((2, 6, 98), (25, 17, 18), _tilt(6)), Tissue.UTERUS, over=FAT)
    canvas.paint(tube([(0, 0, 90), (0, -9, 66), (0, -10, 40)], [12, 9.5, 9]), Tissue.UTERUS, over=FAT)
    for side in (1.0, -1.0):
        canvas.paint(Ellipsoid((side * 42, -12, 92), (12, 10, 14)), Tissue.UTERUS, over=FAT)
