"""Lesions of the work: numbers never used again, answers that fit, a report that follows, and JSON there and back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.lesions import (
    LAST_NUMBER,
    add_lesion,
    answers_of,
    change_lesion,
    classes_of,
    lesion_name,
    remove_lesion,
    segment_name,
    segments_of,
    set_answer,
    set_kind,
)
from crc_core.desk.marks import SyncPair
from crc_core.desk.reporting import following, lesions_of, report_of, with_report
from crc_core.desk.work import Registration, ScanRemark, Work
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.report.document import FieldPath
from crc_core.report.editing import answer
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Mode, Target, TargetAnswer
from desk_support import measured_lesion, some_work, with_lesions
from hypothesis import given
from hypothesis import strategies as st

ACTIONS = st.lists(st.tuples(st.sampled_from(["add", "remove", "report"]), st.integers(0, 5)), max_size=25)


def numbers(work: Work) -> list[int]:
    return [lesion.number for lesion in lesions_of(work)]


@given(ACTIONS)
def test_a_number_is_never_given_twice_and_the_report_follows(actions: list[tuple[str, int]]) -> None:
    work, given_numbers = some_work(Target.LIVER), []
    for action, pick in actions:
        present = numbers(work)
        if action == "add":
            work, number = add_lesion(work, Target.LIVER)
            assert number not in given_numbers
            given_numbers.append(number)
        elif action == "remove" and present:
            work = remove_lesion(work, Target.LIVER, present[pick % len(present)])
        elif action == "report" and present:
            path = FieldPath("liver_lesion", present[pick % len(present)], "shape")
            work = with_report(work, answer(report_of(work), path, "lobulated"))
        report = report_of(work)
        assert [lesion.number for lesion in report.lesions] == numbers(work)
        expected = TargetAnswer.DRAWN if numbers(work) else None
        assert report.targets.get(Target.LIVER) is expected
        assert {path.lesion for path in report.answers if path.lesion} <= set(numbers(work))
        assert read_back(work) == work
    assert given_numbers == sorted(given_numbers)


def test_answers_about_a_removed_lesion_come_back_with_it_only() -> None:
    work = with_lesions(some_work(Target.LIVER), Target.LIVER, 2)
    path = FieldPath("liver_lesion", 2, "shape")
    work = with_report(work, answer(report_of(work), path, "lobulated"))
    removed = remove_lesion(work, Target.LIVER, 2)
    removed = with_report(removed, report_of(removed))
    assert path not in report_of(removed).answers
    other, number = add_lesion(removed, Target.LIVER)
    assert number == 3
    assert not [path for path in report_of(other).answers if path.lesion == 3 and path.field == "shape"]
    again = other.with_target(work.of(Target.LIVER))  # undo
    assert report_of(again).answers[path].value == "lobulated"


def test_the_last_number_is_the_last(tmp_path: Path) -> None:
    work = some_work(Target.LIVER)
    state = work.of(Target.LIVER)
    assert state is not None
    work = work.with_target(replace(state, next_number=LAST_NUMBER))
    work, number = add_lesion(work, Target.LIVER)
    assert number == LAST_NUMBER
    with pytest.raises(CrcError) as caught:
        add_lesion(work, Target.LIVER)
    assert caught.value.code == "desk.no_more_lesions"


@pytest.mark.parametrize("target", list(Target))
def test_every_target_offers_classes_and_answers_that_can_be_given(target: Target) -> None:
    work = some_work(target)
    for said in answers_of(target):
        assert set_answer(work, target, said, "artefact").of(target).answer is said
    work, number = add_lesion(work, target)
    for kind in classes_of(target):
        assert set_kind(work, target, number, kind).of(target).lesion(number).kind is kind
    strange = next(kind for kind in LesionClass if kind not in classes_of(target))
    assert refusal(lambda: set_kind(work, target, number, strange)) == "desk.no_such_class"


def test_an_answer_never_makes_lesions_vanish() -> None:
    work = with_lesions(some_work(Target.LIVER), Target.LIVER, 1)
    assert refusal(lambda: set_answer(work, Target.LIVER, TargetAnswer.NONE_SEEN)) == "desk.lesions_there"
    assert set_answer(work, Target.LIVER, None) == work
    empty = remove_lesion(work, Target.LIVER, 1)
    assert empty.of(Target.LIVER).answer is None
    assert refusal(lambda: set_answer(empty, Target.LIVER, TargetAnswer.DRAWN)) == "desk.no_lesions_yet"
    assert refusal(lambda: set_answer(empty, Target.LIVER, TargetAnswer.NOT_ASSESSABLE, " ")) == "desk.reason_missing"
    none_seen = set_answer(empty, Target.LIVER, TargetAnswer.NONE_SEEN)
    drawn, number = add_lesion(none_seen, Target.LIVER)
    assert (number, drawn.of(Target.LIVER).answer) == (2, TargetAnswer.DRAWN)


def test_what_is_not_there_is_refused_by_name() -> None:
    work = with_lesions(some_work(Target.LIVER), Target.LIVER, 1)
    assert refusal(lambda: remove_lesion(work, Target.LIVER, 9)) == "desk.no_such_lesion"
    assert refusal(lambda: set_kind(work, Target.LIVER, 9, LesionClass.METASTASIS)) == "desk.no_such_lesion"
    other = measured_lesion(9, LesionClass.METASTASIS)
    assert refusal(lambda: change_lesion(work, Target.LIVER, other)) == "desk.no_such_lesion"
    assert refusal(lambda: add_lesion(work, Target.LUNG)) == "desk.target_unbound"


def test_a_target_without_source_is_not_assessable_in_the_report() -> None:
    report = report_of(some_work(Target.PRIMARY))
    assert report.targets[Target.LIVER] is TargetAnswer.NOT_ASSESSABLE
    assert Target.PRIMARY not in report.targets
    assert following(report, some_work(Target.PRIMARY)) is report


def test_segments_have_names_a_person_reads() -> None:
    work = with_lesions(some_work(Target.PRIMARY), Target.PRIMARY, 1)
    keys = segments_of(work.of(Target.PRIMARY))
    assert keys == tuple(SegmentKey(Target.PRIMARY, 1, part) for part in (Part.OUTER, Part.INNER, Part.MASK))
    assert [segment_name(key, Lang.ZH) for key in keys] == ["原位肿瘤 L1 外缘", "原位肿瘤 L1 内缘", "原位肿瘤 L1"]
    assert segment_name(keys[0], Lang.EN) == "primary tumour L1, outer edge"
    direct = replace(work.of(Target.PRIMARY), mode=Mode.DIRECT)
    assert segments_of(direct) == (SegmentKey(Target.PRIMARY, 1),)
    assert lesion_name(12) == "L12"


def test_all_that_work_can_hold_goes_through_json() -> None:
    work = with_lesions(some_work(), Target.LIVER, 2)
    work = change_lesion(work, Target.LIVER, measured_lesion(2, LesionClass.UNCERTAIN))
    state = work.of(Target.LIVER)
    assert state is not None
    filled = replace(state, effects=("Paint",), filled_slices=(3, 4), filled_count=5, window_width_hu=220.0, kept=True)
    identity = tuple(tuple(float(row == column) for column in range(4)) for row in range(4))
    work = replace(
        work.with_target(filled),
        scan_confirmed=True,
        scan_remarks=(ScanRemark("PVP.thickness", "nothing thinner"),),
        sync_pairs=(SyncPair((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),),
        registration=Registration(identity, accepted=True),
        position_ras=(0.5, 1.5, 2.5),
        supersedes="0" * 64,
    )
    assert read_back(work) == work


def read_back(work: Work) -> Work:
    return from_document(Work, json.loads(json.dumps(to_document(work))), Path("work.json"))


def refusal(call: object) -> str:
    with pytest.raises(CrcError) as caught:
        call()  # type: ignore[operator]
    for lang in Lang:
        assert "{" not in caught.value.sentence(lang)
    return caught.value.code
