"""Branching vessels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crc_core.phantom.shapes import Capsule


def grow(
    rng: np.random.Generator,
    root: ArrayLike,
    heading: ArrayLike,
    radius_mm: float,
    length_mm: float,
    generations: int,
    spread: float,
) -> list[Capsule]:
    """A tree of capsules from `root` along `heading`; each branch forks in two thinner ones (Murray: r³ is kept)."""
    start, along = np.asarray(root, dtype=np.float64), np.asarray(heading, dtype=np.float64)
    along = along / np.linalg.norm(along)
    end = start + along * length_mm
    branches = [Capsule(start, end, radius_mm, radius_mm * 0.85)]
    if generations <= 1:
        return branches
    side = np.cross(along, rng.normal(size=3))
    side /= np.linalg.norm(side)
    share = rng.uniform(0.4, 0.6)
    for part, sign in ((share, 1.0), (1 - share, -1.0)):
        turned = along + sign * side * spread * rng.uniform(0.7, 1.4) + rng.normal(scale=0.12, size=3)
        child = radius_mm * 0.85 * part ** (1 / 3)
        branches += grow(rng, end, turned, child, length_mm * rng.uniform(0.62, 0.82), generations - 1, spread)
    return branches
