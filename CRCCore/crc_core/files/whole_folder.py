"""Writing a folder with one owner: filled beside its place under a temporary name, then renamed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crc_core.files.atomic import naming, part_beside, sync_folder


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """The empty folder to fill, which becomes `folder` where the block ends well and is gone where it does not.

    `folder` is missing or empty; callers say in their own words what else may not be there. Raises CrcError where the
    disk refuses.
    """
    part = part_beside(folder)
    try:
        with naming(folder):
            part.mkdir(parents=True)
        yield part
        with naming(folder):
            # Windows renames onto nothing, not even onto an empty folder.
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
            sync_folder(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
