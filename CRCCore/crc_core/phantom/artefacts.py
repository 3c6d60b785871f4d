"""What goes wrong in the images themselves: streaks around metal, a patient who moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.tissue import Tissue

_STREAK_HU = 260.0
_STREAK_REACH_MM = 70.0
_MOTION_MM = 9.0
_BREATH_SLICES_MM = 55.0
_MOVING_Z_MM = (150.0, 330.0)


def add_metal_streaks(image: NDArray[np.float32], tissue: NDArray[np.uint8], grid: Grid, seed: int) -> None:
    """Add bright and dark rays around the metal of every slice, in place; `[k, j, i]` HU."""
    rng = np.random.default_rng([seed, 0x3E7A])
    numbers = np.arange(3, 16)
    phases, heights = rng.uniform(0, 2 * np.pi, len(numbers)), rng.normal(0, 0.45, len(numbers))
    rows, columns = np.mgrid[: grid.shape_kji[1], : grid.shape_kji[2]].astype(np.float32)
    for k in np.flatnonzero((tissue == Tissue.METAL).any(axis=(1, 2))):
        metal = np.argwhere(tissue[k] == Tissue.METAL)
        j, i = metal.mean(axis=0)
        down, along = (rows - j) * grid.spacing_ijk_mm[1], (columns - i) * grid.spacing_ijk_mm[0]
        turn = np.arctan2(down, along)
        rays = sum(h * np.cos(n * turn + p) for n, h, p in zip(numbers, heights, phases, strict=True))
        # The long way through the pelvis is starved of photons: a dark band from side to side.
        band = -1.2 * np.exp(-((down / 9) ** 2))
        away = np.exp(-np.hypot(down, along) / _STREAK_REACH_MM)
        inside = tissue[k] > Tissue.COUCH_FOAM
        image[k] += np.where(inside, _STREAK_HU * away * (rays + band), 0).astype(np.float32)


def blur_by_motion(image: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """The image of a patient who breathes: in the middle of the scan slices shift and show edges twice."""
    moved = image.copy()
    for k in range(len(image)):
        z = grid.to_ras((0, 0, k))[2]
        if not _MOVING_Z_MM[0] < z < _MOVING_Z_MM[1]:
            continue
        breath = np.sin(2 * np.pi * (z - _MOVING_Z_MM[0]) / _BREATH_SLICES_MM)
        step = max(1, round(abs(breath) * _MOTION_MM / grid.spacing_ijk_mm[1]))
        shifted = np.roll(image[k], step if breath > 0 else -step, axis=0)
        moved[k] = 0.45 * image[k] + 0.55 * shifted
    return moved
