"""Calibration as the rules see it: barred cases, references signed, blind readers, results, clearances, flags."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.reading.schema import CALIBRATION_ROUND, FIRST_ROUND
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind
from crc_core.workflow.gates import Situation
from crc_core.workflow.intents import Refusal
from crc_core.workflow.project import may_open_reading
from crc_core.workflow.store_view import project_store
from crc_core.workflow.views import Phase
from workflow_support import POLICY, START, Chain, digest, unit_name

UNIT, OTHER = unit_name(1), unit_name(2)
MARKS = (p.PassMark(Target.PRIMARY, 80, 20, 0, 80), p.PassMark(Target.LIVER, 80, 20, 1, 80))
AGREED = p.TargetOutcome(Target.PRIMARY, p.Outcome.AGREED, 1000)


def plan(**changes: Any) -> p.CalibrationPlanned:
    """The session: ma and sun are calibrated, wang and li make the reference."""
    return p.CalibrationPlanned(
        changes.get("session", "s1"),
        changes.get("units", (UNIT,)),
        changes.get("readers", ("ma", "sun")),
        changes.get("references", ("wang", "li")),
        changes.get("marks", MARKS),
    )


def result(reader: str, target: Target = Target.PRIMARY, passed: bool = True) -> p.CalibrationResult:
    """What a reader reached."""
    return p.CalibrationResult(reader, target, passed, 900 if passed else 500, 10, 0, 1000)


def barred(policy: Policy = POLICY) -> Chain:
    """Two units, the first barred for calibration, and two readers nobody has cleared."""
    chain = Chain(policy)
    chain.hire()
    for reader in ("ma", "sun"):
        person = p.PersonSet(reader, Title.RESIDENT, frozenset({PersonRole.ANNOTATOR}), "01", True)
        chain.must("admin", Kind.PERSON_SET, person)
    for unit in (UNIT, OTHER):
        chain.prepare(unit)
    chain.must("trainer", Kind.UNIT_BARRED, p.UnitBarred("s1"), UNIT)
    return chain


def planned() -> Chain:
    """The session is planned and everybody has a slot."""
    chain = barred()
    chain.must("trainer", Kind.CALIBRATION_PLANNED, plan())
    for reader, number in (("wang", 1), ("li", 1), ("ma", CALIBRATION_ROUND), ("sun", CALIBRATION_ROUND)):
        chain.must("trainer", Kind.READING_ASSIGNED, p.ReadingAssigned(reader, number), UNIT)
    return chain


def with_reference() -> Chain:
    """Both reference readings agree and the rule has made a final of them."""
    chain = planned()
    for reader in ("wang", "li"):
        chain.submit(UNIT, reader)
    chain.wait(minutes=31)
    pair = chain.compare(UNIT, AGREED)
    chain.must("system", Kind.FINAL_STORED, p.FinalStored(digest("final"), 1, pair, True), UNIT)
    return chain


def opened(*results: p.CalibrationResult) -> Chain:
    """All is read, signed and opened."""
    chain = with_reference()
    for reader in ("ma", "sun"):
        chain.submit(UNIT, reader, number=CALIBRATION_ROUND)
    chain.wait(minutes=31)
    chain.must("chief", Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {UNIT: digest("final")}))
    reached = results or (result("ma"), result("sun"))
    opening = p.CalibrationOpened("s1", {UNIT: digest("final")}, reached)
    chain.must("trainer", Kind.CALIBRATION_OPENED, opening)
    return chain


def code(answer: Refusal | None) -> str:
    """The code of a refusal."""
    assert isinstance(answer, Refusal)
    return answer.code


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"units": (OTHER,)}, "workflow.not_barred"),
        ({"units": ()}, "workflow.session_empty"),
        ({"readers": ("ma", "ma")}, "workflow.session_empty"),
        ({"marks": ()}, "workflow.session_empty"),
        ({"references": ("wang",)}, "workflow.session_references"),
        ({"references": ("wang", "ma")}, "workflow.session_references"),
        ({"readers": ("chief",)}, "workflow.not_a_reader"),
        ({"references": ("wang", "nobody")}, "workflow.not_a_reader"),
        ({"session": " "}, "workflow.session_exists"),
    ],
)
def test_a_plan_without_sense_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert code(barred().ask("trainer", Kind.CALIBRATION_PLANNED, plan(**changes))) == expected


def test_only_a_trainer_plans_and_a_name_is_used_once() -> None:
    chain = barred()
    for person in ("manager", "chief", "wang", "admin"):
        assert code(chain.ask(person, Kind.CALIBRATION_PLANNED, plan())) == "workflow.role"
    chain.must("trainer", Kind.CALIBRATION_PLANNED, plan())
    assert code(chain.ask("trainer", Kind.CALIBRATION_PLANNED, plan())) == "workflow.session_exists"
    again = plan(session="s2", readers=("ma",))
    assert code(chain.ask("trainer", Kind.CALIBRATION_PLANNED, again)) == "workflow.calibrated_before"


def test_barred_units_are_the_trainers_and_the_others_are_not() -> None:
    chain = barred()
    chain.must("trainer", Kind.CALIBRATION_PLANNED, plan())
    wang, ma = p.ReadingAssigned("wang", 1), p.ReadingAssigned("ma", CALIBRATION_ROUND)
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, wang, UNIT)) == "workflow.barred"
    assert code(chain.ask("trainer", Kind.READING_ASSIGNED, wang, OTHER)) == "workflow.role"
    for wrong in (p.ReadingAssigned("ma", 1), p.ReadingAssigned("wang", CALIBRATION_ROUND), p.ReadingAssigned("ma", 2)):
        assert code(chain.ask("trainer", Kind.READING_ASSIGNED, wrong, UNIT)) == "workflow.not_in_session"
    chain.must("trainer", Kind.READING_ASSIGNED, ma, UNIT)
    assert code(chain.ask("trainer", Kind.READING_ASSIGNED, ma, UNIT)) == "workflow.has_slot"


def test_a_sampled_unit_is_not_barred_and_a_barred_one_not_sampled() -> None:
    chain = barred()
    third, fourth = unit_name(3), unit_name(4)
    for unit in (third, fourth):
        chain.prepare(unit)
    sample = p.SampleDrawn(1, (OTHER, third, UNIT), {}, 28)
    assert code(chain.ask("manager", Kind.SAMPLE_DRAWN, sample)) == "workflow.barred"
    chain.must("manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(1, (OTHER, third, fourth), {}, 28))
    assert code(chain.ask("trainer", Kind.UNIT_BARRED, p.UnitBarred("s1"), OTHER)) == "workflow.not_now"
    view = chain.view("trainer", OTHER)
    assert view is not None
    assert Kind.UNIT_BARRED in view.may, "what may be done tells nobody who is in the sample"


def test_a_reference_never_enters_a_release_and_data_users_never_meet_it() -> None:
    chain = with_reference()
    assert chain.state(UNIT).phase(chain.policy) is Phase.REFERENCE
    released = chain.ask("manager", Kind.UNIT_RELEASED, p.UnitReleased("r", digest("final")), UNIT)
    assert code(released) == "workflow.not_now"
    assert chain.view("user", UNIT) is None


def test_the_reference_is_signed_by_a_senior_who_read_none_of_it() -> None:
    chain = with_reference()
    for person in ("trainer", "upstart", "wang", "manager"):
        assert code(chain.ask(person, Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {UNIT: digest("final")}))) == (
            "workflow.role"
        )
    other = p.ReferenceSigned("s1", {UNIT: digest("another")})
    assert code(chain.ask("chief", Kind.REFERENCE_SIGNED, other)) == "workflow.reference_missing"
    assert code(chain.ask("chief", Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {}))) == "workflow.no_such_session"
    chain.must("chief", Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {UNIT: digest("final")}))


def test_results_open_only_when_all_is_read_and_signed() -> None:
    chain = with_reference()
    opening = p.CalibrationOpened("s1", {UNIT: digest("final")}, (result("ma"),))
    assert code(chain.ask("trainer", Kind.CALIBRATION_OPENED, opening)) == "workflow.reference_unsigned"
    chain.must("chief", Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {UNIT: digest("final")}))
    assert code(chain.ask("trainer", Kind.CALIBRATION_OPENED, opening)) == "workflow.not_read_yet"
    for wrong in ((), (result("wang"),)):
        answer = chain.ask(
            "trainer", Kind.CALIBRATION_OPENED, p.CalibrationOpened("s1", {UNIT: digest("final")}, wrong)
        )
        assert code(answer) == "workflow.no_results"
    chain.submit(UNIT, "ma", number=CALIBRATION_ROUND)
    chain.must("trainer", Kind.CALIBRATION_OPENED, opening)


def _seen(chain: Chain, viewer: str) -> bytes:
    store = project_store(chain.standings, chain.context, viewer, chain.now)
    return canonical_bytes([to_document(chain.view(viewer, UNIT)), to_document(store)])


@pytest.mark.parametrize("own_is_in", [False, True])
def test_who_is_calibrated_sees_the_same_whatever_others_have_read(own_is_in: bool) -> None:
    told = []
    for others in range(4):
        chain = planned()
        if own_is_in:
            chain.submit(UNIT, "ma", number=CALIBRATION_ROUND)
        if others >= 1:
            chain.submit(UNIT, "wang")
        if others >= 2:
            chain.submit(UNIT, "li")
        chain.wait(minutes=31)
        if others == 3:
            pair = chain.compare(UNIT, AGREED)
            chain.must("system", Kind.FINAL_STORED, p.FinalStored(digest("final"), 1, pair, True), UNIT)
            chain.submit(UNIT, "sun", number=CALIBRATION_ROUND)
        told.append(_seen(chain, "ma"))
    assert len(set(told)) == 1


def test_blinding_ends_with_the_opening_and_then_own_and_reference_are_seen_only() -> None:
    chain = opened()
    view = chain.view("ma", UNIT)
    assert view is not None
    assert (view.phase, [slot.reader for slot in view.slots], len(view.finals)) == (Phase.REFERENCE, ["ma"], 1)
    slots = chain.state(UNIT).slots
    person = chain.context.people["ma"]
    situation = Situation(chain.state(UNIT), chain.context, person, chain.now)
    readable = {
        reader for (reader, _), slot in slots.items() if slot.reading and may_open_reading(situation, slot.reading)
    }
    assert readable == {"ma"}
    store = project_store(chain.standings, chain.context, "ma", chain.now)
    assert store is not None
    assert [item.reader for item in store.sessions[0].results] == ["ma"]
    trainer = chain.view("trainer", UNIT)
    assert trainer is not None
    assert {slot.reader for slot in trainer.slots} == {"wang", "li", "ma", "sun"}


def test_who_has_not_read_stays_blind_after_the_opening() -> None:
    chain = with_reference()
    chain.submit(UNIT, "ma", number=CALIBRATION_ROUND)
    chain.must("chief", Kind.REFERENCE_SIGNED, p.ReferenceSigned("s1", {UNIT: digest("final")}))
    chain.must("trainer", Kind.CALIBRATION_OPENED, p.CalibrationOpened("s1", {UNIT: digest("final")}, (result("ma"),)))
    ma, sun = chain.view("ma", UNIT), chain.view("sun", UNIT)
    assert ma is not None
    assert sun is not None
    # ma may still take the reading back, so nothing is shown before that has passed.
    assert (ma.phase, sun.phase, sun.finals) == (Phase.READING, Phase.READING, ())
    chain.wait(minutes=31)
    ma = chain.view("ma", UNIT)
    assert ma is not None
    assert ma.phase is Phase.REFERENCE


def test_a_clearance_on_a_session_needs_its_result_or_a_reason() -> None:
    chain = opened(result("ma"), result("ma", Target.LIVER, False))
    cleared = p.ClearanceSigned("ma", Target.PRIMARY, "v1", True, "s1")
    chain.must("chief", Kind.CLEARANCE_SIGNED, cleared)
    failed = p.ClearanceSigned("ma", Target.LIVER, "v1", True, "s1")
    assert code(chain.ask("chief", Kind.CLEARANCE_SIGNED, failed)) == "workflow.not_passed"
    chain.must("chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("ma", Target.LIVER, "v1", True, "s1", "small lesions"))
    strange = p.ClearanceSigned("ma", Target.PRIMARY, "v1", True, "s9")
    assert code(chain.ask("chief", Kind.CLEARANCE_SIGNED, strange)) == "workflow.not_calibrated"
    assert code(chain.ask("trainer", Kind.CLEARANCE_SIGNED, cleared)) == "workflow.role"
    assert [
        (item.record.target, item.signer) for item in chain.context.clearance_records if item.record.reader == "ma"
    ] == [
        (Target.LIVER, "chief"),
        (Target.PRIMARY, "chief"),
    ]


def test_production_needs_the_clearance_and_only_a_senior_overrules() -> None:
    chain = opened()
    wish = p.ReadingAssigned("ma", FIRST_ROUND)
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, wish, OTHER)) == "workflow.not_cleared"
    reasoned = p.ReadingAssigned("ma", FIRST_ROUND, "nobody else is here")
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, reasoned, OTHER)) == "workflow.not_cleared"
    assert code(chain.ask("chief", Kind.READING_ASSIGNED, wish, OTHER)) == "workflow.not_cleared"
    chain.must("chief", Kind.READING_ASSIGNED, reasoned, OTHER)


def test_a_flag_asks_for_recalibration_and_marks_the_readings_since() -> None:
    chain = barred()
    chain.assign(OTHER, "wang", "li")
    chain.wait(days=1)
    chain.submit(OTHER, "wang")
    chain.wait(days=1)
    chain.must("manager", Kind.READINGS_FLAGGED, p.ReadingsFlagged("wang", START + timedelta(hours=1), "ICC 0.61"))
    assert not chain.context.is_cleared("wang", Target.PRIMARY)
    assert chain.context.is_cleared("li", Target.PRIMARY)
    for viewer, expected in (("manager", True), ("chief", True), ("wang", False), ("li", False)):
        view = chain.view(viewer, OTHER)
        assert view is not None
        assert view.flagged is expected, viewer
    own = project_store(chain.standings, chain.context, "wang", chain.now)
    other = project_store(chain.standings, chain.context, "li", chain.now)
    assert own is not None
    assert other is not None
    assert [(flag.reader, flag.reason) for flag in own.flags] == [("wang", None)]
    assert other.flags == ()
    chain.wait(days=1)
    chain.must("chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("wang", Target.PRIMARY, "v2"))
    assert chain.context.is_cleared("wang", Target.PRIMARY)
    assert chain.context.is_flagged("wang", START + timedelta(days=1))
    assert not chain.context.is_flagged("wang", chain.now)


def test_a_protocol_has_the_hash_of_its_text_and_is_seen_by_everybody() -> None:
    chain = opened()
    wrong = p.ProtocolPublished("v2", digest("something"), "the text", "s1")
    assert code(chain.ask("trainer", Kind.PROTOCOL_PUBLISHED, wrong)) == "workflow.protocol_altered"
    lost = p.ProtocolPublished("v2", digest("the text"), "the text", "s9")
    assert code(chain.ask("trainer", Kind.PROTOCOL_PUBLISHED, lost)) == "workflow.no_such_session"
    chain.must("trainer", Kind.PROTOCOL_PUBLISHED, p.ProtocolPublished("v2", digest("the text"), "the text", "s1"))
    for viewer in ("ma", "wang", "chief", "user"):
        store = project_store(chain.standings, chain.context, viewer, chain.now)
        assert store is not None
        assert store.protocol is not None
        assert (store.protocol.version, store.protocol.document) == ("v2", "the text")
