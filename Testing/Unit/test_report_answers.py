"""Answering: what follows, what applies, what is set aside, and that form and validation agree."""

from __future__ import annotations

import pytest
from crc_core.errors import CrcError
from crc_core.report.autofill import MeasuredValue, autofill
from crc_core.report.document import FieldPath, Lesion, NotAssessable, Report, Source, new_report, with_lesions
from crc_core.report.editing import take_measured, toggle
from crc_core.report.form import Widget, answer, form_model
from crc_core.report.rules import settled
from crc_core.report.template import Kind, Measurable
from crc_core.report.validate import problems
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Target
from hypothesis import given, settings
from hypothesis import strategies as st
from report_support import (
    LESIONS,
    LIVER_1,
    LIVER_2,
    LIVER_3,
    LUNG_1,
    TUMOUR,
    UNIT,
    asked,
    complete,
    empty_report,
    fill,
    plausible,
    sample_report,
    sizes,
)


def value(report: Report, path: str) -> object:
    found = report.answers.get(FieldPath.parse(path))
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("segment", "side"),
    [
        ("transverse_left", "left_colon"),
        ("sigmoid", "left_colon"),
        ("descending", "left_colon"),
        ("splenic_flexure", "left_colon"),
        ("transverse_right", "right_colon"),
        ("caecum", "right_colon"),
        ("ascending", "right_colon"),
        ("hepatic_flexure", "right_colon"),
        ("rectosigmoid", "rectum"),
        ("rectum_lower", "rectum"),
    ],
)
def test_side_follows_from_segment(segment: str, side: str) -> None:
    report = answer(empty_report(), "primary[1].segment", segment)
    assert value(report, "primary[1].side") == side
    assert report.answers[FieldPath.parse("primary[1].side")].source is Source.DERIVED
    with pytest.raises(CrcError, match="follows"):
        answer(report, "primary[1].side", "rectum")


def test_side_can_be_typed_where_the_segment_is_not_assessable() -> None:
    report = answer(empty_report(), "primary[1].segment", not_assessable=NotAssessable("artefact"))
    report = answer(report, "primary[1].side", "right_colon")
    assert value(report, "primary[1].side") == "right_colon"
    report = answer(report, "primary[1].segment", "sigmoid")
    assert value(report, "primary[1].side") == "left_colon"
    back = answer(report, "primary[1].segment", not_assessable=NotAssessable("artefact"))
    assert value(back, "primary[1].side") == "right_colon"


@pytest.mark.parametrize(
    ("depth", "expected"), [(0, "lt_5"), (4.99, "lt_5"), (5, "ge_5"), ("5.0", "ge_5"), (30, "ge_5")]
)
def test_t3_class_follows_from_depth_at_the_template_threshold(depth: object, expected: str) -> None:
    report = fill(empty_report(), {"primary[1].t_stage": "t3", "primary[1].extramural_depth_mm": depth})
    assert value(report, "primary[1].t3_class") == expected


def test_a_conditional_answer_goes_and_comes_back() -> None:
    report = fill(empty_report(), {"primary[1].t_stage": "t3", "primary[1].extramural_depth_mm": 3.5})
    changed = answer(report, "primary[1].t_stage", "t4a")
    path = FieldPath.parse("primary[1].extramural_depth_mm")
    assert path not in changed.answers
    assert changed.set_aside[path].value == 3.5
    assert [item.path for item in form_model(changed, Lang.ZH).set_aside] == [str(path)]
    assert answer(changed, "primary[1].t_stage", "t3") == report


@pytest.mark.parametrize(
    ("count", "expected"), [(1, "1_3"), (3, "1_3"), (4, "4_7"), (7, "4_7"), (8, "ge_8"), (20, "ge_8")]
)
def test_number_class_follows_from_the_lesions(count: int, expected: str) -> None:
    lesions = tuple(Lesion(Target.LIVER, n, LesionClass.METASTASIS) for n in range(1, count + 1))
    report = new_report(UNIT, (*lesions, Lesion(Target.LIVER, 99, LesionClass.UNCERTAIN)))
    assert (value(report, "liver.metastases_count"), value(report, "liver.count_class")) == (count, expected)


def test_eight_or_more_can_be_shown_by_representatives() -> None:
    report = fill(empty_report(), {"patient.distant_metastases": ("liver", "lung")})
    report = fill(report, {"liver.lesions_drawn": "representative", "liver.metastases_count": 14})
    assert value(report, "liver.count_class") == "ge_8"
    report = fill(report, {"liver_lesion[1].segment": ("s6",), "liver.distribution": ("s2",)})
    codes = {problem.code for problem in problems(report)}
    assert "report.problem.contains_lesions" in codes
    report = fill(report, {"liver.distribution": ("s2", "s6"), "liver.metastases_count": 5})
    codes = {problem.code for problem in problems(report)}
    assert "report.problem.contains_lesions" not in codes
    assert "report.problem.representative" in codes
    back = answer(report, "liver.lesions_drawn", "all")
    assert value(back, "liver.metastases_count") == 2
    assert value(back, "liver.distribution") == ("s6",)
    again = answer(back, "liver.lesions_drawn", "representative")
    assert value(again, "liver.distribution") == ("s2", "s6")


def test_segments_drive_both_distributions() -> None:
    report = fill(
        empty_report(),
        {
            "liver_lesion[1].segment": ("s8", "s5"),
            "liver_lesion[2].segment": ("s2",),
            "liver_lesion[3].segment": ("s4",),
            "lung_lesion[1].segment": ("left_superior_lingular", "left_anterior"),
        },
    )
    assert value(report, "liver.distribution") == ("s2", "s5", "s8")
    assert value(report, "liver.uncertain_lesions") == "present"
    assert value(report, "liver.uncertain_distribution") == ("s4",)
    assert value(report, "lung_lesion[1].lobe") == ("left_upper",)
    assert value(report, "lung.distribution_lobes") == ("left_upper",)
    assert value(report, "lung.distribution_segments") == ("left_anterior", "left_superior_lingular")


def test_liver_and_lung_tables_come_with_the_metastasis() -> None:
    report = empty_report((TUMOUR,))
    shown = {section.id for section in form_model(report, Lang.EN).sections if section.visible}
    assert shown == {"header", "primary", "patient"}
    report = answer(report, "patient.distant_metastases", ("lung",))
    shown = {section.id for section in form_model(report, Lang.EN).sections if section.visible}
    assert shown == {"header", "primary", "patient", "lung"}


def test_small_metastases_must_look_typical() -> None:
    report = answer(empty_report(), "liver_lesion[1].max_diameter_mm", 9.9)
    report = answer(report, "liver_lesion[1].typical_appearance", "absent")
    assert "report.problem.not_typical" in {problem.code for problem in problems(report)}
    report = answer(report, "liver_lesion[1].max_diameter_mm", 10)
    assert "report.problem.not_typical" not in {problem.code for problem in problems(report)}
    report = answer(report, "liver_lesion[3].max_diameter_mm", 5)
    assert not asked(report, FieldPath.parse("liver_lesion[3].typical_appearance"))


def test_a_removed_lesion_takes_its_answers_aside_and_brings_them_back() -> None:
    full = sample_report()
    without = with_lesions(full, tuple(lesion for lesion in LESIONS if lesion != LIVER_1))
    assert not [path for path in without.answers if path.section == "liver_lesion" and path.lesion == 1]
    assert value(without, "liver.distribution") == ("s5", "s8")
    assert with_lesions(without, LESIONS) == full


def test_a_lesion_becomes_uncertain() -> None:
    full = sample_report()
    other = Lesion(Target.LIVER, 2, LesionClass.UNCERTAIN)
    changed = with_lesions(full, (TUMOUR, LIVER_1, other, LIVER_3, LUNG_1))
    assert value(changed, "liver.metastases_count") == 1
    assert value(changed, "liver.uncertain_distribution") == ("s4", "s5", "s8")
    assert not problems(changed)
    assert with_lesions(changed, (TUMOUR, LIVER_1, LIVER_2, LIVER_3, LUNG_1)) == full


@pytest.mark.parametrize(
    ("path", "typed", "expected"),
    [
        ("primary[1].long_diameter_mm", " ４６，５ ", 46.5),
        ("primary[1].nc_hu", "−12", -12.0),
        ("primary[1].regional_nodes_count", "3", 3),
        ("header.examined_on", "2025年3月7日", "2025-03-07"),
        ("header.examined_on", "20250307", "2025-03-07"),
        ("primary[1].other", "  a\r\nb ", "a\nb"),
    ],
)
def test_typed_text_is_read(path: str, typed: str, expected: object) -> None:
    assert value(answer(empty_report(), path, typed), path) == expected


@pytest.mark.parametrize(
    ("path", "typed", "code"),
    [
        ("primary[1].long_diameter_mm", "abc", "number"),
        ("primary[1].long_diameter_mm", "1e400", "number"),
        ("primary[1].long_diameter_mm", float("nan"), "number"),
        ("primary[1].long_diameter_mm", True, "number"),
        ("primary[1].regional_nodes_count", 2.5, "whole_number"),
        ("header.examined_on", "2025-02-30", "date"),
        ("primary[1].morphology", "square", "option"),
        ("patient.distant_metastases", ("brain",), "option"),
        ("primary[1].other", "\x00", "text"),
        ("primary[1].nothing", "x", "unknown"),
        ("nonsense", "x", "unknown"),
        ("primary[7].segment", "sigmoid", "not_asked"),
        ("primary[1].extramural_depth_mm", 3, "not_asked"),
        ("header.image_code", "x", "follows"),
    ],
)
def test_what_is_no_answer_is_told(path: str, typed: object, code: str) -> None:
    with pytest.raises(CrcError) as refusal:
        answer(empty_report(), path, typed)  # type: ignore[arg-type]
    assert refusal.value.code == f"report.answer.{code}"
    for lang in Lang:
        assert refusal.value.sentence(lang)


def test_an_exclusive_box_stands_alone() -> None:
    report = toggle(empty_report(), "patient.distant_metastases", "liver")
    report = toggle(report, "patient.distant_metastases", "peritoneum")
    assert value(report, "patient.distant_metastases") == ("liver", "peritoneum")
    report = toggle(report, "patient.distant_metastases", "none")
    assert value(report, "patient.distant_metastases") == ("none",)
    report = toggle(report, "patient.distant_metastases", "lung")
    assert value(report, "patient.distant_metastases") == ("lung",)
    report = toggle(report, "patient.distant_metastases", "lung")
    assert value(report, "patient.distant_metastases") is None


def test_measured_never_overwrites_typed() -> None:
    path = "primary[1].long_diameter_mm"
    report = answer(empty_report(), path, 44)
    report = autofill(report, sizes(Target.PRIMARY, 1, long_diameter=46.2, short_diameter=30.9))
    assert value(report, path) == 44
    row = form_model(report, Lang.EN).row(path)
    assert row is not None and "46.2" in row.differs and row.can_take_measured
    taken = take_measured(report, path)
    assert value(taken, path) == 46.2
    assert taken.answers[FieldPath.parse(path)].source is Source.MEASURED
    again = autofill(taken, sizes(Target.PRIMARY, 1, long_diameter=50.1))
    assert value(again, path) == 50.1
    assert value(again, "primary[1].short_diameter_mm") is None
    assert value(again, "primary[1].segment") is None


def test_taking_an_answer_away_shows_the_measurement_again() -> None:
    path = "primary[1].long_diameter_mm"
    report = autofill(empty_report(), sizes(Target.PRIMARY, 1, long_diameter=46))
    typed = answer(report, path, 40)
    assert answer(typed, path, None) == report
    assert value(answer(report, path, ""), path) is None


def test_a_missing_phase_becomes_the_reason() -> None:
    missing = MeasuredValue(
        Target.PRIMARY, 1, Measurable.HU_DP, None, "HU", "x", not_assessable=NotAssessable("phase_missing")
    )
    report = autofill(empty_report(), [missing])
    found = report.answers[FieldPath.parse("primary[1].dp_hu")]
    assert found.not_assessable == NotAssessable("phase_missing") and found.source is Source.MEASURED


def test_measurements_are_refused_where_they_do_not_belong() -> None:
    with pytest.raises(ValueError, match="no lesion 9"):
        autofill(empty_report(), sizes(Target.PRIMARY, 9, long_diameter=1))
    with pytest.raises(ValueError, match="finite"):
        sizes(Target.PRIMARY, 1, long_diameter=float("nan"))


def test_two_primaries_have_two_blocks() -> None:
    second = Lesion(Target.PRIMARY, 2, LesionClass.TUMOUR)
    report = fill(
        empty_report((TUMOUR, second)), {"primary[1].segment": "caecum", "primary[2].segment": "rectum_upper"}
    )
    assert (value(report, "primary[1].side"), value(report, "primary[2].side")) == ("right_colon", "rectum")
    assert [s.lesion for s in form_model(report, Lang.ZH).sections if s.id == "primary"] == [1, 2]


def test_progress_counts_what_a_person_answers() -> None:
    report = empty_report()
    before = form_model(report, Lang.ZH)
    assert len(before.missing) == before.total - before.done > 50
    done = form_model(complete(report), Lang.ZH)
    assert done.done == done.total and not done.missing


def test_the_form_says_how_to_draw_every_row() -> None:
    form = form_model(sample_report(), Lang.ZH)
    for section in form.sections:
        assert section.title and section.reasons[-1].needs_text
        for group in section.groups:
            for row in group.rows:
                assert row.label
                assert (row.widget in (Widget.RADIO, Widget.CHECKS)) == bool(row.options)
                assert not (row.enabled and row.follows)
                assert row.visible or not row.enabled
    place = form.row("primary[1].segment")
    assert place is not None and place.options[0].group == "左半结肠"
    assert [box.code for box in place.options if box.chosen] == ["sigmoid"]


steps = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 3), st.integers(0, 20)), max_size=25)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(steps)
def test_any_walk_through_the_form_keeps_it_consistent(walk: list[tuple[int, int, int]]) -> None:
    report = empty_report()
    for pick, action, salt in walk:
        rows = [row for s in form_model(report, Lang.EN).sections for g in s.groups for row in g.rows if row.enabled]
        row = rows[pick % len(rows)]
        field = report.field(FieldPath.parse(row.path))
        assert field is not None
        if action == 0:
            report = answer(report, row.path, not_assessable=NotAssessable("artefact"))
        elif action == 1:
            report = answer(report, row.path, None)
        else:
            report = answer(report, row.path, plausible(field, salt))  # type: ignore[arg-type]
    assert settled(report) == report
    form = form_model(report, Lang.ZH)
    told = {problem.field_path for problem in problems(report) if problem.code == "report.problem.missing"}
    assert told == set(form.missing)
    broken = ("does_not_follow", "not_applicable", "kind", "option", "range", "unknown")
    assert not [p for p in problems(report) if p.code.removeprefix("report.problem.") in broken]
    for path, given_answer in report.answers.items():
        row_of = form.row(str(path))
        assert row_of is not None and row_of.visible and row_of.value == given_answer.value
    assert not set(report.answers) & set(report.set_aside)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 50), st.sets(st.integers(1, 12), max_size=5), st.sets(st.integers(1, 12), max_size=5))
def test_any_lesions_make_a_report_that_can_be_completed(salt: int, liver: set[int], lung: set[int]) -> None:
    lesions = [TUMOUR]
    lesions += [Lesion(Target.LIVER, n, (LesionClass.METASTASIS, LesionClass.UNCERTAIN)[n % 2]) for n in liver]
    lesions += [Lesion(Target.LUNG, n, LesionClass.METASTASIS) for n in lung]
    report = complete(empty_report(tuple(lesions)), salt)
    assert not form_model(report, Lang.ZH).missing
    kinds = {field.kind for path, field in report.paths if path in report.answers}
    assert {Kind.CHOICE, Kind.CHOICES, Kind.NUMBER, Kind.COUNT} <= kinds
