"""A simulated senior: of every disputed lesion takes the reading that is nearer to the truth, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from crc_core.agreement import Overlap
from crc_core.decision.composition import LesionDecision
from crc_core.decision.consensus import Pair, as_drawn, masks_of, said_of
from crc_core.decision.finals import AbsentRuling, FieldRuling, Ruling
from crc_core.geometry.grid import Volume
from crc_core.phantom import Phantom
from crc_core.reading.final import Take
from crc_core.report.merge import Choice
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from crc_core.workflow.payloads import LesionOutcome, Outcome, ReadingsCompared, TargetOutcome


def rule(pair: Pair, comparison: ReadingsCompared, phantom: Phantom, signer: str, title: str) -> Ruling:
    """The senior's decisions on everything the comparison leaves open."""
    lesions: list[LesionDecision] = []
    absent: dict[Target, AbsentRuling] = {}
    for outcome in comparison.targets:
        if outcome.outcome is not Outcome.DISPUTED:
            continue
        decided = [_decide(pair, outcome, lesion, phantom) for lesion in outcome.lesions if _is_open(outcome, lesion)]
        lesions.extend(decided)
        if all(decision.take is Take.DROPPED for decision in decided):
            absent[outcome.target] = AbsentRuling(TargetAnswer.NONE_SEEN)
    better = _nearer_reader(pair, phantom)
    fields = tuple(FieldRuling(name, better) for name in comparison.open_fields)
    return Ruling(signer, title, tuple(lesions), absent, fields)


def _is_open(outcome: TargetOutcome, lesion: LesionOutcome) -> bool:
    return lesion.outcome is Outcome.DISPUTED or bool(outcome.reasons)


def _decide(pair: Pair, outcome: TargetOutcome, lesion: LesionOutcome, phantom: Phantom) -> LesionDecision:
    kept = as_drawn(pair, outcome.target, lesion)
    nearness = _dice_with_truth(pair, outcome.target, lesion, phantom)
    take = kept.take
    if max(nearness.values(), default=0.0) == 0.0:
        take = Take.DROPPED
    elif lesion.a and lesion.b:
        take = Take.A if nearness[Choice.A] >= nearness[Choice.B] else Take.B
    reason = lesion.reasons[0] if lesion.reasons else outcome.reasons[0]
    return LesionDecision(outcome.target, lesion.a, lesion.b, take, _kind(kept, phantom), reason, "simulated senior")


def _kind(kept: LesionDecision, phantom: Phantom) -> LesionClass:
    number = next(iter((*kept.from_a, *kept.from_b)))
    true = next((item for item in phantom.lesions_of(kept.target) if item.number == number), None)
    return kept.kind if true is None else true.lesion_class


def _dice_with_truth(pair: Pair, target: Target, lesion: LesionOutcome, phantom: Phantom) -> Mapping[Choice, float]:
    mask_a, mask_b = masks_of(pair, target)
    truth = phantom.masks[target]
    numbers = {Choice.A: (mask_a, lesion.a), Choice.B: (mask_b, lesion.b)}
    return {
        choice: _dice(mask, drawn, truth) for choice, (mask, drawn) in numbers.items() if mask is not None and drawn
    }


def _dice(mask: Volume, numbers: tuple[int, ...], truth: Volume) -> float:
    drawn, true = np.isin(mask.array, numbers), np.isin(truth.array, numbers)
    overlap = Overlap(int((drawn & true).sum()), int(drawn.sum()), int(true.sum()))
    return overlap.dice or 0.0


def _nearer_reader(pair: Pair, phantom: Phantom) -> Choice:
    """The reader whose lesions, over all targets, overlap the truth better."""
    totals = []
    for reading in pair:
        shares = []
        for item in reading.reading.targets:
            mask = reading.mask(item.target).array != 0 if said_of(reading, item.target).lesions else None
            true = phantom.masks[item.target].array != 0
            common = 0 if mask is None else int((mask & true).sum())
            size = 0 if mask is None else int(mask.sum())
            shares.append(Overlap(common, size, int(true.sum())).dice or 0.0)
        totals.append(sum(shares))
    return Choice.A if totals[0] >= totals[1] else Choice.B
