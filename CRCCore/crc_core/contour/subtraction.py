"""Subtraction contouring: outer edge minus inner edge of the tumour (consensus 2.4.1, mode 3)."""

from __future__ import annotations

import numpy as np

from crc_core.contour.voxels import bounding_box, require_mask
from crc_core.geometry import Volume
from crc_core.geometry.requirements import require_same_grid


def subtract(outer: Volume, inner: Volume) -> Volume:
    """The tumour: voxels of `outer` that do not lie in `inner`, on the grid of `outer`, uint8.

    Lesion numbers are those of `outer`; `inner` takes away from all of them, whatever its own numbers. It may touch
    or cross the outer edge and may be missing on slices. Raises CrcError for another grid and for masks that hold
    anything but whole numbers from 0 to 255.
    """
    outer, inner = require_mask(outer), require_mask(inner)
    require_same_grid(inner.grid, outer.grid)
    wall = np.zeros(outer.grid.shape_kji, np.uint8)
    box = bounding_box(outer.array)
    if box is not None:
        np.multiply(outer.array[box], inner.array[box] == 0, out=wall[box])
    return Volume(wall, outer.grid)
