"""What two readings answered to the same questions, lesion by lesion where a table repeats per lesion."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crc_core.agreement import matched_lesions
from crc_core.agreement.prepared import prepare
from crc_core.reading.seal import REPORT_NAME, SealedReading, parse_report
from crc_core.report.document import Answer, FieldPath, Report
from crc_core.report.rules import is_visible
from crc_core.report.template import Field, Kind, Repeat, Section, Words
from crc_core.study.policy import StudyPolicy
from crc_core.vocabulary import Target

NOT_ASSESSABLE = "not_assessable"
PRESENT, ABSENT = "present", "absent"


@dataclass(frozen=True)
class Question:
    """A question with a closed list of answers; of a question with many answers each is a question of its own."""

    key: str
    label: Words
    answers: tuple[str, ...]


@dataclass(frozen=True)
class AnswerPair:
    """What the two readings say to one question."""

    question: Question
    first: str
    second: str


def answer_pairs(first: SealedReading, second: SealedReading, policy: StudyPolicy) -> Iterator[AnswerPair]:
    """Every question asked of both readings that both answered; numbers and free text are no questions here."""
    a, b = (parse_report(item.report, item.sealed.folder / REPORT_NAME) for item in (first, second))
    matched = {target: list(_pairs(first, second, target)) for target in Target}
    yield from pairs_of_reports(a, b, matched, policy)


def pairs_of_reports(
    a: Report,
    b: Report,
    matched: Mapping[Target, Sequence[tuple[int, int]]],
    policy: StudyPolicy,
    targets: Collection[Target] | None = None,
) -> Iterator[AnswerPair]:
    """The same for two reports whose lesions are matched; only of `targets` where given.

    Questions about the whole patient belong to the primary.
    """
    for _, section in a.sections:
        target = section.target or Target.PRIMARY
        if section.id in policy.left_out_sections or (targets is not None and target not in targets):
            continue
        numbers: Sequence[tuple[int | None, int | None]] = [(None, None)]
        if section.repeat is Repeat.PER_LESION:
            numbers = matched.get(target, ())
        for number_a, number_b in numbers:
            for field in section.fields:
                if field.kind in (Kind.CHOICE, Kind.CHOICES):
                    said = _said(a, section, field, number_a), _said(b, section, field, number_b)
                    yield from _compared(section, field, *said)


def _pairs(first: SealedReading, second: SealedReading, target: Target) -> Iterator[tuple[int, int]]:
    said = [reading.reading.of(target) for reading in (first, second)]
    if any(item is None or not item.lesions for item in said):
        return
    a, b = (prepare(reading.mask(target)) for reading in (first, second))
    yield from matched_lesions(a, b).pairs


def _said(report: Report, section: Section, field: Field, number: int | None) -> Answer | None:
    path = FieldPath(section.id, number, field.id)
    return report.answers.get(path) if is_visible(report, path) else None


def _compared(section: Section, field: Field, a: Answer | None, b: Answer | None) -> Iterator[AnswerPair]:
    if a is None or b is None or a.readers is not None or b.readers is not None:
        return
    key = f"{section.id}.{field.id}"
    if field.kind is Kind.CHOICE:
        codes = (*(option.code for option in field.options), NOT_ASSESSABLE)
        yield AnswerPair(Question(key, field.label, codes), _choice(a), _choice(b))
        return
    for option in field.options:
        label = Words(f"{field.label.zh}：{option.alone.zh}", f"{field.label.en}: {option.alone.en}")
        question = Question(f"{key}={option.code}", label, (PRESENT, ABSENT, NOT_ASSESSABLE))
        yield AnswerPair(question, _ticked(a, option.code), _ticked(b, option.code))


def _choice(answer: Answer) -> str:
    return NOT_ASSESSABLE if answer.not_assessable is not None else str(answer.value)


def _ticked(answer: Answer, code: str) -> str:
    if answer.not_assessable is not None:
        return NOT_ASSESSABLE
    return PRESENT if isinstance(answer.value, tuple) and code in answer.value else ABSENT
