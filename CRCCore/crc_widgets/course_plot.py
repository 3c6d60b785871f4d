"""A plot of courses over time from 0 to 1 with the mark to reach; hues and shapes are told apart by everybody."""

# ruff: noqa: N802, the names of the overrides are Qt's

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol

import qt

_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 14, 26, 24
_HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
"""Okabe and Ito 2008."""

_MARK = "#888888"
_REACH_PX, _DOT_PX = 9, 4.5
_LEAST_HEIGHT = 150


class PointLike(Protocol):
    """One point of a course; `key` opens the list behind it."""

    at: datetime
    value: float
    count: int
    key: str


class CourseLike(Protocol):
    """One course with its name."""

    words: str
    points: Sequence[PointLike]


class CoursePlot(qt.QWidget):
    """Draws courses; `opened(key)` is told of a point that is clicked. The words of `mark` stand at its line."""

    def __init__(self, parent: qt.QWidget, name: str, opened: Callable[[str], None]) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Expanding)
        self.setMouseTracking(True)
        self._opened = opened
        self._courses: tuple[CourseLike, ...] = ()
        self._mark, self._mark_words = 0.0, ""

    def draw(self, courses: Sequence[CourseLike], mark: float, mark_words: str) -> None:
        """Show these courses."""
        self._courses, self._mark, self._mark_words = tuple(courses), mark, mark_words
        self.update()

    def place(self, key: str) -> tuple[float, float] | None:
        """Where the point of a key is drawn, in pixels from the upper left corner."""
        return next(((x, y) for x, y, point, _ in self._placed() if point.key == key), None)

    def paintEvent(self, _event: qt.QPaintEvent) -> None:
        """Draw axes, mark, courses and their names."""
        painter = qt.QPainter(self)
        painter.setRenderHint(qt.QPainter.Antialiasing)
        self._axes(painter)
        for number, course in enumerate(self._courses):
            self._course(painter, number, course)
        painter.end()

    def mouseMoveEvent(self, event: qt.QMouseEvent) -> None:
        """Say what a point stands for."""
        found = self._at(event.x(), event.y())
        self.setCursor(qt.QCursor(qt.Qt.ArrowCursor if found is None else qt.Qt.PointingHandCursor))
        self.setToolTip("" if found is None else f"{found[1].words} {found[0].at:%Y-%m}: {found[0].value:.3f}")

    def mouseReleaseEvent(self, event: qt.QMouseEvent) -> None:
        """Open the list behind a point."""
        found = self._at(event.x(), event.y())
        if found is not None:
            self._opened(found[0].key)

    def _at(self, x: float, y: float) -> tuple[PointLike, CourseLike] | None:
        near = ((abs(x - px) + abs(y - py), point, course) for px, py, point, course in self._placed())
        found = min(near, key=lambda item: item[0], default=None)
        return None if found is None or found[0] > _REACH_PX else (found[1], found[2])

    def _placed(self) -> list[tuple[float, float, PointLike, CourseLike]]:
        return [
            (self._x(point.at), self._y(point.value), point, course)
            for course in self._courses
            for point in course.points
        ]

    def _ends(self) -> tuple[float, float]:
        times = [point.at.timestamp() for course in self._courses for point in course.points]
        if not times:
            return 0.0, 1.0
        spare = max((max(times) - min(times)) * 0.05, 86400.0 * 10)
        return min(times) - spare, max(times) + spare

    def _x(self, at: datetime) -> float:
        first, last = self._ends()
        return _LEFT + (self.width - _LEFT - _RIGHT) * (at.timestamp() - first) / (last - first)

    def _y(self, value: float) -> float:
        return self.height - _BOTTOM - (self.height - _TOP - _BOTTOM) * value

    def _axes(self, painter: qt.QPainter) -> None:
        text = self.palette.color(qt.QPalette.WindowText)
        right, bottom = self.width - _RIGHT, self.height - _BOTTOM
        painter.setPen(qt.QPen(text))
        painter.drawLine(_LEFT, _TOP, _LEFT, bottom)
        painter.drawLine(_LEFT, bottom, right, bottom)
        for tick in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            y = round(self._y(tick))
            painter.drawLine(_LEFT - 3, y, _LEFT, y)
            painter.drawText(0, y - 8, _LEFT - 7, 16, qt.Qt.AlignRight | qt.Qt.AlignVCenter, f"{tick:g}")
        months = sorted({point.at for course in self._courses for point in course.points})
        every = max(1, len(months) * 58 // max(1, right - _LEFT) + 1)
        for at in months[::every]:
            x = round(self._x(at))
            painter.drawLine(x, bottom, x, bottom + 3)
            painter.drawText(x - 30, bottom + 4, 60, 18, qt.Qt.AlignHCenter | qt.Qt.AlignTop, f"{at:%Y-%m}")
        pen = qt.QPen(qt.QColor(_MARK))
        pen.setStyle(qt.Qt.DashLine)
        painter.setPen(pen)
        y = round(self._y(self._mark))
        painter.drawLine(_LEFT, y, right, y)
        painter.drawText(right - 120, y + 1, 120, 16, qt.Qt.AlignRight | qt.Qt.AlignTop, self._mark_words)

    def _course(self, painter: qt.QPainter, number: int, course: CourseLike) -> None:
        colour = qt.QColor(_HUES[number % len(_HUES)])
        pen = qt.QPen(colour)
        pen.setWidthF(1.6)
        painter.setPen(pen)
        places = [(self._x(point.at), self._y(point.value)) for point in course.points]
        for (x, y), (next_x, next_y) in pairwise(places):
            painter.drawLine(round(x), round(y), round(next_x), round(next_y))
        for x, y in places:
            painter.fillPath(_shape(number, x, y), qt.QBrush(colour))
        x = _LEFT + 8 + number * 150
        painter.fillPath(_shape(number, x, _TOP / 2), qt.QBrush(colour))
        painter.setPen(qt.QPen(self.palette.color(qt.QPalette.WindowText)))
        painter.drawText(x + 10, 0, 138, _TOP, qt.Qt.AlignLeft | qt.Qt.AlignVCenter, course.words)


def _shape(number: int, x: float, y: float) -> qt.QPainterPath:
    """A mark of its own for every course: round, square, triangle, diamond."""
    path, r = qt.QPainterPath(), _DOT_PX
    kind = number % 4
    if kind == 0:
        path.addEllipse(x - r, y - r, 2 * r, 2 * r)
        return path
    corners = {
        1: ((-r, -r), (r, -r), (r, r), (-r, r)),
        2: ((0, -r * 1.2), (r * 1.15, r), (-r * 1.15, r)),
        3: ((0, -r * 1.3), (r * 1.3, 0), (0, r * 1.3), (-r * 1.3, 0)),
    }[kind]
    path.moveTo(x + corners[0][0], y + corners[0][1])
    for dx, dy in corners[1:]:
        path.lineTo(x + dx, y + dy)
    path.closeSubpath()
    return path
