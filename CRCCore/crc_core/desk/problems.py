"""What stands between the work and its submission, all at once, each with the place to go to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.lesions import lesion_name
from crc_core.desk.reporting import lesions_of, report_of
from crc_core.desk.steps import StepId
from crc_core.desk.work import TargetState, Work
from crc_core.report.problem import Worded
from crc_core.report.template import Words
from crc_core.report.validate import Context, problems
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Role, Target, TargetAnswer, Verdict

if TYPE_CHECKING:
    from crc_core.contour.results import Finding
    from crc_core.report.document import Report

_LOUD = (Verdict.WARN, Verdict.FAIL)


@dataclass(frozen=True)
class Where:
    """Where a problem is mended: the step, and inside it the target, the lesion or the question of the report.

    `finding` counts from 0 in the findings that were given.
    """

    step: StepId
    target: Target | None = None
    lesion: int | None = None
    path: str = ""
    finding: int | None = None


@dataclass(frozen=True)
class DeskProblem:
    """One thing before a submission; one that does not `blocks` is told and may stand."""

    code: str
    values: Mapping[str, Worded]
    where: Where
    blocks: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def sentence(self, lang: Lang) -> str:
        """The problem in words."""
        worded = {name: value.say(lang) if isinstance(value, Words) else value for name, value in self.values.items()}
        return say(self.code, lang, **worded)


def desk_problems(
    work: Work,
    drawn: Collection[SegmentKey],
    *,
    findings: Sequence[Finding] = (),
    phases: Collection[Role] | None = None,
    report: Report | None = None,
) -> tuple[DeskProblem, ...]:
    """Everything before a submission, in the order of the steps; nothing that blocks for work that can be handed in.

    `drawn` are the segments that hold voxels, `findings` what the live checks found, `phases` the phases of the unit
    where known, `report` the report where it is at hand already (else the work's own).
    """
    report = report_of(work) if report is None else report
    return (
        *_scan(work),
        *(item for state in work.targets for item in _target(state, frozenset(drawn))),
        *_findings(findings),
        *_report(report, work, phases),
    )


def _scan(work: Work) -> Iterator[DeskProblem]:
    if not work.scan_confirmed:
        yield DeskProblem("desk.problem.scan", {}, Where(StepId.CHECK))


def _target(state: TargetState, drawn: frozenset[SegmentKey]) -> Iterator[DeskProblem]:
    name: dict[str, Worded] = {"target": _both(f"report.target.{state.target.value}")}
    place = Where(StepId.CONTOUR, state.target)
    if state.answer is None:
        yield DeskProblem("desk.problem.unanswered", name, place)
    if state.answer is TargetAnswer.NOT_ASSESSABLE and not state.reason:
        yield DeskProblem("desk.problem.reason", name, place)
    for lesion in state.lesions:
        here = Where(StepId.CONTOUR, state.target, lesion.number)
        values: dict[str, Worded] = {**name, "lesion": lesion_name(lesion.number)}
        if SegmentKey(state.target, lesion.number) not in drawn:
            outlined = SegmentKey(state.target, lesion.number, Part.OUTER) in drawn
            yield DeskProblem("desk.problem.not_kept" if outlined else "desk.problem.empty", values, here)
        elif any(item.samples and not item.confirmed for item in lesion.densities):
            yield DeskProblem("desk.problem.samples", values, here)
    if _is_stale(state, drawn):
        yield DeskProblem("desk.problem.stale", name, place)
    if state.filled_slices:
        count: dict[str, Worded] = {**name, "count": str(len(state.filled_slices))}
        yield DeskProblem("desk.problem.unreviewed", count, place, blocks=False)


def _is_stale(state: TargetState, drawn: frozenset[SegmentKey]) -> bool:
    """Whether an edge of a subtraction was changed since the ring was kept."""
    rings = any(SegmentKey(state.target, lesion.number) in drawn for lesion in state.lesions)
    return state.mode is Mode.SUBTRACTION and rings and not state.kept


def _findings(findings: Sequence[Finding]) -> Iterator[DeskProblem]:
    from crc_core.contour.wording import finding_sentence

    for number, finding in enumerate(findings):
        if finding.verdict in _LOUD:
            words = Words(finding_sentence(finding, Lang.ZH), finding_sentence(finding, Lang.EN))
            values: dict[str, Worded] = {"target": _both(f"report.target.{finding.target.value}"), "words": words}
            place = Where(StepId.CONTOUR, finding.target, finding.lesion, finding=number)
            yield DeskProblem("desk.problem.finding", values, place, blocks=False)


def _report(report: Report, work: Work, phases: Collection[Role] | None) -> Iterator[DeskProblem]:
    context = Context(lesions_of(work), None if phases is None else frozenset(phases))
    open_targets = {f"targets.{state.target.value}" for state in work.targets if state.answer is None}
    for problem in problems(report, context):
        if problem.field_path not in open_targets:
            place = Where(StepId.REPORT, path=problem.field_path)
            yield DeskProblem(problem.code, problem.values, place, blocks=problem.blocks)


def _both(code: str) -> Words:
    return Words(say(code, Lang.ZH), say(code, Lang.EN))
