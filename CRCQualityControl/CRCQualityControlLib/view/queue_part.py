"""The queue: which units wait for a decision, why, for how long; and the ones that can be accepted in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, show_words
from crc_widgets.strip import Strip, StripItem
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import AdjudicationState, Order, State
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_COLUMNS = ("unit", "why", "waiting")


class QueuePart:
    """Draws the queue of `state.adjudication`."""

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._adjudication = quality.adjudication
        self._units: tuple[str, ...] = ()
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=6)
        row = line()
        self._order_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._order_words, "quality.view.adjudication.order")
        self._order = Strip(self.widget, "crc.adjudication.order", kit.icons, self._sort)
        row.addWidget(self._order_words)
        row.addWidget(self._order.widget, 1)
        layout.addLayout(row)
        self._table = Table(
            self.widget, "crc.adjudication.queue", kit.icons, wide=1, chosen=self._chosen, opened=self._open_row
        )
        layout.addWidget(self._table.widget, 1)
        self._reason = label(self.widget, Weight.QUIET, name="crc.adjudication.reason")
        layout.addWidget(self._reason)
        self._empty = label(self.widget, Weight.QUIET, name="crc.adjudication.empty")
        layout.addWidget(self._empty)
        row = line()
        self._open = button(self.widget, "crc.adjudication.open", self._open_chosen, kit.icons.icon("go"))
        kit.words.text(self._open, "quality.view.adjudication.open")
        self._next = button(self.widget, "crc.adjudication.open_next", quality.adjudication.open_next)
        self._next.setIcon(kit.icons.icon("next"))
        kit.words.text(self._next, "quality.view.adjudication.open_next")
        kit.words.tip(self._next, "quality.view.adjudication.open_next_tip", KEYS["next_case"])
        self._accept = button(self.widget, "crc.adjudication.accept_all", quality.adjudication.accept_all_sub_voxel)
        self._accept.setIcon(kit.icons.icon("done"))
        kit.words.tip(self._accept, "quality.view.adjudication.accept_all_tip")
        row.addWidget(self._open)
        row.addWidget(self._next)
        row.addStretch(1)
        row.addWidget(self._accept)
        layout.addLayout(row)
        self._state: AdjudicationState | None = None

    def draw(self, state: State, before: State | None) -> bool:
        """Show the queue; whether buttons came or went."""
        shown, lang = state.adjudication, state.lang
        if before is not None and lang == before.lang and shown is before.adjudication and state.store is before.store:
            return False
        self._state = shown
        units = tuple(row.unit for row in shown.queue)
        items = [StripItem(order.value, say(f"quality.view.adjudication.by_{order.value}", lang)) for order in Order]
        self._order.show(items, shown.order.value)
        rows = [(_short(row.unit), row.reason, row.waiting) for row in shown.queue]
        chosen = self._table.row
        keep = units.index(self._units[chosen]) if chosen is not None and self._units[chosen] in units else None
        selected = keep if keep is not None else 0 if units else None
        columns = [say(f"quality.view.adjudication.column.{name}", lang) for name in _COLUMNS]
        self._units = units
        self._table.draw(columns, rows, selected=selected)
        self._draw_reason(selected)
        show_words(self._empty, "" if units or not state.store.person else say("quality.queue_empty", lang))
        self._open.setEnabled(bool(units))
        self._next.setEnabled(bool(units))
        self._draw_accept(shown.sub_voxel_units, lang)
        return before is None

    def _draw_accept(self, count: int, lang: Lang) -> None:
        self._accept.setText(say("quality.view.adjudication.accept_all", lang, count=count))
        self._accept.setVisible(count > 0)

    def _draw_reason(self, place: int | None) -> None:
        queue = () if self._state is None else self._state.queue
        show_words(self._reason, queue[place].reason if place is not None and place < len(queue) else "")

    def _sort(self, key: str) -> None:
        self._adjudication.sort(Order(key))

    def _chosen(self, row: int) -> None:
        self._draw_reason(row)

    def _open_row(self, row: int) -> None:
        self._adjudication.open(self._units[row])

    def _open_chosen(self) -> None:
        row = self._table.row
        if row is not None and row < len(self._units):
            self._adjudication.open(self._units[row])


def _short(unit: str) -> str:
    """A unit as it is read: the case and the time point."""
    return unit.replace("_", " · ")
