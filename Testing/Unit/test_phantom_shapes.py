"""The mathematics of the phantom: warp, shapes, curves."""

from __future__ import annotations

import numpy as np
import pytest
from crc_core.geometry.grid import Grid
from crc_core.phantom.canvas import Canvas
from crc_core.phantom.shapes import Capsule, Ellipsoid, spline, tube
from crc_core.phantom.tissue import Tissue, tissue_table
from crc_core.phantom.truth import axial_diameters_mm
from crc_core.phantom.warp import Warp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

SEEDS = st.integers(0, 2**31)
LENGTHS = st.floats(2.0, 30.0)


def _turn(seed: int) -> np.ndarray:
    return Rotation.random(random_state=seed % 2**31).as_matrix()


@given(SEEDS)
@settings(max_examples=25)
def test_the_warp_can_be_undone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    warp = Warp.of(rng)
    points = rng.uniform((-160, -100, -20), (160, 100, 640), (50, 3))
    native = warp.native(points)
    assert np.abs(np.stack(warp.standard(*native.T), axis=1) - points).max() < 1e-3


@given(SEEDS)
@settings(max_examples=10)
def test_the_warp_folds_nothing(seed: int) -> None:
    warp = Warp.of(np.random.default_rng(seed))
    grid = np.stack(np.meshgrid(*(np.linspace(-150, 150, 9),) * 2, np.linspace(0, 600, 12), indexing="ij"), -1)
    step = 0.5
    columns = []
    for axis in range(3):
        ahead = grid + step * np.eye(3)[axis]
        columns.append(
            (np.stack(warp.standard(*np.moveaxis(ahead, -1, 0))) - np.stack(warp.standard(*np.moveaxis(grid, -1, 0))))
            / step
        )
    determinants = np.linalg.det(np.moveaxis(np.array(columns), (0, 1), (-1, -2)))
    assert determinants.min() > 0.5


@given(SEEDS, LENGTHS, LENGTHS, LENGTHS)
@settings(max_examples=40)
def test_axial_diameters_are_those_of_the_widest_section(seed: int, a: float, b: float, c: float) -> None:
    shape = Ellipsoid((0.0, 0.0, 0.0), (a, b, c), _turn(seed))
    sphere = np.random.default_rng(seed).normal(size=(3000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    form = shape.axes @ np.diag(1 / np.array(shape.semi) ** 2) @ shape.axes.T
    longest, shortest = axial_diameters_mm(shape)
    turns = np.linspace(0, np.pi, 721)
    seen = []
    # The diameter of the section through the middle along each direction of the plane.
    for direction in np.stack([np.cos(turns), np.sin(turns), np.zeros_like(turns)], axis=1):
        seen.append(2 / np.sqrt(direction @ form @ direction))
    assert longest == pytest.approx(max(seen), rel=1e-3)
    assert shortest == pytest.approx(min(seen), rel=1e-3)
    assert shortest <= longest <= 2 * max(shape.semi) + 1e-9


@given(SEEDS, LENGTHS, LENGTHS, LENGTHS, st.sampled_from([2.0, 3.0]))
@settings(max_examples=25)
def test_a_box_holds_its_shape(seed: int, a: float, b: float, c: float, power: float) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        Ellipsoid((1.0, -2.0, 3.0), (a, b, c), _turn(seed), power),
        Capsule(rng.uniform(-20, 20, 3), rng.uniform(-20, 20, 3), a / 2, b / 2),
    ]
    points = rng.uniform(-80, 80, (20000, 3))
    for shape in shapes:
        low, high = shape.bounds()
        inside = points[shape.holds(*points.T)]
        assert ((inside >= low - 1e-5) & (inside <= high + 1e-5)).all()


@given(SEEDS)
@settings(max_examples=15)
def test_cropping_to_the_box_paints_the_same_as_asking_every_voxel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.eye(4)
    matrix[:3, :3] = _turn(seed) * rng.uniform(2, 6, 3)
    matrix[:3, 3] = rng.uniform((-80, -80, 120), (0, 0, 200))
    canvas = Canvas(Grid((14, 17, 19), matrix), Warp.of(rng))
    middle = np.stack([axis.mean() for axis in canvas.standard])
    shape = Ellipsoid(tuple(middle + rng.uniform(-20, 20, 3)), tuple(rng.uniform(5, 40, 3)), _turn(seed + 1))
    canvas.paint(shape, Tissue.LIVER)
    assert np.array_equal(canvas.tissue == Tissue.LIVER, shape.holds(*canvas.standard))


def test_a_capsule_has_the_volume_of_the_book() -> None:
    grid = Grid.from_spacing((70, 50, 50), (0.5, 0.5, 0.5), (-12.25, -12.25, -15.0))
    canvas = Canvas(grid, Warp(np.ones(3), np.zeros((3, 2, 3))))
    canvas.paint(tube([(0, 0, 0), (0, 0, 10)], 6.0), Tissue.AORTA)
    seen = np.count_nonzero(canvas.tissue) * grid.voxel_volume_mm3
    assert seen == pytest.approx(np.pi * 36 * 10 + 4 / 3 * np.pi * 216, rel=0.01)


def test_painting_over_some_tissues_leaves_the_others() -> None:
    canvas = Canvas(Grid.from_spacing((9, 9, 9), (1, 1, 1), (-4, -4, -4)), Warp(np.ones(3), np.zeros((3, 2, 3))))
    canvas.tissue[:5] = Tissue.MUSCLE
    canvas.paint(Ellipsoid((0, 0, 0), (3, 3, 3)), Tissue.NODE, over=frozenset({Tissue.AIR}))
    assert (canvas.tissue[:5] == Tissue.MUSCLE).all()
    assert (canvas.tissue[5:] == Tissue.NODE).any()


def test_a_spline_goes_through_its_points_in_even_steps() -> None:
    knots = np.array([(0, 0, 0), (20, 5, 0), (30, 30, 10), (10, 40, 30)], dtype=float)
    line = spline(knots, 1.0)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.05
    assert all(np.linalg.norm(line - knot, axis=1).min() < 0.6 for knot in knots)


def test_curves_hit_the_published_anchors() -> None:
    # Goshima 2006, times after the aorta has risen by 50 HU (18 s): 10-15 s and 45-55 s.
    table = tissue_table()

    def risen(tissue: Tissue, seconds: float) -> float:
        return float(table.hu_at(seconds)[tissue] - table.plain_hu[tissue])

    assert risen(Tissue.AORTA, 18) == pytest.approx(50)
    for seconds in (28, 33):
        assert 300 <= risen(Tissue.AORTA, seconds) <= 336
        assert 97 <= risen(Tissue.SPLEEN, seconds) <= 108
        assert 14 <= risen(Tissue.LIVER, seconds) <= 25
    for seconds in (63, 73):
        assert 113 <= risen(Tissue.AORTA, seconds) <= 125
        assert 59 <= risen(Tissue.LIVER, seconds) <= 63
        assert 73 <= risen(Tissue.SPLEEN, seconds) <= 82


def test_every_tissue_has_a_row_and_nothing_enhances_before_the_injection() -> None:
    table = tissue_table()
    assert len(table.plain_hu) == len(Tissue)
    assert np.array_equal(table.hu_at(0), table.plain_hu)
    assert (table.hu_at(600) >= table.plain_hu).all()
