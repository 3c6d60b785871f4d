"""What `project` and `decide` know besides a unit's own events: people, clearances, the sample, the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

from crc_core.files.packaged import packaged_record
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import (
    AccessEnded,
    AccessGranted,
    CalibrationResult,
    ClearanceSigned,
    PassMark,
    ProtocolPublished,
    ReadingsFlagged,
)

SYSTEM_ACTOR = "system"


@dataclass(frozen=True)
class Person:
    """A person as the rules see them; names and secrets are the store's business."""

    id: str
    title: Title
    roles: frozenset[PersonRole]
    site: str
    active: bool

    @property
    def may_sign(self) -> bool:
        """Whether the person may settle, sign, clear and exclude: an active senior of rank 副主任医师 or above."""
        return self.active and PersonRole.SENIOR in self.roles and self.title.is_senior


@dataclass(frozen=True)
class Policy:
    """The numbers of the workflow, a versioned file in `crc_core/data`."""

    version: str
    readers_per_unit: int
    withdrawal_window_minutes: int
    require_clearance: bool
    washout_days: int
    sample_minimum: int


@dataclass(frozen=True)
class Sample:
    """The agreement sample in force."""

    members: frozenset[str]
    washout_days: int
    drawn_at: datetime
    seed: int = 0
    order: tuple[str, ...] = ()
    exclusions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Session:
    """A calibration session: the plan, the signed references, and once it is open, the results."""

    id: str
    units: tuple[str, ...]
    readers: tuple[str, ...]
    references: tuple[str, ...]
    marks: tuple[PassMark, ...]
    trainer: str
    planned_at: datetime
    finals: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    signer: str | None = None
    results: tuple[CalibrationResult, ...] = ()
    opened_at: datetime | None = None

    def result_of(self, reader: str, target: Target) -> CalibrationResult | None:
        """What the reader reached for the target; None where there is no result (yet)."""
        return next((item for item in self.results if (item.reader, item.target) == (reader, target)), None)


@dataclass(frozen=True)
class Clearance:
    """A clearance in force: what was signed, by whom and when."""

    record: ClearanceSigned
    signer: str
    at: datetime


@dataclass(frozen=True)
class Flag:
    """A reader whose readings are flagged from `since` until a clearance is signed anew."""

    reader: str
    since: datetime
    reason: str
    at: datetime
    until: datetime | None = None

    def covers(self, reader: str, submitted_at: datetime) -> bool:
        """Whether a reading of that reader and time is flagged."""
        return (
            reader == self.reader and self.since <= submitted_at and (self.until is None or submitted_at < self.until)
        )


@dataclass(frozen=True)
class Grant:
    """What a data user may see: the finals of `units`, from `granted_at` until it ends."""

    id: str
    person: str
    units: frozenset[str]
    purpose: str
    until: date | None
    granted_by: str
    granted_at: datetime
    ended_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it is in force; `until` is the last day, in UTC."""
        if self.ended_at is not None and self.ended_at <= now:
            return False
        return self.granted_at <= now and (self.until is None or now.date() <= self.until)


@dataclass(frozen=True)
class Context:
    """Everything that is not in a unit's own events."""

    people: Mapping[str, Person]
    policy: Policy
    clearances: frozenset[tuple[str, Target]] = frozenset()
    samples: tuple[Sample, ...] = ()
    protocol: str = ""
    sessions: Mapping[str, Session] = field(default_factory=lambda: MappingProxyType({}))
    flags: tuple[Flag, ...] = ()
    clearance_records: tuple[Clearance, ...] = ()
    published: ProtocolPublished | None = None
    grants: tuple[Grant, ...] = ()

    def person(self, person: str) -> Person | None:
        """The active person of that id; None for an unknown or inactive one."""
        found = self.people.get(person)
        return found if found is not None and found.active else None

    def is_cleared(self, reader: str, target: Target) -> bool:
        """Whether the reader's clearance for the target is in force."""
        return (reader, target) in self.clearances

    def sample_of(self, unit: str) -> Sample | None:
        """The sample a unit is in; None where it is in none."""
        return next((sample for sample in self.samples if unit in sample.members), None)

    def grants_to(self, person: Person, now: datetime) -> tuple[Grant, ...]:
        """The grants in force of a data user; none for anybody else."""
        if not person.active or PersonRole.DATA_USER not in person.roles:
            return ()
        return tuple(grant for grant in self.grants if grant.person == person.id and grant.is_open(now))

    def session_of(self, unit: str, reader: str) -> Session | None:
        """The calibration session in which the reader contours the unit blind; None where there is none."""
        found = (session for session in self.sessions.values() if unit in session.units and reader in session.readers)
        return next(found, None)

    def is_reference_reader(self, unit: str, reader: str) -> bool:
        """Whether the reader is to make the reference of a calibration unit."""
        return any(unit in item.units and reader in item.references for item in self.sessions.values())

    def is_flagged(self, reader: str, submitted_at: datetime) -> bool:
        """Whether a reading of that reader and time is flagged."""
        return any(flag.covers(reader, submitted_at) for flag in self.flags)


SYSTEM = Person(SYSTEM_ACTOR, Title.NONE, frozenset({PersonRole.SYSTEM}), "", True)


def load_policy() -> Policy:
    """The workflow's numbers as shipped with this version."""
    return packaged_record(Policy, "workflow_policy.json")


def build_context(store_events: Iterable[Event], policy: Policy) -> Context:
    """The context that the store-wide events of a chain add up to.

    A flag takes the reader's clearances away until they are signed anew: recalibration comes first.
    """
    people: dict[str, Person] = {SYSTEM_ACTOR: SYSTEM}
    clearances: dict[tuple[str, Target], Clearance] = {}
    samples: list[Sample] = []
    sessions: dict[str, Session] = {}
    flags: list[Flag] = []
    published: ProtocolPublished | None = None
    grants: dict[str, Grant] = {}
    for event in store_events:
        payload = event.payload
        if event.kind is Kind.PERSON_SET:
            people[payload.person] = Person(payload.person, payload.title, payload.roles, payload.site, payload.active)
        elif event.kind is Kind.CLEARANCE_SIGNED:
            _clear(clearances, flags, event)
        elif event.kind is Kind.SAMPLE_DRAWN:
            samples.append(_sample(event))
        elif event.kind is Kind.PROTOCOL_PUBLISHED:
            published = payload
        elif event.kind is Kind.READINGS_FLAGGED:
            _flag(clearances, flags, event)
        elif event.kind in _SESSION_KINDS:
            sessions[payload.session] = _session(sessions.get(payload.session), event)
        elif event.kind in (Kind.ACCESS_GRANTED, Kind.ACCESS_ENDED):
            _take_grant(grants, event)
    return Context(
        people=people,
        policy=policy,
        clearances=frozenset(clearances),
        samples=tuple(samples),
        protocol="" if published is None else published.version,
        sessions=MappingProxyType(sessions),
        flags=tuple(flags),
        clearance_records=tuple(clearances[place] for place in sorted(clearances)),
        published=published,
        grants=tuple(grants.values()),
    )


_SESSION_KINDS = frozenset({Kind.CALIBRATION_PLANNED, Kind.REFERENCE_SIGNED, Kind.CALIBRATION_OPENED})


def _flag(clearances: dict[tuple[str, Target], Clearance], flags: list[Flag], event: Event) -> None:
    flagged: ReadingsFlagged = event.payload
    flags.append(Flag(flagged.reader, flagged.since, flagged.reason, event.at))
    for place in [place for place in clearances if place[0] == flagged.reader]:
        del clearances[place]


def _take_grant(grants: dict[str, Grant], event: Event) -> None:
    payload: AccessGranted | AccessEnded = event.payload
    if isinstance(payload, AccessGranted):
        grants[payload.grant] = _grant(event)
    elif payload.grant in grants:
        grants[payload.grant] = replace(grants[payload.grant], ended_at=event.at)


def _clear(clearances: dict[tuple[str, Target], Clearance], flags: list[Flag], event: Event) -> None:
    record: ClearanceSigned = event.payload
    if not record.cleared:
        clearances.pop((record.reader, record.target), None)
        return
    clearances[record.reader, record.target] = Clearance(record, event.actor, event.at)
    for place, flag in enumerate(flags):
        if flag.reader == record.reader and flag.until is None:
            flags[place] = replace(flag, until=event.at)


def _grant(event: Event) -> Grant:
    payload = event.payload
    until = None if payload.until is None else date.fromisoformat(payload.until)
    units = frozenset(payload.units)
    return Grant(payload.grant, payload.person, units, payload.purpose, until, event.actor, event.at)


def _sample(event: Event) -> Sample:
    payload = event.payload
    return Sample(
        members=frozenset(payload.members),
        washout_days=payload.washout_days,
        drawn_at=event.at,
        seed=payload.seed,
        order=payload.members,
        exclusions=MappingProxyType(payload.exclusions),
    )


def _session(known: Session | None, event: Event) -> Session:
    payload = event.payload
    if event.kind is Kind.CALIBRATION_PLANNED or known is None:
        return Session(
            id=payload.session,
            units=payload.units,
            readers=payload.readers,
            references=payload.references,
            marks=payload.marks,
            trainer=event.actor,
            planned_at=event.at,
        )
    if event.kind is Kind.REFERENCE_SIGNED:
        return replace(known, finals=MappingProxyType(payload.finals), signer=event.actor)
    return replace(known, results=payload.results, opened_at=event.at)
