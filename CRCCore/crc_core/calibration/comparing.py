"""One reader's calibration reading against the signed reference of the case, target by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crc_core.agreement import compare_prepared, prepare
from crc_core.agreement.comparison import Comparison
from crc_core.agreement.prepared import PreparedMask
from crc_core.calibration.policy import calibration_policy
from crc_core.contour.measuring import measure
from crc_core.decision.readings import counted_mask
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.reading.final import FinalTarget, Take
from crc_core.reading.seal import REPORT_NAME, SealedFinal, SealedReading, parse_report
from crc_core.report.document import FieldPath, Report
from crc_core.study.answers import AnswerPair, pairs_of_reports
from crc_core.study.policy import study_policy
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

_TYPE_FIELD = "morphology"


@dataclass(frozen=True)
class LesionScore:
    """One lesion of the reference: whether the reader drew it, how well, how large and of which type it is."""

    number: int
    is_small: bool
    found: bool
    dice: float | None
    tumour_type: str | None


@dataclass(frozen=True)
class CaseScore:
    """One reader, one case, one target, against the reference.

    `dice` is None where neither has a lesion (agreed absent) or the reader could not assess the target; `bias` is the
    reader's volume less the reference's over the reference's, None where the reference has none. `answers` are the
    questions that were compared, `errors` those that differ.
    """

    unit: str
    reader: str
    target: Target
    answer: TargetAnswer
    expected: TargetAnswer
    dice: float | None
    hd95_mm: float | None
    volume_ml: float
    reference_ml: float
    bias: float | None
    lesions: tuple[LesionScore, ...]
    extra: tuple[int, ...]
    answers: int
    errors: tuple[AnswerPair, ...]

    @property
    def missed(self) -> tuple[int, ...]:
        """The reference's lesions the reader did not draw."""
        return tuple(lesion.number for lesion in self.lesions if not lesion.found)


def score_case(reading: SealedReading, reference: SealedFinal) -> tuple[CaseScore, ...]:
    """The scores of all targets of the reference; raises CrcError for another case or grid and altered files."""
    if reading.reading.unit != reference.final.unit:
        path = reading.sealed.folder
        raise CrcError("reading.other_unit", path=path, seen=reading.reading.unit, expected=reference.final.unit)
    own, true = _reports(reading, reference)
    return tuple(_score(reading, reference, item, own, true) for item in reference.final.targets)


def _reports(reading: SealedReading, reference: SealedFinal) -> tuple[Report, Report]:
    own = parse_report(reading.report, reading.sealed.folder / REPORT_NAME)
    return own, parse_report(reference.report, reference.sealed.folder / REPORT_NAME)


def _score(reading: SealedReading, reference: SealedFinal, item: FinalTarget, own: Report, true: Report) -> CaseScore:
    target = item.target
    said = reading.reading.of(target)
    answer = TargetAnswer.NOT_ASSESSABLE if said is None else said.answer
    assessed = said is not None and (bool(said.lesions) or said.says_absent)
    reference_mask = _reference_mask(reference, item)
    drawn = None if said is None or not said.lesions else reading.mask(target)
    grid = reference_mask.grid if reference_mask is not None else drawn.grid if drawn is not None else None
    found: Comparison | None = None
    if grid is not None and assessed:
        first = reference_mask or prepare(Volume(np.zeros(grid.shape_kji, np.uint8), grid))
        found = compare_prepared(first, counted_mask(reading, target, grid))
    matched = [] if found is None else [(pair.number_a, pair.number_b) for pair in found.pairs]
    compared = list(pairs_of_reports(true, own, {target: matched}, study_policy(), (target,)))
    return CaseScore(
        unit=reading.reading.unit,
        reader=reading.reading.reader,
        target=target,
        answer=answer,
        expected=item.answer,
        dice=None if found is None else found.overlap.dice,
        hd95_mm=None if found is None or found.surface is None else found.surface.hd95_mm,
        volume_ml=0.0 if found is None else found.volumes_ml[1],
        reference_ml=_volume_ml(reference_mask),
        bias=_bias(found, reference_mask),
        lesions=tuple(_lesions(reference, item, found, true)),
        extra=() if found is None else found.only_b,
        answers=len(compared),
        errors=tuple(pair for pair in compared if pair.first != pair.second),
    )


def _reference_mask(reference: SealedFinal, item: FinalTarget) -> PreparedMask | None:
    if item.answer is not TargetAnswer.DRAWN:
        return None
    unsure = {lesion.number for lesion in item.lesions if lesion.kind is LesionClass.UNCERTAIN}
    return prepare(reference.mask(item.target), unsure)


def _volume_ml(mask: PreparedMask | None) -> float:
    return 0.0 if mask is None else len(mask.flat) * mask.grid.voxel_volume_mm3 / 1000


def _bias(found: Comparison | None, reference: PreparedMask | None) -> float | None:
    if found is None or reference is None or not len(reference.flat):
        return None
    return (found.overlap.size_b - found.overlap.size_a) / found.overlap.size_a


def _lesions(
    reference: SealedFinal, item: FinalTarget, found: Comparison | None, report: Report
) -> Sequence[LesionScore]:
    kept = [lesion for lesion in item.lesions if lesion.take is not Take.DROPPED]
    kept = [lesion for lesion in kept if lesion.kind is not LesionClass.UNCERTAIN]
    if not kept:
        return ()
    sizes = measure(reference.mask(item.target), target=item.target)
    longest_mm = {size.lesion: max((one.value for one in size.all), default=0.0) for size in sizes}
    dice = {} if found is None else {pair.number_a: pair.dice for pair in found.pairs}
    return [
        LesionScore(
            number=lesion.number,
            is_small=longest_mm.get(lesion.number, 0.0) < calibration_policy().small_below_mm,
            found=lesion.number in dice,
            dice=dice.get(lesion.number),
            tumour_type=_tumour_type(report, item.target, lesion.number),
        )
        for lesion in kept
    ]


def _tumour_type(report: Report, target: Target, number: int) -> str | None:
    answer = report.answers.get(FieldPath(target.value, number, _TYPE_FIELD))
    return None if answer is None or answer.value is None else str(answer.value)
