"""Diameters of sections against all pairs of points, against formulas and against SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from crc_core.contour.outline import (
    across_on_tissue,
    border_points,
    convex_hull,
    longest_diameter,
    longest_on_tissue,
    outline_segments,
    plane_metric,
    widest_across,
)
from crc_core.geometry import Grid
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import ConvexHull

SECTIONS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
TENTHS = st.integers(-50, 50).map(lambda n: n / 10)
POINTS = hnp.arrays(np.float64, st.tuples(st.integers(4, 30), st.just(2)), elements=TENTHS)
SPACINGS = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3))


def metric_of(spacing: tuple[float, float]) -> np.ndarray:
    return plane_metric(Grid.from_spacing((2, 2, 2), (*spacing, 1.0)))


def disc(radius: float, centre: tuple[float, float] = (0.0, 0.0), pixel: float = 1.0, size: int = 80) -> np.ndarray:
    y, x = (np.indices((size, size)) - size / 2) * pixel
    return (x - centre[0]) ** 2 + (y - centre[1]) ** 2 <= radius**2


@given(SECTIONS, SPACINGS)
def test_the_longest_diameter_is_that_of_all_pairs(section: np.ndarray, spacing: tuple[float, float]) -> None:
    assume(section.any())
    metric = metric_of(spacing)
    points = border_points(section) @ metric.T
    every = np.linalg.norm(points[:, None] - points[None], axis=2)
    span = longest_diameter(section, metric)
    assert span.length_mm == pytest.approx(every.max())
    ends = (np.array(span.end) - np.array(span.start)) @ metric.T
    assert np.linalg.norm(ends) == pytest.approx(span.length_mm)


@given(SECTIONS, SPACINGS)
def test_the_short_diameter_is_across_and_the_widest_chord(section: np.ndarray, spacing: tuple[float, float]) -> None:
    assume(section.any())
    metric = metric_of(spacing)
    long = longest_diameter(section, metric)
    short = widest_across(section, metric, long)
    along = (np.array(long.end) - np.array(long.start)) @ metric.T
    across = (np.array(short.end) - np.array(short.start)) @ metric.T
    assert abs(along @ across) <= 1e-6 * long.length_mm**2
    assert short.length_mm <= long.length_mm + 1e-9
    assert short.length_mm >= _widest_by_sampling(section, metric, along) - 1e-6


def _widest_by_sampling(section: np.ndarray, metric: np.ndarray, along: np.ndarray) -> float:
    """The longest chord across, by cutting the hull of all points at many places."""
    points = border_points(section) @ metric.T
    hull = points[ConvexHull(points).vertices]
    along = along / np.linalg.norm(along)
    across = np.array([-along[1], along[0]])
    t, s = hull @ along, hull @ across
    best = 0.0
    for cut in np.linspace(t.min() + 1e-9, t.max() - 1e-9, 41):
        crossings = []
        for a in range(len(t)):
            b = (a + 1) % len(t)
            if (t[a] - cut) * (t[b] - cut) < 0:
                crossings.append(s[a] + (cut - t[a]) / (t[b] - t[a]) * (s[b] - s[a]))
        if len(crossings) > 1:
            best = max(best, max(crossings) - min(crossings))
    return best


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(4, 30), st.just(2)), elements=st.floats(-5, 5).map(lambda x: round(x, 1))
    )
)
def test_the_hull_has_the_corners_qhull_finds(points: np.ndarray) -> None:
    assume(np.linalg.matrix_rank(points - points[0]) == 2)
    mine = {tuple(row) for row in points[convex_hull(points)]}
    assert mine >= {tuple(row) for row in points[ConvexHull(points).vertices]}
    assert ConvexHull(np.array(sorted(mine))).volume == pytest.approx(ConvexHull(points).volume)


@given(SECTIONS)
def test_outline_pieces_close_and_enclose_all_but_the_corners(section: np.ndarray) -> None:
    assume(section.any())
    pieces = outline_segments(section)
    ends, counts = np.unique(pieces.reshape(-1, 2), axis=0, return_counts=True)
    assert (counts == 2).all()
    assert {tuple(point) for point in ends} == {tuple(point) for point in border_points(section)}


@pytest.mark.parametrize("radius", [3.0, 7.3, 14.6, 25.2])
@pytest.mark.parametrize("pixel", [0.6, 0.9])
def test_a_disc_has_its_diameter_within_a_pixel(radius: float, pixel: float) -> None:
    metric = metric_of((pixel, pixel))
    for x in np.linspace(0, pixel, 4):
        section = disc(radius, (x, x / 3), pixel, size=110)
        span = longest_diameter(section, metric)
        assert -0.2 * pixel < span.length_mm - 2 * radius <= pixel + 1e-9
        assert abs(widest_across(section, metric, span).length_mm - 2 * radius) <= pixel + 1e-9


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.7, 1.9)])
def test_simpleitk_finds_the_same_between_pixel_centres(spacing: tuple[float, float]) -> None:
    """ITK's Feret diameter joins centres of border pixels, ours their outer sides: up to a pixel's diagonal more."""
    section = disc(13.3, (2.0, 1.0)) & ~disc(9.0, (9.0, 4.0))
    picture = sitk.GetImageFromArray(section.astype(np.uint8))
    picture.SetSpacing(spacing)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputeFeretDiameterOn()
    shape.Execute(picture)
    ours = longest_diameter(section, metric_of(spacing)).length_mm
    assert shape.GetFeretDiameter(1) < ours <= shape.GetFeretDiameter(1) + np.hypot(*spacing) + 1e-9


@pytest.mark.parametrize(("outer", "inner", "aside"), [(20.0, 10.0, 0.0), (20.0, 10.0, 4.0), (25.0, 18.0, 3.0)])
def test_in_a_ring_the_longest_line_passes_the_lumen(outer: float, inner: float, aside: float) -> None:
    """In a ring the longest line touches the lumen: 2·sqrt(R² - (r - e)²), the lumen being e off the middle."""
    pixel = 0.5
    ring = disc(outer, pixel=pixel, size=120) & ~disc(inner, (aside, 0.0), pixel, size=120)
    expected = 2 * np.sqrt(outer**2 - (inner - aside) ** 2)
    assert longest_on_tissue(ring, metric_of((pixel, pixel))).length_mm == pytest.approx(expected, abs=1.5)
    assert longest_diameter(ring, metric_of((pixel, pixel))).length_mm == pytest.approx(2 * outer, abs=2 * pixel)


def test_in_a_crescent_no_line_joins_the_tips() -> None:
    crescent = disc(20.0, pixel=0.5, size=120) & ~disc(17.0, (9.0, 0.0), 0.5, size=120)
    metric = metric_of((0.5, 0.5))
    span = longest_on_tissue(crescent, metric)
    middle = (np.array(span.start) + np.array(span.end)) / 2
    assert crescent[tuple(np.rint(middle).astype(int))]
    assert span.length_mm < longest_diameter(crescent, metric).length_mm - 3
    short = across_on_tissue(crescent, metric, span)
    assert 0 < short.length_mm <= span.length_mm


@pytest.mark.parametrize("aside", [0.0, 4.0])
def test_without_a_lumen_both_ways_to_measure_agree(aside: float) -> None:
    metric = metric_of((0.5, 0.5))
    bean = disc(15.0, (aside, 0.0), 0.5, size=100)
    long, tissue = longest_diameter(bean, metric), longest_on_tissue(bean, metric)
    assert tissue.length_mm == pytest.approx(long.length_mm)
    across = across_on_tissue(bean, metric, long).length_mm
    assert across == pytest.approx(widest_across(bean, metric, long).length_mm, abs=0.5)


def test_one_pixel_is_as_long_as_its_longer_side() -> None:
    section = np.ones((1, 1), bool)
    span = longest_diameter(section, metric_of((0.5, 2.0)))
    assert span.length_mm == pytest.approx(2.0)
    assert widest_across(section, metric_of((0.5, 2.0)), span).length_mm == pytest.approx(0.5)


@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(-180, 180))
def test_turning_the_grid_changes_no_length(a: float, b: float, c: float) -> None:
    from contour_support import turned_grid

    section = disc(9.0, (1.0, 2.0), size=30) & ~disc(5.0, (6.0, 2.0), size=30)
    straight = plane_metric(Grid.from_spacing((2, 30, 30), (0.7, 1.1, 3.0)))
    turned = plane_metric(turned_grid((2, 30, 30), (0.7, 1.1, 3.0), (a, b, c)))
    assert longest_diameter(section, turned).length_mm == pytest.approx(longest_diameter(section, straight).length_mm)
