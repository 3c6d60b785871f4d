"""All readers over one case: how many drew each voxel, for the meeting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.prepared import PreparedMask
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.geometry.requirements import require_same_grid

_MOST_READERS = 255


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes per voxel, uint8 `[k, j, i]` on the common grid, of so many readers."""

    volume: Volume
    readers: int

    def drawn_by(self, least: int) -> NDArray[np.bool_]:
        """Where at least so many readers drew."""
        return np.asarray(self.volume.array >= least)

    @property
    def volumes_ml(self) -> tuple[float, ...]:
        """The volume drawn by at least one reader, by at least two, … by all."""
        counts = np.bincount(self.volume.array.reshape(-1), minlength=self.readers + 1)
        voxel_ml = self.volume.grid.voxel_volume_mm3 / 1000
        return tuple(float(counts[least:].sum()) * voxel_ml for least in range(1, self.readers + 1))


def count_votes(masks: Sequence[PreparedMask]) -> Votes:
    """Count the readers of every voxel, whatever the lesion.

    Raises CrcError for another grid and for more than 255 readers, ValueError without any mask.
    """
    if not masks:
        raise ValueError("votes of nobody")
    if len(masks) > _MOST_READERS:
        raise CrcError("calibration.many_readers", count=len(masks), most=_MOST_READERS)
    grid = masks[0].grid
    array = np.zeros(grid.shape_kji, np.uint8)
    flat = array.reshape(-1)
    for number, mask in enumerate(masks, start=1):
        require_same_grid(mask.grid, grid, Path(str(number)))
        flat[mask.flat] += 1
    return Votes(Volume(array, grid), len(masks))
