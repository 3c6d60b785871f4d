"""Rows that follow a sequence of items: a row stays as long as its key does, and is drawn anew only if changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import qt
from crc_core.text import Lang


class Row(Protocol):
    """One row: a widget, and how it shows an item."""

    widget: qt.QWidget

    def draw(self, item: Any, lang: Lang) -> None:
        """Show an item; its key is always the same."""


class Rows:
    """The rows in one layout; `make(key)` makes the row of a key, `key(item)` tells items apart."""

    def __init__(
        self, layout: qt.QBoxLayout, make: Callable[[Hashable], Row], key: Callable[[Any], Hashable], first: int = 0
    ) -> None:
        self._layout, self._make, self._key, self._first = layout, make, key, first
        self._rows: dict[Hashable, Row] = {}
        self._shown: dict[Hashable, Any] = {}
        self._order: list[Hashable] = []
        self._lang: Lang | None = None

    def show(self, items: Sequence[Any], lang: Lang) -> bool:
        """Show these items in this order; whether rows came, went or moved."""
        by_key = {self._key(item): item for item in items}
        moved = self._follow(list(by_key))
        for key, item in by_key.items():
            if lang is not self._lang or self._shown.get(key) != item:
                self._rows[key].draw(item, lang)
                self._shown[key] = item
        self._lang = lang
        return moved

    def clear(self) -> bool:
        """Show nothing, and keep nothing of what was shown; whether there were rows."""
        return self._follow([])

    def row(self, key: Hashable) -> Row | None:
        """The row of a key, if it is shown."""
        return self._rows.get(key)

    def _follow(self, order: list[Hashable]) -> bool:
        if order == self._order:
            return False
        for key in set(self._order) - set(order):
            self._put_away(key)
        for position, key in enumerate(order):
            if key not in self._rows:
                self._rows[key] = self._make(key)
            widget = self._rows[key].widget
            if self._layout.indexOf(widget) != self._first + position:
                self._layout.removeWidget(widget)
                self._layout.insertWidget(self._first + position, widget)
        self._order = order
        return True

    def _put_away(self, key: Hashable) -> None:
        row = self._rows.pop(key)
        self._shown.pop(key, None)
        self._layout.removeWidget(row.widget)
        row.widget.hide()
        # Not at once: the row may be going because one of its own buttons was clicked.
        row.widget.deleteLater()
