"""Filling a report from what was measured: every value with its source, nothing a person typed overwritten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from crc_core.report.document import (
    Answer,
    FieldPath,
    Lesion,
    Measurement,
    NotAssessable,
    Report,
    Source,
    with_lesions,
)
from crc_core.report.rules import settled
from crc_core.report.template import Field, Measurable, Repeat
from crc_core.vocabulary import Target


@dataclass(frozen=True)
class MeasuredValue:
    """One measurement of one lesion, in millimetres or HU, or the reason why there is none.

    `how` is the code of the sentence that says how and where, filled by `how_values`; `precision` is the step in the
    same unit that the image can tell apart. Without a value, `not_assessable` (where given) becomes the answer.
    """

    target: Target
    lesion: int
    kind: Measurable
    value: float | None
    unit: str
    how: str
    how_values: tuple[tuple[str, str | int | float], ...] = ()
    precision: float = 1.0
    not_assessable: NotAssessable | None = None

    def __post_init__(self) -> None:
        expected = "HU" if self.kind.value.startswith("hu_") else "mm"
        if self.unit != expected:
            raise ValueError(f"{self.kind.value} is measured in {expected}, not in {self.unit}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.kind.value} must be finite")
        if not (math.isfinite(self.precision) and self.precision > 0):
            raise ValueError("the precision must be above zero")


def autofill(report: Report, measurements: Iterable[MeasuredValue], lesions: Iterable[Lesion] | None = None) -> Report:
    """The report with these measurements, and with these lesions where they are given.

    What is given is the whole truth about every lesion that occurs in it: a measured answer that was not measured again
    goes, a typed one stays and is marked as differing. Lesions that do not occur are left alone. A measurement the
    tables do not ask for is passed over; one of a lesion the report does not know raises ValueError.
    """
    current = report if lesions is None else with_lesions(report, tuple(lesions))
    given = tuple(measurements)
    known = {(lesion.target, lesion.number) for lesion in current.lesions}
    touched = {(value.target, value.lesion) for value in given}
    for target, number in touched - known:
        raise ValueError(f"the report has no lesion {number} of {target.value}")
    values = {(value.target, value.lesion, value.kind): value for value in given}
    answers, aside = dict(current.answers), dict(current.set_aside)
    for target, path, field in measurable_fields(current):
        if path.lesion is not None and (target, path.lesion) in touched and field.measurable is not None:
            value = values.get((target, path.lesion, field.measurable))
            place = aside if path in aside else answers
            filled = _filled(place.get(path), value)
            place.pop(path, None)
            if filled is not None:
                place[path] = filled
    return settled(replace(current, answers=answers, set_aside=aside))


def measurable_fields(report: Report) -> list[tuple[Target, FieldPath, Field]]:
    """Every question a measurement can fill, with the target it is measured on."""
    return [
        (section.target, FieldPath(section.id, number, field.id), field)
        for _, section in report.sections
        if section.repeat is Repeat.PER_LESION and section.target is not None
        for number in report.numbers(section)
        for field in section.fields
        if field.measurable is not None
    ]


def _filled(current: Answer | None, measured: MeasuredValue | None) -> Answer | None:
    taken = None
    if measured is not None and measured.value is not None:
        taken = Measurement(round(measured.value, 4), measured.how, measured.how_values, measured.precision)
    if current is not None and current.source is not Source.MEASURED:
        return replace(current, measurement=taken)
    if taken is not None:
        return Answer(taken.shown, source=Source.MEASURED, measurement=taken)
    if measured is not None and measured.not_assessable is not None:
        return Answer(not_assessable=measured.not_assessable, source=Source.MEASURED)
    return None
