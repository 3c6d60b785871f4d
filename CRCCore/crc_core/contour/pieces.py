"""Work in bounded pieces, so that a window stays alive in between; or all of it at once."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Pieces = Generator[None, None, T]
"""Work that yields after every bounded piece and returns its result."""


def finished(pieces: Pieces[T]) -> T:
    """The result of work in pieces, done without a pause."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            result: T = end.value
            return result
