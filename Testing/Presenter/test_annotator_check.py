"""Is the scan fit? Verdicts with reasons, in the person's language; what is said to them; the phases in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import store_support as stores
from annotator_room import READER, Room, Seat, finish_drawn, lesion
from annotator_support import CHEST, PVP
from crc_core.desk.arrangement import LayoutKind
from crc_core.desk.job_forms import ScanAsked, ScanChecked, ScanItem, ScanSeries
from crc_core.desk.windows import preset_window
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.reading.seal import read_reading
from crc_core.text import Lang, say
from crc_core.vocabulary import Role, Target, Verdict
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.state import Level, Mark, StepId

ITEMS = (
    p.CheckedItem("phase-set", Verdict.WARN, True),
    p.CheckedItem("PVP.thickness", Verdict.NOTE, True, Role.PVP),
    p.CheckedItem("PVP.kvp", Verdict.WARN, True, Role.PVP),
    p.CheckedItem("CHEST.coverage", Verdict.UNKNOWN, True, Role.CHEST),
)


def unit_with(room: Room, *items: p.CheckedItem, overruled: tuple[str, ...] = ()) -> stores.PreparedUnit:
    """An assigned unit whose scan check left these items."""
    unit = stores.admit(room.store, room.source)
    worst = max((item.verdict for item in items), key=list(Verdict).index, default=Verdict.PASS)
    checked = p.ScanChecked(worst, tuple(items), "acquisition-1")
    stores.must(room.store, "manager", Kind.SCAN_CHECKED, checked, unit.unit)
    if overruled:
        stores.must(room.store, "manager", Kind.SCAN_OVERRULED, p.ScanOverruled(overruled, "known scanner"), unit.unit)
    stores.must(room.store, "manager", Kind.SOURCES_BOUND, stores.bindings(unit.unit), unit.unit)
    stores.must(room.store, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned(READER, 1), unit.unit)
    return unit


def opened(room: Room, *items: p.CheckedItem, **choices: Any) -> Seat:
    unit_with(room, *items, **choices)
    seat = room.sit()
    seat.annotator.cases.open_next()
    return seat


def answer_of(*items: ScanItem, series: tuple[ScanSeries, ...] = ()) -> Mapping[str, Any]:
    document: Mapping[str, Any] = to_document(ScanChecked(Verdict.WARN, series, items))
    return document


def test_every_series_is_a_row_with_verdict_source_and_reason(room: Room) -> None:
    seat = opened(room, *ITEMS)
    check = seat.state.check
    assert check is not None
    rows = {row.role: row for row in check.series}
    assert list(rows) == [Role.NC, Role.AP, Role.PVP, Role.DP, Role.CHEST]
    pvp = rows[Role.PVP]
    assert (pvp.verdict, pvp.slices, pvp.can_show) == (Verdict.WARN, "4", True)
    assert pvp.source_of == "source of primary tumour, liver" and rows[Role.CHEST].source_of == ""
    assert pvp.note == "tube voltage (and 1 more)"
    assert rows[Role.CHEST].verdict is Verdict.UNKNOWN
    assert rows[Role.DP].description == "missing" and rows[Role.DP].verdict is Verdict.WARN
    assert not rows[Role.DP].can_show
    assert check.verdict is Verdict.WARN and check.open_items == 2


def test_items_are_those_of_the_chosen_series(room: Room) -> None:
    seat = opened(room, *ITEMS)
    assert [item.id for item in seat.state.check.items] == ["phase-set"]  # type: ignore[union-attr]
    seat.annotator.check.select(Role.PVP)
    check = seat.state.check
    assert check is not None and check.selected is Role.PVP
    assert [item.id for item in check.items] == ["PVP.kvp", "PVP.thickness"], "the worst first"
    assert check.items[0].label == say("scan.name.kvp", Lang.EN)
    seat.annotator.check.select(None)
    assert [item.id for item in seat.state.check.items] == ["phase-set"]  # type: ignore[union-attr]


def test_reasons_come_from_a_check_aside_in_the_language_of_the_panel(room: Room) -> None:
    unit_with(room, *ITEMS)
    seat = room.sit()
    asked: list[ScanAsked] = []

    def check(request: Mapping[str, Any], progress: object) -> Mapping[str, Any]:
        asked.append(from_document(ScanAsked, dict(request), Path("request")))
        lang = asked[-1].lang
        item = ScanItem(
            "PVP.kvp", "kvp", Verdict.WARN, "140 kV", "100-120 kV", f"high ({lang.value})", "table 4", True, Role.PVP
        )
        found = ScanItem("CHEST.metal", "metal", Verdict.NOTE, "2 ml", "<1 ml", "Metal.", "ours", True, Role.CHEST)
        passed = ScanItem("PVP.tilt", "tilt", Verdict.PASS, "0", "0", "straight", "ours", False, Role.PVP)
        return answer_of(item, found, passed, series=(ScanSeries(Role.PVP, "门静脉期 1.25mm", 4, Verdict.WARN),))

    seat.jobs.handlers["check_scan"] = check
    seat.annotator.cases.open_next()
    assert seat.state.busy is None and asked[0].viewer == READER and asked[0].store == room.place
    seat.annotator.check.select(Role.PVP)
    kvp = seat.state.check.items[0]  # type: ignore[union-attr]
    assert (kvp.seen, kvp.expected, kvp.sentence) == ("140 kV", "100-120 kV", "high (en)")
    rows = {row.role: row for row in seat.state.check.series}  # type: ignore[union-attr]
    assert rows[Role.PVP].description == "门静脉期 1.25mm" and rows[Role.PVP].note == "high (en) (and 1 more)"
    assert rows[Role.CHEST].note == "range covered", "what the store does not hold against the scan is not brought up"
    seat.annotator.set_language(Lang.ZH)
    assert asked[-1].lang is Lang.ZH and seat.state.check.items[0].sentence == "high (zh)"  # type: ignore[union-attr]
    seat.annotator.set_language(Lang.EN)
    assert len(asked) == 2, "what is known is not asked for again"


def test_without_the_check_aside_the_verdicts_stand_alone(room: Room) -> None:
    unit_with(room, *ITEMS)
    seat = room.sit()

    def fails(request: object, progress: object) -> Mapping[str, Any]:
        raise CrcError("store.vanished")

    seat.jobs.handlers["check_scan"] = fails
    seat.annotator.cases.open_next()
    assert seat.message == "" and seat.state.check is not None and seat.state.check.verdict is Verdict.WARN
    assert seat.state.check.items[0].sentence == say("annotator.check.warn", Lang.EN)


def test_checking_again_shows_progress_and_can_be_stopped(room: Room) -> None:
    seat = opened(room, *ITEMS)
    seat.jobs.hold_processes = True
    seat.annotator.check.check_again()
    assert seat.state.busy is not None and seat.state.busy.can_cancel
    seat.annotator.cancel_busy()
    assert seat.state.busy is None and not seat.jobs.processes
    seat.annotator.check.check_again()
    seat.jobs.finish_process("busy")
    assert seat.message == say("annotator.check.done", Lang.EN)


def test_a_check_on_its_way_ends_with_the_case(room: Room) -> None:
    unit_with(room)
    seat = room.sit()
    seat.jobs.hold_processes = True
    seat.annotator.cases.open_next()
    assert set(seat.jobs.processes) == {"scan check"}
    seat.annotator.cases.close_case()
    assert not seat.jobs.processes


def test_a_readers_reason_goes_with_the_reading(room: Room) -> None:
    unit = unit_with(room, *ITEMS)
    seat = room.sit()
    seat.annotator.cases.open_next()
    item = seat.state.check.items[0]  # type: ignore[union-attr]
    assert item.can_accept and item.accepted == ""
    seat.ask.will("delayed phase not needed")
    seat.annotator.check.accept("phase-set")
    check = seat.state.check
    assert check is not None and check.open_items == 1
    assert check.items[0].accepted == say("annotator.check.remark", Lang.EN, reason="delayed phase not needed")
    assert not check.items[0].can_accept
    assert room.store.unit(unit.unit, READER).overruled == (), "a reader overrules nothing in the store"
    lesion(seat)
    finish_drawn(seat)
    seat.annotator.submit.submit()
    (slot,) = room.store.unit(unit.unit, READER).slots
    opened = read_reading(room.store.open_reading(str(slot.reading), READER))
    assert [(remark.item, remark.reason) for remark in opened.provenance.scan_remarks] == [
        ("phase-set", "delayed phase not needed")
    ]


def test_a_reason_can_be_thought_better_of(room: Room) -> None:
    seat = opened(room, *ITEMS)
    seat.ask.will(None)
    seat.annotator.check.accept("phase-set")
    assert seat.state.check is not None and seat.state.check.open_items == 2
    seat.ask.will("fine", "still fine")
    seat.annotator.check.accept("phase-set")
    seat.annotator.check.accept("phase-set")
    assert seat.annotator.hub.case is not None
    assert [remark.reason for remark in seat.annotator.hub.case.work.scan_remarks] == ["still fine"]
    seat.annotator.check.confirm()
    seat.annotator.check.take_back("phase-set")
    assert seat.annotator.hub.case.work.scan_remarks == ()
    assert seat.state.check.confirmed is False, "what was confirmed with it is to be confirmed again"
    seat.annotator.check.accept("no-such-item")
    assert seat.ask.pending == 0


def test_who_may_overrule_in_the_store_does(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = opened(room, *ITEMS)
    case, store, sent = seat.annotator.hub.case, seat.annotator.hub.store, []
    assert case is not None and store is not None
    case.view = replace(case.view, may=case.view.may | {Kind.SCAN_OVERRULED})
    after = replace(case.view, overruled=("phase-set",))
    monkeypatch.setattr(store, "act", lambda intent, **_: (sent.append(intent), stores.Receipt("x", False))[1])
    monkeypatch.setattr(store, "unit", lambda unit, viewer: after)
    seat.ask.will("known")
    seat.annotator.check.accept("phase-set")
    assert [(intent.kind, intent.payload) for intent in sent] == [
        (Kind.SCAN_OVERRULED, p.ScanOverruled(("phase-set",), "known"))
    ]
    assert case.work.scan_remarks == () and seat.state.check is not None and seat.state.check.open_items == 1


def test_what_the_store_overruled_is_settled_and_said(room: Room) -> None:
    failing = p.CheckedItem("PVP.missing", Verdict.FAIL, True, Role.PVP)
    seat = opened(room, failing, overruled=("PVP.missing",))
    seat.annotator.check.select(Role.PVP)
    check = seat.state.check
    assert check is not None and check.open_items == 0 and check.can_confirm
    (row,) = check.items
    assert not row.can_accept and row.accepted == "" and "overruled" in row.sentence


def test_confirming_goes_on_to_the_contours(room: Room) -> None:
    seat = opened(room, *ITEMS)
    marks = {mark.step: mark.mark for mark in seat.state.steps}
    assert marks[StepId.CHECK] is Mark.CURRENT
    seat.annotator.go_to(StepId.REPORT)
    assert {mark.step: mark.mark for mark in seat.state.steps}[StepId.CHECK] is Mark.ATTENTION
    seat.annotator.go_to(StepId.CHECK)
    seat.annotator.check.confirm()
    assert seat.state.step is StepId.CONTOUR and seat.annotator.hub.case is not None
    assert seat.annotator.hub.case.work.scan_confirmed
    assert seat.state.check is not None and seat.state.check.confirmed


def test_what_a_check_that_was_asked_for_finds_is_not_passed_over(room: Room) -> None:
    unit_with(room)
    seat = room.sit()
    found = ScanItem("PVP.missing", "missing", Verdict.FAIL, "2", "0", "Two are missing.", "dicom", True, Role.PVP)
    seat.jobs.handlers["check_scan"] = lambda request, progress: answer_of(found)
    seat.annotator.cases.open_next()
    assert seat.state.check is not None and seat.state.check.can_confirm and seat.state.check.verdict is Verdict.PASS
    seat.annotator.check.check_again()
    assert not seat.state.check.can_confirm and seat.state.check.verdict is Verdict.FAIL
    seat.annotator.check.confirm()
    assert seat.state.step is StepId.CHECK and seat.state.message is not None
    assert seat.state.message.level is Level.WARNING
    seat.ask.will("outside of the tumour")
    seat.annotator.check.accept("PVP.missing")
    seat.annotator.check.confirm()
    assert seat.state.step is StepId.CONTOUR


# the phases


def with_phases(room: Room, seat: Seat) -> None:
    """Put an arterial and a delayed phase beside the portal venous one."""
    case = seat.annotator.hub.case
    assert case is not None
    for role in (Role.AP, Role.DP):
        key = replace(PVP, role=role)
        seat.scene.add_image(key, seat.scene.images[PVP], role.value, None)
        case.grids[key] = case.grids[PVP]
    seat.annotator.hub.views.again()
    seat.annotator.go_to(StepId.CHECK)


def leading(seat: Seat) -> Role:
    assert seat.scene.arrangement is not None
    return seat.scene.shown_images[seat.scene.arrangement.panes[0].name].role


def test_phases_stand_side_by_side_and_one_key_flips_them_in_place(room: Room) -> None:
    seat = opened(room)
    with_phases(room, seat)
    assert seat.scene.arrangement is not None and seat.scene.arrangement.kind is LayoutKind.PHASES
    assert [pane.image.role for pane in seat.scene.arrangement.panes] == [Role.AP, Role.PVP, Role.DP]
    seat.annotator.flip_phase()
    assert seat.scene.arrangement.kind is LayoutKind.SINGLE and leading(seat) is Role.PVP
    arranged = seat.scene.calls.count("arrange")
    seen = []
    for _ in range(3):
        seat.annotator.flip_phase()
        seen.append(leading(seat))
    assert seen == [Role.DP, Role.AP, Role.PVP]
    assert seat.state.check is not None and seat.state.check.flipped is Role.PVP
    seat.annotator.flip_phase(forward=False)
    assert leading(seat) is Role.AP
    assert seat.scene.calls.count("arrange") == arranged, "in place: the views are not built anew"
    seat.annotator.check.show_phases()
    assert seat.scene.arrangement.kind is LayoutKind.PHASES and seat.state.check.flipped is None


def test_while_drawing_the_key_flips_phases_and_comes_home(room: Room) -> None:
    seat = opened(room)
    with_phases(room, seat)
    seat.annotator.check.confirm()
    assert leading(seat) is Role.PVP
    arranged = seat.scene.calls.count("arrange")
    seen = []
    for _ in range(3):
        seat.annotator.flip_phase()
        seen.append(leading(seat))
    assert seen == [Role.DP, Role.AP, Role.PVP] and seat.scene.calls.count("arrange") == arranged
    seat.annotator.flip_phase()
    seat.annotator.contour.choose_target(Target.LIVER)
    assert leading(seat) is Role.PVP, "another target begins on its own source"


def test_one_series_can_be_looked_at_alone(room: Room) -> None:
    seat = opened(room)
    seat.annotator.check.show_single(Role.CHEST)
    assert leading(seat) is Role.CHEST
    seat.annotator.check.show_single(Role.DP)
    assert leading(seat) is Role.CHEST, "what is not there is not shown"


def test_views_are_linked_or_not(room: Room) -> None:
    seat = opened(room)
    assert seat.scene.linked and seat.state.check is not None and seat.state.check.linked
    seat.annotator.check.set_linked(False)
    assert not seat.scene.linked and not seat.state.check.linked
    seat.annotator.check.confirm()
    assert not seat.scene.linked, "a new layout keeps the choice"


def test_one_key_brings_the_preset_window_back(room: Room) -> None:
    seat = opened(room)
    seat.scene.windows_by_hand(PVP, 80, 10)
    seat.annotator.preset_window()
    assert seat.scene.windows[PVP] == preset_window(None)
    seat.annotator.check.show_single(Role.CHEST)
    seat.annotator.preset_window()
    assert seat.scene.windows[CHEST] == preset_window(Target.LUNG)
    seat.annotator.check.confirm()
    seat.scene.windows_by_hand(PVP, 80, 10)
    seat.annotator.preset_window()
    assert seat.scene.windows[PVP] == preset_window(Target.PRIMARY)
