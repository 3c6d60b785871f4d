"""All checks of a mask at once, and those a union must pass before it becomes a final."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from crc_core.contour.relation_checks import (
    edge_findings,
    inner_findings,
    overlap_findings,
    touching_findings,
    wall_findings,
)
from crc_core.contour.results import CheckId, Finding, Quantity, Unit
from crc_core.contour.rules import ContourRules, contour_rules
from crc_core.contour.shape_checks import ShapeContext, shape_findings
from crc_core.contour.tissue_checks import Tissue, fat_of, gas_of, outside_body, tissue_findings, tissue_of, vessel_of
from crc_core.contour.voxels import Lesion, axial_first, lesions_of, require_mask, require_one_grid
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import VERDICT_ORDER, Target, Verdict

UNION_CHECKS = (CheckId.GAS, CheckId.FAT, CheckId.VESSEL, CheckId.BRIDGE)
"""What sends the union of two readings to a senior (decision table, row "the union fails a contour check")."""


@dataclass(frozen=True)
class Window:
    """The window a contour was drawn in, in HU."""

    width_hu: float
    level_hu: float


def inspect(
    mask: Volume,
    image: Volume | None,
    *,
    target: Target,
    outer: Volume | None = None,
    inner: Volume | None = None,
    others: Sequence[tuple[Target, Volume]] = (),
    interpolated_slices: Sequence[int] = (),
    window: Window | None = None,
) -> tuple[Finding, ...]:
    """Everything the checks see in one target's mask, the worst first.

    `image` is the CT in HU on the mask's grid, None to leave the checks of densities out. `outer` and `inner` are the
    parents of a subtraction, `others` the masks of other targets, `interpolated_slices` the slices (array index along
    the slice axis) filled by interpolation that nobody has looked at, `window` what the contour was drawn in. Raises
    CrcError for another grid and for masks that hold anything but whole numbers from 0 to 255.
    """
    rules, grid = contour_rules(), mask.grid
    placed = axial_first(require_mask(mask))
    lesions = lesions_of(placed)
    if not lesions:
        return (Finding(CheckId.EMPTY, Verdict.WARN, target),)
    edges = (_on_grid(outer, grid), _on_grid(inner, grid))
    found = [
        *_of_shapes(lesions, edges, target, rules, grid),
        *_of_tissue(lesions, _image_on_grid(image, grid), target, rules),
        *touching_findings(lesions, placed, target, bridge=False),
        *overlap_findings(lesions, [(name, _placed(other, grid)) for name, other in others], target),
        *_of_edges(lesions, edges, target, rules),
        *_of_interpolation(lesions, interpolated_slices, target),
        *_of_window(window, target, rules),
    ]
    return tuple(sorted(found, key=lambda item: -VERDICT_ORDER.index(item.verdict)))


def check_union(
    mask: Volume, image: Volume | None, *, target: Target, only_lesions: Sequence[int] | None = None
) -> tuple[Finding, ...]:
    """What speaks against taking a union as final: gas, fat or a vessel inside it, a bridge to another lesion.

    `only_lesions` limits the answer to these numbers. Raises CrcError as `inspect` does.
    """
    rules = contour_rules()
    placed = axial_first(require_mask(mask))
    lesions = lesions_of(placed)
    source = _image_on_grid(image, mask.grid)
    found = list(touching_findings(lesions, placed, target, bridge=True))
    if source is not None:
        for lesion in lesions:
            found.extend(_against_union(tissue_of(lesion, source, target, rules)))
    if only_lesions is None:
        return tuple(found)
    wanted = {str(number) for number in only_lesions}
    return tuple(item for item in found if str(item.lesion) in wanted or item.against in wanted)


def worst_verdict(findings: Sequence[Finding]) -> Verdict:
    """The worst verdict among findings; `pass` for none."""
    return max((finding.verdict for finding in findings), key=VERDICT_ORDER.index, default=Verdict.PASS)


Edges = tuple[Volume | None, Volume | None]


def _placed(volume: Volume, grid: Grid) -> Volume:
    require_one_grid(volume.grid, grid)
    return axial_first(require_mask(volume))


def _on_grid(volume: Volume | None, grid: Grid) -> Volume | None:
    return None if volume is None else _placed(volume, grid)


def _image_on_grid(image: Volume | None, grid: Grid) -> Volume | None:
    if image is None:
        return None
    require_one_grid(image.grid, grid)
    return axial_first(image)


def _of_shapes(
    lesions: Sequence[Lesion], edges: Edges, target: Target, rules: ContourRules, grid: Grid
) -> Iterator[Finding]:
    outer, inner = edges
    for lesion in lesions:
        solid = lesion.inside
        if outer is not None:
            solid = solid | (lesion.crop(outer) == lesion.number)
        lumen = None if inner is None else np.asarray(lesion.crop(inner) != 0)
        yield from shape_findings(lesion, ShapeContext(target, rules, grid, solid, lumen))


def _of_tissue(
    lesions: Sequence[Lesion], image: Volume | None, target: Target, rules: ContourRules
) -> Iterator[Finding]:
    if image is None:
        return
    for lesion in lesions:
        tissue = tissue_of(lesion, image, target, rules)
        yield from tissue_findings(tissue)
        outside = outside_body(tissue, image)
        if outside is not None:
            yield outside


def _of_edges(lesions: Sequence[Lesion], edges: Edges, target: Target, rules: ContourRules) -> Iterator[Finding]:
    outer, inner = edges
    if outer is not None and inner is not None:
        for outline in lesions_of(outer):
            yield from edge_findings(outline, outer, inner, target, rules)
        yield from inner_findings(outer, lesions_of(inner))
    if target is Target.PRIMARY and (outer is not None or inner is not None):
        for lesion in lesions:
            yield from wall_findings(lesion, inner, outer, rules)


def _of_interpolation(lesions: Sequence[Lesion], slices: Sequence[int], target: Target) -> Iterator[Finding]:
    wanted = set(slices)
    for lesion in lesions:
        waiting = np.array([lesion.slice_index(k) in wanted for k in range(len(lesion.areas))]) & (lesion.areas > 0)
        for first, stop in np.flatnonzero(np.diff(np.concatenate(([False], waiting, [False])))).reshape(-1, 2):
            place = (int(first), *lesion.middle_of(lesion.inside[first : first + 1])[1:])
            yield Finding(
                CheckId.INTERPOLATED,
                Verdict.WARN,
                target,
                lesion.number,
                lesion.slice_index(int(first)),
                lesion.slice_index(int(stop) - 1),
                lesion.ras(place),
                Quantity(float(stop - first), Unit.SLICES),
            )


def _of_window(window: Window | None, target: Target, rules: ContourRules) -> Iterator[Finding]:
    if window is None:
        return
    if target is Target.LUNG:
        limit = rules.lung_window_width_low_hu
        wrong = window.width_hu < limit
    else:
        narrow = window.width_hu < rules.soft_window_width_low_hu
        limit = rules.soft_window_width_low_hu if narrow else rules.soft_window_width_high_hu
        wrong = narrow or window.width_hu > limit
    if wrong:
        size, edge = Quantity(window.width_hu, Unit.HU), Quantity(limit, Unit.HU)
        yield Finding(CheckId.WINDOW, Verdict.NOTE, target, size=size, limit=edge)


def _against_union(tissue: Tissue) -> list[Finding]:
    rules = tissue.rules
    possible = (
        tissue.finding(CheckId.GAS, Verdict.WARN, gas_of(tissue), rules.foreign_share),
        tissue.finding(CheckId.FAT, Verdict.WARN, fat_of(tissue), rules.fat_share),
        tissue.finding(CheckId.VESSEL, Verdict.WARN, vessel_of(tissue), rules.foreign_share),
    )
    return [found for found in possible if found is not None]
