"""What is about to be handed in, on a few lines."""

from __future__ import annotations

from crc_core.desk.active_time import clock_text
from crc_core.desk.lesions import lesion_name
from crc_core.desk.work import TargetState, Work
from crc_core.text import Lang, say

from CRCAnnotatorLib.presenter.state import ContextLine


def summary_lines(work: Work, report: str, active_seconds: float, lang: Lang) -> tuple[ContextLine, ...]:
    """One line per target, then the report and the active time; `report` is its progress in words."""
    lines = [
        ContextLine(say(f"report.target.{state.target.value}", lang), _said(state, lang)) for state in work.targets
    ]
    if report:
        lines.append(ContextLine(say("annotator.summary.report", lang), report))
    lines.append(ContextLine(say("annotator.summary.active", lang), clock_text(active_seconds)))
    return tuple(lines)


def _said(state: TargetState, lang: Lang) -> str:
    mode = say(f"import.mode.{state.mode.value}", lang)
    if state.lesions:
        names = say("annotator.list", lang).join(lesion_name(lesion.number) for lesion in state.lesions)
        return say("annotator.summary.drawn", lang, lesions=names, mode=mode)
    if state.answer is None:
        return say("annotator.summary.open", lang)
    answer = say(f"report.target_answer.{state.answer.value}", lang)
    return say("annotator.summary.reason", lang, answer=answer, reason=state.reason) if state.reason else answer
