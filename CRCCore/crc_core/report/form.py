"""The report as a screen draws it: each row with what it shows and whether it can be answered, no rule left over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.report.document import Answer, FieldPath, NotAssessable, Report, Source, Value
from crc_core.report.editing import answer, take_measured, toggle
from crc_core.report.problem import Problem
from crc_core.report.rules import Standing, block_visible, is_visible, standing
from crc_core.report.template import Field, Group, Kind, Reason, Section, Template
from crc_core.report.validate import answer_problems, is_case, is_missing
from crc_core.report.wording import (
    answer_text,
    measurement_text,
    number_text,
    path_label,
    section_title,
    shown_decimals,
    source_text,
    unit_text,
    value_text,
)
from crc_core.text import Lang, say

__all__ = ["Form", "FormGroup", "FormSection", "OptionBox", "ReasonChoice", "Row", "SetAside", "Widget", "answer",
           "form_model", "take_measured", "toggle"]  # fmt: skip


class Widget(StrEnum):
    """What a row is drawn with."""

    RADIO = "radio"
    CHECKS = "checks"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"


_WIDGETS = {
    Kind.CHOICE: Widget.RADIO,
    Kind.CHOICES: Widget.CHECKS,
    Kind.NUMBER: Widget.NUMBER,
    Kind.COUNT: Widget.NUMBER,
    Kind.TEXT: Widget.TEXT,
    Kind.DATE: Widget.DATE,
}


@dataclass(frozen=True)
class OptionBox:
    """One box of a row; boxes of one `group` stand together under its words."""

    code: str
    label: str
    group: str
    chosen: bool
    addition: bool


@dataclass(frozen=True)
class ReasonChoice:
    """A reason a person can choose for "not assessable"."""

    code: str
    label: str
    needs_text: bool


@dataclass(frozen=True)
class Row:
    """One question as it stands.

    `text` is what an entry shows, `words` the whole answer in words with its unit. `differs` says what was measured
    where a typed answer stands against it; `follows` marks a row that other answers fill.
    """

    path: str
    label: str
    widget: Widget
    visible: bool
    enabled: bool
    required: bool
    missing: bool
    follows: bool
    value: Value | None
    text: str
    words: str
    unit: str
    options: tuple[OptionBox, ...]
    not_assessable: NotAssessable | None
    source: Source | None
    source_words: str
    differs: str
    measurable: bool
    can_take_measured: bool
    critical: bool
    addition: bool
    notes: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class FormGroup:
    """Rows under one label."""

    id: str
    label: str
    visible: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class FormSection:
    """One block: a table's part, or one lesion; with its own progress and its reasons for "not assessable"."""

    id: str
    lesion: int | None
    title: str
    table: str
    visible: bool
    groups: tuple[FormGroup, ...]
    reasons: tuple[ReasonChoice, ...]
    done: int
    total: int


@dataclass(frozen=True)
class SetAside:
    """An answer to a question that does not apply at present; it comes back with the question."""

    path: str
    label: str
    words: str


@dataclass(frozen=True)
class Form:
    """The whole report: blocks in order, how far it is, where something is missing, what is set aside."""

    sections: tuple[FormSection, ...]
    done: int
    total: int
    missing: tuple[str, ...]
    set_aside: tuple[SetAside, ...]

    def row(self, path: str) -> Row | None:
        """The row at `path`, if there is one."""
        rows = (row for section in self.sections for group in section.groups for row in group.rows)
        return next((row for row in rows if row.path == path), None)


def form_model(report: Report, lang: Lang) -> Form:
    """The report as a screen draws it in `lang`; works for any report that can be read, however damaged its answers."""
    sections = tuple(
        _section(report, template, section, number, lang)
        for template, section in report.sections
        for number in report.numbers(section)
    )
    rows = [row for section in sections for group in section.groups for row in group.rows]
    aside = sorted(report.set_aside.items(), key=lambda item: item[0].order)
    return Form(
        sections=sections,
        done=sum(section.done for section in sections),
        total=sum(section.total for section in sections),
        missing=tuple(row.path for row in rows if row.missing),
        set_aside=tuple(_aside(report, path, kept, lang) for path, kept in aside),
    )


def _section(report: Report, template: Template, section: Section, number: int | None, lang: Lang) -> FormSection:
    groups = tuple(_group(report, template, section, group, number, lang) for group in section.groups)
    counted = [row for group in groups for row in group.rows if _counts(report, row)]
    return FormSection(
        id=section.id,
        lesion=number,
        title=section_title(section, number, lang),
        table=template.name,
        visible=block_visible(report, section),
        groups=groups,
        reasons=tuple(_reason(reason, lang) for reason in template.reasons),
        done=sum(not row.missing and not row.problems for row in counted),
        total=len(counted),
    )


def _counts(report: Report, row: Row) -> bool:
    return row.visible and row.required and row.enabled and is_case(report)


def _reason(reason: Reason, lang: Lang) -> ReasonChoice:
    return ReasonChoice(reason.code, reason.label.say(lang), reason.needs_text)


def _group(
    report: Report, template: Template, section: Section, group: Group, number: int | None, lang: Lang
) -> FormGroup:
    rows = tuple(_row(report, template, field, FieldPath(section.id, number, field.id), lang) for field in group.fields)
    return FormGroup(group.id, group.label.say(lang), any(row.visible for row in rows), rows)


def _row(report: Report, template: Template, field: Field, path: FieldPath, lang: Lang) -> Row:
    given = report.answers.get(path)
    visible = is_visible(report, path)
    asked = standing(report, path).standing is Standing.ASKED
    return Row(
        path=str(path),
        label=field.label.say(lang),
        widget=_WIDGETS[field.kind],
        visible=visible,
        enabled=visible and asked,
        required=field.required,
        missing=is_missing(report, path, field),
        follows=not asked,
        value=None if given is None else given.value,
        text=_entry_text(field, given, lang),
        words="" if given is None else answer_text(template, field, given, lang),
        unit=unit_text(field, lang),
        options=_boxes(template, field, given, lang),
        not_assessable=None if given is None else given.not_assessable,
        source=None if given is None else given.source,
        source_words="" if given is None else source_text(given, lang),
        differs=_differs(field, given, lang),
        measurable=field.measurable is not None,
        can_take_measured=given is not None and given.measurement is not None and given.source is not Source.MEASURED,
        critical=field.critical,
        addition=field.addition,
        notes=tuple(words.say(lang) for words in (field.note, field.printed_error) if words is not None),
        problems=() if given is None else _problem_sentences(report, template, field, path, given, lang),
    )


def _entry_text(field: Field, given: Answer | None, lang: Lang) -> str:
    if given is None or given.value is None:
        return ""
    return value_text(field, given.value, lang, shown_decimals(given))


def _boxes(template: Template, field: Field, given: Answer | None, lang: Lang) -> tuple[OptionBox, ...]:
    value = None if given is None else given.value
    chosen = value if isinstance(value, tuple) else (value,)
    boxes = []
    for option in field.options:
        group = template.group_label(option.group) if option.group else None
        boxes.append(
            OptionBox(
                option.code,
                option.label.say(lang),
                "" if group is None else group.say(lang),
                option.code in chosen,
                option.addition,
            )
        )
    return tuple(boxes)


def _differs(field: Field, given: Answer | None, lang: Lang) -> str:
    if given is None or given.measurement is None or not given.differs_from_measurement:
        return ""
    value = number_text(given.measurement.value, given.measurement.decimals)
    how = measurement_text(given.measurement, lang)
    return say("report.differs", lang, value=value, unit=unit_text(field, lang), how=how)


def _problem_sentences(
    report: Report, template: Template, field: Field, path: FieldPath, given: Answer, lang: Lang
) -> tuple[str, ...]:
    label = path_label(report, path)
    return tuple(
        Problem(str(path), code, {"field": label, **values}).sentence(lang)
        for code, values in answer_problems(template, field, given)
    )


def _aside(report: Report, path: FieldPath, kept: Answer, lang: Lang) -> SetAside:
    pair, field = report.section(path.section), report.field(path)
    words = "" if pair is None or field is None else answer_text(pair[0], field, kept, lang)
    return SetAside(str(path), path_label(report, path).say(lang), words)
