"""What a person may know of a store as a whole: the protocol, calibration, clearances, the sample, flags, people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow.context import SYSTEM_ACTOR, Clearance, Context, Flag, Grant, Person, Policy, Session
from crc_core.workflow.events import STORE_WIDE, Kind
from crc_core.workflow.gates import Glance, Situation, gate
from crc_core.workflow.payloads import CalibrationResult, PassMark
from crc_core.workflow.project import is_blind
from crc_core.workflow.state import Standing, UnitState
from crc_core.workflow.views import SlotPhase

Standings = Callable[[Sequence[str]], Mapping[str, Standing]]
"""Where the units named stand; without those that are not there."""

_OVERSEE = frozenset({PersonRole.TRAINER, PersonRole.DATA_MANAGER, PersonRole.ADMINISTRATOR, PersonRole.SYSTEM})
_KEEP_SAMPLES = frozenset({PersonRole.DATA_MANAGER, PersonRole.ADMINISTRATOR, PersonRole.SYSTEM})


@dataclass(frozen=True)
class ProtocolView:
    """The delineation protocol in force: its version, its hash, its text where the store keeps it."""

    version: str
    sha256: str
    document: str | None = None


@dataclass(frozen=True)
class WaitingReading:
    """A reading that a calibration session still waits for; `round` 1 is the reference's."""

    unit: str
    reader: str
    round: int


@dataclass(frozen=True)
class SessionView:
    """A calibration session. Its readers see themselves and their own results only, and those once it is open."""

    session: str
    units: tuple[str, ...]
    readers: tuple[str, ...]
    references: tuple[str, ...]
    marks: tuple[PassMark, ...]
    planned_at: datetime
    opened_at: datetime | None
    reference_signer: str | None = None
    results: tuple[CalibrationResult, ...] = ()
    waiting: tuple[WaitingReading, ...] = ()


@dataclass(frozen=True)
class ClearanceView:
    """A clearance in force."""

    reader: str
    target: Target
    protocol: str
    signer: str
    at: datetime
    session: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class SampleView:
    """An agreement sample, for those who keep it; members in the order they were drawn."""

    seed: int
    members: tuple[str, ...]
    exclusions: dict[str, str]
    washout_days: int
    drawn_at: datetime


@dataclass(frozen=True)
class FlagView:
    """A reader asked to recalibrate; the reason is for those who oversee."""

    reader: str
    since: datetime
    at: datetime
    until: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True)
class GrantView:
    """A grant to a data user, for themselves while it is in force, and for administrators and data managers."""

    grant: str
    person: str
    units: tuple[str, ...]
    purpose: str
    granted_by: str
    granted_at: datetime
    is_open: bool
    until: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class PersonView:
    """A person as the rules see them."""

    person: str
    title: Title
    roles: frozenset[PersonRole]
    site: str
    active: bool


@dataclass(frozen=True)
class StoreView:
    """All that one person may know and do about the store as a whole, now; `policy` are the numbers it decides by."""

    may: frozenset[Kind]
    protocol: ProtocolView | None
    sessions: tuple[SessionView, ...]
    clearances: tuple[ClearanceView, ...]
    samples: tuple[SampleView, ...]
    flags: tuple[FlagView, ...]
    people: tuple[PersonView, ...]
    policy: Policy
    grants: tuple[GrantView, ...] = ()


def project_store(standings: Standings, context: Context, viewer: str, now: datetime) -> StoreView | None:
    """The store as `viewer` may see it at `now`; None for somebody who is no active person of it.

    A reader's view is the same, to the last byte, whatever readings of others there are.
    """
    person = context.person(viewer)
    if person is None:
        return None
    nowhere = Situation(UnitState(""), context, person, now)
    oversees = person.may_sign or bool(person.roles & _OVERSEE)
    published = context.published
    return StoreView(
        may=frozenset(kind for kind in STORE_WIDE if gate(kind, nowhere) is None),
        protocol=None if published is None else ProtocolView(published.version, published.sha256, published.document),
        sessions=_sessions(standings, context, person),
        clearances=tuple(
            _clearance(item) for item in context.clearance_records if oversees or item.record.reader == viewer
        ),
        samples=_samples(standings, context, person, now),
        flags=tuple(_flag(flag, oversees) for flag in context.flags if oversees or flag.reader == viewer),
        people=_people(context) if oversees else (),
        policy=context.policy,
        grants=_grants(context, person, now),
    )


def _sessions(standings: Standings, context: Context, person: Person) -> tuple[SessionView, ...]:
    found, known = [], standings(tuple({unit: None for item in context.sessions.values() for unit in item.units}))
    for session in context.sessions.values():
        if person.id in session.readers:
            found.append(_own_session(session, person.id))
        elif person.may_sign or person.roles & _OVERSEE:
            found.append(_whole_session(session, known))
    return tuple(found)


def _own_session(session: Session, reader: str) -> SessionView:
    results = tuple(item for item in session.results if item.reader == reader)
    return SessionView(
        session=session.id,
        units=session.units,
        readers=(reader,),
        references=(),
        marks=session.marks,
        planned_at=session.planned_at,
        opened_at=session.opened_at if results else None,
        results=results,
    )


def _whole_session(session: Session, known: Mapping[str, Standing]) -> SessionView:
    return SessionView(
        session=session.id,
        units=session.units,
        readers=session.readers,
        references=session.references,
        marks=session.marks,
        planned_at=session.planned_at,
        opened_at=session.opened_at,
        reference_signer=session.signer,
        results=session.results,
        waiting=tuple(_waiting(session, known)),
    )


def _waiting(session: Session, known: Mapping[str, Standing]) -> list[WaitingReading]:
    missing = []
    for unit in session.units:
        slots = known[unit].slots if unit in known else {}
        wanted = [(reader, CALIBRATION_ROUND) for reader in session.readers]
        wanted += [(reader, 1) for reader in session.references]
        for reader, number in wanted:
            slot = slots.get((reader, number))
            if slot is None or slot.phase is not SlotPhase.SUBMITTED:
                missing.append(WaitingReading(unit, reader, number))
    return missing


def _samples(standings: Standings, context: Context, person: Person, now: datetime) -> tuple[SampleView, ...]:
    """Samples for managers and seniors, but for who reads one of the units and is still blind there."""
    if not (person.may_sign or person.roles & _KEEP_SAMPLES):
        return ()
    known = standings(tuple({unit: None for sample in context.samples for unit in sample.order}))
    blind = {unit for unit, state in known.items() if is_blind(Glance(state, context, person, now))}
    shown = []
    for sample in context.samples:
        if not blind.intersection(sample.order):
            shown.append(
                SampleView(sample.seed, sample.order, dict(sample.exclusions), sample.washout_days, sample.drawn_at)
            )
    return tuple(shown)


def _grants(context: Context, person: Person, now: datetime) -> tuple[GrantView, ...]:
    """All grants for who gives or manages them, without those that read: a grant tells that units are final."""
    keeps = bool(person.roles & _KEEP_SAMPLES)
    reads = PersonRole.ANNOTATOR in person.roles
    shown = context.grants if keeps and not reads else context.grants_to(person, now)
    return tuple(_grant(grant, now) for grant in shown)


def _grant(grant: Grant, now: datetime) -> GrantView:
    return GrantView(
        grant.id,
        grant.person,
        tuple(sorted(grant.units)),
        grant.purpose,
        grant.granted_by,
        grant.granted_at,
        grant.is_open(now),
        None if grant.until is None else grant.until.isoformat(),
        grant.ended_at,
    )


def _clearance(item: Clearance) -> ClearanceView:
    record = item.record
    return ClearanceView(
        record.reader, record.target, record.protocol, item.signer, item.at, record.session, record.reason
    )


def _flag(flag: Flag, oversees: bool) -> FlagView:
    return FlagView(flag.reader, flag.since, flag.at, flag.until, flag.reason if oversees else None)


def _people(context: Context) -> tuple[PersonView, ...]:
    known = (context.people[person] for person in sorted(context.people) if person != SYSTEM_ACTOR)
    return tuple(PersonView(person.id, person.title, person.roles, person.site, person.active) for person in known)
