"""What both panels take of Slicer's window while their module is shown, and give back: keys, dock, width, closing."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
from crc_core.text import Lang

from crc_widgets.close_guard import CloseGuard
from crc_widgets.dialog import shown
from crc_widgets.main_window import WindowParts
from crc_widgets.shortcuts import Shortcuts, ShortcutSheet
from crc_widgets.side_dock import SideDock


class ModuleFrame:
    """Taken by `enter`, given back by `leave`; after `release` nothing of ours is in the window.

    `may_close` is asked before the window closes, `run` shows a dialog until it is closed.
    """

    def __init__(
        self,
        dock: SideDock,
        shortcuts: Shortcuts,
        width_px: int,
        may_close: Callable[[], bool],
        run: Callable[[qt.QDialog], object],
    ) -> None:
        self._dock, self._shortcuts = dock, shortcuts
        self._parts = WindowParts(width_px)
        self._may_close, self._run = may_close, run
        self._guard: CloseGuard | None = None
        self.is_shown = False

    def enter(self) -> qt.QWidget | None:
        """The module is shown; Slicer's window, where it has one."""
        self.is_shown = True
        self._parts.take()
        window: qt.QWidget | None = slicer.util.mainWindow()
        if window is not None:
            self._shortcuts.install(window)
            if self._guard is None:
                self._guard = CloseGuard(window, self._may_close)
        return window

    def leave(self) -> None:
        """Another module is shown."""
        self.is_shown = False
        self._shortcuts.remove()
        self._dock.hide()
        self._parts.give_back()

    def release(self) -> None:
        """The panel goes for good."""
        self._dock.release()
        if self._guard is not None:
            self._guard.release()
            self._guard = None

    def widen(self, width_px: int) -> None:
        """Give the panel the width it needs now."""
        self._parts.widen(width_px)

    def show_sheet(self, lang: Lang) -> None:
        """Show the sheet of shortcuts."""
        sheet = ShortcutSheet(slicer.util.mainWindow(), self._shortcuts.bindings, lang)
        with shown(sheet.dialog, self._run):
            pass
