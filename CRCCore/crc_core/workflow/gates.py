"""Who may do what, and when: the rules before an intent's payload is looked at.

`decide` asks a gate before it acts and `project` asks all of them for what a person may do, so both always agree.
A person who has a slot in a unit only reads it: every other gate is shut for them, whatever else they are, so that
no answer tells them of another reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType

from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import Context, Person
from crc_core.workflow.events import STORE_WIDE, Kind
from crc_core.workflow.intents import Refusal
from crc_core.workflow.state import Slot, Standing, UnitState
from crc_core.workflow.views import Phase, SlotPhase

READER_KINDS = frozenset({Kind.READING_TAKEN, Kind.READING_SUBMITTED, Kind.READING_WITHDRAWN, Kind.SENIOR_ASKED})
"""What a reader does in a slot of their own."""

_MANAGER, _SENIOR, _TRAINER, _SYSTEM = (
    PersonRole.DATA_MANAGER,
    PersonRole.SENIOR,
    PersonRole.TRAINER,
    PersonRole.SYSTEM,
)
_ROLES: Mapping[Kind, tuple[PersonRole, ...]] = MappingProxyType(
    {
        Kind.PERSON_SET: (PersonRole.ADMINISTRATOR, _SYSTEM),
        Kind.PROTOCOL_PUBLISHED: (_TRAINER, _SENIOR),
        Kind.CLEARANCE_SIGNED: (_SENIOR,),
        Kind.SAMPLE_DRAWN: (_MANAGER,),
        Kind.READINGS_FLAGGED: (_MANAGER, _TRAINER, _SENIOR),
        Kind.CALIBRATION_PLANNED: (_TRAINER,),
        Kind.REFERENCE_SIGNED: (_SENIOR,),
        Kind.CALIBRATION_OPENED: (_TRAINER,),
        Kind.ACCESS_GRANTED: (PersonRole.ADMINISTRATOR,),
        Kind.ACCESS_ENDED: (PersonRole.ADMINISTRATOR,),
        Kind.UNIT_REGISTERED: (_MANAGER,),
        Kind.SCAN_CHECKED: (_MANAGER, _SYSTEM),
        Kind.SCAN_OVERRULED: (_MANAGER, _SENIOR),
        Kind.SOURCES_BOUND: (_MANAGER,),
        Kind.MODE_CHANGED: (_SENIOR,),
        Kind.UNIT_BARRED: (_TRAINER,),
        Kind.READING_ASSIGNED: (_MANAGER, _SENIOR, _TRAINER),
        Kind.READING_TAKEN: (PersonRole.ANNOTATOR,),
        Kind.READING_SUBMITTED: (PersonRole.ANNOTATOR,),
        Kind.READING_WITHDRAWN: (PersonRole.ANNOTATOR,),
        Kind.SENIOR_ASKED: (PersonRole.ANNOTATOR,),
        Kind.READING_RETURNED: (_SENIOR,),
        Kind.READINGS_COMPARED: (_SYSTEM,),
        Kind.FINAL_STORED: (_SENIOR, _SYSTEM),
        Kind.UNIT_EXCLUDED: (_SENIOR, _MANAGER),
        Kind.CONSENT_WITHDRAWN: (_MANAGER,),
        Kind.UNIT_RELEASED: (_MANAGER,),
    }
)
GRANTABLE = frozenset({Phase.FINAL, Phase.RELEASED})
"""The phases in which a grant opens a unit to a data user."""

_SEES_UNITS = frozenset({_MANAGER, _TRAINER, _SYSTEM, PersonRole.ADMINISTRATOR})


@dataclass(frozen=True)
class Glance:
    """A person before a unit of which they look only at where it stands."""

    state: Standing
    context: Context
    person: Person
    now: datetime

    @cached_property
    def phase(self) -> Phase:
        """Where the unit stands."""
        return self.state.phase(self.context.policy)

    @cached_property
    def own_slots(self) -> tuple[Slot, ...]:
        """The person's own slots in the unit."""
        return self.state.slots_of(self.person.id)


@dataclass(frozen=True)
class Situation(Glance):
    """A person before a unit at a moment."""

    state: UnitState


def acting_role(kind: Kind, person: Person) -> PersonRole | None:
    """The role in which the person may ask for `kind`; None where no role of theirs may."""
    for role in _ROLES[kind]:
        if role in person.roles and (role is not _SENIOR or person.may_sign):
            return role
    return None


def may_know(situation: Glance) -> bool:
    """Whether the person may know that the unit exists."""
    if not situation.state.is_registered:
        return False
    if situation.own_slots or situation.phase in phases_known(situation.person):
        return True
    if situation.phase not in GRANTABLE:
        return False
    grants = situation.context.grants_to(situation.person, situation.now)
    return any(situation.state.unit in grant.units for grant in grants)


def phases_known(person: Person) -> frozenset[Phase]:
    """The phases of units that a person without a slot in them and without a grant may know of."""
    return frozenset(Phase) if person.may_sign or person.roles & _SEES_UNITS else frozenset()


def may_search(person: Person) -> bool:
    """Whether there can be units the person knows without reading them."""
    return bool(phases_known(person)) or PersonRole.DATA_USER in person.roles


def gate(kind: Kind, situation: Situation) -> Refusal | None:
    """Why the person may not ask for `kind` now; None where they may."""
    if kind not in STORE_WIDE and kind is not Kind.UNIT_REGISTERED and not may_know(situation):
        return Refusal.because("workflow.unknown_unit", unit=situation.state.unit)
    if acting_role(kind, situation.person) is None:
        return Refusal.because("workflow.role", kind=kind.value)
    if situation.own_slots and kind not in READER_KINDS and kind not in STORE_WIDE and not _trains(kind, situation):
        return Refusal.because("workflow.own_case", unit=situation.state.unit)
    if situation.phase in (Phase.EXCLUDED, Phase.WITHDRAWN) and kind not in (*STORE_WIDE, Kind.CONSENT_WITHDRAWN):
        return Refusal.because(f"workflow.unit_{situation.phase.value}", unit=situation.state.unit)
    check = _GATES.get(kind)
    return None if check is None else check(situation)


def _trains(kind: Kind, situation: Situation) -> bool:
    """Whether a trainer assigns a calibration unit, whose reference they may make themselves."""
    is_trainer = PersonRole.TRAINER in situation.person.roles
    return kind is Kind.READING_ASSIGNED and situation.state.barred is not None and is_trainer


def _not_now(situation: Situation) -> Refusal:
    return Refusal.because("workflow.not_now", unit=situation.state.unit)


def _while(*phases: Phase) -> Callable[[Situation], Refusal | None]:
    return lambda situation: None if situation.phase in phases else _not_now(situation)


def _before_registration(situation: Situation) -> Refusal | None:
    if situation.state.registered is None:
        return None
    return Refusal.because("workflow.already_registered", unit=situation.state.unit)


def _before_slots(situation: Situation) -> Refusal | None:
    return Refusal.because("workflow.reading_began", unit=situation.state.unit) if situation.state.slots else None


def _assign(situation: Situation) -> Refusal | None:
    is_trainer = PersonRole.TRAINER in situation.person.roles
    if situation.state.barred is not None and not is_trainer:
        return Refusal.because("workflow.barred", unit=situation.state.unit)
    if situation.state.barred is None and acting_role(Kind.READING_ASSIGNED, situation.person) is PersonRole.TRAINER:
        return Refusal.because("workflow.role", kind=Kind.READING_ASSIGNED.value)
    if not situation.state.bindings:
        return Refusal.because("workflow.not_bound", unit=situation.state.unit)
    if situation.phase in (Phase.SCAN_REFUSED, Phase.REGISTERED):
        return Refusal.because("workflow.scan_refused", unit=situation.state.unit)
    return None


def _mode(situation: Situation) -> Refusal | None:
    if any(slot.phase is SlotPhase.SUBMITTED for slot in situation.state.slots.values()):
        return Refusal.because("workflow.reading_in", unit=situation.state.unit)
    return _while(Phase.CHECKED, Phase.READING)(situation)


def _own_slot_before_submission(situation: Situation) -> Refusal | None:
    is_open = any(slot.phase is not SlotPhase.SUBMITTED for slot in situation.own_slots)
    return None if is_open else _not_now(situation)


def _submit(situation: Situation) -> Refusal | None:
    return None if situation.own_slots else _not_now(situation)


def _withdraw(situation: Situation) -> Refusal | None:
    policy = situation.context.policy
    if any(slot.is_open(situation.now, policy) for slot in situation.own_slots):
        return None
    return Refusal.because("workflow.window_closed", minutes=policy.withdrawal_window_minutes)


def _return(situation: Situation) -> Refusal | None:
    if not any(slot.phase is SlotPhase.SUBMITTED for slot in situation.state.first_round()):
        return Refusal.because("workflow.nothing_to_return", unit=situation.state.unit)
    return _while(Phase.READING, Phase.COMPARING, Phase.DISPUTED, Phase.REPORT_OPEN)(situation)


def _final(situation: Situation) -> Refusal | None:
    if PersonRole.SYSTEM in situation.person.roles:
        return _while(Phase.COMPARING)(situation)
    return _while(Phase.DISPUTED, Phase.REPORT_OPEN, Phase.FINAL, Phase.REFERENCE, Phase.RELEASED)(situation)


def _exclude(situation: Situation) -> Refusal | None:
    if acting_role(Kind.UNIT_EXCLUDED, situation.person) is PersonRole.DATA_MANAGER:
        return _before_slots(situation)
    return Refusal.because("workflow.released", unit=situation.state.unit) if situation.state.releases else None


def _compare(situation: Situation) -> Refusal | None:
    if any(slot.is_open(situation.now, situation.context.policy) for slot in situation.state.first_round()):
        return _not_now(situation)
    return _while(Phase.COMPARING)(situation)


_GATES: Mapping[Kind, Callable[[Situation], Refusal | None]] = MappingProxyType(
    {
        Kind.UNIT_REGISTERED: _before_registration,
        Kind.SCAN_CHECKED: _before_slots,
        Kind.SCAN_OVERRULED: _while(Phase.SCAN_REFUSED, Phase.CHECKED),
        Kind.SOURCES_BOUND: lambda s: _before_slots(s) or _while(Phase.CHECKED)(s),
        Kind.MODE_CHANGED: _mode,
        Kind.UNIT_BARRED: _before_slots,
        Kind.READING_ASSIGNED: _assign,
        Kind.READING_TAKEN: _own_slot_before_submission,
        Kind.READING_SUBMITTED: _submit,
        Kind.READING_WITHDRAWN: _withdraw,
        Kind.READING_RETURNED: _return,
        Kind.READINGS_COMPARED: _compare,
        Kind.FINAL_STORED: _final,
        Kind.UNIT_EXCLUDED: _exclude,
        Kind.UNIT_RELEASED: _while(Phase.FINAL, Phase.RELEASED),
    }
)


def round_is_ready(situation: Situation, reader: str, number: int) -> Refusal | None:
    """Whether a slot of that round may be assigned to the reader now: two in the first, the sample's in the second."""
    first = {slot.reader: slot for slot in situation.state.first_round()}
    unit = situation.state.unit
    if (reader, number) in situation.state.slots:
        return Refusal.because("workflow.has_slot", reader=reader, unit=unit)
    if situation.state.barred is not None:
        if not _has_part(situation, reader, number):
            return Refusal.because("workflow.not_in_session", reader=reader, unit=unit)
        if number == CALIBRATION_ROUND:
            return None
    if number == FIRST_ROUND:
        full = len(first) >= situation.context.policy.readers_per_unit
        return Refusal.because("workflow.slots_full", unit=unit) if full else None
    sample, slot = situation.context.sample_of(unit), first.get(reader)
    if number != FIRST_ROUND + 1 or sample is None or slot is None or slot.submitted_at is None:
        return Refusal.because("workflow.not_in_sample", unit=unit)
    days = (situation.now - slot.submitted_at).days
    if days < sample.washout_days:
        return Refusal.because("workflow.washout", days=sample.washout_days - days)
    return None


def _has_part(situation: Situation, reader: str, number: int) -> bool:
    """Whether a calibration session has the reader for that round of the unit."""
    context, unit = situation.context, situation.state.unit
    if number == FIRST_ROUND:
        return context.is_reference_reader(unit, reader)
    return number == CALIBRATION_ROUND and context.session_of(unit, reader) is not None
