"""How pairs of places on CT and MRI bring the two beside each other: a shift, told with how far the pairs disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crc_core.reading.schema import SyncPair

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Shift:
    """The mean shift of pairs: `ct_to_mri` as 4×4 rows in RAS mm, `apart_mm` how far the worst pair lies off it."""

    ct_to_mri: Matrix
    apart_mm: float


def shift_of(pairs: Sequence[SyncPair]) -> Shift | None:
    """The shift that fits the pairs best in the least-squares sense; None without any."""
    if not pairs:
        return None
    shifts = np.array([np.subtract(pair.mri_ras, pair.ct_ras) for pair in pairs])
    mean = shifts.mean(axis=0)
    matrix = np.eye(4)
    matrix[:3, 3] = mean
    apart = float(np.linalg.norm(shifts - mean, axis=1).max())
    return Shift(tuple(tuple(float(cell) for cell in row) for row in matrix), apart)
