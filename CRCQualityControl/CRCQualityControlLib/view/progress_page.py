"""The page Progress: numbers, each of which opens the list behind it; readers, sites, agreement over time; the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.course_plot import CoursePlot
from crc_widgets.look import Weight, button, column, label, line, show_words
from crc_widgets.number_grid import NumberGrid
from crc_widgets.strip import Strip, StripItem
from crc_widgets.table import Table

from CRCQualityControlLib.presenter.state import ProgressState, State
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_PARTS = ("readers", "sites", "agreement")
_READERS_COLUMN = 3


class ProgressPage:
    """Draws `state.progress`; which part is open is remembered here."""

    width_px = 720

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._progress, self._before = quality.progress, None
        self._part = "agreement"
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.progress")
        layout = column(self.widget, gap=6)
        layout.addLayout(self._first_line(kit))
        self._numbers = Strip(self.widget, "crc.progress.number", kit.icons, self._progress.open_list)
        layout.addWidget(self._numbers.widget)
        self._waiting = label(self.widget, Weight.STRONG, name="crc.progress.waiting")
        layout.addWidget(self._waiting)
        self._tabs = Strip(self.widget, "crc.progress.part", kit.icons, self._turn)
        layout.addWidget(self._tabs.widget)
        layout.addWidget(self._build_parts(), 3)
        self._list_words = label(self.widget, Weight.STRONG, name="crc.progress.list_words")
        layout.addWidget(self._list_words)
        self._hint = label(self.widget, Weight.QUIET)
        kit.words.text(self._hint, "quality.view.progress.hint")
        layout.addWidget(self._hint)
        self._list = Table(self.widget, "crc.progress.list", kit.icons, wide=_READERS_COLUMN)
        layout.addWidget(self._list.widget, 4)

    def _first_line(self, kit: ViewKit) -> qt.QHBoxLayout:
        row = line(gap=6)
        words = label(self.widget, Weight.STRONG)
        kit.words.text(words, "quality.view.progress.states")
        self._at = label(self.widget, Weight.QUIET, wrap=False, name="crc.progress.at")
        self._export = button(self.widget, "crc.progress.export", self._progress.export)
        kit.words.text(self._export, "quality.view.progress.export")
        kit.words.tip(self._export, "quality.view.progress.export_tip")
        row.addWidget(words, 1)
        row.addWidget(self._at)
        row.addWidget(self._export)
        return row

    def _build_parts(self) -> qt.QWidget:
        call = self._progress.open_list
        self._stack = qt.QStackedWidget(self.widget)
        self._grids = {name: NumberGrid(self._stack, f"crc.progress.{name}", call) for name in _PARTS}
        course = qt.QWidget(self._stack)
        layout = column(course, gap=4)
        self._plot = CoursePlot(course, "crc.progress.plot", call)
        self._nothing = label(course, Weight.QUIET, name="crc.progress.nothing")
        layout.addWidget(self._nothing)
        layout.addWidget(self._plot, 3)
        layout.addWidget(self._grids["agreement"].widget, 2)
        self._places = {name: self._grids[name].widget for name in ("readers", "sites")} | {"agreement": course}
        for place in self._places.values():
            self._stack.addWidget(place)
        return self._stack

    def render(self, state: State) -> bool:
        """Show the page; whether rows or buttons came or went."""
        before, self._before = self._before, state
        if before is not None and state.lang is before.lang and state.progress is before.progress:
            return False
        progress, lang = state.progress, state.lang
        self._at.setText(say("quality.view.progress.at", lang, at=progress.at) if progress.is_ready else "")
        self._export.setEnabled(progress.is_ready)
        items = [StripItem(key, f"{words}  {count}") for key, words, count in progress.numbers]
        moved = self._numbers.show(items, progress.chosen)
        show_words(self._waiting, progress.waiting)
        for name, grid in (("readers", progress.readers), ("sites", progress.sites), ("agreement", progress.agreement)):
            self._grids[name].draw(grid.columns, grid.rows)
        self._draw_course(progress, lang)
        self._draw_list(progress, lang)
        return self._show_part(state) or moved

    def _draw_course(self, progress: ProgressState, lang: Lang) -> None:
        has = bool(progress.courses)
        code = "nothing_compared" if progress.shows_readers else "readers_hidden"
        show_words(self._nothing, "" if has else say(f"quality.view.progress.{code}", lang))
        self._plot.setVisible(has)
        self._grids["agreement"].widget.setVisible(has)
        self._plot.draw(progress.courses, progress.mark, say("quality.view.progress.mark", lang, mark=progress.mark))

    def _draw_list(self, progress: ProgressState, lang: Lang) -> None:
        is_open = bool(progress.chosen)
        words = {"words": progress.chosen_words, "count": len(progress.units.rows)}
        show_words(self._list_words, say("quality.view.progress.listed", lang, **words) if is_open else "")
        self._hint.setVisible(progress.is_ready and not is_open)
        self._list.widget.setVisible(is_open)
        self._list.draw(progress.units.columns, progress.units.rows, progress.units.marks)

    def _show_part(self, state: State) -> bool:
        names = _PARTS if state.progress.shows_readers or not state.progress.is_ready else ("sites",)
        shown = self._part if self._part in names else names[0]
        items = [StripItem(name, say(f"quality.view.progress.part.{name}", state.lang)) for name in names]
        self._stack.setCurrentWidget(self._places[shown])
        return self._tabs.show(items, shown)

    def _turn(self, key: str) -> None:
        self._part = key
        if self._before is not None:
            self._show_part(self._before)
