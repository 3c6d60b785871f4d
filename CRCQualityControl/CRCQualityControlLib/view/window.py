"""Quality control in Slicer's window: the panel, the reports' dock, keys, the question before closing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.about_panel import show_help
from crc_widgets.module_frame import ModuleFrame
from crc_widgets.shortcuts import Shortcuts
from crc_widgets.side_dock import SideDock

from CRCQualityControlLib.presenter.state import CaseState, Page, State
from CRCQualityControlLib.view.bindings import bindings_of
from CRCQualityControlLib.view.kit import MakesPage
from CRCQualityControlLib.view.panel import Panel
from CRCQualityControlLib.view.reports_dock import WIDTH, ReportsDock

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl


class QualityWindow:
    """Shows quality control from `enter` to `leave`; `release` takes everything of ours out of the window.

    `run` shows a dialog until it is closed.
    """

    def __init__(
        self,
        parent: qt.QWidget,
        quality: QualityControl,
        pages: Mapping[Page, MakesPage],
        editor: qt.QWidget | None,
        run: Callable[[qt.QDialog], object],
    ) -> None:
        self._quality = quality
        self._page: Page | None = None
        self._lang: Lang | None = None
        self._had_case = False
        self.panel = Panel(parent, quality, pages, editor, self._drawn)
        self.panel.menu.calls.update(final=quality.adjudication.open_final, sheet=self.show_sheet, help=self._show_help)
        self.reports = ReportsDock(None, quality, self.panel.kit)
        self.dock = SideDock(self.reports.widget, "CRCQualityReportsDock", WIDTH)
        page = self.panel.pages[Page.ADJUDICATION]
        page.show_reports = self.show_reports
        self.shortcuts = Shortcuts(bindings_of(self.panel, page, self.reports, self.show_sheet))
        self._frame = ModuleFrame(self.dock, self.shortcuts, self.panel.width_px, quality.leave, run)

    def enter(self) -> None:
        """The module is shown."""
        self._frame.enter()
        self._quality.hub.on_render(self.panel.render)

    def leave(self) -> None:
        """Another module is shown; the case stays on the desk."""
        self._page, self._had_case = None, False
        self._frame.leave()

    def release(self) -> None:
        """Nothing of ours stays in the window."""
        self._quality.hub.on_render(None)
        self.leave()
        self._frame.release()

    def show_sheet(self) -> None:
        """Show the sheet of shortcuts."""
        self._frame.show_sheet(self._quality.state.lang)

    def show_reports(self) -> None:
        """Bring both reports up."""
        if self._quality.state.adjudication.case is not None:
            self.dock.bring_up()
            self._title()

    def _drawn(self, state: State) -> None:
        """After a state was drawn: a page gets the room it needs; the reports come with a case and go with it."""
        self.reports.render(state)
        if not self._frame.is_shown:
            return
        if state.page is not self._page:
            self._page = state.page
            self._frame.widen(self.panel.width_px)
        has_case = state.page is Page.ADJUDICATION and state.adjudication.case is not None
        if has_case and not self._had_case:
            self._bring_up(state.adjudication.case)
        elif not has_case:
            self.dock.hide()
        elif state.lang is not self._lang:
            self._title()
        self._had_case, self._lang = has_case, state.lang

    def _bring_up(self, case: CaseState) -> None:
        """The reports come with a case; in front where they are all there is to settle."""
        self.dock.show()
        self._title()
        in_words_only = not case.silent and not any(row.disputed for row in case.lesions)
        if in_words_only and any(row.critical for row in case.fields):
            self.dock.bring_up()

    def _title(self) -> None:
        lang = self._quality.state.lang
        self.dock.set_titles(say("quality.view.reports.dock", lang), say("panel.quality.title", lang))

    def _show_help(self) -> None:
        show_help("quality-control", self._quality.state.lang)
