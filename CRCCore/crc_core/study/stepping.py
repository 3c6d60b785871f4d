"""Long work as a generator that tells how far it is and returns its result: run at once, or step by step by a panel."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[tuple[int, int], None, Result]
"""Yields how many of how many are done; returns the result."""

OnProgress = Callable[[int, int], None]


def finished(steps: Steps[Result], on_progress: OnProgress | None = None) -> Result:
    """Run to the end and give back the result."""
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result
        if on_progress is not None:
            on_progress(done, total)
