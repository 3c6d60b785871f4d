"""The outline of the body and its layers: couch, skin, fat, muscle, the cavity with diaphragm and lungs.

Lengths in mm of the standard body: x to the right, y to the front, z up, z = 0 at the lower border of the symphysis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Field
from crc_core.phantom.tissue import Tissue

# z, half width, half depth, middle in y
_OUTLINE = np.array(
    [
        (-60, 158, 92, -4), (0, 160, 98, -6), (60, 160, 103, -6), (120, 154, 103, -4), (190, 143, 98, 0),
        (250, 146, 101, 0), (330, 152, 106, 0), (400, 155, 110, 0), (480, 156, 112, 0), (560, 148, 104, -5),
        (610, 130, 92, -10), (650, 95, 76, -16), (700, 62, 62, -20),
    ]
)  # fmt: skip
CAVITY = np.array(
    [
        (-60, 20, 20, -25), (-20, 30, 28, -25), (0, 42, 36, -22), (30, 54, 48, -18), (60, 62, 58, -12),
        (90, 72, 68, -5), (120, 92, 74, 3), (160, 108, 77, 8), (200, 117, 75, 8), (260, 125, 78, 7), (330, 131, 85, 5),
        (400, 133, 91, 2), (480, 129, 93, 0), (540, 112, 84, -5), (590, 80, 64, -12), (630, 48, 42, -20),
        (700, 16, 16, -30),
    ]
)  # fmt: skip
_FAT_MM = np.array([(-60, 20), (0, 21), (60, 19), (120, 15), (190, 13), (260, 11), (400, 8), (560, 8), (700, 6)])

LUNG_APEX_Z_MM = 612.0


@dataclass(frozen=True)
class Layers:
    """Depth below the skin and distance inside the wall of the cavity, both mm and positive inside; `[k, j, i]`."""

    depth_mm: Field
    cavity_mm: Field
    diaphragm_mm: Field
    """Height above the diaphragm."""


def layers(x: Field, y: Field, z: Field) -> Layers:
    """The layers at standard points."""
    return Layers(_inside(_OUTLINE, x, y, z), _inside(CAVITY, x, y, z), z - diaphragm_height(x, y))


def _inside(table: NDArray, x: Field, y: Field, z: Field) -> Field:
    """Distance to a stack of superellipses (power 2.5) along the ray from the middle of each."""
    heights = np.linspace(table[0, 0], table[-1, 0], 512)
    index = np.clip((z - table[0, 0]) * (511 / (table[-1, 0] - table[0, 0])), 0, 511).astype(np.int32)
    width, depth, middle = (
        _smooth(np.interp(heights, table[:, 0], table[:, column])).astype(np.float32)[index] for column in (1, 2, 3)
    )
    side, front = np.abs(x), np.abs(y - middle)
    u, v = side / width, front / depth
    level = (u * u * np.sqrt(u) + v * v * np.sqrt(v)) ** np.float32(0.4)
    return (np.hypot(side, front) * (1 / np.maximum(level, np.float32(0.02)) - 1)).astype(np.float32)


def _smooth(values: NDArray) -> NDArray:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(values, 12, mode="nearest")


def diaphragm_height(x: Field, y: Field) -> Field:
    """The height of the diaphragm: two domes and the central tendon below the heart."""
    right = _dome(x, y, 68.0, 426.0)
    left = _dome(x, y, -70.0, 413.0)
    tendon = 398 - (np.maximum(np.abs(x) - 20, 0) / 9) ** 2 - (np.maximum(-10 - y, 0) / 5) ** 2
    return np.maximum(np.maximum(right, left), tendon)


def _dome(x: Field, y: Field, middle_mm: float, top_mm: float) -> Field:
    behind = np.where(y < 8, np.float32(1 / 80), np.float32(1 / 112))
    square = ((x - np.float32(middle_mm)) / 64) ** 2 + ((y - 8) * behind) ** 2
    return np.float32(top_mm) - np.float32(96) * square * np.sqrt(np.sqrt(square))


def paint_layers(canvas: Canvas, fat_scale: float) -> Layers:
    """Paint couch, skin, fat, muscle, visceral fat, diaphragm and lungs; gives the layers for what comes after."""
    x, y, z = canvas.standard
    _paint_couch(canvas)
    found = layers(x, y, z)
    tissue, depth, cavity = canvas.tissue, found.depth_mm, found.cavity_mm
    index = np.clip(z + 60, 0, 759).astype(np.int32)
    fat = np.interp(np.arange(-60, 700), _FAT_MM[:, 0], _FAT_MM[:, 1]).astype(np.float32)[index] * np.float32(fat_scale)
    # Fat is thicker over the belly and the buttocks than at the flanks.
    fat *= 0.8 + 0.35 * np.abs(y) / 100
    tissue[depth > 0] = Tissue.SKIN
    tissue[depth > 2.2] = Tissue.SUBCUTANEOUS_FAT
    muscle = (depth > fat) | (cavity > -5)
    tissue[muscle & (depth > 2.2)] = Tissue.MUSCLE
    planes = _fat_planes(x, y, z)
    tissue[muscle & planes & (cavity < -7) & (depth > 4)] = Tissue.VISCERAL_FAT
    tissue[cavity > 0] = Tissue.VISCERAL_FAT
    dome = found.diaphragm_mm
    tissue[(cavity > 0) & (dome > -3.5) & (dome < 0.5)] = Tissue.MUSCLE
    lung = (cavity > 1.5) & (dome > 0.5) & (z < LUNG_APEX_Z_MM) & ~_mediastinum(x, y, z)
    tissue[lung] = Tissue.LUNG
    return found


def _fat_planes(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    """Thin sheets of fat between muscles, where two slow waves cross."""
    side = np.abs(x)
    wave = np.sin(side / 13 + np.sin(y / 21) * 1.3 + z / 160) + np.sin(y / 11 - side / 37 + z / 110)
    return np.abs(wave) < 0.10


def _mediastinum(x: Field, y: Field, z: Field) -> NDArray[np.bool_]:
    width = 27 + 8 * np.cos((z - 430) / 60)
    return ((x + 4) / width) ** 2 + ((y + 5) / 105) ** 2 < 1


def _paint_couch(canvas: Canvas) -> None:
    """A curved couch top behind the back, in the place of this body (the couch does not warp)."""
    x, y, _ = canvas.native
    top = -128 + x * x / 900
    below = top - y
    wide = np.abs(x) < 215
    canvas.tissue[wide & (below > 0) & (below < 22)] = Tissue.COUCH_FOAM
    canvas.tissue[wide & (((below > 0) & (below < 3)) | ((below > 19) & (below < 22)))] = Tissue.COUCH
