"""Masks and phases in, measured lesions out: what the report is filled from and what is stored beside a final."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crc_core.contour.density import sample_densities
from crc_core.contour.measuring import measure
from crc_core.contour.results import LesionDensity, LesionMeasurements, NotMeasurable
from crc_core.contour.rules import contour_rules
from crc_core.files.records import to_document
from crc_core.geometry.grid import Volume
from crc_core.report.autofill import MeasuredValue
from crc_core.report.document import NotAssessable
from crc_core.report.template import Measurable
from crc_core.text import Lang, say
from crc_core.vocabulary import CT_PHASES, BowelDirection, Role, Target

_HU: Mapping[Role, Measurable] = MappingProxyType(
    {
        Role.NC: Measurable.HU_NC,
        Role.AP: Measurable.HU_AP,
        Role.PVP: Measurable.HU_PVP,
        Role.DP: Measurable.HU_DP,
    }
)


@dataclass(frozen=True)
class Parents:
    """The two edges a subtraction was made from."""

    outer: Volume | None = None
    inner: Volume | None = None


@dataclass(frozen=True)
class LesionAssessment:
    """The sizes of one lesion and its density in every phase there is."""

    target: Target
    sizes: LesionMeasurements
    densities: tuple[LesionDensity, ...]


@dataclass(frozen=True)
class Assessment:
    """All lesions of a reading or a final, by target and number."""

    lesions: tuple[LesionAssessment, ...]

    def values(self) -> tuple[MeasuredValue, ...]:
        """What a report can be filled with; a phase that is missing or does not reach the lesion says so."""
        return tuple(value for lesion in self.lesions for value in (*_sizes(lesion), *_densities(lesion)))

    def document(self) -> dict[str, Any]:
        """The JSON object that is stored beside a final: values with how and where each was measured."""
        lesions = []
        for lesion in self.lesions:
            sizes: dict[str, Any] = to_document(lesion.sizes)
            lesions.append({"target": lesion.target.value, **sizes, "densities": to_document(lesion.densities)})
        return {"lesions": lesions, "rules": contour_rules().version}


def assess(
    masks: Mapping[Target, Volume],
    images: Mapping[Role, Volume],
    *,
    parents: Parents | None = None,
    bowel_direction: BowelDirection = BowelDirection.ACROSS,
    slice_thickness_mm: float | None = None,
) -> Assessment:
    """Measure every lesion of every mask; densities on each phase's own image.

    `masks` hold uint8 lesion numbers on the grids of their sources, `images` HU on their own grids; `parents` belong to
    the primary. Raises CrcError where a mask is none.
    """
    edges = parents or Parents()
    phases = {role: images[role] for role in CT_PHASES if role in images}
    lesions: list[LesionAssessment] = []
    for target, mask in masks.items():
        primary = target is Target.PRIMARY
        sizes = measure(
            mask,
            target=target,
            bowel_direction=bowel_direction,
            outer=edges.outer if primary else None,
            inner=edges.inner if primary else None,
            slice_thickness_mm=slice_thickness_mm,
        )
        densities = sample_densities(mask, phases, target=target) if phases else ()
        lesions.extend(
            LesionAssessment(target, size, tuple(item for item in densities if item.lesion == size.lesion))
            for size in sizes
        )
    return Assessment(tuple(lesions))


def _sizes(lesion: LesionAssessment) -> list[MeasuredValue]:
    return [
        MeasuredValue(
            target=lesion.target,
            lesion=lesion.sizes.lesion,
            kind=Measurable(size.kind.value),
            value=size.value,
            unit="mm",
            how=f"contour.method.{size.method.value}",
            precision=size.precision,
        )
        for size in lesion.sizes.all
    ]


def _densities(lesion: LesionAssessment) -> list[MeasuredValue]:
    by_role = {density.role: density for density in lesion.densities}
    return [_density(lesion, kind, by_role.get(role)) for role, kind in _HU.items()]


def _density(lesion: LesionAssessment, kind: Measurable, density: LesionDensity | None) -> MeasuredValue:
    count = 0 if density is None else len(density.samples)
    return MeasuredValue(
        target=lesion.target,
        lesion=lesion.sizes.lesion,
        kind=kind,
        value=None if density is None else density.mean_hu,
        unit="HU",
        how="measuring.mean_of_samples",
        how_values=(("count", count),),
        not_assessable=_why_not(lesion.target, density),
    )


def _why_not(target: Target, density: LesionDensity | None) -> NotAssessable | None:
    if density is None or density.reason is NotMeasurable.OUTSIDE_IMAGE:
        # A lung lesion is seen on the chest series, of which nobody has said what phase it is: the reader answers.
        return None if target is Target.LUNG else NotAssessable("phase_missing")
    if density.reason is None:
        return None
    code = f"contour.density.{density.reason.value}"
    return NotAssessable("other", f"{say(code, Lang.ZH)} / {say(code, Lang.EN)}")
