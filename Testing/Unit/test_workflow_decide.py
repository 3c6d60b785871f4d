"""The life of a unit from registration to release, and every way it is refused."""

from __future__ import annotations

import dataclasses

import pytest
from crc_core.text import Lang
from crc_core.vocabulary import Mode, PersonRole, Role, Target, Title, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.context import SYSTEM_ACTOR
from crc_core.workflow.events import Kind, check_chain, read_event
from crc_core.workflow.intents import Refusal
from crc_core.workflow.state import Due
from crc_core.workflow.views import Phase, SlotPhase
from workflow_support import POLICY, Chain, digest, ready_chain, unit_name, with_policy

UNIT = unit_name()
AGREED = p.TargetOutcome(Target.PRIMARY, p.Outcome.AGREED, 912)
DISPUTED = p.TargetOutcome(Target.LIVER, p.Outcome.DISPUTED, 700)


def code(answer: Refusal | None) -> str | None:
    """The refusal's code, and a proof that it can be worded in both languages."""
    if answer is None:
        return None
    for lang in Lang:
        assert "{" not in answer.sentence(lang)
    return answer.code


def final(pair: tuple[str, str], version: int = 1, by_rule: bool = False, **more: str) -> p.FinalStored:
    return p.FinalStored(digest(f"final{version}"), version, pair, by_rule, **more)


def compared(chain: Chain, *outcomes: p.TargetOutcome, open_fields: tuple[str, ...] = ()) -> tuple[str, str]:
    chain.submit(UNIT, "wang")
    chain.submit(UNIT, "li")
    chain.wait(hours=1)
    return chain.compare(UNIT, *outcomes, open_fields=open_fields)


def phase(chain: Chain) -> Phase:
    return chain.state(UNIT).phase(chain.policy)


def test_two_agreeing_readings_become_a_final_by_rule_and_are_released():
    chain = ready_chain(UNIT)
    pair = compared(chain, AGREED)
    assert phase(chain) is Phase.COMPARING
    assert chain.state(UNIT).due(chain.now, chain.policy) is Due.RULE_FINAL
    chain.must(SYSTEM_ACTOR, Kind.FINAL_STORED, final(pair, by_rule=True), UNIT)
    assert phase(chain) is Phase.FINAL
    chain.must("manager", Kind.UNIT_RELEASED, p.UnitReleased("1.0.0", digest("final1")), UNIT)
    assert phase(chain) is Phase.RELEASED


def test_a_dispute_waits_for_a_senior_and_no_rule_settles_it():
    chain = ready_chain(UNIT)
    pair = compared(chain, AGREED, DISPUTED)
    assert phase(chain) is Phase.DISPUTED
    assert chain.state(UNIT).due(chain.now, chain.policy) is Due.NOTHING
    assert code(chain.ask(SYSTEM_ACTOR, Kind.FINAL_STORED, final(pair, by_rule=True), UNIT)) == "workflow.not_now"
    assert code(chain.ask("upstart", Kind.FINAL_STORED, final(pair), UNIT)) == "workflow.unknown_unit"
    assert code(chain.ask("manager", Kind.FINAL_STORED, final(pair), UNIT)) == "workflow.role"
    assert code(chain.ask("chief", Kind.FINAL_STORED, final(pair, by_rule=True), UNIT)) == "workflow.role"
    chain.must("chief", Kind.FINAL_STORED, final(pair), UNIT)
    assert phase(chain) is Phase.FINAL


def test_open_critical_answers_keep_an_agreed_contour_open():
    chain = ready_chain(UNIT)
    pair = compared(chain, AGREED, open_fields=("t_stage",))
    assert phase(chain) is Phase.REPORT_OPEN
    assert code(chain.ask(SYSTEM_ACTOR, Kind.FINAL_STORED, final(pair, by_rule=True), UNIT)) == "workflow.not_now"
    chain.must("chief", Kind.FINAL_STORED, final(pair), UNIT)


def test_a_final_is_superseded_only_knowingly():
    chain = ready_chain(UNIT)
    pair = compared(chain, DISPUTED)
    chain.must("chief", Kind.FINAL_STORED, final(pair), UNIT)
    assert code(chain.ask("chief", Kind.FINAL_STORED, final(pair, 2), UNIT)) == "workflow.stale"
    blank = final(pair, 2, supersedes=digest("final1"), reason=" ")
    assert code(chain.ask("chief", Kind.FINAL_STORED, blank, UNIT)) == "workflow.reason_missing"
    mended = final(pair, 2, supersedes=digest("final1"), reason="one lesion was a cyst")
    chain.must("chief", Kind.FINAL_STORED, mended, UNIT)
    view = chain.view("chief", UNIT)
    assert view is not None
    assert [item.version for item in view.finals] == [1, 2]
    stale = p.UnitReleased("1.0.0", digest("final1"))
    assert code(chain.ask("manager", Kind.UNIT_RELEASED, stale, UNIT)) == "workflow.stale"


def test_a_senior_never_settles_a_case_they_read():
    chain = ready_chain(UNIT, with_policy(require_clearance=False))
    other = unit_name(2)
    chain.prepare(other)
    chain.assign(other, "wang", "dean")
    chain.submit(other, "wang")
    chain.submit(other, "dean")
    chain.wait(hours=1)
    pair = chain.compare(other, DISPUTED)
    assert code(chain.ask("dean", Kind.FINAL_STORED, final(pair), other)) == "workflow.own_case"
    assert code(chain.ask("dean", Kind.UNIT_EXCLUDED, p.UnitExcluded("x", "y"), other)) == "workflow.own_case"
    assert code(chain.ask("dean", Kind.READING_RETURNED, p.ReadingReturned("why"), other)) == "workflow.own_case"
    chain.must("chief", Kind.FINAL_STORED, final(pair), other)


def test_no_comparison_while_a_reading_can_be_taken_back():
    chain = ready_chain(UNIT)
    chain.submit(UNIT, "wang")
    chain.wait(minutes=20)
    reading = chain.submit(UNIT, "li")
    pair = chain.state(UNIT).current_pair(chain.policy)
    assert pair is not None
    payload = p.ReadingsCompared(pair, (AGREED,), ())
    chain.wait(minutes=15)
    assert chain.state(UNIT).due(chain.now, chain.policy) is Due.NOTHING
    assert code(chain.ask(SYSTEM_ACTOR, Kind.READINGS_COMPARED, payload, UNIT)) == "workflow.not_now"
    chain.must("li", Kind.READING_WITHDRAWN, p.ReadingWithdrawn("li", 1, reading, "wrong side"), UNIT)
    assert phase(chain) is Phase.READING
    assert code(chain.ask("li", Kind.READING_SUBMITTED, p.ReadingSubmitted("li", 1, reading), UNIT)) == (
        "workflow.same_reading_again"
    )
    better = p.ReadingSubmitted("li", 1, digest("better"), supersedes=reading)
    chain.must("li", Kind.READING_SUBMITTED, better, UNIT)
    chain.wait(minutes=30)
    assert chain.state(UNIT).due(chain.now, chain.policy) is Due.COMPARISON
    assert code(chain.ask(SYSTEM_ACTOR, Kind.READINGS_COMPARED, payload, UNIT)) == "workflow.stale"


def test_the_window_closes_at_the_same_minute_with_and_without_a_second_reading():
    for second in (False, True):
        chain = ready_chain(UNIT)
        reading = chain.submit(UNIT, "wang")
        if second:
            chain.submit(UNIT, "li")
        chain.wait(minutes=30)
        taken_back = p.ReadingWithdrawn("wang", 1, reading, "no")
        assert code(chain.ask("wang", Kind.READING_WITHDRAWN, taken_back, UNIT)) == "workflow.window_closed"


def test_a_slot_takes_one_reading():
    chain = ready_chain(UNIT)
    reading = chain.submit(UNIT, "wang")
    before = len(chain.events)
    chain.must("wang", Kind.READING_SUBMITTED, p.ReadingSubmitted("wang", 1, reading), UNIT)
    assert len(chain.events) == before
    other = p.ReadingSubmitted("wang", 1, digest("other"))
    assert code(chain.ask("wang", Kind.READING_SUBMITTED, other, UNIT)) == "workflow.slot_taken"
    chain.must("wang", Kind.READING_SUBMITTED, dataclasses.replace(other, supersedes=reading), UNIT)
    assert code(chain.ask("li", Kind.READING_SUBMITTED, other, UNIT)) == "workflow.not_your_slot"
    assert code(chain.ask("zhao", Kind.READING_SUBMITTED, other, UNIT)) == "workflow.unknown_unit"


def test_returned_readings_come_back_changed_and_are_compared_anew():
    chain = ready_chain(UNIT)
    pair = compared(chain, DISPUTED)
    chain.must("chief", Kind.READING_RETURNED, p.ReadingReturned("Is segment 6 included?"), UNIT)
    assert phase(chain) is Phase.READING
    view = chain.view("wang", UNIT)
    assert view is not None
    assert (view.slots[0].phase, view.slots[0].question) == (SlotPhase.RETURNED, "Is segment 6 included?")
    old = next(slot.reading for slot in chain.state(UNIT).slots_of("wang"))
    bare = p.ReadingSubmitted("wang", 1, digest("new"))
    assert code(chain.ask("wang", Kind.READING_SUBMITTED, bare, UNIT)) == "workflow.must_supersede"
    chain.must("wang", Kind.READING_TAKEN, p.ReadingTaken("wang", 1), UNIT)
    chain.must("wang", Kind.READING_SUBMITTED, dataclasses.replace(bare, supersedes=old), UNIT)
    assert phase(chain) is Phase.READING
    older = next(slot.reading for slot in chain.state(UNIT).slots_of("li"))
    chain.must("li", Kind.READING_SUBMITTED, p.ReadingSubmitted("li", 1, digest("li2"), older), UNIT)
    assert phase(chain) is Phase.COMPARING
    assert code(chain.ask("chief", Kind.FINAL_STORED, final(pair), UNIT)) == "workflow.not_now"


def test_clearance_is_needed_and_only_a_senior_overrules_it():
    chain = ready_chain(UNIT)
    unit = unit_name(2)
    chain.prepare(unit)
    chain.must("chief", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("zhao", Target.LIVER, "v1", cleared=False))
    wish = p.ReadingAssigned("zhao", 1)
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, wish, unit)) == "workflow.not_cleared"
    reasoned = p.ReadingAssigned("zhao", 1, "only reader on duty")
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, reasoned, unit)) == "workflow.not_cleared"
    chain.must("chief", Kind.READING_ASSIGNED, reasoned, unit)
    assert code(chain.ask("dean", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("dean", Target.LIVER, "v1"))) == (
        "workflow.own_clearance"
    )
    assert code(chain.ask("upstart", Kind.CLEARANCE_SIGNED, p.ClearanceSigned("li", Target.LUNG, "v1"))) == (
        "workflow.role"
    )


def test_assignment_rules():
    chain = ready_chain(UNIT)
    for wish, expected in (
        (p.ReadingAssigned("wang", 1), "workflow.has_slot"),
        (p.ReadingAssigned("zhao", 1), "workflow.slots_full"),
        (p.ReadingAssigned("zhao", 2), "workflow.not_in_sample"),
        (p.ReadingAssigned("manager", 1), "workflow.not_a_reader"),
        (p.ReadingAssigned("nobody", 1), "workflow.not_a_reader"),
    ):
        assert code(chain.ask("manager", Kind.READING_ASSIGNED, wish, UNIT)) == expected
    late = p.SourcesBound((p.Binding(Target.LUNG, Role.CHEST, f"{UNIT}_CHEST", Mode.DIRECT),), "v1")
    assert code(chain.ask("manager", Kind.SOURCES_BOUND, late, UNIT)) == "workflow.reading_began"


def test_a_failed_scan_stops_until_what_may_be_overruled_is():
    chain = Chain()
    chain.hire()
    series = p.SeriesRecord(Role.PVP, f"{UNIT}_PVP", "2.25.1", digest("x"), 3)
    chain.must("manager", Kind.UNIT_REGISTERED, p.UnitRegistered((series,)), UNIT)
    items = (p.CheckedItem("tilt", Verdict.FAIL, False), p.CheckedItem("coverage", Verdict.FAIL, True))
    chain.must("manager", Kind.SCAN_CHECKED, p.ScanChecked(Verdict.FAIL, items, "r1"), UNIT)
    assert phase(chain) is Phase.SCAN_REFUSED
    for name, reason, expected in (
        ("tilt", "fine", "workflow.not_overrulable"),
        ("kvp", "fine", "workflow.no_such_item"),
        ("coverage", " ", "workflow.reason_missing"),
    ):
        wish = p.ScanOverruled((name,), reason)
        assert code(chain.ask("manager", Kind.SCAN_OVERRULED, wish, UNIT)) == expected
    chain.must("manager", Kind.SCAN_OVERRULED, p.ScanOverruled(("coverage",), "pelvis complete"), UNIT)
    assert phase(chain) is Phase.SCAN_REFUSED
    chain.must("manager", Kind.SCAN_CHECKED, p.ScanChecked(Verdict.WARN, items[1:], "r1"), UNIT)
    chain.must("manager", Kind.SCAN_OVERRULED, p.ScanOverruled(("coverage",), "pelvis complete"), UNIT)
    assert phase(chain) is Phase.CHECKED
    foreign = p.SourcesBound((p.Binding(Target.PRIMARY, Role.AP, f"{UNIT}_PVP", Mode.DIRECT),), "v1")
    assert code(chain.ask("manager", Kind.SOURCES_BOUND, foreign, UNIT)) == "workflow.no_such_series"
    one = p.Binding(Target.PRIMARY, Role.PVP, f"{UNIT}_PVP", Mode.DIRECT)
    assert code(chain.ask("manager", Kind.SOURCES_BOUND, p.SourcesBound((one, one), "v1"), UNIT)) == (
        "workflow.bound_twice"
    )


def test_the_mode_changes_only_before_readings_come_in():
    chain = ready_chain(UNIT)
    change = p.ModeChanged(Target.PRIMARY, Mode.DIRECT, "no lumen seen")
    chain.must("chief", Kind.MODE_CHANGED, change, UNIT)
    assert chain.state(UNIT).bindings[Target.PRIMARY].mode is Mode.DIRECT
    chain.submit(UNIT, "li")
    back = p.ModeChanged(Target.PRIMARY, Mode.SUBTRACTION, "lumen seen")
    assert code(chain.ask("chief", Kind.MODE_CHANGED, back, UNIT)) == "workflow.reading_in"


def test_consent_withdrawn_hides_everything_and_stops_everything():
    chain = ready_chain(UNIT)
    chain.submit(UNIT, "wang")
    chain.must("manager", Kind.CONSENT_WITHDRAWN, p.ConsentWithdrawn("letter of the patient"), UNIT)
    for viewer in ("wang", "chief", "manager"):
        view = chain.view(viewer, UNIT)
        assert view is not None
        assert (view.phase, view.series, view.slots, view.finals) == (Phase.WITHDRAWN, (), (), ())
    assert code(chain.ask("li", Kind.READING_SUBMITTED, p.ReadingSubmitted("li", 1, digest("l")), UNIT)) == (
        "workflow.unit_withdrawn"
    )


def test_exclusion_by_manager_before_and_by_senior_during_reading():
    chain = ready_chain(UNIT)
    wish = p.UnitExcluded("not_crc", "lymphoma at histology")
    assert code(chain.ask("manager", Kind.UNIT_EXCLUDED, wish, UNIT)) == "workflow.reading_began"
    chain.must("chief", Kind.UNIT_EXCLUDED, wish, UNIT)
    assert phase(chain) is Phase.EXCLUDED
    early = unit_name(3)
    chain.prepare(early)
    chain.must("manager", Kind.UNIT_EXCLUDED, wish, early)


def test_calibration_cases_stay_out_of_production():
    chain = Chain()
    chain.hire()
    chain.prepare(UNIT)
    chain.must("trainer", Kind.UNIT_BARRED, p.UnitBarred("calibration-1"), UNIT)
    assert code(chain.ask("manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 1), UNIT)) == "workflow.barred"
    draw = p.SampleDrawn(1, (UNIT, UNIT, UNIT), {}, 28)
    assert code(chain.ask("manager", Kind.SAMPLE_DRAWN, draw)) == "workflow.barred"


def test_the_last_administrator_stays():
    chain = Chain()
    chain.hire()
    demoted = p.PersonSet("admin", Title.NONE, frozenset({PersonRole.DATA_USER}), "01", True)
    assert code(chain.ask("admin", Kind.PERSON_SET, demoted)) == "workflow.last_administrator"
    second = p.PersonSet("second", Title.NONE, frozenset({PersonRole.ADMINISTRATOR}), "01", True)
    assert code(chain.ask(SYSTEM_ACTOR, Kind.PERSON_SET, second)) == "workflow.has_administrator"
    chain.must("admin", Kind.PERSON_SET, second)
    chain.must("admin", Kind.PERSON_SET, demoted)
    assert code(chain.ask("admin", Kind.PERSON_SET, second)) == "workflow.role"


def test_the_chain_names_the_event_that_was_altered(tmp_path):
    chain = ready_chain(UNIT)
    head = check_chain(chain.events)
    assert head == chain.events[-1].hash
    for event in chain.events:
        assert read_event(event.to_bytes(), tmp_path / "e") == event
    forged = dataclasses.replace(chain.events[3], actor="chief")
    with pytest.raises(Exception, match="number 4"):
        check_chain([*chain.events[:3], forged, *chain.events[4:]])
    with pytest.raises(Exception, match="number 4"):
        check_chain([*chain.events[:3], *chain.events[4:]])
    with pytest.raises(Exception, match="altered"):
        read_event(forged.to_bytes(), tmp_path / "e")


def test_a_released_unit_is_not_excluded():
    chain = ready_chain(UNIT)
    pair = compared(chain, AGREED)
    chain.must(SYSTEM_ACTOR, Kind.FINAL_STORED, final(pair, by_rule=True), UNIT)
    chain.must("manager", Kind.UNIT_RELEASED, p.UnitReleased("1.0.0", digest("final1")), UNIT)
    assert code(chain.ask("chief", Kind.UNIT_EXCLUDED, p.UnitExcluded("x", "y"), UNIT)) == "workflow.released"
    assert POLICY.readers_per_unit == 2
