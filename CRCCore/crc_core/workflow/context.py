"""What `project` and `decide` know besides a unit's own events: people, clearances, the sample, the policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crc_core.files.packaged import packaged_record
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow.events import Event, Kind

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


@dataclass(frozen=True)
class Context:
    """Everything that is not in a unit's own events."""

    people: Mapping[str, Person]
    policy: Policy
    clearances: frozenset[tuple[str, Target]] = frozenset()
    samples: tuple[Sample, ...] = ()
    protocol: str = ""

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


SYSTEM = Person(SYSTEM_ACTOR, Title.NONE, frozenset({PersonRole.SYSTEM}), "", True)


def load_policy() -> Policy:
    """The workflow's numbers as shipped with this version."""
    return packaged_record(Policy, "workflow_policy.json")


def build_context(store_events: Iterable[Event], policy: Policy) -> Context:
    """The context that the store-wide events of a chain add up to."""
    people: dict[str, Person] = {SYSTEM_ACTOR: SYSTEM}
    clearances: set[tuple[str, Target]] = set()
    samples: list[Sample] = []
    protocol = ""
    for event in store_events:
        payload = event.payload
        if event.kind is Kind.PERSON_SET:
            people[payload.person] = Person(payload.person, payload.title, payload.roles, payload.site, payload.active)
        elif event.kind is Kind.CLEARANCE_SIGNED:
            change = clearances.add if payload.cleared else clearances.discard
            change((payload.reader, payload.target))
        elif event.kind is Kind.SAMPLE_DRAWN:
            samples.append(Sample(frozenset(payload.members), payload.washout_days, event.at))
        elif event.kind is Kind.PROTOCOL_PUBLISHED:
            protocol = payload.version
    return Context(people, policy, frozenset(clearances), tuple(samples), protocol)
