"""What goes away under the open case, in the scene or in the store, is told and given back; the work is never lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import store_support as stores
from annotator_room import READER, Room, Seat, answer_everything, lesion, stroke
from annotator_support import CHEST, PVP
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.policy import desk_policy
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Role, Target
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.ports import Lost
from CRCAnnotatorLib.presenter.state import Level, Mark, Saved, StepId

LONGEST = desk_policy().autosave_longest_s
GONE = CrcError("store.vanished", path="somewhere")


def at_work(room: Room) -> tuple[Seat, SegmentKey]:
    """A reader who has drawn a lesion that is kept, and one stroke more that is not yet."""
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.check.confirm()
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    stroke(seat, key, shift=2)
    seat.jobs.advance(1.5)
    return seat, key


def holds_the_stroke(seat: Seat, key: SegmentKey) -> bool:
    array = seat.scene.held[key].array
    return int(np.count_nonzero(array)) == 32 and bool(array[1, 2, 7])


@pytest.mark.parametrize("what", [Lost.SCENE, Lost.IMAGE, Lost.SEGMENTATION])
def test_the_case_is_offered_back_with_the_last_stroke(room: Room, what: Lost) -> None:
    seat, key = at_work(room)
    seat.ask.will("restore")
    seat.scene.loses(what, PVP)
    seat.jobs.advance(0.1)
    assert str(seat.annotator.hub.case.unit) in seat.ask.last.words  # type: ignore[union-attr]
    assert set(seat.scene.images) == {PVP, CHEST}
    assert holds_the_stroke(seat, key)
    assert seat.state.header is not None and seat.state.step is StepId.CONTOUR
    assert seat.scene.arrangement is not None and seat.scene.edited is not None
    seat.jobs.advance(LONGEST)
    assert seat.state.header.saved is Saved.SAVED
    kept = Recovery(room.home).read(seat.keeper.saves[-1][0]).masks[key]
    assert kept.box[2] == slice(4, 8)
    stroke(seat, key, shift=3)
    seat.jobs.advance(LONGEST)
    assert set(seat.keeper.saves[-1][2]) == {key}, "autosave goes on as before"


@pytest.mark.parametrize("what", [Lost.SCENE, Lost.IMAGE, Lost.SEGMENTATION])
def test_declining_closes_the_case_and_keeps_the_work(room: Room, what: Lost) -> None:
    seat, key = at_work(room)
    seat.ask.will(None)
    seat.scene.loses(what, PVP)
    seat.jobs.advance(0.1)
    assert seat.state.header is None and seat.scene.burden == 0
    assert seat.state.cases.rows[0].kept
    seat.annotator.cases.open_next()
    assert holds_the_stroke(seat, key)


def test_nothing_empty_is_saved_over_the_work(room: Room) -> None:
    seat, key = at_work(room)
    seat.ask.will(lambda asked: (seat.jobs.advance(2 * LONGEST), "close_kept")[1])
    seat.scene.loses(Lost.SEGMENTATION)
    seat.jobs.advance(0.1)
    for _, _, masks in seat.keeper.saves:
        assert all(mask is not None for mask in masks.values())
    assert key in Recovery(room.home).read(seat.keeper.saves[-1][0]).masks


@pytest.mark.parametrize("what", [Lost.SCENE, Lost.IMAGE, Lost.SEGMENTATION])
def test_a_stroke_of_this_moment_is_read_before_it_goes(room: Room, what: Lost) -> None:
    seat, key = at_work(room)
    stroke(seat, key, shift=3)
    seat.ask.will("restore")
    seat.scene.loses(what, PVP)
    seat.jobs.advance(0.1)
    assert bool(seat.scene.held[key].array[1, 2, 8]), "nobody had read it yet"
    seat.jobs.advance(LONGEST)
    assert Recovery(room.home).read(seat.keeper.saves[-1][0]).masks[key].box[2] == slice(5, 9)


def test_a_segment_that_another_module_takes_out_comes_back_and_is_said_once(room: Room) -> None:
    seat, key = at_work(room)
    seat.scene.removes(key)
    seat.jobs.advance(0.1)
    assert holds_the_stroke(seat, key) and seat.ask.asked == []
    assert seat.message == say("annotator.lost.segment", Lang.EN, lesions="liver L1")
    assert seat.scene.edited == key
    seat.jobs.advance(LONGEST)
    for _, _, masks in seat.keeper.saves:
        assert all(mask is not None for mask in masks.values()), "it was never kept as empty"
    stroke(seat, key, shift=3)
    seat.jobs.advance(LONGEST)
    assert Recovery(room.home).read(seat.keeper.saves[-1][0]).masks[key].box[2] == slice(5, 9)


def test_segments_taken_out_together_come_back_together_and_keep_their_voxels(room: Room) -> None:
    seat, key = at_work(room)
    other = lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.annotator.pause()
    for each in (key, other):
        seat.scene.removes(each)
    seat.jobs.advance(2 * LONGEST)
    assert holds_the_stroke(seat, key) and other in seat.scene.held
    assert "L1" in seat.message and "L2" in seat.message
    assert set(Recovery(room.home).read(seat.keeper.saves[-1][0]).masks) == {key, other}


def test_a_segment_that_goes_with_all_the_others_is_no_second_loss(room: Room) -> None:
    seat, key = at_work(room)
    seat.ask.will("restore")
    seat.scene.removes(key)
    seat.scene.loses(Lost.SEGMENTATION)
    seat.jobs.advance(0.1)
    assert len(seat.ask.asked) == 1 and holds_the_stroke(seat, key)


def test_a_segment_of_another_module_among_the_readers_is_said(room: Room) -> None:
    seat, _ = at_work(room)
    seat.annotator.foreign_segment("Segment_1")
    assert seat.message == say("annotator.foreign_segment", Lang.EN, name="Segment_1")
    assert seat.state.message is not None and seat.state.message.level is Level.WARNING


def test_several_losses_at_once_are_one_question(room: Room) -> None:
    seat, key = at_work(room)
    seat.ask.will("restore")
    seat.scene.loses(Lost.IMAGE, PVP)
    seat.scene.loses(Lost.IMAGE, CHEST)
    seat.scene.loses(Lost.SEGMENTATION)
    seat.jobs.advance(0.1)
    assert len(seat.ask.asked) == 1 and holds_the_stroke(seat, key)
    assert set(seat.scene.images) == {PVP, CHEST}


def test_the_scene_may_close_while_no_case_is_open(room: Room) -> None:
    seat = room.sit()
    seat.scene.loses(Lost.SCENE)
    seat.jobs.advance(1)
    assert seat.ask.asked == []


def test_a_scene_that_closes_while_a_case_opens_stops_nothing_that_matters(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_next()
    seat.jobs.step("busy")
    seat.scene.loses(Lost.SCENE)
    seat.annotator.cancel_busy()
    assert seat.state.header is None and seat.scene.burden == 0


def test_where_restoring_fails_the_work_stays_kept(room: Room) -> None:
    seat, key = at_work(room)
    case = seat.annotator.hub.case
    assert case is not None
    for path in room.store.open_image(case.unit, Role.PVP, READER):
        path.write_bytes(b"")
    seat.ask.will("restore")
    seat.scene.loses(Lost.SCENE)
    seat.jobs.advance(0.1)
    assert seat.state.header is None and seat.state.message is not None
    assert seat.state.message.level is Level.ERROR
    kept = Recovery(room.home).read(seat.keeper.saves[-1][0])
    assert kept.masks[key].box[2] == slice(4, 8)
    assert room.settings.get(f"open/{seat.keeper.saves[-1][0]}") is None, "it is no kill"


def test_where_the_store_is_gone_as_well_the_case_is_closed_and_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat, key = at_work(room)

    def gone(*_: object) -> None:
        raise GONE

    monkeypatch.setattr(seat.annotator.hub.store, "unit", gone)
    seat.ask.will("restore")
    seat.scene.loses(Lost.SCENE)
    seat.jobs.advance(0.1)
    assert seat.state.header is None and seat.message == GONE.sentence(Lang.EN)
    assert key in Recovery(room.home).read(seat.keeper.saves[-1][0]).masks


def test_a_submitted_case_is_restored_as_it_was(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    answer_everything(seat)
    seat.annotator.submit.submit()
    seat.ask.will("restore")
    seat.scene.loses(Lost.SCENE)
    seat.jobs.advance(0.1)
    assert seat.state.header is not None and seat.state.header.read_only
    assert seat.state.submit is not None and seat.state.submit.submitted
    assert Recovery(room.home).list_kept() == ()


# what happens to the unit in the store meanwhile


def test_consent_withdrawn_meanwhile_closes_the_case(room: Room) -> None:
    seat, _ = at_work(room)
    unit = room.source.prepared(seat.annotator.hub.case.unit)  # type: ignore[union-attr]
    room.withdraw_consent(unit)
    seat.annotator.cases.refresh()
    assert seat.state.header is None and seat.scene.burden == 0
    assert seat.message == say("annotator.consent_withdrawn", Lang.EN, unit=str(unit.unit))
    (row,) = seat.annotator.cases._listing.items
    assert row.unit == str(unit.unit)
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is None


def test_a_unit_excluded_meanwhile_can_only_be_looked_at(room: Room) -> None:
    seat, key = at_work(room)
    unit = room.source.prepared(seat.annotator.hub.case.unit)  # type: ignore[union-attr]
    room.exclude(unit, "wrong patient")
    seat.annotator.cases.refresh()
    assert seat.state.header is not None and seat.state.header.read_only
    assert "wrong patient" in seat.message
    assert seat.state.foot == say("annotator.foot.read_only", Lang.EN)
    assert seat.state.foot_mark is Mark.LOCKED
    assert seat.state.submit is not None and not seat.state.submit.can_submit
    work = seat.annotator.hub.case.work  # type: ignore[union-attr]
    seat.annotator.contour.remove_lesion(Target.LIVER, key.lesion)
    assert seat.annotator.hub.case.work is work  # type: ignore[union-attr]
    assert Recovery(room.home).list_kept() != ()


def test_a_mode_changed_meanwhile_is_taken_over_with_the_contours(room: Room) -> None:
    seat, key = at_work(room)
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    changed = p.ModeChanged(Target.PRIMARY, Mode.DIRECT, "no lumen")
    stores.must(room.store, "chief", Kind.MODE_CHANGED, changed, unit)
    seat.annotator.cases.refresh()
    assert seat.state.contour is not None and seat.state.contour.targets[0].mode is Mode.DIRECT
    assert "primary" in seat.message and holds_the_stroke(seat, key)
    assert seat.ask.asked == []
    seat.jobs.advance(LONGEST)
    assert seat.state.header is not None and seat.state.header.saved is Saved.SAVED


def test_a_reading_that_came_in_elsewhere_leaves_the_work_here(room: Room) -> None:
    seat, key = at_work(room)
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    sealed = stores.sealed_reading(room.folder / "elsewhere", room.source.prepared(unit), READER)
    stores.accepted(stores.submit(room.store, sealed, unit, READER))
    seat.annotator.cases.refresh()
    assert seat.state.header is not None and seat.state.header.read_only
    assert seat.message == say("annotator.submitted_elsewhere", Lang.EN, unit=str(unit))
    assert holds_the_stroke(seat, key) and Recovery(room.home).list_kept() != ()


def test_a_store_that_is_gone_meanwhile_lets_the_reader_work_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat, key = at_work(room)
    store = seat.annotator.hub.store

    def gone(*_: object, **__: object) -> None:
        raise GONE

    for name in ("work_list", "unit", "act", "info"):
        monkeypatch.setattr(store, name, gone)
    seat.annotator.cases.refresh()
    assert seat.message == GONE.sentence(Lang.EN)
    stroke(seat, key, shift=1)
    seat.jobs.advance(LONGEST)
    assert seat.state.header is not None and seat.state.header.saved is Saved.SAVED
    assert not seat.state.header.read_only
    seat.annotator.dismiss_message()
    seat.ask.will("question?")
    seat.annotator.ask_senior()
    assert seat.message == GONE.sentence(Lang.EN)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    assert seat.state.header is None


def test_entering_the_module_again_looks_at_the_store(room: Room) -> None:
    seat, _ = at_work(room)
    unit = room.source.prepared(seat.annotator.hub.case.unit)  # type: ignore[union-attr]
    seat.annotator.pause()
    room.exclude(unit)
    seat.annotator.start()
    assert seat.state.header is not None and seat.state.header.read_only


def test_a_hundred_cases_in_a_row_leave_no_more_behind_than_one(room: Room) -> None:
    units = [str(room.unit().unit) for _ in range(2)]
    seat = room.sit()
    burdens, names, keepers = [], [], []
    for number in range(100):
        seat.annotator.cases.open_unit(units[number % 2])
        assert seat.state.header is not None and seat.state.header.unit == units[number % 2]
        seat.annotator.hub.case.change(replace(seat.annotator.hub.case.work, position_ras=(1.0, 1.0, number)))
        seat.annotator.flip_phase()
        burdens.append(seat.scene.burden)
        seat.jobs.advance(1)
        seat.annotator.save_now()
        names.append(seat.jobs.names)
        keepers.append(sum(not keeper.closed for keeper in seat.keepers))
    assert len(set(burdens[2:])) == 1 and len(set(names[2:])) == 1 and set(keepers) == {1}
    seat.annotator.cases.close_case()
    assert seat.scene.burden == 0 and not seat.jobs.names
    assert [mark.mark for mark in seat.state.steps] == [Mark.CURRENT, *[Mark.LOCKED] * 4]
