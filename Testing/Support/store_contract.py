"""What every kind of store keeps to: tests against the `Store` protocol, run for each kind by a subclass.

A subclass offers the fixture `open_harness`: a function that makes a new store with everybody of `PEOPLE`, who all
sign with the same secret, the readers cleared, and a clock the test moves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import SealedFolder
from crc_core.identity import UnitId, mint_case_code
from crc_core.store.protocol import PreparedUnit, Receipt, Store
from crc_core.vocabulary import Mode, Role, Target, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.events import STORE_WIDE, Event, Kind
from crc_core.workflow.intents import Intent, Refusal, new_intent
from crc_core.workflow.views import Phase
from store_support import (
    PEOPLE,
    PIN,
    SCAN_PASSED,
    SHAPE,
    START,
    MovingClock,
    StudySource,
    accepted,
    bindings,
    digest,
    person_set,
    sealed_final,
    sealed_reading,
    submission,
    write_study,
)

ABSENT = UnitId(mint_case_code("01", 4242), "T0")
"""A unit that no test registers."""

DISPUTING_SHIFT = 3
"""Two readings this far apart disagree."""


class Harness(Protocol):
    """A store of one kind as each person reaches it."""

    clock: MovingClock

    def store(self, person: str) -> Store:
        """The store as `person` reaches it."""

    def advance(self) -> Sequence[str]:
        """Let the store do what is due by rule."""


class Bench:
    """A harness with the words tests use."""

    def __init__(self, harness: Harness, source: StudySource, folder: Path) -> None:
        self.harness = harness
        self.source = source
        self.folder = folder
        self._sealed = 0

    @property
    def clock(self) -> MovingClock:
        """The store's clock."""
        return self.harness.clock

    def intent(self, person: str, kind: Kind, payload: Any, unit: UnitId | None = None) -> Intent:
        """A fresh intent."""
        return new_intent(kind, None if unit is None else str(unit), person, START, payload)

    def ask(self, person: str, kind: Kind, payload: Any, unit: UnitId | None = None) -> Receipt | Refusal:
        """Send an intent without body."""
        return self.harness.store(person).act(self.intent(person, kind, payload, unit), secret=PIN)

    def must(self, person: str, kind: Kind, payload: Any, unit: UnitId | None = None) -> None:
        """Send an intent that has to succeed."""
        accepted(self.ask(person, kind, payload, unit))

    def events(self) -> tuple[Event, ...]:
        """The whole chain."""
        return self.harness.store("admin").events_since(0, "admin")

    def prepared(self) -> PreparedUnit:
        """A unit of a newly reserved case, not admitted yet."""
        return self.source.prepared(UnitId(self.harness.store("manager").reserve_case("01", "manager"), "T0"))

    def admit(self, prepared: PreparedUnit, person: str = "manager") -> Receipt | Refusal:
        """Take a unit in."""
        intent = self.intent(person, Kind.UNIT_REGISTERED, prepared.registration, prepared.unit)
        return self.harness.store(person).admit(prepared, intent)

    def opened(self, *readers: str) -> PreparedUnit:
        """A unit that is checked, bound and assigned."""
        return self._bound(self.prepared(), readers)

    def followed_up(self, first: PreparedUnit, time_point: str, *readers: str) -> PreparedUnit:
        """A later examination of the same case, checked, bound and assigned."""
        return self._bound(self.source.prepared(UnitId(first.unit.case, time_point)), readers)

    def _bound(self, prepared: PreparedUnit, readers: Sequence[str]) -> PreparedUnit:
        accepted(self.admit(prepared))
        self.must("manager", Kind.SCAN_CHECKED, SCAN_PASSED, prepared.unit)
        self.must("manager", Kind.SOURCES_BOUND, bindings(prepared.unit), prepared.unit)
        for reader in readers:
            self.must("manager", Kind.READING_ASSIGNED, p.ReadingAssigned(reader, 1), prepared.unit)
        return prepared

    def seal(self, prepared: PreparedUnit, reader: str, shift: int = 0, **changes: Any) -> SealedFolder:
        """A sealed reading in a folder of its own."""
        self._sealed += 1
        return sealed_reading(self.folder / f"reading-{self._sealed}", prepared, reader, shift, **changes)

    def seal_final(self, prepared: PreparedUnit, parents: tuple[str, str], signer: str) -> SealedFolder:
        """A sealed final in a folder of its own."""
        self._sealed += 1
        return sealed_final(self.folder / f"final-{self._sealed}", prepared, parents, signer)

    def submit(self, sealed: SealedFolder, unit: UnitId, reader: str, **changes: Any) -> Receipt | Refusal:
        """Submit a reading."""
        intent = self.intent(reader, Kind.READING_SUBMITTED, submission(sealed, reader, **changes), unit)
        return self.harness.store(reader).submit(sealed, intent)

    def read(self, prepared: PreparedUnit, reader: str, shift: int = 0) -> SealedFolder:
        """Seal and submit a reading that has to be taken."""
        sealed = self.seal(prepared, reader, shift)
        accepted(self.submit(sealed, prepared.unit, reader))
        return sealed

    def sign(self, sealed: SealedFolder, unit: UnitId, signer: str, parents: tuple[str, str]) -> Receipt | Refusal:
        """Sign a final."""
        intent = self.intent(signer, Kind.FINAL_STORED, p.FinalStored(sealed.sha256, 1, parents, False), unit)
        return self.harness.store(signer).sign_final(sealed, intent, secret=PIN)

    def disputed(self) -> tuple[PreparedUnit, tuple[str, str]]:
        """A unit whose two readings disagree, and the pair."""
        prepared = self.opened("wang", "li")
        self.read(prepared, "wang")
        self.read(prepared, "li", DISPUTING_SHIFT)
        self.clock.wait(minutes=31)
        assert str(prepared.unit) in self.harness.advance()
        comparison = self.harness.store("chief").unit(prepared.unit, "chief").comparison
        assert comparison is not None
        return prepared, comparison.readings


def answer(call: Callable[[], Any]) -> Any:
    """What a call answers as a document, whether it is a value, a refusal or an error; ids and places left out."""
    try:
        outcome = call()
    except CrcError as error:
        return {"error": error.code, "values": {key: str(value) for key, value in sorted(error.values.items())}}
    if isinstance(outcome, Receipt):
        return {"receipt": outcome.repeated}
    if isinstance(outcome, SealedFolder):
        return {"sealed": outcome.sha256}
    return to_document(outcome)


def everything(bench: Bench, viewer: str, prepared: PreparedUnit, sealed: SealedFolder | None) -> bytes:
    """All that `viewer` can learn of a unit: views, lists, images, bodies, and the answer to every kind of intent."""
    store, unit = bench.harness.store(viewer), prepared.unit
    known = digest("no such reading") if sealed is None else sealed.sha256
    told = {
        "unit": answer(lambda: store.unit(unit, viewer)),
        "list": answer(lambda: store.work_list(viewer)),
        "images": answer(lambda: tuple(path.name for path in store.open_image(unit, Role.PVP, viewer))),
        "priors": answer(lambda: store.prior_units(unit, viewer)),
        "own": answer(lambda: store.open_reading(known, viewer)),
        "final": answer(lambda: store.open_final(unit, viewer)),
        "events": answer(lambda: store.events_since(0, viewer)),
        "head": answer(lambda: store.chain_head(viewer)),
        "overview": answer(lambda: store.overview(viewer)),
        "case": answer(lambda: store.reserve_case("01", viewer)),
        "intents": {kind.value: _ask_kind(bench, viewer, kind, prepared, known) for kind in Kind},
        "after": answer(lambda: store.unit(unit, viewer)),
        "list_after": answer(lambda: store.work_list(viewer)),
    }
    return canonical_bytes(told)


def _ask_kind(bench: Bench, viewer: str, kind: Kind, prepared: PreparedUnit, known: str) -> Any:
    store, unit = bench.harness.store(viewer), prepared.unit
    payload = payload_for(kind, prepared, viewer, known)
    if kind is Kind.UNIT_REGISTERED:
        return answer(lambda: bench.admit(prepared, viewer))
    if kind is Kind.READING_SUBMITTED:
        return answer(lambda: bench.submit(bench.seal(prepared, viewer, 1), unit, viewer))
    if kind is Kind.FINAL_STORED:
        final = bench.seal_final(prepared, payload.parents, viewer)
        return answer(lambda: bench.sign(final, unit, viewer, payload.parents))
    intent = bench.intent(viewer, kind, payload, None if kind in STORE_WIDE else unit)
    return answer(lambda: store.act(intent, secret=PIN))


def payload_for(kind: Kind, prepared: PreparedUnit, person: str, reading: str) -> Any:
    """A plausible payload of each kind."""
    parents = (digest("a"), digest("b"))
    unit = str(prepared.unit)
    return {
        Kind.PERSON_SET: person_set("zhao"),
        Kind.PROTOCOL_PUBLISHED: p.ProtocolPublished("v9", digest("protocol")),
        Kind.CLEARANCE_SIGNED: p.ClearanceSigned("zhao", Target.LUNG, "v1"),
        Kind.SAMPLE_DRAWN: p.SampleDrawn(1, (unit, unit), {}, 28),
        Kind.READINGS_FLAGGED: p.ReadingsFlagged("zhao", START, "agreement below the mark"),
        Kind.CALIBRATION_PLANNED: p.CalibrationPlanned(
            "session-9", (unit,), ("zhao",), ("wang", "li"), (p.PassMark(Target.PRIMARY, 80, 20, 0, 80),)
        ),
        Kind.REFERENCE_SIGNED: p.ReferenceSigned("session-9", {unit: digest("final")}),
        Kind.CALIBRATION_OPENED: p.CalibrationOpened(
            "session-9", {unit: digest("final")}, (p.CalibrationResult("zhao", Target.PRIMARY, True, 900, 20, 0, 1000),)
        ),
        Kind.ACCESS_GRANTED: p.AccessGranted("grant-9", "user", (unit,), "a study"),
        Kind.ACCESS_ENDED: p.AccessEnded("grant-1", "the study is over"),
        Kind.UNIT_REGISTERED: prepared.registration,
        Kind.SCAN_CHECKED: SCAN_PASSED,
        Kind.SCAN_OVERRULED: p.ScanOverruled(("kvp",), "only scan there is"),
        Kind.SOURCES_BOUND: bindings(prepared.unit),
        Kind.MODE_CHANGED: p.ModeChanged(Target.LIVER, Mode.MRI, "MRI found"),
        Kind.UNIT_BARRED: p.UnitBarred("calibration-1"),
        Kind.READING_ASSIGNED: p.ReadingAssigned("zhao", 1),
        Kind.READING_TAKEN: p.ReadingTaken(person, 1),
        Kind.READING_SUBMITTED: p.ReadingSubmitted(person, 1, reading),
        Kind.READING_WITHDRAWN: p.ReadingWithdrawn(person, 1, reading, "a mistake"),
        Kind.READING_RETURNED: p.ReadingReturned("is this a vessel?"),
        Kind.SENIOR_ASKED: p.SeniorAsked(person, 1, "is this a vessel?"),
        Kind.READINGS_COMPARED: p.ReadingsCompared(parents, (), ()),
        Kind.FINAL_STORED: p.FinalStored(digest("final"), 1, parents, False),
        Kind.UNIT_EXCLUDED: p.UnitExcluded("not_crc", "a lymphoma after all"),
        Kind.CONSENT_WITHDRAWN: p.ConsentWithdrawn("the patient asked"),
        Kind.UNIT_RELEASED: p.UnitReleased("2026-1", digest("final")),
    }[kind]


class StoreContract:
    """The contract; a subclass offers the fixture `open_harness`."""

    @pytest.fixture
    def open_bench(
        self, open_harness: Callable[[Path], Harness], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> Callable[[], Bench]:
        """Makes a new store of this kind with its tools; several in one test know nothing of each other."""
        source = write_study(tmp_path_factory.mktemp("study"))
        made: list[Bench] = []

        def make() -> Bench:
            folder = tmp_path / f"bench-{len(made)}"
            folder.mkdir()
            made.append(Bench(open_harness(folder), source, folder))
            return made[-1]

        return make

    @pytest.fixture
    def bench(self, open_bench: Callable[[], Bench]) -> Bench:
        """One new store with its tools."""
        return open_bench()

    def only(
        self, bench: Bench, kind: Kind, prepared: PreparedUnit, allowed: Sequence[str], payload: Any = None
    ) -> None:
        """Everybody who is not allowed is refused and changes nothing; the first who is allowed is not refused."""
        unit = None if kind in STORE_WIDE else prepared.unit
        before = bench.events()
        for person in PEOPLE:
            if person not in allowed:
                wanted = payload or payload_for(kind, prepared, person, digest("x"))
                assert isinstance(bench.ask(person, kind, wanted, unit), Refusal), (person, kind)
        assert bench.events() == before
        person = allowed[0]
        bench.must(person, kind, payload or payload_for(kind, prepared, person, digest("x")), unit)
        assert len(bench.events()) == len(before) + 1

    def test_each_role_does_its_own_work_and_no_other(self, bench: Bench) -> None:
        prepared = bench.prepared()
        for person in PEOPLE:
            if person != "manager":
                assert isinstance(bench.admit(prepared, person), Refusal), person
        accepted(bench.admit(prepared))
        failing = p.CheckedItem("kvp", Verdict.FAIL, True)
        self.only(bench, Kind.SCAN_CHECKED, prepared, ["manager"], p.ScanChecked(Verdict.FAIL, (failing,), "r-1"))
        self.only(bench, Kind.SCAN_OVERRULED, prepared, ["manager", "chief"])
        self.only(bench, Kind.SOURCES_BOUND, prepared, ["manager"])
        self.only(bench, Kind.READING_ASSIGNED, prepared, ["manager", "chief"], p.ReadingAssigned("wang", 1))
        self.only(bench, Kind.MODE_CHANGED, prepared, ["chief"])
        self.only(bench, Kind.READING_TAKEN, prepared, ["wang"])
        self.only(bench, Kind.SENIOR_ASKED, prepared, ["wang"])
        self.only(bench, Kind.CONSENT_WITHDRAWN, prepared, ["manager"])

    def test_readings_and_finals_have_their_own_hands(self, bench: Bench) -> None:
        prepared = bench.opened("wang", "li")
        sealed = bench.seal(prepared, "wang")
        for person in PEOPLE:
            if person not in ("wang", "li"):
                other = bench.seal(prepared, person)
                assert isinstance(bench.submit(other, prepared.unit, person), Refusal), person
        accepted(bench.submit(sealed, prepared.unit, "wang"))
        withdrawal = p.ReadingWithdrawn("wang", 1, sealed.sha256, "a mistake")
        self.only(bench, Kind.READING_WITHDRAWN, prepared, ["wang"], withdrawal)
        again = bench.seal(prepared, "wang", 1, supersedes=sealed.sha256)
        accepted(bench.submit(again, prepared.unit, "wang", supersedes=sealed.sha256))
        self.only(bench, Kind.READING_RETURNED, prepared, ["chief"])

    def test_only_a_senior_of_rank_settles_and_only_a_manager_releases(self, bench: Bench) -> None:
        prepared, pair = bench.disputed()
        for person in PEOPLE:
            if person != "chief":
                final = bench.seal_final(prepared, pair, person)
                assert isinstance(bench.sign(final, prepared.unit, person, pair), Refusal), person
        final = bench.seal_final(prepared, pair, "chief")
        accepted(bench.sign(final, prepared.unit, "chief", pair))
        assert bench.harness.store("wang").open_final(prepared.unit, "wang").sha256 == final.sha256
        self.only(bench, Kind.UNIT_RELEASED, prepared, ["manager"], p.UnitReleased("2026-1", final.sha256))
        self._only_a_grant_opens_it_to_a_data_user(bench, prepared)

    def _only_a_grant_opens_it_to_a_data_user(self, bench: Bench, prepared: PreparedUnit) -> None:
        user, unit = bench.harness.store("user"), prepared.unit
        unknown = answer(lambda: user.unit(unit, "user"))
        assert unknown["error"] == "store.unknown_unit"
        grant = p.AccessGranted("grant-1", "user", (str(unit),), "a study")
        self.only(bench, Kind.ACCESS_GRANTED, prepared, ["admin"], grant)
        assert user.unit(unit, "user").phase is Phase.RELEASED
        assert [item.unit for item in user.work_list("user")] == [str(unit)]
        assert [item.grant for item in user.overview("user").grants] == ["grant-1"]
        assert user.open_final(unit, "user").sha256
        assert user.open_image(unit, Role.PVP, "user")
        self.only(bench, Kind.ACCESS_ENDED, prepared, ["admin"], p.AccessEnded("grant-1", "the study is over"))
        assert answer(lambda: user.unit(unit, "user")) == unknown
        assert answer(lambda: user.open_final(unit, "user")) == unknown
        assert user.work_list("user") == ()

    def test_store_wide_intents_have_their_roles(self, bench: Bench) -> None:
        prepared, other, barred = (bench.prepared() for _ in range(3))
        self.only(bench, Kind.PERSON_SET, prepared, ["admin"])
        self.only(bench, Kind.PROTOCOL_PUBLISHED, prepared, ["trainer", "chief"])
        self.only(bench, Kind.CLEARANCE_SIGNED, prepared, ["chief"])
        self.only(bench, Kind.READINGS_FLAGGED, prepared, ["manager", "trainer", "chief"])
        for each in (prepared, other, barred):
            accepted(bench.admit(each))
        members = (str(prepared.unit), str(other.unit))
        self.only(bench, Kind.SAMPLE_DRAWN, prepared, ["manager"], p.SampleDrawn(1, members, {}, 28))
        self.only(bench, Kind.UNIT_BARRED, barred, ["trainer"])
        session = ("session-1", (str(barred.unit),), ("zhao",), ("wang", "li"))
        marks = (p.PassMark(Target.PRIMARY, 80, 20, 0, 80),)
        self.only(bench, Kind.CALIBRATION_PLANNED, barred, ["trainer"], p.CalibrationPlanned(*session, marks))
        assert isinstance(bench.ask("trainer", Kind.UNIT_BARRED, p.UnitBarred("s"), other.unit), Refusal)
        self.only(bench, Kind.UNIT_EXCLUDED, prepared, ["chief", "manager"])

    def test_each_person_sees_their_part_of_the_store_as_a_whole(self, bench: Bench) -> None:
        prepared, other, barred = (bench.prepared() for _ in range(3))
        for each in (prepared, other, barred):
            accepted(bench.admit(each))
        members = (str(prepared.unit), str(other.unit))
        bench.must("manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(1, members, {}, 28))
        bench.must("trainer", Kind.UNIT_BARRED, p.UnitBarred("s"), barred.unit)
        marks = (p.PassMark(Target.PRIMARY, 80, 20, 0, 80),)
        plan = p.CalibrationPlanned("s", (str(barred.unit),), ("zhao",), ("wang", "li"), marks)
        bench.must("trainer", Kind.CALIBRATION_PLANNED, plan)
        seen = {person: bench.harness.store(person).overview(person) for person in PEOPLE}
        for person in ("wang", "li", "zhao", "trainer", "user", "upstart"):
            assert seen[person].samples == ()
        for person in ("manager", "admin", "chief"):
            assert [view.members for view in seen[person].samples] == [members]
        for person in ("manager", "admin", "chief", "trainer"):
            assert [view.references for view in seen[person].sessions] == [("wang", "li")]
            assert len(seen[person].sessions[0].waiting) == 3
            assert {known.person for known in seen[person].people} == set(PEOPLE)
        assert [(view.readers, view.references) for view in seen["zhao"].sessions] == [(("zhao",), ())]
        assert (seen["wang"].sessions, seen["wang"].people) == ((), ())
        assert {item.reader for item in seen["wang"].clearances} == {"wang"}
        assert seen["chief"].may == {Kind.PROTOCOL_PUBLISHED, Kind.CLEARANCE_SIGNED, Kind.READINGS_FLAGGED} | {
            Kind.REFERENCE_SIGNED
        }
        with pytest.raises(CrcError):
            bench.harness.store("nobody").overview("nobody")

    def test_nobody_acts_as_the_system_or_compares_by_hand(self, bench: Bench) -> None:
        prepared = bench.opened("wang", "li")
        first, second = sorted((bench.read(prepared, "wang").sha256, bench.read(prepared, "li").sha256))
        bench.clock.wait(minutes=31)
        comparison = p.ReadingsCompared((first, second), (), ())
        for person in PEOPLE:
            assert isinstance(bench.ask(person, Kind.READINGS_COMPARED, comparison, prepared.unit), Refusal)
        before = bench.events()
        with pytest.raises(CrcError):
            bench.harness.store("admin").act(
                bench.intent("system", Kind.READINGS_COMPARED, comparison, prepared.unit), secret=PIN
            )
        assert bench.events() == before

    def test_who_left_does_nothing_any_more(self, bench: Bench) -> None:
        prepared = bench.opened("wang")
        bench.must("admin", Kind.PERSON_SET, person_set("wang", active=False))
        taken = bench.ask("wang", Kind.READING_TAKEN, p.ReadingTaken("wang", 1), prepared.unit)
        assert isinstance(taken, Refusal)
        assert bench.harness.store("wang").work_list("wang") == ()

    def test_signed_kinds_ask_for_the_person_again(self, bench: Bench) -> None:
        prepared = bench.opened("wang")
        store = bench.harness.store("chief")
        excluded = bench.intent("chief", Kind.UNIT_EXCLUDED, p.UnitExcluded("not_crc", "lymphoma"), prepared.unit)
        before = bench.events()
        for secret in (None, "", PIN + "0"):
            assert isinstance(store.act(excluded, secret=secret), Refusal)
        assert bench.events() == before
        accepted(store.act(excluded, secret=PIN))

    def test_the_same_intent_again_changes_nothing(self, bench: Bench) -> None:
        prepared = bench.opened("wang")
        store = bench.harness.store("wang")
        intent = bench.intent("wang", Kind.SENIOR_ASKED, p.SeniorAsked("wang", 1, "vessel?"), prepared.unit)
        assert store.act(intent) == Receipt(intent.id, False)
        before = bench.events()
        assert store.act(intent) == Receipt(intent.id, True)
        assert bench.events() == before

    def test_the_same_bodies_again_change_nothing(self, bench: Bench) -> None:
        prepared = bench.prepared()
        intent = bench.intent("manager", Kind.UNIT_REGISTERED, prepared.registration, prepared.unit)
        manager = bench.harness.store("manager")
        assert accepted(manager.admit(prepared, intent)).repeated is False
        assert accepted(manager.admit(prepared, intent)).repeated is True
        prepared = bench.opened("wang")
        sealed = bench.seal(prepared, "wang")
        assert accepted(bench.submit(sealed, prepared.unit, "wang")).repeated is False
        before = bench.events()
        assert accepted(bench.submit(sealed, prepared.unit, "wang")).repeated is True
        assert bench.events() == before

    def test_another_reading_of_the_slot_is_refused(self, bench: Bench) -> None:
        prepared = bench.opened("wang")
        bench.read(prepared, "wang")
        assert isinstance(bench.submit(bench.seal(prepared, "wang", 1), prepared.unit, "wang"), Refusal)

    def test_an_altered_or_foreign_reading_is_never_taken(self, bench: Bench) -> None:
        prepared, other = bench.opened("wang"), bench.opened("wang")
        sealed, foreign = bench.seal(prepared, "wang"), bench.seal(other, "wang")
        before = bench.events()
        with pytest.raises(CrcError):
            bench.submit(foreign, prepared.unit, "wang")
        (sealed.folder / "report.json").write_bytes(b"{}")
        with pytest.raises(CrcError):
            bench.submit(sealed, prepared.unit, "wang")
        assert bench.events() == before

    def test_what_went_in_comes_out_unchanged(self, bench: Bench) -> None:
        prepared = bench.opened("wang")
        for role, folder in bench.source.folders.items():
            paths = bench.harness.store("wang").open_image(prepared.unit, role, "wang")
            assert sorted(path.read_bytes() for path in paths) == sorted(path.read_bytes() for path in folder.iterdir())
        sealed = bench.read(prepared, "wang")
        again = bench.harness.store("wang").open_reading(sealed.sha256, "wang")
        assert again.sha256 == sealed.sha256
        assert all(again.read(name) == sealed.read(name) for name in sealed.manifest.files)

    def test_reserved_cases_are_never_given_twice(self, bench: Bench) -> None:
        manager = bench.harness.store("manager")
        codes = [manager.reserve_case("01", "manager") for _ in range(3)] + [manager.reserve_case("02", "manager")]
        assert len(set(codes)) == 4
        with pytest.raises(CrcError):
            bench.harness.store("wang").reserve_case("01", "wang")

    def test_earlier_images_of_the_case_are_seen_beside_and_nothing_else(self, bench: Bench) -> None:
        first = bench.opened("li", "zhao")
        bench.read(first, "li")
        later = bench.followed_up(first, "T2", "wang")
        other = bench.opened("wang")
        wang, zhao = bench.harness.store("wang"), bench.harness.store("zhao")
        (prior,) = wang.prior_units(later.unit, "wang")
        assert (prior.unit, prior.series) == (str(first.unit), first.registration.series)
        assert len(wang.open_image(first.unit, Role.PVP, "wang")) == SHAPE[0]
        hidden, absent = answer(lambda: wang.unit(first.unit, "wang")), answer(lambda: wang.unit(ABSENT, "wang"))
        assert hidden["error"] == absent["error"] == "store.unknown_unit"
        assert wang.prior_units(other.unit, "wang") == ()
        assert zhao.prior_units(first.unit, "zhao") == (), "a later examination tells nothing to who reads the earlier"
        assert answer(lambda: zhao.open_image(later.unit, Role.PVP, "zhao"))["error"] == "store.unknown_unit"
        assert answer(lambda: zhao.prior_units(later.unit, "zhao"))["error"] == "store.unknown_unit"

    def test_images_of_a_withdrawn_earlier_examination_are_gone(self, bench: Bench) -> None:
        first = bench.opened()
        later = bench.followed_up(first, "T1", "wang")
        wang = bench.harness.store("wang")
        assert len(wang.prior_units(later.unit, "wang")) == 1
        bench.must("manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("the patient asked"), first.unit)
        assert wang.prior_units(later.unit, "wang") == ()
        assert answer(lambda: wang.open_image(first.unit, Role.PVP, "wang"))["error"] == "store.unknown_unit"

    def test_unknown_and_hidden_units_look_the_same(self, bench: Bench) -> None:
        hidden = bench.opened("li")
        sealed = bench.read(hidden, "li")
        store = bench.harness.store("wang")
        absent = bench.source.prepared(ABSENT)
        answers = []
        for prepared in (hidden, absent):
            told = everything(bench, "wang", prepared, None)
            answers.append(
                told.replace(str(prepared.unit).encode(), b"UNIT").replace(prepared.unit.case.encode(), b"CASE")
            )
        assert answers[0] == answers[1]
        seen = [answer(lambda name=name: store.open_reading(name, "wang")) for name in (sealed.sha256, digest("none"))]
        assert [item["error"] for item in seen] == ["store.unknown_reading"] * 2

    @pytest.mark.parametrize("own_is_in", [False, True])
    def test_nothing_tells_a_reader_of_another_reading(self, open_bench: Callable[[], Bench], own_is_in: bool) -> None:
        """The same store, to the last byte, whether nobody else reads, somebody does, or both are in and compared."""
        told = []
        for others in ((), ("li",), ("li", "compared")):
            bench = open_bench()
            prepared = bench.opened("wang", *others[:1])
            sealed = bench.read(prepared, "wang") if own_is_in else None
            if others:
                bench.read(prepared, "li", DISPUTING_SHIFT)
            bench.clock.wait(minutes=31)
            if len(others) == 2:
                bench.harness.advance()
            told.append(everything(bench, "wang", prepared, sealed))
        assert told[0] == told[1] == told[2]

    def test_the_chain_is_for_auditors_and_whole(self, bench: Bench) -> None:
        bench.opened("wang")
        events = bench.events()
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert all(event.prev == before.hash for before, event in itertools.pairwise(events))
        assert bench.harness.store("manager").events_since(3, "manager") == events[3:]
        for person in ("wang", "chief", "user", "nobody"):
            with pytest.raises(CrcError):
                bench.harness.store("admin").events_since(0, person)
        assert bench.harness.store("chief").chain_head("chief") == events[-1].hash
        for person in ("wang", "manager", "admin", "user", "nobody"):
            with pytest.raises(CrcError):
                bench.harness.store("admin").chain_head(person)

    def test_agreeing_readings_become_a_final_by_rule_once(self, bench: Bench) -> None:
        prepared = bench.opened("wang", "li")
        bench.read(prepared, "wang")
        bench.read(prepared, "li")
        assert bench.harness.advance() == ()
        bench.clock.wait(minutes=31)
        assert bench.harness.advance() == (str(prepared.unit),)
        before = bench.events()
        assert bench.harness.advance() == ()
        assert bench.events() == before
        view = bench.harness.store("wang").unit(prepared.unit, "wang")
        assert view.phase is Phase.FINAL
        assert [final.by_rule for final in view.finals] == [True]

    def test_time_never_runs_backwards(self, bench: Bench) -> None:
        bench.opened("wang")
        bench.clock.wait(days=-30)
        bench.opened("wang")
        times = [event.at for event in bench.events()]
        assert times == sorted(times)
