"""Morphology within slices of a stack by shifted copies: the same voxels as scipy, without its walk per voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def eroded(mask: Mask) -> Mask:
    """What is left of `[..., j, i]` where all of the 3×3 neighbours are set; beyond the edge nothing is."""
    return _narrowed(_narrowed(mask, -1), -2)


def opened(mask: Mask) -> Mask:
    """`[..., j, i]` without what is narrower than 3×3 within its slice."""
    return _spread(_spread(eroded(mask), -1), -2)


def opened_by_cross(mask: Mask) -> Mask:
    """`[..., j, i]` without what holds no cross of five neighbours within its slice."""
    core = _narrowed(mask, -1)
    core &= _narrowed(mask, -2)
    wide = _spread(core, -1)
    wide |= _spread(core, -2)
    return wide


def _narrowed(mask: Mask, axis: int) -> Mask:
    """Set where the voxel and both its neighbours along `axis` are."""
    source, result = np.moveaxis(mask, axis, 0), np.zeros_like(mask)
    inner = np.moveaxis(result, axis, 0)[1:-1]
    np.logical_and(source[:-2], source[2:], out=inner)
    inner &= source[1:-1]
    return result


def _spread(mask: Mask, axis: int) -> Mask:
    """Set where the voxel or one of its neighbours along `axis` is."""
    result = mask.copy()
    source, target = np.moveaxis(mask, axis, 0), np.moveaxis(result, axis, 0)
    target[1:] |= source[:-1]
    target[:-1] |= source[1:]
    return result
