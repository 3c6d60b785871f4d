"""Writing a file with one owner: temporary name, flush, rename, read back, compare, and only then done."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crc_core.errors import CrcError

PART_SUFFIX = ".part"
"""Ends the names of files and folders that are being written; they are never read."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals about `path` into a CrcError that names it and says what to do."""
    try:
        yield
    except FileNotFoundError as error:
        raise CrcError("file.missing", path=path) from error
    except PermissionError as error:
        raise CrcError("file.not_permitted", path=path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CrcError("file.disk_full", path=path) from error
        if error.errno == errno.EROFS:
            raise CrcError("file.read_only", path=path) from error
        raise CrcError("file.trouble", path=path, reason=error.strerror or str(error)) from error


def read_bytes(path: Path) -> bytes:
    """All bytes of a file; raises CrcError where it cannot be read."""
    with naming(path):
        return path.read_bytes()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, read in pieces; raises CrcError where it cannot be read."""
    with naming(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def part_beside(path: Path) -> Path:
    """A name of its own beside `path`: hidden, never taken for data, and short enough for any file system."""
    return path.with_name(f".{path.name[:40]}.{secrets.token_hex(6)}{PART_SUFFIX}")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` as `path` so that a reader sees the old file or the new one, never a part.

    The folder must exist. Raises CrcError where writing or the comparison after it fails; the old file then stands.
    """
    temporary = part_beside(path)
    with naming(path):
        try:
            _write_through(temporary, data)
            if temporary.read_bytes() != data:
                raise CrcError("file.read_back", path=path)
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def create_exclusively(path: Path, data: bytes) -> bool:
    """Create `path` with `data` unless it exists; whether this call made it.

    A half-written file of a killed process is never visible under `path`: the bytes are written under a temporary name
    and linked, which fails where the name is taken. Where the file system knows no hard links the file is made by
    O_EXCL and written in one call.
    """
    temporary = part_beside(path)
    with naming(path):
        try:
            _write_through(temporary, data)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP):
                    raise
                return _create_by_open(path, data)
            sync_folder(path.parent)
            return True
        finally:
            temporary.unlink(missing_ok=True)


def _create_by_open(path: Path, data: bytes) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o644)
    except FileExistsError:
        return False
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return True


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make a rename or a creation in `folder` survive a power cut, where the system can do so (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Network shares know no flush of a folder and say so; what was written stands all the same.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)
