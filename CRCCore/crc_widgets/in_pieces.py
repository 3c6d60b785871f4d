"""A long beginning in pieces: one for each turn of Slicer's event loop, so that the window is alive in between."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from importlib import import_module
from typing import Any

import qt


def imported(names: Sequence[str]) -> Generator[None, None, None]:
    """Import these modules one by one, what others stand on first; a piece each."""
    for name in names:
        import_module(name)
        yield


class InPieces:
    """Runs a generator piece by piece and gives what it returns to `done`; an exception of a piece ends it."""

    def __init__(self, parent: qt.QObject, pieces: Generator[None, None, Any], done: Callable[[Any], None]) -> None:
        self._pieces, self._done, self._goes_on = pieces, done, True
        self._timer = qt.QTimer(parent)
        self._timer.setInterval(0)
        self._timer.connect("timeout()", self._next)
        self._timer.start()

    @property
    def is_going_on(self) -> bool:
        """Whether pieces are left."""
        return self._goes_on

    def finish(self) -> None:
        """Do at once what is left."""
        while self.is_going_on:
            self._next()

    def _next(self) -> None:
        try:
            next(self._pieces)
        except StopIteration as end:
            self._stop()
            self._done(end.value)
        except Exception:
            self._stop()
            raise

    def _stop(self) -> None:
        # The timer itself cannot be asked any more: it is gone at the next turn of the loop.
        self._goes_on = False
        self._timer.stop()
        self._timer.disconnect("timeout()", self._next)
        self._timer.deleteLater()
