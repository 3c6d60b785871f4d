"""The part Overview of the page Calibration: what was planned, and who has contoured what, blind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang
from crc_widgets.facts import Fact, FactRow
from crc_widgets.look import Weight, button, column, label, line, strong
from crc_widgets.rows import Rows
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import CalibrationState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.calibration import Calibration


class OverviewPart:
    """Draws facts and the table of blind contouring."""

    def __init__(self, parent: qt.QWidget, calibration: Calibration, kit: ViewKit) -> None:
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        self._holder = qt.QWidget(self.widget)
        self._facts = Rows(column(self._holder, gap=2), self._fact_row, _itself)
        layout.addWidget(self._holder)
        self._blind = label(self.widget, Weight.QUIET)
        kit.words.text(self._blind, "quality.view.calibration.blind")
        layout.addWidget(self._blind)
        self._table = Table(self.widget, "crc.calibration.reading", kit.icons, wide=0)
        layout.addWidget(self._table.widget, 1)
        row = line(gap=6)
        self._sign = button(self.widget, "crc.calibration.sign_reference", calibration.sign_reference)
        kit.words.text(self._sign, "quality.view.calibration.sign_reference")
        strong(self._sign)
        self._assign = button(self.widget, "crc.calibration.assign", calibration.planning.assign)
        kit.words.text(self._assign, "quality.view.calibration.assign")
        kit.words.tip(self._assign, "quality.view.calibration.assign_tip")
        row.addWidget(self._sign)
        row.addWidget(self._assign)
        row.addStretch(1)
        layout.addLayout(row)
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def draw(self, state: CalibrationState, lang: Lang) -> bool:
        """Show the part; whether rows came or went."""
        moved = self._facts.show([Fact(*fact) for fact in state.facts], lang)
        has_table = bool(state.reading.rows)
        self._blind.setVisible(has_table)
        self._table.widget.setVisible(has_table)
        self._filler.setVisible(not has_table)
        moved |= self._table.draw(state.reading.columns, state.reading.rows, state.reading.marks)
        self._sign.setVisible(state.may_sign_reference)
        self._assign.setVisible(state.may_plan and bool(state.waiting))
        return moved

    def _fact_row(self, _key: object) -> FactRow:
        return FactRow(self._holder)


def _itself(fact: Fact) -> Fact:
    return fact
