"""Sizes of lesions, each with how and where it was measured (consensus tables 1 to 3).

Axial means the slices of the grid that come nearest to the patient's axial plane: on an oblique grid, its own slices.
Lengths are true millimetres in the patient, whatever the shape and direction of the voxels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.outline import (
    Span,
    across_on_tissue,
    longest_diameter,
    longest_on_tissue,
    plane_metric,
    widest_across,
)
from crc_core.contour.pieces import Pieces
from crc_core.contour.results import Caliper, LesionMeasurements, Measurement, Method, Size, Unit
from crc_core.contour.voxels import Lesion, axial_first, lesions_of, require_mask
from crc_core.contour.wall import seeking_wall
from crc_core.geometry import Volume
from crc_core.geometry.requirements import require_same_grid
from crc_core.vocabulary import BowelDirection, Target


def measure(
    mask: Volume,
    *,
    target: Target,
    bowel_direction: BowelDirection = BowelDirection.ACROSS,
    outer: Volume | None = None,
    inner: Volume | None = None,
    slice_thickness_mm: float | None = None,
) -> tuple[LesionMeasurements, ...]:
    """The sizes of every lesion of a mask, by number.

    `outer` and `inner` are the parents of a subtraction, for the thickness of the wall of a primary; either is enough.
    `slice_thickness_mm` is the nominal thickness where it differs from the distance of slices. Raises CrcError for
    anything but whole numbers from 0 to 255 and for another grid.
    """
    pieces = measuring(
        mask,
        target=target,
        bowel_direction=bowel_direction,
        outer=outer,
        inner=inner,
        slice_thickness_mm=slice_thickness_mm,
    )
    return tuple(item for item in pieces if item is not None)


def measuring(
    mask: Volume,
    *,
    target: Target,
    bowel_direction: BowelDirection = BowelDirection.ACROSS,
    outer: Volume | None = None,
    inner: Volume | None = None,
    slice_thickness_mm: float | None = None,
) -> Iterator[LesionMeasurements | None]:
    """What `measure` gives, one bounded piece of work at a time: each lesion when it is done, None in between."""
    placed = axial_first(require_mask(mask))
    for parent in (outer, inner):
        if parent is not None:
            require_same_grid(parent.grid, mask.grid)
    for lesion in lesions_of(placed):
        yield (
            yield from measuring_lesion(
                lesion,
                target=target,
                bowel_direction=bowel_direction,
                outer=outer,
                inner=inner,
                slice_thickness_mm=slice_thickness_mm,
            )
        )


def measuring_lesion(
    lesion: Lesion,
    *,
    target: Target,
    bowel_direction: BowelDirection = BowelDirection.ACROSS,
    outer: Volume | None = None,
    inner: Volume | None = None,
    slice_thickness_mm: float | None = None,
) -> Pieces[LesionMeasurements]:
    """The sizes of one lesion in bounded pieces; `outer` and `inner` are whole masks on its grid, as for `measure`."""
    if target is Target.PRIMARY:
        lumen = (_placed(inner), _placed(outer))
        return (yield from _primary(lesion, lumen, bowel_direction, slice_thickness_mm))
    return (yield from _metastasis(lesion, slice_thickness_mm))


def measure_primary(
    mask: Volume,
    *,
    bowel_direction: BowelDirection = BowelDirection.ACROSS,
    outer: Volume | None = None,
    inner: Volume | None = None,
    slice_thickness_mm: float | None = None,
) -> tuple[LesionMeasurements, ...]:
    """The sizes of primary tumours: diameters on the tumour in its largest axial section, never through a lumen.

    Bowel across the plane: the thickness is the largest distance from the inner edge to the nearest outer edge in the
    largest section that has an inner edge. Bowel in the plane: the same in space, over the whole lesion, since axial
    sections then cut the wall aslant. Without an inner edge there is no thickness; a person gives it by a caliper.
    """
    return measure(
        mask,
        target=Target.PRIMARY,
        bowel_direction=bowel_direction,
        outer=outer,
        inner=inner,
        slice_thickness_mm=slice_thickness_mm,
    )


def measure_lesions(mask: Volume, *, slice_thickness_mm: float | None = None) -> tuple[LesionMeasurements, ...]:
    """The sizes of metastases and nodes: the longest diameter of the outline over all axial slices, and across it.

    For a node the short diameter is its short axis (RECIST 1.1, Eisenhauer et al., Eur J Cancer 2009;45:228-247).
    """
    return measure(mask, target=Target.LIVER, slice_thickness_mm=slice_thickness_mm)


LumenSource = tuple[Volume | None, Volume | None]
"""The inner and the outer parent with the slice axis first, as far as given."""


def _placed(parent: Volume | None) -> Volume | None:
    return None if parent is None else axial_first(require_mask(parent))


def _primary(
    lesion: Lesion, lumen: LumenSource, direction: BowelDirection, thickness_mm: float | None
) -> Pieces[LesionMeasurements]:
    metric = plane_metric(lesion.grid)
    k = int(lesion.areas.argmax())
    section = lesion.inside[k]
    long = longest_on_tissue(section, metric)
    yield
    short = across_on_tissue(section, metric, long)
    yield
    longest, _, _ = yield from _longest_axial(lesion, thickness_mm)
    wall = yield from _thickness(lesion, lumen, direction, thickness_mm)
    return _put_together(
        lesion,
        _in_slice(lesion, Size.LONG_DIAMETER, Method.LONGEST_ON_TUMOUR, long, k, thickness_mm),
        _in_slice(lesion, Size.SHORT_DIAMETER, Method.ACROSS_ON_TUMOUR, short, k, thickness_mm),
        longest,
        thickness_mm,
        wall,
    )


def _metastasis(lesion: Lesion, thickness_mm: float | None) -> Pieces[LesionMeasurements]:
    longest, span, k = yield from _longest_axial(lesion, thickness_mm)
    metric = plane_metric(lesion.grid)
    across = widest_across(lesion.inside[k], metric, span)
    long = _in_slice(lesion, Size.LONG_DIAMETER, Method.LONGEST_OF_OUTLINE, span, k, thickness_mm)
    short = _in_slice(lesion, Size.SHORT_DIAMETER, Method.ACROSS_OUTLINE, across, k, thickness_mm)
    return _put_together(lesion, long, short, longest, thickness_mm, None)


def _put_together(
    lesion: Lesion,
    long: Measurement,
    short: Measurement,
    longest: Measurement,
    thickness_mm: float | None,
    wall: Measurement | None,
) -> LesionMeasurements:
    centre = _centroid(lesion)
    largest = int(lesion.areas.argmax())
    pixel_mm2 = abs(float(np.linalg.det(plane_metric(lesion.grid))))
    return LesionMeasurements(
        lesion=lesion.number,
        volume_ml=lesion.volume_ml,
        voxels=lesion.voxels,
        centroid_ras=lesion.ras(centre),
        slices=int(np.count_nonzero(lesion.areas)),
        section_slice=lesion.slice_index(largest),
        section_area_mm2=float(lesion.areas[largest]) * pixel_mm2,
        long_diameter=long,
        short_diameter=short,
        cranio_caudal=_cranio_caudal(lesion, centre, thickness_mm),
        longest_axial=longest,
        thickness=wall,
    )


def _longest_axial(lesion: Lesion, thickness_mm: float | None) -> Pieces[tuple[Measurement, Span, int]]:
    """The longest diameter over all slices; of equal ones, that in the larger section, then in the first slice."""
    metric = plane_metric(lesion.grid)
    bounds = _diagonals(lesion, metric)
    best, best_k = Span((0.0, 0.0), (0.0, 0.0), 0.0), 0
    for k in sorted(np.flatnonzero(lesion.areas), key=lambda index: (-lesion.areas[index], index)):
        if bounds[k] <= best.length_mm:
            continue
        span = longest_diameter(lesion.inside[k], metric)
        if span.length_mm > best.length_mm:
            best, best_k = span, int(k)
        yield
    return (
        _in_slice(lesion, Size.LONGEST_AXIAL, Method.LONGEST_OF_OUTLINE, best, best_k, thickness_mm),
        best,
        best_k,
    )


def _diagonals(lesion: Lesion, metric: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each slice a length that no diameter in it exceeds: that of the box around its section."""
    heights, widths = (_lengths(np.asarray(lesion.inside.any(axis=axis))) for axis in (2, 1))
    corners = np.stack([np.stack([heights, widths], axis=1), np.stack([heights, -widths], axis=1)])
    return np.linalg.norm(corners @ metric.T, axis=2).max(axis=0)


def _lengths(filled: NDArray) -> NDArray[np.int64]:
    """From the first to the last True of each row; 0 for a row without."""
    last = filled.shape[1] - filled[:, ::-1].argmax(axis=1)
    return np.where(filled.any(axis=1), last - filled.argmax(axis=1), 0)


def _in_slice(
    lesion: Lesion, kind: Size, method: Method, span: Span, k: int, thickness_mm: float | None
) -> Measurement:
    caliper = Caliper(lesion.ras((k, *span.start)), lesion.ras((k, *span.end)))
    precision = _precision_in_slice(lesion, span.length_mm, thickness_mm)
    return Measurement(kind, span.length_mm, Unit.MM, precision, method, caliper, lesion.slice_index(k))


def _precision_in_slice(lesion: Lesion, length_mm: float, thickness_mm: float | None) -> float:
    """What pixels and slices allow: the widest section of a ball may lie half a slice off its equator.

    Its diameter then falls short by d - sqrt(d² - t²); a diameter below the slice thickness is uncertain by itself.
    """
    slices_mm = _slice_mm(lesion, thickness_mm)
    short_by = length_mm - math.sqrt(max(0.0, length_mm**2 - slices_mm**2))
    return max(*lesion.grid.spacing_ijk_mm[:2], short_by)


def _slice_mm(lesion: Lesion, thickness_mm: float | None) -> float:
    return max(lesion.grid.spacing_ijk_mm[2], thickness_mm or 0.0)


def _centroid(lesion: Lesion) -> NDArray[np.float64]:
    """Mean of the lesion's voxel centres as a place in its crop, by three sums over its faces."""
    weights = [np.count_nonzero(lesion.inside, axis=axes) for axes in ((1, 2), (0, 2), (0, 1))]
    return np.array([float(weight @ np.arange(weight.size)) / lesion.voxels for weight in weights])


def _cranio_caudal(lesion: Lesion, centre: NDArray[np.float64], thickness_mm: float | None) -> Measurement:
    """The extent along the patient's long axis, between the middles of the outermost voxel faces."""
    low, high = _superior_range(lesion)
    right, anterior, _ = lesion.ras(centre)
    caliper = Caliper((right, anterior, low), (right, anterior, high))
    upright = float(np.abs(lesion.grid.directions[2]).max())
    precision = max(_face_step(lesion), (thickness_mm or 0.0) * upright)
    return Measurement(Size.CRANIO_CAUDAL, high - low, Unit.MM, precision, Method.EXTENT_SUPERIOR, caliper)


def _face_step(lesion: Lesion) -> float:
    return float(np.abs(lesion.grid.ijk_to_ras[2, :3]).max())


def _superior_range(lesion: Lesion) -> tuple[float, float]:
    """Lowest and highest superior coordinate of the lesion's outline."""
    rows = np.argwhere(lesion.inside.any(axis=2))
    lines = lesion.inside[rows[:, 0], rows[:, 1]]
    first = lines.argmax(axis=1)
    last = lines.shape[1] - 1 - lines[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.column_stack([rows, first]), np.column_stack([rows, last])])
    heights = lesion.grid.to_ras((ends + lesion.start)[:, ::-1])[:, 2]
    half = _face_step(lesion) / 2
    return float(heights.min()) - half, float(heights.max()) + half


def _thickness(
    lesion: Lesion, lumen: LumenSource, direction: BowelDirection, thickness_mm: float | None
) -> Pieces[Measurement | None]:
    inner, outer = lumen
    if inner is None and outer is None:
        return None
    in_space = direction is BowelDirection.IN_PLANE
    found = yield from seeking_wall(lesion, inner, outer, in_space=in_space)
    if found is None:
        return None
    start, end = lesion.ras(found.start), lesion.ras(found.end)
    caliper = Caliper(start, end)
    precision = max(lesion.grid.spacing_ijk_mm[:2])
    if in_space:
        precision = max(precision, _slice_mm(lesion, thickness_mm) * found.share_through_slices)
    k = None if in_space and found.start[0] != found.end[0] else lesion.slice_index(found.start[0])
    method = Method.WALL_IN_SPACE if in_space else Method.WALL_IN_SECTION
    return Measurement(Size.THICKNESS, caliper.length_mm, Unit.MM, precision, method, caliper, k)
