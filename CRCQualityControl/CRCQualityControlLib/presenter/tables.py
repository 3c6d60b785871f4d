"""Tables as the panel shows them: of words, and of numbers each of which opens the list behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableState:
    """A table: headings, and rows of words; `marks` are the rows that need attention."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    marks: frozenset[int] = frozenset()


@dataclass(frozen=True)
class CellState:
    """One cell; `key` is what opens the list behind it, empty where there is none."""

    words: str
    key: str = ""


@dataclass(frozen=True)
class GridState:
    """A table of numbers: headings, and rows of cells."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[CellState, ...], ...] = ()


NO_TABLE, NO_GRID = TableState(), GridState()
"""Nothing to show."""
