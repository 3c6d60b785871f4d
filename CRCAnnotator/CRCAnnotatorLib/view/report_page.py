"""Step 4 in the panel: how far the report is, what is missing, and the way to each open question in the dock."""

from __future__ import annotations

from collections.abc import Callable

import qt
from crc_core.text import Lang, say
from crc_widgets.look import Weight, button, column, label, line, strong, tool, worded
from crc_widgets.rows import Rows

from CRCAnnotatorLib.presenter.state import MissingRow, State
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit


class ReportPage:
    """Draws what `state.report` says of the whole; the form itself is in the dock, which `show_form` brings up."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, show_form: Callable[[], None]) -> None:
        self._kit, report = kit, kit.annotator.report
        self._show_form = show_form
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.report_page")
        layout = column(self.widget, gap=6)
        row = line(gap=8)
        self._progress = label(self.widget, Weight.STRONG, name="crc.report_page.progress")
        self._bar = qt.QProgressBar(self.widget)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(140)
        row.addWidget(self._progress, 1)
        row.addWidget(self._bar)
        layout.addLayout(row)
        row = line()
        self._open = button(self.widget, "crc.report_page.open", show_form, kit.icons.icon("case"))
        self._refresh = worded(
            tool(self.widget, "crc.report_page.refresh", report.refresh_measured, kit.icons.icon("again"))
        )
        self._next = button(self.widget, "crc.report_page.next_missing", report.next_missing, kit.icons.icon("next"))
        kit.words.text(self._open, "annotator.view.report.open")
        kit.words.tip(self._open, "annotator.view.report.open_tip", KEYS["report"])
        kit.words.text(self._refresh, "annotator.view.report.refresh")
        kit.words.tip(self._refresh, "annotator.view.report.refresh_tip")
        kit.words.text(self._next, "annotator.view.report.next_missing")
        kit.words.tip(self._next, "annotator.view.report.next_missing_tip", KEYS["next_missing"])
        for widget in (self._open, self._next, self._refresh):
            row.addWidget(widget)
        row.addStretch(1)
        layout.addLayout(row)
        self._heading = label(self.widget, name="crc.report_page.missing")
        strong(self._heading)
        layout.addWidget(self._heading)
        self._list = qt.QWidget(self.widget)
        self._rows = Rows(column(self._list, gap=0), self._row, _path_of)
        layout.addWidget(self._list)
        layout.addStretch(1)

    def draw(self, state: State, before: State | None) -> bool:
        """Show how far the report is; whether rows came or went."""
        report = state.report
        fresh = before is None or state.lang != before.lang
        if report is None:
            return self._rows.clear()
        if not (fresh or report is not before.report):
            return False
        lang = state.lang
        self._progress.setText(report.progress)
        self._bar.setRange(0, max(1, report.form.total))
        self._bar.setValue(report.form.done)
        code = "missing" if report.missing else "complete"
        self._heading.setText(say(f"annotator.view.report.{code}", lang, count=len(report.missing)))
        self._next.setEnabled(bool(report.missing))
        self._refresh.setEnabled(not report.read_only)
        return self._rows.show(report.missing, lang)

    def _row(self, _key: object) -> _MissingRow:
        return _MissingRow(self._list, self._kit, self._show_form)


def _path_of(row: MissingRow) -> str:
    return row.path


class _MissingRow:
    def __init__(self, parent: qt.QWidget, kit: ViewKit, show_form: Callable[[], None]) -> None:
        self._kit, self._show_form, self._path = kit, show_form, ""
        self.widget = worded(tool(parent, "", self._go, kit.icons.icon("missing")))
        self.widget.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)

    def draw(self, row: MissingRow, _lang: Lang) -> None:
        self._path = row.path
        self.widget.setObjectName(f"crc.report_page.go.{row.path}")
        self.widget.setText(row.words)
        self.widget.setToolTip(row.words)

    def _go(self) -> None:
        self._show_form()
        self._kit.annotator.report.go_to(self._path)
