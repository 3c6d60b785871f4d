"""How our panels look: labels that wrap, quiet words, buttons of one kind; colours come from the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from itertools import pairwise

import qt

from crc_widgets.flow import Flow

GAP = 4


class Weight(Enum):
    """How loud a label speaks."""

    PLAIN = "plain"
    STRONG = "strong"
    QUIET = "quiet"


def label(parent: qt.QWidget, weight: Weight = Weight.PLAIN, *, wrap: bool = True, name: str = "") -> qt.QLabel:
    """A label; one that wraps never asks for more width than it is given."""
    made = qt.QLabel(parent)
    made.setTextFormat(qt.Qt.PlainText)
    if name:
        made.setObjectName(name)
    if wrap:
        # Without the minimum a label asks for more width than the panel has, and its lines are cut off.
        made.setMinimumWidth(1)
        made.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Preferred)
        made.setWordWrap(True)
    if weight is Weight.STRONG:
        strong(made)
    elif weight is Weight.QUIET:
        quiet(made)
    return made


def strong(widget: qt.QWidget) -> None:
    """Set the words of a widget in bold."""
    font = widget.font
    font.setBold(True)
    widget.setFont(font)


def quiet(widget: qt.QWidget) -> None:
    """Let the words of a widget step back: nearer to the ground, still easy to read."""
    palette = widget.palette
    text, ground = palette.color(qt.QPalette.WindowText), palette.color(qt.QPalette.Window)
    for role in (qt.QPalette.WindowText, qt.QPalette.ButtonText):
        palette.setColor(role, _mixed(text, ground, 0.68))
    widget.setPalette(palette)


def tint(widget: qt.QWidget, colour: qt.QColor) -> None:
    """Lay a thin tint of a colour under a widget: the one ground that means something (a message, a question)."""
    palette = widget.palette
    ground = palette.color(qt.QPalette.Window)
    mixed = [
        round(0.16 * getattr(colour, part)() + 0.84 * getattr(ground, part)()) for part in ("red", "green", "blue")
    ]
    palette.setColor(qt.QPalette.Window, qt.QColor(*mixed))
    widget.setPalette(palette)
    widget.setAutoFillBackground(True)


def _mixed(colour: qt.QColor, ground: qt.QColor, share: float) -> qt.QColor:
    parts = ("red", "green", "blue")
    return qt.QColor(
        *(round(share * getattr(colour, part)() + (1 - share) * getattr(ground, part)()) for part in parts)
    )


def button(parent: qt.QWidget, name: str, call: Callable[[], None], icon: qt.QIcon | None = None) -> qt.QPushButton:
    """A push button; `call` must be a bound method that somebody keeps."""
    made = qt.QPushButton(parent)
    made.setObjectName(name)
    made.setAutoDefault(False)
    if icon is not None:
        made.setIcon(icon)
    made.connect("clicked()", call)
    return made


def tool(
    parent: qt.QWidget, name: str, call: Callable[[], None] | None, icon: qt.QIcon | None = None
) -> qt.QToolButton:
    """A flat button, by default of an icon alone; every one can be reached with the Tab key."""
    made = qt.QToolButton(parent)
    made.setObjectName(name)
    made.setAutoRaise(True)
    made.setFocusPolicy(qt.Qt.StrongFocus)
    if icon is not None:
        made.setIcon(icon)
    if call is not None:
        made.connect("clicked()", call)
    return made


def worded(made: qt.QToolButton) -> qt.QToolButton:
    """A flat button that shows its words beside its icon."""
    made.setToolButtonStyle(qt.Qt.ToolButtonTextBesideIcon)
    return made


def column(widget: qt.QWidget, margin: int = 0, gap: int = GAP) -> qt.QVBoxLayout:
    """The layout of a widget whose parts stand below each other."""
    layout = qt.QVBoxLayout(widget)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(gap)
    return layout


def line(widget: qt.QWidget | None = None, gap: int = GAP) -> qt.QHBoxLayout:
    """A layout whose parts stand beside each other."""
    layout = qt.QHBoxLayout() if widget is None else qt.QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(gap)
    return layout


def rule(parent: qt.QWidget) -> qt.QFrame:
    """A thin line between two parts."""
    made = qt.QFrame(parent)
    made.setFrameShape(qt.QFrame.HLine)
    made.setFrameShadow(qt.QFrame.Sunken)
    return made


def scrolled(parent: qt.QWidget, content: qt.QWidget, name: str) -> qt.QScrollArea:
    """A scroll area that scrolls up and down only; its bar keeps its place, so that nothing jumps sideways."""
    area = qt.QScrollArea(parent)
    area.setObjectName(name)
    area.setFrameShape(qt.QFrame.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
    area.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOn)
    area.setFocusPolicy(qt.Qt.NoFocus)
    area.setMinimumHeight(60)
    area.setWidget(content)
    return area


def show_words(widget: qt.QLabel, words: str) -> None:
    """Show words, or take the label away where there are none."""
    if widget.text != words:
        widget.setText(words)
    if widget.isHidden() != (not words):
        widget.setVisible(bool(words))


def order_tabs(root: qt.QWidget) -> None:
    """Let the Tab key go through everything below a widget in the order in which it is seen."""
    stops = list(_stops(root))
    for before, after in pairwise(stops):
        qt.QWidget.setTabOrder(before, after)


def _stops(widget: qt.QWidget) -> Iterator[qt.QWidget]:
    for child in _children(widget):
        if int(child.property("focusPolicy")) & _TAB:
            yield child
        else:
            yield from _stops(child)


_TAB = 1


def _children(widget: qt.QWidget) -> Iterator[qt.QWidget]:
    if isinstance(widget, Flow):
        yield from widget.members
    elif widget.inherits("QScrollArea"):
        yield widget.widget()
    elif widget.inherits("QStackedWidget"):
        yield from (widget.widget(index) for index in range(widget.count))
    elif widget.layout() is not None:
        yield from _laid(widget.layout())


def _laid(layout: qt.QLayout) -> Iterator[qt.QWidget]:
    for index in range(layout.count()):
        item = layout.itemAt(index)
        if item.widget() is not None:
            yield item.widget()
        elif item.layout() is not None:
            yield from _laid(item.layout())
