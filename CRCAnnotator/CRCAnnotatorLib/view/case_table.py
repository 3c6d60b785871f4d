"""The work list as a table; a list of a thousand cases stays quick, since only changed lines are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt
from crc_core.text import Lang, say
from crc_widgets.icons import Icons

from CRCAnnotatorLib.presenter.state import CaseRow

_COLUMNS = ("unit", "status", "since")


class CaseTable:
    """A line per unit; Enter or a double click opens it."""

    def __init__(
        self, parent: qt.QWidget, icons: Icons, select: Callable[[str], None], open_unit: Callable[[str], None]
    ) -> None:
        self._icons, self._select, self._open_unit = icons, select, open_unit
        self._rows: tuple[CaseRow, ...] = ()
        self.widget = table = qt.QTableWidget(parent)
        table.setObjectName("crc.case.list")
        table.setColumnCount(len(_COLUMNS))
        table.setSelectionBehavior(qt.QAbstractItemView.SelectRows)
        table.setSelectionMode(qt.QAbstractItemView.SingleSelection)
        table.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        table.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setAlternatingRowColors(True)
        table.setMinimumHeight(90)
        # It takes the room that is left, and asks for none: a long list scrolls by itself.
        table.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Ignored)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(max(24, table.fontMetrics().height() + 8))
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(1, qt.QHeaderView.Stretch)
        header.setSectionResizeMode(2, qt.QHeaderView.ResizeToContents)
        table.connect("itemSelectionChanged()", self._selected)
        table.connect("cellActivated(int,int)", self._activated)

    def draw(self, rows: Sequence[CaseRow], selected: str, lang: Lang) -> None:
        """Show the lines and which of them is chosen; nobody is told of it."""
        table = self.widget
        table.blockSignals(True)
        table.setHorizontalHeaderLabels([say(f"annotator.view.case.column.{name}", lang) for name in _COLUMNS])
        if len(rows) != len(self._rows):
            table.setRowCount(len(rows))
        for place, row in enumerate(rows):
            if place >= len(self._rows) or self._rows[place] != row:
                self._write(place, row)
        self._rows = tuple(rows)
        place = next((place for place, row in enumerate(rows) if row.unit == selected), -1)
        if place < 0:
            table.clearSelection()
        elif table.currentRow() != place or not table.selectedItems():
            table.selectRow(place)
        table.blockSignals(False)

    def _write(self, place: int, row: CaseRow) -> None:
        status = row.status if not row.kept else f"{row.status} ●"
        for column, words in enumerate((row.unit, status, row.since)):
            item = qt.QTableWidgetItem(words)
            item.setToolTip("\n".join(part for part in (row.status, row.note, row.kept) if part))
            if column == 0:
                item.setIcon(self._icons.icon(row.mark.value))
            font = item.font()
            font.setBold(row.is_open)
            item.setFont(font)
            self.widget.setItem(place, column, item)

    def _selected(self) -> None:
        place = self.widget.currentRow()
        if 0 <= place < len(self._rows):
            self._select(self._rows[place].unit)

    def _activated(self, place: int, _column: int) -> None:
        if 0 <= place < len(self._rows):
            self._open_unit(self._rows[place].unit)
