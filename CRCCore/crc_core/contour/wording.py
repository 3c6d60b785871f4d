"""Findings and measurements in words and as JSON, the same for commands, panels and the server.

Slices are counted as a radiologist counts: from 1, the most cranial slice of the series first.
"""

from __future__ import annotations

from typing import Any

from crc_core.contour.results import (
    Finding,
    LesionDensity,
    LesionMeasurements,
    Measurement,
    Point,
    Quantity,
    Unit,
)
from crc_core.contour.voxels import axis_order
from crc_core.geometry import Grid
from crc_core.text import Lang, say

_DECIMALS = {Unit.ML: 2, Unit.MM: 1, Unit.MM2: 0, Unit.VOXELS: 0, Unit.SLICES: 0, Unit.HU: 0}


def slice_number(slice_index: int, grid: Grid) -> int:
    """The number of a slice counted from 1 at the cranial end; `slice_index` counts along the grid's slice axis."""
    axis = axis_order(grid)[0]
    upwards = grid.ijk_to_ras[2, 2 - axis] > 0
    return grid.shape_kji[axis] - slice_index if upwards else slice_index + 1


def quantity_words(quantity: Quantity, lang: Lang) -> str:
    """A number with its unit in words."""
    return say(f"contour.unit.{quantity.unit}", lang, value=f"{quantity.value:.{_DECIMALS[quantity.unit]}f}")


def finding_sentence(finding: Finding, lang: Lang) -> str:
    """What was found, without its place."""
    return say(
        f"contour.finding.{finding.id}",
        lang,
        lesion=finding.lesion if finding.lesion is not None else "",
        size=quantity_words(finding.size, lang) if finding.size else "",
        limit=quantity_words(finding.limit, lang) if finding.limit else "",
        against=_against(finding, lang),
    )


def finding_slices(finding: Finding, grid: Grid, lang: Lang) -> str:
    """In which slice (or slices) it was found; empty where it has no place."""
    if finding.slice_index is None or finding.ras is None:
        return ""
    numbers = {slice_number(finding.slice_index, grid)}
    if finding.last_slice_index is not None:
        numbers.add(slice_number(finding.last_slice_index, grid))
    code = "contour.place.slice" if len(numbers) == 1 else "contour.place.slices"
    return say(code, lang, first=min(numbers), last=max(numbers))


def finding_place(finding: Finding, grid: Grid, lang: Lang) -> str:
    """Where it was found: slice (or slices) and RAS point; empty where it has no place."""
    words = finding_slices(finding, grid, lang)
    if finding.ras is None or not words:
        return ""
    right, anterior, superior = finding.ras
    return say("contour.place.point", lang, slices=words, r=f"{right:.1f}", a=f"{anterior:.1f}", s=f"{superior:.1f}")


def measurement_sentence(measurement: Measurement, grid: Grid, lang: Lang) -> str:
    """The size, its precision, how and in which slice it was measured."""
    words = say(
        "contour.measurement",
        lang,
        size=say(f"contour.size.{measurement.kind}", lang),
        value=measurement.shown,
        precision=f"{measurement.precision:.1f}",
        method=say(f"contour.method.{measurement.method}", lang),
    )
    if measurement.slice_index is None:
        return words
    number = slice_number(measurement.slice_index, grid)
    return say("contour.measurement_in_slice", lang, words=words, slice=number)


def density_sentence(density: LesionDensity, lang: Lang) -> str:
    """The density of a lesion in a phase, or why there is none."""
    phase = say(f"contour.phase.{density.role}", lang)
    if density.mean_hu is None:
        reason = say(f"contour.density.{density.reason}", lang)
        return say("contour.not_measurable", lang, phase=phase, reason=reason)
    return say(
        "contour.density_mean",
        lang,
        phase=phase,
        mean=f"{density.mean_hu:.0f}",
        samples=len(density.samples),
        radius=f"{density.samples[0].radius_mm:.1f}",
    )


def finding_json(finding: Finding, grid: Grid, lang: Lang) -> dict[str, Any]:
    """The finding with stable keys; `slice_k` is the array index, `slice_number` the radiologist's."""
    last = finding.last_slice_index
    return {
        "id": finding.id.value,
        "verdict": finding.verdict.value,
        "target": finding.target.value,
        "lesion": finding.lesion,
        "slice_k": finding.slice_index,
        "slice_number": None if finding.slice_index is None else slice_number(finding.slice_index, grid),
        "last_slice_k": last,
        "last_slice_number": None if last is None else slice_number(last, grid),
        "ras_mm": _rounded(finding.ras),
        **_quantity_json("size", finding.size),
        **_quantity_json("limit", finding.limit),
        "against": finding.against,
        "repairable": finding.repairable,
        "message": finding_sentence(finding, lang),
    }


def lesion_json(lesion: LesionMeasurements, grid: Grid) -> dict[str, Any]:
    """The measurements of one lesion with stable keys."""
    sizes = {f"{item.kind.value}_mm": item.value for item in lesion.all}
    return {
        "lesion": lesion.lesion,
        "volume_ml": lesion.volume_ml,
        "voxels": lesion.voxels,
        "slices": lesion.slices,
        "centroid_ras_mm": _rounded(lesion.centroid_ras),
        "section_area_mm2": lesion.section_area_mm2,
        "section_slice_k": lesion.section_slice,
        "section_slice_number": slice_number(lesion.section_slice, grid),
        **sizes,
        "measurements": [_measurement_json(item, grid) for item in lesion.all],
    }


def density_json(density: LesionDensity) -> dict[str, Any]:
    """The density of one lesion in one phase with stable keys."""
    return {
        "lesion": density.lesion,
        "role": density.role.value,
        "mean_hu": density.mean_hu,
        "not_measurable": None if density.reason is None else density.reason.value,
        "samples": [
            {
                "centre_ras_mm": _rounded(sample.centre_ras),
                "radius_mm": sample.radius_mm,
                "slice_k": sample.slice_index,
                "voxels": sample.voxels,
                "mean_hu": sample.mean_hu,
                "sd_hu": sample.sd_hu,
            }
            for sample in density.samples
        ],
    }


def _measurement_json(measurement: Measurement, grid: Grid) -> dict[str, Any]:
    k = measurement.slice_index
    return {
        "kind": measurement.kind.value,
        "value_mm": measurement.value,
        "precision_mm": measurement.precision,
        "shown": measurement.shown,
        "method": measurement.method.value,
        "start_ras_mm": _rounded(measurement.place.start_ras),
        "end_ras_mm": _rounded(measurement.place.end_ras),
        "slice_k": k,
        "slice_number": None if k is None else slice_number(k, grid),
    }


def _quantity_json(name: str, quantity: Quantity | None) -> dict[str, float]:
    return {} if quantity is None else {f"{name}_{quantity.unit.value}": quantity.value}


def _against(finding: Finding, lang: Lang) -> str:
    if finding.against is None:
        return ""
    return finding.against if finding.against.isdigit() else say(f"contour.target.{finding.against}", lang)


def _rounded(point: Point | None) -> list[float] | None:
    return None if point is None else [round(number, 4) for number in point]
