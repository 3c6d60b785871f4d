"""What every calculation asks of its volumes: lesion numbers that fit uint8, and one grid for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid


def lesion_numbers(array: NDArray, path: Path | None = None) -> NDArray[np.uint8]:
    """`array` as uint8 lesion numbers; boolean and uint8 arrays are not copied.

    Raises CrcError, naming `path` where it is given, for values that are not whole numbers from 0 to 255.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if array.dtype.kind not in "iu":
        raise CrcError("mask.float", path=path)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 255:
        raise CrcError("mask.range", path=path, low=low, high=high)
    return array.astype(np.uint8)


def require_same_grid(seen: Grid, expected: Grid, path: Path | None = None) -> None:
    """Raise the CrcError that names the difference, and `path` where it is given, unless `seen` is `expected`."""
    if seen.shape_kji != expected.shape_kji:
        raise CrcError("grid.differs_shape", path=path, seen=_words(seen), expected=_words(expected))
    if not seen.same_as(expected):
        raise CrcError("grid.differs_place", path=path, distance_mm=seen.corner_distance_mm(expected))


def _words(grid: Grid) -> str:
    return " × ".join(str(size) for size in reversed(grid.shape_kji))
