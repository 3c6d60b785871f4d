"""Comparing two sealed readings of a unit: the outcome of every target and the report fields that stay open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crc_core.agreement import prepare
from crc_core.decision.composition import LesionDecision, final_numbers
from crc_core.decision.facts import facts_of
from crc_core.decision.table import decide_target
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.reading.final import Take
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import READING_NAME, SealedReading, parse_report
from crc_core.report.document import Lesion, Report
from crc_core.report.merge import merge
from crc_core.vocabulary import Target
from crc_core.workflow.payloads import LesionOutcome, ReadingsCompared, TargetOutcome

Pair = tuple[SealedReading, SealedReading]
"""The readings A and B in the order of their hashes."""


def as_pair(one: SealedReading, other: SealedReading) -> Pair:
    """Two readings of one unit as A and B: in the order of their hashes, which tells nothing of who read when.

    Raises CrcError for readings of two units, of one reader or of two rounds.
    """
    path = other.sealed.folder / READING_NAME
    if one.reading.unit != other.reading.unit:
        raise CrcError("reading.other_unit", path=path, seen=other.reading.unit, expected=one.reading.unit)
    if one.reading.reader == other.reading.reader or one.reading.round != other.reading.round:
        raise CrcError("decision.no_pair", path=path)
    first, second = sorted((one, other), key=lambda reading: reading.sealed.sha256)
    return first, second


def compare(pair: Pair, sources: Mapping[Target, Volume]) -> ReadingsCompared:
    """The outcome of two readings by the decision table; `sources` are the bound images in HU.

    Raises CrcError where a mask was altered or does not lie on its source.
    """
    a, b = pair
    outcomes = tuple(_target(pair, target, sources.get(target)) for target in targets_of(pair))
    report_a, report_b = reports_of(pair)
    merged = merge(report_a, report_b, lesion_map(provisional_decisions(pair, outcomes)))
    open_fields = tuple(str(difference.path) for difference in merged.open)
    return ReadingsCompared((a.sealed.sha256, b.sealed.sha256), outcomes, open_fields)


def targets_of(pair: Pair) -> tuple[Target, ...]:
    """The targets both readings speak of; raises CrcError where one is silent on a target of the other."""
    spoken = [{item.target for item in reading.reading.targets} for reading in pair]
    for target in spoken[0] ^ spoken[1]:
        silent = pair[0] if target in spoken[1] else pair[1]
        path = silent.sealed.folder / READING_NAME
        raise CrcError("reading.target_unanswered", path=path, target=target.value)
    return tuple(target for target in Target if target in spoken[0])


def reports_of(pair: Pair) -> tuple[Report, Report]:
    """The reports of A and B."""
    a, b = (parse_report(reading.report, reading.sealed.folder / "report.json") for reading in pair)
    return a, b


def said_of(reading: SealedReading, target: Target) -> TargetReading:
    """What a reading says of a target it speaks of."""
    said = reading.reading.of(target)
    if said is None:
        raise KeyError(target)
    return said


def masks_of(pair: Pair, target: Target) -> tuple[Volume | None, Volume | None]:
    """The masks of A and B; None where nothing was drawn."""
    a, b = (reading.mask(target) if said_of(reading, target).lesions else None for reading in pair)
    return a, b


def provisional_decisions(pair: Pair, outcomes: Sequence[TargetOutcome]) -> tuple[LesionDecision, ...]:
    """Every lesion of every target as if all were kept: pairs united, the others as drawn.

    What a rule stores where all is agreed, and what a senior starts from.
    """
    return tuple(as_drawn(pair, outcome.target, lesion) for outcome in outcomes for lesion in outcome.lesions)


def lesion_map(decisions: Sequence[LesionDecision]) -> dict[Lesion, tuple[int | None, int | None]]:
    """The lesions of a final and their numbers in both reports; of a split or merged lesion the first number."""
    mapped: dict[Lesion, tuple[int | None, int | None]] = {}
    for target in Target:
        of_target = [decision for decision in decisions if decision.target is target]
        for decision, number in zip(of_target, final_numbers(of_target), strict=True):
            if number:
                first_a, first_b = next(iter(decision.from_a), None), next(iter(decision.from_b), None)
                mapped[Lesion(target, number, decision.kind)] = (first_a, first_b)
    return mapped


def _target(pair: Pair, target: Target, source: Volume | None) -> TargetOutcome:
    a, b = (said_of(reading, target) for reading in pair)
    mask_a, mask_b = masks_of(pair, target)
    facts = None if mask_a is None or mask_b is None else facts_of(a, mask_a, b, mask_b, source)
    return _with_volumes(decide_target(target, a, b, facts), mask_a, mask_b)


def _with_volumes(outcome: TargetOutcome, mask_a: Volume | None, mask_b: Volume | None) -> TargetOutcome:
    sizes = [_sizes_mm3(mask) for mask in (mask_a, mask_b)]
    lesions = (
        replace(lesion, volumes_mm3=(_total(sizes[0], lesion.a), _total(sizes[1], lesion.b)))
        for lesion in outcome.lesions
    )
    return replace(outcome, lesions=tuple(lesions))


def _sizes_mm3(mask: Volume | None) -> Mapping[int, float]:
    if mask is None:
        return {}
    prepared = prepare(mask)
    return {number: voxels * mask.grid.voxel_volume_mm3 for number, voxels in prepared.sizes.items()}


def _total(sizes_mm3: Mapping[int, float], numbers: tuple[int, ...]) -> int:
    return round(sum(sizes_mm3[number] for number in numbers))


def as_drawn(pair: Pair, target: Target, lesion: LesionOutcome) -> LesionDecision:
    """One lesion kept as it was drawn: united where both drew it."""
    numbers = lesion.a or lesion.b
    reading = pair[0] if lesion.a else pair[1]
    kind = next(item.kind for item in said_of(reading, target).lesions if item.number == numbers[0])
    both = bool(lesion.a and lesion.b)
    take = Take.UNION if both else Take.A if lesion.a else Take.B
    return LesionDecision(target, lesion.a, lesion.b, take, kind)
