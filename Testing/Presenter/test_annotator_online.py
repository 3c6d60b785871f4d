"""At a server: signing in and again, working on while it is away, and what waits goes by itself, once and in order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import store_support as stores
from annotator_room import READER, Seat, answer_everything, finish_drawn, lesion
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.reading.seal import read_reading
from crc_core.store.access import Access, ServerForm
from crc_core.store.remote.outbox import SendState
from crc_core.store.remote.standing import LineState
from crc_core.text import Lang, say
from crc_core.vocabulary import Target, TargetAnswer
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.views import SlotPhase, SlotView
from CRCAnnotatorLib.presenter.state import Mark
from server_room import FORM, URL, ServerRoom
from store_support import PIN


@pytest.fixture
def room(tmp_path: Path, study: stores.StudySource, monkeypatch: pytest.MonkeyPatch) -> ServerRoom:
    """A server's store without units, and a machine of its own."""
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "index"))
    return ServerRoom(tmp_path, study)


def slot(room: ServerRoom, unit: Any) -> SlotView:
    return room.store.unit(unit.unit, READER).slots[0]


def line(seat: Seat) -> LineState | None:
    return None if seat.state.line is None else seat.state.line.state


def opened(room: ServerRoom) -> tuple[Any, Seat]:
    """A signed-in reader with a case that can be handed in."""
    unit = room.unit()
    seat = room.arrive()
    seat.annotator.cases.open_next()
    answer_everything(seat)
    return unit, seat


def posted(room: ServerRoom) -> tuple[Any, Seat]:
    """The same, handed in while the server is away."""
    unit, seat = opened(room)
    room.is_away = True
    seat.jobs.advance(30)
    assert line(seat) is LineState.AWAY
    seat.annotator.submit.submit()
    return unit, seat


# signing in


def test_a_server_is_chosen_signed_in_to_and_remembered_without_password_or_token(room: ServerRoom) -> None:
    unit = room.unit()
    seat = room.sit(start=False)
    room.settings.values.clear()
    seat.annotator.start()
    seat.ask.will("server", FORM)
    seat.annotator.cases.choose_store()
    assert seat.state.store.is_open and seat.state.store.is_server and seat.state.store.reader == READER
    assert [person.words for person in seat.state.store.people] == ["Wang, resident physician"]
    assert [row.unit for row in seat.state.cases.rows] == [str(unit.unit)]
    assert line(seat) is LineState.CONNECTED and not seat.state.store.may_import
    kept = json.dumps(room.settings.values)
    assert URL in kept and PIN not in kept and not any(token in kept for token in room.tokens)

    again = room.sit(start=False)
    room.settings.put("store", URL)
    again.annotator.start()
    assert not again.state.store.is_open and again.state.store.place == URL and line(again) is LineState.SIGNED_OUT
    again.ask.will(FORM)
    again.annotator.to_line()
    assert again.ask.last.preset == URL and again.ask.last.needed, "the server stands there"
    assert [row.unit for row in again.state.cases.rows] == [str(unit.unit)]


@pytest.mark.parametrize("code", ["server.sign_in_wrong", "server.throttled", "server.password_locked"])
def test_a_refused_sign_in_is_told_in_the_form_and_can_be_tried_again(room: ServerRoom, code: str) -> None:
    room.trouble = CrcError(code, minutes=15)
    seat = room.arrive(sign_in=False)

    def later(asked: object) -> ServerForm:
        room.trouble = None
        return FORM

    seat.ask.will(FORM, later)
    seat.annotator.online.sign_in()
    assert [error.code for error in seat.ask.troubles] == [code] and seat.state.store.is_open


def test_an_address_that_would_send_passwords_unprotected_is_refused(room: ServerRoom) -> None:
    seat = room.sit()
    seat.ask.will("server", replace(FORM, url="http://crc.hospital.example"), None)
    seat.annotator.cases.choose_store()
    assert [error.code for error in seat.ask.troubles] == ["remote.not_protected"]
    assert seat.state.store.place == room.place and seat.state.store.is_open, "the folder stays"
    assert room.settings.get("store") == room.place


def test_an_ended_session_asks_again_once_and_loses_nothing(room: ServerRoom) -> None:
    _, seat = opened(room)
    room.end_sessions()
    seat.ask.will(None)
    seat.jobs.advance(60)
    assert len([asked for asked in seat.ask.asked if asked.kind == "server"]) == 2, "once at the start, once now"
    assert line(seat) is LineState.SIGNED_OUT and seat.state.header is not None
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    seat.jobs.advance(30)
    seat.ask.will(replace(FORM, ca_file="renewed.pem"))
    seat.annotator.to_line()
    assert line(seat) is LineState.CONNECTED and seat.state.header is not None
    assert room.settings.get("server/ca_file") == seat.annotator.hub.session.access().ca_file == "renewed.pem"  # type: ignore[union-attr]
    case = seat.annotator.hub.case
    assert case is not None and case.work.of(Target.LIVER).answer is TargetAnswer.RESECTED  # type: ignore[union-attr]
    seat.annotator.submit.submit()
    assert seat.state.submit is not None and seat.state.submit.submitted


def test_a_folder_after_a_server_ends_the_looking(room: ServerRoom) -> None:
    seat = room.arrive()
    assert "server" in seat.jobs.names
    seat.ask.will("folder", Path(room.place))
    seat.annotator.cases.choose_store()
    assert seat.state.line is None and seat.state.outbox is None and "server" not in seat.jobs.names
    assert seat.annotator.hub.session is None and not seat.state.store.is_server


def test_who_signs_out_leaves_nothing_on_the_screen_and_nothing_gets_lost(room: ServerRoom) -> None:
    _, seat = posted(room)
    seat.annotator.online.sign_out()
    assert seat.state.header is None and seat.state.cases.rows == () and not seat.state.store.is_open
    assert line(seat) is LineState.SIGNED_OUT and seat.state.line.waiting == 1  # type: ignore[union-attr]
    room.is_away = False
    seat.ask.will(FORM)
    seat.annotator.online.sign_in()
    assert seat.state.store.is_open and seat.state.line.waiting == 0  # type: ignore[union-attr]


# opening


def test_a_case_is_fetched_aside_with_progress_and_can_be_given_up(room: ServerRoom) -> None:
    room.unit()
    seat = room.arrive()
    seat.jobs.hold_processes = True
    seat.annotator.cases.open_next()
    assert seat.state.busy is not None and seat.state.busy.can_cancel and seat.state.header is None
    request = next(asked for job, asked in seat.jobs.requested if job == "fetch")
    assert request["access"]["token"] in room.tokens
    seat.annotator.cancel_busy()
    assert seat.state.header is None and seat.annotator.hub.case is None
    seat.jobs.hold_processes = False
    seat.annotator.cases.open_next()
    assert seat.state.header is not None


# while the server is away


def test_a_reading_waits_while_the_server_is_away_and_goes_by_itself(room: ServerRoom) -> None:
    unit = room.unit()
    seat = room.arrive()
    seat.annotator.cases.open_next()
    key = lesion(seat)
    finish_drawn(seat)
    room.is_away = True
    seat.jobs.advance(30)
    seat.annotator.submit.submit()
    assert slot(room, unit).phase is SlotPhase.IN_WORK
    assert seat.state.submit is not None and "waits in the outbox" in seat.state.submit.submitted
    assert seat.state.header is not None and seat.state.header.read_only and seat.state.line is not None
    assert seat.state.line.waiting == 1 and line(seat) is LineState.AWAY
    assert seat.message == say("online.submit.waits", Lang.EN, unit=unit.unit), "that it is away stands in the head"
    (row,) = seat.state.outbox.rows  # type: ignore[union-attr]
    assert (row.state, row.what) == (SendState.WAITING, f"Reading of {unit.unit}")
    assert seat.annotator._keeping.recovery.list_kept(), "until the server has it, the work is kept"
    drawn = seat.scene.held[key].array.copy()
    room.is_away = False
    seat.jobs.advance(10)
    sent = slot(room, unit)
    assert sent.phase is SlotPhase.SUBMITTED and sent.reading is not None
    held = read_reading(room.store.open_reading(sent.reading, READER)).mask(Target.LIVER)
    assert np.array_equal(held.array > 0, drawn)
    assert sent.reading[:8] in seat.state.submit.submitted and seat.state.submit.can_withdraw
    assert [row.state for row in seat.state.outbox.rows] == [SendState.SENT]  # type: ignore[union-attr]
    assert seat.annotator._keeping.recovery.list_kept() == () and seat.state.line.waiting == 0
    assert not list(room.home.rglob("reading.json")), "no copy stays where it could be looked up"


def test_what_waits_is_listed_so_is_not_opened_next_and_only_looked_at(room: ServerRoom) -> None:
    unit, seat = posted(room)
    seat.annotator.cases.close_case()
    (row,) = seat.state.cases.rows
    assert row.status == say("online.status.waiting", Lang.EN) and row.mark is Mark.DONE and row.kept == ""
    assert seat.annotator.cases.next_after("") == ""
    room.is_away = False
    seat.jobs.hold_processes = True  # the sending is under way, and slow
    seat.jobs.advance(10)
    seat.jobs.hold_processes = False
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is not None and seat.state.header.read_only


def test_what_waits_can_be_taken_back_changed_and_handed_in_again(room: ServerRoom) -> None:
    unit, seat = posted(room)
    assert seat.state.submit is not None and seat.state.submit.can_withdraw
    seat.annotator.submit.withdraw()
    assert seat.state.outbox is not None and seat.state.outbox.rows == ()
    assert seat.state.header is not None and not seat.state.header.read_only and seat.state.submit.can_submit
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    seat.annotator.submit.submit()
    room.is_away = False
    seat.jobs.advance(10)
    opened = read_reading(room.store.open_reading(str(slot(room, unit).reading), READER))
    assert opened.reading.of(Target.LIVER).answer is TargetAnswer.RESECTED  # type: ignore[union-attr]
    events = [event.kind for event in room.store.events_since(0, "manager")]
    assert events.count(Kind.READING_SUBMITTED) == 1 and Kind.READING_WITHDRAWN not in events


def test_a_second_program_sends_what_the_first_one_left(room: ServerRoom) -> None:
    unit, first = posted(room)
    room.kill(first)
    room.is_away = False
    second = room.sit(start=False)
    room.settings.put("store", URL)
    second.ask.will("later", FORM)
    second.annotator.start()
    assert second.state.outbox is not None and [row.state for row in second.state.outbox.rows] == [SendState.WAITING]
    assert line(second) is LineState.SIGNED_OUT and second.state.line.waiting == 1  # type: ignore[union-attr]
    second.ask._answers[:] = [FORM, "later"]
    second.annotator.online.sign_in()
    assert slot(room, unit).phase is SlotPhase.SUBMITTED
    assert second.annotator._keeping.recovery.list_kept() == ()


def test_another_program_sent_it_and_the_open_case_knows(room: ServerRoom) -> None:
    unit, seat = posted(room)
    room.is_away = False
    request = {"outbox": str(seat.annotator.hub.outbox.folder), "lang": "en"}  # type: ignore[union-attr]
    access = Access(URL, READER, seat.annotator.hub.session.token)  # type: ignore[union-attr]
    room._send(seat, {**request, "access": to_document(access)})
    seat.jobs.advance(10)
    assert slot(room, unit).phase is SlotPhase.SUBMITTED
    assert seat.state.submit is not None and str(slot(room, unit).reading)[:8] in seat.state.submit.submitted


def test_what_the_server_refuses_later_is_told_and_can_be_worked_on(room: ServerRoom) -> None:
    unit, seat = posted(room)
    room.exclude(unit, "wrong patient")
    room.is_away = False
    seat.jobs.advance(10)
    (row,) = seat.state.outbox.rows  # type: ignore[union-attr]
    assert row.state is SendState.REFUSED and "excluded" in row.why and row.can_retry
    assert seat.annotator._keeping.recovery.list_kept() != (), "the work is still here"
    seat.annotator.posting.take_back(row.id)
    assert seat.state.outbox is not None and seat.state.outbox.rows == ()


def test_a_reading_refused_at_once_changes_nothing(room: ServerRoom) -> None:
    unit, seat = opened(room)
    room.exclude(unit, "wrong patient")
    seat.annotator.submit.submit()
    assert "excluded" in seat.message
    assert seat.state.outbox is not None and seat.state.outbox.rows == ()
    assert seat.annotator._keeping.recovery.list_kept() != ()


def test_with_an_ended_session_a_reading_waits_for_the_next_sign_in(room: ServerRoom) -> None:
    unit, seat = opened(room)
    room.end_sessions()
    seat.ask.will(None)
    seat.annotator.submit.submit()
    seat.jobs.advance(30)
    assert slot(room, unit).phase is SlotPhase.IN_WORK and line(seat) is LineState.SIGNED_OUT
    assert [row.state for row in seat.state.outbox.rows] == [SendState.WAITING]  # type: ignore[union-attr]
    seat.ask.will(FORM)
    seat.annotator.online.sign_in()
    seat.jobs.advance(30)
    assert slot(room, unit).phase is SlotPhase.SUBMITTED


def test_a_question_waits_its_turn_behind_the_reading(room: ServerRoom) -> None:
    unit, seat = posted(room)
    seat.ask.will("Is this a node?")
    seat.annotator.ask_senior()
    assert [row.what for row in seat.state.outbox.rows] == [  # type: ignore[union-attr]
        f"Reading of {unit.unit}",
        f"Question about {unit.unit}",
    ]
    room.is_away = False
    seat.jobs.advance(10)
    assert room.store.unit(unit.unit, READER).questions == ("Is this a node?",)
    kinds = [event.kind for event in room.store.events_since(0, "manager")]
    assert kinds.index(Kind.READING_SUBMITTED) < kinds.index(Kind.SENIOR_ASKED)


def test_work_taken_back_from_the_server_is_not_forgotten_over_an_old_item(room: ServerRoom) -> None:
    unit, seat = opened(room)
    seat.annotator.submit.submit()
    seat.jobs.advance(5)
    seat.ask.will("a slip")
    seat.annotator.submit.withdraw()
    seat.annotator.contour.answer(Target.LIVER, TargetAnswer.RESECTED)
    seat.jobs.advance(60)
    assert seat.annotator._keeping.recovery.list_kept() != ()
    room.kill(seat)
    again = room.sit(start=False)
    room.settings.put("store", URL)
    again.annotator.start()
    assert again.annotator._keeping.recovery.list_kept() != (), "kept after the item of the outbox"
    assert slot(room, unit).phase is SlotPhase.WITHDRAWN


def test_everything_is_said_again_in_the_other_language(room: ServerRoom) -> None:
    _, seat = posted(room)
    seat.annotator.set_language(Lang.ZH)
    words = [seat.state.line.words, seat.state.outbox.words, seat.state.submit.submitted]  # type: ignore[union-attr]
    words += [seat.state.outbox.rows[0].what, seat.state.outbox.rows[0].state_words]  # type: ignore[union-attr]
    assert all(any("一" <= letter <= "鿿" for letter in item) for item in words), words


def test_the_rule_card_cites_the_protocol_that_the_store_has_published(room: ServerRoom) -> None:
    from crc_core.importing.delineation import default_document

    document = {**default_document(), "version": "hospital-9"}
    text = json.dumps(document, ensure_ascii=False)
    published = p.ProtocolPublished("hospital-9", hashlib.sha256(text.encode()).hexdigest(), text)
    stores.must(room.store, "chief", Kind.PROTOCOL_PUBLISHED, published, None)
    room.unit()
    seat = room.arrive()
    seat.annotator.cases.open_next()
    seat.annotator.contour.choose_target(Target.LIVER)
    assert seat.state.contour is not None and seat.state.contour.rule is not None
    assert "hospital-9" in seat.state.contour.rule.cites
