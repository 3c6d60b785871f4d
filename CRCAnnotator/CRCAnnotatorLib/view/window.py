"""The annotator in Slicer's window: the panel, the report's dock, keys, activity, the question before closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.about_panel import show_help
from crc_widgets.activity import Activity
from crc_widgets.module_frame import ModuleFrame
from crc_widgets.shortcuts import Shortcuts
from crc_widgets.side_dock import SideDock

from CRCAnnotatorLib.presenter.state import State, StepId
from CRCAnnotatorLib.view.bindings import bindings_of
from CRCAnnotatorLib.view.panel import WIDTH as PANEL_WIDTH
from CRCAnnotatorLib.view.panel import Panel
from CRCAnnotatorLib.view.report_dock import WIDTH

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.annotator import Annotator


class AnnotatorWindow:
    """Shows an annotator from `enter` to `leave`; `release` takes everything of ours out of the window.

    `run` shows a dialog until it is closed.
    """

    def __init__(
        self,
        parent: qt.QWidget,
        annotator: Annotator,
        editor: qt.QWidget | None,
        ask_words: Callable[[str, str], str | None],
        run: Callable[[qt.QDialog], object],
    ) -> None:
        self._annotator = annotator
        self._step: StepId | None = None
        self._lang: Lang | None = None
        self.panel = Panel(parent, annotator, editor, ask_words, self.show_report, self._drawn)
        self.dock = SideDock(self.panel.report.widget, "CRCReportDock", WIDTH)
        self.panel.menu.show_sheet = self.show_sheet
        self.panel.menu.show_help = self._show_help
        self.shortcuts = Shortcuts(bindings_of(self.panel, self.show_report, self.show_sheet))
        self._frame = ModuleFrame(self.dock, self.shortcuts, PANEL_WIDTH, self._may_close, run)
        self._activity = Activity(self.panel.widget, annotator.touched)

    def enter(self) -> None:
        """The module is shown."""
        window = self._frame.enter()
        if window is not None:
            # The native window sees every key and every move of the mouse, over the images too.
            native = window.windowHandle()
            self._activity.watch([native] if native is not None else [window])
        self._annotator.hub.on_render(self.panel.render)

    def leave(self) -> None:
        """Another module is shown; the case stays open."""
        self._step = None
        self._frame.leave()
        self.panel.commit()
        self._activity.stop()

    def release(self) -> None:
        """Nothing of ours stays in the window."""
        self._annotator.hub.on_render(None)
        self.leave()
        self._frame.release()

    def show_report(self) -> None:
        """Bring the report up."""
        self.dock.bring_up()
        self._title()

    def show_sheet(self) -> None:
        """Show the sheet of shortcuts."""
        self._frame.show_sheet(self._annotator.hub.lang)

    def _show_help(self) -> None:
        show_help("tutorial", self._annotator.hub.lang)

    def _drawn(self, state: State) -> None:
        """After a state was drawn: the report's dock comes with a case and goes with it."""
        if not self._frame.is_shown:
            return
        if state.report is None:
            self.dock.hide()
        elif not self.dock.is_shown and self._step is None:
            self.dock.show()
        if state.report is None:
            self._step = None
        elif state.step is not self._step:
            self._turn(state.step)
        if state.lang is not self._lang:
            self._lang = state.lang
            self._title()

    def _turn(self, step: StepId) -> None:
        first, self._step = self._step is None, step
        if first:
            self._title()
        if step is StepId.REPORT:
            self.show_report()
        else:
            self.dock.bring_up_panel()

    def _title(self) -> None:
        lang = self._annotator.hub.lang
        self.dock.set_titles(say("annotator.view.report.dock", lang), say("panel.annotator.title", lang))

    def _may_close(self) -> bool:
        self.panel.commit()
        return self._annotator.stop()
