"""Whether bodies lie where they were put: a disk that is not mounted leaves an empty folder, and nobody would notice.

The folder carries a file with the store's identifier. It is made with the first body, or by the first start of a
version that knows of it.
"""

from __future__ import annotations

from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, write_bytes

from crc_server.models import SeriesRow

MARK = ".crc-bodies"


def require_place(root: Path, store: str) -> None:
    """Raise the CrcError where the folder is not the one that holds the store's bodies."""
    path = root / MARK
    if path.is_file() and read_bytes(path).decode("ascii", "replace") == store:
        return
    if SeriesRow.objects.exists():
        if path.is_file():
            raise CrcError("server.bodies_of_another", path=root)
        with naming(root):
            is_empty = not root.is_dir() or not any(root.iterdir())
        if is_empty:
            raise CrcError("server.bodies_gone", path=root)
    mark_place(root, store)


def mark_place(root: Path, store: str) -> None:
    """Say that the folder holds the store's bodies."""
    with naming(root):
        root.mkdir(parents=True, exist_ok=True)
    write_bytes(root / MARK, store.encode("ascii"))
