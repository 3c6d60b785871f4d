"""Asks before a window closes; whoever is asked may keep it open."""

# ruff: noqa: N802, the name of the override is Qt's

from __future__ import annotations

from collections.abc import Callable

import qt


class CloseGuard:
    """`may_close()` is asked when `window` is about to close; False keeps it open."""

    def __init__(self, window: qt.QWidget, may_close: Callable[[], bool]) -> None:
        self._window = window
        self._filter = _Filter(window, may_close)
        window.installEventFilter(self._filter)

    def release(self) -> None:
        """Ask no longer."""
        self._window.removeEventFilter(self._filter)
        self._filter.deleteLater()


class _Filter(qt.QObject):
    def __init__(self, parent: qt.QObject, may_close: Callable[[], bool]) -> None:
        super().__init__(parent)
        self._may_close = may_close

    def eventFilter(self, _watched: qt.QObject, event: qt.QEvent) -> bool:
        if event.type() != qt.QEvent.Close or self._may_close():
            return False
        event.ignore()
        return True
