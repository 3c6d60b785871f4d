"""A disputed unit before a senior: what is open, what a choice comes to, and the ruling that all choices make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement import DisagreementRegion, disagreement_regions
from crc_core.decision.choices import Choices, LesionChoice, LesionKey, reason_codes
from crc_core.decision.composition import Drawn, LesionDecision, final_numbers, voxels_of
from crc_core.decision.consensus import Pair, as_drawn, lesion_map, masks_of, reports_of, said_of
from crc_core.decision.crops import box_around, cropped
from crc_core.decision.finals import AbsentRuling, FieldRuling, Ruling
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.reading.final import Take
from crc_core.report.merge import Difference, MergedReport, merge
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from crc_core.workflow.payloads import LesionOutcome, Outcome, ReadingsCompared, TargetOutcome


@dataclass(frozen=True)
class LesionPoint:
    """One lesion of the comparison as the senior meets it: who drew it (as A and B), and why it is open."""

    key: LesionKey
    outcome: LesionOutcome
    is_open: bool
    reasons: tuple[str, ...]
    class_a: LesionClass | None
    class_b: LesionClass | None

    @property
    def takes(self) -> tuple[Take, ...]:
        """What can be taken of it: a contour one reader did not draw cannot be theirs, nor shared."""
        if self.key.a and self.key.b:
            return (Take.A, Take.B, Take.UNION, Take.INTERSECTION, Take.EDITED, Take.DROPPED)
        return (Take.A if self.key.a else Take.B, Take.EDITED, Take.DROPPED)


@dataclass(frozen=True)
class OpenPoints:
    """What is still undecided."""

    lesions: tuple[LesionPoint, ...]
    targets: tuple[TargetOutcome, ...]
    fields: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many points are open."""
        return len(self.lesions) + len(self.targets) + len(self.fields)


@dataclass(frozen=True)
class ResultDice:
    """Dice of a result with A and with B in thousandths, floored; None where both are empty."""

    with_a: int | None
    with_b: int | None


@dataclass(frozen=True, eq=False)
class TargetResult:
    """What the choices so far make of one target, as a crop of its source's grid, and its Dice with A and with B."""

    target: Target
    mask: Volume
    dice: ResultDice
    contested_voxels: int


@dataclass(frozen=True, eq=False)
class Sides:
    """What A and B drew of a target, as flat indices of its source's grid."""

    grid: Grid
    a: Drawn
    b: Drawn


@dataclass(frozen=True, eq=False)
class Dispute:
    """Two readings, what their comparison says, and what can be done about it; masks are decoded once."""

    pair: Pair
    comparison: ReadingsCompared
    _sides: dict[Target, Sides | None] = field(default_factory=dict)

    @property
    def points(self) -> tuple[LesionPoint, ...]:
        """Every lesion of every target, agreed or not, in the order of the comparison."""
        return tuple(self._point(outcome, lesion) for outcome in self.comparison.targets for lesion in outcome.lesions)

    def point(self, key: LesionKey) -> LesionPoint:
        """The lesion of that key; raises KeyError for one the comparison does not have."""
        return next(point for point in self.points if point.key == key)

    def open_points(self, choices: Choices) -> OpenPoints:
        """What is still undecided after `choices`."""
        lesions = tuple(point for point in self.points if point.is_open and point.key not in choices.lesions)
        fields = tuple(path for path in self.comparison.open_fields if path not in choices.fields)
        targets = tuple(outcome for outcome in self.silent_targets if outcome.target not in choices.absent)
        return OpenPoints(lesions, targets, fields)

    @property
    def silent_targets(self) -> tuple[TargetOutcome, ...]:
        """The disputed targets that have no lesion on which anything could be decided."""
        return tuple(
            outcome
            for outcome in self.comparison.targets
            if outcome.outcome is Outcome.DISPUTED and not outcome.lesions
        )

    def answers(self, target: Target) -> tuple[TargetAnswer, TargetAnswer]:
        """What A and what B says of a target."""
        a, b = (said_of(reading, target).answer for reading in self.pair)
        return a, b

    def take_all(self, choices: Choices, target: Target, take: Take, reason: str | None = None) -> Choices:
        """The choices with every open lesion of a target taken the same way; where that leaves nothing, dropped."""
        for point in self.points:
            if point.key.target is target and point.is_open:
                possible = take if take in point.takes else _alone(take, point)
                choices = choices.with_lesion(point.key, LesionChoice(possible, reason=reason))
        return choices

    def accept_sub_voxel(self, choices: Choices) -> Choices:
        """The choices with the union taken of every lesion that differs by no more than a voxel."""
        for point in self.points:
            if point.is_open and point.outcome.subvoxel and point.key not in choices.lesions:
                accepted = LesionChoice(Take.UNION, reason=reason_codes().sub_voxel)
                choices = choices.with_lesion(point.key, accepted)
        return choices

    @property
    def is_sub_voxel_only(self) -> bool:
        """Whether accepting sub-voxel differences settles everything."""
        accepted = self.accept_sub_voxel(Choices())
        return bool(accepted.lesions) and self.open_points(accepted).count == 0

    def decisions(self, choices: Choices, target: Target) -> tuple[LesionDecision, ...]:
        """Every lesion of a target as decided, those not decided yet as drawn."""
        own = (point for point in self.points if point.key.target is target)
        return tuple(made for point in own for made in self._decisions(point, choices.lesions.get(point.key)))

    def result(self, choices: Choices, target: Target) -> TargetResult | None:
        """What the choices so far make of a target; None where nobody drew it."""
        decisions, sides = self.decisions(choices, target), self.sides(target)
        if not decisions or sides is None:
            return None
        flat, numbers, contested = _composed(decisions, sides)
        dice = ResultDice(*(_dice_permille(flat, drawn.flat) for drawn in (sides.a, sides.b)))
        return TargetResult(target, _crop(flat, numbers, sides), dice, contested)

    def sides(self, target: Target) -> Sides | None:
        """What A and B drew of a target; None where nobody drew it."""
        if target not in self._sides:
            masks = masks_of(self.pair, target)
            drawn = next((mask for mask in masks if mask is not None), None)
            known = None if drawn is None else Sides(drawn.grid, *(Drawn.of(mask) for mask in masks))
            self._sides[target] = known
        return self._sides[target]

    def lesion_mask(self, choices: Choices, key: LesionKey) -> Volume:
        """The contour of one lesion as chosen so far, as a crop: what an edit starts from.

        As drawn where the lesion is dropped or open.

        Raises KeyError for a lesion the comparison does not have.
        """
        choice, sides = choices.lesions.get(key), self.sides(key.target)
        kept = None if choice is None or choice.take is Take.DROPPED else choice
        if sides is None:
            raise KeyError(key)
        flat, _, _ = _composed(self._decisions(self.point(key), kept), sides)
        return _crop(flat, 1, sides)

    def regions(self, target: Target) -> tuple[DisagreementRegion, ...]:
        """Where A and B differ, largest first; where one drew nothing, what the other drew."""
        mask_a, mask_b = masks_of(self.pair, target)
        drawn = mask_a or mask_b
        if drawn is None:
            return ()
        empty = Volume(np.zeros(drawn.grid.shape_kji, np.uint8), drawn.grid)
        return disagreement_regions(mask_a or empty, mask_b or empty)

    def merged(self, choices: Choices) -> MergedReport:
        """The report as the choices leave it, before questions are settled."""
        decided = [item for outcome in self.comparison.targets for item in self.decisions(choices, outcome.target)]
        a, b = reports_of(self.pair)
        return merge(a, b, lesion_map(decided))

    def differences(self, choices: Choices) -> tuple[Difference, ...]:
        """Every question on which the readers differ, critical ones first."""
        merged = self.merged(choices)
        return (*merged.open, *merged.kept_both)

    def ruling(self, choices: Choices, signer: str, title: str) -> Ruling:
        """The ruling to sign; raises CrcError naming the first point that is still open."""
        missing = self.open_points(choices)
        if missing.lesions:
            point = missing.lesions[0]
            raise CrcError("decision.lesion_open", target=point.key.target.value, lesion=point.key.name)
        if missing.targets:
            raise CrcError("decision.target_open", target=missing.targets[0].target.value)
        if missing.fields:
            raise CrcError("decision.field_open", field=missing.fields[0])
        decided = tuple(
            made for key, choice in choices.lesions.items() for made in self._decisions(self.point(key), choice)
        )
        absent = {**dict(self._all_dropped(choices)), **choices.absent}
        return Ruling(signer, title, decided, absent, tuple(choices.fields.values()))

    def _point(self, outcome: TargetOutcome, lesion: LesionOutcome) -> LesionPoint:
        disputed = outcome.outcome is Outcome.DISPUTED
        is_open = disputed and (lesion.outcome is Outcome.DISPUTED or bool(outcome.reasons))
        kinds = (self._kind(side, outcome.target, numbers) for side, numbers in enumerate((lesion.a, lesion.b)))
        key = LesionKey(outcome.target, lesion.a, lesion.b)
        return LesionPoint(key, lesion, is_open, lesion.reasons or outcome.reasons if is_open else (), *kinds)

    def _kind(self, side: int, target: Target, numbers: tuple[int, ...]) -> LesionClass | None:
        if not numbers:
            return None
        return next(item.kind for item in said_of(self.pair[side], target).lesions if item.number == numbers[0])

    def _decisions(self, point: LesionPoint, choice: LesionChoice | None) -> tuple[LesionDecision, ...]:
        """One decision; one per lesion where a reader's several lesions are taken as they drew them."""
        drawn = as_drawn(self.pair, point.key.target, point.outcome)
        if choice is None:
            return (drawn,)
        if choice.take not in point.takes:
            raise CrcError("adjudication.cannot_take", lesion=point.key.name, take=choice.take.value)
        own = point.class_b if choice.take is Take.B else None
        whole = replace(
            drawn,
            take=choice.take,
            kind=choice.kind or own or drawn.kind,
            reason=choice.reason or next(iter(point.reasons), None),
            note=choice.note,
            edited=choice.edited,
        )
        if choice.take is Take.A and len(point.key.a) > 1:
            return tuple(replace(whole, from_a=(number,)) for number in point.key.a)
        if choice.take is Take.B and len(point.key.b) > 1:
            return tuple(replace(whole, from_b=(number,)) for number in point.key.b)
        return (whole,)

    def _all_dropped(self, choices: Choices) -> Iterator[tuple[Target, AbsentRuling]]:
        """A disputed target of which every lesion was dropped says "none seen"."""
        for outcome in self.comparison.targets:
            decided = self.decisions(choices, outcome.target)
            if outcome.outcome is Outcome.DISPUTED and decided and all(d.take is Take.DROPPED for d in decided):
                yield outcome.target, AbsentRuling(TargetAnswer.NONE_SEEN)


def settled_fields(choices: Choices, rulings: Sequence[FieldRuling]) -> Choices:
    """The choices with several questions settled."""
    for ruling in rulings:
        choices = choices.with_field(ruling.field, ruling)
    return choices


def _alone(take: Take, point: LesionPoint) -> Take:
    """What taking all of A, of B, the union or what both share means for a lesion only one reader drew."""
    return point.takes[0] if take is Take.UNION else Take.DROPPED


def _composed(decisions: Sequence[LesionDecision], sides: Sides) -> tuple[NDArray[np.int64], NDArray[np.uint8], int]:
    """The voxels of the result, their final numbers, and how many two lesions claim (the later one has them)."""
    parts = [voxels_of(decision, sides.a, sides.b) for decision in decisions]
    numbers = final_numbers(decisions)
    flat = np.concatenate([np.zeros(0, np.int64), *parts])[::-1]
    owners = np.repeat(np.array(numbers, np.uint8), [part.size for part in parts])[::-1]
    unique, last = np.unique(flat, return_index=True)
    return unique, owners[last], flat.size - unique.size


def _crop(flat: NDArray[np.int64], numbers: NDArray[np.uint8] | int, sides: Sides) -> Volume:
    box = box_around([flat, sides.a.flat, sides.b.flat], sides.grid)
    return cropped(flat, numbers, sides.grid, box or (slice(0, 1), slice(0, 1), slice(0, 1)))


def _dice_permille(result: NDArray[np.int64], drawn: NDArray[np.int64]) -> int | None:
    total = result.size + drawn.size
    common = np.intersect1d(result, drawn, assume_unique=True).size
    return 2000 * common // total if total else None
