"""Drawing the agreement sample from the units of a store, before anybody has read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crc_core.errors import CrcError
from crc_core.statistics.sampling import Sample, SampleUnit, draw_sample
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import SampleDrawn
from crc_core.workflow.state import UnitState, fold
from crc_core.workflow.views import Phase

STRATA = ("site", "vendor", "primary_site")
"""What the sample is spread over, as far as it is known before reading; "?" where it is not."""


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


def draw_from_store(
    events: Sequence[Event], policy: Policy, size: int, seed: int, excluded: Sequence[str] = ()
) -> StoreSample:
    """Draw `size` units of the store whose events are given; the same on every machine.

    Raises CrcError for a unit to exclude that the store does not have, and where too few units are left.
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
    return StoreSample(sample, SampleDrawn(seed, sample.drawn, left_out, policy.washout_days))


def _states(events: Sequence[Event]) -> Mapping[str, UnitState]:
    by_unit: dict[str, list[Event]] = {}
    for event in events:
        if event.unit is not None:
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
    known = {} if registered is None or registered.strata is None else registered.strata
    return tuple(known.get(name, "?") for name in STRATA)
