"""Filling the slices between drawn ones by shape: signed distances of neighbouring contours, blended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.voxels import axis_order

if TYPE_CHECKING:
    from crc_core.geometry import Volume


def drawn_slices(mask: Volume) -> int:
    """How many slices of a mask hold voxels, counted along its slice axis."""
    axis = axis_order(mask.grid)[0]
    others = tuple(other for other in range(3) if other != axis)
    return int(np.count_nonzero((mask.array > 0).any(axis=others)))


def open_slices(inside: NDArray[np.bool_], axis: int = 0) -> tuple[int, ...]:
    """The indexes along `axis` of the slices without contour between the first and the last drawn one."""
    others = tuple(other for other in range(3) if other != axis)
    drawn = np.flatnonzero(inside.any(axis=others))
    if not drawn.size:
        return ()
    return tuple(sorted(set(range(int(drawn[0]), int(drawn[-1]))) - {int(index) for index in drawn}))
