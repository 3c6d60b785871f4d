"""Answers of one section that cannot stand together, as the template's checks name them."""

from __future__ import annotations

from collections.abc import Iterator

from crc_core.report.document import FieldPath, Report, Value
from crc_core.report.problem import Problem, Worded
from crc_core.report.rules import lesion_answers
from crc_core.report.template import Check, CheckKind, Field, Rule, Section, Words
from crc_core.report.wording import path_label, value_text
from crc_core.text import Lang


def section_problems(report: Report, section: Section) -> Iterator[Problem]:
    """Every contradiction inside one section, block by block."""
    for number in report.numbers(section):
        for check in section.checks:
            path = FieldPath(section.id, number, check.field)
            if check.kind is CheckKind.NOT_SMALLER:
                yield from _not_smaller(report, check, path)
            elif check.kind is CheckKind.EXCLUDES:
                yield from _excludes(report, check, path)
            elif check.kind is CheckKind.REPRESENTATIVE:
                yield from _representative(report, check, path, section)
            else:
                yield from _contains_lesions(report, check, path)


def _not_smaller(report: Report, check: Check, path: FieldPath) -> Iterator[Problem]:
    other = FieldPath(path.section, path.lesion, check.other)
    value, than = _value(report, path), _value(report, other)
    if isinstance(value, (int, float)) and isinstance(than, (int, float)) and value < than:
        yield _problem(report, check, path, {"other": path_label(report, other)})


def _excludes(report: Report, check: Check, path: FieldPath) -> Iterator[Problem]:
    if _value(report, path) not in check.any_of:
        return
    if not check.other:
        yield _problem(report, check, path, {"value": _words(report, path)})
        return
    other = FieldPath(path.section, path.lesion, check.other)
    if _value(report, other) in check.other_any_of:
        values: dict[str, Worded] = {
            "value": _words(report, path),
            "other": path_label(report, other),
            "other_value": _words(report, other),
        }
        yield _problem(report, check, path, values)


def _representative(report: Report, check: Check, path: FieldPath, section: Section) -> Iterator[Problem]:
    if section.target is None or _value(report, FieldPath(path.section, None, check.other)) != "representative":
        return
    drawn = len(report.lesions_of(section.target, check.lesion_class))
    count = _value(report, path)
    if isinstance(count, (int, float)) and count < check.at_least:
        yield _problem(report, check, path, {"least": str(check.at_least)})
    if isinstance(count, (int, float)) and count < drawn:
        yield _problem(report, check, path, {"drawn": str(drawn)}, "report.problem.count_below_drawn")
    follows = next((field for field in section.fields if _classes_of(field, check.field)), None)
    if follows is not None and follows.derivation is not None:
        place = FieldPath(path.section, None, follows.id)
        if _value(report, place) not in (None, follows.derivation.classes[-1].code):
            yield _problem(report, check, place, {"least": str(check.at_least)})


def _classes_of(field: Field, source: str) -> bool:
    rule = field.derivation
    return rule is not None and rule.rule is Rule.CLASS_OF and rule.source is not None and rule.source.field == source


def _contains_lesions(report: Report, check: Check, path: FieldPath) -> Iterator[Problem]:
    value, field = _value(report, path), report.field(path)
    if check.source is None or field is None or not isinstance(value, tuple):
        return
    parts = lesion_answers(report, check.source, check.lesion_class)
    seen = {code for part in parts if part is not None and isinstance(part.value, tuple) for code in part.value}
    absent = tuple(option.code for option in field.options if option.code in seen - set(value))
    if absent:
        words = Words(value_text(field, absent, Lang.ZH), value_text(field, absent, Lang.EN))
        yield _problem(report, check, path, {"value": words})


def _value(report: Report, path: FieldPath) -> Value | None:
    answer = report.answers.get(path)
    return None if answer is None else answer.value


def _words(report: Report, path: FieldPath) -> Words:
    value, field = _value(report, path), report.field(path)
    if value is None or field is None:
        return Words("", "")
    return Words(value_text(field, value, Lang.ZH), value_text(field, value, Lang.EN))


def _problem(
    report: Report, check: Check, path: FieldPath, values: dict[str, Worded], code: str | None = None
) -> Problem:
    return Problem(str(path), code or check.code, {"field": path_label(report, path), **values}, check.blocks)
