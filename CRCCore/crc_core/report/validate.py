"""Everything that is wrong with a report, all at once, each with its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from crc_core.report.contradictions import section_problems
from crc_core.report.document import Answer, FieldPath, Lesion, Report, Source
from crc_core.report.problem import Problem, Worded
from crc_core.report.rules import Standing, is_visible, settled, standing
from crc_core.report.template import NUMERIC, Field, Kind, Measurable, Template, Words
from crc_core.report.wording import number_text, path_label
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Role, Target, TargetAnswer

REPORTED_TARGETS = (Target.PRIMARY, Target.LIVER, Target.LUNG)
"""The targets every reading speaks of; nodes are contoured only where pathology names them (consensus 2.4.2)."""

LESION_CLASSES = MappingProxyType(
    {
        Target.PRIMARY: (LesionClass.TUMOUR,),
        Target.LIVER: (LesionClass.METASTASIS, LesionClass.UNCERTAIN),
        Target.LUNG: (LesionClass.METASTASIS,),
        Target.NODE: (LesionClass.NODE,),
    }
)
"""The classes a lesion of each target can have, the usual one first."""

_HU_PHASES = {
    Measurable.HU_NC: Role.NC,
    Measurable.HU_AP: Role.AP,
    Measurable.HU_PVP: Role.PVP,
    Measurable.HU_DP: Role.DP,
}
_NO_CASE = (TargetAnswer.NO_TUMOUR, TargetAnswer.NOT_CRC)


AnswerProblem = tuple[str, Mapping[str, Worded]]


@dataclass(frozen=True)
class Context:
    """What is known beside the report: the lesions in the masks and the phases of the study, None where unknown."""

    lesions: tuple[Lesion, ...] | None = None
    phases: frozenset[Role] | None = None


def problems(report: Report, context: Context | None = None) -> tuple[Problem, ...]:
    """Every problem of a report, in the order of the form; none for a complete and consistent one.

    A problem that does not block is a question to the reader: unusual, but possible.
    """
    known = context or Context()
    return (
        *_target_problems(report),
        *_lesion_problems(report, known),
        *_metastasis_problems(report),
        *_field_problems(report, known),
        *(problem for _, section in report.sections for problem in section_problems(report, section)),
        *_foreign_answers(report),
    )


def answer_problems(template: Template, field: Field, answer: Answer) -> Iterator[AnswerProblem]:
    """What is wrong with one answer taken alone: the code and the values of its sentence."""
    if answer.source is Source.OPEN:
        yield "report.problem.open", {}
    for part in answer.readers or (answer,):
        if part is None:
            continue
        if part.not_assessable is not None:
            reason = template.reason(part.not_assessable.reason)
            if reason is None:
                yield "report.problem.reason", {"value": part.not_assessable.reason}
            elif reason.needs_text and not part.not_assessable.text.strip():
                yield "report.problem.reason_text", {}
        elif part.value is not None:
            yield from _value_problems(field, part.value)


def _value_problems(field: Field, value: object) -> Iterator[AnswerProblem]:
    if not _right_kind(field, value):
        yield "report.problem.kind", {"value": _shown(value)}
    elif field.kind in NUMERIC:
        if field.range is not None and isinstance(value, (int, float)):
            low, high = field.range
            if not low <= value <= high:
                shown = {"value": number_text(value), "low": number_text(low), "high": number_text(high)}
                yield "report.problem.range", {**shown, "unit": field.unit or Words("", "")}
    elif field.kind is Kind.DATE:
        try:
            date.fromisoformat(str(value))
        except ValueError:
            yield "report.problem.date", {"value": _shown(value)}
    elif field.kind in (Kind.CHOICE, Kind.CHOICES):
        yield from _option_problems(field, value if isinstance(value, tuple) else (str(value),))


def _option_problems(field: Field, codes: tuple[str, ...]) -> Iterator[AnswerProblem]:
    for code in codes:
        if field.option(code) is None:
            yield "report.problem.option", {"value": code[:80]}
    if len(set(codes)) != len(codes):
        yield "report.problem.twice", {}
    for option in field.options:
        if option.exclusive and option.code in codes and len(codes) > 1:
            yield "report.problem.exclusive", {"option": option.label}


def _right_kind(field: Field, value: object) -> bool:
    if field.kind is Kind.CHOICES:
        return isinstance(value, tuple) and bool(value)
    if field.kind is Kind.NUMBER:
        return isinstance(value, (int, float))
    if field.kind is Kind.COUNT:
        return isinstance(value, int)
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    return ", ".join(str(part) for part in value)[:80] if isinstance(value, tuple) else str(value)[:80]


def is_case(report: Report) -> bool:
    """Whether there is a tumour to report on at all; without one nothing can be missing."""
    return report.targets.get(Target.PRIMARY) not in _NO_CASE


def is_missing(report: Report, path: FieldPath, field: Field) -> bool:
    """Whether a person still has to answer the question at `path`."""
    if not field.required or path in report.answers or not is_case(report) or not is_visible(report, path):
        return False
    return standing(report, path).standing is Standing.ASKED


def _field_problems(report: Report, context: Context) -> Iterator[Problem]:
    for path, field in report.paths:
        answer = report.answers.get(path)
        if answer is None:
            if is_missing(report, path, field):
                yield _problem(report, path, "report.problem.missing")
            continue
        pair = report.section(path.section)
        if pair is not None:
            for code, values in answer_problems(pair[0], field, answer):
                yield _problem(report, path, code, values)
        phase = None if field.measurable is None else _HU_PHASES.get(field.measurable)
        if phase and context.phases is not None and phase not in context.phases and answer.value is not None:
            yield _problem(report, path, "report.problem.phase", {"phase": field.label})


def _problem(report: Report, path: FieldPath, code: str, values: Mapping[str, Worded] | None = None) -> Problem:
    return Problem(str(path), code, {"field": path_label(report, path), **(values or {})})


def _target_problems(report: Report) -> Iterator[Problem]:
    for target in Target:
        answer, lesions = report.targets.get(target), report.lesions_of(target)
        place, name = f"targets.{target.value}", _target_words(target)
        if answer is None and target in REPORTED_TARGETS:
            yield Problem(place, "report.problem.target_missing", {"target": name})
        elif answer is TargetAnswer.DRAWN and not lesions:
            yield Problem(place, "report.problem.drawn_without_lesions", {"target": name})
        elif answer not in (None, TargetAnswer.DRAWN) and lesions:
            said = _words(f"report.target_answer.{answer.value if answer else ''}")
            yield Problem(place, "report.problem.lesions_but", {"target": name, "said": said})
        for lesion in lesions:
            if lesion.lesion_class not in LESION_CLASSES[target]:
                number, kind = str(lesion.number), lesion.lesion_class.value
                yield Problem(
                    f"lesions.{target.value}[{number}]",
                    "report.problem.lesion_class",
                    {"target": name, "number": number, "value": kind},
                )


def _lesion_problems(report: Report, context: Context) -> Iterator[Problem]:
    if context.lesions is None:
        return
    written = {(lesion.target, lesion.number): lesion for lesion in report.lesions}
    drawn = {(lesion.target, lesion.number): lesion for lesion in context.lesions}
    for key in sorted(written.keys() | drawn.keys()):
        values: dict[str, Worded] = {"target": _target_words(key[0]), "number": str(key[1])}
        place = f"lesions.{key[0].value}[{key[1]}]"
        if key not in drawn:
            yield Problem(place, "report.problem.lesion_not_drawn", values)
        elif key not in written:
            yield Problem(place, "report.problem.lesion_not_written", values)
        elif written[key].lesion_class is not drawn[key].lesion_class:
            yield Problem(place, "report.problem.lesion_other_class", values)


def _metastasis_problems(report: Report) -> Iterator[Problem]:
    path = FieldPath("patient", None, "distant_metastases")
    field, answer = report.field(path), report.answers.get(path)
    if field is None or answer is None or not isinstance(answer.value, tuple):
        return
    for option in field.options:
        if option.target is None:
            continue
        chosen = option.code in answer.value
        drawn = bool(report.lesions_of(option.target, LesionClass.METASTASIS))
        excused = report.targets.get(option.target) in (TargetAnswer.NOT_ASSESSABLE, TargetAnswer.RESECTED)
        if chosen and not drawn and not excused:
            yield _problem(report, path, "report.problem.chosen_without_lesions", {"option": option.label})
        if drawn and not chosen:
            yield _problem(report, path, "report.problem.lesions_not_chosen", {"option": option.label})


def _foreign_answers(report: Report) -> Iterator[Problem]:
    expected = settled(report)
    for path, answer in sorted(report.answers.items(), key=lambda item: item[0].order):
        following = expected.answers.get(path)
        if following is None and not (answer.source is Source.DERIVED and is_visible(report, path)):
            yield _problem(report, path, "report.problem.not_applicable")
        elif following is None or not answer.says_same(following):
            yield _problem(report, path, "report.problem.does_not_follow")
    for path in sorted(expected.answers.keys() - report.answers.keys(), key=lambda path: path.order):
        if expected.answers[path].source is Source.DERIVED:
            yield _problem(report, path, "report.problem.does_not_follow")


def _target_words(target: Target) -> Words:
    return _words(f"report.target.{target.value}")


def _words(code: str) -> Words:
    return Words(say(code, Lang.ZH), say(code, Lang.EN))
