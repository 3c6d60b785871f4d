"""A table that is read, sorted by nobody but its owner, chosen from and copied; it scrolls by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt

from crc_widgets.icons import Icons

_LEAST_HEIGHT = 90
_AT_ONCE = 200
"""Rows that are written before the window goes on; the rest of a long list follows while it lives."""


class Table:
    """Headings and rows of words; `chosen(row)` is told of a row that is chosen, `opened(row)` of one that is opened.

    A row is opened by a double click or by Enter. `wide` is the column that takes the room that is left.
    """

    def __init__(
        self,
        parent: qt.QWidget,
        name: str,
        icons: Icons,
        *,
        wide: int = 0,
        chosen: Callable[[int], None] | None = None,
        opened: Callable[[int], None] | None = None,
    ) -> None:
        self._icons, self._wide, self._chosen, self._opened = icons, wide, chosen, opened
        self._columns: tuple[str, ...] = ()
        self._rows: tuple[tuple[str, ...], ...] = ()
        self._marks: frozenset[int] = frozenset()
        self._written = 0
        self.widget = table = qt.QTableWidget(parent)
        table.setObjectName(name)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(True)
        table.setMinimumHeight(_LEAST_HEIGHT)
        # It takes the room that is left, and asks for none: a long list scrolls by itself.
        table.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Ignored)
        table.setVerticalScrollMode(qt.QAbstractItemView.ScrollPerPixel)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(max(24, table.fontMetrics().height() + 8))
        table.horizontalHeader().setHighlightSections(False)
        table.connect("itemSelectionChanged()", self._selected)
        table.connect("cellActivated(int,int)", self._activated)
        self._rest = qt.QTimer(table)
        self._rest.setInterval(0)
        self._rest.connect("timeout()", self._write_more)

    def draw(
        self,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        marks: frozenset[int] = frozenset(),
        selected: int | None = None,
    ) -> bool:
        """Show headings and rows, `marks` with a sign of attention; nobody is told of it. Whether anything changed."""
        columns, rows = tuple(columns), tuple(tuple(row) for row in rows)
        table, changed = self.widget, (columns, rows, marks) != (self._columns, self._rows, self._marks)
        table.blockSignals(True)
        if changed:
            if len(rows) > _AT_ONCE:
                table.clearContents()
            table.setColumnCount(len(columns))
            table.setRowCount(len(rows))
            if columns != self._columns:
                self._head(columns)
            self._columns, self._rows, self._marks = columns, rows, marks
            self._written = 0
            self._write(max(_AT_ONCE, 0 if selected is None else selected + 1))
            if self._written < len(rows):
                self._rest.start()
            else:
                self._rest.stop()
        if selected is None or not 0 <= selected < len(rows):
            if selected is not None or changed:
                table.clearSelection()
        elif table.currentRow() != selected or not table.selectedItems():
            table.selectRow(selected)
        table.blockSignals(False)
        return changed

    @property
    def row(self) -> int | None:
        """The row that is chosen."""
        return self.widget.currentRow() if self.widget.selectedItems() else None

    def _write_more(self) -> None:
        self.widget.blockSignals(True)
        self._write(_AT_ONCE)
        self.widget.blockSignals(False)
        if self._written >= len(self._rows):
            self._rest.stop()

    def _write(self, count: int) -> None:
        """Write the next rows."""
        ends = min(self._written + count, len(self._rows))
        for place in range(self._written, ends):
            for column, words in enumerate(self._rows[place]):
                self.widget.setItem(place, column, self._item(words, column == 0 and place in self._marks))
        self._written = ends

    def _head(self, columns: tuple[str, ...]) -> None:
        self.widget.setHorizontalHeaderLabels(list(columns))
        header = self.widget.horizontalHeader()
        header.setDefaultAlignment(qt.Qt.AlignLeft | qt.Qt.AlignVCenter)
        for column in range(len(columns)):
            way = qt.QHeaderView.Stretch if column == self._wide else qt.QHeaderView.ResizeToContents
            header.setSectionResizeMode(column, way)

    def _item(self, words: str, marked: bool) -> qt.QTableWidgetItem:
        item = qt.QTableWidgetItem(words)
        item.setToolTip(words)
        if marked:
            item.setIcon(self._icons.icon("attention"))
        return item

    def _selected(self) -> None:
        row = self.row
        if row is not None and self._chosen is not None:
            self._chosen(row)

    def _activated(self, row: int, _column: int) -> None:
        if self._opened is not None and 0 <= row < len(self._rows):
            self._opened(row)
