"""Changing a report: pure functions from a report to the next one, with everything that follows already settled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from crc_core.errors import CrcError
from crc_core.report.document import Answer, FieldPath, NotAssessable, Report, Source, Value
from crc_core.report.document_json import LARGEST_NUMBER, is_plain_text
from crc_core.report.rules import Standing, is_visible, settled, standing
from crc_core.report.template import Field, Kind, Template
from crc_core.report.wording import path_label
from crc_core.text import Lang

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?|[+-]?\.\d+")


def answer(
    report: Report,
    path: FieldPath | str,
    value: Value | Iterable[str] | None = None,
    *,
    not_assessable: NotAssessable | None = None,
) -> Report:
    """The report with a person's answer at `path`: a value, or the reason why it cannot be assessed.

    Numbers and dates may come as typed text. None, empty text and no option take the answer away; a measurement behind
    it then shows again. Raises CrcError with a sentence for the person where the question is not asked of them or the
    value is no answer to it; a number out of range is taken and told by `validate`.
    """
    place, template, field = _asked(report, path)
    current = report.answers.get(place)
    measurement = None if current is None else current.measurement
    if not_assessable is not None:
        given = Answer(not_assessable=_reason(template, field, not_assessable), measurement=measurement)
    else:
        read = None if value is None else _read(field, value)
        if read is None:
            return _cleared(report, place, current)
        given = Answer(read, measurement=measurement)
    return settled(
        replace(
            report,
            answers={**report.answers, place: given},
            set_aside={other: kept for other, kept in report.set_aside.items() if other != place},
        )
    )


def toggle(report: Report, path: FieldPath | str, code: str) -> Report:
    """The report with one box of a many-choice question ticked or unticked; an exclusive box stands alone."""
    place, _, field = _asked(report, path)
    current = report.answers.get(place)
    chosen = set(current.value) if current is not None and isinstance(current.value, tuple) else set()
    option = field.option(code)
    if option is None:
        raise _no_option(field, code)
    if code in chosen:
        return answer(report, place, chosen - {code})
    if option.exclusive:
        return answer(report, place, {code})
    alone = {other.code for other in field.options if other.exclusive}
    return answer(report, place, (chosen | {code}) - alone)


def take_measured(report: Report, path: FieldPath | str) -> Report:
    """The report with the measurement at `path` instead of what was typed; unchanged where there is none."""
    place, _, _ = _asked(report, path)
    current = report.answers.get(place)
    if current is None or current.measurement is None:
        return report
    return _cleared(report, place, replace(current, source=Source.TYPED))


def _cleared(report: Report, path: FieldPath, current: Answer | None) -> Report:
    answers = {other: kept for other, kept in report.answers.items() if other != path}
    aside = {other: kept for other, kept in report.set_aside.items() if other != path}
    if current is not None and current.measurement is not None and current.source is not Source.MEASURED:
        answers[path] = Answer(current.measurement.shown, source=Source.MEASURED, measurement=current.measurement)
    return settled(replace(report, answers=answers, set_aside=aside))


def _asked(report: Report, path: FieldPath | str) -> tuple[FieldPath, Template, Field]:
    try:
        place = FieldPath.parse(path) if isinstance(path, str) else path
    except ValueError as error:
        raise CrcError("report.answer.unknown", field=path) from error
    pair, field = report.section(place.section), report.field(place)
    if pair is None or field is None:
        raise CrcError("report.answer.unknown", field=str(place))
    if not is_visible(report, place):
        raise CrcError("report.answer.not_asked", field=_place_label(report, place))
    if standing(report, place).standing is not Standing.ASKED:
        raise CrcError("report.answer.follows", field=_place_label(report, place))
    return place, pair[0], field


def _reason(template: Template, field: Field, given: NotAssessable) -> NotAssessable:
    reason = template.reason(given.reason)
    if reason is None or not is_plain_text(given.text):
        raise CrcError("report.answer.reason", field=_label(field), value=given.reason)
    return NotAssessable(given.reason, given.text.strip())


def _read(field: Field, value: Value | Iterable[str]) -> Value | None:
    if field.kind is Kind.CHOICES:
        return _chosen(field, value)
    if isinstance(value, str) and not value.strip():
        return None
    if field.kind is Kind.CHOICE:
        if not isinstance(value, str) or field.option(value) is None:
            raise _no_option(field, str(value))
        return value
    if field.kind in (Kind.NUMBER, Kind.COUNT):
        return _number(field, value)
    if not isinstance(value, str):
        raise CrcError("report.answer.text", field=_label(field))
    return _date(field, value) if field.kind is Kind.DATE else _text(field, value)


def _chosen(field: Field, value: Value | Iterable[str]) -> tuple[str, ...] | None:
    codes = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [str(value)]
    for code in codes:
        if field.option(code) is None:
            raise _no_option(field, code)
    return tuple(option.code for option in field.options if option.code in codes) or None


def _number(field: Field, value: object) -> float | int:
    if isinstance(value, str):
        text = unicodedata.normalize("NFKC", value).strip().replace("−", "-").replace(",", ".")
        number: object = float(text) if _NUMBER.fullmatch(text) and text.isascii() else None
    else:
        number = value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not abs(number) <= LARGEST_NUMBER:
        raise CrcError("report.answer.number", field=_label(field), value=str(value)[:40])
    if field.kind is Kind.NUMBER:
        return float(number)
    if number != int(number):
        raise CrcError("report.answer.whole_number", field=_label(field), value=str(value)[:40])
    return int(number)


def _date(field: Field, value: str) -> str:
    text = re.sub(r"[/.年月]", "-", unicodedata.normalize("NFKC", value).strip().removesuffix("日"))
    match = re.fullmatch(r"(\d{4})-?(\d{1,2})-?(\d{1,2})", text, re.ASCII)
    try:
        if match is None:
            raise ValueError(text)
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError as error:
        raise CrcError("report.answer.date", field=_label(field), value=value[:40]) from error


def _text(field: Field, value: str) -> str:
    text = value.strip().replace("\r\n", "\n").replace("\r", "\n")
    if not is_plain_text(text):
        raise CrcError("report.answer.text", field=_label(field))
    return text


def _no_option(field: Field, value: str) -> CrcError:
    options = ", ".join(option.code for option in field.options)
    return CrcError("report.answer.option", field=_label(field), value=value, options=options)


def _label(field: Field) -> str:
    return f"{field.label.zh} {field.label.en}"


def _place_label(report: Report, path: FieldPath) -> str:
    words = path_label(report, path)
    return f"{words.say(Lang.ZH)} / {words.say(Lang.EN)}"
