"""What all pages of quality control have in common: store and person, errors, drawing no more than what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.text import Lang
from CRCQualityControlLib.presenter.state import Page
from quality_room import Room, Seat
from store_support import POLICY


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A store without cases."""
    return Room(tmp_path, replace(POLICY, sample_minimum=2))


def test_store_and_person_are_remembered_and_a_bad_store_changes_nothing(room: Room, tmp_path: Path) -> None:
    seat = room.sit("chief")
    assert seat.state.store.place == room.place
    assert ("chief", "Chief") in seat.state.store.people
    assert "not enforced" in seat.state.store.notice
    seat.ask.will(tmp_path / "nothing")
    seat.quality.choose_store()
    assert "nothing" in seat.message
    assert seat.state.store.place == room.place
    again = Seat(room, "", Lang.ZH)
    again.quality.start()
    assert again.state.store.person == "chief"


def test_without_a_person_nothing_is_fetched(room: Room) -> None:
    seat = room.sit("")
    for page in Page:
        seat.quality.show_page(page)
    seat.quality.agreement.compute()
    assert "choose who you are" in seat.message
    seat.quality.progress.refresh()
    assert not seat.state.progress.is_ready


def test_the_next_person_does_not_read_what_the_one_before_was_told(room: Room) -> None:
    seat = room.sit("chief")
    seat.quality.adjudication.open_next()
    assert "Nothing waits" in seat.message
    seat.quality.choose_person("wang")
    assert seat.message == ""
    seat.quality.adjudication.open_next()
    assert seat.message
    seat.quality.open_store(room.place)
    assert seat.message == ""


def test_what_nobody_foresaw_is_told_and_stops_the_work(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = room.sit("manager")

    def broken(*_: object) -> None:
        raise RuntimeError("the share is gone")

    monkeypatch.setattr("CRCQualityControlLib.presenter.progress.progress_of", broken)
    seat.quality.show_page(Page.PROGRESS)
    assert "RuntimeError: the share is gone" in seat.message
    assert seat.state.busy is None


def test_equal_states_are_not_drawn_again(room: Room) -> None:
    room.read(1, "wang", "li")
    seat = room.sit("chief")
    seat.quality.refresh()
    drawn = len(seat.rendered)
    for _ in range(3):
        seat.quality.adjudication.show()
    assert len(seat.rendered) == drawn


def test_a_store_that_cannot_be_reached_leaves_what_is_shown(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.read(1, "wang", "li")
    seat = room.sit("chief")
    queue = seat.state.adjudication.queue
    assert queue

    def gone(*_: object) -> None:
        raise CrcError("store.vanished", path="somewhere")

    monkeypatch.setattr(type(seat.quality.hub.store), "work_list", gone)
    seat.quality.refresh()
    assert seat.state.adjudication.queue == queue
    assert seat.message
