"""Reports as tables: one row per unit, one row per lesion, and the code book that says what the columns mean.

Values are option codes and plain numbers; "not assessable" has its own column beside each question, so that it is never
taken for absence. UTF-8 with a byte order mark, so that spreadsheets show Chinese; text that a spreadsheet would run as
a formula is disarmed with an apostrophe (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum

from crc_core.report.document import Answer, FieldPath, Report, Value
from crc_core.report.template import Field, Repeat, Section, Template
from crc_core.report.validate import REPORTED_TARGETS
from crc_core.vocabulary import LesionClass, Target

_BYTE_ORDER_MARK = "\ufeff"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_JOIN = ";"
NOT_ASSESSABLE_SUFFIX = "__not_assessable"
PRINTED_T_BOX = "t_printed_box"


class Table(StrEnum):
    """The tables a set of reports is exported as."""

    UNIT = "unit"
    PRIMARY = "primary"
    LIVER_LESION = "liver_lesion"
    LUNG_LESION = "lung_lesion"
    CODEBOOK = "codebook"


def export_csv(reports: Sequence[Report], table: Table = Table.UNIT) -> bytes:
    """One table of these reports as CSV bytes; columns depend only on the templates, not on the answers."""
    if table is Table.CODEBOOK:
        return _bytes(_codebook(_templates(reports)))
    if table is Table.UNIT:
        return _bytes(_unit_rows(reports))
    return _bytes(_lesion_rows(reports, table.value))


def csv_row(report: Report) -> dict[str, str]:
    """The one row of a report in the table of units, by column."""
    head, row = _unit_rows([report])
    return dict(zip(head, row, strict=True))


def _unit_rows(reports: Sequence[Report]) -> list[list[str]]:
    sections = [section for section in _sections(reports) if section.repeat is Repeat.ONCE or section.id == "primary"]
    head = ["unit", "case", "time_point", "templates", "primary_target", "liver_target", "lung_target"]
    head += ["primary_count", "liver_metastasis_count", "liver_uncertain_count", "lung_metastasis_count"]
    for section in sections:
        head += _columns(section, _prefix(section))
    rows = [[*head, "differing_answers"]]
    for report in reports:
        row = _identity(report)
        first = min((lesion.number for lesion in report.lesions_of(Target.PRIMARY)), default=None)
        for section in sections:
            row += _cells(report, section, None if section.repeat is Repeat.ONCE else first)
        rows.append([*row, _differing(report, None)])
    return rows


def _identity(report: Report) -> list[str]:
    said = [report.targets.get(target) for target in REPORTED_TARGETS]
    counts = (
        report.lesions_of(Target.PRIMARY),
        report.lesions_of(Target.LIVER, LesionClass.METASTASIS),
        report.lesions_of(Target.LIVER, LesionClass.UNCERTAIN),
        report.lesions_of(Target.LUNG, LesionClass.METASTASIS),
    )
    return [
        str(report.unit),
        report.unit.case,
        report.unit.time_point,
        _JOIN.join(str(ref) for ref in report.template_refs),
        *("" if answer is None else answer.value for answer in said),
        *(str(len(lesions)) for lesions in counts),
    ]


def _lesion_rows(reports: Sequence[Report], section_id: str) -> list[list[str]]:
    sections = [section for section in _sections(reports) if section.id == section_id]
    head = ["unit", "lesion", "class"]
    for section in sections:
        head += _columns(section, "")
    rows = [[*head, "differing_answers"]]
    for report in reports:
        own = report.section(section_id)
        if own is None or own[1].target is None:
            continue
        for lesion in report.lesions_of(own[1].target):
            row = [str(report.unit), str(lesion.number), lesion.lesion_class.value]
            for section in sections:
                row += _cells(report, section, lesion.number)
            rows.append([*row, _differing(report, lesion.number, section_id)])
    return rows


def _sections(reports: Sequence[Report]) -> list[Section]:
    """Every section of the templates in use, with the fields of all their versions, newest order first."""
    merged: dict[str, Section] = {}
    for template in _templates(reports):
        for section in template.sections:
            merged.setdefault(section.id, section)
            known = {field.id for field in merged[section.id].fields}
            later = tuple(group for group in section.groups if any(field.id not in known for field in group.fields))
            for group in later:
                fields = tuple(field for field in group.fields if field.id not in known)
                base = merged[section.id]
                merged[section.id] = replace(base, groups=(*base.groups, replace(group, fields=fields)))
    return list(merged.values())


def _templates(reports: Sequence[Report]) -> list[Template]:
    """The templates of these reports, tables in printed order, newest version first."""
    by_name: dict[str, dict[int, Template]] = {}
    for report in reports:
        for template in report.templates:
            by_name.setdefault(template.name, {})[template.version] = template
    return [versions[version] for versions in by_name.values() for version in sorted(versions, reverse=True)]


def _prefix(section: Section) -> str:
    return "" if section.id in ("header", "patient") else f"{section.id}_"


def _columns(section: Section, prefix: str) -> list[str]:
    names = []
    for field in section.fields:
        names += [prefix + field.id, prefix + field.id + NOT_ASSESSABLE_SUFFIX]
    return [*names, prefix + PRINTED_T_BOX] if section.field("t3_class") else names


def _cells(report: Report, section: Section, lesion: int | None) -> list[str]:
    cells = []
    for field in section.fields:
        answer = report.answers.get(FieldPath(section.id, lesion, field.id))
        cells += [_value_cell(answer), _reason_cell(answer)]
    return [*cells, printed_t_box(report, lesion)] if section.field("t3_class") else cells


def printed_t_box(report: Report, lesion: int | None) -> str:
    """The box of the printed table 1 that the T stage ticks, verbatim; empty where none does."""
    for field_id in ("t3_class", "t_stage"):
        path = FieldPath("primary", lesion, field_id)
        answer, field = report.answers.get(path), report.field(path)
        option = None if answer is None or field is None else field.option(answer.value)
        if option is not None:
            return option.printed or option.label.zh
    return ""


def _value_cell(answer: Answer | None) -> str:
    if answer is None or answer.value is None:
        return ""
    return _plain(answer.value)


def _plain(value: Value) -> str:
    if isinstance(value, tuple):
        return disarmed(_JOIN.join(value))
    if isinstance(value, str):
        return disarmed(value)
    return str(int(value)) if value == int(value) else repr(value)


def _reason_cell(answer: Answer | None) -> str:
    if answer is None or answer.not_assessable is None:
        return ""
    reason = answer.not_assessable
    return disarmed(f"{reason.reason}: {reason.text}" if reason.text else reason.reason)


def _differing(report: Report, lesion: int | None, section: str | None = None) -> str:
    parts = []
    for path, _ in report.paths:
        answer = report.answers.get(path)
        if answer is None or answer.readers is None:
            continue
        if section is None or (path.section == section and path.lesion == lesion):
            parts.append(f"{path}={'|'.join(_side(side) for side in answer.readers)}")
    return disarmed((_JOIN + " ").join(parts))


def _side(answer: Answer | None) -> str:
    return _value_cell(answer) or _reason_cell(answer)


def disarmed(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _codebook(templates: Sequence[Template]) -> list[list[str]]:
    rows = [
        ["table", "column", "zh", "en", "kind", "unit", "options", "range", "critical", "addition", "printed_error"]
    ]
    for template in templates:
        for section in template.sections:
            table = Table.UNIT.value if section.repeat is Repeat.ONCE else section.id
            prefix = _prefix(section) if section.repeat is Repeat.ONCE else ""
            rows += [_codebook_row(f"{table} ({template.name}-v{template.version})", prefix, f) for f in section.fields]
    return rows


def _codebook_row(table: str, prefix: str, field: Field) -> list[str]:
    options = _JOIN.join(f"{option.code}={option.alone.zh}/{option.alone.en}" for option in field.options)
    return [
        table,
        prefix + field.id,
        field.label.zh,
        field.label.en,
        field.kind.value,
        "" if field.unit is None else field.unit.zh,
        options,
        "" if field.range is None else f"{_plain(field.range[0])}..{_plain(field.range[1])}",
        "yes" if field.critical else "no",
        "yes" if field.addition else "no",
        "" if field.printed_error is None else field.printed_error.zh,
    ]


def _bytes(rows: Iterable[Sequence[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return (_BYTE_ORDER_MARK + stream.getvalue()).encode("utf-8")
