"""Work is kept safe soon after each change, only what changed; it comes back after a kill, leaving loses nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import store_support as stores
from annotator_room import READER, Room, Seat, answer_everything, finish_drawn, lesion, source_of, stroke
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.policy import desk_policy
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.reading.schema import ScanRemark
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Target
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.state import Level, Saved, StepId

FULL = CrcError("file.disk_full", path="disk")
DELAY, LONGEST = desk_policy().autosave_delay_s, desk_policy().autosave_longest_s


def opened(room: Room) -> Seat:
    """A reader at an open case whose scan is confirmed and safe."""
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.check.confirm()
    seat.jobs.advance(LONGEST)
    return seat


def saved(seat: Seat) -> Saved:
    assert seat.state.header is not None
    return seat.state.header.saved


def drawn(seat: Seat, room: Room, key: SegmentKey) -> int:
    """How many voxels a segment holds in the scene."""
    segment = seat.scene.held.get(key)
    return 0 if segment is None else int(np.count_nonzero(segment.array))


# autosave


def test_a_change_is_saved_soon_and_said(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    assert saved(seat) is Saved.NOTHING and seat.state.header.saved_words == ""  # type: ignore[union-attr]
    seat.annotator.check.confirm()
    assert saved(seat) is Saved.UNSAVED
    seat.jobs.advance(DELAY - 0.5)
    assert not seat.keepers, "the window is left alone while a person is at it"
    seat.jobs.advance(0.5)
    assert saved(seat) is Saved.SAVED and len(seat.keeper.saves) == 1
    assert seat.state.header is not None
    at = room.clock.now().astimezone().strftime("%H:%M:%S")
    assert seat.state.header.saved_words == say("annotator.saved.saved", Lang.EN, at=at)
    assert room_recovery(room).read(seat.keeper.saves[0][0]).work.scan_confirmed


def test_only_what_changed_is_written(room: Room) -> None:
    seat = opened(room)
    first = lesion(seat)
    second = lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.keeper.saves.clear()
    stroke(seat, first, shift=1)
    seat.jobs.advance(LONGEST)
    assert [set(masks) for _, _, masks in seat.keeper.saves] == [{first}]
    (label, _, masks) = seat.keeper.saves[0]
    kept = masks[first]
    assert kept is not None and kept.inside.shape == (2, 4, 4), "a crop, not the whole image"
    assert set(room_recovery(room).read(label).masks) == {first, second}, "what did not change stays kept"
    seat.jobs.advance(60)
    assert len(seat.keeper.saves) == 1, "nothing changed, nothing is written"


def test_steady_drawing_is_saved_all_the_same(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    before = len(seat.keeper.saves)
    for second in range(LONGEST + 2):
        stroke(seat, key, shift=second % 3)
        seat.jobs.advance(1)
    assert len(seat.keeper.saves) == before + 1


def test_saving_does_not_make_the_window_wait_and_loses_no_stroke_meanwhile(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.keeper.hold = True
    stroke(seat, key, shift=1)
    seat.jobs.advance(DELAY)
    assert saved(seat) is Saved.SAVING
    stroke(seat, key, shift=4)
    seat.jobs.advance(DELAY)
    seat.keeper.hold = False
    seat.keeper.finish()
    assert saved(seat) is Saved.UNSAVED
    seat.jobs.advance(LONGEST)
    assert saved(seat) is Saved.SAVED
    kept = room_recovery(room).read(seat.keeper.saves[-1][0]).masks[key]
    assert kept.box[2] == slice(6, 10)


def test_a_failed_save_is_told_once_kept_in_mind_and_tried_again(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.keeper.failure = FULL
    seat.jobs.advance(LONGEST)
    assert saved(seat) is Saved.FAILED
    assert seat.message == FULL.sentence(Lang.EN)
    seat.annotator.dismiss_message()
    stroke(seat, key, shift=2)
    tries = len(seat.keeper.saves)
    seat.jobs.advance(DELAY)
    assert len(seat.keeper.saves) == tries, "a full disk is not tried at every stroke"
    seat.jobs.advance(LONGEST)
    assert len(seat.keeper.saves) == tries + 1 and seat.message == ""
    assert saved(seat) is Saved.FAILED
    seat.keeper.failure = None
    seat.jobs.advance(LONGEST)
    assert saved(seat) is Saved.SAVED
    label, _, masks = seat.keeper.saves[-1]
    assert set(masks) == {key}, "what could not be written came along"
    assert room_recovery(room).read(label).masks[key].box[2] == slice(4, 8)


def test_a_scene_that_cannot_be_read_is_a_failed_save(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.jobs.advance(LONGEST)
    stroke(seat, SegmentKey(Target.LIVER, 1), shift=1)
    seat.annotator.hub.kit.jobs.cancel("annotator.checks")
    seat.scene.failures["read"] = FULL
    saves = len(seat.keeper.saves)
    seat.annotator.save_now()
    assert len(seat.keeper.saves) == saves and saved(seat) is Saved.FAILED
    seat.jobs.advance(LONGEST)
    assert saved(seat) is Saved.SAVED


def test_save_now_says_that_all_is_safe(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.annotator.save_now()
    assert saved(seat) is Saved.SAVED and seat.message == say("annotator.saved_now", Lang.EN)


def test_a_removed_lesion_is_not_kept(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.ask.will(lambda asked: asked.choices[0].code)
    seat.annotator.contour.remove_lesion(Target.LIVER, key.lesion)
    seat.jobs.advance(LONGEST)
    label = seat.keeper.saves[-1][0]
    assert room_recovery(room).read(label).masks == {}


# a kill


def test_after_a_kill_the_work_is_offered_and_gone_on_with(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    room.kill(seat)

    again = room.sit(start=False)
    again.ask.will("go_on")
    again.annotator.start()
    assert again.state.header is not None and drawn(again, room, key) == 32
    assert [choice.code for choice in again.ask.last.choices] == ["go_on", "later"]
    assert len(again.ask.asked) == 1, "asked once, not again on opening"
    assert again.state.step is StepId.CONTOUR and saved(again) is Saved.SAVED


def test_work_is_offered_once_the_store_is_back(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    room.kill(seat)
    room.unreachable = CrcError("store.vanished")
    again = room.sit()
    assert again.ask.asked == []
    room.unreachable = None
    again.ask.will("go_on")
    again.annotator.cases.refresh()
    assert drawn(again, room, key) == 32


def test_work_of_another_reader_is_not_offered(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.jobs.advance(LONGEST)
    room.kill(seat)
    other = room.sit(reader="li")
    assert other.ask.asked == []
    other.ask.will("go_on")
    other.annotator.cases.choose_reader(READER)
    assert other.state.header is not None


def test_work_offered_after_a_kill_can_wait_and_is_offered_no_more(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    room.kill(seat)
    again = room.sit(start=False)
    again.ask.will("later")
    again.annotator.start()
    assert again.state.header is None and again.state.cases.rows[0].kept
    third = room.sit()
    assert third.ask.asked == [] and third.state.header is None
    third.annotator.cases.open_next()
    assert drawn(third, room, key) == 32 and third.ask.asked == []


def test_a_killed_case_opened_from_the_list_can_be_begun_anew(room: Room) -> None:
    room.unit()
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    unit = seat.state.header.unit  # type: ignore[union-attr]
    room.kill(seat)
    again = room.sit(start=False)
    again.ask.will(None, None, "anew")
    again.annotator.start()
    room.settings.put(f"open/{room_recovery(room).list_kept()[0].label}", "1")
    again.annotator.cases.open_unit(unit)
    assert again.state.header is None, "thinking better of it opens nothing"
    again.annotator.cases.open_unit(unit)
    assert again.state.header is not None and drawn(again, room, key) == 0
    assert again.annotator.hub.case is not None and not again.annotator.hub.case.work.scan_confirmed
    room.kill(again)
    last = room.sit(start=False)
    last.ask.will("go_on")
    last.annotator.start()
    assert drawn(last, room, key) == 32, "until something new is saved the old work stays"


def test_a_case_open_in_another_slicer_is_not_offered_as_killed(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.jobs.advance(LONGEST)
    other = room.sit()
    assert other.ask.asked == [] and other.state.header is None


def test_a_clean_end_is_no_kill_and_loses_nothing(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.annotator.shut_down()
    assert seat.ask.asked == [] and seat.scene.burden == 0 and seat.scene.listener is None
    assert not seat.jobs.names and seat.keeper.closed
    again = room.sit(start=False)
    again.ask.will("go_on")
    again.annotator.start()
    assert drawn(again, room, key) == 32, "the last seconds were saved on the way out"


def test_damaged_kept_work_is_told_and_left_where_it_is(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    (work_file,) = room.home.rglob("work.json")
    work_file.write_bytes(work_file.read_bytes()[:100])
    seat.annotator.cases.refresh()
    assert seat.state.cases.rows[0].kept == say("annotator.kept.damaged", Lang.EN)
    seat.ask.will(None)
    seat.annotator.cases.open_next()
    assert seat.state.header is None and "work.json" in seat.ask.last.words
    seat.ask.will("anew")
    seat.annotator.cases.open_next()
    assert seat.state.header is not None
    seat.annotator.check.confirm()
    seat.jobs.advance(LONGEST)
    assert saved(seat) is Saved.SAVED and list(room.home.rglob("damaged.json"))


def test_kept_work_of_a_reading_submitted_meanwhile_is_spoken_of(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    room.kill(seat)
    prepared = room.source.prepared(unit)
    sealed = stores.sealed_reading(room.folder / "elsewhere", prepared, READER)
    stores.accepted(stores.submit(room.store, sealed, unit, READER))

    again = room.sit(start=False)
    again.ask.will("go_on", None, "view", "drop")
    again.annotator.start()
    assert again.state.header is None and "is in already" in again.ask.last.words
    again.annotator.cases.open_unit(str(unit))
    assert again.state.header is not None and again.state.header.read_only
    assert drawn(again, room, SegmentKey(Target.PRIMARY, 1)) > 0 and drawn(again, room, key) == 0
    again.annotator.cases.close_case()
    assert room_recovery(room).list_kept() != (), "looking leaves the kept work alone"
    again.annotator.cases.open_unit(str(unit))
    assert room_recovery(room).list_kept() == ()


@pytest.mark.parametrize("choice", ["kept", "reading", None])
def test_of_a_returned_reading_and_other_kept_work_the_person_chooses(room: Room, choice: str | None) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    room.kill(seat)
    sealed = stores.sealed_reading(room.folder / "elsewhere", room.source.prepared(unit), READER)
    stores.accepted(stores.submit(room.store, sealed, unit, READER))
    stores.must(room.store, "chief", Kind.READING_RETURNED, p.ReadingReturned("why?"), unit)
    again = room.sit(start=False)
    again.ask.will("later", choice)
    again.annotator.start()
    again.annotator.cases.open_unit(str(unit))
    assert again.ask.last.choices[0].code == "reading"
    case = again.annotator.hub.case
    if choice is None:
        assert case is None
        return
    assert case is not None and case.work.supersedes == sealed.sha256
    assert drawn(again, room, key) == (32 if choice == "kept" else 0)
    assert (drawn(again, room, SegmentKey(Target.PRIMARY, 1)) > 0) is (choice == "reading")
    case.change(replace(case.work, scan_remarks=(ScanRemark("tilt", "fine"),)))
    again.ask.will("save")
    again.annotator.cases.close_case()
    again.annotator.cases.open_unit(str(unit))
    assert again.ask.pending == 0 and len(again.ask.asked) == 3, "the choice stands"
    assert drawn(again, room, key) == (32 if choice == "kept" else 0)


def test_work_begun_from_a_returned_reading_is_gone_on_with_without_asking(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    seat.annotator.cases.close_case()
    stores.must(room.store, "chief", Kind.READING_RETURNED, p.ReadingReturned("why?"), unit)
    seat.annotator.cases.open_unit(str(unit))
    second = lesion(seat, shift=4)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_unit(str(unit))
    assert drawn(seat, room, second) == 32 and drawn(seat, room, SegmentKey(Target.LIVER, 1)) == 32
    assert seat.ask.pending == 0


def test_a_mode_changed_since_is_pointed_out(room: Room) -> None:
    seat = opened(room)
    unit = seat.annotator.hub.case.unit  # type: ignore[union-attr]
    lesion(seat)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    changed = p.ModeChanged(Target.PRIMARY, Mode.DIRECT, "no lumen")
    stores.must(room.store, "chief", Kind.MODE_CHANGED, changed, unit)
    seat.annotator.cases.open_unit(str(unit))
    assert seat.state.message is not None and seat.state.message.level is Level.WARNING
    assert "primary" in seat.message and "liver" not in seat.message
    assert seat.annotator.hub.case is not None
    assert seat.annotator.hub.case.work.targets[0].mode is Mode.DIRECT


# leaving


def test_nothing_is_asked_where_nothing_changed(room: Room) -> None:
    seat = opened(room)
    seat.annotator.save_now()
    seat.annotator.cases.close_case()
    assert seat.ask.asked == [] and seat.state.header is None
    seat.annotator.cases.open_next()
    seat.annotator.cases.close_case()
    assert seat.ask.asked == []


def test_cancel_stays(room: Room) -> None:
    other = room.unit()
    seat = opened(room)
    key = lesion(seat)
    for leave in (
        seat.annotator.cases.close_case,
        lambda: seat.annotator.cases.open_unit(str(other.unit)),
        seat.annotator.cases.make_sample_case,
        lambda: seat.annotator.cases.open_store(room.place),
    ):
        seat.ask.will("cancel")
        leave()
        assert seat.state.header is not None and drawn(seat, room, key) == 32
        seat.ask.will(None)
        leave()
        assert seat.state.header is not None, "putting the question away stays as well"
    seat.ask.will("cancel")
    assert not seat.annotator.stop()
    assert [choice.code for choice in seat.ask.last.choices] == ["save", "discard", "cancel"]


def test_save_keeps_and_goes_on(room: Room) -> None:
    seat = opened(room)
    other = room.unit()
    first = seat.state.header.unit  # type: ignore[union-attr]
    key = lesion(seat)
    seat.ask.will("save")
    seat.annotator.cases.open_unit(str(other.unit))
    assert seat.state.header is not None and seat.state.header.unit == str(other.unit)
    assert drawn(seat, room, key) == 0
    seat.annotator.cases.open_unit(first)
    assert drawn(seat, room, key) == 32
    assert seat.message.startswith("Going on with your work of ")


def test_a_save_that_fails_on_leaving_stays(room: Room) -> None:
    seat = opened(room)
    other = room.unit()
    key = lesion(seat)
    seat.keeper.failure = FULL
    seat.ask.will("save")
    seat.annotator.cases.open_unit(str(other.unit))
    assert seat.state.header is not None and drawn(seat, room, key) == 32
    assert seat.state.header.unit != str(other.unit)
    assert seat.message == FULL.sentence(Lang.EN) and seat.state.busy is None
    seat.ask.will("save")
    assert not seat.annotator.stop(), "failing to save keeps the window open as well"
    seat.keeper.failure = None
    seat.ask.will("save")
    seat.annotator.cases.open_unit(str(other.unit))
    assert seat.state.header.unit == str(other.unit)


def test_a_save_that_takes_its_time_is_shown_and_waited_for(room: Room) -> None:
    seat = opened(room)
    lesion(seat)
    seat.keeper.hold = True
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    assert seat.state.busy is not None and not seat.state.busy.can_cancel and seat.state.header is not None
    seat.annotator.cancel_busy()
    assert seat.state.busy is not None, "it cannot be stopped half way"
    seat.keeper.finish()
    assert seat.state.busy is None and seat.state.header is None


def test_discard_goes_back_to_what_was_there_when_the_case_was_opened(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    stroke(seat, key, shift=4)
    extra = lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.ask.will("discard")
    seat.annotator.cases.close_case()
    assert seat.state.header is None
    seat.annotator.cases.open_next()
    assert drawn(seat, room, key) == 32 and drawn(seat, room, extra) == 0
    assert seat.scene.held[key].array[1, 2, 2], "the first stroke, not the second"


def test_discard_twice_in_one_session_goes_back_both_times(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    for shift in (3, 4):
        seat.annotator.cases.open_next()
        stroke(seat, key, shift=shift)
        seat.jobs.advance(LONGEST)
        seat.ask.will("discard")
        seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    assert seat.scene.held[key].array[1, 2, 2]


def test_discard_goes_back_to_the_last_save_on_purpose(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.annotator.save_now()
    stroke(seat, key, shift=4)
    seat.jobs.advance(LONGEST)
    seat.ask.will("discard")
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    assert seat.scene.held[key].array[1, 2, 2]


def test_discarding_a_case_that_was_never_kept_keeps_nothing(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    lesion(seat)
    seat.jobs.advance(LONGEST)
    seat.ask.will("discard")
    seat.annotator.cases.close_case()
    assert room_recovery(room).list_kept() == ()


def test_a_discard_the_disk_refuses_stays(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = opened(room)
    lesion(seat)
    recovery = seat.annotator._keeping.recovery

    def refuse(label: str) -> None:
        raise FULL

    monkeypatch.setattr(recovery, "discard", refuse)
    seat.ask.will("discard")
    seat.annotator.cases.close_case()
    assert seat.state.header is not None and seat.message == FULL.sentence(Lang.EN)


def test_stop_saves_at_once(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.keeper.hold = True
    seat.ask.will("save")
    assert seat.annotator.stop()
    assert seat.state.header is None and seat.keeper.closed
    assert key in room_recovery(room).read(seat.keeper.saves[-1][0]).masks
    assert seat.annotator.stop(), "without a case there is nothing to ask"


def test_time_spent_without_a_change_is_kept_with_the_work(room: Room) -> None:
    seat = opened(room)
    seat.annotator.save_now()
    before = seat.annotator._desk.active_seconds
    for _ in range(30):
        seat.jobs.advance(1)
        seat.scene.touches()
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    assert seat.annotator._desk.active_seconds == pytest.approx(before + 30, abs=1)


def test_handing_in_forgets_what_was_kept(room: Room) -> None:
    seat = opened(room)
    answer_everything(seat)
    seat.jobs.advance(LONGEST)
    assert room_recovery(room).list_kept() != ()
    seat.annotator.submit.submit()
    assert room_recovery(room).list_kept() == ()
    assert saved(seat) is Saved.NOTHING
    seat.annotator.cases.close_case()
    assert seat.ask.asked == []


def room_recovery(room: Room) -> Recovery:
    """What lies on the disk of this machine now."""
    return Recovery(room.home)


def test_the_grid_of_a_kept_mask_is_that_of_its_source(room: Room) -> None:
    seat = opened(room)
    key = lesion(seat)
    seat.jobs.advance(LONGEST)
    kept = room_recovery(room).read(seat.keeper.saves[-1][0]).masks[key]
    prepared = room.source.prepared(seat.annotator.hub.case.unit)  # type: ignore[union-attr]
    assert kept.grid.same_as(source_of(prepared))
