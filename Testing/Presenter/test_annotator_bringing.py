"""New cases: the synthetic one at a click, and studies a data manager takes in; what falls short is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import store_support as stores
from annotator_room import READER, Room, Seat, lesion
from crc_core.desk.job_forms import (
    FoundStudy,
    ImportAsked,
    Imported,
    RefusedItem,
    SampleAsked,
    SampleMade,
    StudiesAsked,
    StudiesFound,
)
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.text import Lang, say
from crc_core.vocabulary import Verdict
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.state import CaseFilter, Level, StepId

UNIT = "CRC-01-000001-H_T0"


def imported(**changes: Any) -> Imported:
    values: dict[str, Any] = {
        "unit": UNIT,
        "verdict": Verdict.PASS,
        "refused": (),
        "is_assigned": True,
        "not_assigned": "",
        "duplicates": (),
        "left_out": 0,
        "unreadable": 0,
    }
    return Imported(**{**values, **changes})


def manager(room: Room, *answers: Imported | CrcError) -> tuple[Seat, list[ImportAsked]]:
    """A data manager whose import jobs answer so, one after the other."""
    seat, asked, waiting = room.sit(reader="manager"), [], list(answers)

    def run(request: Mapping[str, Any], progress: Any) -> Mapping[str, Any]:
        asked.append(from_document(ImportAsked, dict(request), Path("request")))
        progress(Step("de-identifying", 3, 10))
        answer = waiting.pop(0)
        if isinstance(answer, CrcError):
            raise answer
        document: Mapping[str, Any] = to_document(answer)
        return document

    seat.jobs.handlers["import_study"] = run
    return seat, asked


def test_one_click_makes_and_opens_the_sample_case(room: Room, tmp_path: Path, study: stores.StudySource) -> None:
    elsewhere = Room(tmp_path / "sample", study)
    unit = elsewhere.unit("li")
    seat = room.sit(start=False)
    room.settings.values.clear()
    seat.annotator.start()
    asked: list[SampleAsked] = []

    def make(request: Mapping[str, Any], progress: Any) -> Mapping[str, Any]:
        asked.append(from_document(SampleAsked, dict(request), Path("request")))
        progress(Step("painting", 1, 4))
        assert seat.state.busy is not None and (seat.state.busy.done, seat.state.busy.total) == (1, 4)
        document: Mapping[str, Any] = to_document(SampleMade(elsewhere.place, "li", str(unit.unit), True))
        return document

    seat.jobs.handlers["sample_case"] = make
    seat.annotator.cases.make_sample_case()
    assert asked == [SampleAsked(str(room.home), Lang.EN)]
    assert seat.state.store.place == elsewhere.place and seat.state.store.reader == "li"
    assert seat.state.header is not None and seat.state.header.unit == str(unit.unit)
    assert seat.state.step is StepId.CHECK and seat.state.busy is None


def test_the_sample_case_can_be_stopped_and_its_failure_is_told(room: Room) -> None:
    seat = room.sit()
    before = seat.state.store
    seat.jobs.hold_processes = True
    seat.annotator.cases.make_sample_case()
    assert seat.state.busy is not None and seat.state.busy.can_cancel
    seat.annotator.cancel_busy()
    assert seat.state.busy is None and seat.state.store == before
    seat.jobs.hold_processes = False

    def fails(request: object, progress: object) -> Mapping[str, Any]:
        raise CrcError("file.disk_full", path="home")

    seat.jobs.handlers["sample_case"] = fails
    seat.annotator.cases.make_sample_case()
    assert seat.message == CrcError("file.disk_full", path="home").sentence(Lang.EN)
    assert seat.state.busy is None and seat.state.store == before


def test_the_sample_case_leaves_an_open_case_in_good_order(room: Room) -> None:
    room.unit()
    seat = room.sit()
    seat.annotator.cases.open_next()
    lesion(seat)
    seat.ask.will("cancel")
    seat.annotator.cases.make_sample_case()
    assert "sample_case" not in {job for job, _ in seat.jobs.requested} and seat.state.header is not None


def test_a_manager_takes_a_study_in_and_says_who_reads_it(room: Room, tmp_path: Path) -> None:
    seat, asked = manager(room, imported())
    seat.ask.will(tmp_path, "li")
    seat.annotator.cases.import_folder()
    assert asked == [ImportAsked(room.place, str(tmp_path), "manager", Lang.EN, "li", "01")]
    offered = [choice.code for choice in seat.ask.last.choices]
    assert offered == ["li", "wang", "zhao", "later"]
    assert seat.message == say("annotator.bringing.assigned", Lang.EN, unit=UNIT, reader="Li")
    assert seat.state.message is not None and seat.state.message.level is Level.INFO


def test_assigning_can_wait_and_importing_be_thought_better_of(room: Room, tmp_path: Path) -> None:
    seat, asked = manager(room, imported(is_assigned=False))
    seat.ask.will(tmp_path, None)
    seat.annotator.cases.import_folder()
    assert asked == []
    seat.ask.will(tmp_path, "later")
    seat.annotator.cases.import_from_database()
    assert asked[0].reader is None
    assert seat.message == say("annotator.bringing.imported", Lang.EN, unit=UNIT)


def test_the_list_shows_what_came_in(room: Room, tmp_path: Path) -> None:
    seat, _ = manager(room, imported(is_assigned=False))
    seat.annotator.cases.set_filter(CaseFilter.ALL)
    handler = seat.jobs.handlers["import_study"]

    def import_it(request: Mapping[str, Any], progress: Any) -> Mapping[str, Any]:
        unit = room.unit("li")
        assert str(unit.unit) == UNIT
        return handler(request, progress)

    seat.jobs.handlers["import_study"] = import_it
    seat.ask.will(tmp_path, "later")
    seat.annotator.cases.import_folder()
    assert [row.unit for row in seat.state.cases.rows] == [UNIT] and seat.state.cases.selected == UNIT


def test_what_falls_short_is_overruled_with_reasons_and_the_import_goes_on(room: Room, tmp_path: Path) -> None:
    refused = (RefusedItem("PVP.missing", "Two slices are missing.", True), RefusedItem("phase-set", "No AP.", True))
    seat, asked = manager(room, imported(refused=refused, is_assigned=False), imported())
    seat.ask.will(tmp_path, READER, "outside of the tumour", "not needed")
    seat.annotator.cases.import_folder()
    assert [question.words for question in seat.ask.asked[-2:]] == ["Two slices are missing.", "No AP."]
    assert asked[1].overrules == {"PVP.missing": "outside of the tumour", "phase-set": "not needed"}
    assert asked[1].reader == READER
    assert seat.message.startswith("Imported as")


def test_what_is_not_overruled_waits(room: Room, tmp_path: Path) -> None:
    refused = (RefusedItem("phase-set", "No AP.", True),)
    seat, asked = manager(room, imported(refused=refused, is_assigned=False))
    seat.ask.will(tmp_path, READER, None)
    seat.annotator.cases.import_folder()
    assert len(asked) == 1 and seat.message == say("annotator.bringing.waits", Lang.EN, unit=UNIT)


def test_what_nobody_can_overrule_is_told(room: Room, tmp_path: Path) -> None:
    refused = (RefusedItem("PVP.tilt", "The gantry is tilted.", False),)
    seat, asked = manager(room, imported(refused=refused, is_assigned=False))
    seat.ask.will(tmp_path, READER)
    seat.annotator.cases.import_folder()
    assert len(asked) == 1 and "The gantry is tilted." in seat.message
    assert seat.state.message is not None and seat.state.message.level is Level.ERROR


def test_what_was_left_out_is_told(room: Room, tmp_path: Path) -> None:
    seat, _ = manager(
        room, imported(is_assigned=False, not_assigned="Not cleared.", duplicates=("PVP is in already.",), unreadable=2)
    )
    seat.ask.will(tmp_path, READER)
    seat.annotator.cases.import_folder()
    for part in ("Not cleared.", "PVP is in already.", "2 files"):
        assert part in seat.message
    assert seat.state.message is not None and seat.state.message.level is Level.WARNING


def test_a_failed_import_is_told_and_the_panel_is_usable(room: Room, tmp_path: Path) -> None:
    seat, _ = manager(room, CrcError("scan.no_ct", path=tmp_path), imported())
    seat.ask.will(tmp_path, READER)
    seat.annotator.cases.import_folder()
    assert seat.message == CrcError("scan.no_ct", path=tmp_path).sentence(Lang.EN) and seat.state.busy is None
    seat.ask.will(tmp_path, READER)
    seat.annotator.cases.import_folder()
    assert seat.message.startswith("Imported as")


FOUND = StudiesFound((FoundStudy("1.2.2", "2025-11-03 follow-up"), FoundStudy("1.2.1", "2025-06-02 first")))


@pytest.mark.parametrize("code", ["several_studies", "several_patients"])
def test_of_several_studies_in_a_folder_a_person_chooses_one(room: Room, tmp_path: Path, code: str) -> None:
    several = CrcError(f"import.{code}", path=tmp_path, studies="1.2.2, 1.2.1", patients=2)
    seat, asked = manager(room, several, imported())
    listed: list[StudiesAsked] = []

    def lists(request: Mapping[str, Any], progress: Any) -> Mapping[str, Any]:
        listed.append(from_document(StudiesAsked, dict(request), Path("request")))
        assert seat.state.message is None, "what can be chosen is no error"
        document: Mapping[str, Any] = to_document(FOUND)
        return document

    seat.jobs.handlers["list_studies"] = lists
    seat.ask.will(tmp_path, READER, "1.2.1")
    seat.annotator.cases.import_folder()
    assert listed == [StudiesAsked(str(tmp_path), Lang.EN)]
    assert seat.ask.last.words == say(f"annotator.ask.{code}", Lang.EN)
    assert [choice.words for choice in seat.ask.last.choices] == [study.words for study in FOUND.studies]
    assert [item.study_uid for item in asked] == [None, "1.2.1"] and asked[1].reader == READER
    assert seat.message.startswith("Imported as")


def test_no_study_chosen_is_no_import(room: Room, tmp_path: Path) -> None:
    seat, asked = manager(room, CrcError("import.several_studies", path=tmp_path, studies="1.2.2, 1.2.1"))
    seat.jobs.handlers["list_studies"] = lambda request, progress: to_document(FOUND)
    seat.ask.will(tmp_path, READER, None)
    seat.annotator.cases.import_folder()
    assert len(asked) == 1 and seat.state.busy is None and seat.state.message is None


def test_a_chosen_study_that_is_refused_is_told_and_not_asked_again(room: Room, tmp_path: Path) -> None:
    several = CrcError("import.several_studies", path=tmp_path, studies="1.2.2, 1.2.1")
    seat, asked = manager(room, several, several)
    seat.jobs.handlers["list_studies"] = lambda request, progress: to_document(FOUND)
    seat.ask.will(tmp_path, READER, "1.2.1")
    seat.annotator.cases.import_folder()
    assert len(asked) == 2 and seat.message == several.sentence(Lang.EN)


def test_a_further_study_of_a_known_patient_joins_the_case_where_a_person_says_so(room: Room, tmp_path: Path) -> None:
    case = room.unit().unit.case
    known = CrcError("import.patient_known", case=case)
    seat, asked = manager(room, known, imported())
    seat.ask.will(tmp_path, READER, "follow_up", "untreated")
    seat.annotator.cases.import_folder()
    assert seat.ask.asked[-2].words == say("annotator.ask.follow_up", Lang.EN, case=case, time_point="T1")
    assert (asked[1].case, asked[1].time_point, asked[1].treatment_since) == (case, "T1", None)
    seat.ask.will(tmp_path, READER, "cancel")
    seat.jobs.handlers["import_study"] = _refusing(known)
    seat.annotator.cases.import_folder()
    assert seat.state.busy is None and seat.state.message is None


def test_a_follow_up_asks_for_the_day_of_treatment_until_it_fits(room: Room, tmp_path: Path) -> None:
    known = CrcError("import.patient_known", case=room.unit().unit.case)
    late = CrcError("import.treated_after", path=tmp_path, since="2025-12-02", examined="2025-11-03")
    seat, asked = manager(room, known, late, imported())
    seat.ask.will(tmp_path, READER, "follow_up", "treated", date(2025, 12, 2), date(2025, 10, 2))
    seat.annotator.cases.import_folder()
    assert [item.treatment_since for item in asked] == [None, "2025-12-02", "2025-10-02"]
    assert (seat.ask.last.words, seat.ask.last.preset) == (late.sentence(Lang.EN), "2025-12-02")
    assert (asked[2].time_point, seat.ask.pending) == ("T1", 0)


@pytest.mark.parametrize("answers", [["cancel"], [None], ["treated", None]])
def test_no_answer_about_treatment_is_no_import(room: Room, tmp_path: Path, answers: list[str | None]) -> None:
    seat, asked = manager(room, CrcError("import.patient_known", case=room.unit().unit.case))
    seat.ask.will(tmp_path, READER, "follow_up", *answers)
    seat.annotator.cases.import_folder()
    assert len(asked) == 1 and seat.state.busy is None and seat.state.message is None


def _refusing(error: CrcError) -> Any:
    def run(request: object, progress: object) -> Mapping[str, Any]:
        raise error

    return run


@pytest.mark.parametrize("answer", [{}, {"unit": 3}])
def test_an_answer_that_is_none_is_told(room: Room, tmp_path: Path, answer: Mapping[str, Any]) -> None:
    seat, _ = manager(room)
    seat.jobs.handlers["import_study"] = lambda request, progress: answer
    seat.ask.will(tmp_path, READER)
    seat.annotator.cases.import_folder()
    assert seat.state.message is not None and seat.state.message.level is Level.ERROR
