"""A reader's calibration in numbers: per target over all cases, by tumour type, small lesions apart, passed or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crc_core.calibration.comparing import CaseScore, LesionScore
from crc_core.vocabulary import Target
from crc_core.workflow.payloads import CalibrationResult, PassMark


class Failure(StrEnum):
    """Which mark was not reached."""

    DICE = "dice"
    BIAS = "bias"
    MISSED = "missed"
    REPORT = "report"
    NOTHING = "nothing"


@dataclass(frozen=True)
class LesionGroup:
    """Lesions of one kind: how many, how many were found, the mean Dice of those found."""

    name: str
    lesions: int
    found: int
    dice: float | None


@dataclass(frozen=True)
class Summary:
    """One reader and one target over all cases; means leave out cases in which neither has a lesion.

    `bias` is the mean of (reader less reference) over reference: positive where the reader draws larger.
    """

    reader: str
    mark: PassMark
    cases: int
    dice: float | None
    least_dice: float | None
    hd95_mm: float | None
    bias: float | None
    missed: int
    extra: int
    report: float | None
    errors: int
    by_type: tuple[LesionGroup, ...]
    small: LesionGroup
    larger: LesionGroup
    failures: tuple[Failure, ...]

    @property
    def target(self) -> Target:
        """The target."""
        return self.mark.target

    @property
    def passed(self) -> bool:
        """Whether every mark was reached."""
        return not self.failures

    def result(self) -> CalibrationResult:
        """What the chain keeps of it."""
        return CalibrationResult(
            reader=self.reader,
            target=self.target,
            passed=self.passed,
            dice_permille=_permille(self.dice),
            bias_permille=None if self.bias is None else round(self.bias * 1000),
            missed_lesions=self.missed,
            report_permille=_permille(self.report),
        )


def summarize(scores: Iterable[CaseScore], marks: Sequence[PassMark]) -> tuple[Summary, ...]:
    """One summary per reader and target that has a mark, by reader."""
    listed = list(scores)
    readers = sorted({score.reader for score in listed})
    return tuple(
        _summary(reader, mark, [s for s in listed if s.reader == reader and s.target is mark.target])
        for reader in readers
        for mark in marks
    )


def _summary(reader: str, mark: PassMark, scores: Sequence[CaseScore]) -> Summary:
    lesions = [lesion for score in scores for lesion in score.lesions]
    asked = sum(score.answers for score in scores)
    errors = sum(len(score.errors) for score in scores)
    dice = [score.dice for score in scores if score.dice is not None]
    missed = sum(len(score.missed) for score in scores)
    bias = _mean(score.bias for score in scores if score.bias is not None)
    report = (asked - errors) / asked if asked else None
    types = dict.fromkeys(lesion.tumour_type for lesion in lesions if lesion.tumour_type is not None)
    return Summary(
        reader=reader,
        mark=mark,
        cases=len(scores),
        dice=_mean(dice),
        least_dice=min(dice, default=None),
        hd95_mm=_mean(score.hd95_mm for score in scores if score.hd95_mm is not None),
        bias=bias,
        missed=missed,
        extra=sum(len(score.extra) for score in scores),
        report=report,
        errors=errors,
        by_type=tuple(_group(str(name), [item for item in lesions if item.tumour_type == name]) for name in types),
        small=_group("small", [lesion for lesion in lesions if lesion.is_small]),
        larger=_group("larger", [lesion for lesion in lesions if not lesion.is_small]),
        failures=tuple(_failures(mark, scores, _mean(dice), bias, missed, report)),
    )


def _failures(
    mark: PassMark,
    scores: Sequence[CaseScore],
    dice: float | None,
    bias: float | None,
    missed: int,
    report: float | None,
) -> Iterable[Failure]:
    if not scores:
        yield Failure.NOTHING
    unassessed = any(score.dice is None and score.answer is not score.expected for score in scores)
    if unassessed or (dice is not None and 100 * dice < mark.dice_percent - 1e-9):
        yield Failure.DICE
    if bias is not None and 100 * abs(bias) > mark.bias_percent + 1e-9:
        yield Failure.BIAS
    if missed > mark.missed_lesions:
        yield Failure.MISSED
    if report is not None and 100 * report < mark.report_percent - 1e-9:
        yield Failure.REPORT


def _group(name: str, lesions: Sequence[LesionScore]) -> LesionGroup:
    found = [lesion.dice for lesion in lesions if lesion.dice is not None]
    return LesionGroup(name, len(lesions), len(found), _mean(found))


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _permille(share: float | None) -> int | None:
    return None if share is None else int(share * 1000 + 1e-9)
