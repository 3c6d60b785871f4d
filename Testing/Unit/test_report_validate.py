"""Every problem a report can have, told exactly where it is, and all of them in words of both languages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from crc_core.report.document import Answer, FieldPath, Lesion, NotAssessable, Report, Source
from crc_core.report.rules import settled
from crc_core.report.validate import Context, problems
from crc_core.text import Lang, catalogue
from crc_core.vocabulary import LesionClass, Role, Target, TargetAnswer
from report_support import LESIONS, LIVER_1, TUMOUR, complete, empty_report, fill, sample_report

Told = set[tuple[str, str]]


def told(report: Report, context: Context | None = None) -> Told:
    for problem in problems(report, context):
        for lang in Lang:
            assert problem.sentence(lang)
    return {(p.field_path, p.code.removeprefix("report.problem.")) for p in problems(report, context)}


def given(report: Report, path: str, answer: Answer) -> Report:
    """The report with an answer no screen would give, as a damaged file may hold it."""
    return settled(replace(report, answers={**report.answers, FieldPath.parse(path): answer}))


def test_a_careful_report_has_no_problem() -> None:
    assert told(sample_report()) == set()


def test_an_empty_report_misses_everything_at_once() -> None:
    found = told(empty_report())
    assert {code for _, code in found} == {"missing"}
    assert len(found) > 50
    assert ("primary[1].t_stage", "missing") in found
    assert ("primary[1].other", "missing") not in found
    assert ("primary[1].extramural_depth_mm", "missing") not in found
    assert ("primary[1].side", "missing") not in found


COLLAPSED = NotAssessable("collapsed_bowel")
DAMAGE: list[tuple[str, Answer, Told]] = [
    ("header.examined_on", Answer("7 March"), {("header.examined_on", "date")}),
    ("header.age_years", Answer(121), {("header.age_years", "range")}),
    ("header.age_years", Answer(40.5), {("header.age_years", "kind")}),
    ("header.clinical_diagnosis", Answer(("a",)), {("header.clinical_diagnosis", "kind")}),
    ("primary[1].morphology", Answer("square"), {("primary[1].morphology", "option")}),
    ("primary[1].morphology", Answer(("mass",)), {("primary[1].morphology", "kind")}),
    ("primary[1].nc_hu", Answer(-201), {("primary[1].nc_hu", "range")}),
    ("primary[1].nc_hu", Answer("38"), {("primary[1].nc_hu", "kind")}),
    ("primary[1].nc_hu", Answer(not_assessable=NotAssessable("tired")), {("primary[1].nc_hu", "reason")}),
    ("primary[1].nc_hu", Answer(not_assessable=NotAssessable("other")), {("primary[1].nc_hu", "reason_text")}),
    ("liver_lesion[1].segment", Answer(("s6", "s6")), {("liver_lesion[1].segment", "twice")}),
    ("liver_lesion[1].shape", Answer(not_assessable=COLLAPSED), {("liver_lesion[1].shape", "reason")}),
    ("patient.distant_metastases", Answer(("none", "liver", "lung")), {("patient.distant_metastases", "exclusive")}),
    ("patient.distant_metastases", Answer(("liver",)), {("patient.distant_metastases", "lesions_not_chosen")}),
    ("primary[1].short_diameter_mm", Answer(50), {("primary[1].long_diameter_mm", "not_smaller")}),
    ("liver.hilar_node_short_mm", Answer(50), {("liver.hilar_node_long_mm", "not_smaller")}),
    ("primary[1].perforation", Answer("present"), {("primary[1].perforation", "excludes")}),
    ("liver_lesion[2].typical_appearance", Answer("absent"), {("liver_lesion[2].typical_appearance", "not_typical")}),
    (
        "primary[1].fat_state",
        Answer(source=Source.OPEN, readers=(Answer("clear"), Answer("hazy"))),
        {("primary[1].fat_state", "open")},
    ),
    (
        "primary[1].fat_state",
        Answer(source=Source.BOTH, readers=(Answer("clear"), Answer("blue"))),
        {("primary[1].fat_state", "option")},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("path", "answer", "expected"), DAMAGE, ids=lambda item: str(item)[:40])
def test_damage_is_told_where_it_is(path: str, answer: Answer, expected: Told) -> None:
    assert told(given(sample_report(), path, answer)) == expected


def test_t1_with_vessel_invasion_is_a_question_not_a_wall() -> None:
    report = fill(sample_report(), {"primary[1].t_stage": "t2", "primary[1].extramural_vascular_invasion": "present"})
    assert [(p.field_path, p.blocks) for p in problems(report)] == [("primary[1].extramural_vascular_invasion", False)]
    report = fill(sample_report(), {"primary[1].t_stage": "t4a", "primary[1].perforation": "present"})
    assert told(report) == set()


@pytest.mark.parametrize("target", [Target.PRIMARY, Target.LIVER, Target.LUNG])
def test_a_target_that_is_not_spoken_of(target: Target) -> None:
    report = sample_report()
    silent = replace(report, targets={name: said for name, said in report.targets.items() if name is not target})
    assert told(silent) == {(f"targets.{target.value}", "target_missing")}


@pytest.mark.parametrize("said", [item for item in TargetAnswer if item is not TargetAnswer.DRAWN])
def test_a_target_said_to_have_nothing_has_lesions(said: TargetAnswer) -> None:
    report = replace(sample_report(), targets={**sample_report().targets, Target.LUNG: said})
    assert told(report) == {("targets.lung", "lesions_but")}


T4A: dict[str, object] = {"primary[1].t_stage": "t4a"}


def test_drawn_without_lesions_and_chosen_without_lesions() -> None:
    report = replace(complete(empty_report((TUMOUR,))), targets=dict.fromkeys(REPORTED, TargetAnswer.DRAWN))
    assert {("targets.liver", "drawn_without_lesions"), ("targets.lung", "drawn_without_lesions")} <= told(report)
    chosen = complete(fill(empty_report((TUMOUR,)), {"patient.distant_metastases": ("liver",), **T4A}))
    assert told(chosen) == {("patient.distant_metastases", "chosen_without_lesions")}
    resected = replace(chosen, targets={**chosen.targets, Target.LIVER: TargetAnswer.RESECTED})
    assert told(resected) == set()


REPORTED = (Target.PRIMARY, Target.LIVER, Target.LUNG)


def test_a_unit_without_tumour_misses_nothing() -> None:
    report = empty_report(())
    assert told(report)
    for said in (TargetAnswer.NO_TUMOUR, TargetAnswer.NOT_CRC):
        assert told(replace(report, targets={**report.targets, Target.PRIMARY: said})) == set()


def test_a_class_that_does_not_belong() -> None:
    report = settled(replace(sample_report(), lesions=(*LESIONS, Lesion(Target.LUNG, 9, LesionClass.UNCERTAIN))))
    assert ("lesions.lung[9]", "lesion_class") in told(report)


def test_report_and_contour_name_other_lesions() -> None:
    drawn = (
        TUMOUR,
        LIVER_1,
        Lesion(Target.LIVER, 2, LesionClass.UNCERTAIN),
        Lesion(Target.LIVER, 5, LIVER_1.lesion_class),
    )
    assert told(sample_report(), Context(lesions=drawn)) == {
        ("lesions.liver[2]", "lesion_other_class"),
        ("lesions.liver[3]", "lesion_not_drawn"),
        ("lesions.liver[5]", "lesion_not_written"),
        ("lesions.lung[1]", "lesion_not_drawn"),
    }
    assert told(sample_report(), Context(lesions=LESIONS)) == set()


def test_a_density_in_a_phase_that_was_not_scanned() -> None:
    plain_and_portal = Context(phases=frozenset({Role.NC, Role.PVP, Role.CHEST}))
    assert told(sample_report(), plain_and_portal) == {
        ("primary[1].ap_hu", "phase"),
        ("liver_lesion[1].ap_hu", "phase"),
        ("liver_lesion[2].ap_hu", "phase"),
    }


def test_counts_against_lesions() -> None:
    nine = tuple(Lesion(Target.LIVER, n, LesionClass.METASTASIS) for n in range(1, 10))
    report = fill(empty_report((TUMOUR, *nine)), {"liver.lesions_drawn": "representative"})
    report = complete(fill(report, {"liver.metastases_count": 8, "patient.distant_metastases": ("liver",)}))
    assert ("liver.metastases_count", "count_below_drawn") in told(report)
    report = fill(report, {"liver.metastases_count": 30})
    assert "count_below_drawn" not in {code for _, code in told(report)}
    unknown = fill(report, {"liver.metastases_count": NotAssessable("other", "数不清"), "liver.count_class": "4_7"})
    assert ("liver.count_class", "representative") in told(unknown)
    assert ("liver.count_class", "representative") not in told(fill(unknown, {"liver.count_class": "ge_8"}))


def test_answers_a_file_should_not_hold() -> None:
    document: dict[str, Any] = sample_report().to_json()
    block = next(item for item in document["sections"] if item["section"] == "primary")["answers"]
    block["retroperitoneal_nodes_short_mm"] = {"source": "typed", "value": 9}
    block["t3_class"] = {"source": "typed", "value": "ge_5"}
    del block["side"]
    assert told(Report.from_json(document, Path("r.json"))) == {
        ("primary[1].retroperitoneal_nodes_short_mm", "not_applicable"),
        ("primary[1].t3_class", "does_not_follow"),
        ("primary[1].side", "does_not_follow"),
    }


def test_every_problem_has_its_test() -> None:
    source = Path(__file__).read_text(encoding="utf-8") + (Path(__file__).parent / "test_report_answers.py").read_text(
        encoding="utf-8"
    )
    for code in catalogue(Lang.EN):
        if code.startswith("report.problem."):
            assert code.removeprefix("report.problem.") in source, code
