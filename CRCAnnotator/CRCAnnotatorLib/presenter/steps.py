"""The five steps in the head of the panel, and the line in its foot: where the reader stands, what is left to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crc_core.desk.problems import DeskProblem
from crc_core.text import Lang, say

from CRCAnnotatorLib.presenter.state import Mark, StepId, StepMark

ORDER = tuple(StepId)


@dataclass(frozen=True)
class Standing:
    """Where the reader stands: is a case open, can it be changed, has it been handed in, what lies before that.

    `to_settle` counts items of the scan check that fall short and that nobody has given a reason for.
    """

    has_case: bool = False
    read_only: bool = False
    submitted: bool = False
    problems: tuple[DeskProblem, ...] = ()
    to_settle: int = 0

    @property
    def blocking(self) -> int:
        """How many things stand before a submission."""
        return sum(problem.blocks for problem in self.problems)

    def of(self, step: StepId) -> tuple[DeskProblem, ...]:
        """What is to be done in one step."""
        return tuple(problem for problem in self.problems if problem.where.step is step)


def step_marks(current: StepId, standing: Standing, lang: Lang) -> tuple[StepMark, ...]:
    """The five steps with their marks."""
    return tuple(
        StepMark(
            step, say(f"annotator.step.{step.value}", lang), _mark(step, current, standing), _reachable(step, standing)
        )
        for step in ORDER
    )


def foot_words(standing: Standing, lang: Lang) -> str:
    """The line in the foot of the panel."""
    if not standing.has_case:
        return ""
    if standing.submitted:
        return say("annotator.foot.submitted", lang)
    if standing.read_only:
        return say("annotator.foot.read_only", lang)
    if not standing.blocking:
        return say("annotator.foot.ready", lang)
    code = "annotator.foot.one" if standing.blocking == 1 else "annotator.foot.open"
    return say(code, lang, count=standing.blocking)


def foot_mark(standing: Standing) -> Mark:
    """How the line in the foot is meant."""
    if standing.submitted:
        return Mark.DONE
    if standing.read_only:
        return Mark.LOCKED
    return Mark.ATTENTION if standing.blocking else Mark.DONE


def beside(step: StepId, forward: bool) -> StepId:
    """The step after (or before) another; the ends stay."""
    at = ORDER.index(step) + (1 if forward else -1)
    return ORDER[min(max(at, 0), len(ORDER) - 1)]


def _reachable(step: StepId, standing: Standing) -> bool:
    return step is StepId.CASE or standing.has_case


def _mark(step: StepId, current: StepId, standing: Standing) -> Mark:
    if step is current:
        return Mark.CURRENT
    if step is StepId.CASE:
        return Mark.DONE if standing.has_case else Mark.TODO
    if not standing.has_case:
        return Mark.LOCKED
    if standing.submitted:
        return Mark.DONE
    if step is StepId.SUBMIT:
        return Mark.TODO
    if step is StepId.CHECK and standing.to_settle:
        return Mark.ATTENTION
    return _mark_of(standing.of(step))


def _mark_of(problems: Sequence[DeskProblem]) -> Mark:
    if any(problem.blocks for problem in problems):
        return Mark.TODO
    return Mark.ATTENTION if problems else Mark.DONE
