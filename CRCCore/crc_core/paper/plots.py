"""Plots as SVG text: points with limits, bars, intervals, a course over time.

Written for paper: every plot says its axes in words, marks differ by shape as well as by colour (Okabe and Ito 2008,
safe for colour-blind eyes), and the same numbers give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

WIDTH, HEIGHT = 460, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 14, 46
_BLUE, _ORANGE, _GREY = "#0072b2", "#d55e00", "#7a8793"
_ROW = 24


@dataclass(frozen=True)
class Dot:
    """A point of a plot and what it stands for."""

    x: float
    y: float
    name: str = ""


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval (None where it has no finite one)."""

    label: str
    value: float
    ends: tuple[float, float] | None = None


def differences(dots: Sequence[Dot], bias: float, limits: tuple[float, float], x_label: str, y_label: str) -> str:
    """A Bland-Altman plot: differences over means, the bias as a line, the limits of agreement dashed."""
    xs = [dot.x for dot in dots]
    ys = [*(dot.y for dot in dots), bias, *limits, 0.0]
    frame = _Frame(_range(xs), _range(ys))
    lines = "".join(
        frame.line(value, colour, dashed)
        for value, colour, dashed in ((0.0, _GREY, False), (bias, _BLUE, False), *((v, _ORANGE, True) for v in limits))
    )
    return _svg(HEIGHT, frame.axes(x_label, y_label) + lines + "".join(map(frame.dot, dots)))


def timeline(times: Sequence[datetime], values: Sequence[float], mark: float, x_label: str, y_label: str) -> str:
    """A course over time from 0 to 1 with the mark to reach."""
    days = [time.timestamp() / 86400 for time in times]
    frame = _Frame(
        _range(days), (0.0, 1.0), x_ticks=[(day, time.strftime("%Y-%m-%d")) for day, time in _ends(days, times)]
    )
    path = " ".join(f"{frame.x(day):.1f},{frame.y(value):.1f}" for day, value in zip(days, values, strict=True))
    course = f'<polyline points="{path}" fill="none" stroke="{_BLUE}" stroke-width="1.5"/>' if len(days) > 1 else ""
    dots = "".join(frame.dot(Dot(day, value)) for day, value in zip(days, values, strict=True))
    return _svg(HEIGHT, frame.axes(x_label, y_label) + frame.line(mark, _ORANGE, True) + course + dots)


def bars(labels: Sequence[str], counts: Sequence[int], x_label: str, y_label: str) -> str:
    """Counts as bars beside each other."""
    frame = _Frame((0.0, float(len(labels))), (0.0, float(max(counts, default=0) or 1)), x_ticks=[])
    drawn = []
    for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
        left, right = frame.x(place + 0.12), frame.x(place + 0.88)
        top, bottom = frame.y(count), frame.y(0)
        drawn.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
            f' fill="{_BLUE}"/>'
            + _text((left + right) / 2, bottom + 14, label, "middle")
            + (_text((left + right) / 2, top - 3, str(count), "middle") if count else "")
        )
    return _svg(HEIGHT, frame.axes(x_label, y_label) + "".join(drawn))


def intervals(rows: Sequence[Interval], mark: float, x_label: str) -> str:
    """Values with their intervals below each other (a forest plot), cut to 0…1, with the mark to reach."""
    height = _TOP + _BOTTOM + _ROW * max(len(rows), 1)
    left = 180
    span = WIDTH - left - _RIGHT

    def x(value: float) -> float:
        return left + span * min(max(value, 0.0), 1.0)

    bottom = height - _BOTTOM
    drawn = [
        f'<path d="M{x(mark):.1f} {_TOP}V{bottom}" stroke="{_ORANGE}" stroke-dasharray="5 4"/>',
        f'<line x1="{left}" y1="{bottom}" x2="{left + span}" y2="{bottom}" stroke="{_GREY}"/>',
        *(_text(x(tick), bottom + 15, f"{tick:g}", "middle") for tick in (0, 0.2, 0.4, 0.6, 0.8, 1)),
        _text(left + span / 2, height - 8, x_label, "middle"),
    ]
    for place, row in enumerate(rows):
        middle = _TOP + _ROW * (place + 0.5)
        drawn.append(_text(left - 8, middle + 4, row.label, "end"))
        if row.ends is not None:
            low, high = x(row.ends[0]), x(row.ends[1])
            drawn.append(f'<line x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}" stroke="{_BLUE}"/>')
        drawn.append(
            f'<rect x="{x(row.value) - 4:.1f}" y="{middle - 4:.1f}" width="8" height="8" fill="{_BLUE}">'
            f"<title>{escape(row.label)}: {row.value:.3f}</title></rect>"
        )
    return _svg(height, "".join(drawn))


class _Frame:
    """From values to places on paper."""

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], x_ticks: Sequence[tuple[float, str]] | None = None
    ) -> None:
        self._x, self._y = x, y
        self._x_ticks = [(value, f"{value:g}") for value in _ticks(x)] if x_ticks is None else x_ticks

    def x(self, value: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (value - self._x[0]) / (self._x[1] - self._x[0])

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (value - self._y[0]) / (self._y[1] - self._y[0])

    def axes(self, x_label: str, y_label: str) -> str:
        bottom = HEIGHT - _BOTTOM
        parts = [
            f'<path d="M{_LEFT} {_TOP}V{bottom}H{WIDTH - _RIGHT}" fill="none" stroke="{_GREY}"/>',
            *(_text(self.x(value), bottom + 15, words, "middle") for value, words in self._x_ticks),
            *(_text(_LEFT - 6, self.y(value) + 4, f"{value:g}", "end") for value in _ticks(self._y)),
            _text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, x_label, "middle"),
            f'<g transform="translate(13 {(_TOP + bottom) / 2}) rotate(-90)">{_text(0, 0, y_label, "middle")}</g>',
        ]
        return "".join(parts)

    def line(self, value: float, colour: str, dashed: bool) -> str:
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        place = f"{self.y(value):.1f}"
        return f'<line x1="{_LEFT}" y1="{place}" x2="{WIDTH - _RIGHT}" y2="{place}" stroke="{colour}"{dash}/>'

    def dot(self, dot: Dot) -> str:
        title = f"<title>{escape(dot.name)}</title>" if dot.name else ""
        place = f'cx="{self.x(dot.x):.1f}" cy="{self.y(dot.y):.1f}"'
        return f'<circle {place} r="3.2" fill="{_BLUE}" fill-opacity="0.75">{title}</circle>'


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _ticks(ends: tuple[float, float]) -> list[float]:
    """Four to nine round numbers between the ends."""
    span = ends[1] - ends[0]
    base = 10.0 ** math.floor(math.log10(span / 4))
    step = base * next(factor for factor in (1, 2, 5, 10) if span / (base * factor) <= 9 or factor == 10)
    first = math.ceil(ends[0] / step - 1e-9)
    return [round(number * step, 12) + 0.0 for number in range(first, math.floor(ends[1] / step + 1e-9) + 1)]


def _ends(days: Sequence[float], times: Sequence[datetime]) -> list[tuple[float, datetime]]:
    pairs = list(zip(days, times, strict=True))
    return pairs if len(pairs) < 3 else [pairs[0], pairs[-1]]


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(height: int, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        f' font-family="Noto Sans,Noto Sans CJK SC,Microsoft YaHei,sans-serif" font-size="11" fill="#1c2733">'
        f"{inside}</svg>"
    )
