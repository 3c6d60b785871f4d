"""Lesion numbers and one grid: what does not fit is refused, with the file where one is known, what fits is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from crc_core.geometry.requirements import lesion_numbers, require_same_grid
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

WHOLE = hnp.integer_dtypes() | hnp.unsigned_integer_dtypes() | hnp.boolean_dtypes()
PATHS = st.sampled_from([None, Path("mask.nii.gz")])


@given(WHOLE.flatmap(lambda dtype: hnp.arrays(dtype, (2, 2, 3))), PATHS)
def test_whole_numbers_are_kept_or_refused(array: np.ndarray, path: Path | None) -> None:
    plain = array.astype(object)
    if plain.min() >= 0 and plain.max() <= 255:
        numbers = lesion_numbers(array, path)
        assert numbers.dtype == np.uint8
        assert np.array_equal(numbers, array)
    else:
        with pytest.raises(CrcError) as caught:
            lesion_numbers(array, path)
        assert (caught.value.code, caught.value.path) == ("mask.range", path)
        assert caught.value.values == {"low": int(plain.min()), "high": int(plain.max())}


@pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
def test_what_is_a_mask_already_is_not_copied(dtype: type) -> None:
    array = np.ones((2, 3, 4), dtype)[:, ::2]
    assert np.shares_memory(lesion_numbers(array), array)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.complex64])
def test_numbers_that_are_not_whole_are_refused_whatever_their_value(dtype: type) -> None:
    with pytest.raises(CrcError) as caught:
        lesion_numbers(np.ones((1, 1, 1), dtype))
    assert caught.value.code == "mask.float"


@pytest.mark.parametrize("path", [None, Path("mask.nii.gz")])
def test_grids_are_told_apart_by_shape_and_by_place(path: Path | None) -> None:
    place = np.eye(4)
    place[2, 3] = 5.0
    grid, moved = Grid((2, 3, 4), np.eye(4)), Grid((2, 3, 4), place)
    other = Grid((2, 3, 5), grid.ijk_to_ras)
    require_same_grid(grid, Grid(grid.shape_kji, grid.ijk_to_ras.copy()), path)
    for seen, code in ((moved, "grid.differs_place"), (other, "grid.differs_shape")):
        with pytest.raises(CrcError) as caught:
            require_same_grid(seen, grid, path)
        assert (caught.value.code, caught.value.path) == (code, path)
