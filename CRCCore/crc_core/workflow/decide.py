"""Whether an intent may happen now, and what happens then; pure, asked by every store on its newest state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from crc_core.vocabulary import PersonRole, Role, Target
from crc_core.workflow.context import SYSTEM_ACTOR, Context
from crc_core.workflow.events import PAYLOADS, Draft, Event, Kind
from crc_core.workflow.gates import Situation, acting_role, gate, round_is_ready
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.state import UnitState, fold
from crc_core.workflow.store_rules import STORE_RULES
from crc_core.workflow.views import SlotPhase

Outcome = tuple[Draft, ...] | Refusal


def decide(events: Sequence[Event], context: Context, intent: Intent, now: datetime) -> Outcome:
    """The events that `intent` brings about (none where nothing would change), or why it may not.

    `events` are those of the intent's unit; for a store-wide intent, all store-wide events and those of the units that
    `units_named` tells, or more.
    """
    if not isinstance(intent.payload, PAYLOADS[intent.kind]):
        raise TypeError(f"{intent.kind} needs {PAYLOADS[intent.kind].__name__}")
    person = context.person(intent.actor)
    if person is None:
        return Refusal.because("workflow.unknown_person", person=intent.actor)
    situation = Situation(fold(intent.unit or "", events), context, person, now)
    refusal = gate(intent.kind, situation)
    if refusal is not None:
        return refusal
    if intent.kind in STORE_RULES:
        return _drafts(intent, STORE_RULES[intent.kind](events, context, intent))
    rule = _RULES.get(intent.kind)
    return _drafts(intent, None if rule is None else rule(situation, intent.payload))


def signing_role(intent: Intent, context: Context) -> PersonRole:
    """The role that stands in the event an accepted intent brings about."""
    person = context.people[intent.actor]
    role = acting_role(intent.kind, person)
    if role is None:
        raise ValueError(f"{intent.actor} has no role for {intent.kind}")
    return role


class _Nothing:
    """The answer of a rule that is content but has nothing to change."""


_NOTHING = _Nothing()
_Answer = Refusal | _Nothing | None


def _drafts(intent: Intent, answer: _Answer) -> Outcome:
    if isinstance(answer, Refusal):
        return answer
    return () if isinstance(answer, _Nothing) else (Draft(intent.kind, intent.unit, intent.payload),)


def _overrule(situation: Situation, payload: Any) -> _Answer:
    items = {} if situation.state.scan is None else {item.id: item for item in situation.state.scan.items}
    for name in payload.items:
        if name not in items:
            return Refusal.because("workflow.no_such_item", item=name)
        if not items[name].overrulable:
            return Refusal.because("workflow.not_overrulable", item=name)
    return None if payload.reason.strip() else Refusal.because("workflow.reason_missing")


def _bar(situation: Situation, payload: Any) -> _Answer:
    # Not a gate: what a trainer may do must not tell which units are in the sample.
    if situation.context.sample_of(situation.state.unit) is not None:
        return Refusal.because("workflow.not_now", unit=situation.state.unit)
    return None


def _bind(situation: Situation, payload: Any) -> _Answer:
    registered = situation.state.registered
    known: dict[str, Role] = {} if registered is None else {series.code: series.role for series in registered.series}
    seen: set[Target] = set()
    for binding in payload.bindings:
        if known.get(binding.series_code) is not binding.role:
            return Refusal.because("workflow.no_such_series", code=binding.series_code)
        if binding.target in seen:
            return Refusal.because("workflow.bound_twice", target=binding.target.value)
        seen.add(binding.target)
    return None if seen else Refusal.because("workflow.not_bound", unit=situation.state.unit)


def _change_mode(situation: Situation, payload: Any) -> _Answer:
    binding = situation.state.bindings.get(payload.target)
    if binding is None:
        return Refusal.because("workflow.target_not_bound", target=payload.target.value)
    return _NOTHING if binding.mode is payload.mode else None


def _assign(situation: Situation, payload: Any) -> _Answer:
    reader = situation.context.person(payload.reader)
    if reader is None or PersonRole.ANNOTATOR not in reader.roles:
        return Refusal.because("workflow.not_a_reader", person=payload.reader)
    refusal = round_is_ready(situation, payload.reader, payload.round)
    if refusal is not None:
        return refusal
    if situation.state.barred is not None or not situation.context.policy.require_clearance:
        return None
    missing = [t for t in situation.state.bindings if not situation.context.is_cleared(payload.reader, t)]
    if missing and not (payload.overrule_reason and situation.person.may_sign):
        targets = ", ".join(target.value for target in missing)
        return Refusal.because("workflow.not_cleared", person=payload.reader, targets=targets)
    return None


def _own_slot(situation: Situation, payload: Any) -> Refusal | None:
    if payload.reader != situation.person.id or (payload.reader, payload.round) not in situation.state.slots:
        return Refusal.because("workflow.not_your_slot", unit=situation.state.unit)
    return None


def _take(situation: Situation, payload: Any) -> _Answer:
    refusal = _own_slot(situation, payload)
    if refusal is not None:
        return refusal
    phase = situation.state.slots[payload.reader, payload.round].phase
    if phase is SlotPhase.SUBMITTED:
        return Refusal.because("workflow.not_now", unit=situation.state.unit)
    return _NOTHING if phase is SlotPhase.IN_WORK else None


def _submit(situation: Situation, payload: Any) -> _Answer:
    refusal = _own_slot(situation, payload)
    if refusal is not None:
        return refusal
    slot = situation.state.slots[payload.reader, payload.round]
    if slot.phase is SlotPhase.SUBMITTED:
        if slot.reading == payload.reading:
            return _NOTHING
        if payload.supersedes != slot.reading:
            return Refusal.because("workflow.slot_taken", unit=situation.state.unit)
        if not slot.is_open(situation.now, situation.context.policy):
            minutes = situation.context.policy.withdrawal_window_minutes
            return Refusal.because("workflow.window_closed", minutes=minutes)
        return None
    if slot.reading is not None and slot.reading == payload.reading:
        return Refusal.because("workflow.same_reading_again", unit=situation.state.unit)
    if slot.reading is not None and payload.supersedes != slot.reading:
        return Refusal.because("workflow.must_supersede", reading=slot.reading)
    return None


def _withdraw(situation: Situation, payload: Any) -> _Answer:
    refusal = _own_slot(situation, payload)
    if refusal is not None:
        return refusal
    slot = situation.state.slots[payload.reader, payload.round]
    if slot.reading != payload.reading or not slot.is_open(situation.now, situation.context.policy):
        return Refusal.because("workflow.window_closed", minutes=situation.context.policy.withdrawal_window_minutes)
    return None


def _ask(situation: Situation, payload: Any) -> _Answer:
    return _own_slot(situation, payload) or _with_words(payload.question)


def _with_words(text: str) -> Refusal | None:
    return None if text.strip() else Refusal.because("workflow.reason_missing")


def _compare(situation: Situation, payload: Any) -> _Answer:
    if payload.readings != situation.state.current_pair(situation.context.policy):
        return Refusal.because("workflow.stale", unit=situation.state.unit)
    return _NOTHING if situation.state.comparison == payload else None


def _final(situation: Situation, payload: Any) -> _Answer:
    state, policy = situation.state, situation.context.policy
    comparison = state.current_comparison(policy)
    if comparison is None or payload.parents != comparison.readings or payload.version != len(state.finals) + 1:
        return Refusal.because("workflow.stale", unit=state.unit)
    if payload.by_rule != (situation.person.id == SYSTEM_ACTOR):
        return Refusal.because("workflow.role", kind=Kind.FINAL_STORED.value)
    if payload.by_rule and (comparison.is_disputed or comparison.open_fields):
        return Refusal.because("workflow.not_now", unit=state.unit)
    if not state.finals:
        return Refusal.because("workflow.stale", unit=state.unit) if payload.supersedes else None
    return _supersede(state, payload)


def _supersede(state: UnitState, payload: Any) -> Refusal | None:
    if payload.supersedes != state.finals[-1].record.final:
        return Refusal.because("workflow.stale", unit=state.unit)
    return _with_words(payload.reason or "")


def _release(situation: Situation, payload: Any) -> _Answer:
    if payload.final != situation.state.finals[-1].record.final:
        return Refusal.because("workflow.stale", unit=situation.state.unit)
    return _NOTHING if payload.release in situation.state.releases else None


_RULES: Mapping[Kind, Callable[[Situation, Any], _Answer]] = MappingProxyType(
    {
        Kind.SCAN_OVERRULED: _overrule,
        Kind.SOURCES_BOUND: _bind,
        Kind.UNIT_BARRED: _bar,
        Kind.MODE_CHANGED: _change_mode,
        Kind.READING_ASSIGNED: _assign,
        Kind.READING_TAKEN: _take,
        Kind.READING_SUBMITTED: _submit,
        Kind.READING_WITHDRAWN: _withdraw,
        Kind.SENIOR_ASKED: _ask,
        Kind.READING_RETURNED: lambda situation, payload: _with_words(payload.question),
        Kind.READINGS_COMPARED: _compare,
        Kind.FINAL_STORED: _final,
        Kind.UNIT_EXCLUDED: lambda situation, payload: _with_words(payload.reason),
        Kind.CONSENT_WITHDRAWN: lambda situation, payload: _NOTHING if situation.state.withdrawn else None,
        Kind.UNIT_RELEASED: _release,
    }
)
