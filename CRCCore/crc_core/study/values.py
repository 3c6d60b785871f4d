"""What one reading measured: volumes of its contours, diameters and densities of its report.

Per target the volume of all lesions together; diameters and densities are those of the largest lesion, as the reader's
report gives them, a diameter the report does not give as measured on the contour.
"""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.agreement.prepared import prepare
from crc_core.contour.measuring import measure
from crc_core.decision.readings import uncertain
from crc_core.geometry.grid import Volume
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import REPORT_NAME, SealedReading, parse_report
from crc_core.report.document import FieldPath, Report
from crc_core.report.template import Field, Repeat, current_templates
from crc_core.vocabulary import BowelDirection, Target

VOLUME = "volume_ml"


@dataclass(frozen=True, order=True)
class Measure:
    """What is measured: of which target, under which name; the name ends in its unit."""

    target: Target
    name: str

    def __str__(self) -> str:
        return f"{self.target.value}.{self.name}"


def measures_of(target: Target) -> tuple[Measure, ...]:
    """All measures of a target in the order of its report."""
    return (Measure(target, VOLUME), *(Measure(target, field.id) for _, field in _measurable(target)))


def values_of(reading: SealedReading) -> dict[Measure, float]:
    """The values one reading gives; a target that was assessed and not drawn has a volume of 0."""
    report = parse_report(reading.report, reading.sealed.folder / REPORT_NAME)
    values: dict[Measure, float] = {}
    for said in reading.reading.targets:
        if said.lesions:
            values |= _drawn(reading, said, report)
        elif said.says_absent:
            values[Measure(said.target, VOLUME)] = 0.0
    return values


def _drawn(reading: SealedReading, said: TargetReading, report: Report) -> dict[Measure, float]:
    mask = reading.mask(said.target)
    prepared = prepare(mask, uncertain(said))
    values = {Measure(said.target, VOLUME): len(prepared.flat) * mask.grid.voxel_volume_mm3 / 1000}
    if not prepared.sizes:
        return values
    largest = max(prepared.sizes, key=lambda number: (prepared.sizes[number], -number))
    fields = _measurable(said.target)
    told = {}
    for section, field in fields:
        answer = report.answers.get(FieldPath(section, largest, field.id))
        if answer is not None and isinstance(answer.value, (int, float)):
            told[field.id] = float(answer.value)
    lacking = [field for _, field in fields if field.id not in told and field.id.endswith("_mm")]
    if lacking:
        told |= _measured(reading, said, mask, largest, lacking)
    return values | {Measure(said.target, name): value for name, value in told.items()}


def _measured(
    reading: SealedReading, said: TargetReading, mask: Volume, lesion: int, fields: list[Field]
) -> dict[str, float]:
    work = next((item for item in reading.provenance.work if item.target is said.target), None)
    direction = work.bowel_direction if work is not None else None
    outer, inner = (reading.mask(said.target, name) if said.has_parents else None for name in ("outer", "inner"))
    sizes = measure(
        mask, target=said.target, bowel_direction=direction or BowelDirection.ACROSS, outer=outer, inner=inner
    )
    found = {size.kind.value: size.value for item in sizes if item.lesion == lesion for size in item.all}
    return {
        field.id: found[field.measurable.value]
        for field in fields
        if field.measurable is not None and field.measurable.value in found
    }


def _measurable(target: Target) -> list[tuple[str, Field]]:
    """The section and the field of everything a contour of the target can fill."""
    return [
        (section.id, field)
        for template in current_templates()
        for section in template.sections
        if section.target is target and section.repeat is Repeat.PER_LESION
        for field in section.fields
        if field.measurable is not None
    ]
