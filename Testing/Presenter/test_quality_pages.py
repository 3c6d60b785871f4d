"""The other pages through their presenters: store and person, Agreement, Calibration, Sample, Progress."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.calibration.policy import calibration_policy
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


def test_the_sample_is_drawn_shown_spread_kept_and_given_out_again(room: Room, tmp_path: Path) -> None:
    units = room.team.open(5, strata=True)
    seat = room.sit("manager")
    seat.quality.show_page(Page.SAMPLE)
    assert seat.state.sample.may_draw
    seen: list[tuple[str, ...]] = []

    def cancel(_: object) -> str:
        assert seat.state.sample.selected is None
        seen.extend(seat.state.sample.strata.rows)
        return "cancel"

    seat.ask.will(cancel)
    seat.quality.sample.draw(3, 7)
    assert sum(int(row[-1]) for row in seen) == 3
    assert seat.state.sample.samples == ()
    seat.quality.sample.exclude(units[4])
    assert seat.state.sample.excluded == (units[4],)
    seat.quality.sample.exclude(units[4])
    seat.quality.sample.include(units[4])
    assert seat.state.sample.excluded == ()
    assert seat.state.sample.ready == 5
    seat.ask.will("keep")
    seat.quality.sample.draw(3, 7)
    assert len(seat.state.sample.samples) == 1
    assert seat.state.sample.strata.rows == tuple(seen)
    seat.ask.will(tmp_path)
    seat.quality.sample.export()
    (folder,) = tmp_path.glob("sample-7-*")
    assert {path.name for path in folder.iterdir()} == {"members.csv", "strata.csv", "left_out.csv", "sample.html"}
    assert (folder / "members.csv").read_bytes().count(b"\r\n") == 4
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
    assert seat.state.sample.rereads.rows == (("Wang", "3", "0", ""),)
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
    units = room.read(2, "wang", "li")
    room.team.open(1)
    seat = room.sit("manager")
    seat.quality.show_page(Page.PROGRESS)
    shown = seat.state.progress
    assert shown.is_ready
    for key, words, count in shown.numbers:
        assert words
        seat.quality.progress.open_list(key)
        assert len(seat.state.progress.units.rows) == count, key
        assert seat.state.progress.chosen_words
    for grid in (shown.sites, shown.readers):
        for row in grid.rows:
            assert len(row) == len(grid.columns)
            for cell in row[1:3]:
                seat.quality.progress.open_list(cell.key)
                assert len(seat.state.progress.units.rows) == int(cell.words), cell
    wang = next(row for row in shown.readers.rows if row[0].words == "Wang")
    assert [cell.words for cell in wang] == ["Wang", "2", "0", "5", "0.2"]
    seat.quality.progress.open_list(wang[3].key)
    assert {row[0] for row in seat.state.progress.units.rows} == set(units)
    assert seat.state.progress.units.rows[0][4] == "5"
    assert shown.agreement.columns[1] == "primary tumour"
    (month,) = shown.agreement.rows
    assert "(n=2)" in month[1].words
    seat.quality.progress.open_list(month[1].key)
    assert {row[0] for row in seat.state.progress.units.rows} == set(units)
    course = shown.courses[0]
    assert (course.points[0].count, course.points[0].key) == (2, month[1].key)
    assert "2 wait for a senior" in shown.waiting
    seat.quality.progress.open_list(WAITING)
    seat.ask.will(tmp_path)
    seat.quality.progress.export()
    (folder,) = tmp_path.glob("progress-*")
    assert (folder / "units.csv").read_bytes().count(b"\r\n") == 3
    assert (folder / "readers.csv").read_bytes().count(b"\r\n") == 3
    assert (folder / "progress.html").is_file()
    for nonsense in ("nonsense:1", "month:2026-01|target:none", "state:nowhere"):
        seat.quality.progress.open_list(nonsense)
        assert seat.state.progress.units.rows == ()
    seat.quality.set_language(Lang.ZH)
    assert any("有争议" in words for _, words, _ in seat.state.progress.numbers)
    chief = room.sit("chief")
    chief.quality.show_page(Page.PROGRESS)
    assert not chief.state.progress.shows_readers
    assert chief.state.progress.readers.rows == ()


def test_who_read_a_unit_twice_is_listed_twice_behind_the_number(room: Room) -> None:
    (unit, _) = sampled(room, 2)
    for reader in ("wang", "zhao"):
        room.clock.wait(29 * 86400)
        room.team.assign(unit, reader, 2)
        room.team.read(unit, reader, 2)
    seat = room.sit("manager")
    seat.quality.show_page(Page.PROGRESS)
    wang = next(row for row in seat.state.progress.readers.rows if row[0].words == "Wang")
    assert wang[1].words == "3"
    seat.quality.progress.open_list(wang[1].key)
    assert [row[1] for row in seat.state.progress.units.rows if row[0] == unit] == ["1", "2"]


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
