"""A table as people save it: comma, semicolon or tab; UTF-8 with or without mark, UTF-16 or GB18030."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import read_bytes

_LARGEST_BYTES = 64 * 1024 * 1024
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Row:
    """One line of a table: its number in the file and its cells by column, without spaces around them."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """The columns of a table in lower case, and its rows; lines without any text are left out."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, required: Sequence[str]) -> Table:
    """The table in `path` with at least the columns `required`; raises CrcError naming the line where it is not one."""
    data = read_bytes(path)
    if len(data) > _LARGEST_BYTES:
        raise CrcError("statistics.table_too_large", path=path)
    text = _decode(data, path)
    lines = _lines(text, path)
    if not lines:
        raise CrcError("statistics.table_empty", path=path)
    columns = tuple(cell.lower() for cell in lines[0][1])
    missing = [column for column in required if column not in columns]
    if missing:
        raise CrcError("statistics.table_columns", path=path, missing=", ".join(missing), seen=", ".join(columns))
    twice = next((column for column in columns if column and columns.count(column) > 1), None)
    if twice:
        raise CrcError("statistics.table_column_twice", path=path, column=twice)
    rows = tuple(_row(number, cells, columns, path) for number, cells in lines[1:])
    if not rows:
        raise CrcError("statistics.table_empty", path=path)
    return Table(columns, rows)


def required_cell(row: Row, column: str, path: Path) -> str:
    """The text of a cell that must not be empty; raises CrcError naming the line."""
    if not row.cells[column]:
        raise CrcError("statistics.table_blank", path=path, line=row.line, column=column)
    return row.cells[column]


def _decode(data: bytes, path: Path) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise CrcError("statistics.table_encoding", path=path)


def _lines(text: str, path: Path) -> list[tuple[int, list[str]]]:
    head = text.lstrip().split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise CrcError("statistics.table_broken", path=path, line=reader.line_num) from error
    return [(number, cells) for number, cells in lines if any(cells)]


def _row(number: int, cells: list[str], columns: tuple[str, ...], path: Path) -> Row:
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        raise CrcError("statistics.table_long_line", path=path, line=number, seen=len(cells), expected=len(columns))
    padded = [*cells, *[""] * (len(columns) - len(cells))]
    return Row(number, dict(zip(columns, padded, strict=False)))
