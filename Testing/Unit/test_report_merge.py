"""Two reports into one: equal, open, kept twice, measured again; symmetric; settled by a senior."""

from __future__ import annotations

from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.identity import UnitId, mint_case_code
from crc_core.report.document import FieldPath, Lesion, NotAssessable, Report, Source, new_report
from crc_core.report.editing import answer
from crc_core.report.merge import Choice, Difference, MergedReport, merge, settle
from crc_core.report.rules import settled
from crc_core.report.validate import problems
from crc_core.vocabulary import LesionClass, Target, TargetAnswer
from hypothesis import given, settings
from hypothesis import strategies as st
from report_support import (
    LESIONS,
    LIVER_1,
    LIVER_2,
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

SAME = {lesion: (lesion.number, lesion.number) for lesion in LESIONS}


def open_paths(merged: MergedReport) -> set[str]:
    return {str(difference.path) for difference in merged.open}


def both_paths(merged: MergedReport) -> set[str]:
    return {str(difference.path) for difference in merged.kept_both}


def value(report: Report, path: str) -> object:
    found = report.answers.get(FieldPath.parse(path))
    return None if found is None else found.value


def test_equal_reports_make_the_same_report() -> None:
    full = sample_report()
    merged = merge(full, full, SAME)
    assert not merged.open and not merged.kept_both
    assert {path: given.value for path, given in merged.report.answers.items()} == {
        path: given.value for path, given in full.answers.items()
    }
    assert not problems(merged.report)


def test_critical_differences_are_open_and_others_kept_twice() -> None:
    a = sample_report()
    b = fill(
        a,
        {
            "primary[1].segment": "descending",
            "primary[1].t_stage": "t4a",
            "primary[1].outer_wall": "smooth",
            "primary[1].extramural_vascular_invasion": "present",
            "primary[1].obstruction": "present",
            "patient.distant_metastases": ("liver", "lung", "peritoneum"),
            "liver_lesion[1].shape": "lobulated",
            "primary[1].fat_nodules": NotAssessable("artefact"),
        },
    )
    merged = merge(a, b, SAME)
    assert open_paths(merged) == {
        "primary[1].segment",
        "primary[1].t_stage",
        "primary[1].extramural_vascular_invasion",
        "primary[1].obstruction",
        "patient.distant_metastases",
    }
    assert both_paths(merged) == {"primary[1].outer_wall", "liver_lesion[1].shape", "primary[1].fat_nodules"}
    assert {p.code for p in problems(merged.report)} == {"report.problem.open"}
    assert Report.from_json(merged.report.to_json(), Path("final.json")) == merged.report


def test_a_union_of_what_is_kept_twice_is_kept_twice() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "liver_lesion[1].segment", ("s7",)), SAME)
    assert both_paths(merged) == {"liver_lesion[1].segment", "liver.distribution"}
    found = next(item for item in merged.kept_both if item.path.field == "distribution")
    assert found.a is not None and found.a.value == ("s5", "s6", "s8")
    assert found.b is not None and found.b.value == ("s5", "s7", "s8")


def test_a_side_waits_for_its_segment() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "primary[1].segment", "ascending"), SAME)
    assert open_paths(merged) == {"primary[1].segment"}
    assert {(p.field_path, p.code) for p in problems(merged.report)} == {
        ("primary[1].segment", "report.problem.open"),
    }
    assert value(settle(merged, "primary[1].segment", Choice.B).report, "primary[1].side") == "right_colon"


def test_a_final_keeps_no_measurement_of_a_readers_contour() -> None:
    a = sample_report()
    typed = answer(a, "primary[1].long_diameter_mm", 60)
    assert typed.answers[FieldPath.parse("primary[1].long_diameter_mm")].measurement is not None
    for merged in (merge(typed, typed, SAME), merge(a, typed, SAME)):
        parts = [part for given in merged.report.answers.values() for part in (given.readers or (given,))]
        assert all(part is None or part.measurement is None for part in parts)


def test_settling_brings_back_what_depends_on_it() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "primary[1].t_stage", "t2"), SAME)
    assert value(merged.report, "primary[1].extramural_depth_mm") is None
    taken = settle(merged, "primary[1].t_stage", Choice.A)
    assert value(taken.report, "primary[1].extramural_depth_mm") == 3.5
    assert value(taken.report, "primary[1].t3_class") == "lt_5"
    other = settle(merged, "primary[1].t_stage", Choice.B)
    assert value(other.report, "primary[1].extramural_depth_mm") is None
    own = settle(merged, "primary[1].t_stage", Choice.TYPED, "t4b")
    assert value(own.report, "primary[1].t_stage") == "t4b"
    assert not taken.open and not other.open and not own.open
    unclear = settle(merged, "primary[1].t_stage", Choice.TYPED, not_assessable=NotAssessable("artefact"))
    assert not unclear.open


def test_depths_in_one_class_keep_the_class() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "primary[1].extramural_depth_mm", 4.1), SAME)
    assert both_paths(merged) == {"primary[1].extramural_depth_mm"}
    assert value(merged.report, "primary[1].t3_class") == "lt_5"
    assert not merged.open and not problems(merged.report)


def test_depths_in_two_classes_are_settled_by_the_class() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "primary[1].extramural_depth_mm", 7), SAME)
    assert open_paths(merged) == {"primary[1].t3_class"}
    done = settle(merged, "primary[1].t3_class", Choice.B)
    assert value(done.report, "primary[1].extramural_depth_mm") == 7
    assert value(done.report, "primary[1].t3_class") == "ge_5"
    assert not done.open and not done.kept_both and not done.report.set_aside


def test_what_hangs_on_an_answer_kept_twice_stays() -> None:
    a = sample_report()
    merged = merge(a, answer(a, "primary[1].regional_nodes_count", 5), SAME)
    assert both_paths(merged) == {"primary[1].regional_nodes_count"}
    assert value(merged.report, "primary[1].regional_nodes_short_mm") == 9
    none = merge(a, answer(a, "primary[1].regional_nodes_count", 0), SAME)
    assert value(none.report, "primary[1].regional_nodes_short_mm") == 9
    assert not problems(none.report)


def test_sizes_come_from_the_final_contour() -> None:
    a = sample_report()
    b = fill(a, {"primary[1].long_diameter_mm": 60, "primary[1].pvp_hu": 110})
    measured = sizes(Target.PRIMARY, 1, long_diameter=48.1, short_diameter=31, cranio_caudal=50, thickness=17)
    merged = merge(a, b, SAME, [*measured, *sizes(Target.PRIMARY, 1, hu_pvp=97)])
    path = FieldPath.parse("primary[1].long_diameter_mm")
    assert (merged.report.answers[path].value, merged.report.answers[path].source) == (48.1, Source.MEASURED)
    assert value(merged.report, "primary[1].pvp_hu") == 97
    assert not merged.open and not merged.kept_both


def test_lesions_are_matched_by_the_map() -> None:
    a = empty_report((TUMOUR, LIVER_1, LIVER_2))
    b = empty_report((TUMOUR, LIVER_1, Lesion(Target.LIVER, 3, LesionClass.METASTASIS)))
    a = fill(a, {"liver_lesion[1].segment": ("s6",), "liver_lesion[2].segment": ("s8",)})
    b = fill(b, {"liver_lesion[1].segment": ("s2",), "liver_lesion[3].segment": ("s6",)})
    final = {
        TUMOUR: (1, 1),
        Lesion(Target.LIVER, 1, LesionClass.METASTASIS): (1, 3),
        Lesion(Target.LIVER, 2, LesionClass.METASTASIS): (2, None),
        Lesion(Target.LIVER, 3, LesionClass.METASTASIS): (None, 1),
    }
    merged = merge(a, b, final)
    assert [value(merged.report, f"liver_lesion[{n}].segment") for n in (1, 2, 3)] == [("s6",), ("s8",), ("s2",)]
    assert value(merged.report, "liver.metastases_count") == 3
    assert value(merged.report, "liver.distribution") == ("s2", "s6", "s8")


def test_a_lesion_becomes_uncertain_in_the_final() -> None:
    full = sample_report()
    final = {lesion: numbers for lesion, numbers in SAME.items() if lesion != LIVER_2}
    final[Lesion(Target.LIVER, 2, LesionClass.UNCERTAIN)] = (2, 2)
    merged = merge(full, full, final)
    assert value(merged.report, "liver.uncertain_distribution") == ("s4", "s5", "s8")
    assert not problems(merged.report)


def test_targets_of_the_final() -> None:
    merged = merge(sample_report(), sample_report(), {TUMOUR: (1, 1)}, targets={Target.LIVER: TargetAnswer.NONE_SEEN})
    assert merged.report.targets == {Target.LIVER: TargetAnswer.NONE_SEEN}
    assert merge(sample_report(), sample_report(), SAME).report.targets[Target.LIVER] is TargetAnswer.DRAWN


def test_reports_that_do_not_belong_together_are_refused() -> None:
    other = new_report(UnitId(mint_case_code("01", 124), "T0"))
    with pytest.raises(CrcError, match="different units"):
        merge(sample_report(), other, {})
    fewer = new_report(UNIT, templates=sample_report().templates[:1])
    with pytest.raises(CrcError, match="different templates"):
        merge(sample_report(), fewer, {})
    with pytest.raises(CrcError, match="not a question"):
        settle(merge(sample_report(), sample_report(), SAME), "primary[1].segment", Choice.A)


def varied(report: Report, changes: list[tuple[int, int]]) -> Report:
    """The report with some answers given otherwise."""
    for pick, salt in changes:
        paths = [(path, field) for path, field in report.paths if asked(report, path) and path.section != "header"]
        path, field = paths[pick % len(paths)]
        report = answer(report, path, plausible(field, salt))  # type: ignore[arg-type]
    return complete(report)


variations = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 7)), max_size=6)


def turned(differences: tuple[Difference, ...]) -> list[tuple[FieldPath, object, object]]:
    return [(difference.path, difference.b, difference.a) for difference in differences]


def straight(differences: tuple[Difference, ...]) -> list[tuple[FieldPath, object, object]]:
    return [(difference.path, difference.a, difference.b) for difference in differences]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(variations, variations)
def test_it_does_not_matter_who_is_first(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    a, b = varied(sample_report(), first), varied(sample_report(), second)
    forth, back = merge(a, b, SAME), merge(b, a, SAME)
    assert straight(forth.open) == turned(back.open)
    assert straight(forth.kept_both) == turned(back.kept_both)
    for path, given_answer in forth.report.answers.items():
        if given_answer.readers is None:
            assert given_answer.says_same(back.report.answers[path])
    assert settled(forth.report) == forth.report


@settings(max_examples=25, deadline=None, derandomize=True)
@given(variations, variations, st.lists(st.sampled_from([Choice.A, Choice.B]), min_size=12, max_size=12))
def test_everything_open_can_be_settled(
    first: list[tuple[int, int]], second: list[tuple[int, int]], choices: list[Choice]
) -> None:
    merged = merge(varied(sample_report(), first), varied(sample_report(), second), SAME)
    for choice in choices:
        if merged.open:
            merged = settle(merged, merged.open[0].path, choice)
    assert not merged.open
    assert "report.problem.open" not in {problem.code for problem in problems(merged.report)}
    assert settled(merged.report) == merged.report
