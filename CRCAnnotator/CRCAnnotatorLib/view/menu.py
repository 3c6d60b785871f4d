"""What lies behind the three dots in the head: things that are wanted now and then, each with its keys."""

from __future__ import annotations

from collections.abc import Callable

import qt

from CRCAnnotatorLib.presenter.state import State
from CRCAnnotatorLib.view.kit import ViewKit


class PanelMenu:
    """The menu; `sheet` and `help` are set by who can open them."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, show_report: Callable[[], None]) -> None:
        self._annotator = kit.annotator
        self._show_report = show_report
        self.show_sheet: Callable[[], None] | None = None
        self.show_help: Callable[[], None] | None = None
        self.widget = qt.QMenu(parent)
        self.widget.setObjectName("crc.menu")
        self._actions = {}
        for code in ("save", "report", "prior", "", "close", "sign_out", "", "sheet", "help"):
            if not code:
                self.widget.addSeparator()
                continue
            action = self.widget.addAction("")
            action.setObjectName(f"crc.menu.{code}")
            action.setData(code)
            kit.words.text(action, f"annotator.view.menu.{code}")
            self._actions[code] = action
        self.widget.connect("triggered(QAction*)", self._chosen)

    def draw(self, state: State) -> None:
        """Show what can be done now."""
        is_open = state.header is not None
        for code in ("save", "report", "close"):
            self._actions[code].setEnabled(is_open)
        self._actions["sign_out"].setVisible(state.line is not None)
        self._actions["sign_out"].setEnabled(state.store.is_open)
        self._actions["prior"].setEnabled(state.header is not None and state.header.has_prior)

    def _chosen(self, action: qt.QAction) -> None:
        calls = {
            "save": self._annotator.save_now,
            "report": self._show_report,
            "prior": self._annotator.toggle_prior,
            "close": self._annotator.cases.close_case,
            "sign_out": self._annotator.online.sign_out,
            "sheet": self.show_sheet,
            "help": self.show_help,
        }
        call = calls[action.data()]
        if call is not None:
            call()
