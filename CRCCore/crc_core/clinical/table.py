"""A table of records as hospitals export it (CSV): every problem by row, and all of it or nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from crc_core.clinical.fields import Field, RecordKind
from crc_core.clinical.values import Problem, Value, read_date, read_value
from crc_core.errors import CrcError
from crc_core.text import Lang, say

MOST_ROWS = 20_000
_CASE, _DATE = "case", "date"
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
    """The records in a CSV (UTF-8 or GB 18030) whose header names `case`, `date` and fields, by identifier or by name.

    A unit may stand in brackets behind a field's name. Raises CrcError for what is no table at all.
    """
    rows = _rows(data)
    columns, problems = _columns(rows[0], kind)
    records: list[ClinicalRecord] = []
    seen: dict[tuple[str, str | None], int] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        record, wrong = _record(number, cells, columns, kind, cases)
        place = (record.case, record.date)
        if not wrong and place in seen:
            wrong = [RowProblem(number, None, Problem.of("clinical.twice_row", row=seen[place]))]
        seen.setdefault(place, number)
        problems += wrong
        records.append(record)
    return ReadTable(tuple(records) if not problems else (), tuple(problems), len(records))


def _rows(data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            break
        if rows and len(rows) <= MOST_ROWS + 1 and "\0" not in text:
            return rows
        break
    raise CrcError("clinical.not_a_table", most=MOST_ROWS)


def _columns(header: list[str], kind: RecordKind) -> tuple[list[_Column], list[RowProblem]]:
    columns = [_column(cell.strip(), kind) for cell in header]
    problems = []
    names = [column.name for column in columns]
    for position, column in enumerate(columns):
        if column.field is None and column.name not in (_CASE, _DATE):
            problem = Problem.of("clinical.unknown_column", column=header[position].strip()[:60])
            problems.append(RowProblem(1, column.name, problem))
        elif column.name in names[:position]:
            problems.append(RowProblem(1, column.name, Problem.of("clinical.twice_column", column=column.name)))
    if _CASE not in names:
        problems.append(RowProblem(1, None, Problem.of("clinical.no_case_column")))
    if kind.dated and _DATE not in names:
        problems.append(RowProblem(1, None, Problem.of("clinical.no_date_column")))
    return columns, problems


def _column(text: str, kind: RecordKind) -> _Column:
    match = _WITH_UNIT.fullmatch(text)
    for name, unit in ((text, None), (match[1], match[2]) if match else (text, None)):
        if name.lower() in _words("clinical.case", _CASE):
            return _Column(_CASE, None)
        if kind.dated and name.lower() in _words("clinical.date", _DATE):
            return _Column(_DATE, None)
        for field in kind.fields:
            if name.lower() in _words(f"clinical.field.{field.id}", field.id):
                return _Column(field.id, field, unit)
    return _Column(text[:60], None)


def _words(code: str, name: str) -> set[str]:
    return {name, *(say(code, lang).lower() for lang in Lang)}


def _record(
    number: int, cells: list[str], columns: list[_Column], kind: RecordKind, cases: Collection[str]
) -> tuple[ClinicalRecord, list[RowProblem]]:
    case, day, wrong = "", None, []
    values: dict[str, Value] = {}
    for column, cell in zip(columns, cells, strict=False):
        answer: Value | Problem | None = None
        if column.name == _CASE:
            case = cell.strip()
        elif column.name == _DATE:
            answer = read_date(_DATE, cell)
            day = None if isinstance(answer, Problem) else answer
        elif column.field is not None:
            answer = read_value(column.field, cell, column.unit)
            if answer is not None and not isinstance(answer, Problem):
                values[column.name] = answer
        if isinstance(answer, Problem):
            wrong.append(RowProblem(number, column.name, answer))
    if any(column.name == _CASE for column in columns) and case not in cases:
        wrong.append(RowProblem(number, _CASE, Problem.of("clinical.unknown_case", case=case[:40])))
    if not values and not wrong:
        wrong.append(RowProblem(number, None, Problem.of("clinical.empty_row")))
    return ClinicalRecord(kind.id, case, day, values), wrong
