"""Rules for intents that speak of the whole store: people, clearances, the protocol, the sample, flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from crc_core.vocabulary import PersonRole
from crc_core.workflow.context import SYSTEM_ACTOR, Context
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.intents import Intent, Refusal


def units_named(intent: Intent) -> frozenset[str]:
    """The units whose events a store-wide intent is decided on, besides the store-wide ones."""
    return frozenset(intent.payload.members) if intent.kind is Kind.SAMPLE_DRAWN else frozenset()


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
    versions = {event.payload.version for event in events if event.kind is Kind.PROTOCOL_PUBLISHED}
    if intent.payload.version in versions:
        return Refusal.because("workflow.protocol_exists", version=intent.payload.version)
    return None


STORE_RULES: Mapping[Kind, Callable[[Sequence[Event], Context, Intent], Refusal | None]] = MappingProxyType(
    {
        Kind.PERSON_SET: _person,
        Kind.CLEARANCE_SIGNED: _clearance,
        Kind.SAMPLE_DRAWN: _sample,
        Kind.READINGS_FLAGGED: _flag,
        Kind.PROTOCOL_PUBLISHED: _protocol,
    }
)
