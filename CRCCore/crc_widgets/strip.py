"""A strip of buttons of which one is on: steps, targets, filters, phases; it wraps where there is no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt

from crc_widgets.flow import Flow
from crc_widgets.icons import Icons
from crc_widgets.look import tool, worded


@dataclass(frozen=True)
class StripItem:
    """One button of a strip; `icon` is one of ours or empty."""

    key: str
    words: str
    icon: str = ""
    enabled: bool = True
    tip: str = ""


class Strip:
    """The buttons; `chosen(key)` is called on a click, what is on is told by `show` alone."""

    def __init__(
        self,
        parent: qt.QWidget,
        name: str,
        icons: Icons,
        chosen: Callable[[str], None],
        *,
        even: bool = False,
        icon_size: int = 16,
    ) -> None:
        self.widget = Flow(parent, gap=2, even=even)
        self.widget.setObjectName(name)
        self._name, self._icons, self._chosen, self._icon_size = name, icons, chosen, icon_size
        self._buttons: dict[str, _Button] = {}
        self._items: tuple[StripItem, ...] = ()
        self._current: str | None = None

    def show(self, items: Sequence[StripItem], current: str | None) -> bool:
        """Show these buttons with one on (or none); whether buttons came or went."""
        items = tuple(items)
        moved = [item.key for item in items] != [item.key for item in self._items]
        if moved:
            self._follow(items)
        if items != self._items or current != self._current:
            for item in items:
                self._buttons[item.key].draw(item, item.key == current)
            self._items, self._current = items, current
            self.widget.place()
        return moved

    def clear(self) -> bool:
        """Show no buttons; whether there were any."""
        return self.show((), None)

    @property
    def items(self) -> tuple[StripItem, ...]:
        """The buttons that are shown."""
        return self._items

    def _follow(self, items: tuple[StripItem, ...]) -> None:
        for key in set(self._buttons) - {item.key for item in items}:
            gone = self._buttons.pop(key).widget
            self.widget.drop(gone)
            gone.hide()
            gone.deleteLater()
        for position, item in enumerate(items):
            if item.key not in self._buttons:
                made = _Button(self.widget, f"{self._name}.{item.key}", item.key, self._icons, self._clicked)
                made.widget.setIconSize(qt.QSize(self._icon_size, self._icon_size))
                self._buttons[item.key] = made
            else:
                self.widget.drop(self._buttons[item.key].widget)
            self.widget.add(self._buttons[item.key].widget, position)

    def _clicked(self, key: str) -> None:
        # The click has toggled the button already; what is on is decided by who is asked.
        self._buttons[key].widget.setChecked(key == self._current)
        self._chosen(key)


class _Button:
    def __init__(self, parent: qt.QWidget, name: str, key: str, icons: Icons, clicked: Callable[[str], None]) -> None:
        self._key, self._icons, self._clicked = key, icons, clicked
        self.widget = worded(tool(parent, name, self._click))
        self.widget.setCheckable(True)
        self.widget.setAutoRaise(False)
        self.widget.show()

    def draw(self, item: StripItem, on: bool) -> None:
        self.widget.setText(item.words)
        self.widget.setToolTip(item.tip)
        self.widget.setAccessibleName(item.tip or item.words)
        if item.icon:
            self.widget.setIcon(self._icons.icon(item.icon))
        self.widget.setToolButtonStyle(qt.Qt.ToolButtonTextBesideIcon if item.icon else qt.Qt.ToolButtonTextOnly)
        self.widget.setEnabled(item.enabled)
        self.widget.setChecked(on)
        font = self.widget.font
        if font.bold() != on:
            font.setBold(on)
            self.widget.setFont(font)

    def _click(self) -> None:
        self._clicked(self._key)
