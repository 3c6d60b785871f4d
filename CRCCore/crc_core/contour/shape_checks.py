"""Checks of a lesion's own shape: size, holes, slices left out, jumps between slices, the image's border."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.outline import longest_diameter, plane_metric
from crc_core.contour.parts import ALL_AROUND
from crc_core.contour.results import Box, CheckId, Finding, Quantity, Unit
from crc_core.contour.rules import ContourRules
from crc_core.contour.voxels import Lesion, original_box
from crc_core.geometry import Grid
from crc_core.vocabulary import Target, Verdict

_IN_SLICE = np.zeros((3, 3, 3), bool)
_IN_SLICE[1] = [[False, True, False], [True, True, True], [False, True, False]]


@dataclass(frozen=True, eq=False)
class ShapeContext:
    """What a shape check needs beside the lesion: the target, the rules, the mask's own grid, the subtraction's edges.

    `solid` is the lesion with its lumen, as drawn on the outer edge, like the lesion's crop; the crop itself where no
    outer edge is known. `lumen` is the part of the crop inside the inner edge, None where none was drawn.
    """

    target: Target
    rules: ContourRules
    own_grid: Grid
    solid: NDArray[np.bool_]
    lumen: NDArray[np.bool_] | None
    free: NDArray[np.bool_]


def shape_findings(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    """Everything the shape of one piece of a lesion shows."""
    yield from _small(lesion, context)
    yield from _border(lesion, context)
    yield from _holes(lesion, context)
    yield from _left_out(lesion, context)
    yield from _jumps(lesion, context)


def holes_of(lesion: Lesion, lumen: NDArray[np.bool_] | None, target: Target, rules: ContourRules) -> NDArray[np.bool_]:
    """Background voxels shut in within their slice that are not the lumen of a primary.

    In a primary a hole is its lumen where the inner edge was drawn, or where it is larger than the rule in any slice.
    """
    from scipy.ndimage import label

    padded = np.pad(lesion.inside, ((0, 0), (1, 1), (1, 1)))
    background, count = label(~padded, _IN_SLICE, output=np.int32)
    shut_in = np.ones(count + 1, bool)
    shut_in[background[:, 0, 0]] = False
    shut_in[0] = False
    holes = shut_in[background]
    if target is Target.PRIMARY and holes.any():
        groups, total = label(holes, ALL_AROUND, output=np.int32)
        sizes = np.bincount(background.ravel())
        pixel_mm2 = abs(float(np.linalg.det(plane_metric(lesion.grid))))
        wide = np.zeros(total + 1, bool)
        wide[np.unique(groups[holes & (sizes[background] * pixel_mm2 > rules.hole_mm2)])] = True
        holes &= ~wide[groups]
    holes = holes[:, 1:-1, 1:-1]
    return holes if lumen is None else holes & ~lumen


def _finding(
    lesion: Lesion,
    context: ShapeContext,
    check: CheckId,
    verdict: Verdict,
    place: tuple[float, ...],
    size: Quantity | None = None,
    limit: Quantity | None = None,
    box: Box | None = None,
) -> Finding:
    return Finding(
        check,
        verdict,
        context.target,
        lesion.number,
        lesion.slice_index(place[0]),
        ras=lesion.ras(place),
        size=size,
        limit=limit,
        box=None if box is None else original_box(box, context.own_grid),
    )


def _small(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    rules = context.rules
    place = lesion.middle_of(lesion.inside)
    widest = lesion.inside[int(lesion.areas.argmax())]
    diameter = longest_diameter(widest, plane_metric(lesion.grid)).length_mm
    if lesion.voxels <= rules.tiny_voxels or diameter < rules.tiny_diameter_mm:
        size = Quantity(float(lesion.voxels), Unit.VOXELS)
        yield _finding(lesion, context, CheckId.TINY, Verdict.WARN, place, size)
    slice_mm = lesion.grid.spacing_ijk_mm[2]
    if np.count_nonzero(lesion.areas) == 1 and lesion.grid.shape_kji[0] > 1:
        wide = diameter - max(lesion.grid.spacing_ijk_mm[:2]) > rules.single_slice_share * slice_mm
        size, limit = Quantity(diameter, Unit.MM), Quantity(slice_mm, Unit.MM)
        verdict = Verdict.WARN if wide else Verdict.NOTE
        yield _finding(lesion, context, CheckId.SINGLE_SLICE, verdict, place, size, limit)


def _border(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    for axis, (part, size) in enumerate(zip(lesion.box, lesion.grid.shape_kji, strict=True)):
        for end, touches in ((0, part.start == 0), (lesion.inside.shape[axis] - 1, part.stop == size)):
            if touches and size > 1:
                face = np.zeros(lesion.inside.shape, bool)
                chosen = [slice(None)] * 3
                chosen[axis] = slice(end, end + 1)
                face[tuple(chosen)] = lesion.inside[tuple(chosen)]
                area = Quantity(float(np.count_nonzero(face)), Unit.VOXELS)
                yield _finding(lesion, context, CheckId.BORDER, Verdict.WARN, lesion.middle_of(face), area)


def _holes(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    holes = holes_of(lesion, context.lumen, context.target, context.rules) & context.free
    if holes.any():
        verdict = Verdict.NOTE if context.target is Target.LUNG else Verdict.WARN
        largest = np.zeros(holes.shape, bool)
        k = int(np.count_nonzero(holes, axis=(1, 2)).argmax())
        largest[k] = holes[k]
        size = Quantity(np.count_nonzero(holes) * lesion.grid.voxel_volume_mm3 / 1000, Unit.ML)
        place = lesion.middle_of(largest)
        yield _finding(lesion, context, CheckId.HOLE, verdict, place, size, box=lesion.box)


def _left_out(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    drawn = np.flatnonzero(lesion.areas)
    steps = np.diff(drawn)
    gaps = np.flatnonzero(steps > 1)
    even = len(gaps) == len(steps) and len(set(steps.tolist())) == 1
    if even and len(gaps) >= context.rules.every_nth_gaps:
        k = int(drawn[0])
        place = (k, *lesion.middle_of(lesion.inside[k : k + 1])[1:])
        size = Quantity(float(steps[0]), Unit.SLICES)
        yield _finding(lesion, context, CheckId.EVERY_NTH, Verdict.WARN, place, size)
        return
    for gap in gaps:
        below, above = int(drawn[gap]), int(drawn[gap + 1])
        place = (below + 1, *lesion.middle_of(lesion.inside[below : below + 1])[1:])
        start = lesion.box[0].start
        # Where the sections on both sides share free voxels, the one between them is certain to hold these.
        shared = lesion.inside[below] & lesion.inside[above] & context.free[below + 1]
        certain = above - below == 2 and shared.any()
        box = (slice(start + below, start + above + 1), *lesion.box[1:]) if certain else None
        size = Quantity(float(above - below - 1), Unit.SLICES)
        found = _finding(lesion, context, CheckId.GAP, Verdict.WARN, place, size, box=box)
        yield _ending(found, lesion.slice_index(above - 1))


def _ending(finding: Finding, last: int) -> Finding:
    from dataclasses import replace

    return replace(finding, last_slice_index=last)


def _jumps(lesion: Lesion, context: ShapeContext) -> Iterator[Finding]:
    """A section that steps out and back, one that moves at once, and one that does not continue its neighbour."""
    rules, slice_mm = context.rules, lesion.grid.spacing_ijk_mm[2]
    areas = np.count_nonzero(context.solid, axis=(1, 2))
    radii = np.sqrt(areas * abs(float(np.linalg.det(plane_metric(lesion.grid)))) / np.pi)
    steps = np.where((areas[1:] > 0) & (areas[:-1] > 0), np.diff(radii), 0.0)
    spike_mm = max(rules.jump_mm, rules.jump_slices * slice_mm)
    step_mm = max(rules.step_mm, rules.step_slices * slice_mm)
    spikes = np.flatnonzero((steps[:-1] * steps[1:] < 0) & (np.minimum(abs(steps[:-1]), abs(steps[1:])) > spike_mm))
    for k in spikes + 1:
        size = Quantity(float(min(abs(steps[k - 1]), abs(steps[k]))), Unit.MM)
        yield _in_section(lesion, context, CheckId.JUMP, Verdict.WARN, int(k), size, Quantity(spike_mm, Unit.MM))
    of_spikes = {int(step) for spike in spikes for step in (spike, spike + 1)}
    for k in np.flatnonzero(np.abs(steps) > step_mm):
        if int(k) not in of_spikes:
            size = Quantity(float(abs(steps[k])), Unit.MM)
            limit = Quantity(step_mm, Unit.MM)
            yield _in_section(lesion, context, CheckId.STEP, Verdict.NOTE, int(k) + 1, size, limit)
    shared = np.count_nonzero(context.solid[1:] & context.solid[:-1], axis=(1, 2))
    smaller = np.minimum(areas[1:], areas[:-1])
    for k in np.flatnonzero((smaller > 0) & (shared < rules.shift_overlap * smaller)):
        yield _in_section(lesion, context, CheckId.SHIFT, Verdict.NOTE, int(k) + 1, None, None)


def _in_section(
    lesion: Lesion,
    context: ShapeContext,
    check: CheckId,
    verdict: Verdict,
    k: int,
    size: Quantity | None,
    limit: Quantity | None,
) -> Finding:
    source = lesion.inside if lesion.areas[k] else context.solid
    place = (k, *lesion.middle_of(source[k : k + 1])[1:])
    return _finding(lesion, context, check, verdict, place, size, limit)
