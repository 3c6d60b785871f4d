"""The part Results of the page Calibration: each reader against the reference, case by case; clearing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, show_words, strong
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.calibration_state import ResultKey, ScoreKey
from CRCQualityControlLib.presenter.state import CalibrationState
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.calibration import Calibration

_REPORT_COLUMN, _ERRORS_COLUMN = 7, 7


class ResultsPart:
    """Draws what was compared; a line of the results narrows the cases to its reader and target."""

    def __init__(self, parent: qt.QWidget, calibration: Calibration, kit: ViewKit) -> None:
        self._calibration = calibration
        self._state, self._lang = CalibrationState(), Lang.ZH
        self._chosen: ResultKey | None = None
        self._shown: tuple[ScoreKey, ...] = ()
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=4)
        layout.addLayout(self._first_line(kit))
        self._aside = label(self.widget, name="crc.calibration.set_aside")
        self._nothing = label(self.widget, Weight.QUIET, name="crc.calibration.not_compared")
        kit.words.text(self._nothing, "quality.view.calibration.not_compared")
        layout.addWidget(self._nothing)
        layout.addWidget(self._aside)
        self._summary = Table(
            self.widget, "crc.calibration.summary", kit.icons, wide=_REPORT_COLUMN, chosen=self._choose
        )
        layout.addWidget(self._summary.widget, 2)
        layout.addLayout(self._clear_line(kit))
        self._heading = label(self.widget, Weight.STRONG)
        layout.addWidget(self._heading)
        self._cases = Table(
            self.widget,
            "crc.calibration.cases",
            kit.icons,
            wide=_ERRORS_COLUMN,
            chosen=self._case_chosen,
            opened=self._open_case,
        )
        layout.addWidget(self._cases.widget, 3)
        row = line(gap=6)
        self._look = button(self.widget, "crc.calibration.look", self._look_at, kit.icons.icon("eye"))
        kit.words.text(self._look, "quality.view.calibration.look")
        kit.words.tip(self._look, "quality.view.calibration.look_tip")
        self._words = label(self.widget, Weight.QUIET, name="crc.calibration.looked_at")
        row.addWidget(self._look)
        row.addWidget(self._words, 1)
        layout.addLayout(row)
        self._filler = qt.QWidget(self.widget)
        layout.addWidget(self._filler, 1)

    def _first_line(self, kit: ViewKit) -> qt.QHBoxLayout:
        row = line(gap=6)
        calls = self._calibration
        self._compute = button(self.widget, "crc.calibration.compute", calls.compute, kit.icons.icon("again"))
        self._open = button(self.widget, "crc.calibration.open_results", calls.open_results)
        self._export = button(self.widget, "crc.calibration.export", calls.export)
        for made, code in ((self._compute, "compute"), (self._open, "open_results"), (self._export, "export")):
            kit.words.text(made, f"quality.view.calibration.{code}")
            row.addWidget(made)
        kit.words.tip(self._export, "quality.view.calibration.export_tip")
        strong(self._compute)
        row.addStretch(1)
        return row

    def _clear_line(self, kit: ViewKit) -> qt.QHBoxLayout:
        row = line(gap=6)
        self._sentence = label(self.widget, name="crc.calibration.sentence")
        self._clear = button(self.widget, "crc.calibration.clear", self._sign_clearance)
        kit.words.text(self._clear, "quality.view.calibration.clear")
        kit.words.tip(self._clear, "quality.view.calibration.clear_tip")
        row.addWidget(self._sentence, 1)
        row.addWidget(self._clear, 0, qt.Qt.AlignTop)
        return row

    def draw(self, state: CalibrationState, lang: Lang) -> bool:
        """Show the part; whether rows came or went."""
        self._state, self._lang = state, lang
        keys = [(key.reader, key.target) for key in state.summary_keys]
        if self._chosen is not None:
            wanted = (self._chosen.reader, self._chosen.target)
            self._chosen = state.summary_keys[keys.index(wanted)] if wanted in keys else None
        for widget in (self._summary.widget, self._cases.widget, self._heading, self._look):
            widget.setVisible(state.is_ready)
        self._filler.setVisible(not state.is_ready)
        self._nothing.setVisible(not state.is_ready)
        self._export.setEnabled(state.is_ready)
        self._open.setVisible(state.may_open_results)
        self._compute.setEnabled(bool(state.selected))
        show_words(self._aside, "\n".join(state.set_aside))
        moved = self._summary.draw(state.summary.columns, state.summary.rows, state.summary.marks, self._place())
        return self._draw_cases() or moved

    def _place(self) -> int | None:
        return None if self._chosen is None else self._state.summary_keys.index(self._chosen)

    def _draw_cases(self) -> bool:
        state, chosen, lang = self._state, self._chosen, self._lang
        keys = state.case_keys
        places = [
            place
            for place, key in enumerate(keys)
            if chosen is None or (key.reader, key.target) == (chosen.reader, chosen.target)
        ]
        self._shown = tuple(keys[place] for place in places)
        rows = [state.cases.rows[place] for place in places]
        marks = frozenset(number for number, place in enumerate(places) if place in state.cases.marks)
        moved = self._cases.draw(state.cases.columns, rows, marks)
        self._heading.setText(say(f"quality.view.calibration.cases{'_all' if chosen is None else ''}", lang))
        cleared = say("quality.view.calibration.cleared_yet", lang) if chosen is not None and chosen.cleared else ""
        sentence = "" if chosen is None else state.sentences[state.summary_keys.index(chosen)]
        show_words(self._sentence, "  ".join(words for words in (sentence, cleared and f"[{cleared}]") if words))
        self._clear.setVisible(state.may_clear and state.is_ready)
        self._clear.setEnabled(chosen is not None and not chosen.cleared)
        self._look.setEnabled(self._cases.row is not None)
        self._words.setText(state.meeting.words)
        return moved

    def _choose(self, row: int) -> None:
        self._chosen = self._state.summary_keys[row]
        self._draw_cases()

    def _case_chosen(self, _row: int) -> None:
        self._look.setEnabled(True)

    def _open_case(self, row: int) -> None:
        if row < len(self._shown):
            key = self._shown[row]
            self._calibration.meeting.show_reading(key.unit, key.target, key.reader)

    def _look_at(self) -> None:
        row = self._cases.row
        if row is not None:
            self._open_case(row)

    def _sign_clearance(self) -> None:
        if self._chosen is not None:
            self._calibration.clear(self._chosen.reader, self._chosen.target)
