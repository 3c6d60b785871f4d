"""The lock of an import; other work waits or is told that an import holds the file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from crc_core.files import file_lock


def locked(path: Path, *, wait: bool = True) -> AbstractContextManager[None]:
    """Hold the lock file `path`; raises CrcError where another process holds it and `wait` is False."""
    return file_lock.locked(path, wait=wait, taken="import.in_progress")
