"""A lawful chain of tens of thousands of cases: every event asked of the rules and minted by the ledger, in memory.

Each unit goes as far on its way as a seeded draw says; readings, finals and images are named by hashes of what they
would hold. The same seed and number give the same chain.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crc_core.identity import UnitId, mint_case_code
from crc_core.reading.schema import FIRST_ROUND
from crc_core.store.ledger import Ledger
from crc_core.vocabulary import Mode, PersonRole, Role, Target, Title, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR, load_policy
from crc_core.workflow.decide import decide
from crc_core.workflow.events import FIRST_PREV, Event, Kind
from crc_core.workflow.intents import INTENT_SCHEMA, Intent, Refusal

SITES, READERS, SENIORS = 20, 40, 10
TARGETS = (Target.PRIMARY, Target.LIVER, Target.NODE)
BEGUN = datetime(2020, 1, 6, 8, 0, tzinfo=UTC)
MANAGER, ADMIN, TRAINER, DATA_USER = "manager", "admin", "trainer", "user"
SAMPLE_SIZE, BARRED = 60, 10

STOPS = {
    "registered": 3,
    "refused": 2,
    "checked": 6,
    "assigned": 5,
    "one_in": 5,
    "comparing": 2,
    "disputed": 5,
    "report_open": 3,
    "final": 40,
    "signed": 6,
    "released": 20,
    "excluded": 2,
    "withdrawn": 1,
}
"""How far units go on their way, in parts of a hundred."""


@dataclass
class PassingChain:
    """A chain of which only what the rules ask for is kept: the store-wide events and the unit at work."""

    last: Event | None = None
    by_unit: dict[str | None, list[Event]] = field(default_factory=lambda: {None: []})
    fresh: list[Event] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.last.hash if self.last else FIRST_PREV

    @property
    def next_seq(self) -> int:
        return self.last.seq + 1 if self.last else 1

    @property
    def last_at(self) -> datetime | None:
        return self.last.at if self.last else None

    @property
    def store_wide(self) -> Sequence[Event]:
        return self.by_unit[None]

    def refresh(self) -> None:
        """Nobody else writes."""

    def exclusive(self) -> AbstractContextManager[None]:
        return nullcontext()

    def of_unit(self, unit: str) -> Sequence[Event]:
        return self.by_unit.get(unit, ())

    def by_intent(self, intent_id: str) -> Event | None:
        """Every intent is new."""
        return None

    def append(self, events: Sequence[Event]) -> bool:
        for event in events:
            self.by_unit.setdefault(event.unit, []).append(event)
        self.fresh += events
        self.last = events[-1]
        return True

    def take(self, over: str | None = None) -> list[Event]:
        """The events since the last call; the unit that is `over` is forgotten."""
        fresh, self.fresh = self.fresh, []
        if over is not None:
            self.by_unit.pop(over, None)
        return fresh


class Builder:
    """Brings a chain about, intent by intent; time passes between them."""

    def __init__(self, seed: int) -> None:
        self.chain = PassingChain()
        self.random = random.Random(seed)
        self.policy = load_policy()
        self.now = BEGUN
        self.ledger = Ledger(self.chain, self.policy, lambda: self.now, decide)
        self.seniors = [f"senior{number:02d}" for number in range(SENIORS)]
        self.readers = [f"reader{number:02d}" for number in range(READERS)]

    def must(self, actor: str, kind: Kind, payload: Any, unit: str | None = None) -> None:
        """An intent that has to succeed, half a minute after the last."""
        self.now += timedelta(seconds=30)
        intent = Intent(INTENT_SCHEMA, f"intent-{self.chain.next_seq:08d}", kind, unit, actor, self.now, payload)
        outcome = self.ledger.commit(intent)
        assert not isinstance(outcome, Refusal), outcome

    def people(self) -> None:
        """Everybody, and the readers cleared for all targets."""
        self._enter(ADMIN, Title.NONE, PersonRole.ADMINISTRATOR, by=SYSTEM_ACTOR)
        self._enter(MANAGER, Title.NONE, PersonRole.DATA_MANAGER)
        self._enter(TRAINER, Title.ASSOCIATE_CHIEF, PersonRole.TRAINER)
        self._enter(DATA_USER, Title.NONE, PersonRole.DATA_USER)
        for senior in self.seniors:
            self._enter(senior, Title.CHIEF, PersonRole.SENIOR)
        for reader in self.readers:
            self._enter(reader, Title.ATTENDING, PersonRole.ANNOTATOR)
            for target in TARGETS:
                self.must(self.seniors[0], Kind.CLEARANCE_SIGNED, p.ClearanceSigned(reader, target, "v1"))

    def _enter(self, person: str, title: Title, role: PersonRole, by: str = ADMIN) -> None:
        site = f"{1 + self.chain.next_seq % SITES:02d}"
        self.must(by, Kind.PERSON_SET, p.PersonSet(person, title, frozenset({role}), site, True))

    def register(self, unit: UnitId) -> None:
        """The unit and its series."""
        matrix = ((-0.75, 0.0, 0.0, 190.0), (0.0, -0.75, 0.0, 190.0), (0.0, 0.0, 1.0, -400.0), (0.0, 0.0, 0.0, 1.0))
        series = tuple(
            p.SeriesRecord(
                role,
                unit.series_code(role),
                f"2.25.{self.random.getrandbits(100)}",
                _digest(f"{unit}{role}"),
                600,
                (600, 512, 512),
                matrix,
                1.0,
                self.random.choice(("SIEMENS", "GE", "PHILIPS", "UIH")),
            )
            for role in (Role.NC, Role.AP, Role.PVP, Role.CHEST)
        )
        day = (datetime(2018, 1, 1, tzinfo=UTC) + timedelta(days=self.random.randrange(2800))).date().isoformat()
        self.must(MANAGER, Kind.UNIT_REGISTERED, p.UnitRegistered(series, day), str(unit))

    def check(self, unit: str, *, refused: bool = False) -> None:
        """The scan check, passed or with a failure nobody can overrule."""
        verdict = Verdict.FAIL if refused else Verdict.PASS
        items = (p.CheckedItem("tilt", Verdict.FAIL, False, Role.PVP),) if refused else ()
        self.must(MANAGER, Kind.SCAN_CHECKED, p.ScanChecked(verdict, items, "acquisition-1"), unit)

    def bind(self, unit: UnitId) -> None:
        """A source for every target."""
        code = unit.series_code(Role.PVP)
        bindings = tuple(p.Binding(target, Role.PVP, code, Mode.DIRECT) for target in TARGETS)
        self.must(MANAGER, Kind.SOURCES_BOUND, p.SourcesBound(bindings, "v1"), str(unit))

    def assign(self, unit: str) -> tuple[str, str]:
        """Two readers."""
        first, second = self.random.sample(self.readers, 2)
        for reader in (first, second):
            self.must(MANAGER, Kind.READING_ASSIGNED, p.ReadingAssigned(reader, FIRST_ROUND), unit)
        return first, second

    def read(self, unit: str, reader: str) -> None:
        """A reading taken and handed in."""
        self.must(reader, Kind.READING_TAKEN, p.ReadingTaken(reader, FIRST_ROUND), unit)
        seconds = float(self.random.randrange(300, 3000))
        reading = _digest(f"{unit}{reader}")
        self.must(reader, Kind.READING_SUBMITTED, p.ReadingSubmitted(reader, FIRST_ROUND, reading, None, seconds), unit)

    def compare(self, unit: str, readers: tuple[str, str], *, disputed: bool, is_open: bool) -> tuple[str, str]:
        """The comparison, after both windows have closed."""
        self.now += timedelta(minutes=self.policy.withdrawal_window_minutes + 1)
        first, second = sorted(_digest(f"{unit}{reader}") for reader in readers)
        outcomes = []
        for target in TARGETS[:2]:
            is_bad = disputed and target is Target.PRIMARY
            dice = self.random.randrange(300, 800) if is_bad else self.random.randrange(800, 1000)
            outcome = p.Outcome.DISPUTED if is_bad else p.Outcome.AGREED
            reasons = ("low_dice",) if is_bad else ()
            volume = self.random.randrange(500, 90_000)
            lesion = p.LesionOutcome((1,), (1,), outcome, dice, False, reasons, (volume, volume + 100))
            outcomes.append(p.TargetOutcome(target, outcome, dice, (lesion,)))
        fields = ("t_stage",) if is_open else ()
        payload = p.ReadingsCompared((first, second), tuple(outcomes), fields)
        self.must(SYSTEM_ACTOR, Kind.READINGS_COMPARED, payload, unit)
        return first, second

    def finish(self, unit: str, parents: tuple[str, str], *, signer: str | None) -> str:
        """The final, by rule or signed."""
        final = _digest(f"final {unit}")
        actor = signer or SYSTEM_ACTOR
        self.must(actor, Kind.FINAL_STORED, p.FinalStored(final, 1, parents, by_rule=signer is None), unit)
        return final


def big_chain(cases: int, seed: int = 1) -> Iterator[Event]:
    """The events of so many cases, every tenth with a follow-up; with an agreement sample and barred cases."""
    builder = Builder(seed)
    builder.people()
    units = tuple(_units(cases, builder.random))
    ready = units[: 3 * (SAMPLE_SIZE + BARRED)]
    for unit in ready:
        _make_ready(builder, unit)
    for unit in units[:BARRED]:
        builder.must(TRAINER, Kind.UNIT_BARRED, p.UnitBarred("session-1"), str(unit))
    members = tuple(str(unit) for unit in units[BARRED : BARRED + SAMPLE_SIZE])
    if len(members) >= builder.policy.sample_minimum:
        sample = p.SampleDrawn(seed=seed, members=members, exclusions={}, washout_days=builder.policy.washout_days)
        builder.must(MANAGER, Kind.SAMPLE_DRAWN, sample)
    yield from builder.chain.take()
    stops, weights = list(STOPS), list(STOPS.values())
    for place, unit in enumerate(units[BARRED:], start=BARRED):
        stop = builder.random.choices(stops, weights)[0]
        if place < len(ready):
            _go_on(builder, str(unit), stop)
        else:
            _go(builder, unit, stop)
        yield from builder.chain.take(str(unit))


def _units(cases: int, draw: random.Random) -> Iterator[UnitId]:
    for number in range(cases):
        code = mint_case_code(f"{1 + number % SITES:02d}", 1 + number // SITES)
        yield UnitId(code, "T0")
        if draw.random() < 0.1:
            yield UnitId(code, "T1")


def _make_ready(builder: Builder, unit: UnitId) -> None:
    builder.register(unit)
    builder.check(str(unit))
    builder.bind(unit)


def _go(builder: Builder, unit: UnitId, stop: str) -> None:
    if stop in ("registered", "refused"):
        builder.register(unit)
        if stop == "refused":
            builder.check(str(unit), refused=True)
        return
    _make_ready(builder, unit)
    _go_on(builder, str(unit), stop)


def _go_on(builder: Builder, unit: str, stop: str) -> None:
    if stop in ("registered", "refused", "checked"):
        return
    readers = builder.assign(unit)
    if stop == "assigned":
        return
    builder.read(unit, readers[0])
    if stop == "one_in":
        return
    builder.read(unit, readers[1])
    if stop == "comparing":
        return
    is_settled = stop in ("signed", "disputed", "excluded", "withdrawn")
    parents = builder.compare(unit, readers, disputed=is_settled, is_open=stop == "report_open")
    senior = builder.random.choice(builder.seniors)
    if stop == "excluded":
        builder.must(senior, Kind.UNIT_EXCLUDED, p.UnitExcluded("not_crc", "a lymphoma after all"), unit)
    elif stop == "withdrawn":
        builder.must(MANAGER, Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("the patient asked"), unit)
    elif stop in ("final", "signed", "released"):
        final = builder.finish(unit, parents, signer=senior if stop == "signed" else None)
        if stop == "released":
            builder.must(MANAGER, Kind.UNIT_RELEASED, p.UnitReleased("2026-1", final), unit)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
