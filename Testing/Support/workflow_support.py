"""A chain in memory that decides and mints like a store, with a clock the test moves."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crc_core.identity import UnitId, mint_case_code
from crc_core.reading.schema import FIRST_ROUND
from crc_core.vocabulary import Mode, PersonRole, Role, Target, Title, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR, Context, Policy, build_context
from crc_core.workflow.decide import decide, signing_role
from crc_core.workflow.events import FIRST_PREV, Event, Kind, Signature, mint
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.project import project
from crc_core.workflow.state import UnitState, fold
from crc_core.workflow.views import UnitView

POLICY = Policy("workflow-test", 2, 30, True, 28, 3)
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
PEOPLE = {
    "admin": (Title.NONE, {PersonRole.ADMINISTRATOR}),
    "manager": (Title.NONE, {PersonRole.DATA_MANAGER}),
    "trainer": (Title.ASSOCIATE_CHIEF, {PersonRole.TRAINER}),
    "wang": (Title.RESIDENT, {PersonRole.ANNOTATOR}),
    "li": (Title.ATTENDING, {PersonRole.ANNOTATOR}),
    "zhao": (Title.ATTENDING, {PersonRole.ANNOTATOR}),
    "chief": (Title.CHIEF, {PersonRole.SENIOR}),
    "dean": (Title.ASSOCIATE_CHIEF, {PersonRole.SENIOR, PersonRole.ANNOTATOR, PersonRole.DATA_MANAGER}),
    "upstart": (Title.ATTENDING, {PersonRole.SENIOR}),
    "user": (Title.NONE, {PersonRole.DATA_USER}),
}


def digest(text: str) -> str:
    """A hash that stands for the body of a reading or a final."""
    return hashlib.sha256(text.encode()).hexdigest()


def unit_name(serial: int = 1) -> str:
    """The code of a unit for tests."""
    return str(UnitId(mint_case_code("01", serial), "T0"))


class Chain:
    """Events decided and minted in memory."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.events: list[Event] = []
        self.now = START

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    @property
    def context(self) -> Context:
        """The context of all events so far."""
        return build_context(self.events, self.policy)

    def of(self, unit: str) -> list[Event]:
        """The events of one unit."""
        return [event for event in self.events if event.unit == unit]

    def ask(self, actor: str, kind: Kind, payload: Any, unit: str | None = None) -> Refusal | None:
        """Send an intent; the refusal, or None after the events were minted."""
        intent = new_intent(kind, unit, actor, self.now, payload)
        seen = self.events if unit is None else self.of(unit)
        answer = decide(seen, self.context, intent, self.now)
        if isinstance(answer, Refusal):
            return answer
        role = signing_role(intent, self.context)
        title = self.context.people[actor].title
        for draft in answer:
            prev = self.events[-1].hash if self.events else FIRST_PREV
            signature = Signature(actor, role, title, self.now, intent.id, self.policy.version)
            self.events.append(mint(draft, signature, len(self.events) + 1, prev))
        return None

    def must(self, actor: str, kind: Kind, payload: Any, unit: str | None = None) -> None:
        """Send an intent that has to succeed."""
        refusal = self.ask(actor, kind, payload, unit)
        assert refusal is None, refusal

    def view(self, viewer: str, unit: str) -> UnitView | None:
        """The unit as the viewer sees it now."""
        return project(self.of(unit), self.context, viewer, self.now)

    def state(self, unit: str) -> UnitState:
        """The whole truth."""
        return fold(unit, self.of(unit))

    def standings(self, units: Sequence[str]) -> dict[str, UnitState]:
        """Where units stand."""
        return {unit: self.state(unit) for unit in units}

    def hire(self) -> None:
        """Enter everybody and clear the readers for all targets."""
        for person, (title, roles) in PEOPLE.items():
            actor = SYSTEM_ACTOR if person == "admin" else "admin"
            self.must(actor, Kind.PERSON_SET, p.PersonSet(person, title, frozenset(roles), "01", True))
        for reader in ("wang", "li", "zhao"):
            for target in Target:
                self.must("chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned(reader, target, "v1"))

    def prepare(self, unit: str) -> None:
        """Register, check and bind a unit."""
        pvp = p.SeriesRecord(Role.PVP, f"{unit}_PVP", "2.25.1", digest("pixels"), 10)
        chest = p.SeriesRecord(Role.CHEST, f"{unit}_CHEST", "2.25.2", digest("chest"), 10)
        self.must("manager", Kind.UNIT_REGISTERED, p.UnitRegistered((pvp, chest), "2026-01-02"), unit)
        self.must("manager", Kind.SCAN_CHECKED, p.ScanChecked(Verdict.PASS, (), "acquisition-1"), unit)
        bindings = (
            p.Binding(Target.PRIMARY, Role.PVP, f"{unit}_PVP", Mode.SUBTRACTION),
            p.Binding(Target.LIVER, Role.PVP, f"{unit}_PVP", Mode.DIRECT),
        )
        self.must("manager", Kind.SOURCES_BOUND, p.SourcesBound(bindings, "v1"), unit)

    def assign(self, unit: str, *readers: str) -> None:
        """Give each reader a first-round slot."""
        for reader in readers:
            self.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned(reader, FIRST_ROUND), unit)

    def submit(self, unit: str, reader: str, body: str = "", number: int = FIRST_ROUND) -> str:
        """Submit a reading; its hash."""
        reading = digest(f"{reader}{number}{body}")
        self.must(reader, Kind.READING_SUBMITTED, p.ReadingSubmitted(reader, number, reading), unit)
        return reading

    def compare(self, unit: str, *outcomes: p.TargetOutcome, open_fields: tuple[str, ...] = ()) -> tuple[str, str]:
        """Record a comparison of the two readings that are in; the pair."""
        pair = self.state(unit).current_pair(self.policy)
        assert pair is not None
        payload = p.ReadingsCompared(pair, outcomes, open_fields)
        self.must(SYSTEM_ACTOR, Kind.READINGS_COMPARED, payload, unit)
        return pair


def ready_chain(unit: str, policy: Policy = POLICY) -> Chain:
    """A chain with people, one unit and two assigned readers, wang and li."""
    chain = Chain(policy)
    chain.hire()
    chain.prepare(unit)
    chain.assign(unit, "wang", "li")
    return chain


def with_policy(**changes: Any) -> Policy:
    """The test policy with some numbers changed."""
    return dataclasses.replace(POLICY, **changes)
