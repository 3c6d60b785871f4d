"""Crops of contours: what goes in comes out, and a crop that is not of the grid is refused."""

from __future__ import annotations

import numpy as np
import pytest
from agreement_support import oblique_grid, straight_grid
from crc_core.decision.crops import box_around, cropped, embedded
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from hypothesis import given
from hypothesis import strategies as st

SHAPE = (7, 9, 11)


@given(st.integers(0, 10_000), st.floats(0.001, 0.3), st.booleans())
def test_a_crop_put_back_is_what_was_cropped(seed: int, share: float, oblique: bool) -> None:
    rng = np.random.default_rng(seed)
    grid = (oblique_grid if oblique else straight_grid)(SHAPE, (2.5, 0.75, 0.75))
    mask = (rng.random(SHAPE) < share) * rng.integers(1, 256, SHAPE)
    mask[tuple(rng.integers(0, n) for n in SHAPE)] = 7
    flat = np.flatnonzero(mask)
    box = box_around([flat[: flat.size // 2], flat[flat.size // 2 :], np.zeros(0, np.int64)], grid)
    assert box is not None
    crop = cropped(flat, mask.reshape(-1)[flat].astype(np.uint8), grid, box)
    assert crop.array.size <= mask.size
    back = embedded(crop, grid)
    assert (back.array == mask).all()
    assert back.grid.same_as(grid)


def test_nothing_has_no_box_and_the_whole_is_itself() -> None:
    grid = straight_grid(SHAPE)
    assert box_around([np.zeros(0, np.int64)], grid) is None
    whole = Volume(np.ones(SHAPE, np.uint8), grid)
    assert embedded(whole, grid) is whole


@pytest.mark.parametrize(
    "other",
    [
        Grid.from_spacing((2, 2, 2), (1, 1, 1), (-39.5, 12.5, 300.0)),
        Grid.from_spacing((2, 2, 2), (1, 1, 2), (-40.0, 12.5, 300.0)),
        Grid.from_spacing((2, 2, 2), (1, 1, 1), (-42.0, 12.5, 300.0)),
        Grid.from_spacing((8, 2, 2), (1, 1, 1), (-40.0, 12.5, 300.0)),
    ],
    ids=["between voxels", "other spacing", "before the grid", "beyond the grid"],
)
def test_a_crop_of_another_grid_is_refused(other: Grid) -> None:
    with pytest.raises(CrcError) as caught:
        embedded(Volume(np.zeros(other.shape_kji, np.uint8), other), straight_grid(SHAPE))
    assert caught.value.code == "grid.differs_place"
