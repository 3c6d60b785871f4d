"""The page Agreement through its presenter: the study, who may see it, whom it asks to recalibrate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.study.agreement import StudyKind
from crc_core.text import Lang
from CRCQualityControlLib.presenter.state import Page
from quality_room import HABITS, Room
from quality_support import Habit
from store_support import POLICY


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A store without cases."""
    return Room(tmp_path, replace(POLICY, sample_minimum=2))


def test_the_study_is_computed_step_by_step_shown_and_taken_away(room: Room, tmp_path: Path) -> None:
    room.sampled()
    seat = room.sit("chief")
    seat.quality.show_page(Page.AGREEMENT)
    seat.quality.agreement.compute()
    assert "--allow-small" in seat.message
    assert not seat.state.agreement.is_ready
    seat.quality.agreement.allow_small(True)
    seat.jobs.hold_steps = True
    seat.quality.agreement.compute()
    assert seat.jobs.step("work")
    assert seat.state.busy is not None
    assert (seat.state.busy.done, seat.state.busy.total) == (1, 4)
    seat.quality.hub.stop()
    assert (seat.state.busy, seat.jobs.names) == (None, frozenset())
    assert not seat.state.agreement.is_ready
    seat.jobs.hold_steps = False
    seat.quality.agreement.compute()
    shown = seat.state.agreement
    assert shown.is_ready
    assert shown.reached
    assert len(shown.measures.rows[0]) == len(shown.measures.columns)
    assert any("Only 4 cases" in line for line in shown.lead)
    seat.ask.will(tmp_path)
    seat.quality.agreement.export()
    assert list(tmp_path.glob("agreement-inter-*/study.html"))
    seat.quality.set_language(Lang.ZH)
    assert "体积" in seat.state.agreement.measures.rows[0][0]
    seat.quality.agreement.choose_kind(StudyKind.INTRA)
    assert not seat.state.agreement.is_ready


def test_the_sample_is_not_shown_to_who_reads_in_it(room: Room) -> None:
    room.sampled()
    for person in ("wang", "trainer"):
        seat = room.sit(person)
        seat.quality.agreement.compute()
        assert "sees no agreement sample" in seat.message


def test_flagging_asks_and_names_the_readers(room: Room) -> None:
    room.team.habits = {**HABITS, "zhao": Habit(wider=7, every=2)}
    units = room.sampled(6)
    seat = room.sit("chief")
    seat.quality.agreement.allow_small(True)
    seat.quality.agreement.compute()
    assert seat.state.agreement.reached is False
    for unit in units:
        room.team.settle(unit)
    seat.quality.agreement.compute()
    assert seat.state.agreement.recalibrate == ("Wang", "Zhao")
    assert {row[2] for row in seat.state.agreement.pairs.rows} == {"Wang / Zhao"}
    seat.ask.will("cancel")
    seat.quality.agreement.flag()
    assert "Wang, Zhao" in seat.ask.asked[-1].words
    assert room.store.overview("chief").flags == ()
    seat.ask.will("flag")
    seat.quality.agreement.flag()
    assert {flag.reader for flag in room.store.overview("chief").flags} == {"wang", "zhao"}
