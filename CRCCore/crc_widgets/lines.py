"""Lines that several pages show: something found with a way to go there, and a value with where it comes from."""

from __future__ import annotations

from collections.abc import Callable

import qt

from crc_widgets.icons import Icons
from crc_widgets.look import Weight, label, line, tool

_LABEL_WIDTH, _VALUE_WIDTH = 104, 58


class JumpLine:
    """An icon, words, and a button that goes there; `row` takes further buttons before the last."""

    def __init__(self, parent: qt.QWidget, icons: Icons, jump: Callable[[], None]) -> None:
        self._icons = icons
        self.widget = qt.QWidget(parent)
        self.row = line(self.widget, gap=6)
        self._icon, self._words = qt.QLabel(self.widget), label(self.widget)
        self.go = tool(self.widget, "", jump, icons.icon("go"))
        self.row.addWidget(self._icon)
        self.row.addWidget(self._words, 1)
        self.row.addWidget(self.go)

    def say(self, icon: str, meaning: str, words: str) -> None:
        """Show an icon, what it means, and the words beside it."""
        self._icon.setPixmap(self._icons.pixmap(icon, 16))
        self._icon.setToolTip(meaning)
        self._words.setText(words)


class ValueLine:
    """A label, a value, a mark that says where it comes from, details, and buttons at the end."""

    def __init__(self, parent: qt.QWidget, icons: Icons, *calls: tuple[str, Callable[[], None]]) -> None:
        self._icons = icons
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=6)
        self._label, self._value = label(self.widget), label(self.widget, Weight.STRONG, wrap=False)
        self._label.setFixedWidth(_LABEL_WIDTH)
        self._value.setMinimumWidth(_VALUE_WIDTH)
        self._mark = qt.QLabel(self.widget)
        self._detail = label(self.widget, Weight.QUIET)
        self.tools = tuple(tool(self.widget, "", call, icons.icon(icon)) for icon, call in calls)
        for widget in (self._label, self._value, self._mark, self._detail, *self.tools):
            row.addWidget(widget, 1 if widget is self._detail else 0)

    def say(self, name: str, words: str, value: str, detail: str) -> None:
        """Show a value under its label; `name` is the object name it is found by."""
        self._label.setText(words)
        self._label.setToolTip(words)
        self._value.setText(value)
        self._value.setObjectName(name)
        self._detail.setText(detail)

    def mark(self, icon: str, meaning: str, *, shown: bool = True) -> None:
        """Show where the value comes from."""
        self._mark.setPixmap(self._icons.pixmap(icon, 14))
        self._mark.setToolTip(meaning)
        self._mark.setVisible(shown)


def explain(button: qt.QToolButton, name: str, words: str, *, shown: bool = True) -> None:
    """Name a button of an icon alone, for the person and for a screen reader."""
    button.setObjectName(name)
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setVisible(shown)
