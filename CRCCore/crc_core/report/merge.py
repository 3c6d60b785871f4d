"""Two readers' reports into one: what is equal stays, what is critical and differs is open, the rest is kept twice.

Sizes and densities are taken from a measurement of the final contour; counts and choices are never averaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crc_core.errors import CrcError
from crc_core.report.autofill import MeasuredValue, autofill
from crc_core.report.document import Answer, FieldPath, Lesion, NotAssessable, Report, Source, Value
from crc_core.report.editing import answer
from crc_core.report.rules import Standing, is_visible, settled, standing
from crc_core.report.template import Field
from crc_core.vocabulary import Target, TargetAnswer

LesionMap = Mapping[Lesion, tuple[int | None, int | None]]
"""Per lesion of the final its number in the first and in the second report; None where a reader does not have it."""


class Choice(StrEnum):
    """Whose answer settles a difference: the first reader's, the second's, or one of the senior's own."""

    A = "a"
    B = "b"
    TYPED = "typed"


@dataclass(frozen=True)
class Difference:
    """A question on which the two readers differ; None where a reader gave no answer."""

    path: FieldPath
    critical: bool
    a: Answer | None
    b: Answer | None


@dataclass(frozen=True)
class MergedReport:
    """The report of a final; `report` holds everything, also what is still open."""

    report: Report

    @property
    def open(self) -> tuple[Difference, ...]:
        """Critical differences a senior has to settle before the unit is final."""
        return self._differences(Source.OPEN)

    @property
    def kept_both(self) -> tuple[Difference, ...]:
        """Other differences: both answers stand, and both readers see them once the unit is final."""
        return self._differences(Source.BOTH)

    def _differences(self, source: Source) -> tuple[Difference, ...]:
        answers = ((path, self.report.answers.get(path)) for path, _ in self.report.paths)
        return tuple(
            Difference(path, source is Source.OPEN, *given.readers)
            for path, given in answers
            if given is not None and given.source is source and given.readers is not None
        )


def merge(
    a: Report,
    b: Report,
    lesion_map: LesionMap,
    measurements: Iterable[MeasuredValue] = (),
    targets: Mapping[Target, TargetAnswer] | None = None,
) -> MergedReport:
    """The report of the final with the lesions of `lesion_map`, measured again on its contour.

    `targets` says what the final holds of each target; without it, what both say, and drawn where there are lesions.
    Raises CrcError for reports of two units or of other templates.
    """
    if a.unit != b.unit:
        raise CrcError("report.merge.units", a=str(a.unit), b=str(b.unit))
    if a.template_refs != b.template_refs:
        raise CrcError("report.merge.templates", a=_names(a), b=_names(b))
    lesions = tuple(lesion_map)
    said = _targets(a, b, lesions) if targets is None else targets
    merged = autofill(settled(Report(a.unit, a.templates, said, lesions, {}, {})), measurements)
    pair = _Pair(a, b, {(lesion.target, lesion.number): numbers for lesion, numbers in lesion_map.items()})
    merged = _with_answers(merged, pair, following=False)
    while True:
        # A class or a union cannot follow from an answer that is kept twice: then the readers' own class stands.
        more = _with_answers(merged, pair, following=True)
        if more == merged:
            return MergedReport(merged)
        merged = more


def settle(
    merged: MergedReport,
    path: FieldPath | str,
    choice: Choice,
    value: Value | None = None,
    *,
    not_assessable: NotAssessable | None = None,
) -> MergedReport:
    """The merged report with one difference settled; what follows from it, follows.

    Where a class is settled that follows from a number both readers gave, the number of that reader is taken with it.
    Raises CrcError where the readers do not differ at `path`.
    """
    place = FieldPath.parse(path) if isinstance(path, str) else path
    report = merged.report
    given = report.answers.get(place)
    if given is None or given.readers is None:
        raise CrcError("report.merge.not_open", field=str(place))
    if choice is Choice.TYPED:
        return MergedReport(answer(_without(report, place), place, value, not_assessable=not_assessable))
    side = 0 if choice is Choice.A else 1
    field = report.field(place)
    rule = None if field is None else field.derivation
    if rule is not None and rule.source is not None and rule.source.section == place.section:
        below = FieldPath(place.section, place.lesion, rule.source.field)
        base = report.answers.get(below)
        if base is not None and base.readers is not None:
            report = settled(_chosen(_without(report, place), below, base.readers[side]))
            if standing(report, place).standing is Standing.FOLLOWS:
                return MergedReport(report)
    return MergedReport(settled(_chosen(report, place, given.readers[side])))


def _chosen(report: Report, path: FieldPath, taken: Answer | None) -> Report:
    report = _without(report, path)
    if taken is None:
        return report
    return replace(report, answers={**report.answers, path: replace(taken, source=Source.TYPED, measurement=None)})


def _without(report: Report, path: FieldPath) -> Report:
    return replace(report, answers={other: kept for other, kept in report.answers.items() if other != path})


@dataclass(frozen=True)
class _Pair:
    """Two reports and how the lesions of the final are numbered in each."""

    a: Report
    b: Report
    numbers: Mapping[tuple[Target, int], tuple[int | None, int | None]]

    def answers(self, path: FieldPath) -> tuple[tuple[bool, Answer | None], tuple[bool, Answer | None]]:
        """Per reader: whether the question was asked of them, and the answer."""
        return self._of(self.a, path, 0), self._of(self.b, path, 1)

    def _of(self, report: Report, path: FieldPath, side: int) -> tuple[bool, Answer | None]:
        place: FieldPath = path
        if path.lesion is not None:
            section = report.section(path.section)
            target = None if section is None else section[1].target
            number = None if target is None else self.numbers[target, path.lesion][side]
            if number is None:
                return False, None
            place = replace(path, lesion=number)
        return is_visible(report, place), report.answers.get(place)


def _with_answers(merged: Report, pair: _Pair, following: bool) -> Report:
    answers, aside = dict(merged.answers), dict(merged.set_aside)
    for path, field in merged.paths:
        if path in answers or path in aside:
            continue
        (asked_a, a), (asked_b, b) = pair.answers(path)
        derived = all(part is None or part.source is Source.DERIVED for part in (a, b))
        if derived and field.derivation is not None and not _stands_alone(merged, path, following):
            continue
        combined = _combined(field, a, b) if asked_a and asked_b else _plain(a if asked_a else b)
        if combined is not None:
            answers[path] = combined
    return settled(replace(merged, answers=answers))


def _stands_alone(merged: Report, path: FieldPath, following: bool) -> bool:
    """Whether a derived answer has to be taken from the readers, for want of what it follows from."""
    return following and is_visible(merged, path) and standing(merged, path).standing is Standing.ASKED


def _combined(field: Field, a: Answer | None, b: Answer | None) -> Answer | None:
    first, second = _plain(a), _plain(b)
    if first is None and second is None:
        return None
    if first is not None and second is not None and first.says_same(second):
        return first if first.source is second.source else replace(first, source=Source.TYPED)
    return Answer(source=Source.OPEN if field.critical else Source.BOTH, readers=(first, second))


def _plain(given: Answer | None) -> Answer | None:
    """An answer as it enters a final: without the reader's own measurement."""
    if given is None:
        return None
    source = Source.TYPED if given.source in (Source.MEASURED, Source.DERIVED) else given.source
    return replace(given, source=source, measurement=None)


def _targets(a: Report, b: Report, lesions: tuple[Lesion, ...]) -> dict[Target, TargetAnswer]:
    said = {target: answer for target, answer in a.targets.items() if b.targets.get(target) is answer}
    return {**said, **{lesion.target: TargetAnswer.DRAWN for lesion in lesions}}


def _names(report: Report) -> str:
    return ", ".join(str(ref) for ref in report.template_refs)
