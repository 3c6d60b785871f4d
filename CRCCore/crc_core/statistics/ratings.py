"""Measurements of cases by raters, from a table with the columns case, rater, value and perhaps measure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.errors import CrcError
from crc_core.statistics.csv_table import Row, read_table, required_cell

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, eq=False)
class Ratings:
    """What was measured of one thing: cases and raters in the order of the table, values by (case, rater).

    `measure` is empty where the table has no such column. A pair without a value is a gap.
    """

    measure: str
    cases: tuple[str, ...]
    raters: tuple[str, ...]
    values: dict[tuple[str, str], float]

    @property
    def incomplete_cases(self) -> tuple[str, ...]:
        """Cases that some rater did not measure."""
        return tuple(case for case in self.cases if any((case, rater) not in self.values for rater in self.raters))


def read_ratings(path: Path) -> tuple[Ratings, ...]:
    """The measures of a table in the order of the file; an empty value is a gap.

    Raises CrcError naming the line for text, NaN or infinity as a value and for a case measured twice by one rater.
    """
    table = read_table(path, ("case", "rater", "value"))
    has_measure = "measure" in table.columns
    rows: dict[str, list[Row]] = {}
    for row in table.rows:
        rows.setdefault(required_cell(row, "measure", path) if has_measure else "", []).append(row)
    return tuple(_collect(measure, of_measure, path) for measure, of_measure in rows.items())


def ratings_matrix(ratings: Ratings, path: Path, skip_incomplete: bool) -> NDArray[np.float64]:
    """The complete table `[case, rater]`; raises CrcError naming the first gap unless such cases are to be skipped."""
    incomplete = set(ratings.incomplete_cases)
    if incomplete and not skip_incomplete:
        case = ratings.incomplete_cases[0]
        rater = next(rater for rater in ratings.raters if (case, rater) not in ratings.values)
        raise CrcError("statistics.gap", path=path, case=case, rater=rater, count=len(incomplete))
    complete = [case for case in ratings.cases if case not in incomplete]
    values = [[ratings.values[case, rater] for rater in ratings.raters] for case in complete]
    return np.array(values, dtype=np.float64).reshape(len(complete), len(ratings.raters))


def _collect(measure: str, rows: list[Row], path: Path) -> Ratings:
    cases: dict[str, None] = {}
    raters: dict[str, None] = {}
    values: dict[tuple[str, str], float] = {}
    seen: set[tuple[str, str]] = set()
    for row in rows:
        case, rater = required_cell(row, "case", path), required_cell(row, "rater", path)
        cases[case], raters[rater] = None, None
        if (case, rater) in seen:
            raise CrcError("statistics.measured_twice", path=path, line=row.line, case=case, rater=rater)
        seen.add((case, rater))
        if row.cells["value"]:
            values[case, rater] = _number(row, path)
    return Ratings(measure, tuple(cases), tuple(raters), values)


def _number(row: Row, path: Path) -> float:
    text = row.cells["value"]
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise CrcError("statistics.not_a_number", path=path, line=row.line, seen=text[:40])
    return float(text)
