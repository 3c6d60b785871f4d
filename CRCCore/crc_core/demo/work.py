"""A simulated reader at work on one unit: draws every bound target, checks, measures, fills the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from crc_core import __version__
from crc_core.contour.inspection import inspect
from crc_core.contour.results import Finding
from crc_core.contour.rules import contour_rules
from crc_core.demo.readers import Drawing, Habit, draw, drawn_in_mode
from crc_core.demo.reporting import fill_report
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId, mask_name
from crc_core.importing.delineation import default_protocol
from crc_core.measuring import Assessment, Parents, assess
from crc_core.phantom import Phantom
from crc_core.reading.schema import (
    FIRST_ROUND,
    PROVENANCE_SCHEMA,
    READING_SCHEMA,
    LesionRecord,
    Provenance,
    Reading,
    SourceRecord,
    TargetReading,
    TargetWork,
)
from crc_core.reading.seal import ReadingDraft
from crc_core.report.document import Report, Value
from crc_core.vocabulary import BowelDirection, Mode, Role, Target, TargetAnswer
from crc_core.workflow.payloads import Binding, SeriesRecord

_WINDOW_HU = (225.0, 40.0)
_LUNG_WINDOW_HU = (1500.0, -600.0)
_ACTIVE_S = 900.0
_UPRIGHT = 0.9
"""Cosine of some 25°: a bowel further off the long axis runs in the plane."""


@dataclass(frozen=True)
class Reader:
    """A simulated reader: who it is, how they draw, and in which report fields they differ from the truth."""

    person: str
    title: str
    seed: int
    habit: Habit
    opinions: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Desk:
    """What lies before a reader: the unit, its bindings and series, the images by role, the (shifted) date."""

    unit: UnitId
    bindings: Sequence[Binding]
    series: Sequence[SeriesRecord]
    images: Mapping[Role, Volume]
    study_date: str | None


@dataclass(frozen=True, eq=False)
class Done:
    """A finished reading before it is sealed, with what its checks found and what was measured."""

    draft: ReadingDraft
    drawings: Mapping[Target, Drawing]
    findings: tuple[Finding, ...]
    assessment: Assessment


def read_unit(desk: Desk, phantom: Phantom, reader: Reader, at: datetime, supersedes: str | None = None) -> Done:
    """The reader's whole work on a unit of the synthetic study, done at `at`."""
    drawings = _draw_all(desk, phantom, reader)
    targets = tuple(_said(binding, drawings.get(binding.target), phantom) for binding in desk.bindings)
    primary = drawings.get(Target.PRIMARY)
    edges = Parents(primary.outer, primary.inner) if primary is not None else Parents()
    direction = bowel_direction(phantom)
    masks = {target: drawing.mask for target, drawing in drawings.items()}
    assessment = assess(masks, desk.images, parents=edges, bowel_direction=direction)
    report = fill_report(desk.unit, phantom, targets, assessment, desk.study_date, reader.opinions)
    reading = Reading(READING_SCHEMA, str(desk.unit), reader.person, FIRST_ROUND, targets, supersedes)
    work = tuple(_work(item, desk, direction) for item in targets if item.lesions)
    provenance = _provenance(desk, reader, work, report, at)
    draft = ReadingDraft(reading, provenance, report.to_json(), _masks(desk, drawings))
    return Done(draft, drawings, _checked(desk, drawings), assessment)


def bowel_direction(phantom: Phantom) -> BowelDirection:
    """What a reader says of the bowel: across the plane where it runs upright at every primary."""
    tangents = [lesion.primary.bowel_direction for lesion in phantom.lesions if lesion.primary is not None]
    upright = all(abs(superior) > _UPRIGHT for _, _, superior in tangents)
    return BowelDirection.ACROSS if upright else BowelDirection.IN_PLANE


def _draw_all(desk: Desk, phantom: Phantom, reader: Reader) -> dict[Target, Drawing]:
    drawings: dict[Target, Drawing] = {}
    for binding in desk.bindings:
        truth = phantom.masks[binding.target]
        if binding.target is Target.PRIMARY:
            edges = (phantom.outer, phantom.inner)
            drawings[binding.target] = drawn_in_mode(binding.mode, truth, edges, reader.habit, reader.seed)
            continue
        drawing = draw(truth, binding.target, reader.habit, reader.seed)
        if drawing is not None:
            drawings[binding.target] = drawing
    return drawings


def _said(binding: Binding, drawing: Drawing | None, phantom: Phantom) -> TargetReading:
    if drawing is None:
        return TargetReading(binding.target, TargetAnswer.NONE_SEEN)
    kinds = {lesion.number: lesion.lesion_class for lesion in phantom.lesions if lesion.target is binding.target}
    numbers = [int(number) for number in np.unique(drawing.mask.array) if number]
    return TargetReading(
        target=binding.target,
        answer=TargetAnswer.DRAWN,
        source=binding.series_code,
        mode=binding.mode,
        lesions=tuple(LesionRecord(number, kinds[number]) for number in numbers),
        has_parents=drawing.outer is not None,
    )


def _masks(desk: Desk, drawings: Mapping[Target, Drawing]) -> dict[str, Volume]:
    codes = {binding.target: binding.series_code for binding in desk.bindings}
    masks = {mask_name(codes[target], target): drawing.mask for target, drawing in drawings.items()}
    for target, drawing in drawings.items():
        if drawing.outer is not None and drawing.inner is not None:
            masks[mask_name(codes[target], target, "outer")] = drawing.outer
            masks[mask_name(codes[target], target, "inner")] = drawing.inner
    return masks


def _checked(desk: Desk, drawings: Mapping[Target, Drawing]) -> tuple[Finding, ...]:
    roles = {binding.target: binding.role for binding in desk.bindings}
    return tuple(
        finding
        for target, drawing in drawings.items()
        for finding in inspect(
            drawing.mask, desk.images[roles[target]], target=target, outer=drawing.outer, inner=drawing.inner
        )
    )


def _provenance(desk: Desk, reader: Reader, work: tuple[TargetWork, ...], report: Report, at: datetime) -> Provenance:
    codes = {binding.series_code for binding in desk.bindings if binding.target in {item.target for item in work}}
    return Provenance(
        schema=PROVENANCE_SCHEMA,
        reader=reader.person,
        title=reader.title,
        started_at=at - timedelta(seconds=_ACTIVE_S),
        sealed_at=at,
        active_seconds=_ACTIVE_S,
        versions={
            "crc_core": __version__,
            "contour_rules": contour_rules().version,
            "templates": ", ".join(str(ref) for ref in report.template_refs),
        },
        protocol=default_protocol().version,
        sources=tuple(
            SourceRecord(record.role, record.code, record.series_uid, record.pixel_sha256)
            for record in desk.series
            if record.code in codes
        ),
        work=work,
    )


def _work(item: TargetReading, desk: Desk, direction: BowelDirection) -> TargetWork:
    width, level = _LUNG_WINDOW_HU if item.target is Target.LUNG else _WINDOW_HU
    mri_used = item.mode is Mode.MRI and Role.T2 in desk.images
    chosen = direction if item.target is Target.PRIMARY else None
    return TargetWork(item.target, ("simulated",), 0.0, width, level, mri_used, chosen)
