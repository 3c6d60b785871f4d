"""What the choices come to: the Dice of each target's result with A and with B."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say
from crc_widgets.fold import Fold
from crc_widgets.look import Weight, column, label, line
from crc_widgets.rows import Rows

from CRCQualityControlLib.presenter.state import CaseState, TargetRow
from CRCQualityControlLib.view.kit import ViewKit


class Results:
    """Draws the results of `state.adjudication.case`."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._fold = Fold(parent, "crc.adjudication.results", kit.icons)
        kit.words.text(self._fold.heading, "quality.view.adjudication.results")
        self.widget = self._fold.widget
        self._holder = qt.QWidget(self.widget)
        self._rows = Rows(column(self._holder, gap=1), self._row, _target_of)
        self._fold.layout.addWidget(self._holder)

    def draw(self, case: CaseState, lang: Lang) -> None:
        """Show one line for each target that somebody drew."""
        self._rows.show(case.results, lang)

    def _row(self, key: object) -> _Result:
        return _Result(self._holder, str(key))


def _target_of(row: TargetRow) -> str:
    return row.target


class _Result:
    def __init__(self, parent: qt.QWidget, target: str) -> None:
        self.widget = qt.QWidget(parent)
        row = line(self.widget)
        row.setContentsMargins(22, 0, 0, 0)
        self._target = label(self.widget, Weight.QUIET)
        self._dice = label(self.widget, wrap=False, name=f"crc.adjudication.result.{target}")
        row.addWidget(self._target, 1)
        row.addWidget(self._dice)

    def draw(self, row: TargetRow, lang: Lang) -> None:
        self._target.setText(row.words)
        self._dice.setText(say("quality.view.adjudication.dice", lang, with_a=row.with_a, with_b=row.with_b))
