"""The form of a new calibration session: cases, who contours blind, who makes the reference, what passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, strong
from crc_widgets.tick_list import TickList

from CRCQualityControlLib.presenter.calibration_state import MarkState
from CRCQualityControlLib.presenter.state import CalibrationState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.calibration import Calibration

_NUMBERS = ("dice", "bias", "missed", "report")
_MOST = {"dice": 100, "bias": 200, "missed": 50, "report": 100}


class PlanForm:
    """Draws `state.plan`; what is chosen stays here until it is sent or put away."""

    def __init__(self, parent: qt.QWidget, calibration: Calibration, kit: ViewKit) -> None:
        self._planning, self._kit = calibration.planning, kit
        self._lang = Lang.ZH
        self._rows: list[_MarkRow] = []
        self._was_open = False
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        title = label(self.widget, Weight.STRONG)
        kit.words.text(title, "quality.view.calibration.plan.title")
        layout.addWidget(title)
        self._name = qt.QLineEdit(self.widget)
        self._name.setObjectName("crc.calibration.plan.name")
        kit.words.hint(self._name, "quality.view.calibration.plan.name")
        layout.addWidget(self._name)
        self._heads, self._lists = {}, {}
        for name, height in (("units", 110), ("readers", 84), ("references", 84)):
            self._heads[name] = label(self.widget)
            self._lists[name] = TickList(self.widget, f"crc.calibration.plan.{name}", self._ticked, height)
            kit.words.hint(self._lists[name].search, "quality.view.calibration.plan.search")
            layout.addWidget(self._heads[name])
            layout.addWidget(self._lists[name].widget, 1)
        layout.addWidget(self._marks(kit))
        row = line(gap=6)
        self._send = button(self.widget, "crc.calibration.plan.send", self._plan)
        self._cancel = button(self.widget, "crc.calibration.plan.cancel", self._planning.cancel)
        strong(self._send)
        for made, code in ((self._send, "send"), (self._cancel, "cancel")):
            kit.words.text(made, f"quality.view.calibration.plan.{code}")
        row.addWidget(self._send)
        row.addWidget(self._cancel)
        row.addStretch(1)
        layout.addLayout(row)

    def _marks(self, kit: ViewKit) -> qt.QWidget:
        holder = qt.QWidget(self.widget)
        self._grid = qt.QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(2)
        for place, name in enumerate(("marks", *_NUMBERS)):
            head = label(holder, Weight.QUIET, wrap=False)
            kit.words.text(head, f"quality.view.calibration.plan.{name}")
            self._grid.addWidget(head, 0, place)
        self._holder = holder
        return holder

    def draw(self, state: CalibrationState, lang: Lang) -> bool:
        """Show the form; whether rows came or went."""
        self._lang, plan = lang, state.plan
        if plan is None:
            self._was_open = False
            return False
        moved = not self._rows
        for place, mark in enumerate(plan.marks):
            if len(self._rows) <= place:
                self._rows.append(_MarkRow(self._holder, self._grid, place + 1, mark))
            self._rows[place].name(mark)
        if not self._was_open:
            self._was_open = True
            self._name.setText("")
            for ticks in self._lists.values():
                ticks.clear()
            for row, mark in zip(self._rows, plan.marks, strict=True):
                row.preset(mark)
        self._lists["units"].draw(plan.units)
        self._lists["readers"].draw(plan.people)
        self._lists["references"].draw(plan.people)
        self._ticked()
        return moved

    def _ticked(self) -> None:
        for name, head in self._heads.items():
            count = len(self._lists[name].codes)
            head.setText(say(f"quality.view.calibration.plan.{name}", self._lang, count=count))

    def _plan(self) -> None:
        marks = [row.mark for row in self._rows if row.is_on]
        codes = {name: ticks.codes for name, ticks in self._lists.items()}
        self._planning.send(self._name.text, codes["units"], codes["readers"], codes["references"], marks)


class _MarkRow:
    """The marks of one target; a target that is not ticked is not calibrated."""

    def __init__(self, parent: qt.QWidget, grid: qt.QGridLayout, row: int, mark: MarkState) -> None:
        self._mark = mark
        target = mark.target.value
        self._box = qt.QCheckBox(parent)
        self._box.setObjectName(f"crc.calibration.plan.mark.{target}")
        grid.addWidget(self._box, row, 0)
        self._spins: dict[str, qt.QSpinBox] = {}
        for place, name in enumerate(_NUMBERS, start=1):
            spin = self._spins[name] = qt.QSpinBox(parent)
            spin.setObjectName(f"crc.calibration.plan.{name}.{target}")
            spin.setRange(0, _MOST[name])
            grid.addWidget(spin, row, place)
        self.preset(mark)

    def name(self, mark: MarkState) -> None:
        self._box.setText(mark.words)

    def preset(self, mark: MarkState) -> None:
        self._mark = mark
        self._box.setChecked(mark.target.value in ("primary", "liver"))
        values = (mark.dice_percent, mark.bias_percent, mark.missed_lesions, mark.report_percent)
        for name, value in zip(_NUMBERS, values, strict=True):
            self._spins[name].setValue(value)

    @property
    def is_on(self) -> bool:
        return bool(self._box.isChecked())

    @property
    def mark(self) -> MarkState:
        dice, bias, missed, report = (self._spins[name].value for name in _NUMBERS)
        return MarkState(self._mark.target, self._mark.words, dice, bias, missed, report)
