"""Icons drawn as shapes in the palette's colours, so that they are sharp at any size and seen on a dark theme too.

The shapes are in `data/icons.json`. A shape is a path in a field of 16 by 16: `M x y` moves, `L x y` draws a line,
`C x1 y1 x2 y2 x y` a curve, `Z` closes, `O x y r` is a circle. Before it stands how it is drawn: `s` a stroke, `f`
filled, `k` a stroke cut out of what lies below.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources

import qt

_FIELD = 16.0


class Tone(Enum):
    """What a colour means; each on a light and on a dark ground."""

    TEXT = None
    GOOD = ("#2e7d46", "#6cc287")
    NOTE = ("#1f66b0", "#7db4ea")
    OPEN = ("#6a6a6a", "#a9a9a9")
    WARN = ("#b26a00", "#f0ad4e")
    BAD = ("#b3261e", "#f28b82")


@dataclass(frozen=True)
class _Icon:
    shapes: tuple[str, ...]
    tone: Tone


@cache
def _icons() -> Mapping[str, _Icon]:
    text = (resources.files("crc_widgets") / "data" / "icons.json").read_text(encoding="utf-8")
    icons = json.loads(text)["icons"]
    return {name: _Icon(tuple(icon["shapes"]), Tone[icon["tone"].upper()]) for name, icon in icons.items()}


class Icons:
    """Makes icons for one widget's palette and screen; each is drawn once."""

    def __init__(self, widget: qt.QWidget) -> None:
        self._widget = widget
        self._made: dict[tuple[str, int], qt.QIcon] = {}

    def icon(self, name: str, size: int = 16) -> qt.QIcon:
        """The icon of that name."""
        made = self._made.get((name, size))
        if made is None:
            made = self._made[name, size] = qt.QIcon(self.pixmap(name, size))
        return made

    def pixmap(self, name: str, size: int = 16) -> qt.QPixmap:
        """The icon as a picture of `size` logical pixels."""
        icon = _icons()[name]
        ratio = self._widget.devicePixelRatioF()
        pixmap = qt.QPixmap(round(size * ratio), round(size * ratio))
        pixmap.fill(qt.QColor(0, 0, 0, 0))
        painter = qt.QPainter(pixmap)
        painter.setRenderHint(qt.QPainter.Antialiasing)
        painter.scale(size * ratio / _FIELD, size * ratio / _FIELD)
        ground = self._widget.palette.color(qt.QPalette.Window)
        colour = tone_colour(self._widget, icon.tone)
        for shape in icon.shapes:
            _paint(painter, shape, colour, ground)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        return pixmap


def icon_names() -> tuple[str, ...]:
    """Every icon there is."""
    return tuple(_icons())


def is_dark(widget: qt.QWidget) -> bool:
    """Whether the palette of a widget is dark."""
    return widget.palette.color(qt.QPalette.Window).lightness() < 128


def tone_colour(widget: qt.QWidget, tone: Tone) -> qt.QColor:
    """The colour of a tone on the ground of a widget."""
    if tone is Tone.TEXT:
        return widget.palette.color(qt.QPalette.WindowText)
    light, dark = tone.value
    return qt.QColor(dark if is_dark(widget) else light)


def _paint(painter: qt.QPainter, shape: str, colour: qt.QColor, ground: qt.QColor) -> None:
    how, path = shape[0], _path(shape[2:])
    if how == "f":
        painter.fillPath(path, qt.QBrush(colour))
        return
    pen = qt.QPen(ground if how == "k" else colour)
    pen.setWidthF(1.9 if how == "k" else 1.5)
    pen.setCapStyle(qt.Qt.RoundCap)
    pen.setJoinStyle(qt.Qt.RoundJoin)
    painter.strokePath(path, pen)


def _path(text: str) -> qt.QPainterPath:
    path, words = qt.QPainterPath(), iter(text.split())
    for letter in words:
        if letter == "Z":
            path.closeSubpath()
        elif letter == "O":
            x, y, r = (float(next(words)) for _ in range(3))
            path.addEllipse(x - r, y - r, 2 * r, 2 * r)
        elif letter == "C":
            path.cubicTo(*(float(next(words)) for _ in range(6)))
        else:
            x, y = (float(next(words)) for _ in range(2))
            path.moveTo(x, y) if letter == "M" else path.lineTo(x, y)
    return path
