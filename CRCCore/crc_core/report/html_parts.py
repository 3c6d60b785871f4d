"""The pieces of the printed report: words in both languages, boxes, blanks, one question, one group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from crc_core.report.document import Answer, FieldPath, Report, Source
from crc_core.report.rules import is_visible
from crc_core.report.template import CHOOSING, NUMERIC, Field, Group, Kind, Option, Template, Words
from crc_core.report.wording import answer_text, shown_decimals, unit_text, value_text
from crc_core.text import Lang, say

_LONG_LABEL = 12
_MATRIX_ROWS = 4
_ONE_LINE = 20


@dataclass
class Notes:
    """The footnotes of one page, numbered as they are first used."""

    words: list[Words] = field(default_factory=list)

    def mark(self, words: Words) -> str:
        """The superscript of a footnote."""
        if words not in self.words:
            self.words.append(words)
        return f"<sup>{self.words.index(words) + 1}</sup>"


def both(words: Words) -> str:
    """Words in both languages; the page shows one of them, or both."""
    if words.zh == words.en:
        return escape(words.zh)
    return f'<span class="zh" lang="zh">{escape(words.zh)}</span><span class="en" lang="en">{escape(words.en)}</span>'


def said(code: str, **values: object) -> Words:
    """A sentence of the catalogue in both languages."""
    return Words(say(code, Lang.ZH, **values), say(code, Lang.EN, **values))


def group_rows(
    report: Report, template: Template, section_id: str, number: int | None, group: Group, notes: Notes
) -> str:
    """The visible questions of one group as HTML; empty where none is visible."""
    places = [(item, FieldPath(section_id, number, item.id)) for item in group.fields]
    shown = [(item, path) for item, path in places if is_visible(report, path)]
    if not shown:
        return ""
    if len(shown) >= _MATRIX_ROWS and all(item.options and item.options == shown[0][0].options for item, _ in shown):
        return _matrix(report, template, shown, notes)
    parts: list[str] = []
    measures: list[str] = []
    for item, path in shown:
        alone = len(shown) == 1 and item.label.zh in group.label.zh
        html = _question(report, template, item, path, notes, alone)
        if item.kind in NUMERIC:
            measures.append(html)
            continue
        parts += _measures(measures)
        measures = []
        parts.append(html)
    return "".join([*parts, *_measures(measures)])


def _measures(measures: Sequence[str]) -> list[str]:
    return [f'<div class="measures">{"".join(measures)}</div>'] if measures else []


def _question(report: Report, template: Template, item: Field, path: FieldPath, notes: Notes, alone: bool) -> str:
    marks = _marks(item, notes)
    value = _value(template, item, report.answers.get(path))
    note = f'<div class="note">{both(item.note)}</div>' if item.note is not None else ""
    label = f'<span class="label">{both(item.label)}{marks}</span>'
    kind = "q alone" if alone else "q first" if item.kind is Kind.COUNT else "q"
    return f'<div class="{kind}">{label}<div class="value">{value}{marks if alone else ""}{note}</div></div>'


def _marks(item: Field, notes: Notes) -> str:
    marks = notes.mark(item.printed_error) if item.printed_error is not None else ""
    return marks + ("*" if item.addition else "")


def _value(template: Template, item: Field, answer: Answer | None) -> str:
    trailing = _aside(template, item, answer)
    if item.kind in CHOOSING:
        return _boxes(template, item, answer) + trailing
    if answer is None or answer.value is None:
        if trailing:
            return trailing
        return '<span class="blank">&nbsp;</span>' + _unit(item) if item.required else '<span class="words">—</span>'
    if item.kind in NUMERIC:
        text = value_text(item, answer.value, Lang.EN, shown_decimals(answer))
        return f'<span class="blank">{escape(text)}</span>{_unit(item)}{_source(answer)}'
    return f'<span class="words">{escape(value_text(item, answer.value, Lang.ZH))}</span>'


def _unit(item: Field) -> str:
    if item.unit is None:
        return ""
    return " " + both(Words(unit_text(item, Lang.ZH), unit_text(item, Lang.EN)))


def _source(answer: Answer) -> str:
    if answer.source not in (Source.MEASURED, Source.DERIVED):
        return ""
    return f'<span class="from">{both(said(f"report.page.{answer.source.value}"))}</span>'


def _aside(template: Template, item: Field, answer: Answer | None) -> str:
    """What stands beside the boxes or the blank: why it is not assessable, two answers, or that nothing is said."""
    if answer is None:
        return f'<span class="none">{both(said("report.no_answer"))}</span>' if item.required else ""
    if answer.value is not None:
        return ""
    words = Words(*(answer_text(template, item, answer, lang) for lang in (Lang.ZH, Lang.EN)))
    kind = "na" if answer.not_assessable is not None else "two"
    return f'<span class="{kind}">{both(words)}</span>'


def _boxes(template: Template, item: Field, answer: Answer | None) -> str:
    value = None if answer is None else answer.value
    chosen = value if isinstance(value, tuple) else (value,)
    long = max((len(option.label.zh) for option in item.options), default=0) > _LONG_LABEL
    groups = list(dict.fromkeys(option.group for option in item.options))
    if groups in ([], [""]):
        return "".join(_box(option, option.code in chosen, long) for option in item.options)
    lines = []
    for code in groups:
        label = template.group_label(code)
        boxes = "".join(_box(option, option.code in chosen, long) for option in item.options if option.group == code)
        of = "" if label is None else both(label)
        lines.append(f'<div class="boxgroup"><span class="of">{of}</span><span>{boxes}</span></div>')
    short = sum(len(option.label.zh) for option in item.options) <= _ONE_LINE
    return f'<div class="{"boxgroups short" if short else "boxgroups"}">{"".join(lines)}</div>'


def _box(option: Option, ticked: bool, long: bool) -> str:
    kinds = " ".join(name for name, is_so in (("opt", True), ("on", ticked), ("long", long)) if is_so)
    star = "*" if option.addition else ""
    state = "true" if ticked else "false"
    return (
        f'<span class="{kinds}" role="checkbox" aria-checked="{state}">'
        f'<span class="box"></span>{both(option.label)}{star}</span>'
    )


def _matrix(report: Report, template: Template, shown: Sequence[tuple[Field, FieldPath]], notes: Notes) -> str:
    rows = []
    for item, path in shown:
        answer = report.answers.get(path)
        chosen = None if answer is None else answer.value
        cells = "".join(f"<td>{_box(option, option.code == chosen, False)}</td>" for option in item.options)
        aside = _aside(template, item, answer)
        rows.append(f"<tr><td>{both(item.label)}{_marks(item, notes)}</td>{cells}<td>{aside}</td></tr>")
    return f'<table class="matrix">{"".join(rows)}</table>'


def case_line(report: Report, template: Template) -> str:
    """The header of a printed table: the case, on one line."""
    parts = []
    for field_id in template.header:
        path = FieldPath("header", None, field_id)
        pair, item = report.section("header"), report.field(path)
        if pair is None or item is None:
            continue
        answer = report.answers.get(path)
        if item.kind is Kind.CHOICE and answer is not None and answer.value is not None:
            value = both(Words(*(value_text(item, answer.value, lang) for lang in (Lang.ZH, Lang.EN))))
        else:
            value = _value(pair[0], item, answer)
        parts.append(f"<span>{both(item.label)}: {value}</span>")
    return f'<div class="case-line">{"".join(parts)}</div>'
