"""The whole truth of one unit, folded from its events; only `project` and `decide` and a store may look at it."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar

from crc_core.reading.schema import FIRST_ROUND
from crc_core.vocabulary import Target, Verdict
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import Binding, FinalStored, ReadingsCompared, ScanChecked, UnitRegistered
from crc_core.workflow.views import Phase, SlotPhase


class Due(Enum):
    """What a store has to do for a unit by rule."""

    NOTHING = auto()
    COMPARISON = auto()
    RULE_FINAL = auto()


@dataclass(frozen=True)
class Slot:
    """The place of one reading: unit, reader and round."""

    reader: str
    round: int
    phase: SlotPhase
    assigned_at: datetime
    reading: str | None = None
    submitted_at: datetime | None = None
    question: str | None = None
    active_seconds: float | None = None

    def window_ends(self, policy: Policy) -> datetime | None:
        """Until when the reader may take the reading back; None while none is in."""
        if self.phase is not SlotPhase.SUBMITTED or self.submitted_at is None:
            return None
        return self.submitted_at + timedelta(minutes=policy.withdrawal_window_minutes)

    def is_open(self, now: datetime, policy: Policy) -> bool:
        """Whether the reading in the slot may still be taken back."""
        ends = self.window_ends(policy)
        return ends is not None and now < ends


@dataclass(frozen=True)
class StoredFinal:
    """A final and when it entered the store."""

    record: FinalStored
    at: datetime
    signer: str


@dataclass(frozen=True)
class AskedQuestion:
    """A reader's question to a senior."""

    reader: str
    question: str


@dataclass(frozen=True)
class Standing(ABC):
    """Where a unit stands and who has a slot in it: all that the questions who may know it and who is blind ask for."""

    unit: str
    slots: Mapping[tuple[str, int], Slot] = field(default_factory=lambda: MappingProxyType({}))
    barred: str | None = None
    excluded: str | None = None
    withdrawn: bool = False
    since: datetime | None = None

    @property
    @abstractmethod
    def is_registered(self) -> bool:
        """Whether the unit has entered the store."""

    @abstractmethod
    def phase(self, policy: Policy) -> Phase:
        """Where the unit stands."""

    def slots_of(self, reader: str) -> tuple[Slot, ...]:
        """The reader's own slots, first round first."""
        own = [(number, slot) for (owner, number), slot in self.slots.items() if owner == reader]
        return tuple(slot for _, slot in sorted(own, key=itemgetter(0)))

    def first_round(self) -> tuple[Slot, ...]:
        """The slots of the round in which every unit is read twice."""
        return tuple(slot for (_, number), slot in sorted(self.slots.items()) if number == FIRST_ROUND)

    def current_pair(self, policy: Policy) -> tuple[str, str] | None:
        """The two submitted first-round readings in the order of their hashes; None until both are in."""
        readings = [slot.reading for slot in self.first_round() if slot.phase is SlotPhase.SUBMITTED and slot.reading]
        if len(readings) < policy.readers_per_unit:
            return None
        first, second = sorted(readings)
        return (first, second)


@dataclass(frozen=True)
class UnitState(Standing):
    """Everything that has happened to a unit."""

    registered: UnitRegistered | None = None
    scan: ScanChecked | None = None
    overruled: frozenset[str] = frozenset()
    bindings: Mapping[Target, Binding] = field(default_factory=lambda: MappingProxyType({}))
    protocol: str | None = None
    comparison: ReadingsCompared | None = None
    compared_at: datetime | None = None
    finals: tuple[StoredFinal, ...] = ()
    questions: tuple[AskedQuestion, ...] = ()
    releases: tuple[str, ...] = ()

    @property
    def is_registered(self) -> bool:
        """Whether the unit has entered the store."""
        return self.registered is not None

    def current_comparison(self, policy: Policy) -> ReadingsCompared | None:
        """The comparison of the two readings that are in force; None where there is none."""
        pair = self.current_pair(policy)
        return self.comparison if self.comparison is not None and self.comparison.readings == pair else None

    @property
    def is_scan_refused(self) -> bool:
        """Whether an item of the scan check fails and nobody overruled it."""
        items = () if self.scan is None else self.scan.items
        return any(item.verdict is Verdict.FAIL and item.id not in self.overruled for item in items)

    def phase(self, policy: Policy) -> Phase:
        """Where the unit stands."""
        if self.withdrawn:
            return Phase.WITHDRAWN
        if self.excluded is not None:
            return Phase.EXCLUDED
        if self.finals and self.barred is not None:
            return Phase.REFERENCE
        if self.finals:
            return Phase.RELEASED if self.releases else Phase.FINAL
        if self.slots:
            return self._reading_phase(policy)
        if self.scan is None:
            return Phase.REGISTERED
        return Phase.SCAN_REFUSED if self.is_scan_refused else Phase.CHECKED

    def _reading_phase(self, policy: Policy) -> Phase:
        if self.current_pair(policy) is None:
            return Phase.READING
        comparison = self.current_comparison(policy)
        if comparison is None:
            return Phase.COMPARING
        if comparison.is_disputed:
            return Phase.DISPUTED
        return Phase.REPORT_OPEN if comparison.open_fields else Phase.COMPARING

    def due(self, now: datetime, policy: Policy) -> Due:
        """What the rules ask a store to do next: never before both readers' windows have closed."""
        if self.phase(policy) is not Phase.COMPARING:
            return Due.NOTHING
        if any(slot.is_open(now, policy) for slot in self.first_round()):
            return Due.NOTHING
        return Due.COMPARISON if self.current_comparison(policy) is None else Due.RULE_FINAL


def fold(unit: str, events: Iterable[Event]) -> UnitState:
    """The state of `unit` after its events in the order of the chain; store-wide events are passed over."""
    state = UnitState(unit)
    for event in events:
        if event.unit == unit:
            state = _changed(_APPLY[event.kind](state, event), since=event.at)
    return state


Record = TypeVar("Record", UnitState, Slot)


def _changed(record: Record, **changes: Any) -> Record:
    """`dataclasses.replace` without asking every field again: a work list of thousands of units folds all of them."""
    fresh = object.__new__(type(record))
    fresh.__dict__.update(record.__dict__, **changes)
    return fresh


def _with_slot(state: UnitState, slot: Slot) -> UnitState:
    return _changed(state, slots=MappingProxyType({**state.slots, (slot.reader, slot.round): slot}))


def _slot_of(state: UnitState, event: Event) -> Slot:
    return state.slots[event.payload.reader, event.payload.round]


def _registered(state: UnitState, event: Event) -> UnitState:
    return _changed(state, registered=event.payload)


def _scan_checked(state: UnitState, event: Event) -> UnitState:
    return _changed(state, scan=event.payload, overruled=frozenset())


def _scan_overruled(state: UnitState, event: Event) -> UnitState:
    return _changed(state, overruled=state.overruled | frozenset(event.payload.items))


def _sources_bound(state: UnitState, event: Event) -> UnitState:
    bindings = {item.target: item for item in event.payload.bindings}
    return _changed(state, bindings=MappingProxyType(bindings), protocol=event.payload.protocol)


def _mode_changed(state: UnitState, event: Event) -> UnitState:
    target, mode = event.payload.target, event.payload.mode
    changed = dataclasses.replace(state.bindings[target], mode=mode)
    return _changed(state, bindings=MappingProxyType({**state.bindings, target: changed}))


def _barred(state: UnitState, event: Event) -> UnitState:
    return _changed(state, barred=event.payload.session)


def _assigned(state: UnitState, event: Event) -> UnitState:
    return _with_slot(state, Slot(event.payload.reader, event.payload.round, SlotPhase.ASSIGNED, event.at))


def _taken(state: UnitState, event: Event) -> UnitState:
    return _with_slot(state, _changed(_slot_of(state, event), phase=SlotPhase.IN_WORK))


def _submitted(state: UnitState, event: Event) -> UnitState:
    slot = _changed(
        _slot_of(state, event),
        phase=SlotPhase.SUBMITTED,
        reading=event.payload.reading,
        submitted_at=event.at,
        question=None,
        active_seconds=event.payload.active_seconds,
    )
    return _with_slot(state, slot)


def _reading_withdrawn(state: UnitState, event: Event) -> UnitState:
    return _with_slot(state, _changed(_slot_of(state, event), phase=SlotPhase.WITHDRAWN))


def _returned(state: UnitState, event: Event) -> UnitState:
    for slot in state.first_round():
        if slot.phase is SlotPhase.SUBMITTED:
            question = event.payload.question
            state = _with_slot(state, _changed(slot, phase=SlotPhase.RETURNED, question=question))
    return state


def _asked(state: UnitState, event: Event) -> UnitState:
    question = AskedQuestion(event.payload.reader, event.payload.question)
    return _changed(state, questions=(*state.questions, question))


def _compared(state: UnitState, event: Event) -> UnitState:
    return _changed(state, comparison=event.payload, compared_at=event.at)


def _final_stored(state: UnitState, event: Event) -> UnitState:
    return _changed(state, finals=(*state.finals, StoredFinal(event.payload, event.at, event.actor)))


def _excluded(state: UnitState, event: Event) -> UnitState:
    return _changed(state, excluded=event.payload.reason)


def _consent_withdrawn(state: UnitState, event: Event) -> UnitState:
    return _changed(state, withdrawn=True)


def _released(state: UnitState, event: Event) -> UnitState:
    return _changed(state, releases=(*state.releases, event.payload.release))


_APPLY: Mapping[Kind, Callable[[UnitState, Event], UnitState]] = MappingProxyType(
    {
        Kind.UNIT_REGISTERED: _registered,
        Kind.SCAN_CHECKED: _scan_checked,
        Kind.SCAN_OVERRULED: _scan_overruled,
        Kind.SOURCES_BOUND: _sources_bound,
        Kind.MODE_CHANGED: _mode_changed,
        Kind.UNIT_BARRED: _barred,
        Kind.READING_ASSIGNED: _assigned,
        Kind.READING_TAKEN: _taken,
        Kind.READING_SUBMITTED: _submitted,
        Kind.READING_WITHDRAWN: _reading_withdrawn,
        Kind.READING_RETURNED: _returned,
        Kind.SENIOR_ASKED: _asked,
        Kind.READINGS_COMPARED: _compared,
        Kind.FINAL_STORED: _final_stored,
        Kind.UNIT_EXCLUDED: _excluded,
        Kind.CONSENT_WITHDRAWN: _consent_withdrawn,
        Kind.UNIT_RELEASED: _released,
    }
)
