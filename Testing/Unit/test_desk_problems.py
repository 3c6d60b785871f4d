"""What stands before a submission: everything told, what blocks blocks, and work that is done has nothing left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from crc_core.contour.results import CheckId, DensitySample, Finding
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.lesions import change_lesion, set_answer
from crc_core.desk.problems import DeskProblem, desk_problems
from crc_core.desk.reporting import report_of, with_report
from crc_core.desk.steps import StepId
from crc_core.desk.work import LesionWork, PhaseSamples, Work
from crc_core.report.document import NotAssessable, Report
from crc_core.report.editing import answer
from crc_core.report.validate import is_missing
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Mode, Role, Target, TargetAnswer, Verdict
from desk_support import some_work, with_lesions

DRAWN = tuple(SegmentKey(Target.PRIMARY, 1, part) for part in Part)


def answered(report: Report) -> Report:
    """Every question that is open answered with "not assessable"."""
    while True:
        path = next((path for path, field in report.paths if is_missing(report, path, field)), None)
        if path is None:
            return report
        report = answer(report, path, not_assessable=NotAssessable("artefact"))


@pytest.fixture(scope="module")
def done() -> Work:
    """Work that can be handed in: a kept subtraction, everything else answered."""
    work = with_lesions(some_work(scan_confirmed=True), Target.PRIMARY, 1)
    work = work.with_target(replace(work.of(Target.PRIMARY), kept=True))
    for target in (Target.LIVER, Target.LUNG, Target.NODE):
        work = set_answer(work, target, TargetAnswer.NONE_SEEN)
    return with_report(work, answered(report_of(work)))


def codes(problems: tuple[DeskProblem, ...]) -> list[str]:
    return [problem.code for problem in problems]


def changed(work: Work, **parts: object) -> Work:
    return work.with_target(replace(work.of(Target.PRIMARY), **parts))


def sampled(work: Work, *, confirmed: bool) -> Work:
    sample = DensitySample((0.0, 0.0, 0.0), 2.0, 3, 9, 80.0, 5.0)
    lesion = LesionWork(1, LesionClass.TUMOUR, (), (PhaseSamples(Role.PVP, (sample,), confirmed),))
    return change_lesion(work, Target.PRIMARY, lesion)


def test_work_that_is_done_has_no_problems(done: Work) -> None:
    assert desk_problems(done, DRAWN) == ()
    assert desk_problems(sampled(done, confirmed=True), DRAWN) == ()
    assert desk_problems(changed(done, mode=Mode.DIRECT, kept=False), DRAWN) == ()


@pytest.mark.parametrize(
    ("spoil", "code", "step", "blocks"),
    [
        (lambda work: replace(work, scan_confirmed=False), "desk.problem.scan", StepId.CHECK, True),
        (lambda work: set_answer(work, Target.NODE, None), "desk.problem.unanswered", StepId.CONTOUR, True),
        (lambda work: changed(work, kept=False), "desk.problem.stale", StepId.CONTOUR, True),
        (lambda work: sampled(work, confirmed=False), "desk.problem.samples", StepId.CONTOUR, True),
        (lambda work: changed(work, filled_slices=(3, 4)), "desk.problem.unreviewed", StepId.CONTOUR, False),
    ],
)
def test_each_thing_missing_is_told_once_and_in_its_place(
    done: Work, spoil: Callable[[Work], Work], code: str, step: StepId, blocks: bool
) -> None:
    (problem,) = desk_problems(spoil(done), DRAWN)
    assert (problem.code, problem.where.step, problem.blocks) == (code, step, blocks)
    for lang in Lang:
        assert "{" not in problem.sentence(lang)


def test_a_lesion_without_voxels_blocks_and_says_whether_only_the_edges_are_drawn(done: Work) -> None:
    assert codes(desk_problems(done, ())) == ["desk.problem.empty"]
    (problem,) = desk_problems(done, (SegmentKey(Target.PRIMARY, 1, Part.OUTER),))
    assert problem.code == "desk.problem.not_kept"
    assert (problem.where.target, problem.where.lesion) == (Target.PRIMARY, 1)
    (again,) = desk_problems(changed(done, kept=False), (SegmentKey(Target.PRIMARY, 1, Part.OUTER),))
    assert again.code == "desk.problem.not_kept", "what was never kept is not stale as well"


def test_findings_are_told_and_never_block(done: Work) -> None:
    findings = (
        Finding(CheckId.ISLAND, Verdict.WARN, Target.PRIMARY, 1),
        Finding(CheckId.WINDOW, Verdict.NOTE, Target.PRIMARY, 1),
        Finding(CheckId.OUTSIDE_BODY, Verdict.FAIL, Target.PRIMARY, 1),
    )
    problems = desk_problems(done, DRAWN, findings=findings)
    assert [problem.where.finding for problem in problems] == [0, 2]
    assert not any(problem.blocks for problem in problems)


def test_open_questions_of_the_report_are_told_with_their_path(done: Work) -> None:
    report = report_of(done)
    path = next(path for path, _ in report.paths if str(path).endswith("t_stage"))
    opened = answer(report, path, None)
    problems = desk_problems(with_report(done, opened), DRAWN)
    assert [(problem.where.step, problem.where.path, problem.blocks) for problem in problems] == [
        (StepId.REPORT, str(path), True)
    ]
    assert desk_problems(done, DRAWN, report=opened) == problems, "the report at hand is the one that counts"


def test_a_target_that_is_open_is_told_once_not_twice() -> None:
    problems = desk_problems(some_work(scan_confirmed=True), ())
    for target in Target:
        assert (
            sum(problem.values.get("target") is not None and problem.where.target is target for problem in problems)
            == 1
        )
    assert not [problem for problem in problems if problem.where.path.startswith("targets.")]
