"""Words somebody wrote in a report, which could name a patient; and the report without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crc_core.report.document import Answer, FieldPath, Report, Source
from crc_core.report.template import Kind


def without_free_text(report: Report) -> Report:
    """The report without answers in words, except those that follow from others, and without words beside a reason."""
    return replace(report, answers=_kept(report, report.answers), set_aside=_kept(report, report.set_aside))


def _kept(report: Report, answers: Mapping[FieldPath, Answer]) -> dict[FieldPath, Answer]:
    return {path: _plain(answer) for path, answer in answers.items() if not _is_words(report, path, answer)}


def _is_words(report: Report, path: FieldPath, answer: Answer) -> bool:
    field = report.field(path)
    return (field is None or field.kind is Kind.TEXT) and answer.source is not Source.DERIVED


def _plain(answer: Answer) -> Answer:
    if answer.readers is not None:
        first, second = (None if item is None else _plain(item) for item in answer.readers)
        return replace(answer, readers=(first, second))
    if answer.not_assessable is not None:
        return replace(answer, not_assessable=replace(answer.not_assessable, text=""))
    return answer
