"""What was fetched from servers: it lies on this machine up to a size, and what was used longest ago goes first.

`<cache>/server/<store and person>/` holds `images/<unit>/`, `readings/<identity>/` and `finals/<identity>/`. Each of
these goes as a whole, and never while somebody uses it. What waits to be sent lies elsewhere (`outbox`).
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.file_lock import locked
from crc_core.files.whole_folder import remove_whole

IMAGES, READINGS, FINALS = "images", "readings", "finals"
_KINDS = (IMAGES, READINGS, FINALS)
_MARK_SUFFIX = ".use"


@dataclass(frozen=True)
class Room:
    """How much room the cache may take; what was used within `rests_s` stays, as it may be about to be read."""

    most_bytes: int = 20_000_000_000
    least_free_bytes: int = 2_000_000_000
    rests_s: float = 600.0


@dataclass(frozen=True)
class _Item:
    folder: Path
    used_at: float
    bytes: int


class BodyCache:
    """The cache below `folder`, of all stores and persons of this account."""

    def __init__(self, folder: Path, room: Room | None = None) -> None:
        self._folder, self._room = folder, room or Room()

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder

    def make_room(self, needed_bytes: int) -> None:
        """Let what was used longest ago go until `needed_bytes` more fit; what is in use stays, even beyond the size.

        Nothing is raised where something cannot be taken away: the room is missed by who needs it, if at all.
        """
        if not needed_bytes or not self._folder.is_dir():
            return
        items = sorted(self._items(), key=lambda item: item.used_at)
        free = shutil.disk_usage(self._folder).free
        over = max(
            sum(item.bytes for item in items) + needed_bytes - self._room.most_bytes,
            needed_bytes + self._room.least_free_bytes - free,
        )
        for item in items:
            if over <= 0:
                return
            if not self._rests(item.used_at) and self._take_away(item.folder):
                over -= item.bytes

    def _items(self) -> Iterator[_Item]:
        for kind in _KINDS:
            for folder in self._folder.glob(f"*/{kind}/*"):
                if not folder.name.startswith(".") and folder.is_dir():
                    yield _Item(folder, folder.stat().st_mtime, _size(folder))

    def _rests(self, used_at: float) -> bool:
        return 0 <= time.time() - used_at < self._room.rests_s

    def _take_away(self, folder: Path) -> bool:
        """Whether the item could go: nobody uses it, and the disk lets it go."""
        marks = list(folder.parent.glob(f".{folder.name}.*{_MARK_SUFFIX}"))
        try:
            if any(self._rests(mark.stat().st_mtime) for mark in marks):
                return False
            for mark in marks:
                with locked(mark, wait=False):
                    pass
            remove_whole(folder)
            for mark in marks:
                mark.unlink(missing_ok=True)
        except (CrcError, OSError):
            return False
        return True


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """While the block runs, nobody takes the item `folder` away, however long that is; it may be missing as yet.

    It counts as used now. Raises CrcError where the disk refuses.
    """
    with naming(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    mark = folder.with_name(f".{folder.name}.{uuid4().hex}{_MARK_SUFFIX}")
    try:
        with locked(mark):
            _touch(folder)
            yield
            _touch(folder)
    finally:
        mark.unlink(missing_ok=True)


def _touch(folder: Path) -> None:
    if folder.is_dir():
        with naming(folder):
            os.utime(folder)


def _size(folder: Path | str) -> int:
    """The bytes of all files below; what goes meanwhile counts nothing."""
    total = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                total += _size(entry.path) if entry.is_dir(follow_symlinks=False) else _bytes_of(entry)
    except FileNotFoundError:
        pass
    return total


def _bytes_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:
        return 0
