"""Whether a person is at work: a mouse that moves, a wheel, a key in a window, told at most once a second.

After each telling the filter is taken off until the second is over, so that the application's events do not run
through Python: one of thousands does.
"""

# ruff: noqa: N802, the name of the override is Qt's

from __future__ import annotations

from collections.abc import Callable

import qt

_PAUSE_MS = 1000


class Activity:
    """Watches objects (windows and their native handles) and calls `touched`."""

    def __init__(self, parent: qt.QObject, touched: Callable[[], None]) -> None:
        self._touched = touched
        self._watched: list[qt.QObject] = []
        self._filter = _Filter(parent, self._seen)
        self._pause = qt.QTimer(parent)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.connect("timeout()", self._listen)
        self._on = False

    def watch(self, watched: list[qt.QObject]) -> None:
        """Watch these objects from now on."""
        self.stop()
        self._watched = watched
        self._listen()

    def stop(self) -> None:
        """Watch no longer."""
        self._pause.stop()
        self._deaf()
        self._watched = []

    def _listen(self) -> None:
        if not self._on:
            for watched in self._watched:
                watched.installEventFilter(self._filter)
            self._on = bool(self._watched)

    def _deaf(self) -> None:
        if self._on:
            for watched in self._watched:
                watched.removeEventFilter(self._filter)
            self._on = False

    def _seen(self) -> None:
        if self._on:
            self._deaf()
            self._pause.start()
            self._touched()


class _Filter(qt.QObject):
    def __init__(self, parent: qt.QObject, seen: Callable[[], None]) -> None:
        super().__init__(parent)
        self._seen = seen
        self._kinds = (
            qt.QEvent.MouseMove,
            qt.QEvent.MouseButtonPress,
            qt.QEvent.Wheel,
            qt.QEvent.KeyPress,
        )

    def eventFilter(self, _watched: qt.QObject, event: qt.QEvent) -> bool:
        if event.type() in self._kinds:
            self._seen()
        return False
