"""A case opens ready to work on, in steps that can be stopped; what keeps it shut is said, nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import store_support as stores
from annotator_room import READER, Room, answer_everything, finish_drawn, lesion, source_of
from annotator_support import CHEST, PVP
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.arrangement import ImageKey, LayoutKind
from crc_core.desk.windows import preset_window
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.text import Lang, say
from crc_core.vocabulary import Role, Target
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal
from crc_core.workflow.views import SlotPhase
from CRCAnnotatorLib.presenter.state import Level, Mark, Saved, StepId


def slot_phase(room: Room, unit: stores.PreparedUnit, reader: str = READER) -> SlotPhase:
    view = room.store.unit(unit.unit, reader)
    return max((slot for slot in view.slots if slot.reader == reader), key=lambda slot: slot.round).phase


def test_a_case_opens_ready(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    assert slot_phase(room, unit) is SlotPhase.ASSIGNED
    seat.annotator.cases.open_unit(str(unit.unit))
    assert set(seat.scene.images) == {PVP, CHEST}
    assert seat.scene.images[PVP].grid.same_as(source_of(unit))
    assert seat.scene.windows[PVP] == preset_window(None)
    assert seat.scene.arrangement is not None and seat.scene.arrangement.panes[0].image == PVP
    assert seat.scene.linked and "fit" in seat.scene.calls
    assert seat.state.header is not None and seat.state.header.unit == str(unit.unit)
    assert seat.state.step is StepId.CHECK, "the scan comes first"
    assert seat.state.contour is not None and seat.state.contour.target is Target.PRIMARY
    assert seat.state.report is not None and seat.state.submit is not None
    assert all(mark.reachable for mark in seat.state.steps)
    assert seat.state.busy is None and seat.message == ""
    assert slot_phase(room, unit) is SlotPhase.IN_WORK


def test_a_confirmed_scan_leads_to_the_contours_next_time(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    seat.annotator.check.confirm()
    seat.scene.place = (3.0, 2.0, 1.0)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_next()
    assert seat.state.step is StepId.CONTOUR
    assert seat.scene.place == (3.0, 2.0, 1.0), "the reader comes back to the place they left"


def test_opening_shows_progress_in_words(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_next()
    assert seat.state.busy is not None and seat.state.busy.can_cancel
    seen = set()
    while seat.jobs.step("busy"):
        assert seat.state.busy is not None
        seen.add((seat.state.busy.words, seat.state.busy.total))
    assert {total for _, total in seen} == {8}
    assert any("portal venous" in words for words, _ in seen)
    assert seat.state.header is not None and seat.state.busy is None


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_opening_can_be_cancelled_and_leaves_nothing(room: Room, steps: int) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_next()
    for _ in range(steps):
        seat.jobs.step("busy")
    seat.annotator.cancel_busy()
    assert seat.state.busy is None and seat.state.header is None and seat.state.step is StepId.CASE
    assert seat.scene.burden == 0 and not seat.jobs.names
    assert slot_phase(room, unit) is SlotPhase.ASSIGNED, "what was not opened was not begun"
    seat.jobs.hold_steps = False
    room.sit().annotator.cases.open_unit(str(unit.unit))
    assert slot_phase(room, unit) is SlotPhase.IN_WORK, "the slot is free again"


def test_while_one_case_opens_another_one_waits(room: Room) -> None:
    first, second = room.unit(), room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_unit(str(first.unit))
    seat.annotator.cases.open_unit(str(second.unit))
    assert seat.message == say("annotator.busy", Lang.EN)
    seat.jobs.finish_steps("busy")
    assert seat.state.header is not None and seat.state.header.unit == str(first.unit)


def test_a_source_that_cannot_be_read_keeps_the_case_shut(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    damage(room, unit, Role.PVP)
    seat.annotator.cases.open_next()
    assert seat.state.header is None and seat.state.message is not None
    assert seat.state.message.level is Level.ERROR and "PVP" in seat.message
    assert seat.scene.burden == 0 and slot_phase(room, unit) is SlotPhase.ASSIGNED
    other = room.unit()
    seat.annotator.cases.refresh()
    seat.annotator.cases.open_unit(str(other.unit))
    assert seat.state.header is not None, "the panel is usable after it"


def test_another_image_that_cannot_be_read_is_told_and_the_case_opens(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    damage(room, unit, Role.CHEST)
    seat.annotator.cases.open_next()
    assert set(seat.scene.images) == {PVP}
    assert seat.state.header is not None
    assert seat.state.message is not None and seat.state.message.level is Level.WARNING and "CHEST" in seat.message
    (chest,) = (row for row in seat.state.check.series if row.role is Role.CHEST)  # type: ignore[union-attr]
    assert not chest.can_show


def test_a_unit_that_is_not_there_is_told(room: Room) -> None:
    seat = room.sit()
    seat.annotator.cases.open_unit("CRC-01-000009-Z_T0")
    assert seat.state.header is None and seat.message


def test_a_unit_excluded_meanwhile_is_not_opened(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    room.exclude(unit)
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is None and "excluded" in seat.message
    assert seat.state.cases.rows == (), "the list was looked at anew"


def test_a_unit_excluded_while_it_opens_is_closed_again(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.jobs.hold_steps = True
    seat.annotator.cases.open_unit(str(unit.unit))
    room.exclude(unit)
    seat.jobs.finish_steps("busy")
    assert seat.state.header is None and "excluded" in seat.message and seat.scene.burden == 0


def test_a_store_that_only_reads_does_not_keep_a_reader_from_working(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.unit()
    seat = room.sit()
    store = seat.annotator.hub.store
    assert store is not None

    def read_only(intent: object, **_: object) -> None:
        raise CrcError("file.read_only", path="store")

    monkeypatch.setattr(store, "act", read_only)
    seat.annotator.cases.open_next()
    assert seat.state.header is not None and not seat.state.header.read_only
    assert seat.state.message is not None and seat.state.message.level is Level.ERROR


def test_a_refusal_to_begin_closes_the_case_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.unit()
    seat = room.sit()
    store = seat.annotator.hub.store
    refusal = Refusal.because("workflow.not_now", unit="x")
    monkeypatch.setattr(store, "act", lambda intent, **_: refusal)
    seat.annotator.cases.open_next()
    assert seat.state.header is None and seat.message == refusal.sentence(Lang.EN)
    assert seat.scene.burden == 0 and seat.annotator.hub.case is None


def test_a_second_slicer_on_the_same_case_is_told(room: Room) -> None:
    unit = room.unit()
    first, second = room.sit(), room.sit()
    first.annotator.cases.open_unit(str(unit.unit))
    second.annotator.cases.open_unit(str(unit.unit))
    assert second.state.header is None and str(unit.unit) in second.message
    assert second.message == CrcError("desk.open_elsewhere", unit=str(unit.unit)).sentence(Lang.EN)
    first.annotator.cases.close_case()
    second.annotator.cases.open_unit(str(unit.unit))
    assert second.state.header is not None


def test_an_open_case_is_shown_not_opened_twice(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_unit(str(unit.unit))
    case = seat.annotator.hub.case
    seat.annotator.go_to(StepId.CASE)
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.annotator.hub.case is case and seat.state.step is StepId.CHECK


def test_a_submitted_reading_is_looked_at_while_it_may_be(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    key = lesion(seat)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    seat.annotator.cases.close_case()
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is not None and seat.state.header.read_only
    assert seat.state.step is StepId.SUBMIT and seat.state.submit is not None and seat.state.submit.can_withdraw
    grid = source_of(unit)
    read = seat.scene.read(key, grid)
    assert read is not None and read[1].sum() == 32, "the contours of the reading are there"
    assert seat.scene.arrangement is not None
    before = seat.annotator.hub.case.work if seat.annotator.hub.case else None
    seat.annotator.contour.add_lesion(Target.LIVER)
    seat.annotator.check.take_back("x")
    assert seat.annotator.hub.case is not None and seat.annotator.hub.case.work is before, "nothing can be changed"

    seat.annotator.cases.close_case()
    room.clock.wait(31 * 60)
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is None
    assert seat.message == CrcError("annotator.reading_shut", unit=str(unit.unit)).sentence(Lang.EN)


def test_a_returned_case_is_gone_on_with_and_says_why_it_came_back(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    key = lesion(seat)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    (slot,) = room.store.unit(unit.unit, READER).slots
    seat.annotator.cases.close_case()
    stores.must(room.store, "chief", Kind.READING_RETURNED, p.ReadingReturned("Segment 6?"), unit.unit)
    seat.annotator.cases.open_unit(str(unit.unit))
    assert seat.state.header is not None and seat.state.header.returned == "Segment 6?"
    assert not seat.state.header.read_only
    case = seat.annotator.hub.case
    assert case is not None and case.work.supersedes == slot.reading
    assert seat.scene.read(key, source_of(unit)) is not None
    assert seat.state.step is StepId.CONTOUR, "the scan was confirmed before"


def test_parents_of_a_subtraction_come_back_with_the_reading(room: Room) -> None:
    unit = room.unit()
    sealed = stores.sealed_reading(room.folder / "sealed", unit, READER)
    stores.accepted(stores.submit(room.store, sealed, unit.unit, READER))
    seat = room.sit()
    seat.annotator.cases.open_unit(str(unit.unit))
    _, outer, inner = stores.tube(source_of(unit))
    for part, whole in ((Part.OUTER, outer), (Part.INNER, inner)):
        segment = seat.scene.held[SegmentKey(Target.PRIMARY, 1, part)]
        assert np.array_equal(segment.array, whole.array != 0), part


def test_earlier_examinations_stand_beside_on_request(room: Room) -> None:
    first = room.unit()
    later = follow_up(room, first)
    seat = room.sit()
    seat.annotator.cases.open_unit(str(first.unit))
    assert seat.state.header is not None and not seat.state.header.has_prior
    seat.annotator.toggle_prior()
    assert seat.scene.arrangement is not None and seat.scene.arrangement.kind is not LayoutKind.PRIOR
    seat.annotator.cases.open_unit(str(later.unit))
    assert seat.state.header.has_prior and not seat.state.header.prior_shown
    seat.annotator.toggle_prior()
    assert seat.state.header.prior_shown
    assert seat.scene.arrangement.kind is LayoutKind.PRIOR
    assert seat.scene.arrangement.panes[1].image == ImageKey(Role.PVP, is_prior=True)
    added = seat.scene.calls.count("add_image")
    seat.annotator.toggle_prior()
    assert not seat.state.header.prior_shown and seat.scene.arrangement.kind is not LayoutKind.PRIOR
    seat.annotator.toggle_prior()
    assert seat.scene.calls.count("add_image") == added, "it is fetched once"
    seat.annotator.cases.open_unit(str(first.unit))
    assert all(not key.is_prior for key in seat.scene.images)


def test_prior_images_can_be_stopped(room: Room) -> None:
    first = room.unit()
    later = follow_up(room, first)
    seat = room.sit()
    seat.annotator.cases.open_unit(str(later.unit))
    seat.jobs.hold_steps = True
    seat.annotator.toggle_prior()
    seat.annotator.cancel_busy()
    assert seat.state.header is not None and not seat.state.header.prior_shown and seat.state.busy is None


def test_marks_follow_the_work(room: Room) -> None:
    room.unit()
    seat = room.sit()
    assert [mark.mark for mark in seat.state.steps] == [Mark.CURRENT, *[Mark.LOCKED] * 4]
    assert [mark.reachable for mark in seat.state.steps] == [True, *[False] * 4]
    seat.annotator.go_to(StepId.REPORT)
    assert seat.state.step is StepId.CASE, "without a case there is only the first step"
    seat.annotator.cases.open_next()
    assert seat.state.submit is not None and seat.state.submit.blocking > 1
    assert seat.state.foot == say("annotator.foot.open", Lang.EN, count=seat.state.submit.blocking)
    assert seat.state.foot_mark is Mark.ATTENTION
    answer_everything(seat)
    seat.jobs.advance(1)
    marks = {mark.step: mark.mark for mark in seat.state.steps}
    assert marks == {
        StepId.CASE: Mark.DONE,
        StepId.CHECK: Mark.DONE,
        StepId.CONTOUR: Mark.CURRENT,
        StepId.REPORT: Mark.DONE,
        StepId.SUBMIT: Mark.TODO,
    }
    assert seat.state.foot == say("annotator.foot.ready", Lang.EN)
    assert seat.state.foot_mark is Mark.DONE
    seat.ask.will("discard")
    seat.annotator.cases.close_case()
    assert [mark.mark for mark in seat.state.steps] == [Mark.CURRENT, *[Mark.LOCKED] * 4]
    assert seat.state.foot == ""
    assert seat.annotator._keeping.saved is Saved.NOTHING


def follow_up(room: Room, first: stores.PreparedUnit) -> stores.PreparedUnit:
    """The next examination of the same patient, assigned to the reader."""
    later = stores.admit(room.store, room.source, UnitId(first.unit.case, "T1"))
    stores.must(room.store, "manager", Kind.SCAN_CHECKED, stores.SCAN_PASSED, later.unit)
    stores.must(room.store, "manager", Kind.SOURCES_BOUND, stores.bindings(later.unit), later.unit)
    stores.must(room.store, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned(READER, 1), later.unit)
    return later


def damage(room: Room, unit: stores.PreparedUnit, role: Role) -> None:
    """Cut the files of a series short."""
    for path in room.store.open_image(unit.unit, role, "manager"):
        Path(path).write_bytes(Path(path).read_bytes()[:200])
