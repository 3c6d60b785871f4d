"""The page a demonstration ends with: what was made, in a table, and pictures of how it came about."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from crc_core.files.atomic import write_bytes
from crc_core.text import Lang, say


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; `note` explains the colours."""

    png: bytes
    title: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One row of the table of what was made."""

    unit: str
    mode: str
    agreement: str
    outcome: str
    final: str
    report: Path | None = None


def write_page(
    path: Path,
    lang: Lang,
    lines: Sequence[Line],
    figures: Sequence[Figure],
    facts: Sequence[str],
    *,
    own: bool = False,
) -> None:
    """Write the page as one HTML file without script or outside resource; reports are linked relative to it.

    `own` words it for a person's own study, which has no table.
    """
    title = say("demo.page.title", lang)
    rows = "".join(_row(line, path.parent, lang) for line in lines)
    heads = "".join(f"<th>{escape(say(f'demo.table.{name}', lang))}</th>" for name in _COLUMNS)
    style = (resources.files("crc_core") / "data" / "demo" / "page.css").read_text(encoding="utf-8")
    lead = say("demo.page.lead_own" if own else "demo.page.lead", lang)
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>" if lines else ""
    body = (
        f"<h1>{escape(title)}</h1><p>{escape(lead)}</p>{table}"
        + "".join(_figure(figure) for figure in figures)
        + "<ul>"
        + "".join(f"<li>{escape(fact)}</li>" for fact in facts)
        + "</ul>"
    )
    document = (
        f'<!DOCTYPE html>\n<html lang="{lang.value}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )
    write_bytes(path, document.encode())


_COLUMNS = ("unit", "mode", "agreement", "outcome", "final", "report")


def _row(line: Line, folder: Path, lang: Lang) -> str:
    cells = [line.unit, line.mode, line.agreement, line.outcome, line.final]
    link = ""
    if line.report is not None:
        href = escape(line.report.relative_to(folder).as_posix(), quote=True)
        link = f'<a href="{href}">{escape(say("demo.table.open", lang))}</a>'
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td>{link}</td></tr>"


def _figure(figure: Figure) -> str:
    data = base64.b64encode(figure.png).decode("ascii")
    note = f"<small>{escape(figure.note)}</small>" if figure.note else ""
    return (
        f'<figure><figcaption>{escape(figure.title)}{note}</figcaption><img alt="{escape(figure.title, quote=True)}" '
        f'src="data:image/png;base64,{data}"></figure>'
    )
