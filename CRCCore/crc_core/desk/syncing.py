"""How far pairs of places on CT and MRI agree: where they do not, no shift brings the two beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crc_core.reading.schema import SyncPair


def apart_mm(pairs: Sequence[SyncPair]) -> float:
    """How far the worst pair lies off the mean shift of all pairs, in millimetres; 0 for fewer than two."""
    if len(pairs) < 2:
        return 0.0
    shifts = np.array([np.subtract(pair.mri_ras, pair.ct_ras) for pair in pairs])
    return float(np.linalg.norm(shifts - shifts.mean(axis=0), axis=1).max())
