"""Simulated readers: the phantom's truth drawn with a reader's hand, habits and oversights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Volume
from crc_core.vocabulary import Mode, Target

_MARGIN_MM = 15.0


@dataclass(frozen=True)
class Habit:
    """How a reader draws: how unsteady the hand, how much too wide (negative: too narrow), which lesions are missed.

    `unsteadiness_mm` is the standard deviation of the border, but never above a fifth of a lesion's radius: everybody
    draws small lesions with care.
    """

    unsteadiness_mm: float
    widening_mm: Mapping[Target, float]
    missed: frozenset[tuple[Target, int]] = frozenset()


@dataclass(frozen=True, eq=False)
class Drawing:
    """A target as a reader drew it; the edges only for a subtraction."""

    mask: Volume
    outer: Volume | None = None
    inner: Volume | None = None


def draw(truth: Volume, target: Target, habit: Habit, seed: int) -> Drawing | None:
    """The target's lesions in the reader's hand; None where the reader sees none.

    The same arguments give the same contour.
    """
    mask = np.zeros_like(truth.array)
    for number in np.unique(truth.array[truth.array > 0]):
        if (target, int(number)) in habit.missed:
            continue
        rng = np.random.default_rng([seed, list(Target).index(target), int(number)])
        _copy_shape(mask, _redrawn(truth, int(number), habit, target, rng), int(number))
    return Drawing(Volume(mask, truth.grid)) if mask.any() else None


def draw_edges(outer: Volume, inner: Volume, habit: Habit, seed: int) -> Drawing:
    """The primary as outer and inner edge in the reader's hand, and the ring between them."""
    from crc_core.contour.subtraction import subtract

    drawn_outer, drawn_inner = np.zeros_like(outer.array), np.zeros_like(outer.array)
    for truth, drawn, stream in ((outer, drawn_outer, 1), (inner, drawn_inner, 2)):
        rng = np.random.default_rng([seed, stream])
        widening = habit if stream == 1 else Habit(habit.unsteadiness_mm, {})
        for number in np.unique(truth.array[truth.array > 0]):
            _copy_shape(drawn, _redrawn(truth, int(number), widening, Target.PRIMARY, rng), int(number))
    edges = Volume(drawn_outer, outer.grid), Volume(drawn_inner, outer.grid)
    return Drawing(subtract(*edges), *edges)


def drawn_in_mode(mode: Mode, truth: Volume, edges: tuple[Volume, Volume], habit: Habit, seed: int) -> Drawing:
    """The primary as the reader draws it in the mode that is bound."""
    if mode is Mode.SUBTRACTION:
        return draw_edges(*edges, habit, seed)
    drawing = draw(truth, Target.PRIMARY, habit, seed)
    if drawing is None:
        raise ValueError("a simulated reader never misses the primary")
    return drawing


Box = tuple[slice, slice, slice]


def _redrawn(
    truth: Volume, number: int, habit: Habit, target: Target, rng: np.random.Generator
) -> tuple[Box, NDArray[np.bool_]]:
    """The box around a lesion and the lesion in it with its border moved by a smooth random field."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    spacing = np.array(truth.grid.spacing_kji_mm)
    inside = truth.array == number
    box = _box(inside, np.ceil(_MARGIN_MM / spacing).astype(int))
    shape = inside[box]
    # The border runs halfway between voxel centres; half a pixel makes both sides of it equally near.
    half = spacing[1:].min() / 2
    depth = np.where(
        shape,
        distance_transform_edt(shape, sampling=spacing) - half,
        half - distance_transform_edt(~shape, sampling=spacing),
    )
    radius_mm = (3 * np.count_nonzero(shape) * truth.grid.voxel_volume_mm3 / (4 * np.pi)) ** (1 / 3)
    field = gaussian_filter(rng.standard_normal(shape.shape), 6.0 / spacing)
    field *= min(habit.unsteadiness_mm, radius_mm / 5) / max(float(field.std()), 1e-9)
    return box, depth + field + habit.widening_mm.get(target, 0.0) > 0


def _box(inside: NDArray[np.bool_], margin: NDArray[np.int_]) -> Box:
    found = np.argwhere(inside)
    low = np.maximum(found.min(axis=0) - margin, 0)
    high = np.minimum(found.max(axis=0) + margin + 1, inside.shape)
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))


def _copy_shape(mask: NDArray[np.uint8], drawn: tuple[Box, NDArray[np.bool_]], number: int) -> None:
    box, shape = drawn
    view = mask[box]
    view[shape & (view == 0)] = number
