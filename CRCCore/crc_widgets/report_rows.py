"""One question of the report as it stands: label, entry, where the answer comes from, what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt
from crc_core.report.document import Source
from crc_core.report.form import ReasonChoice, Row
from crc_core.text import Lang, say

from crc_widgets.icons import Icons
from crc_widgets.look import Weight, column, label, line, quiet, show_words, tool
from crc_widgets.report_entries import FormEditor, entry

_SOURCES = {
    Source.MEASURED: "measured",
    Source.TYPED: "typed",
    Source.DERIVED: "derived",
    Source.CASE: "case",
}
_CLEAR = ""


@dataclass(frozen=True)
class FormKit:
    """What every part of the form is given; `ask_words(title, words)` asks for the words of a reason."""

    editor: FormEditor
    icons: Icons
    ask_words: Callable[[str, str], str | None]


class ReportRow:
    """Draws one row; the entry is made anew only where its boxes have other words."""

    def __init__(self, parent: qt.QWidget, row: Row, kit: FormKit) -> None:
        self._kit, self._row, self._lang = kit, row, Lang.ZH
        self._reasons: tuple[ReasonChoice, ...] = ()
        self.widget = qt.QFrame(parent)
        self.widget.setObjectName(f"crc.report.row.{row.path}")
        layout = column(self.widget, margin=1, gap=1)
        layout.addLayout(self._head_line())
        self._layout = layout
        self._make_entry(row)
        self._answer = label(self.widget, name=f"crc.report.answer.{row.path}")
        self._differs, self._problem = label(self.widget, Weight.QUIET), label(self.widget)
        for below in (self._answer, self._differs, self._problem):
            below.setIndent(17)
            layout.addWidget(below)

    def _head_line(self) -> qt.QHBoxLayout:
        icons, row, path = self._kit.icons, line(gap=3), self._row.path
        self._mark = qt.QLabel(self.widget)
        self._mark.setFixedWidth(14)
        self._label = label(self.widget)
        self._says = label(self.widget, wrap=False, name=f"crc.report.says.{path}")
        self._tip = tool(self.widget, f"crc.report.tip.{path}", self._show_tip, icons.icon("note", 12))
        self._tip.setFocusPolicy(qt.Qt.NoFocus)
        self._source = qt.QLabel(self.widget)
        self._source.setFixedWidth(16)
        self._again = tool(self.widget, f"crc.report.again.{path}", self._take_measured, icons.icon("again", 14))
        self._none = tool(self.widget, f"crc.report.none.{path}", None)
        self._none.setPopupMode(qt.QToolButton.InstantPopup)
        self._none.setCheckable(True)
        # The arrow that a menu brings along would stand on every line of the form.
        self._none.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        quiet(self._none)
        self._menu = qt.QMenu(self._none)
        self._menu.connect("triggered(QAction*)", self._chosen)
        self._none.setMenu(self._menu)
        row.addWidget(self._mark)
        row.addWidget(self._label, 1)
        self._place = row.count()
        for widget in (self._says, self._tip, self._source, self._again, self._none):
            row.addWidget(widget)
        self._head = row
        return row

    def _make_entry(self, row: Row) -> None:
        self._entry = entry(self.widget, row, self._kit.editor)
        self._beside = self._entry.beside
        if self._beside:
            self._head.insertWidget(self._place, self._entry.widget)
            if self._entry.across:
                self._entry.widget.setFixedWidth(self._entry.across)
        else:
            indented = line()
            indented.addSpacing(17)
            indented.addWidget(self._entry.widget, 1)
            self._layout.insertLayout(1, indented)
            self._indented = indented

    def draw(self, row: Row, reasons: Sequence[ReasonChoice], read_only: bool, lang: Lang) -> None:
        """Show a row as it stands."""
        self._row = row
        if not self._entry.fits(row):
            self._renew(row)
        if lang is not self._lang or tuple(reasons) != self._reasons or self._menu.isEmpty():
            self._reasons, self._lang = tuple(reasons), lang
            self._fill_menu(lang)
        editable = row.enabled and not read_only
        self._entry.draw(row, editable)
        self._entry.widget.setVisible(not row.follows)
        show_words(self._says, row.words if row.follows else "")
        self._draw_head(row, editable, lang)
        show_words(self._answer, row.words if row.not_assessable is not None else "")
        show_words(self._differs, row.differs)
        show_words(self._problem, "\n".join(row.problems))

    def _draw_head(self, row: Row, editable: bool, lang: Lang) -> None:
        icons = self._kit.icons
        mark = "missing" if row.missing else "fail" if row.problems else ""
        self._mark.setPixmap(icons.pixmap(mark, 12) if mark else qt.QPixmap())
        self._mark.setToolTip(say("widgets.report.missing", lang) if row.missing else "")
        self._label.setText(say("widgets.report.critical", lang, field=row.label) if row.critical else row.label)
        tips = [*row.notes]
        tips += [say("widgets.report.critical_tip", lang)] * row.critical
        tips += [say("report.page.addition", lang)] * row.addition
        self._label.setToolTip("\n".join(tips))
        self._tip.setVisible(bool(row.notes))
        self._tip.setToolTip("\n".join(row.notes))
        source = _SOURCES.get(row.source) if row.source is not None else None
        shown = row.measurable or row.source in (Source.DERIVED, Source.CASE)
        self._source.setVisible(bool(row.measurable or (shown and source)))
        self._source.setPixmap(icons.pixmap(source, 14) if shown and source else qt.QPixmap())
        self._source.setToolTip(row.source_words)
        self._again.setVisible(row.can_take_measured)
        self._again.setEnabled(editable)
        self._again.setToolTip(say("widgets.report.again", lang))
        self._again.setAccessibleName(self._again.toolTip)
        self._none.setText(say("widgets.report.none", lang))
        self._none.setToolTip(say("widgets.report.none_tip", lang))
        self._none.setAccessibleName(f"{row.label}: {self._none.toolTip}")
        self._none.setChecked(row.not_assessable is not None)
        self._none.setVisible(not row.follows)
        self._none.setEnabled(editable)

    def focus(self) -> None:
        """Take the keyboard."""
        self._entry.focus()

    def commit(self) -> None:
        """Tell what was typed and not told yet."""
        self._entry.commit()

    def mark(self, on: bool) -> None:
        """Stand out, for a row that was jumped to."""
        self.widget.setBackgroundRole(qt.QPalette.AlternateBase if on else qt.QPalette.NoRole)
        self.widget.setAutoFillBackground(on)
        self.widget.setFrameShape(qt.QFrame.StyledPanel if on else qt.QFrame.NoFrame)

    def _renew(self, row: Row) -> None:
        gone = self._entry.widget
        if self._beside:
            self._head.removeWidget(gone)
        else:
            self._indented.removeWidget(gone)
            self._layout.removeItem(self._indented)
        gone.hide()
        gone.deleteLater()
        self._make_entry(row)

    def _fill_menu(self, lang: Lang) -> None:
        self._menu.clear()
        for reason in self._reasons:
            self._menu.addAction(reason.label).setData(reason.code)
        self._menu.addSeparator()
        self._menu.addAction(say("widgets.report.clear", lang)).setData(_CLEAR)

    def _chosen(self, action: qt.QAction) -> None:
        code, path, editor = action.data(), self._row.path, self._kit.editor
        self._none.setChecked(self._row.not_assessable is not None)
        if code == _CLEAR:
            editor.clear(path)
            return
        words = ""
        if any(reason.code == code and reason.needs_text for reason in self._reasons):
            title = say("widgets.report.none_title", self._lang, field=self._row.label)
            given = self._kit.ask_words(title, say("widgets.report.none_words", self._lang))
            if given is None:
                return
            words = given
        editor.not_assessable(path, code, words)

    def _take_measured(self) -> None:
        self._kit.editor.take_measured(self._row.path)

    def _show_tip(self) -> None:
        below = self._tip.mapToGlobal(qt.QPoint(0, self._tip.height))
        qt.QToolTip.showText(below, self._tip.toolTip, self._tip)
