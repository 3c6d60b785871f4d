"""What applies and what follows: visibility, derived answers, and answers set aside and brought back.

Every function is total: an answer of the wrong kind makes a condition false and a derivation silent, nothing else, so
that a damaged report can still be shown and told what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crc_core.report.document import Answer, FieldPath, Report, Source, Value
from crc_core.report.template import (
    Clause,
    Condition,
    Derivation,
    Field,
    FieldClause,
    FieldRef,
    Kind,
    LesionsClause,
    OwnClassClause,
    Repeat,
    Rule,
    Section,
)
from crc_core.vocabulary import LesionClass


class Standing(StrEnum):
    """How a question stands: asked of a person, following from others, or waiting for what it follows from."""

    ASKED = "asked"
    FOLLOWS = "follows"
    WAITS = "waits"


@dataclass(frozen=True)
class Outcome:
    """The standing of a derivable question and the value it follows to."""

    standing: Standing
    value: Value | None = None


_ASKED = Outcome(Standing.ASKED)
_WAITS = Outcome(Standing.WAITS)
Answers = Mapping[FieldPath, Answer]


def settled(report: Report) -> Report:
    """The report with every derived answer computed and everything that does not apply set aside.

    Settling a settled report changes nothing.
    """
    current = report
    for _ in range(_LONGEST_CHAIN):
        following = _pass(current)
        if following == current:
            return current
        current = following
    raise ValueError("the templates' conditions and derivations run in a circle")


_LONGEST_CHAIN = 32


def is_visible(report: Report, path: FieldPath) -> bool:
    """Whether the question at `path` applies; False where there is no such question or lesion."""
    pair = report.section(path.section)
    if pair is None or path.lesion not in report.numbers(pair[1]):
        return False
    return _visible(report, report.answers, pair[1], path)


def standing(report: Report, path: FieldPath) -> Outcome:
    """Whether a person answers the question at `path` or it follows from other answers."""
    field = report.field(path)
    return _ASKED if field is None else _outcome(report, report.answers, field, path)


def block_visible(report: Report, section: Section) -> bool:
    """Whether a section applies at all."""
    return _holds(report, report.answers, section.condition, None)


def _pass(report: Report) -> Report:
    answers, aside = dict(report.answers), dict(report.set_aside)
    applicable = set()
    for _, section in report.sections:
        for number in report.numbers(section):
            for group in section.groups:
                for field in group.fields:
                    path = FieldPath(section.id, number, field.id)
                    if _visible(report, answers, section, path):
                        applicable.add(path)
                        _settle_one(report, answers, aside, field, path)
    for path in answers.keys() - applicable:
        _put_aside(answers, aside, path)
    return replace(report, answers=answers, set_aside=aside)


def _settle_one(
    report: Report, answers: dict[FieldPath, Answer], aside: dict[FieldPath, Answer], field: Field, path: FieldPath
) -> None:
    outcome = _outcome(report, answers, field, path)
    current = answers.get(path)
    if outcome.standing is Standing.ASKED:
        if current is not None and current.source is Source.DERIVED and not _is_default(field, current):
            del answers[path]
        if path not in answers and path in aside:
            answers[path] = aside.pop(path)
        if path not in answers and field.derivation is not None and field.derivation.rule is Rule.DEFAULT:
            answers[path] = Answer(field.derivation.value, source=Source.DERIVED)
        return
    if current is not None:
        _put_aside(answers, aside, path)
    if outcome.value is not None:
        answers[path] = Answer(outcome.value, source=Source.DERIVED)


def _is_default(field: Field, answer: Answer) -> bool:
    derivation = field.derivation
    return derivation is not None and derivation.rule is Rule.DEFAULT and answer.value == derivation.value


def _put_aside(answers: dict[FieldPath, Answer], aside: dict[FieldPath, Answer], path: FieldPath) -> None:
    answer = answers.pop(path)
    if answer.source is not Source.DERIVED:
        aside[path] = answer


def _visible(report: Report, answers: Answers, section: Section, path: FieldPath) -> bool:
    group = next((group for group in section.groups if any(field.id == path.field for field in group.fields)), None)
    if group is None:
        return False
    field = next(field for field in group.fields if field.id == path.field)
    return all(
        _holds(report, answers, condition, path) for condition in (section.condition, group.condition, field.condition)
    )


def _holds(report: Report, answers: Answers, condition: Condition | None, path: FieldPath | None) -> bool:
    if condition is None:
        return True
    outcomes = (_clause_holds(report, answers, clause, path) for clause in condition.clauses)
    return all(outcomes) if condition.every else any(outcomes)


def _clause_holds(report: Report, answers: Answers, clause: Clause, path: FieldPath | None) -> bool:
    if isinstance(clause, LesionsClause):
        return bool(report.lesions_of(clause.target, clause.lesion_class))
    if isinstance(clause, OwnClassClause):
        return path is not None and _own_class(report, path) in clause.classes
    return _field_holds(answers, clause, path)


def _field_holds(answers: Answers, clause: FieldClause, path: FieldPath | None) -> bool:
    """Whether a clause holds; of two answers that both stand, one is enough, and an open one holds nothing yet."""
    answer = answers.get(_at(clause.ref, path))
    if answer is None or answer.source is Source.OPEN:
        return False
    return any(_value_holds(clause, part.value) for part in answer.readers or (answer,) if part is not None)


def _value_holds(clause: FieldClause, value: Value | None) -> bool:
    if value is None:
        return False
    if isinstance(value, str):
        return value in clause.any_of
    if isinstance(value, tuple):
        return any(item in clause.any_of for item in value)
    enough = clause.at_least is None or value >= clause.at_least
    below = clause.below is None or value < clause.below
    return enough and below and not clause.any_of


def _at(ref: FieldRef, path: FieldPath | None) -> FieldPath:
    same = path is not None and path.section == ref.section
    return FieldPath(ref.section, path.lesion if path is not None and same else None, ref.field)


def _own_class(report: Report, path: FieldPath) -> LesionClass | None:
    pair = report.section(path.section)
    if pair is None or pair[1].target is None:
        return None
    lesions = (lesion for lesion in report.lesions_of(pair[1].target) if lesion.number == path.lesion)
    return next((lesion.lesion_class for lesion in lesions), None)


def _outcome(report: Report, answers: Answers, field: Field, path: FieldPath) -> Outcome:
    rule = field.derivation
    if rule is None or rule.rule is Rule.DEFAULT:
        return _ASKED
    if rule.unless is not None and _field_holds(answers, rule.unless, path):
        return _ASKED
    if rule.rule is Rule.UNIT:
        return Outcome(Standing.FOLLOWS, str(report.unit))
    if rule.rule in (Rule.COUNT_LESIONS, Rule.PRESENT_WITH_LESIONS):
        return _from_lesion_list(report, rule, path)
    if rule.rule is Rule.UNION_OVER_LESIONS:
        return _union(report, answers, rule, field)
    return _from_one(report, answers, rule, field, path)


def _from_lesion_list(report: Report, rule: Derivation, path: FieldPath) -> Outcome:
    pair = report.section(path.section)
    target = None if pair is None else pair[1].target
    count = 0 if target is None else len(report.lesions_of(target, rule.lesion_class))
    if count == 0:
        return _ASKED
    return Outcome(Standing.FOLLOWS, count if rule.rule is Rule.COUNT_LESIONS else "present")


def lesion_answers(
    report: Report, source: FieldRef, lesion_class: LesionClass | None, answers: Answers | None = None
) -> list[Answer | None]:
    """The answers to one question over the lesions of a class, by number; None where one is missing."""
    pair = report.section(source.section)
    if pair is None or pair[1].repeat is Repeat.ONCE or pair[1].target is None:
        return []
    return [
        (report.answers if answers is None else answers).get(FieldPath(source.section, lesion.number, source.field))
        for lesion in report.lesions_of(pair[1].target, lesion_class)
    ]


def _union(report: Report, answers: Answers, rule: Derivation, field: Field) -> Outcome:
    if rule.source is None:
        return _ASKED
    parts = lesion_answers(report, rule.source, rule.lesion_class, answers)
    if not parts or all(part is not None and part.value is None for part in parts):
        return _ASKED
    if any(part is not None and part.readers is not None for part in parts):
        return _ASKED
    chosen = {code for part in parts if part is not None and isinstance(part.value, tuple) for code in part.value}
    codes = tuple(option.code for option in field.options if option.code in chosen)
    return Outcome(Standing.FOLLOWS, codes) if codes else _WAITS


def _from_one(report: Report, answers: Answers, rule: Derivation, field: Field, path: FieldPath) -> Outcome:
    if rule.source is None:
        return _ASKED
    source_path = _at(rule.source, path)
    answer, source = answers.get(source_path), report.field(source_path)
    if answer is None or source is None or answer.source is Source.OPEN:
        return _WAITS
    if answer.value is None:
        return _ASKED
    value = _class_of(rule, answer.value) if rule.rule is Rule.CLASS_OF else _group_of(source, field, answer.value)
    return _WAITS if value is None else Outcome(Standing.FOLLOWS, value)


def _class_of(rule: Derivation, value: Value) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    return next((entry.code for entry in rule.classes if entry.below is None or value < entry.below), None)


def _group_of(source: Field, field: Field, value: Value) -> Value | None:
    codes = value if isinstance(value, tuple) else (value,)
    options = [source.option(code) for code in codes]
    groups = {option.group for option in options if option is not None}
    named = tuple(option.code for option in field.options if option.code in groups)
    if not named:
        return None
    return named if field.kind is Kind.CHOICES else named[0]
