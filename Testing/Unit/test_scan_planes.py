"""Morphology within slices: the same voxels as scipy's, whatever the mask."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.scan.planes import eroded, opened, opened_by_cross
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

masks = arrays(bool, array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9), elements=st.booleans())
BOX = np.ones((1, 3, 3))
CROSS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]])


@given(masks)
def test_the_voxels_are_those_of_scipy(mask: np.ndarray) -> None:
    before = mask.copy()
    assert np.array_equal(eroded(mask), ndimage.binary_erosion(mask, BOX))
    assert np.array_equal(opened(mask), ndimage.binary_opening(mask, BOX))
    assert np.array_equal(opened_by_cross(mask), ndimage.binary_opening(mask, CROSS))
    assert np.array_equal(mask, before)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_so_they_are_in_dense_planes(share: float) -> None:
    plane = np.random.default_rng(7).random((40, 50)) < share
    assert np.array_equal(opened(plane), ndimage.binary_opening(plane, BOX[0]))
    assert np.array_equal(opened_by_cross(plane), ndimage.binary_opening(plane, CROSS[0]))
