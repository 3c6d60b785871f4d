"""One HTML file for the screen and for paper: headings, sentences, tables, plots; no script, no outside resource."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from crc_core.paper.csv_file import Cell, Sheet, plain
from crc_core.text import Lang

_STYLE = """
body{font:14px/1.5 "Noto Sans","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#1c2733;margin:0;background:#fff}
main{max-width:1000px;margin:0 auto;padding:24px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 6px;border-bottom:1px solid #cfd8e0;padding-bottom:3px}
p{margin:4px 0}p.lead{color:#51606e}
table{border-collapse:collapse;margin:8px 0;font-size:13px}
th,td{border:1px solid #cfd8e0;padding:3px 8px;text-align:left;vertical-align:top}
th{background:#eef2f5}td.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:10px 0;display:inline-block}figcaption{color:#51606e;font-size:12.5px;max-width:460px}
@media print{main{max-width:none;padding:0}h2{break-after:avoid}figure,tr{break-inside:avoid}}
"""


@dataclass(frozen=True)
class Figure:
    """A plot (SVG text) with what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Part:
    """A part of a page: a heading, sentences, at most one table, plots beside each other."""

    title: str
    sentences: tuple[str, ...] = ()
    sheet: Sheet | None = None
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page: its title, sentences under it, and its parts."""

    title: str
    lead: tuple[str, ...]
    parts: tuple[Part, ...]


def html_bytes(page: Page, lang: Lang) -> bytes:
    """The page as one file in `lang`."""
    body = f"<h1>{escape(page.title)}</h1>{_sentences(page.lead, 'lead')}{''.join(map(_part, page.parts))}"
    language = "zh-CN" if lang is Lang.ZH else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(page.title)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>\n"
    ).encode()


def _part(part: Part) -> str:
    table = "" if part.sheet is None else _table(part.sheet)
    figures = "".join(
        f"<figure>{figure.svg}<figcaption>{escape(figure.caption)}</figcaption></figure>" for figure in part.figures
    )
    return f"<h2>{escape(part.title)}</h2>{_sentences(part.sentences)}{table}{figures}"


def _sentences(sentences: Sequence[str], kind: str = "") -> str:
    attribute = f' class="{kind}"' if kind else ""
    return "".join(f"<p{attribute}>{escape(sentence)}</p>" for sentence in sentences)


def _table(sheet: Sheet) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in sheet.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in sheet.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(cell: Cell) -> str:
    is_number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    shown = f"{cell:.4g}" if isinstance(cell, float) else escape(plain(cell).removeprefix("'"))
    return f'<td class="n">{shown}</td>' if is_number else f"<td>{shown}</td>"
