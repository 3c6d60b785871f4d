"""Around the steps: time at work, language, questions to a senior, coming and going, what a reader may not learn."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import store_support as stores
from annotator_room import Room, Seat, answer_everything, lesion
from annotator_support import PVP
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.policy import desk_policy
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.ports import SceneListener, Tool
from CRCAnnotatorLib.presenter.state import Level, StepId

IDLE = desk_policy().idle_limit_s
SAME_IN_BOTH = (".id:", ".path:", ".place:", ".reader:", ".people", ".unit:", ".title:", ".selected:", ".report.form")
"""Places of names and codes, which are the same in every language; the form of the report has tests of its own."""


def opened(room: Room) -> Seat:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    return seat


# time


def test_active_time_runs_while_a_person_is_at_work_and_stops_when_idle(room: Room) -> None:
    seat = opened(room)
    assert seat.state.header is not None and seat.state.header.active == "00:00"
    for _ in range(10):
        seat.jobs.advance(1)
        seat.scene.touches()
    assert seat.state.header.active == "00:10"
    seat.jobs.advance(IDLE * 3)
    seat.scene.touches()
    seat.jobs.advance(1)
    assert seat.state.header.active == "00:11", "idle minutes do not count"
    for event in (
        lambda: seat.scene.scrolls((1.0, 1.0, 1.0)),
        lambda: seat.scene.windows_by_hand(PVP, 300, 40),
        lambda: seat.annotator.contour.answer(Target.LIVER, None),
    ):
        seat.jobs.advance(IDLE - 1)
        event()
    seat.scene.touches()
    assert seat.annotator._timing.seconds == pytest.approx(11 + 3 * (IDLE - 1))


def test_time_does_not_run_in_another_module_nor_after_the_case(room: Room) -> None:
    seat = opened(room)
    seat.jobs.advance(5)
    seat.scene.touches()
    seat.annotator.pause()
    assert "active time" not in seat.jobs.names
    seat.jobs.advance(30)
    seat.annotator.start()
    seat.jobs.advance(2)
    assert seat.state.header is not None and seat.state.header.active == "00:07"
    seat.annotator.cases.close_case()
    assert "active time" not in seat.jobs.names


def test_time_goes_on_where_it_stopped(room: Room) -> None:
    seat = opened(room)
    for _ in range(65):
        seat.jobs.advance(1)
        seat.scene.touches()
    seat.annotator.check.confirm()
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    assert seat.state.header is not None and seat.state.header.active == "01:05"


# coming and going


def test_leaving_the_module_lays_tools_down_and_keeps_the_case(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.annotator.contour.use_tool(Tool.PAINT)
    assert seat.scene.tool is Tool.PAINT
    seat.annotator.pause()
    assert seat.scene.tool is None and seat.state.header is not None and seat.ask.asked == []
    seat.scene.calls.clear()
    seat.annotator.start()
    assert "arrange" in seat.scene.calls, "another module may have changed the views"
    assert seat.state.step is StepId.CONTOUR


def test_leaving_a_step_lays_tools_down(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.annotator.contour.use_tool(Tool.PAINT)
    seat.annotator.next_step()
    assert seat.state.step is StepId.REPORT and seat.scene.tool is None


def test_steps_follow_each_other_and_end(room: Room) -> None:
    seat = room.sit()
    seat.annotator.next_step()
    assert seat.state.step is StepId.CASE
    room.unit()
    seat.annotator.cases.refresh()
    seat.annotator.cases.open_next()
    seen = [seat.state.step]
    for _ in range(4):
        seat.annotator.next_step()
        seen.append(seat.state.step)
    assert seen == [StepId.CHECK, StepId.CONTOUR, StepId.REPORT, StepId.SUBMIT, StepId.SUBMIT]
    for _ in range(6):
        seat.annotator.previous_step()
    assert seat.state.step is StepId.CASE


def test_the_report_keeps_the_views_of_the_contours(room: Room) -> None:
    seat = opened(room)
    seat.annotator.check.confirm()
    arrangement, calls = seat.scene.arrangement, seat.scene.calls.count("arrange")
    seat.annotator.go_to(StepId.REPORT)
    seat.annotator.go_to(StepId.SUBMIT)
    assert seat.scene.arrangement is arrangement and seat.scene.calls.count("arrange") == calls


def test_an_event_without_a_case_is_nothing(room: Room) -> None:
    seat = room.sit()
    before = seat.state
    listener: SceneListener = seat.annotator
    listener.touched()
    listener.losing()
    listener.segment_gone(SegmentKey(Target.PRIMARY, 1))
    listener.tool_used("Paint")
    listener.tool_chosen(None)
    listener.slice_changed((0.0, 0.0, 0.0))
    listener.window_changed(PVP, 1.0, 1.0)
    seat.annotator.flip_phase()
    seat.annotator.preset_window()
    seat.annotator.toggle_prior()
    seat.annotator.save_now()
    seat.annotator.ask_senior()
    seat.annotator.submit.submit()
    seat.annotator.submit.withdraw()
    seat.annotator.check.confirm()
    assert seat.state == before


def test_a_message_is_put_away(room: Room) -> None:
    seat = room.sit()
    seat.annotator.cases.open_next()
    first = seat.state.message
    assert first is not None
    seat.annotator.dismiss_message()
    assert seat.state.message is None
    seat.annotator.cases.open_next()
    assert seat.state.message is not None and seat.state.message.id != first.id, "the same words again are new"


# language


def test_switching_the_language_says_everything_anew(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.jobs.advance(30)
    seat.annotator.go_to(StepId.SUBMIT)
    seat.annotator.cases.discard_kept(str(seat.annotator.hub.case.unit))  # type: ignore[union-attr]
    english = seat.state
    seat.states.clear()
    seat.annotator.set_language(Lang.ZH)
    assert len(seat.states) == 1, "drawn once"
    assert room.settings.get("language") == "zh"
    chinese = seat.state
    fresh = room.sit(lang=Lang.ZH)
    assert chinese.store.people == fresh.state.store.people and chinese.store.notice == fresh.state.store.notice
    english_words = {words for _, words in _sentences(english)}
    left = [
        f"{where}: {words}"
        for where, words in _sentences(chinese)
        if words in english_words and re.search("[a-z]{3}", words)
    ]
    unsaid = [item for item in left if not any(place in item for place in SAME_IN_BOTH)]
    assert unsaid == []
    seat.annotator.set_language(Lang.EN)
    assert seat.state.message is not None and english.message is not None
    assert seat.state.message.words == english.message.words
    assert seat.state.submit == english.submit and seat.state.steps == english.steps


def test_a_sentence_and_what_is_under_way_change_with_the_language(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_next()
    seat.annotator.cases.open_next()
    seat.annotator.set_language(Lang.ZH)
    assert seat.message == say("annotator.busy", Lang.ZH)
    assert seat.state.busy is not None and "正在打开" in seat.state.busy.words


# a senior


def test_a_question_goes_to_the_seniors_without_submitting(room: Room) -> None:
    seat = opened(room)
    assert seat.state.can_ask_senior
    seat.ask.will(" Is this a vessel? ")
    seat.annotator.ask_senior()
    case = seat.annotator.hub.case
    assert case is not None and seat.message == say("annotator.senior_asked", Lang.EN)
    assert room.store.unit(case.unit, "chief").questions == ("Is this a vessel?",)
    assert seat.state.step is StepId.CHECK
    seat.ask.will(None)
    seat.annotator.ask_senior()
    assert len(room.store.unit(case.unit, "chief").questions) == 1


def test_a_question_that_cannot_be_sent_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = opened(room)

    def gone(intent: object, **_: object) -> None:
        raise CrcError("store.vanished")

    monkeypatch.setattr(seat.annotator.hub.store, "act", gone)
    seat.ask.will("why?")
    seat.annotator.ask_senior()
    assert seat.state.message is not None and seat.state.message.level is Level.ERROR


# blinding


def test_nothing_on_the_screen_tells_of_another_reading(room: Room) -> None:
    """Two readers of one unit: whatever the other one does, the first one's screen is the same to the last word."""
    unit = room.unit("wang", "li")
    seat = room.sit()
    seat.annotator.cases.open_unit(str(unit.unit))
    answer_everything(seat)
    seat.annotator.go_to(StepId.SUBMIT)
    before = seat.state
    sealed = stores.sealed_reading(room.folder / "other", unit, "li")
    stores.accepted(stores.submit(room.store, sealed, unit.unit, "li"))
    stores.must(room.store, "li", Kind.SENIOR_ASKED, p.SeniorAsked("li", 1, "secret?"), unit.unit)
    seat.annotator.cases.refresh()
    assert seat.state == before
    seat.annotator.submit.submit()
    room.clock.wait(31 * 60)
    seat.annotator.cases.refresh()
    seat.jobs.advance(1)
    waiting = seat.state
    room.store.advance()
    seat.annotator.cases.refresh()
    seat.jobs.advance(1)
    assert _without_time(seat.state) == _without_time(waiting)
    words = " ".join(text for where, text in _sentences(seat.state) if ".people" not in where)
    assert "secret?" not in words and sealed.sha256[:8] not in words and "Li" not in words.split()


def _without_time(state: Any) -> Any:
    header = state.header
    return (state.cases, state.check, state.submit and state.submit.submitted, header and header.returned, state.foot)


def _sentences(value: Any, where: str = "") -> list[tuple[str, str]]:
    """Every string in a state with its place."""
    if isinstance(value, str):
        return [(where, value)] if type(value) is str and value else []
    if is_dataclass(value):
        return [
            item for field in fields(value) for item in _sentences(getattr(value, field.name), f"{where}.{field.name}")
        ]
    if isinstance(value, tuple | list):
        return [item for number, part in enumerate(value) for item in _sentences(part, f"{where}[{number}]")]
    return []
