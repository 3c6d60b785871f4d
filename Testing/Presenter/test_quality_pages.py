"""The other pages through their presenters: store and person, Agreement, Calibration, Sample, Progress."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.protocol import PointRuling
from crc_core.errors import CrcError
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.study.agreement import StudyKind
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCQualityControlLib.presenter.ports import Layer
from CRCQualityControlLib.presenter.progress import WAITING
from CRCQualityControlLib.presenter.state import Page
from quality_room import HABITS, Room, Seat
from quality_support import Habit
from store_support import PIN, POLICY, must


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


def test_what_nobody_foresaw_is_told_and_stops_the_work(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = room.sit("manager")

    def broken(*_: object) -> None:
        raise RuntimeError("the share is gone")

    monkeypatch.setattr("CRCQualityControlLib.presenter.progress.progress_of", broken)
    seat.quality.show_page(Page.PROGRESS)
    assert "RuntimeError: the share is gone" in seat.message
    assert seat.state.busy is None


def sampled(room: Room, cases: int = 4) -> tuple[str, ...]:
    """Cases of the sample, read by wang and zhao, who agree; li would not."""
    units = room.team.open(cases)
    must(room.store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(3, units, {}, 28))
    for unit in units:
        for reader in ("wang", "zhao"):
            room.team.assign(unit, reader)
            room.team.read(unit, reader)
    room.clock.wait(31 * 60)
    room.store.advance()
    return units


def test_the_study_is_computed_step_by_step_shown_and_taken_away(room: Room, tmp_path: Path) -> None:
    sampled(room)
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
    sampled(room)
    for person in ("wang", "trainer"):
        seat = room.sit(person)
        seat.quality.agreement.compute()
        assert "sees no agreement sample" in seat.message


def test_flagging_asks_and_names_the_readers(tmp_path: Path) -> None:
    room = Room(tmp_path, replace(POLICY, sample_minimum=2))
    room.team.habits = {**HABITS, "zhao": Habit(wider=7, every=2)}
    units = room.team.open(6)
    must(room.store, "manager", Kind.SAMPLE_DRAWN, p.SampleDrawn(3, units, {}, 28))
    for unit in units:
        for reader in ("wang", "zhao"):
            room.team.assign(unit, reader)
            room.team.read(unit, reader)
    room.clock.wait(31 * 60)
    room.store.advance()
    seat = room.sit("chief")
    seat.quality.agreement.allow_small(True)
    seat.quality.agreement.compute()
    assert seat.state.agreement.reached is False
    for unit in units:
        room.team.settle(unit)
    seat.quality.agreement.compute()
    assert seat.state.agreement.recalibrate == ("wang", "zhao")
    seat.ask.will("cancel")
    seat.quality.agreement.flag()
    assert room.store.overview("chief").flags == ()
    seat.ask.will("flag")
    seat.quality.agreement.flag()
    assert {flag.reader for flag in room.store.overview("chief").flags} == {"wang", "zhao"}


def calibrated(room: Room) -> tuple[Seat, tuple[str, ...]]:
    """A session in which zhao and ma read against the reference of wang and li."""
    room.team.habits = {"wang": Habit(), "li": Habit(), "zhao": Habit(), "ma": Habit(wider=4, misses=True)}
    known = p.PersonSet("ma", Title.RESIDENT, frozenset({PersonRole.ANNOTATOR}), "01", True)
    must(room.store, "admin", Kind.PERSON_SET, known)
    room.store.people.set_name("ma", "Ma")
    room.store.people.set_pin("ma", PIN)
    units = room.team.open(3)
    seat = room.sit("trainer")
    seat.quality.show_page(Page.CALIBRATION)
    assert seat.state.calibration.may_plan
    marks = tuple(calibration_policy().mark(target) for target in (Target.PRIMARY, Target.LIVER))
    plan = p.CalibrationPlanned("s1", units, ("zhao", "ma"), ("wang", "li"), marks)
    seat.quality.calibration.plan(plan)
    assert seat.state.calibration.selected == "s1"
    assert len(seat.state.calibration.waiting) == 12
    for unit in units:
        for reader in ("wang", "li"):
            room.team.read(unit, reader)
        for reader in ("zhao", "ma"):
            room.team.read(unit, reader, CALIBRATION_ROUND)
    room.clock.wait(31 * 60)
    room.store.advance()
    return seat, units


def test_a_session_from_plan_to_clearance(room: Room, tmp_path: Path) -> None:
    trainer, units = calibrated(room)
    chief = room.sit("chief")
    chief.quality.show_page(Page.CALIBRATION)
    chief.quality.calibration.select("s1")
    chief.quality.calibration.sign_reference()
    assert "are signed" in chief.message
    trainer.quality.calibration.refresh()
    assert trainer.state.calibration.waiting == ()
    trainer.quality.calibration.compute()
    shown = trainer.state.calibration
    assert [row[0] for row in shown.summary.rows] == ["ma", "ma", "zhao", "zhao"]
    assert shown.summary.marks == {0, 1}
    assert "larger" in shown.summary.rows[0][2]
    trainer.quality.calibration.show_votes(units[0], Target.PRIMARY)
    assert int(trainer.scene.layers[Layer.VOTES].array.max()) == 2
    assert "2 readers" in trainer.state.calibration.votes
    trainer.quality.calibration.open_results()
    assert "open to zhao, ma" in trainer.message
    trainer.ask.will(tmp_path)
    trainer.quality.calibration.export()
    assert list(tmp_path.glob("calibration-*/session.html"))
    zhao = room.sit("zhao")
    zhao.quality.show_page(Page.CALIBRATION)
    zhao.quality.calibration.select("s1")
    zhao.quality.calibration.compute()
    assert {row[0] for row in zhao.state.calibration.summary.rows} == {"zhao"}
    assert "ma" not in {word for row in zhao.state.calibration.cases.rows for word in row}
    zhao.quality.calibration.show_own(units[0], Target.PRIMARY)
    assert set(zhao.scene.layers) == {Layer.OWN, Layer.REFERENCE}
    assert not zhao.state.calibration.may_clear
    chief.quality.calibration.refresh()
    chief.quality.calibration.clear("zhao", Target.PRIMARY)
    assert chief.ask.asked == []
    chief.ask.will(None)
    chief.quality.calibration.clear("ma", Target.PRIMARY)
    assert not any(item.reader == "ma" for item in room.store.overview("chief").clearances)
    chief.ask.will("draws wide, was shown")
    chief.quality.calibration.clear("ma", Target.PRIMARY)
    assert any(row[0] == "ma" and row[4] == "draws wide, was shown" for row in chief.state.calibration.clearances.rows)
    trainer.quality.calibration.publish_protocol("h-1", (PointRuling(Target.PRIMARY, "ends", False),))
    assert trainer.state.calibration.protocol == "h-1"


def test_own_contour_and_reference_are_shut_before_the_opening(room: Room) -> None:
    _, units = calibrated(room)
    zhao = room.sit("zhao")
    zhao.quality.show_page(Page.CALIBRATION)
    zhao.quality.calibration.select("s1")
    zhao.quality.calibration.show_own(units[0], Target.PRIMARY)
    assert zhao.scene.layers == {}
    assert zhao.message
    zhao.quality.calibration.compute()
    assert not zhao.state.calibration.is_ready


def test_the_sample_is_drawn_shown_spread_kept_and_given_out_again(room: Room) -> None:
    units = room.team.open(5, strata=True)
    seat = room.sit("manager")
    seat.quality.show_page(Page.SAMPLE)
    assert seat.state.sample.may_draw
    seen: list[tuple[str, ...]] = []

    def cancel(_: object) -> str:
        seen.extend(seat.state.sample.members.rows)
        return "cancel"

    seat.ask.will(cancel)
    seat.quality.sample.draw(3, 7)
    assert sum(int(row[-1]) for row in seen) == 3
    assert seat.state.sample.samples == ()
    seat.ask.will("keep")
    seat.quality.sample.draw(3, 7)
    assert len(seat.state.sample.samples) == 1
    members = {row[0] for row in seat.state.sample.members.rows}
    assert len(members) == 3
    assert members <= set(units)
    for unit in sorted(members):
        room.team.assign(unit, "wang")
        room.team.read(unit, "wang")
    seat.quality.refresh()
    assert (seat.state.sample.due, seat.state.sample.waiting) == (0, 3)
    room.clock.wait(28 * 86400)
    seat.quality.refresh()
    assert seat.state.sample.due == 3
    seat.quality.sample.give_out()
    assert (seat.state.sample.due, seat.state.sample.waiting) == (0, 0)
    assert "3 re-readings" in seat.message
    seat.quality.sample.draw(3, 7)
    assert "only 2" in seat.message


def test_readers_and_seniors_meet_no_sample_page(room: Room) -> None:
    sampled(room)
    for person in ("wang", "chief", "trainer"):
        seat = room.sit(person)
        seat.quality.show_page(Page.SAMPLE)
        assert (seat.state.sample.samples, seat.state.sample.may_draw, seat.message) == ((), False, "")


def test_every_number_of_the_progress_opens_its_list(room: Room, tmp_path: Path) -> None:
    room.read(2, "wang", "li")
    room.team.open(1)
    seat = room.sit("manager")
    seat.quality.show_page(Page.PROGRESS)
    shown = seat.state.progress
    assert shown.is_ready
    for key, words, count in shown.numbers:
        assert words
        seat.quality.progress.open_list(key)
        assert len(seat.state.progress.units.rows) == count, key
    assert ("wang", "2", "0", "5") in shown.readers.rows
    assert {row[1] for row in shown.agreement.rows} >= {"primary tumour"}
    seat.quality.progress.open_list(WAITING)
    seat.ask.will(tmp_path)
    seat.quality.progress.export()
    (table,) = tmp_path.glob("progress-*.csv")
    assert table.read_bytes().count(b"\r\n") == 3
    seat.quality.progress.open_list("nonsense:1")
    assert seat.state.progress.units.rows == ()
    seat.quality.set_language(Lang.ZH)
    assert any("有争议" in words for _, words, _ in seat.state.progress.numbers)
    chief = room.sit("chief")
    chief.quality.show_page(Page.PROGRESS)
    assert not chief.state.progress.shows_readers
    assert chief.state.progress.readers.rows == ()


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
