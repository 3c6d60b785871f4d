"""A list of which any number of lines can be ticked, with an entry that narrows it where it is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import qt

from crc_widgets.look import column

_SEARCH_FROM = 10


class OptionLike(Protocol):
    """Something that can be ticked."""

    @property
    def code(self) -> str:
        """What is given back."""

    @property
    def words(self) -> str:
        """What is read."""


class TickList:
    """The list; `changed()` is told of every tick. What is ticked stays ticked when the lines are drawn anew."""

    def __init__(self, parent: qt.QWidget, name: str, changed: Callable[[], None], height: int = 110) -> None:
        self._changed = changed
        self._options: tuple[OptionLike, ...] = ()
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=2)
        self.search = qt.QLineEdit(self.widget)
        self.search.setObjectName(f"{name}.search")
        self.search.setClearButtonEnabled(True)
        self.search.connect("textChanged(QString)", self._narrow)
        self.list = qt.QListWidget(self.widget)
        self.list.setObjectName(name)
        self.list.setMinimumHeight(height)
        self.list.connect("itemChanged(QListWidgetItem*)", self._ticked)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)

    def draw(self, options: Sequence[OptionLike]) -> None:
        """Show these lines."""
        options = tuple(options)
        if options == self._options:
            return
        ticked = set(self.codes)
        self.list.blockSignals(True)
        self.list.clear()
        self._options = options
        for option in options:
            item = qt.QListWidgetItem(option.words)
            item.setFlags(qt.Qt.ItemIsUserCheckable | qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            item.setCheckState(qt.Qt.Checked if option.code in ticked else qt.Qt.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        self.search.setVisible(len(options) >= _SEARCH_FROM)
        self._narrow(self.search.text)

    @property
    def codes(self) -> tuple[str, ...]:
        """What is ticked, in the order of the lines."""
        return tuple(
            option.code for row, option in enumerate(self._options) if self.list.item(row).checkState() == qt.Qt.Checked
        )

    def clear(self) -> None:
        """Tick nothing."""
        self.list.blockSignals(True)
        for row in range(len(self._options)):
            self.list.item(row).setCheckState(qt.Qt.Unchecked)
        self.list.blockSignals(False)
        self.search.setText("")
        self._changed()

    def _narrow(self, words: str) -> None:
        for row, option in enumerate(self._options):
            self.list.setRowHidden(row, words.lower() not in option.words.lower())

    def _ticked(self, _item: qt.QListWidgetItem) -> None:
        self._changed()
