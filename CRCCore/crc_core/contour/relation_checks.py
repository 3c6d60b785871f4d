"""Checks between lesions, between targets, and between the two edges of a subtraction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.outline import plane_metric
from crc_core.contour.results import CheckId, Finding, Quantity, Unit
from crc_core.contour.rules import ContourRules
from crc_core.contour.voxels import Lesion, grown
from crc_core.contour.wall import thickest_wall
from crc_core.geometry import Volume
from crc_core.vocabulary import Target, Verdict


def touching_findings(lesions: Sequence[Lesion], mask: Volume, target: Target, *, bridge: bool) -> Iterator[Finding]:
    """Each pair of lesions of one mask that touch, told once; `bridge` says it as a fault of a union."""
    told: set[tuple[int, int]] = set()
    check, verdict = (CheckId.BRIDGE, Verdict.WARN) if bridge else (CheckId.TOUCHING, Verdict.NOTE)
    for lesion in lesions:
        for other, place in touched_by(lesion, mask).items():
            if other > lesion.number and (lesion.number, other) not in told:
                told.add((lesion.number, other))
                found = _found(check, verdict, target, lesion, place)
                yield replace(found, against=str(other))


def touched_by(lesion: Lesion, mask: Volume) -> dict[int, tuple[int, int, int]]:
    """The other lesions of a mask that touch this one (by a corner or more), each with the place, in the crop."""
    from scipy.ndimage import binary_dilation

    box = grown(lesion.box, lesion.grid.shape_kji, 1)
    around = mask.array[box]
    foreign = (around != 0) & (around != lesion.number)
    if not foreign.any():
        return {}
    shift = [part.start - whole.start for part, whole in zip(lesion.box, box, strict=True)]
    placed = np.zeros(around.shape, bool)
    placed[tuple(slice(a, a + size) for a, size in zip(shift, lesion.inside.shape, strict=True))] = lesion.inside
    contact = foreign & binary_dilation(placed, np.ones((3, 3, 3), bool))
    places: dict[int, tuple[int, int, int]] = {}
    for number in np.unique(around[contact]):
        k, j, i = lesion.middle_of(contact & (around == number))
        places[int(number)] = (k - shift[0], j - shift[1], i - shift[2])
    return places


def overlap_findings(
    lesions: Sequence[Lesion], others: Sequence[tuple[Target, Volume]], target: Target
) -> Iterator[Finding]:
    """Where a lesion shares voxels with another target's mask; allowed, since targets have files of their own."""
    for lesion in lesions:
        for other, mask in others:
            shared = lesion.inside & (lesion.crop(mask) != 0)
            if shared.any():
                found = _found(CheckId.OVERLAP, Verdict.NOTE, target, lesion, lesion.middle_of(shared))
                yield replace(found, against=other.value, size=_ml(lesion, shared))


def edge_findings(
    outline: Lesion, outer: Volume, inner: Volume, target: Target, rules: ContourRules
) -> Iterator[Finding]:
    """How the inner edge lies to the outer edge of one lesion; `outline` is the lesion on the outer edge's mask.

    Crossing and missing are allowed and noted; an opening of the ring by a hair is a slip.
    """
    hollow = (outline.crop(inner) != 0) & outline.inside
    beyond = _beyond(outline, outer, inner)
    if beyond.any():
        k = int(np.count_nonzero(beyond, axis=(1, 2)).argmax())
        box = grown(outline.box, outline.grid.shape_kji, _REACH)
        shift = [whole.start - part.start for part, whole in zip(outline.box, box, strict=True)]
        place = (k, *outline.middle_of(beyond[k : k + 1])[1:])
        moved = (place[0] + shift[0], place[1] + shift[1], place[2] + shift[2])
        yield replace(_found(CheckId.INNER_OUTSIDE, Verdict.NOTE, target, outline, moved), size=_ml(outline, beyond))
    yield from _inner_missing(outline, hollow.any(axis=(1, 2)), target)
    yield from _broken_rings(outline, hollow, target, rules)


def wall_findings(lesion: Lesion, inner: Volume | None, outer: Volume | None, rules: ContourRules) -> Iterator[Finding]:
    """A wall that is nowhere thicker than a normal one, or thicker than any is likely to be."""
    wall = thickest_wall(lesion, inner, outer, in_space=False)
    if wall is None:
        return
    for check, limit, wrong in (
        (CheckId.WALL_THIN, rules.wall_thin_mm, wall.length_mm < rules.wall_thin_mm),
        (CheckId.WALL_THICK, rules.wall_thick_mm, wall.length_mm > rules.wall_thick_mm),
    ):
        if wrong:
            found = _found(check, Verdict.WARN, Target.PRIMARY, lesion, wall.start)
            yield replace(found, size=Quantity(wall.length_mm, Unit.MM), limit=Quantity(limit, Unit.MM))


_REACH = 1


def _beyond(outline: Lesion, outer: Volume, inner: Volume) -> NDArray[np.bool_]:
    """The inner edge's voxels outside every outer edge, in the lesion's slices, in its box and one voxel around."""
    box = grown(outline.box, outline.grid.shape_kji, _REACH)
    around = outer.array[box]
    own_slices = (around == outline.number).any(axis=(1, 2))
    return np.asarray((inner.array[box] != 0) & (around == 0) & own_slices[:, None, None])


def _inner_missing(outline: Lesion, drawn: NDArray[np.bool_], target: Target) -> Iterator[Finding]:
    missing = (outline.areas > 0) & ~drawn
    if missing.any():
        first, last = (int(k) for k in np.flatnonzero(missing)[[0, -1]])
        place = (first, *outline.middle_of(outline.inside[first : first + 1])[1:])
        yield replace(
            _found(CheckId.INNER_MISSING, Verdict.NOTE, target, outline, place),
            last_slice_index=outline.slice_index(last),
            size=Quantity(float(missing.sum()), Unit.SLICES),
        )


def _broken_rings(outline: Lesion, hollow: NDArray[np.bool_], target: Target, rules: ContourRules) -> Iterator[Finding]:
    """Slices where the lumen reaches the outside through an opening narrower than a crescent's, run by run.

    Beside a crescent such an opening is where the ring closes, and meant.
    """
    from scipy.ndimage import binary_erosion

    cross = np.zeros((3, 3, 3), bool)
    cross[1] = [[False, True, False], [True, True, True], [False, True, False]]
    rim = outline.inside & ~binary_erosion(outline.inside, cross)
    opening = rim & hollow
    pixel_mm = float(np.sqrt(abs(np.linalg.det(plane_metric(outline.grid)))))
    widths = np.count_nonzero(opening, axis=(1, 2)) * pixel_mm
    narrow = (widths > 0) & (widths <= rules.ring_break_mm)
    for first, stop in np.flatnonzero(np.diff(np.concatenate(([False], narrow, [False])))).reshape(-1, 2):
        if widths[max(0, first - 1) : stop + 1].max() > rules.ring_break_mm:
            continue
        place = (int(first), *outline.middle_of(opening[first : first + 1])[1:])
        yield replace(
            _found(CheckId.RING_BROKEN, Verdict.WARN, target, outline, place),
            last_slice_index=outline.slice_index(int(stop) - 1),
            size=Quantity(float(widths[first:stop].max()), Unit.MM),
            limit=Quantity(rules.ring_break_mm, Unit.MM),
        )


def inner_findings(outer: Volume, inner_lesions: Sequence[Lesion]) -> Iterator[Finding]:
    """An inner edge that meets no outer edge at all, and slices with an inner edge but no outer one."""
    for lesion in inner_lesions:
        if not (lesion.inside & (lesion.crop(outer) != 0)).any():
            place = lesion.middle_of(lesion.inside)
            found = _found(CheckId.INNER_OUTSIDE, Verdict.WARN, Target.PRIMARY, lesion, place)
            yield replace(found, size=_ml(lesion, lesion.inside))
            continue
        with_outer = outer.array[lesion.box[0]].reshape(len(lesion.areas), -1).max(axis=1) != 0
        alone = (lesion.areas > 0) & ~with_outer
        if alone.any():
            first, last = (int(k) for k in np.flatnonzero(alone)[[0, -1]])
            place = (first, *lesion.middle_of(lesion.inside[first : first + 1])[1:])
            yield replace(
                _found(CheckId.INNER_ALONE, Verdict.NOTE, Target.PRIMARY, lesion, place),
                last_slice_index=lesion.slice_index(last),
                size=Quantity(float(alone.sum()), Unit.SLICES),
            )


def _found(
    check: CheckId, verdict: Verdict, target: Target, lesion: Lesion, place: tuple[float, float, float]
) -> Finding:
    k = lesion.slice_index(place[0])
    return Finding(check, verdict, target, lesion.number, k, ras=lesion.ras(place))


def _ml(lesion: Lesion, part: NDArray[np.bool_]) -> Quantity:
    return Quantity(np.count_nonzero(part) * lesion.grid.voxel_volume_mm3 / 1000, Unit.ML)
