"""Observations that end together, and the mark by which our own changes are told from a person's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import vtk

Call = Callable[[Any, str], None]
CallWithObject = Callable[[Any, str, Any], None]
_FIRST = 1000.0


def _nothing() -> None:
    pass


class Observers:
    """Keeps what it observes and who is called, so that nothing stays behind.

    The calls are kept until their observations have ended: one that goes while VTK takes its observation off could take
    its subject with it.
    """

    def __init__(self) -> None:
        self._held: list[tuple[Any, int, Call | CallWithObject]] = []

    def add(self, subject: Any, event: int | str, call: Call, *, first: bool = False) -> None:
        """Call with the subject and the event's name until the subject is dropped; with `first` before all others."""
        self._held.append((subject, subject.AddObserver(event, call, _FIRST if first else 0.0), call))

    def add_with_object(self, subject: Any, event: int | str, call: CallWithObject, *, first: bool = False) -> None:
        """As `add`, for an event that carries a VTK object, which is handed on."""

        def hand_on(caller: Any, name: str, carried: Any) -> None:
            call(caller, name, carried)

        hand_on.CallDataType = vtk.VTK_OBJECT  # type: ignore[attr-defined]  # read by VTK's Python wrapping
        self._held.append((subject, subject.AddObserver(event, hand_on, _FIRST if first else 0.0), hand_on))

    def drop(self, subject: Any) -> None:
        """End every observation of one subject."""
        going = [each for each in self._held if each[0] is subject]
        self._held = [each for each in self._held if each[0] is not subject]
        for held, tag, _ in going:
            held.RemoveObserver(tag)

    def clear(self) -> None:
        """End all observations."""
        going, self._held = self._held, []
        for held, tag, _ in going:
            held.RemoveObserver(tag)

    def __len__(self) -> int:
        return len(self._held)


class Quiet:
    """While a block runs under it, what happens in the scene is our own doing and is told to nobody.

    `begin` and `end` are called around the outermost block, for example to draw the views only once.
    """

    def __init__(self, begin: Callable[[], None] = _nothing, end: Callable[[], None] = _nothing) -> None:
        self._begin, self._end = begin, end
        self._depth = 0

    def __bool__(self) -> bool:
        return self._depth > 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if not self._depth:
            self._begin()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._end()
