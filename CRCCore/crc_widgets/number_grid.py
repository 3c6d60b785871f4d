"""A table of numbers, each of which opens the list behind it: by a click, or by Enter where the keyboard stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import qt

_LEAST_HEIGHT = 60


class CellLike(Protocol):
    """One cell; `key` is what opens the list behind it, empty where there is none."""

    @property
    def words(self) -> str:
        """What is read."""

    @property
    def key(self) -> str:
        """What is given back."""


class NumberGrid:
    """Headings and rows of cells; `opened(key)` is told of a cell with a key that is opened. The first column names."""

    def __init__(self, parent: qt.QWidget, name: str, opened: Callable[[str], None]) -> None:
        self._opened = opened
        self._columns: tuple[str, ...] = ()
        self._rows: tuple[tuple[CellLike, ...], ...] = ()
        self.widget = table = qt.QTableWidget(parent)
        table.setObjectName(name)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setMinimumHeight(_LEAST_HEIGHT)
        table.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Ignored)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(max(24, table.fontMetrics().height() + 8))
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
        table.setCursor(qt.QCursor(qt.Qt.ArrowCursor))
        table.connect("cellClicked(int,int)", self._open)
        table.connect("cellActivated(int,int)", self._open)

    def draw(self, columns: Sequence[str], rows: Sequence[Sequence[CellLike]]) -> bool:
        """Show headings and rows; whether anything changed."""
        columns, rows = tuple(columns), tuple(tuple(row) for row in rows)
        if (columns, rows) == (self._columns, self._rows):
            return False
        table = self.widget
        table.blockSignals(True)
        table.clear()
        table.setColumnCount(len(columns))
        table.setRowCount(len(rows))
        table.setHorizontalHeaderLabels(list(columns))
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                table.setItem(place, column, self._item(cell, column))
        header = table.horizontalHeader()
        for column in range(len(columns)):
            header.setSectionResizeMode(column, qt.QHeaderView.Stretch if column else qt.QHeaderView.ResizeToContents)
        if columns:
            table.horizontalHeaderItem(0).setTextAlignment(qt.Qt.AlignLeft | qt.Qt.AlignVCenter)
        table.blockSignals(False)
        self._columns, self._rows = columns, rows
        return True

    def _item(self, cell: CellLike, column: int) -> qt.QTableWidgetItem:
        item = qt.QTableWidgetItem(cell.words)
        side = qt.Qt.AlignRight if column else qt.Qt.AlignLeft
        item.setTextAlignment(side | qt.Qt.AlignVCenter)
        if cell.key:
            item.setForeground(self.widget.palette.brush(qt.QPalette.Link))
        return item

    def _open(self, row: int, column: int) -> None:
        if 0 <= row < len(self._rows) and 0 <= column < len(self._rows[row]) and self._rows[row][column].key:
            self._opened(self._rows[row][column].key)
