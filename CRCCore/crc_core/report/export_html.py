"""The printable report: one HTML file with everything in it, in Chinese and English, laid out as the printed tables."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

from crc_core.report.document import Report
from crc_core.report.html_parts import Notes, both, case_line, group_rows, said
from crc_core.report.rules import block_visible
from crc_core.report.template import Repeat, Section, Template, Words
from crc_core.report.validate import REPORTED_TARGETS
from crc_core.text import Lang
from crc_core.vocabulary import LesionClass, Target


@dataclass(frozen=True)
class Picture:
    """A picture for the report: PNG bytes, what it shows, and whether it takes the whole width."""

    png: bytes
    caption: Words
    wide: bool = False


def export_html(
    report: Report,
    lang: Lang,
    pictures: Sequence[Picture] = (),
    footer: Sequence[Words] = (),
) -> bytes:
    """The report as one HTML file for the screen and for A4 paper; `lang` is shown first, a switch shows the other.

    `footer` are further lines at its end, such as who signed a final. No script, no outside resource.
    """
    notes = Notes()
    tables = "".join(_table(report, template, notes) for template in report.templates)
    body = "".join(
        (
            _switch(lang),
            "<main>",
            _head(report),
            _targets(report),
            tables,
            _pictures(pictures),
            _foot(report, notes, footer),
            "</main>",
        )
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{lang.value}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(str(report.unit))}</title><style>{_style()}</style></head><body>{body}</body></html>\n"
    ).encode()


def _style() -> str:
    return (resources.files("crc_core") / "data" / "report" / "page.css").read_text(encoding="utf-8")


def _switch(lang: Lang) -> str:
    choices = (("zh", "中文"), ("en", "English"), ("both", "中文 + English"))
    inputs = "".join(
        f'<input class="switch" type="radio" name="show" id="show-{name}"{" checked" if name == lang.value else ""}>'
        for name, _ in choices
    )
    return inputs + "<nav>" + "".join(f'<label for="show-{name}">{words}</label>' for name, words in choices) + "</nav>"


def _head(report: Report) -> str:
    title = both(said("report.page.title"))
    return f'<header class="page"><h1>{title}</h1><div class="unit">{escape(str(report.unit))}</div></header>'


def _targets(report: Report) -> str:
    parts = []
    for target in REPORTED_TARGETS:
        answer = report.targets.get(target)
        state = said("report.no_answer") if answer is None else said(f"report.target_answer.{answer.value}")
        counts = _counts(report, target)
        name = both(said(f"report.target.{target.value}"))
        parts.append(f"<span><b>{name}</b> {both(state)}{counts}</span>")
    return f'<div class="targets">{"".join(parts)}</div>'


def _counts(report: Report, target: Target) -> str:
    lesions = report.lesions_of(target)
    if not lesions:
        return ""
    uncertain = len(report.lesions_of(target, LesionClass.UNCERTAIN))
    code = "report.page.lesions_uncertain" if uncertain else "report.page.lesions"
    return both(said(code, count=len(lesions), uncertain=uncertain))


def _table(report: Report, template: Template, notes: Notes) -> str:
    main = [section for section in template.sections if not section.print_after and section.id != "header"]
    inserted = [section for section in template.sections if section.print_after]
    html = ""
    for section in main:
        if not block_visible(report, section):
            continue
        for number in report.numbers(section):
            rows = "".join(_groups(report, template, section, number, inserted, notes))
            html += _sheet(report, template, section, number, rows)
        if section.repeat is Repeat.PER_LESION and not report.numbers(section):
            rows = "".join(_inserted(report, template, inserted, None, notes))
            html += _sheet(report, template, section, None, rows)
    return html


def _sheet(report: Report, template: Template, section: Section, number: int | None, rows: str) -> str:
    several = number is not None and len(report.numbers(section)) > 1
    title = both(template.title) + (f" · {number}" if several else "")
    case = f'<tr class="case"><td colspan="2">{case_line(report, template)}</td></tr>'
    foot = f'<p class="foot">{both(template.footnote)}</p>'
    form = f'<table class="form"><tbody>{case}{rows}</tbody></table>'
    return f'<section class="table"><h2>{title}</h2>{form}{foot}</section>'


def _groups(
    report: Report, template: Template, section: Section, number: int | None, inserted: list[Section], notes: Notes
) -> list[str]:
    rows = []
    for group in section.groups:
        html = group_rows(report, template, section.id, number, group, notes)
        if html:
            rows.append(f"<tr><th>{both(group.label)}</th><td>{html}</td></tr>")
        rows += _inserted(report, template, inserted, group.id, notes)
    return rows


def _inserted(
    report: Report, template: Template, inserted: list[Section], after: str | None, notes: Notes
) -> list[str]:
    rows = []
    for section in inserted:
        if after not in (None, section.print_after):
            continue
        for number in report.numbers(section):
            for group in section.groups:
                html = group_rows(report, template, section.id, number, group, notes)
                label = (
                    both(group.label) if number is None else both(group.label) + _lesion_name(report, section, number)
                )
                kind = "" if number is None else ' class="lesion"'
                rows.append(f"<tr{kind}><th>{label}</th><td>{html}</td></tr>")
    return rows


def _lesion_name(report: Report, section: Section, number: int) -> str:
    if section.target is None:
        return ""
    lesion = next(lesion for lesion in report.lesions_of(section.target) if lesion.number == number)
    code = "report.page.uncertain_lesion" if lesion.lesion_class is LesionClass.UNCERTAIN else "report.page.lesion"
    return f"<br>{both(said(code, number=number))}"


def _pictures(pictures: Sequence[Picture]) -> str:
    if not pictures:
        return ""
    figures = "".join(
        f"<figure{' class=wide' if picture.wide else ''}>"
        f'<img alt="{escape(picture.caption.zh)} {escape(picture.caption.en)}" '
        f'src="data:image/png;base64,{base64.b64encode(picture.png).decode()}">'
        f"<figcaption>{both(picture.caption)}</figcaption></figure>"
        for picture in pictures
    )
    title = both(said("report.page.key_images"))
    return f'<section class="table"><h2>{title}</h2><div class="pictures">{figures}</div></section>'


def _foot(report: Report, notes: Notes, footer: Sequence[Words]) -> str:
    numbered = [f"<p>{position} {both(words)}</p>" for position, words in enumerate(notes.words, 1)]
    starred = [f"<p>* {both(said('report.page.addition'))}</p>"]
    versions = ", ".join(str(ref) for ref in report.template_refs)
    lines = [said("report.page.templates", templates=versions), *footer, said("report.page.purpose")]
    closing = [f"<p>{both(line)}</p>" for line in lines]
    return f'<footer class="page">{"".join([*numbered, *starred, *closing])}</footer>'
