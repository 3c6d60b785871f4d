"""The page Calibration through its presenter: plan, reference, comparison, meeting, protocol, clearance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.calibration.policy import calibration_policy
from crc_core.reading.schema import CALIBRATION_ROUND
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCQualityControlLib.presenter.ports import Layer
from CRCQualityControlLib.presenter.state import Page
from quality_room import Room, Seat
from quality_support import Habit
from store_support import PIN, POLICY, must


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A store without cases."""
    return Room(tmp_path, replace(POLICY, sample_minimum=2))


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
    seat.quality.calibration.planning.plan(plan)
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
    assert [row[0] for row in shown.summary.rows] == ["Ma", "Ma", "Zhao", "Zhao"]
    assert [(key.reader, key.passed) for key in shown.summary_keys][::2] == [("ma", False), ("zhao", True)]
    assert shown.summary.marks == {0, 1}
    assert "larger" in shown.summary.rows[0][4]
    assert "larger" in shown.sentences[0]
    trainer.quality.calibration.meeting.show_votes(units[0], Target.PRIMARY)
    assert int(trainer.scene.layers[Layer.VOTES].array.max()) == 2
    meeting = trainer.state.calibration.meeting
    assert "2 readers" in meeting.words
    assert len(meeting.legend) == 2
    assert [row[0] for row in meeting.numbers.rows] == ["Ma", "Zhao"]
    trainer.quality.calibration.meeting.step()
    assert trainer.state.calibration.meeting.unit == units[1]
    trainer.quality.calibration.meeting.show_reading(units[0], Target.PRIMARY, "ma")
    assert set(trainer.scene.layers) == {Layer.OWN, Layer.REFERENCE}
    assert "Ma and the reference" in trainer.state.calibration.meeting.words
    assert trainer.state.calibration.meeting.legend == ()
    trainer.quality.choose_person("manager")
    assert (trainer.scene.images, trainer.scene.layers, trainer.message) == ({}, {}, "")
    trainer.quality.choose_person("trainer")
    trainer.quality.calibration.compute()
    trainer.quality.calibration.open_results()
    assert "open to Zhao, Ma" in trainer.message
    trainer.ask.will(tmp_path)
    trainer.quality.calibration.export()
    assert list(tmp_path.glob("calibration-*/session.html"))
    zhao = room.sit("zhao")
    zhao.quality.show_page(Page.CALIBRATION)
    zhao.quality.calibration.select("s1")
    zhao.quality.calibration.compute()
    assert {row[0] for row in zhao.state.calibration.summary.rows} == {"Zhao"}
    assert not {"ma", "Ma"} & {word for row in zhao.state.calibration.cases.rows for word in row}
    assert zhao.state.calibration.is_own
    assert zhao.state.calibration.reading.rows == ()
    assert not any("Ma" in words or "Wang" in words for _, words in zhao.state.calibration.facts)
    zhao.quality.calibration.meeting.show_reading(units[0], Target.PRIMARY)
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
    assert any(row[0] == "Ma" and row[5] == "draws wide, was shown" for row in chief.state.calibration.clearances.rows)
    chief.quality.calibration.compute()
    assert {(key.reader, key.target) for key in chief.state.calibration.summary_keys if key.cleared} >= {
        ("zhao", Target.PRIMARY),
        ("ma", Target.PRIMARY),
    }


def test_the_protocol_is_decided_point_by_point_reworded_and_published(room: Room) -> None:
    trainer, _ = calibrated(room)
    draft = trainer.quality.calibration.protocol
    before = trainer.state.calibration.protocol
    assert before.may_publish
    assert not before.is_published
    draft.publish("h-1")
    assert "nothing to publish" in trainer.message
    draft.decide(Target.PRIMARY, "ends", False)
    draft.decide(Target.PRIMARY, "lumen", True)
    draft.decide(Target.PRIMARY, "lumen", None)
    assert trainer.state.calibration.protocol.decided == 1
    trainer.ask.will("止于最后一层。")
    trainer.ask.will("Ends at the last slice.")
    draft.reword(Target.PRIMARY, "ends")
    point = next(item for item in trainer.state.calibration.protocol.points if item.belongs is False)
    assert (point.target, point.point, point.sentence) == (Target.PRIMARY, "ends", "Ends at the last slice.")
    trainer.secrets.secret = None
    draft.publish("h-1")
    assert trainer.state.calibration.protocol.decided == 1
    trainer.secrets.secret = PIN
    draft.publish("h-1")
    shown = trainer.state.calibration.protocol
    assert (shown.version, shown.is_published, shown.decided) == ("h-1", True, 0)
    assert "Ends at the last slice." in shown.lines[0][2]
    draft.decide(Target.PRIMARY, "ulcer_gas", False)
    draft.publish("h-1")
    assert "h-1" in trainer.message
    draft.publish("h-2")
    points = {item.point: item.in_force for item in trainer.state.calibration.protocol.points[:6]}
    assert points["ulcer_gas"] == "in force: does not"
    assert points["fat_stranding"] == "in force: not said"


def test_a_session_is_put_together_from_what_can_be_chosen(room: Room) -> None:
    units = room.team.open(3)
    read = room.read(1, "wang", "li")
    seat = room.sit("trainer")
    seat.quality.show_page(Page.CALIBRATION)
    planning = seat.quality.calibration.planning
    assert seat.state.calibration.plan is None
    planning.begin()
    plan = seat.state.calibration.plan
    assert plan is not None
    assert {option.code for option in plan.units} == set(units)
    assert not set(read) & {option.code for option in plan.units}
    people = {option.code: option.words for option in plan.people}
    assert {"wang", "li", "zhao"} <= set(people)
    assert "chief" not in people
    marks = [replace(mark, dice_percent=90) for mark in plan.marks if mark.target is Target.PRIMARY]
    planning.send("  ", units[:2], ("zhao",), ("wang", "li"), marks)
    assert "name" in seat.message
    planning.send("s1", units[:2], ("zhao",), ("wang",), marks)
    assert "at least 2" in seat.message
    assert seat.state.calibration.plan is not None
    planning.send(" s1 ", units[:2], ("zhao",), ("wang", "li"), marks)
    shown = seat.state.calibration
    assert (shown.plan, shown.selected) == (None, "s1")
    assert room.store.overview("trainer").sessions[0].marks[0].dice_percent == 90
    assert [row[0] for row in shown.reading.rows] == list(units[:2])
    assert len(shown.reading.columns) == 4
    assert shown.reading.marks == {0, 1}
    room.team.read(units[0], "zhao", CALIBRATION_ROUND)
    seat.quality.refresh()
    assert seat.state.calibration.reading.rows[0][3].startswith("✓")
    assert len(seat.state.calibration.waiting) == 5
    planning.begin()
    assert {option.code for option in seat.state.calibration.plan.units} == {units[2]}
    planning.cancel()
    assert seat.state.calibration.plan is None


def test_own_contour_and_reference_are_shut_before_the_opening(room: Room) -> None:
    _, units = calibrated(room)
    zhao = room.sit("zhao")
    zhao.quality.show_page(Page.CALIBRATION)
    zhao.quality.calibration.select("s1")
    zhao.quality.calibration.meeting.show_reading(units[0], Target.PRIMARY)
    assert zhao.scene.layers == {}
    assert zhao.message
    zhao.quality.calibration.compute()
    assert not zhao.state.calibration.is_ready
