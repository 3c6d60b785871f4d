"""A lock between processes of one machine; it goes with the process that holds it, however that ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


@contextmanager
def locked(path: Path, *, wait: bool = True, taken: str = "file.in_use") -> Iterator[None]:
    """Hold the lock file `path`; raises the CrcError `taken` where another process holds it and `wait` is False."""
    with naming(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(handle, path, wait, taken)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path, wait: bool, taken: str) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError as error:
        raise CrcError(taken, path=path) from error
