"""How a simulated reader fills a report: measured values first, then the phantom's truth, then what is unremarkable."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from crc_core.identity import UnitId
from crc_core.measuring import Assessment
from crc_core.phantom import Phantom, PhantomLesion
from crc_core.reading.schema import TargetReading
from crc_core.report.autofill import autofill
from crc_core.report.document import FieldPath, Header, Lesion, NotAssessable, Report, Value, new_report
from crc_core.report.editing import answer
from crc_core.report.template import Field, Kind
from crc_core.report.validate import is_missing, problems
from crc_core.vocabulary import Target

_LOBES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "RUL": ("right_upper", "right_anterior"),
        "RML": ("right_middle", "right_lateral"),
        "RLL": ("right_lower", "right_posterior_basal"),
        "LUL": ("left_upper", "left_anterior"),
        "LLL": ("left_lower", "left_posterior_basal"),
    }
)
_MORPHOLOGY: Mapping[str, str] = MappingProxyType({"infiltrating": "infiltrative", "ulcerating": "ulcerative"})


def fill_report(
    unit: UnitId,
    phantom: Phantom,
    targets: tuple[TargetReading, ...],
    assessment: Assessment,
    study_date: str | None,
    opinions: Mapping[str, Value] | None = None,
) -> Report:
    """A complete report of what was drawn; `opinions` (by field id) are answers in which this reader differs."""
    said = {item.target: item.answer for item in targets}
    lesions = tuple(Lesion(item.target, record.number, record.kind) for item in targets for record in item.lesions)
    report = autofill(new_report(unit, lesions, _header(phantom, study_date), said), assessment.values())
    while True:
        missing = next(((path, field) for path, field in report.paths if is_missing(report, path, field)), None)
        if missing is None:
            return report
        report = _answered(report, *missing, phantom, opinions or {})


def remaining_problems(report: Report) -> tuple[str, ...]:
    """What the validator still holds against a report, as field and code."""
    return tuple(f"{problem.field_path}: {problem.code}" for problem in problems(report) if problem.blocks)


def _header(phantom: Phantom, study_date: str | None) -> Header:
    return Header(
        examination="CT全腹部(平扫+三期增强)",
        sex="male" if phantom.patient.sex == "M" else "female",
        age_years=phantom.patient.age_years,
        clinical_diagnosis="结直肠癌",
        examined_on=study_date,
    )


def _answered(report: Report, path: FieldPath, field: Field, phantom: Phantom, opinions: Mapping[str, Value]) -> Report:
    value = opinions.get(path.field)
    if value is None:
        value = _truth(path, phantom)
    if value is None:
        value = _unremarkable(field)
    if value is None:
        why = "artefact" if field.measurable is None else "phase_missing"
        return answer(report, path, not_assessable=NotAssessable(why))
    return answer(report, path, value)


def _truth(path: FieldPath, phantom: Phantom) -> Value | None:
    known = phantom.report_answers
    if path.section == "primary":
        return {
            "segment": known.segment.value,
            "morphology": _MORPHOLOGY.get(known.growth_form, "mass"),
            "t_stage": known.t_stage.lower(),
            "extramural_depth_mm": round(max(known.extramural_depth_mm, 1.0), 1),
            "circumferential_extent": "gt_half" if known.more_than_half_circumference else "le_half",
            "outer_wall": "rough" if known.outer_wall_rough else "smooth",
            "fat_state": "hazy" if known.fat_clouded else "clear",
            "regional_nodes_count": known.regional_nodes,
            "regional_nodes_short_mm": round(known.largest_node_short_mm, 1),
            "thickness_mm": round(_primary(phantom, path.lesion).semi_axes_mm[2], 1),
        }.get(path.field)
    if path.section == "patient":
        found = (("liver", known.liver_metastases), ("lung", known.lung_metastases))
        places = tuple(name for name, count in found if count)
        return {"distant_metastases": places or ("none",)}.get(path.field)
    if path.section in ("liver_lesion", "lung_lesion"):
        return _of_lesion(path, phantom)
    return {"fatty_liver": "present" if known.fatty_liver else "absent"}.get(path.field)


def _of_lesion(path: FieldPath, phantom: Phantom) -> Value | None:
    target = Target.LIVER if path.section == "liver_lesion" else Target.LUNG
    lesion = _lesion(phantom, target, path.lesion)
    if target is Target.LIVER:
        return {"segment": (lesion.place.lower(),)}.get(path.field)
    lobe, segment = _LOBES[lesion.place]
    return {"lobe": (lobe,), "segment": (segment,)}.get(path.field)


def _primary(phantom: Phantom, number: int | None) -> PhantomLesion:
    return _lesion(phantom, Target.PRIMARY, number)


def _lesion(phantom: Phantom, target: Target, number: int | None) -> PhantomLesion:
    return next(lesion for lesion in phantom.lesions if lesion.target is target and lesion.number == number)


def _unremarkable(field: Field) -> Value | None:
    if field.kind is Kind.COUNT:
        return 0
    if field.kind is Kind.TEXT:
        return "无"
    codes = [option.code for option in field.options]
    quiet = next((code for code in ("absent", "separate", "all", "mild") if code in codes), None)
    if field.kind is Kind.CHOICE:
        return quiet or (codes[0] if codes else None)
    if field.kind is Kind.CHOICES:
        return (quiet or codes[0],) if codes else None
    return None
