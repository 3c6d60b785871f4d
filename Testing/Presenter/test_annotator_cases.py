"""The store, the reader and the work list: remembered, filtered, searched, and honest where something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import store_support as stores
from annotator_room import READER, Room, answer_everything, lesion
from annotator_support import ScriptedAsk
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from CRCAnnotatorLib.presenter.state import CaseFilter, Level, Mark, StepId

GONE = CrcError("store.vanished", path="somewhere")


def test_store_and_reader_are_chosen_once_and_remembered(room: Room) -> None:
    unit = room.unit()
    seat = room.sit(start=False)
    room.settings.values.clear()
    seat.annotator.start()
    assert not seat.state.store.is_open
    assert seat.state.cases.empty == say("annotator.empty.no_store", Lang.EN)
    seat.ask.will("folder", Path(room.place))
    seat.annotator.cases.choose_store()
    assert seat.state.store.is_open and seat.state.store.reader == ""
    assert seat.state.cases.empty == say("annotator.empty.no_reader", Lang.EN)
    seat.annotator.cases.choose_reader(READER)
    assert [row.unit for row in seat.state.cases.rows] == [str(unit.unit)]

    again = room.sit()
    assert again.state.store.place == room.place and again.state.store.reader == READER
    assert [row.unit for row in again.state.cases.rows] == [str(unit.unit)]


def test_people_are_offered_with_their_titles_readers_first(room: Room) -> None:
    people = room.sit().state.store.people
    assert [person.id for person in people[:3]] == ["li", "wang", "zhao"]
    assert people[1].words == "Wang, resident physician"
    assert "system" not in {person.id for person in people}


def test_a_person_who_left_is_neither_offered_nor_taken(room: Room) -> None:
    gone = p.PersonSet(READER, *_known(READER), "01", False)
    stores.must(room.store, "admin", Kind.PERSON_SET, gone)
    seat = room.sit()
    assert READER not in {person.id for person in seat.state.store.people}
    assert seat.state.store.reader == "" and "wang" in seat.message
    seat.annotator.cases.choose_reader("nobody")
    assert seat.state.store.reader == "" and "nobody" in seat.message


def test_the_only_reader_need_not_be_chosen(room: Room) -> None:
    for person in ("li", "zhao"):
        stores.must(room.store, "admin", Kind.PERSON_SET, p.PersonSet(person, *_known(person), "01", False))
    room.settings.put("store", room.place)
    seat = room.sit(start=False)
    room.settings.put("reader", None)
    seat.annotator.start()
    assert seat.state.store.reader == READER


def test_a_store_that_is_gone_is_told_and_can_be_tried_again(room: Room) -> None:
    unit = room.unit()
    room.unreachable = GONE
    seat = room.sit()
    assert seat.state.store.place == room.place and not seat.state.store.is_open
    assert seat.state.message is not None and seat.state.message.level is Level.ERROR
    assert seat.message == GONE.sentence(Lang.EN)
    room.unreachable = None
    seat.annotator.cases.refresh()
    assert seat.state.store.is_open and [row.unit for row in seat.state.cases.rows] == [str(unit.unit)]


def test_a_wrong_folder_changes_nothing(room: Room, tmp_path: Path) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_store(str(tmp_path))
    assert seat.state.store.place == room.place and seat.state.store.is_open
    assert [row.unit for row in seat.state.cases.rows] == [str(unit.unit)]
    assert room.settings.get("store") == room.place
    assert "store.json" in seat.message


def test_a_store_that_vanishes_keeps_the_list_and_says_so(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = room.unit()
    seat = room.sit()
    store = seat.annotator.hub.store
    assert store is not None

    def vanished(viewer: str) -> None:
        raise GONE

    monkeypatch.setattr(store, "work_list", vanished)
    seat.annotator.cases.refresh()
    assert [row.unit for row in seat.state.cases.rows] == [str(unit.unit)]
    assert seat.message == GONE.sentence(Lang.EN)


def test_what_the_store_does_not_enforce_is_said(room: Room) -> None:
    assert room.sit().state.store.notice == say("store.not_enforced", Lang.EN)


def test_only_data_managers_may_import(room: Room) -> None:
    assert not room.sit().state.store.may_import
    manager = room.sit(reader="manager")
    assert manager.state.store.may_import
    reader = room.sit()
    reader.ask.will(Path(room.place))
    reader.annotator.cases.import_folder()
    assert reader.jobs.requested == [] and "data manager" in reader.message


def test_rows_tell_status_and_what_waits(room: Room) -> None:
    first, second = room.unit(), room.unit()
    seat = room.sit()
    seat.annotator.cases.open_unit(str(first.unit))
    rows = {row.unit: row for row in seat.state.cases.rows}
    assert rows[str(first.unit)].is_open and rows[str(first.unit)].mark is Mark.CURRENT
    assert rows[str(second.unit)].mark is Mark.TODO and rows[str(second.unit)].status == "assigned"
    answer_everything(seat)
    seat.annotator.submit.submit()
    assert [row.unit for row in seat.state.cases.rows] == [str(second.unit)]
    seat.annotator.cases.set_filter(CaseFilter.SUBMITTED)
    (row,) = seat.state.cases.rows
    assert row.unit == str(first.unit) and row.mark is Mark.DONE
    assert row.status.startswith("submitted, can be taken back until ")
    counts = {kind: count for kind, _, count in seat.state.cases.counts}
    assert counts == {CaseFilter.OPEN: 1, CaseFilter.RETURNED: 0, CaseFilter.SUBMITTED: 1, CaseFilter.ALL: 2}
    room.clock.wait(31 * 60)
    seat.annotator.cases.refresh()
    assert seat.state.cases.rows[0].status == "submitted"


def test_a_returned_case_is_listed_with_its_question(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    answer_everything(seat)
    seat.annotator.submit.submit()
    question = p.ReadingReturned("The liver, segment 6?")
    stores.must(room.store, "chief", Kind.READING_RETURNED, question, unit.unit)
    seat.annotator.cases.close_case()
    seat.annotator.cases.set_filter(CaseFilter.RETURNED)
    (row,) = seat.state.cases.rows
    assert (row.mark, row.note) == (Mark.ATTENTION, "The liver, segment 6?")


def test_search_looks_into_codes_and_status_and_says_when_it_finds_nothing(room: Room) -> None:
    first, _ = room.unit(), room.unit()
    seat = room.sit()
    seat.annotator.cases.search(str(first.unit).lower()[-7:])
    assert [row.unit for row in seat.state.cases.rows] == [str(first.unit)]
    seat.annotator.cases.search("assigned  crc-01")
    assert len(seat.state.cases.rows) == 2
    seat.annotator.cases.search("nowhere")
    assert seat.state.cases.rows == () and "nowhere" in seat.state.cases.empty
    seat.annotator.cases.search("")
    assert len(seat.state.cases.rows) == 2 and seat.state.cases.empty == ""


def test_an_empty_list_says_why(room: Room) -> None:
    seat = room.sit()
    assert seat.state.cases.empty == say("annotator.empty.nothing", Lang.EN)
    room.unit()
    seat.annotator.cases.refresh()
    seat.annotator.cases.set_filter(CaseFilter.RETURNED)
    assert seat.state.cases.empty == say("annotator.empty.returned", Lang.EN, count=1)


def test_a_line_is_opened_only_where_the_viewer_reads(room: Room) -> None:
    unit = room.unit("li")
    seat = room.sit(reader="manager")
    seat.annotator.cases.set_filter(CaseFilter.ALL)
    seat.annotator.cases.select(str(unit.unit))
    (row,) = seat.state.cases.rows
    assert row.mark is Mark.LOCKED and not seat.state.cases.can_open
    seat.annotator.cases.open_selected()
    assert seat.state.header is None and "no such slot" in seat.message


def test_a_selected_line_that_is_filtered_away_is_not_opened(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.select(str(unit.unit))
    assert seat.state.cases.can_open
    seat.annotator.cases.set_filter(CaseFilter.SUBMITTED)
    assert seat.state.cases.selected == "" and not seat.state.cases.can_open
    seat.annotator.cases.open_selected()
    assert seat.state.header is None


def test_next_follows_the_order_of_the_store_and_comes_round(room: Room) -> None:
    units = [str(room.unit().unit) for _ in range(3)]
    seat = room.sit()
    opened = []
    for _ in range(4):
        seat.annotator.cases.open_next()
        assert seat.state.header is not None
        opened.append(seat.state.header.unit)
    assert opened == [*units, units[0]]


def test_without_a_next_case_it_says_so(room: Room) -> None:
    seat = room.sit()
    seat.annotator.cases.open_next()
    assert seat.message == say("annotator.no_next", Lang.EN)


def test_kept_work_is_listed_and_can_be_discarded_after_asking(room: Room) -> None:
    unit = room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    lesion(seat)
    seat.jobs.advance(20)
    seat.annotator.cases.discard_kept(str(unit.unit))
    assert seat.message == say("annotator.kept_is_open", Lang.EN)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    assert seat.state.cases.rows[0].kept.startswith("work on this machine")
    seat.ask.will("cancel")
    seat.annotator.cases.discard_kept(str(unit.unit))
    assert seat.state.cases.rows[0].kept
    seat.ask.will("drop_kept")
    seat.annotator.cases.discard_kept(str(unit.unit))
    assert seat.state.cases.rows[0].kept == ""
    seat.annotator.cases.open_next()
    assert seat.annotator.hub.case is not None and not seat.annotator.hub.case.work.targets[1].lesions


def test_kept_work_another_program_has_open_is_not_discarded(room: Room) -> None:
    unit = room.unit()
    first = room.sit()
    first.annotator.cases.open_next()
    lesion(first)
    first.jobs.advance(20)
    second = room.sit()
    second.ask.will("drop_kept")
    second.annotator.cases.discard_kept(str(unit.unit))
    assert str(unit.unit) in second.message
    assert second.annotator._keeping.recovery.list_kept() != ()


def test_changing_the_reader_asks_about_the_open_case(room: Room) -> None:
    room.unit("wang", "li")
    seat = room.sit()
    seat.annotator.cases.open_next()
    lesion(seat)
    seat.ask.will("cancel")
    seat.annotator.cases.choose_reader("li")
    assert seat.state.store.reader == READER and seat.state.header is not None
    seat.ask.will("save")
    seat.annotator.cases.choose_reader("li")
    assert seat.state.store.reader == "li" and seat.state.header is None
    assert room.settings.get("reader") == "li"
    assert seat.state.step is StepId.CASE
    assert seat.state.cases.rows[0].kept == "", "what wang keeps is not li's to see"


def test_putting_the_folder_question_away_changes_nothing(room: Room) -> None:
    seat = room.sit()
    before = seat.state
    seat.ask.will("folder", None, None, None)
    seat.annotator.cases.choose_store()
    seat.annotator.cases.import_folder()
    seat.annotator.cases.import_from_database()
    assert seat.state == before
    assert [asked.kind for asked in seat.ask.asked] == ["choose", "folder", "folder", "database_study"]
    assert isinstance(seat.ask, ScriptedAsk) and seat.ask.pending == 0


def _known(person: str) -> tuple[object, frozenset[object]]:
    title, roles = stores.PEOPLE[person]
    return title, frozenset(roles)
