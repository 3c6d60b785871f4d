"""The agreement study of a sample: ICC of what was measured, kappa of what was answered, Dice of what was drawn."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.comparison import Comparison
from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import measures as comparison_measures
from crc_core.decision.readings import compare_readings
from crc_core.errors import CrcError
from crc_core.reading.schema import FIRST_ROUND
from crc_core.statistics.bland_altman import BlandAltman, bland_altman
from crc_core.statistics.icc import Icc, IccForm, intraclass_correlations
from crc_core.statistics.kappa import Kappa, Weighting, cohen_kappa
from crc_core.study.answers import NOT_ASSESSABLE, AnswerPair, Question, answer_pairs
from crc_core.study.collecting import Collected, Read, SetAside
from crc_core.study.policy import StudyPolicy, study_policy
from crc_core.study.stepping import OnProgress, Steps, finished
from crc_core.study.values import VOLUME, Measure, measures_of, values_of
from crc_core.vocabulary import Target


class StudyKind(StrEnum):
    """Between readers, or one reader's first and second reading."""

    INTER = "inter"
    INTRA = "intra"


class FormReason(StrEnum):
    """Why a form of the ICC was taken."""

    CHOSEN = "chosen"
    SAME_READERS = "same_readers"
    OTHER_READERS = "other_readers"
    ONE_READER = "one_reader"


@dataclass(frozen=True, eq=False)
class MeasureResult:
    """One measure over the cases that have it: values `[case, rater]`, ICC, limits of agreement of two raters.

    `reader` is the reader of an intra-reader study, `problem` the code of why there is no ICC (no variation, too few
    cases). Cases nobody drew are in neither list; `incomplete` are those that some rater gives no value for.
    """

    measure: Measure
    reader: str | None
    cases: tuple[str, ...]
    raters: tuple[str, ...]
    values: NDArray[np.float64]
    incomplete: tuple[str, ...]
    icc: Icc | None = None
    forms: Mapping[IccForm, Icc] | None = None
    limits: BlandAltman | None = None
    problem: str | None = None
    decides: bool = False

    @property
    def is_small(self) -> bool:
        """Whether there are fewer cases than the consensus asks for."""
        return len(self.cases) < agreement_policy().smallest_sample

    @property
    def reached(self) -> bool | None:
        """Whether the ICC reaches the mark; None where there is none."""
        return None if self.icc is None else self.icc.reaches(agreement_policy().icc_percent)


@dataclass(frozen=True)
class FieldResult:
    """One question of the report: equal answers, kappa and PABAK; a weighted kappa where the answers have an order.

    `left_out` pairs held "not assessable" and do not count in the weighted kappa.
    """

    question: Question
    plain: Kappa
    weighted: Kappa | None
    left_out: int


@dataclass(frozen=True)
class LesionRow:
    """One lesion of two readings: its numbers in both, and how near the contours are where it is one in each.

    Several numbers on a side: the other reader drew them as one (split, merged); none: the other reader did not see it.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    dice: float | None = None
    hd95_mm: float | None = None
    surface_dice_voxel: float | None = None


@dataclass(frozen=True)
class PairRow:
    """Two readings of one target of one case; `measures` under the names of `crcdb agree`, None where not defined."""

    unit: str
    target: Target
    first: str
    second: str
    absent: bool
    measures: Mapping[str, float | None]
    lesions: tuple[LesionRow, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """All results; `small` where fewer cases were read than the consensus asks for."""

    kind: StudyKind
    form: IccForm
    form_reason: FormReason
    cases: int
    small: bool
    measures: tuple[MeasureResult, ...]
    fields: tuple[FieldResult, ...]
    pairs: tuple[PairRow, ...]
    waiting: tuple[str, ...]
    set_aside: tuple[SetAside, ...]

    @property
    def reached(self) -> bool:
        """Whether every deciding measure that has an ICC reaches the mark, and at least one has."""
        decided = [item.reached for item in self.measures if item.decides and item.reached is not None]
        return bool(decided) and all(decided)

    @property
    def below(self) -> tuple[str, ...]:
        """The readers who are asked to recalibrate: all of an inter-reader study, those concerned of an intra one."""
        low = [item for item in self.measures if item.decides and item.reached is False]
        names = {item.reader for item in low if item.reader} if self.kind is StudyKind.INTRA else set()
        if self.kind is StudyKind.INTER and low:
            names = {name for row in self.pairs for name in (row.first, row.second)}
        return tuple(sorted(names))

    def dice_spread(self, target: Target) -> tuple[int, float, float] | None:
        """Over all pairs in which somebody drew a target: how many, the mean and the least Dice; None for no pair."""
        values = [dice for row in self.pairs if row.target is target and (dice := row.measures["dice"]) is not None]
        return (len(values), sum(values) / len(values), min(values)) if values else None

    def dice_mean(self, target: Target) -> float | None:
        """The mean Dice of a target over all pairs in which somebody drew it; None where nobody did."""
        values = [dice for row in self.pairs if row.target is target and (dice := row.measures["dice"]) is not None]
        return sum(values) / len(values) if values else None


def study_of(
    collected: Collected,
    kind: StudyKind,
    *,
    form: IccForm | None = None,
    allow_small: bool = False,
    on_progress: OnProgress | None = None,
) -> Study:
    """Compute the study; a form that is not chosen follows from who read: see `FormReason`.

    Raises CrcError for fewer cases than the consensus asks for (per reader in an intra-reader study) unless
    `allow_small`, and where there is no pair of readings at all.
    """
    return finished(studying(collected, kind, form=form, allow_small=allow_small), on_progress)


def studying(
    collected: Collected, kind: StudyKind, *, form: IccForm | None = None, allow_small: bool = False
) -> Steps[Study]:
    """`study_of`, case by case."""
    groups = _between(collected.readings) if kind is StudyKind.INTER else _within(collected.readings)
    cases = min((len(units) for units in groups.values()), default=0)
    smallest = agreement_policy().smallest_sample
    if cases < 2 or (cases < smallest and not allow_small):
        raise CrcError("study.few_cases", seen=cases, smallest=smallest)
    policy = study_policy()
    chosen, reason = _form(groups, kind, form)
    measured, rows, answers = yield from _go_through(groups, policy)
    return Study(
        kind=kind,
        form=chosen,
        form_reason=reason,
        cases=cases,
        small=cases < smallest,
        measures=tuple(_measures(groups, measured, chosen, kind, policy)),
        fields=tuple(_fields(answers, policy)),
        pairs=tuple(rows),
        waiting=collected.waiting,
        set_aside=collected.set_aside,
    )


Units = Mapping[str, tuple[Read, ...]]
"""The readings of each case in the order of their raters."""

_Values = Mapping[tuple[str, str, int], Mapping[Measure, float]]


def _between(readings: Iterable[Read]) -> dict[str | None, Units]:
    units: dict[str, list[Read]] = {}
    for item in readings:
        if item.round == FIRST_ROUND:
            units.setdefault(item.unit, []).append(item)
    most = max((len(found) for found in units.values()), default=0)
    whole = {unit: tuple(sorted(found, key=_place)) for unit, found in units.items() if len(found) == most >= 2}
    return {None: whole} if whole else {}


def _within(readings: Iterable[Read]) -> dict[str | None, Units]:
    found: dict[str | None, dict[str, list[Read]]] = {}
    for item in readings:
        found.setdefault(item.rater, {}).setdefault(item.unit, []).append(item)
    groups: dict[str | None, Units] = {}
    for reader, units in found.items():
        whole = {unit: tuple(sorted(own, key=_place)) for unit, own in units.items() if len(own) == 2}
        if whole:
            groups[reader] = whole
    return dict(sorted(groups.items(), key=lambda item: item[0] or ""))


def _place(item: Read) -> tuple[str, int]:
    return (item.rater, item.round)


def _form(groups: Mapping[str | None, Units], kind: StudyKind, wish: IccForm | None) -> tuple[IccForm, FormReason]:
    policy = agreement_policy()
    if wish is not None:
        return wish, FormReason.CHOSEN
    if kind is StudyKind.INTRA:
        return IccForm(policy.icc_form_intra), FormReason.ONE_READER
    teams = {tuple(item.rater for item in readings) for units in groups.values() for readings in units.values()}
    if len(teams) == 1:
        return IccForm(policy.icc_form_inter), FormReason.SAME_READERS
    return IccForm.ONE_SINGLE, FormReason.OTHER_READERS


def _go_through(
    groups: Mapping[str | None, Units], policy: StudyPolicy
) -> Steps[tuple[_Values, list[PairRow], list[AnswerPair]]]:
    """Every case once: its values, its pairs compared, its answers side by side."""
    values: dict[tuple[str, str, int], Mapping[Measure, float]] = {}
    rows: list[PairRow] = []
    answers: list[AnswerPair] = []
    cases = [readings for units in groups.values() for readings in units.values()]
    for done, readings in enumerate(cases, start=1):
        for item in readings:
            values[item.unit, item.rater, item.round] = values_of(item.reading)
        rows.extend(_rows(readings))
        for first, second in itertools.combinations(readings, 2):
            answers.extend(answer_pairs(first.reading, second.reading, policy))
        yield done, len(cases)
    return values, rows, answers


def _rows(readings: Sequence[Read]) -> Iterable[PairRow]:
    names = [item.rater if len({r.rater for r in readings}) > 1 else f"{item.rater} {item.round}" for item in readings]
    for found in compare_readings([item.reading for item in readings]):
        if found.readers is None:
            continue
        for pair in found.readers.pairs:
            first, second = (names[found.assessed[place]] for place in (pair.first, pair.second))
            told = comparison_measures(pair.comparison)
            absent, lesions = pair.comparison.is_absent, tuple(_lesions(pair.comparison))
            yield PairRow(readings[0].unit, found.target, first, second, absent, told, lesions)


def _lesions(comparison: Comparison) -> Iterable[LesionRow]:
    for pair in comparison.pairs:
        near = (pair.dice, pair.hd95_mm, pair.surface_dice_voxel)
        yield LesionRow((pair.number_a,), (pair.number_b,), *near)
    for split in comparison.split:
        yield LesionRow((split.number_a,), split.numbers_b)
    for merged in comparison.merged:
        yield LesionRow(merged.numbers_a, (merged.number_b,))
    for number in comparison.only_a:
        yield LesionRow((number,), ())
    for number in comparison.only_b:
        yield LesionRow((), (number,))


def _measures(
    groups: Mapping[str | None, Units], values: _Values, form: IccForm, kind: StudyKind, policy: StudyPolicy
) -> Iterable[MeasureResult]:
    for reader, units in groups.items():
        teams = {tuple(item.rater for item in readings) for readings in units.values()}
        width = len(next(iter(units.values())))
        raters = tuple(str(place + 1) for place in range(width)) if len(teams) > 1 else next(iter(teams))
        if kind is StudyKind.INTRA:
            raters = tuple(f"{reader} {place + 1}" for place in range(width))
        for target in Target:
            for measure in measures_of(target):
                table = {
                    unit: [values[item.unit, item.rater, item.round].get(measure) for item in readings]
                    for unit, readings in units.items()
                }
                result = _measure(measure, reader, raters, table, form, policy)
                if result is not None:
                    yield result


def _measure(
    measure: Measure,
    reader: str | None,
    raters: tuple[str, ...],
    table: Mapping[str, list[float | None]],
    form: IccForm,
    policy: StudyPolicy,
) -> MeasureResult | None:
    """None where no case has a value, or none a value other than the 0 ml of what was not drawn."""
    complete: dict[str, list[float]] = {}
    incomplete = []
    for unit, cells in table.items():
        given = [cell for cell in cells if cell is not None]
        if not given or (measure.name == VOLUME and not any(given)):
            continue
        if len(given) < len(cells):
            incomplete.append(unit)
        else:
            complete[unit] = given
    if not complete:
        return None
    matrix = np.array(list(complete.values()))
    icc, forms, problem = _icc(matrix, form)
    two = matrix.shape[1] == 2 and len(matrix) >= 2
    return MeasureResult(
        measure=measure,
        reader=reader,
        cases=tuple(complete),
        raters=raters,
        values=matrix,
        incomplete=tuple(incomplete),
        icc=icc,
        forms=forms,
        limits=bland_altman(matrix[:, 0], matrix[:, 1]) if two else None,
        problem=problem,
        decides=measure.name in policy.deciding,
    )


def _icc(matrix: NDArray[np.float64], form: IccForm) -> tuple[Icc | None, Mapping[IccForm, Icc] | None, str | None]:
    try:
        forms = intraclass_correlations(matrix)
    except CrcError as error:
        return None, None, error.code
    return forms.get(form), forms, None if form in forms else "statistics.undefined_form"


def _fields(answers: Iterable[AnswerPair], policy: StudyPolicy) -> Iterable[FieldResult]:
    found: dict[str, list[AnswerPair]] = {}
    for pair in answers:
        found.setdefault(pair.question.key, []).append(pair)
    for key, pairs in found.items():
        question = pairs[0].question
        first, second = [pair.first for pair in pairs], [pair.second for pair in pairs]
        plain = cohen_kappa(first, second, question.answers)
        weighting = policy.ordered.get(key)
        if weighting is None:
            yield FieldResult(question, plain, None, 0)
            continue
        assessed = [pair for pair in pairs if NOT_ASSESSABLE not in (pair.first, pair.second)]
        yield FieldResult(question, plain, _weighted(question, assessed, weighting), len(pairs) - len(assessed))


def _weighted(question: Question, pairs: Sequence[AnswerPair], weighting: Weighting) -> Kappa | None:
    if not pairs:
        return None
    ordered = [answer for answer in question.answers if answer != NOT_ASSESSABLE]
    return cohen_kappa([pair.first for pair in pairs], [pair.second for pair in pairs], ordered, weighting)
