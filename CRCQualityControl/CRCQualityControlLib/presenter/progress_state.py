"""What the page Progress shows: numbers with the key that opens the list behind each, and that list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from CRCQualityControlLib.presenter.tables import NO_GRID, NO_TABLE, GridState, TableState


@dataclass(frozen=True)
class CoursePoint:
    """One month of a course: when, the mean, of how many, and the key of the list behind it."""

    at: datetime
    value: float
    count: int
    key: str


@dataclass(frozen=True)
class Course:
    """The agreement of one target over time."""

    words: str
    points: tuple[CoursePoint, ...]


@dataclass(frozen=True)
class ProgressState:
    """`numbers` are (key, words, count) of the states, `chosen_words` says which list is open, `mark` is the aim."""

    is_ready: bool = False
    at: str = ""
    numbers: tuple[tuple[str, str, int], ...] = ()
    waiting: str = ""
    sites: GridState = NO_GRID
    readers: GridState = NO_GRID
    agreement: GridState = NO_GRID
    courses: tuple[Course, ...] = ()
    mark: float = 0.0
    chosen: str = ""
    chosen_words: str = ""
    units: TableState = NO_TABLE
    shows_readers: bool = False
