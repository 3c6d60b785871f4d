"""Where a place of one image lies in another that was taken in a patient space of its own."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import SyncPair
from numpy.typing import NDArray

from crc_mrml.images import is_mri

_NEAREST_MM = 0.1


class Space(StrEnum):
    """A patient space; a person lies anew for every examination."""

    CT = "ct"
    MRI = "mri"
    PRIOR = "prior"


def space_of(key: ImageKey, mri_is_moved: bool = False) -> Space:
    """The space an image is shown in; an MRI that was moved onto the CT lies in the CT's."""
    if key.is_prior:
        return Space.PRIOR
    return Space.MRI if is_mri(key) and not mri_is_moved else Space.CT


class Mapping:
    """Carries places between spaces as far as it is known how: within one, and between CT and MRI by sync points."""

    def __init__(self) -> None:
        self._ct = np.zeros((0, 3))
        self._mri = np.zeros((0, 3))

    def learn(self, pairs: Sequence[SyncPair]) -> None:
        """Know these pairs of places, and no others."""
        self._ct = np.array([pair.ct_ras for pair in pairs], dtype=np.float64).reshape(-1, 3)
        self._mri = np.array([pair.mri_ras for pair in pairs], dtype=np.float64).reshape(-1, 3)

    def carry(self, point: NDArray[np.float64], there: Space, here: Space) -> NDArray[np.float64] | None:
        """A point of the space `there` in the space `here`, RAS millimetres; None where nothing ties the two."""
        if there is here:
            return point
        if {there, here} != {Space.CT, Space.MRI} or not len(self._ct):
            return None
        known, sought = (self._ct, self._mri) if there is Space.CT else (self._mri, self._ct)
        weights = 1.0 / (np.linalg.norm(known - point, axis=1) ** 2 + _NEAREST_MM**2)
        shift = (sought - known).T @ weights / weights.sum()
        return np.asarray(point + shift, dtype=np.float64)
