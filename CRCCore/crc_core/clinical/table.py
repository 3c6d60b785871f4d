"""A table of records as hospitals export it (CSV): every problem by row, and all of it or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crc_core.clinical.fields import Field, RecordKind
from crc_core.clinical.values import Problem, Value, plain, read_date, read_value
from crc_core.errors import CrcError
from crc_core.text import Lang, say

MOST_ROWS = 20_000
_CASE, _DATE = "case", "date"
_SEPARATORS = (",", "\t", ";")
_NAMED_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")
"""A first line that some spreadsheets write and all of them read."""

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_WITH_UNIT = re.compile(r"(.+?)\s*[(\[（](.+?)[)\]）]")


@dataclass(frozen=True)
class ClinicalRecord:
    """One record: its kind, its case, its date where the kind is dated, and its values in standard units."""

    kind: str
    case: str
    date: str | None
    values: Mapping[str, Value]


@dataclass(frozen=True)
class RowProblem:
    """A problem with the number of its row (1 is the header) and its column where it has one."""

    row: int
    column: str | None
    problem: Problem


@dataclass(frozen=True)
class ReadTable:
    """What a table holds and everything wrong with it; with a problem nothing of it is to be taken in."""

    records: tuple[ClinicalRecord, ...]
    problems: tuple[RowProblem, ...]
    rows: int


@dataclass(frozen=True)
class _Column:
    name: str
    field: Field | None
    unit: str | None = None


def read_table(data: bytes, kind: RecordKind, cases: Collection[str]) -> ReadTable:
    """The records in a table whose header names `case`, `date` and fields, by identifier or by name.

    Takes what spreadsheets save as text: UTF-8 (with a mark or without), UTF-16 and GB 18030, parted by commas, tabs or
    semicolons. A unit may stand in brackets behind a field's name. Raises CrcError for what is no table at all.
    """
    rows = _rows(decoded(data), kind)
    first = next(number for number, cells in enumerate(rows, start=1) if cells is not None)
    header = rows[first - 1] or []
    columns, problems = _columns(header, kind, first)
    records: list[ClinicalRecord] = []
    seen: dict[tuple[str, str | None], int] = {}
    for number, cells in enumerate(rows[first:], start=first + 1):
        if cells is None or not any(cell.strip() for cell in cells):
            continue
        record, wrong = _record(number, cells, columns, kind, cases)
        place = (record.case, record.date)
        if not wrong and place in seen:
            wrong = [RowProblem(number, None, Problem.of("clinical.twice_row", row=seen[place]))]
        seen.setdefault(place, number)
        problems += wrong
        records.append(record)
    return ReadTable(tuple(records) if not problems else (), tuple(problems), len(records))


def decoded(data: bytes) -> str:
    """The text of a table file; raises CrcError for a workbook and for what is no text."""
    if data.startswith(_WORKBOOKS):
        raise CrcError("clinical.workbook")
    encodings = ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise CrcError("clinical.not_a_table", most=MOST_ROWS)


def _rows(text: str, kind: RecordKind) -> list[list[str] | None]:
    """The rows in their order; None for the line by which a spreadsheet names what parts the cells."""
    named = _NAMED_SEPARATOR.match(text)
    parted = [_parted(text, named[1])] if named else [_parted(text, mark) for mark in _SEPARATORS]
    tables = [rows for rows in parted if rows]
    if not tables:
        raise CrcError("clinical.not_a_table", most=MOST_ROWS)
    best = max(tables, key=lambda rows: _known_columns(rows[0], kind))
    return [None, *best[1:]] if named else [*best]


def _parted(text: str, mark: str) -> list[list[str]]:
    """The cells under one separator; empty where that makes no table."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error:
        return []
    return rows if len(rows) <= MOST_ROWS + 1 else []


def _known_columns(header: list[str], kind: RecordKind) -> int:
    columns = [_column(cell.strip(), kind) for cell in header]
    return sum(column.field is not None or column.name in (_CASE, _DATE) for column in columns)


def _columns(header: list[str], kind: RecordKind, row: int) -> tuple[list[_Column], list[RowProblem]]:
    """What each column holds; columns without a head are allowed where they are empty all the way down."""
    columns = [_column(cell.strip(), kind) for cell in header]
    problems = []
    names = [column.name for column in columns]
    for position, column in enumerate(columns):
        if not column.name:
            continue
        if column.field is None and column.name not in (_CASE, _DATE):
            problem = Problem.of("clinical.unknown_column", column=header[position].strip()[:60])
            problems.append(RowProblem(row, column.name, problem))
        elif column.name in names[:position]:
            problems.append(RowProblem(row, column.name, Problem.of("clinical.twice_column", column=column.name)))
    if _CASE not in names:
        problems.append(RowProblem(row, None, Problem.of("clinical.no_case_column")))
    if kind.dated and _DATE not in names:
        problems.append(RowProblem(row, None, Problem.of("clinical.no_date_column")))
    return columns, problems


def _column(text: str, kind: RecordKind) -> _Column:
    match = _WITH_UNIT.fullmatch(text)
    for written, unit in ((text, None), (match[1], match[2]) if match else (text, None)):
        name = plain(written)
        if name.lower() in _words("clinical.case", _CASE):
            return _Column(_CASE, None)
        if kind.dated and name.lower() in _words("clinical.date", _DATE):
            return _Column(_DATE, None)
        for field in kind.fields:
            if name.lower() in _words(f"clinical.field.{field.id}", field.id):
                return _Column(field.id, field, unit)
    return _Column(text[:60], None)


def _words(code: str, name: str) -> set[str]:
    return {name, *(plain(say(code, lang)).lower() for lang in Lang)}


def _record(
    number: int, cells: list[str], columns: list[_Column], kind: RecordKind, cases: Collection[str]
) -> tuple[ClinicalRecord, list[RowProblem]]:
    case, day, wrong = "", None, []
    values: dict[str, Value] = {}
    # A spreadsheet leaves separators out at the end of a row; what stands behind the last head is nobody's value.
    for position, cell in enumerate(cells):
        column = columns[position] if position < len(columns) else _Column("", None)
        answer: Value | Problem | None = None
        if not column.name and cell.strip():
            answer = Problem.of("clinical.no_head", column=position + 1, text=cell.strip()[:40])
        elif column.name == _CASE:
            case = plain(cell).upper()
        elif column.name == _DATE:
            answer = read_date(_DATE, cell)
            day = None if isinstance(answer, Problem) else answer
        elif column.field is not None:
            answer = read_value(column.field, cell, column.unit)
            if answer is not None and not isinstance(answer, Problem):
                values[column.name] = answer
        if isinstance(answer, Problem):
            wrong.append(RowProblem(number, column.name or None, answer))
    if any(column.name == _CASE for column in columns) and case not in cases:
        wrong.append(RowProblem(number, _CASE, Problem.of("clinical.unknown_case", case=case[:40])))
    if not values and not wrong:
        wrong.append(RowProblem(number, None, Problem.of("clinical.empty_row")))
    return ClinicalRecord(kind.id, case, day, values), wrong
