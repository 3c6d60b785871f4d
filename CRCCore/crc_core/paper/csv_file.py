"""CSV as spreadsheets open it: UTF-8 with a mark, commas, one heading line, numbers with a point."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime

from crc_core.files.records import time_text

Cell = str | int | float | bool | datetime | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Sheet:
    """A table: stable column names with units in them, and rows of as many cells."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a row has another number of cells than there are columns")


def csv_bytes(sheet: Sheet) -> bytes:
    """The sheet as a file; a missing value is an empty cell, and no text can be taken for a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(sheet.columns)
    writer.writerows([plain(cell) for cell in row] for row in sheet.rows)
    return stream.getvalue().encode("utf-8-sig")


def plain(cell: Cell) -> str:
    """One cell as text."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return f"{cell:.6g}"
    if isinstance(cell, datetime):
        return time_text(cell)
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text
