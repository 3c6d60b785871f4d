"""All checks of a mask at once, and those a union must pass before it becomes a final."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.parts import LesionParts, parts_of
from crc_core.contour.relation_checks import (
    edge_findings,
    inner_findings,
    overlap_findings,
    touching_findings,
    wall_findings,
)
from crc_core.contour.results import Box, CheckId, Finding, Quantity, Unit
from crc_core.contour.rules import ContourRules, contour_rules
from crc_core.contour.shape_checks import ShapeContext, shape_findings
from crc_core.contour.tissue_checks import Tissue, fat_of, gas_of, outside_body, tissue_findings, tissue_of, vessel_of
from crc_core.contour.voxels import (
    Lesion,
    axial_first,
    bounding_box,
    lesions_of,
    original_box,
    require_mask,
)
from crc_core.geometry import Grid, Volume
from crc_core.geometry.requirements import require_same_grid
from crc_core.vocabulary import VERDICT_ORDER, Target, Verdict

UNION_CHECKS = (CheckId.GAS, CheckId.FAT, CheckId.VESSEL, CheckId.BRIDGE)
"""What sends the union of two readings to a senior (decision table, row "the union fails a contour check")."""


_MOST_STRAYS = 50
"""Of more strays, the largest are told first; the others come up once these are mended."""


@dataclass(frozen=True)
class Window:
    """The window a contour was drawn in, in HU."""

    width_hu: float
    level_hu: float


@dataclass(frozen=True, eq=False)
class OneLesion:
    """One lesion as it lies in a mask and in the edges of its subtraction, each with the slice axis first."""

    mask: Lesion | None
    outer: Lesion | None = None
    inner: Lesion | None = None

    @property
    def chosen(self) -> _Chosen:
        """The same as lists."""
        one, two, three = (() if item is None else (item,) for item in (self.mask, self.outer, self.inner))
        return _Chosen(one, two, three)


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The lesions that are looked at."""

    mask: tuple[Lesion, ...]
    outer: tuple[Lesion, ...]
    inner: tuple[Lesion, ...]


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
    pieces = inspecting(
        mask, image, target=target, outer=outer, inner=inner, others=others, interpolated_slices=interpolated_slices
    )
    found = [finding for piece in pieces for finding in piece]
    if [finding.id for finding in found] != [CheckId.EMPTY]:
        found.extend(window_findings(window, target))
    return worst_first(found)


def inspecting(
    mask: Volume,
    image: Volume | None,
    *,
    target: Target,
    outer: Volume | None = None,
    inner: Volume | None = None,
    others: Sequence[tuple[Target, Volume]] = (),
    interpolated_slices: Sequence[int] = (),
    only: OneLesion | None = None,
) -> Iterator[tuple[Finding, ...]]:
    """What `inspect` sees but for the window, one bounded piece of work at a time, in no order.

    `only` limits the checks to one lesion, which need not be looked for in the masks then; the others in them still
    count as its neighbours.
    """
    rules, grid = contour_rules(), mask.grid
    placed = axial_first(require_mask(mask))
    if only is None and bounding_box(mask.array) is None:
        yield (Finding(CheckId.EMPTY, Verdict.WARN, target),)
        return
    edges = (_on_grid(outer, grid), _on_grid(inner, grid))
    chosen = _all_lesions(placed, edges) if only is None else only.chosen
    source = _image_on_grid(image, grid)
    pieces: list[Lesion] = []
    for lesion in chosen.mask:
        part = parts_of(lesion, _solid(lesion, edges), rules)
        pieces.extend(piece for piece in part.pieces if not _too_large(piece, rules))
        yield tuple(_of_parts(part, target, rules, grid))
    for piece in pieces:
        yield tuple(_of_shape(piece, placed, edges, target, rules, grid))
    for piece in pieces:
        yield from _of_tissue(piece, source, target, rules)
    yield tuple(touching_findings(pieces, placed, target, bridge=False))
    yield tuple(overlap_findings(pieces, [(name, _placed(other, grid)) for name, other in others], target))
    yield from _of_edges(pieces, edges, chosen, target, rules)
    yield tuple(_of_interpolation(pieces, interpolated_slices, target))


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with the worst verdicts first, otherwise in the order given."""
    return tuple(sorted(findings, key=lambda item: -VERDICT_ORDER.index(item.verdict)))


def check_union(
    mask: Volume, image: Volume | None, *, target: Target, only_lesions: Sequence[int] | None = None
) -> tuple[Finding, ...]:
    """What speaks against taking a union as final: gas, fat or a vessel inside it, a bridge to another lesion.

    `only_lesions` limits the answer to these numbers. Raises CrcError as `inspect` does.
    """
    rules = contour_rules()
    placed = axial_first(require_mask(mask))
    lesions = [
        piece
        for lesion in lesions_of(placed)
        for piece in parts_of(lesion, lesion.inside, rules).pieces
        if not _too_large(piece, rules)
    ]
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
    require_same_grid(volume.grid, grid)
    return axial_first(require_mask(volume))


def _on_grid(volume: Volume | None, grid: Grid) -> Volume | None:
    return None if volume is None else _placed(volume, grid)


def _image_on_grid(image: Volume | None, grid: Grid) -> Volume | None:
    if image is None:
        return None
    require_same_grid(image.grid, grid)
    return axial_first(image)


def _solid(lesion: Lesion, edges: Edges) -> NDArray[np.bool_]:
    """The lesion with its lumen, as far as an outer edge was drawn."""
    outer, _ = edges
    return lesion.inside if outer is None else lesion.inside | (lesion.crop(outer) == lesion.number)


def _too_large(piece: Lesion, rules: ContourRules) -> bool:
    return piece.volume_ml > rules.too_large_ml


def _of_parts(parts: LesionParts, target: Target, rules: ContourRules, grid: Grid) -> Iterator[Finding]:
    """Strays, parts that are lesions of their own, and what is too large to be one."""
    for stray in parts.strays[:_MOST_STRAYS]:
        yield _of_part(CheckId.ISLAND, stray, target, original_box(stray.box, grid))
    for piece in parts.pieces[1:]:
        yield _of_part(CheckId.SEPARATE, piece, target)
    for piece in parts.pieces:
        if _too_large(piece, rules):
            found = _of_part(CheckId.TOO_LARGE, piece, target)
            yield replace(found, limit=Quantity(rules.too_large_ml, Unit.ML))


def _of_part(check: CheckId, part: Lesion, target: Target, box: Box | None = None) -> Finding:
    k = int(part.areas.argmax())
    place = (k, *part.middle_of(part.inside[k : k + 1])[1:])
    size = Quantity(part.volume_ml, Unit.ML)
    return Finding(
        check, Verdict.WARN, target, part.number, part.slice_index(k), ras=part.ras(place), size=size, box=box
    )


def _all_lesions(mask: Volume, edges: Edges) -> _Chosen:
    outer, inner = edges
    if outer is None or inner is None:
        return _Chosen(lesions_of(mask), (), ())
    return _Chosen(lesions_of(mask), lesions_of(outer), lesions_of(inner))


def _of_shape(
    lesion: Lesion, mask: Volume, edges: Edges, target: Target, rules: ContourRules, grid: Grid
) -> Iterator[Finding]:
    _, inner = edges
    lumen = None if inner is None else np.asarray(lesion.crop(inner) != 0)
    free = np.asarray(lesion.crop(mask) == 0)
    yield from shape_findings(lesion, ShapeContext(target, rules, grid, _solid(lesion, edges), lumen, free))


def _of_tissue(
    lesion: Lesion, image: Volume | None, target: Target, rules: ContourRules
) -> Iterator[tuple[Finding, ...]]:
    if image is None:
        return
    tissue = tissue_of(lesion, image, target, rules)
    for found in tissue_findings(tissue):
        yield () if found is None else (found,)
    outside = outside_body(tissue, image)
    yield () if outside is None else (outside,)


def _of_edges(
    lesions: Sequence[Lesion], edges: Edges, chosen: _Chosen, target: Target, rules: ContourRules
) -> Iterator[tuple[Finding, ...]]:
    outer, inner = edges
    if outer is not None and inner is not None:
        for whole in chosen.outer:
            for outline in parts_of(whole, whole.inside, rules).pieces:
                yield tuple(edge_findings(outline, outer, inner, target, rules))
        yield tuple(inner_findings(outer, chosen.inner))
    if target is Target.PRIMARY and (outer is not None or inner is not None):
        for lesion in lesions:
            yield tuple(wall_findings(lesion, inner, outer, rules))


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


def window_findings(window: Window | None, target: Target) -> tuple[Finding, ...]:
    """Whether the window that a target was drawn in is one in which its edge can be seen; nothing where none is known.

    Source of the limits: consensus table 4 and 2.4.
    """
    if window is None:
        return ()
    rules = contour_rules()
    if target is Target.LUNG:
        limit = rules.lung_window_width_low_hu
        wrong = window.width_hu < limit
    else:
        narrow = window.width_hu < rules.soft_window_width_low_hu
        limit = rules.soft_window_width_low_hu if narrow else rules.soft_window_width_high_hu
        wrong = narrow or window.width_hu > limit
    if wrong:
        size, edge = Quantity(window.width_hu, Unit.HU), Quantity(limit, Unit.HU)
        return (Finding(CheckId.WINDOW, Verdict.NOTE, target, size=size, limit=edge),)
    return ()


def _against_union(tissue: Tissue) -> list[Finding]:
    rules = tissue.rules
    possible = (
        tissue.finding(CheckId.GAS, Verdict.WARN, gas_of(tissue), rules.foreign_share),
        tissue.finding(CheckId.FAT, Verdict.WARN, fat_of(tissue), rules.fat_share),
        tissue.finding(CheckId.VESSEL, Verdict.WARN, vessel_of(tissue), rules.foreign_share),
    )
    return [found for found in possible if found is not None]
