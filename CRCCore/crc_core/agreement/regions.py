"""Where two readers differ, largest place first, so that a senior can go from one to the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.agreement.voxels import apart, dense
from crc_core.geometry.grid import Grid, Volume


class Side(StrEnum):
    """Who drew a region alone."""

    ONLY_A = "only_a"
    ONLY_B = "only_b"


@dataclass(frozen=True)
class DisagreementRegion:
    """Voxels that hang together and that one reader drew and the other did not.

    `centre_ras_mm` is the voxel of the region nearest its centre of gravity, so that a view centred there shows it.
    `first_kji` and `last_kji` are the corners of its box, both inside; `first_kji[0]` to `last_kji[0]` its slices.
    """

    side: Side
    voxels: int
    volume_ml: float
    centre_ras_mm: tuple[float, float, float]
    first_kji: tuple[int, int, int]
    last_kji: tuple[int, int, int]

    @property
    def slices(self) -> tuple[int, int]:
        """The first and the last slice index k of the region."""
        return (self.first_kji[0], self.last_kji[0])


def disagreement_regions(a: Volume, b: Volume) -> tuple[DisagreementRegion, ...]:
    """The regions (joined over faces, edges and corners) drawn by one reader alone, by volume, largest first.

    Both masks lie on one grid; lesion numbers do not matter here. Raises CrcError for values that are none.
    """
    prepared_a, prepared_b = prepare(a), prepare(b)
    regions = [
        *_regions(Side.ONLY_A, prepared_a, prepared_b),
        *_regions(Side.ONLY_B, prepared_b, prepared_a),
    ]
    return tuple(sorted(regions, key=lambda region: (-region.voxels, region.side, region.first_kji)))


def _regions(side: Side, own: PreparedMask, other: PreparedMask) -> list[DisagreementRegion]:
    alone = own.kji[other.look_up(own.flat) == 0]
    return [_describe(side, kji, own.grid) for kji in _connected(alone)]


def _connected(kji: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    from scipy.ndimage import label

    parts = []
    for group in apart(kji):
        first, box = dense(group, margin=0)
        labels, _ = label(box, structure=np.ones((3, 3, 3)))
        of_voxel = labels[tuple((group - first).T)]
        order = np.argsort(of_voxel, kind="stable")
        ends = np.cumsum(np.bincount(of_voxel)[1:])
        parts.extend(np.split(group[order], ends[:-1]))
    return parts


def _describe(side: Side, kji: NDArray[np.int32], grid: Grid) -> DisagreementRegion:
    away_mm = (kji - kji.mean(axis=0)) * np.array(grid.spacing_kji_mm)
    centre = kji[np.argmin(np.square(away_mm).sum(axis=1))]
    x, y, z = grid.to_ras(centre[::-1])
    first, last = kji.min(axis=0), kji.max(axis=0)
    return DisagreementRegion(
        side=side,
        voxels=len(kji),
        volume_ml=len(kji) * grid.voxel_volume_mm3 / 1000,
        centre_ras_mm=(float(x), float(y), float(z)),
        first_kji=(int(first[0]), int(first[1]), int(first[2])),
        last_kji=(int(last[0]), int(last[1]), int(last[2])),
    )
