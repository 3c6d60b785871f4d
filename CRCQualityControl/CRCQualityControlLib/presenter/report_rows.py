"""Both reports side by side: every question that was answered, what A and B say, how it was settled."""

from __future__ import annotations

from collections.abc import Iterator

from crc_core.decision.consensus import lesion_map
from crc_core.decision.finals import FieldRuling
from crc_core.report.document import Answer, FieldPath, Report, Source
from crc_core.report.merge import Choice, LesionMap
from crc_core.report.template import Field
from crc_core.report.wording import answer_text, section_title, value_text
from crc_core.text import Lang, say

from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.state import FieldRow


def report_rows(desk: DeskCase, lang: Lang) -> Iterator[FieldRow]:
    """The questions in the order of the report; one that nobody answered is left out."""
    dispute, choices = desk.opened.dispute, desk.choices
    decided = [item for outcome in dispute.comparison.targets for item in dispute.decisions(choices, outcome.target)]
    numbers = lesion_map(decided)
    report = dispute.merged(choices).report
    for path, field in report.paths:
        given = report.answers.get(path)
        if given is not None:
            yield _row(report, path, field, given, _asked(report, path, numbers), choices.fields.get(str(path)), lang)


def _row(
    report: Report,
    path: FieldPath,
    field: Field,
    given: Answer,
    asked: tuple[bool, bool],
    ruling: FieldRuling | None,
    lang: Lang,
) -> FieldRow:
    section = report.section(path.section)
    differs = given.readers is not None
    answers = given.readers or tuple(given if was_asked else None for was_asked in asked)
    a, b = (_words(report, path, field, answer, lang) for answer in answers)
    return FieldRow(
        path=str(path),
        block="" if section is None else section_title(section[1], path.lesion, lang),
        label=field.label.say(lang),
        differs=differs,
        critical=given.source is Source.OPEN,
        a=a,
        b=b,
        chosen=None if ruling is None else ruling.choice,
        typed=_typed(field, ruling, lang),
    )


def _asked(report: Report, path: FieldPath, numbers: LesionMap) -> tuple[bool, bool]:
    """Which of the readers have the lesion that is spoken of."""
    section = report.section(path.section)
    target = None if section is None else section[1].target
    if path.lesion is None or target is None:
        return True, True
    found = next(
        (pair for lesion, pair in numbers.items() if (lesion.target, lesion.number) == (target, path.lesion)), None
    )
    return (True, True) if found is None else (found[0] is not None, found[1] is not None)


def _words(report: Report, path: FieldPath, field: Field, given: Answer | None, lang: Lang) -> str:
    section = report.section(path.section)
    if given is None or section is None:
        return say("work.no_answer", lang)
    return answer_text(section[0], field, given, lang)


def _typed(field: Field, ruling: FieldRuling | None, lang: Lang) -> str:
    if ruling is None or ruling.choice is not Choice.TYPED or ruling.value is None:
        return ""
    return value_text(field, ruling.value, lang)
