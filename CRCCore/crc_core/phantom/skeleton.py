"""Bones of the standard body: spine, ribs, sternum, pelvis with symphysis, hips."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crc_core.phantom.body import CAVITY
from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Capsule, Ellipsoid, Shape, spline, tube
from crc_core.phantom.tissue import Tissue

# y and z of the middle of the vertebral bodies from L5 upwards
SPINE = np.array(
    [
        (-44, 140), (-36, 176), (-33, 213), (-35, 250), (-40, 287), (-46, 322), (-52, 354), (-57, 384), (-60, 413),
        (-63, 440), (-64, 467), (-64, 493), (-62, 518), (-59, 542), (-54, 565), (-48, 587), (-41, 608), (-33, 628),
        (-26, 646), (-20, 662),
    ],
    dtype=np.float64,
)  # fmt: skip
_THORACIC = slice(5, 17)
_WALL = frozenset({Tissue.MUSCLE, Tissue.VISCERAL_FAT, Tissue.SUBCUTANEOUS_FAT})


def paint_skeleton(canvas: Canvas) -> None:
    """Paint every bone as a dense shell around marrow."""
    _paint_spine(canvas)
    _bones(canvas, _sacrum(), 2.0)
    for side in (1.0, -1.0):
        _bones(canvas, _hip_bone(side), 1.8)
        _paint_socket(canvas, side)
        _bones(canvas, _femur(side), 2.2)
    canvas.paint(Ellipsoid((0, 52, 20), (4.5, 9, 18), power=3), Tissue.CARTILAGE)
    _paint_ribs(canvas)
    _bones(canvas, _sternum(), 1.6)


def _bones(canvas: Canvas, shapes: Sequence[Capsule], shell_mm: float) -> None:
    canvas.paint(shapes, Tissue.CORTICAL_BONE)
    inner = [_thinner(shape, shell_mm) for shape in shapes]
    canvas.paint([shape for shape in inner if min(shape.start_radius, shape.end_radius) > 0.4], Tissue.MARROW)


def _thinner(shape: Capsule, shell_mm: float) -> Capsule:
    return Capsule(shape.start, shape.end, shape.start_radius - shell_mm, shape.end_radius - shell_mm)


def _paint_spine(canvas: Canvas) -> None:
    heights = np.diff(SPINE[:, 1])
    for index, (y, z) in enumerate(SPINE[:-1]):
        half = 0.5 * heights[index]
        wide, deep = (24.0, 17.0) if index < 5 else (17.0 - 0.25 * (index - 5), 14.5 - 0.2 * (index - 5))
        middle = (0.0, float(y), float(z))
        disc = (0.0, float(y + SPINE[index + 1, 0]) / 2, float(z + half))
        canvas.paint(Ellipsoid(disc, (wide - 1, deep - 1, half * 0.36), power=3), Tissue.DISC)
        _paint_arch(canvas, y, z, deep, half, index)
        canvas.paint(Ellipsoid(middle, (wide, deep, half * 0.82), power=3.5), Tissue.CORTICAL_BONE)
        canvas.paint(Ellipsoid(middle, (wide - 1.6, deep - 1.6, half * 0.82 - 1.6), power=3.5), Tissue.MARROW)
    canal = np.column_stack([np.zeros(len(SPINE)), SPINE[:, 0] - 25, SPINE[:, 1]])
    canal[5:, 1] += 2
    canvas.paint(tube(canal, 7.5), Tissue.SPINAL_CANAL)


def _paint_arch(canvas: Canvas, y: float, z: float, deep: float, half: float, index: int) -> None:
    behind = y - deep
    parts: list[Capsule] = []
    for side in (1.0, -1.0):
        pedicle = np.array([side * 11.0, behind + 2, z + 3])
        joint = np.array([side * 13.0, behind - 12, z])
        lamina = np.array([0.0, behind - 19, z - 4])
        parts += tube([pedicle, joint, lamina], [4.5, 5.5, 3.5])
        reach = 40.0 if index < 5 else 26.0
        parts += tube([joint, np.array([side * reach, behind - 16, z + 3])], [4.0, 2.8])
    parts += tube([(0, behind - 19, z - 4), (0, behind - 36, z - half * 0.8)], [3.5, 3.0])
    parts += tube([(0, behind - 19, z + 3), (0, behind - 36, z - half * 0.3)], [3.0, 3.0])
    _bones(canvas, parts, 1.6)


def _sacrum() -> list[Capsule]:
    line = spline([(0, -48, 120), (0, -62, 100), (0, -77, 78), (0, -82, 55), (0, -76, 34), (0, -66, 22)], 8)
    parts = tube(line, np.linspace(15, 4, len(line)).tolist())
    for side in (1.0, -1.0):
        for middle, wing in (
            ((0, -50, 118), (46, -64, 112)),
            ((0, -64, 98), (44, -72, 96)),
            ((0, -76, 80), (32, -78, 80)),
        ):
            parts += tube([middle, (side * wing[0], wing[1], wing[2])], [13, 11])
        parts += tube([(0, -80, 62), (side * 20, -80, 62)], [9, 6])
    return parts


@cache
def _hip_bone(side: float) -> tuple[Capsule, ...]:
    crest = spline([(44, -74, 112), (52, -78, 150), (76, -58, 180), (104, -22, 190), (122, 18, 176), (124, 42, 148),
                    (112, 46, 122)], 4.5)  # fmt: skip
    neck = spline([(60, -58, 92), (72, -30, 82), (84, -2, 76), (92, 22, 74)], 5)
    parts: list[Capsule] = []
    for place, edge in enumerate(crest):
        foot = neck[round(place * (len(neck) - 1) / (len(crest) - 1))]
        middle = (edge + foot) / 2 + np.array([-5.0, -2.0, 0.0])
        parts += tube([edge, middle, foot], [5.2, 3.6, 7.0])
    parts += tube(neck, 9.0)
    parts += tube([(74, 24, 48), (44, 44, 40), (14, 52, 28)], [9, 6.5, 8])
    parts += tube([(11, 52, 30), (11, 50, 10)], [7.5, 7.5])
    parts += tube([(13, 48, 10), (34, 14, -12), (52, -28, -18)], [6, 5.5, 9])
    parts += tube([(74, -24, 36), (68, -38, 10), (58, -38, -16)], [11, 11, 12])
    return tuple(_mirrored(part, side) for part in parts)


def _paint_socket(canvas: Canvas, side: float) -> None:
    """The socket of the hip: a bowl around the head of the femur, open to the side."""
    middle = (side * 73.0, -1.0, 42.0)
    canvas.paint(Ellipsoid(middle, (25, 32, 33)), Tissue.CORTICAL_BONE)
    canvas.paint(Ellipsoid(middle, (23, 30, 31)), Tissue.MARROW)
    canvas.paint(
        Ellipsoid((side * 84.0, 0.0, 38.0), (27, 27, 27)), Tissue.CORTICAL_BONE, over=frozenset({Tissue.MARROW})
    )
    head = (side * 84.0, 0.0, 38.0)
    canvas.paint(Ellipsoid(head, (27, 27, 27)), Tissue.CORTICAL_BONE, over=frozenset({Tissue.MARROW}))
    canvas.paint(Ellipsoid(head, (24.5, 24.5, 24.5)), Tissue.CARTILAGE)


def _femur(side: float) -> list[Capsule]:
    parts = tube([(84, 0, 38), (84.5, 0, 38)], 22.0)
    parts += tube([(84, 0, 38), (120, -8, 12)], [15, 15])
    parts += tube([(124, -12, 22), (124, -10, 0)], [13, 14])
    parts += tube([(122, -8, 0), (116, -4, -90)], [15, 13])
    return [_mirrored(part, side) for part in parts]


def _mirrored(part: Capsule, side: float) -> Capsule:
    flip = np.array([side, 1.0, 1.0])
    return Capsule(part.start * flip, part.end * flip, part.start_radius, part.end_radius)


def wall_point(turn: float, z: float, out_mm: float) -> NDArray[np.float64]:
    """A point in the wall of the trunk: `turn` 0 at the back and π at the front, `out_mm` outside the cavity."""
    width, depth, middle = (float(np.interp(z, CAVITY[:, 0], CAVITY[:, column])) for column in (1, 2, 3))
    sine, cosine = np.sin(turn), -np.cos(turn)
    radius = (abs(sine / (width + out_mm)) ** 2.5 + abs(cosine / (depth + out_mm)) ** 2.5) ** -0.4
    return np.array([radius * sine, middle + radius * cosine, z])


def _paint_ribs(canvas: Canvas) -> None:
    for bone, cartilage in _ribs():
        _bones(canvas, bone, 1.5)
        canvas.paint(cartilage, Tissue.CARTILAGE, over=_WALL)


@cache
def _ribs() -> tuple[tuple[tuple[Capsule, ...], tuple[Capsule, ...]], ...]:
    """Every rib and its cartilage, from the twelfth pair upwards."""
    return tuple(_rib(number, side) for number in range(12) for side in (1.0, -1.0))


def _rib(number: int, side: float) -> tuple[tuple[Capsule, ...], tuple[Capsule, ...]]:
    """Rib 12 - `number`: from its vertebra around the trunk and down, ending in cartilage in front."""
    y, z = SPINE[_THORACIC][number]
    reach = (1.25, 1.75)[number] if number < 2 else 2.35 + 0.03 * min(number, 8)
    # The lower ribs hang down more than the upper ones.
    fall = (34, 62)[number] if number < 2 else max(34.0, 92.0 - 5.0 * number)
    line = [np.array([side * 16, y - 8, z + 4]), np.array([side * 30, y - 17, z + 4])]
    for turn in np.linspace(0.55, reach, 9):
        point = wall_point(turn, z + 6 - fall * (turn - 0.4) / 2.0, 4.5)
        line.append(point * np.array([side, 1, 1]))
    smooth = spline(np.array(line), 11)
    bone = tuple(tube(smooth, 5.0))
    if number < 2:
        return bone, ()
    front = wall_point(np.pi, float(np.clip(z + 10, 400, 560)), 3) * np.array([0, 1, 1]) + np.array([side * 14, 0, 0])
    middle = (smooth[-1] + front) / 2 + np.array([side * 8, 0.0, -6.0])
    return bone, tuple(tube(spline(np.array([smooth[-1], middle, front]), 12), 4.0))


def _sternum() -> list[Capsule]:
    line = [wall_point(np.pi, z, 4) for z in (400, 440, 480, 520, 555)]
    parts: list[Capsule] = []
    for shift in (-10.0, -5.0, 0.0, 5.0, 10.0):
        parts += tube(np.array(line) + np.array([shift, 0, 0]), 5.2)
    return parts


def hip_prosthesis(side: float) -> list[Shape]:
    """A metal head, neck and stem in place of the hip of one side."""
    parts = tube([(84, 0, 38), (84.5, 0, 38)], 17.0) + tube([(84, 0, 38), (116, -6, 12), (116, -4, -90)], [9, 8, 6])
    return [_mirrored(part, side) for part in parts]
