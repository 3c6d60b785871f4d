"""The report beside the images: a dock on the right, or a tab beside the module panel where the screen is small."""

from __future__ import annotations

from collections.abc import Callable

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, tool
from crc_widgets.report_form import ReportForm

from CRCAnnotatorLib.presenter.state import State
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit

WIDTH = 380


class ReportDock:
    """The form with its progress above and the way on below; `widget` goes into a dock."""

    def __init__(self, parent: qt.QWidget | None, kit: ViewKit, ask_words: Callable[[str, str], str | None]) -> None:
        self._kit = kit
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.report")
        self.widget.setMinimumWidth(WIDTH - 40)
        layout = column(self.widget, margin=4, gap=4)
        row = line(gap=6)
        self._progress = label(self.widget, Weight.STRONG, name="crc.report.progress")
        self._missing = button(self.widget, "crc.report.next_missing", kit.annotator.report.next_missing)
        self._missing.setIcon(kit.icons.icon("missing"))
        kit.words.tip(self._missing, "annotator.view.report.next_missing_tip", KEYS["next_missing"])
        self._refresh = tool(
            self.widget, "crc.report.refresh", kit.annotator.report.refresh_measured, kit.icons.icon("again")
        )
        kit.words.tip(self._refresh, "annotator.view.report.refresh_tip")
        row.addWidget(self._progress, 1)
        row.addWidget(self._missing)
        row.addWidget(self._refresh)
        layout.addLayout(row)
        self._bar = qt.QProgressBar(self.widget)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        layout.addWidget(self._bar)
        self.form = ReportForm(self.widget, kit.annotator.report, kit.icons, ask_words)
        layout.addWidget(self.form.widget, 1)
        self._focus_id = 0

    def draw(self, state: State, before: State | None) -> None:
        """Show the report of a state; bring a question into sight where the state asks for it."""
        report, lang = state.report, state.lang
        fresh = before is None or lang != before.lang
        self.widget.setEnabled(report is not None)
        if report is None or not (fresh or report is not before.report):
            return
        self._progress.setText(report.progress)
        self._bar.setRange(0, max(1, report.form.total))
        self._bar.setValue(report.form.done)
        self._draw_missing(len(report.missing), lang)
        self._refresh.setEnabled(not report.read_only)
        self.form.draw(report.form, lang, read_only=report.read_only)
        if report.focus_id != self._focus_id:
            self._focus_id = report.focus_id
            self.form.go_to(report.focus)

    def _draw_missing(self, count: int, lang: Lang) -> None:
        self._missing.setText(say("annotator.view.report.missing_short", lang, count=count))
        self._missing.setVisible(count > 0)
