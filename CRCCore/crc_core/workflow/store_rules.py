"""Rules for intents that speak of the whole store: people, clearances, the protocol, the sample, flags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import SYSTEM_ACTOR, Context
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.intents import Intent, Refusal
from crc_core.workflow.state import fold
from crc_core.workflow.views import SlotPhase


def units_named(intent: Intent, context: Context) -> frozenset[str]:
    """The units whose events a store-wide intent is decided on, besides the store-wide ones."""
    payload = intent.payload
    if intent.kind is Kind.SAMPLE_DRAWN:
        return frozenset(payload.members)
    if intent.kind is Kind.CALIBRATION_PLANNED:
        return frozenset(payload.units)
    if intent.kind in (Kind.REFERENCE_SIGNED, Kind.CALIBRATION_OPENED):
        session = context.sessions.get(payload.session)
        return frozenset() if session is None else frozenset(session.units)
    return frozenset()


def _person(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    wanted = intent.payload
    if wanted.person == SYSTEM_ACTOR or PersonRole.SYSTEM in wanted.roles:
        return Refusal.because("workflow.system_person")
    administrators = {
        person.id for person in context.people.values() if person.active and PersonRole.ADMINISTRATOR in person.roles
    }
    if intent.actor == SYSTEM_ACTOR and administrators:
        return Refusal.because("workflow.has_administrator")
    stays = wanted.active and PersonRole.ADMINISTRATOR in wanted.roles
    if not stays and administrators <= {wanted.person}:
        return Refusal.because("workflow.last_administrator")
    return None


def _clearance(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    reader = context.person(intent.payload.reader)
    if reader is None or PersonRole.ANNOTATOR not in reader.roles:
        return Refusal.because("workflow.not_a_reader", person=intent.payload.reader)
    if reader.id == intent.actor:
        return Refusal.because("workflow.own_clearance")
    payload = intent.payload
    if payload.session is None or not payload.cleared:
        return None
    session = context.sessions.get(payload.session)
    if session is None or session.opened_at is None or payload.reader not in session.readers:
        return Refusal.because("workflow.not_calibrated", person=payload.reader, session=payload.session)
    result = session.result_of(payload.reader, payload.target)
    if (result is None or not result.passed) and not (payload.reason or "").strip():
        return Refusal.because("workflow.not_passed", person=payload.reader, target=payload.target.value)
    return None


def _plan(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    if payload.session in context.sessions or not payload.session.strip():
        return Refusal.because("workflow.session_exists", session=payload.session)
    targets = [mark.target for mark in payload.marks]
    lists = (payload.units, payload.readers, payload.references, targets)
    if not all(lists) or any(len(set(items)) < len(items) for items in lists):
        return Refusal.because("workflow.session_empty", session=payload.session)
    if len(payload.references) < context.policy.readers_per_unit or set(payload.references) & set(payload.readers):
        return Refusal.because("workflow.session_references", least=context.policy.readers_per_unit)
    for person in (*payload.readers, *payload.references):
        known = context.person(person)
        if known is None or PersonRole.ANNOTATOR not in known.roles:
            return Refusal.because("workflow.not_a_reader", person=person)
    barred = {event.unit for event in events if event.kind is Kind.UNIT_BARRED}
    for unit in payload.units:
        if unit not in barred:
            return Refusal.because("workflow.not_barred", unit=unit)
        if any(context.session_of(unit, reader) is not None for reader in payload.readers):
            return Refusal.because("workflow.calibrated_before", unit=unit)
    return None


def _reference(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    session = context.sessions.get(payload.session)
    if session is None or set(payload.finals) != set(session.units):
        return Refusal.because("workflow.no_such_session", session=payload.session)
    if intent.actor in session.readers:
        return Refusal.because("workflow.own_session", session=payload.session)
    for unit in session.units:
        state = fold(unit, events)
        if state.slots_of(intent.actor):
            return Refusal.because("workflow.own_case", unit=unit)
        if not state.finals or state.finals[-1].record.final != payload.finals[unit]:
            return Refusal.because("workflow.reference_missing", unit=unit)
    return None


def _open(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    session = context.sessions.get(payload.session)
    if session is None:
        return Refusal.because("workflow.no_such_session", session=payload.session)
    if intent.actor in session.readers:
        return Refusal.because("workflow.own_session", session=payload.session)
    readers = {item.reader for item in payload.results}
    if not readers or not readers <= set(session.readers):
        return Refusal.because("workflow.no_results", session=payload.session)
    for unit in session.units:
        state = fold(unit, events)
        final = state.finals[-1].record.final if state.finals else None
        if final is None or not final == session.finals.get(unit) == payload.finals.get(unit):
            return Refusal.because("workflow.reference_unsigned", session=payload.session, unit=unit)
        for reader in sorted(readers):
            slot = state.slots.get((reader, CALIBRATION_ROUND))
            if slot is None or slot.phase is not SlotPhase.SUBMITTED:
                return Refusal.because("workflow.not_read_yet", reader=reader, unit=unit)
    return None


def _sample(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    if len(payload.members) < context.policy.sample_minimum:
        return Refusal.because("workflow.sample_small", minimum=context.policy.sample_minimum)
    registered = {event.unit for event in events if event.kind is Kind.UNIT_REGISTERED}
    started = {event.unit for event in events if event.kind is Kind.READING_SUBMITTED}
    barred = {event.unit for event in events if event.kind is Kind.UNIT_BARRED}
    for member in payload.members:
        if member not in registered:
            return Refusal.because("workflow.unknown_unit", unit=member)
        if member in started:
            return Refusal.because("workflow.sample_started", unit=member)
        if member in barred:
            return Refusal.because("workflow.barred", unit=member)
    return None


def _flag(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    if context.person(intent.payload.reader) is None:
        return Refusal.because("workflow.unknown_person", person=intent.payload.reader)
    return None


def _protocol(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    document = intent.payload.document
    if document is not None and hashlib.sha256(document.encode("utf-8")).hexdigest() != intent.payload.sha256:
        return Refusal.because("workflow.protocol_altered", version=intent.payload.version)
    if intent.payload.session is not None and intent.payload.session not in context.sessions:
        return Refusal.because("workflow.no_such_session", session=intent.payload.session)
    versions = {event.payload.version for event in events if event.kind is Kind.PROTOCOL_PUBLISHED}
    if intent.payload.version in versions:
        return Refusal.because("workflow.protocol_exists", version=intent.payload.version)
    return None


def _grant(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    person = context.person(payload.person)
    if person is None or PersonRole.DATA_USER not in person.roles:
        return Refusal.because("workflow.not_a_data_user", person=payload.person)
    if not payload.grant.strip() or any(grant.id == payload.grant for grant in context.grants):
        return Refusal.because("workflow.grant_exists", grant=payload.grant)
    for unit in payload.units:
        if not _is_unit(unit):
            return Refusal.because("workflow.unknown_unit", unit=unit)
    if not payload.units or len(set(payload.units)) < len(payload.units):
        return Refusal.because("workflow.grant_empty")
    return None if payload.purpose.strip() else Refusal.because("workflow.reason_missing")


def _end_grant(events: Sequence[Event], context: Context, intent: Intent) -> Refusal | None:
    payload = intent.payload
    grant = next((grant for grant in context.grants if grant.id == payload.grant), None)
    if grant is None or grant.ended_at is not None:
        return Refusal.because("workflow.no_such_grant", grant=payload.grant)
    return None if payload.reason.strip() else Refusal.because("workflow.reason_missing")


def _is_unit(name: str) -> bool:
    try:
        UnitId.parse(name)
    except CrcError:
        return False
    return True


STORE_RULES: Mapping[Kind, Callable[[Sequence[Event], Context, Intent], Refusal | None]] = MappingProxyType(
    {
        Kind.PERSON_SET: _person,
        Kind.CLEARANCE_SIGNED: _clearance,
        Kind.SAMPLE_DRAWN: _sample,
        Kind.READINGS_FLAGGED: _flag,
        Kind.PROTOCOL_PUBLISHED: _protocol,
        Kind.CALIBRATION_PLANNED: _plan,
        Kind.REFERENCE_SIGNED: _reference,
        Kind.CALIBRATION_OPENED: _open,
        Kind.ACCESS_GRANTED: _grant,
        Kind.ACCESS_ENDED: _end_grant,
    }
)
