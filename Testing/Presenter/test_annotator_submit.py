"""Handing in: nothing that is not whole, nothing lost where it fails, taken back in time, and on to the next case."""

from __future__ import annotations

import numpy as np
import pytest
import store_support as stores
from annotator_room import READER, Room, Seat, answer_everything, finish_drawn, lesion, source_of, stroke
from crc_core.contour.segment_key import SegmentKey
from crc_core.errors import CrcError
from crc_core.reading.seal import open_reading, read_reading
from crc_core.text import Lang, say
from crc_core.vocabulary import Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal
from crc_core.workflow.views import SlotPhase, SlotView
from CRCAnnotatorLib.presenter.state import Level, Mark, Saved, StepId

GONE = CrcError("store.vanished", path="somewhere")
FULL = CrcError("file.disk_full", path="disk")


def ready(room: Room) -> Seat:
    """A reader with a case that can be handed in."""
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    answer_everything(seat)
    return seat


def own_slot(room: Room, seat: Seat) -> SlotView:
    case = seat.annotator.hub.case
    assert case is not None
    (slot,) = room.store.unit(case.unit, READER).slots
    return slot


def test_what_is_handed_in_is_what_was_drawn_and_said(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    for _ in range(40):
        seat.jobs.advance(1)
        seat.scene.touches()
    key = lesion(seat)
    finish_drawn(seat)
    seat.annotator.go_to(StepId.SUBMIT)
    assert seat.state.submit is not None and seat.state.submit.can_submit and seat.state.submit.problems == ()
    seat.annotator.submit.submit()

    slot = own_slot(room, seat)
    assert slot.phase is SlotPhase.SUBMITTED and slot.reading is not None
    opened = read_reading(room.store.open_reading(slot.reading, READER))
    assert opened.reading.of(Target.PRIMARY).answer is TargetAnswer.RESECTED  # type: ignore[union-attr]
    mask = opened.mask(Target.LIVER, expected=source_of(unit))
    assert np.array_equal(mask.array == key.lesion, seat.scene.held[key].array)
    assert opened.provenance.reader == READER and opened.provenance.title == "住院医师"
    assert opened.provenance.versions["slicer"] == "5.13"
    assert 40 <= opened.provenance.active_seconds < 120
    assert opened.provenance.scan_confirmed
    assert not list((room.home / "sealed").rglob("reading.json")), "no copy stays where it could be looked up"


def test_the_panel_says_that_it_is_in_and_until_when_it_can_be_taken_back(room: Room) -> None:
    seat = ready(room)
    seat.annotator.submit.submit()
    submit = seat.state.submit
    assert submit is not None and seat.message.endswith("was sealed, compared and submitted.")
    slot = own_slot(room, seat)
    assert slot.reading is not None and slot.reading[:8] in submit.submitted
    until = (room.clock.now().astimezone()).strftime("%H:") + "30"
    assert submit.withdraw == say("annotator.submit.window_open", Lang.EN, until=until) and submit.can_withdraw
    assert not submit.can_submit and not submit.submitting
    assert seat.state.header is not None and seat.state.header.read_only and seat.state.header.saved is Saved.NOTHING
    assert seat.state.foot == say("annotator.foot.submitted", Lang.EN)
    assert {mark.mark for mark in seat.state.steps if mark.step is not seat.state.step} == {Mark.DONE}
    seat.jobs.advance(31 * 60)
    assert seat.state.submit is not None and not seat.state.submit.can_withdraw, "the window closed meanwhile"
    assert seat.state.submit.withdraw == say("annotator.submit.window_closed", Lang.EN)


def test_nothing_is_handed_in_while_something_is_open(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.submit.submit()
    assert seat.state.step is StepId.SUBMIT and seat.state.message is not None
    assert seat.state.message.level is Level.WARNING
    assert seat.state.submit is not None and seat.state.submit.blocking and not seat.state.submit.can_submit
    assert own_slot(room, seat).phase is SlotPhase.IN_WORK


def test_a_problem_leads_to_where_it_is_mended(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.go_to(StepId.SUBMIT)
    problems = {problem.words: problem for problem in seat.state.submit.problems}  # type: ignore[union-attr]
    scan = problems[say("desk.problem.scan", Lang.EN)]
    seat.annotator.submit.go_to_problem(scan.id)
    assert seat.state.step is StepId.CHECK
    liver = next(problem for words, problem in problems.items() if words.startswith("liver"))
    seat.annotator.submit.go_to_problem(liver.id)
    assert seat.state.step is StepId.CONTOUR and seat.state.contour is not None
    assert seat.state.contour.target is Target.LIVER
    report = next(problem for problem in problems.values() if problem.step is StepId.REPORT)
    focus = seat.state.report.focus_id  # type: ignore[union-attr]
    seat.annotator.submit.go_to_problem(report.id)
    assert seat.state.step is StepId.REPORT and seat.state.report is not None
    assert seat.state.report.focus and seat.state.report.focus_id != focus
    before = seat.state
    seat.annotator.submit.go_to_problem(999)
    assert seat.state == before


def test_a_problem_of_one_lesion_leads_to_that_lesion(room: Room) -> None:
    seat = ready(room)
    seat.annotator.contour.answer(Target.LIVER, None)
    lesion(seat)
    second = lesion(seat, shift=4)
    seat.scene.draws(second, np.zeros_like(seat.scene.held[second].array))
    seat.jobs.advance(30)
    seat.annotator.contour.choose_lesion(Target.LIVER, 1)
    seat.annotator.go_to(StepId.SUBMIT)
    (empty,) = (row for row in seat.state.submit.problems if "L2" in row.words and row.step is StepId.CONTOUR)  # type: ignore[union-attr]
    seat.annotator.submit.go_to_problem(empty.id)
    assert seat.state.contour is not None and seat.state.contour.lesion == 2


def test_the_list_of_problems_follows_the_work(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.go_to(StepId.SUBMIT)
    before = seat.state.submit.blocking  # type: ignore[union-attr]
    seat.annotator.check.confirm()
    seat.annotator.go_to(StepId.SUBMIT)
    assert seat.state.submit.blocking == before - 1  # type: ignore[union-attr]


@pytest.mark.parametrize("outcome", [GONE, Refusal.because("workflow.slot_taken", unit="x")])
def test_a_submission_that_fails_changes_nothing_and_can_be_repeated(
    room: Room, monkeypatch: pytest.MonkeyPatch, outcome: CrcError | Refusal
) -> None:
    seat = ready(room)
    store = seat.annotator.hub.store
    real = store.submit  # type: ignore[union-attr]

    def fails(sealed: object, intent: object) -> Refusal:
        if isinstance(outcome, CrcError):
            raise outcome
        return outcome

    monkeypatch.setattr(store, "submit", fails)
    seat.annotator.go_to(StepId.SUBMIT)
    seat.annotator.submit.submit()
    assert seat.message == outcome.sentence(Lang.EN)
    assert seat.state.step is StepId.SUBMIT and seat.state.submit is not None
    assert seat.state.submit.can_submit and not seat.state.submit.submitting and seat.state.submit.submitted == ""
    assert seat.state.header is not None and not seat.state.header.read_only
    assert seat.annotator._keeping.recovery.list_kept() != (), "the work is safe"
    assert seat.state.busy is None
    monkeypatch.setattr(store, "submit", real)
    seat.annotator.submit.submit()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED


def test_after_a_failure_the_work_can_still_be_changed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = ready(room)
    store = seat.annotator.hub.store
    monkeypatch.setattr(store, "submit", lambda sealed, intent: Refusal.because("workflow.not_now", unit="x"))
    seat.annotator.submit.submit()
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    assert seat.annotator.hub.case is not None
    assert seat.annotator.hub.case.work.of(Target.LIVER).answer is TargetAnswer.RESECTED  # type: ignore[union-attr]


def test_what_cannot_be_kept_here_is_not_handed_in(room: Room) -> None:
    seat = ready(room)
    seat.jobs.advance(30)
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    seat.keeper.failure = FULL
    seat.annotator.submit.submit()
    assert own_slot(room, seat).phase is SlotPhase.IN_WORK
    assert seat.message == FULL.sentence(Lang.EN) and seat.state.busy is None
    assert seat.state.submit is not None and seat.state.submit.can_submit


def test_handing_in_tells_how_far_it_is(room: Room) -> None:
    seat = ready(room)
    seat.jobs.hold_steps = True
    seat.annotator.submit.submit()
    assert seat.state.submit is not None and seat.state.submit.submitting and not seat.state.submit.can_submit
    seat.jobs.finish_steps("busy")
    words = [state.busy.words for state in seat.states if state.busy is not None]
    for code in ("reading_masks", "sealing", "sending"):
        unit = seat.state.header.unit  # type: ignore[union-attr]
        assert say(f"annotator.submit.{code}", Lang.EN, unit=unit) in words
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED


def test_handing_in_can_be_stopped_and_asked_for_again(room: Room) -> None:
    seat = ready(room)
    seat.jobs.hold_steps = True
    seat.annotator.submit.submit()
    seat.annotator.cancel_busy()
    assert seat.state.submit is not None and seat.state.submit.can_submit and seat.state.busy is None
    seat.jobs.hold_steps, seat.jobs.hold_processes = False, True
    seat.annotator.submit.submit()
    assert seat.state.busy is not None and seat.state.busy.can_cancel
    seat.annotator.cancel_busy()
    seat.jobs.advance(1)
    assert seat.state.submit.can_submit and own_slot(room, seat).phase is SlotPhase.IN_WORK
    assert seat.state.header is not None and not seat.state.header.read_only
    seat.jobs.hold_processes = False
    seat.annotator.submit.submit()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED


@pytest.mark.parametrize("stopped", [True, False])
def test_a_process_that_ends_after_the_reading_is_in_changes_nothing_of_that(room: Room, stopped: bool) -> None:
    seat = ready(room)
    seat.jobs.hold_processes = True
    seat.annotator.submit.submit()
    running = seat.jobs.processes["busy"]
    seat.jobs.handlers["hand_in"](running.request, lambda step: None)
    if stopped:
        seat.annotator.cancel_busy()
        seat.jobs.advance(1)
    else:
        seat.jobs.processes.pop("busy")
        running.failed(CrcError("widgets.job.ended"))
    assert seat.state.submit is not None and seat.state.submit.submitted and not seat.state.submit.can_submit
    assert seat.annotator._keeping.recovery.list_kept() == ()
    assert not list((room.home / "sealed").rglob("reading.json"))


def test_what_changed_while_it_was_kept_is_not_handed_in(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    key = lesion(seat)
    finish_drawn(seat)
    seat.jobs.advance(30)
    seat.jobs.hold_processes = True
    seat.annotator.submit.submit()
    stroke(seat, key, shift=3)
    seat.jobs.advance(30)
    seat.jobs.finish_process("busy")
    assert "not what is on the screen" in seat.message and own_slot(room, seat).phase is SlotPhase.IN_WORK
    seat.jobs.hold_processes = False
    seat.annotator.submit.submit()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED


def test_a_unit_excluded_meanwhile_is_not_handed_in_and_the_work_stays(room: Room) -> None:
    seat = ready(room)
    case = seat.annotator.hub.case
    assert case is not None
    room.exclude(room.source.prepared(case.unit), "wrong patient")
    seat.annotator.submit.submit()
    assert "excluded" in seat.message
    assert seat.annotator._keeping.recovery.list_kept() != ()


def test_submitting_twice_sends_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = ready(room)
    store, sent = seat.annotator.hub.store, []
    real = store.submit  # type: ignore[union-attr]
    monkeypatch.setattr(store, "submit", lambda sealed, intent: (sent.append(intent), real(sealed, intent))[1])
    seat.annotator.submit.submit()
    seat.annotator.submit.submit()
    assert len(sent) == 1


# taking back


def test_a_reading_is_taken_back_changed_and_handed_in_again(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    key = lesion(seat)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    first = own_slot(room, seat).reading
    seat.ask.will("drew too much")
    seat.annotator.submit.withdraw()
    assert own_slot(room, seat).phase is SlotPhase.WITHDRAWN
    assert seat.state.header is not None and not seat.state.header.read_only
    assert seat.message == say("annotator.withdrawn", Lang.EN)
    seat.jobs.advance(30)
    assert set(seat.keeper.saves[-1][2]) == {key}, "all of it is kept anew"
    stroke(seat, key, shift=3)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    slot = own_slot(room, seat)
    assert slot.phase is SlotPhase.SUBMITTED and slot.reading not in (None, first)
    opened = read_reading(room.store.open_reading(str(slot.reading), READER))
    assert opened.reading.supersedes == first
    assert opened.mask(Target.LIVER).array[1, 2, 5] == key.lesion
    (event,) = (e for e in room.store.events_since(0, "manager") if e.kind is Kind.READING_WITHDRAWN)
    assert event.payload.reason == "drew too much"


def test_taking_back_can_be_thought_better_of(room: Room) -> None:
    seat = ready(room)
    seat.annotator.submit.submit()
    seat.ask.will(None)
    seat.annotator.submit.withdraw()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED
    assert seat.state.header is not None and seat.state.header.read_only


def test_after_the_window_a_reading_is_not_taken_back(room: Room) -> None:
    seat = ready(room)
    seat.annotator.submit.submit()
    room.clock.wait(31 * 60)
    seat.ask.will("too late")
    seat.annotator.submit.withdraw()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED
    assert seat.message == CrcError("workflow.window_closed", minutes=30).sentence(Lang.EN)
    assert seat.state.header is not None and seat.state.header.read_only


def test_a_reading_opened_again_is_taken_back_with_its_contours(room: Room) -> None:
    unit = room.unit()
    sealed = stores.sealed_reading(room.folder / "sealed", unit, READER)
    stores.accepted(stores.submit(room.store, sealed, unit.unit, READER))
    seat = room.sit()
    seat.annotator.cases.open_unit(str(unit.unit))
    seat.ask.will("again")
    seat.annotator.submit.withdraw()
    seat.jobs.advance(30)
    assert {key.segment_id for key in seat.keeper.saves[-1][2]} >= {
        "crc-primary-1",
        "crc-primary-outer-1",
        "crc-primary-inner-1",
    }
    room.kill(seat)
    again = room.sit(start=False)
    again.ask.will("go_on")
    again.annotator.start()
    outer = again.scene.held[SegmentKey(Target.PRIMARY, 1)]
    wall = open_reading(sealed.folder).mask(Target.PRIMARY)
    assert np.array_equal(outer.array, wall.array != 0)


# the next case


def test_then_comes_the_next_case(room: Room) -> None:
    units = [str(room.unit().unit) for _ in range(2)]
    seat = room.sit()
    seat.annotator.cases.open_next()
    answer_everything(seat)
    seat.annotator.submit.submit()
    assert seat.state.submit is not None and seat.state.submit.next_unit == units[1]
    seat.annotator.submit.open_next()
    assert seat.ask.asked == [] and seat.state.header is not None and seat.state.header.unit == units[1]
    answer_everything(seat)
    seat.annotator.submit.submit()
    assert seat.state.submit.next_unit == ""
    seat.annotator.submit.open_next()
    assert seat.message == say("annotator.no_next", Lang.EN) and seat.state.header.unit == units[1]


def test_a_submission_does_not_advance_by_itself(room: Room) -> None:
    seat = ready(room)
    unit = seat.state.header.unit  # type: ignore[union-attr]
    room.unit()
    seat.annotator.submit.submit()
    assert seat.state.header is not None and seat.state.header.unit == unit


def test_the_summary_tells_what_is_handed_in(room: Room) -> None:
    seat = ready(room)
    seat.annotator.contour.answer(Target.LIVER, None)
    lesion(seat)
    seat.annotator.go_to(StepId.SUBMIT)
    lines = {line.label: line.words for line in seat.state.submit.summary}  # type: ignore[union-attr]
    assert lines["primary tumour"] == "no tumour" and lines["liver"].startswith("L1")
    assert set(lines) == {"primary tumour", "liver", "Report", "Active time"}


def test_a_reading_returned_while_it_is_open_is_shown_so(room: Room) -> None:
    seat = ready(room)
    seat.annotator.submit.submit()
    case = seat.annotator.hub.case
    assert case is not None
    stores.must(room.store, "chief", Kind.READING_RETURNED, p.ReadingReturned("Really?"), case.unit)
    seat.annotator.cases.refresh()
    assert seat.state.header is not None and seat.state.header.returned == "Really?"
    assert not seat.state.header.read_only, "it is worked on again"
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    seat.annotator.submit.submit()
    assert own_slot(room, seat).phase is SlotPhase.SUBMITTED
