"""Drawing the agreement sample from the units of a store before anybody has read them, and giving it out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crc_core.errors import CrcError
from crc_core.reading.schema import FIRST_ROUND
from crc_core.statistics.sampling import Sample, SampleUnit, StratumCount, draw_sample, reading_order
from crc_core.workflow.context import Context, Policy
from crc_core.workflow.context import Sample as KeptSample
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import SampleDrawn
from crc_core.workflow.state import Slot, UnitState, fold
from crc_core.workflow.views import Phase, SlotPhase

STRATA = ("site", "vendor", "primary_site", "size", "metastasis")
"""What the sample is spread over, as far as it is known before reading; `UNKNOWN` where it is not."""

UNKNOWN = "?"


class SizeClass(StrEnum):
    """The endoscopic size in millimetres: below 30, from 30 to below 50, 50 or more."""

    LT_30 = "lt_30"
    LT_50 = "lt_50"
    GE_50 = "ge_50"


class MetastasisClass(StrEnum):
    """Whether the clinical data tell of a metastasis."""

    PRESENT = "present"
    ABSENT = "absent"


_SIZE_CLASSES_MM = ((30.0, SizeClass.LT_30), (50.0, SizeClass.LT_50))


class LeftOut(StrEnum):
    """Why a unit of the store cannot be drawn."""

    READING_BEGAN = "reading_began"
    BARRED = "barred"
    NOT_READY = "not_ready"
    IN_A_SAMPLE = "in_a_sample"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class StoreSample:
    """A drawn sample and the event that records it; `payload.exclusions` gives each unit left out and why."""

    sample: Sample
    payload: SampleDrawn


@dataclass(frozen=True)
class Rereading:
    """A unit of the sample that its reader is to read again, and from when on."""

    unit: str
    reader: str
    due_at: datetime


def draw_from_store(
    events: Sequence[Event],
    policy: Policy,
    size: int,
    seed: int,
    excluded: Sequence[str] = (),
    *,
    per_reader: int = 0,
    washout_days: int | None = None,
) -> StoreSample:
    """Draw `size` units of the store whose events are given; the same on every machine.

    With `per_reader`, further units are drawn until every reader who has units assigned has at least so many of them in
    the sample (what an intra-reader study needs). Raises CrcError for a unit to exclude that the store does not have,
    and where too few units are left.
    """
    states = _states(events)
    unknown = next((unit for unit in excluded if unit not in states), None)
    if unknown is not None:
        raise CrcError("workflow.unknown_unit", unit=unknown)
    sampled = {unit for event in events if event.kind is Kind.SAMPLE_DRAWN for unit in event.payload.members}
    left_out: dict[str, str] = {}
    ready = []
    for unit, state in sorted(states.items()):
        why = LeftOut.BY_HAND if unit in excluded else _why_not(state, policy, unit in sampled)
        if why is None:
            ready.append(SampleUnit(unit, _strata(state)))
        else:
            left_out[unit] = why.value
    sample = draw_sample(ready, size, seed)
    if per_reader:
        sample = _for_readers(sample, ready, states, per_reader)
    days = policy.washout_days if washout_days is None else washout_days
    return StoreSample(sample, SampleDrawn(seed, sample.drawn, left_out, days))


def rereadings(events: Sequence[Event], context: Context) -> tuple[Rereading, ...]:
    """What of the samples is still to be read again by its first readers, shuffled by the seed of each sample.

    A first reading counts once it is in; who has a second slot already is not listed.
    """
    states = _states(events, {unit for sample in context.samples for unit in sample.order})
    found: list[Rereading] = []
    for sample in context.samples:
        waiting = {
            f"{unit}\n{slot.reader}": Rereading(unit, slot.reader, slot.submitted_at + timedelta(sample.washout_days))
            for unit in sample.order
            for slot in _first_readings(states[unit], context.policy)
            if slot.submitted_at is not None
        }
        found.extend(waiting[name] for name in reading_order(sample.seed, waiting))
    return tuple(found)


def drawable(events: Sequence[Event], policy: Policy) -> tuple[str, ...]:
    """The units a sample can be drawn from now, by code."""
    sampled = {unit for event in events if event.kind is Kind.SAMPLE_DRAWN for unit in event.payload.members}
    states = _states(events)
    return tuple(unit for unit, state in sorted(states.items()) if _why_not(state, policy, unit in sampled) is None)


def strata_of(events: Sequence[Event], units: Container[str]) -> Mapping[str, tuple[str, ...]]:
    """What is known of these units in the order of `STRATA`."""
    return {unit: _strata(state) for unit, state in _states(events, units).items()}


def spread_of(events: Sequence[Event], sample: KeptSample) -> tuple[StratumCount, ...]:
    """How a sample that was kept is spread over the strata of all that could be drawn at that moment."""
    place = next(
        place
        for place, event in enumerate(events)
        if event.kind is Kind.SAMPLE_DRAWN and event.payload.members == sample.order
    )
    could = {unit: _strata(state) for unit, state in _states(events[:place]).items() if unit not in sample.exclusions}
    population = Counter(could.values())
    drawn = Counter(strata for unit, strata in could.items() if unit in sample.members)
    return tuple(StratumCount(strata, count, drawn[strata]) for strata, count in sorted(population.items()))


def _first_readings(state: UnitState, policy: Policy) -> list[Slot]:
    if state.phase(policy) in (Phase.EXCLUDED, Phase.WITHDRAWN):
        return []
    again = {reader for reader, number in state.slots if number > FIRST_ROUND}
    return [slot for slot in state.first_round() if slot.phase is SlotPhase.SUBMITTED and slot.reader not in again]


def _for_readers(sample: Sample, ready: Sequence[SampleUnit], states: Mapping[str, UnitState], least: int) -> Sample:
    """The sample with more units drawn for each reader who has too few in it."""
    drawn = set(sample.drawn)
    readers = sorted({slot.reader for unit in ready for slot in states[unit.unit].first_round()})
    for reader in readers:
        own = [unit for unit in ready if states[unit.unit].slots_of(reader)]
        missing = least - sum(unit.unit in drawn for unit in own)
        if missing > 0:
            left = [unit for unit in own if unit.unit not in drawn]
            if len(left) < missing:
                raise CrcError("sample.few_for_reader", reader=reader, seen=len(own), wanted=least)
            drawn |= set(draw_sample(left, missing, sample.seed).drawn)
    counts = tuple(
        replace(count, drawn=sum(unit.strata == count.strata and unit.unit in drawn for unit in ready))
        for count in sample.strata
    )
    return replace(sample, drawn=reading_order(sample.seed, drawn), strata=counts)


def _states(events: Sequence[Event], units: Container[str] | None = None) -> Mapping[str, UnitState]:
    by_unit: dict[str, list[Event]] = {}
    for event in events:
        if event.unit is not None and (units is None or event.unit in units):
            by_unit.setdefault(event.unit, []).append(event)
    return {unit: fold(unit, own) for unit, own in by_unit.items()}


def _why_not(state: UnitState, policy: Policy, is_sampled: bool) -> LeftOut | None:
    if is_sampled:
        return LeftOut.IN_A_SAMPLE
    if state.barred is not None:
        return LeftOut.BARRED
    if any(slot.reading is not None for slot in state.slots.values()):
        return LeftOut.READING_BEGAN
    return None if state.phase(policy) in (Phase.CHECKED, Phase.READING) else LeftOut.NOT_READY


def _strata(state: UnitState) -> tuple[str, ...]:
    registered = state.registered
    known = {} if registered is None or registered.strata is None else dict(registered.strata)
    told = {} if registered is None or registered.clinical is None else registered.clinical
    known.setdefault("size", _size_class(told.get("endoscopy_size_mm")))
    known.setdefault("metastasis", _metastasis(told.get("metastases_timing")))
    return tuple(known.get(name, UNKNOWN) for name in STRATA)


def _size_class(size_mm: str | None) -> str:
    if size_mm is None:
        return UNKNOWN
    return next((name for below, name in _SIZE_CLASSES_MM if float(size_mm) < below), SizeClass.GE_50).value


def _metastasis(timing: str | None) -> str:
    if timing is None:
        return UNKNOWN
    return (MetastasisClass.ABSENT if timing == "none" else MetastasisClass.PRESENT).value
