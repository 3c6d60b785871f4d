"""The body on the coarse copy is what scipy fills slice by slice, also where the field of view cuts it."""

from __future__ import annotations

import numpy as np
from crc_core.geometry.grid import Grid
from crc_core.scan.coarse import Coarse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 3.0))
def test_the_body_is_filled_within_each_slice(seed: int, grain: float) -> None:
    blobs = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(5, 24, 20)), (1, grain, grain))
    hounsfield = np.where(blobs > 0, 40, -1000).astype(np.float32)
    body = Coarse(hounsfield, Grid(hounsfield.shape, np.diag([-3.0, -3.0, 3.0, 1.0]))).body
    assert np.array_equal(body, np.array([_filled(plane) for plane in _largest_piece(hounsfield > -300)]))


def _largest_piece(tissue: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = ndimage.label(ndimage.binary_opening(tissue, np.ones((1, 3, 3))))
    if count == 0:
        return np.zeros(tissue.shape, dtype=bool)
    return pieces == 1 + int(np.argmax(ndimage.sum_labels(pieces > 0, pieces, range(1, count + 1))))


def _filled(plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    closed = np.pad(plane, 1)
    for column in (0, -1):
        touched = np.flatnonzero(plane[:, column])
        if len(touched):
            closed[1 + touched[0] : 2 + touched[-1], column] = True
    return ndimage.binary_fill_holes(closed)[1:-1, 1:-1]
