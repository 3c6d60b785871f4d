"""A folder with one owner: filled beside its place under a temporary name, then renamed; taken away as it came."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crc_core.files.atomic import PART_SUFFIX, naming, part_beside, sync_folder


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


def remove_whole(folder: Path) -> None:
    """Take a folder away so that nobody ever finds a part of it; nothing where there is none.

    What earlier attempts that were killed left half-written or half-removed of it goes as well: only its one owner may
    ask for this. Raises CrcError where the disk refuses.
    """
    with naming(folder):
        if folder.exists():
            folder.rename(part_beside(folder))
        for left in folder.parent.glob(f".{folder.name[:40]}.*{PART_SUFFIX}"):
            shutil.rmtree(left)
