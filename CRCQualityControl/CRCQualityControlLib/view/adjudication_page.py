"""The page Adjudication: the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import say
from crc_widgets.look import column
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import State
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_COLUMNS = ("unit", "why", "waiting")


class AdjudicationPage:
    """Draws `state.adjudication`."""

    width_px = 480

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._quality, self._before = quality, None
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        self._table = Table(self.widget, "crc.adjudication.queue", kit.icons, wide=1, opened=self._open)
        layout.addWidget(self._table.widget, 1)

    def render(self, state: State) -> bool:
        """Show the queue and the case of a state."""
        before, self._before = self._before, state
        if before is None or state.lang != before.lang or state.adjudication is not before.adjudication:
            columns = [say(f"quality.view.adjudication.column.{name}", state.lang) for name in _COLUMNS]
            rows = [(row.unit, row.reason, row.waiting) for row in state.adjudication.queue]
            self._table.draw(columns, rows)
        return before is None

    def _open(self, row: int) -> None:
        if self._before is not None:
            self._quality.adjudication.open(self._before.adjudication.queue[row].unit)
