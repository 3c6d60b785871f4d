"""What a job in a process aside is given: a way to tell how far it is, to be cancelled, and to open a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from crc_core.errors import CrcError
from crc_core.store.folder import FolderStore

Tell = Callable[[str, int, int], None]
"""Told what is being done in words, how much of it, and of how much (0: unknown)."""


class Cancelled(BaseException):
    """Somebody wants the job to end; carried past everything that mends mere errors."""


class Cancel:
    """The handler of the signal that ends a job; `wanted` once it came."""

    def __init__(self) -> None:
        self.wanted = False
        self._is_held = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Raise Cancelled where the job is, unless it is held."""
        self.wanted = True
        if not self._is_held:
            raise Cancelled

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block that asks `wanted` itself, since no exception finds its way through it; raised at its end."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self.wanted:
                raise Cancelled


def folder_store(place: str) -> FolderStore:
    """The folder store at `place`; raises CrcError where there is none."""
    if "://" in place:
        raise CrcError("desk.job_needs_folder", place=place)
    return FolderStore(Path(place))
