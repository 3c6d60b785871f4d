"""The decision table: what two readings of one target come to, row by row; pure, no images.

Source: consensus 2.4.2 (union from 0.80 on, a senior below); the rows for lesions, classes and modes are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.reading.schema import TargetReading
from crc_core.vocabulary import LesionClass, Target
from crc_core.workflow.payloads import LesionOutcome, Outcome, TargetOutcome


class Reason(StrEnum):
    """Why a target or a lesion is disputed; worded by the catalogue under `reason.<value>`."""

    ONE_SAYS_NONE = "one_says_none"
    ANSWERS_DIFFER = "answers_differ"
    MODE_DIFFERS = "mode_differs"
    LOW_DICE = "low_dice"
    UNMATCHED = "unmatched"
    SPLIT = "split"
    MERGED = "merged"
    CLASS_DIFFERS = "class_differs"
    UNION_GAS = "union_gas"
    UNION_FAT = "union_fat"
    UNION_VESSEL = "union_vessel"
    UNION_BRIDGE = "union_bridge"


@dataclass(frozen=True)
class PairFacts:
    """Lesions of A and B that belong together, usually one each; several on one side are a split or a merge."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    reaches_threshold: bool
    dice_permille: int
    is_subvoxel: bool
    union_problems: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class TargetFacts:
    """What was measured between two drawn readings of one target."""

    pairs: tuple[PairFacts, ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    dice_permille: int | None


def decide_target(target: Target, a: TargetReading, b: TargetReading, facts: TargetFacts | None) -> TargetOutcome:
    """The outcome of one target; `facts` only where both readings drew it.

    Raises ValueError where facts are missing or given without need.
    """
    both_drawn = bool(a.lesions) and bool(b.lesions)
    if both_drawn != (facts is not None):
        raise ValueError("facts go with two drawn readings")
    if facts is None:
        return _without_two_contours(target, a, b)
    lesions = tuple(_pair(pair, a, b) for pair in facts.pairs)
    lesions += tuple(_unmatched((number,), ()) for number in facts.only_a)
    lesions += tuple(_unmatched((), (number,)) for number in facts.only_b)
    reasons = (Reason.MODE_DIFFERS.value,) if a.mode is not b.mode else ()
    disputed = bool(reasons) or any(lesion.outcome is Outcome.DISPUTED for lesion in lesions)
    outcome = Outcome.DISPUTED if disputed else Outcome.AGREED
    return TargetOutcome(target, outcome, facts.dice_permille, lesions, reasons)


def _without_two_contours(target: Target, a: TargetReading, b: TargetReading) -> TargetOutcome:
    if a.answer is b.answer:
        return TargetOutcome(target, Outcome.AGREED_ABSENT if a.says_absent else Outcome.AGREED)
    lesions = tuple(_unmatched((lesion.number,), ()) for lesion in a.lesions)
    lesions += tuple(_unmatched((), (lesion.number,)) for lesion in b.lesions)
    drawn_against_none = bool(a.lesions or b.lesions) and (a.says_absent or b.says_absent)
    reason = Reason.ONE_SAYS_NONE if drawn_against_none else Reason.ANSWERS_DIFFER
    return TargetOutcome(target, Outcome.DISPUTED, None, lesions, (reason.value,))


def _unmatched(a: tuple[int, ...], b: tuple[int, ...]) -> LesionOutcome:
    return LesionOutcome(a, b, Outcome.DISPUTED, reasons=(Reason.UNMATCHED.value,))


def _pair(pair: PairFacts, a: TargetReading, b: TargetReading) -> LesionOutcome:
    reasons: list[Reason] = []
    if len(pair.b) > 1:
        reasons.append(Reason.SPLIT)
    if len(pair.a) > 1:
        reasons.append(Reason.MERGED)
    if _classes(a, pair.a) != _classes(b, pair.b):
        reasons.append(Reason.CLASS_DIFFERS)
    if not pair.reaches_threshold:
        reasons.append(Reason.LOW_DICE)
    reasons.extend(pair.union_problems)
    outcome = Outcome.DISPUTED if reasons else Outcome.AGREED
    only_size = reasons == [Reason.LOW_DICE]
    return LesionOutcome(
        a=pair.a,
        b=pair.b,
        outcome=outcome,
        dice_permille=pair.dice_permille,
        subvoxel=only_size and pair.is_subvoxel,
        reasons=tuple(reason.value for reason in reasons),
    )


def _classes(reading: TargetReading, numbers: tuple[int, ...]) -> set[LesionClass]:
    return {lesion.kind for lesion in reading.lesions if lesion.number in numbers}
