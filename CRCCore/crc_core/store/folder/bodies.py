"""Bodies (readings, finals, images): in place and verified before any event speaks of them, never written over.

A body is copied beside its place under a temporary name, compared, and renamed into place. What a killed process
leaves behind is a folder that no event speaks of: harmless, and named by `crdb store check`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, part_beside, sync_folder
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import (
    MANIFEST_NAME,
    MANIFEST_SCHEMA,
    Manifest,
    SealedFile,
    SealedFolder,
    open_as,
    open_sealed,
)
from crc_core.store.folder.layout import Layout
from crc_core.store.images import check_images, image_files
from crc_core.workflow.payloads import SeriesRecord

_CHUNK_BYTES = 1 << 20
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES)


@dataclass(frozen=True)
class FolderBodies:
    """The bodies of a folder store."""

    layout: Layout

    def place_reading(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed reading; one that was damaged here meanwhile is replaced."""
        place_sealed(self.layout, sealed, self.layout.reading(unit, sealed.sha256))

    def place_final(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed final."""
        place_sealed(self.layout, sealed, self.layout.final(unit, sealed.sha256))

    def place_series(self, unit: str, record: SeriesRecord, folder: Path) -> None:
        """Keep the DICOM files of one series, compared with their registration once they are here."""
        place = self.layout.series(unit, record.code, record.pixel_sha256)
        check_images(place_images(self.layout, image_files(folder), place).folder, record)

    def reading(self, unit: str, sha256: str) -> SealedFolder:
        """A kept reading, compared with its manifest."""
        return open_as(self.layout.reading(unit, sha256), sha256)

    def final(self, unit: str, sha256: str) -> SealedFolder:
        """A kept final, compared with its manifest."""
        return open_as(self.layout.final(unit, sha256), sha256)

    def series_folder(self, unit: str, record: SeriesRecord) -> Path:
        """The folder with the image files of one series."""
        return self.layout.series(unit, record.code, record.pixel_sha256)


def place_sealed(layout: Layout, sealed: SealedFolder, place: Path) -> SealedFolder:
    """Copy a sealed folder to `place`, compared with its manifest; a whole one that is there already is kept.

    One that was altered there is set aside and replaced. Raises CrcError where the source was altered meanwhile or the
    disk refuses; nothing is left at `place` then.
    """

    def fill(part: Path) -> None:
        for name in (*sealed.manifest.files, MANIFEST_NAME):
            _copy(sealed.folder / name, part / name)

    found = _place(layout, place, fill, lambda there: there.sha256 == sealed.sha256)
    if found.sha256 != sealed.sha256:
        raise CrcError("sealed.altered", path=sealed.folder / MANIFEST_NAME)
    return found


def place_images(layout: Layout, sources: Sequence[Path], place: Path) -> SealedFolder:
    """Copy the DICOM files of one series to `place` under neutral names, with a manifest, in the order given."""

    def fill(part: Path) -> None:
        listed = {}
        for number, source in enumerate(sources, start=1):
            name = f"{number:05d}.dcm"
            listed[name] = _copy(source, part / name)
        data = canonical_bytes(to_document(Manifest(MANIFEST_SCHEMA, listed)))
        with naming(part / MANIFEST_NAME):
            (part / MANIFEST_NAME).write_bytes(data)

    return _place(layout, place, fill, lambda there: len(there.manifest.files) == len(sources))


def set_aside(layout: Layout, path: Path) -> Path:
    """Move something altered or half-written out of the way; returns where it lies now."""
    kept = layout.set_aside / f"{path.parent.name}-{path.name}-{secrets.token_hex(4)}"
    with naming(path):
        layout.set_aside.mkdir(exist_ok=True)
        os.rename(path, kept)  # noqa: PTH104 - the same call as for placing
    return kept


def _place(
    layout: Layout, place: Path, fill: Callable[[Path], None], is_same: Callable[[SealedFolder], bool]
) -> SealedFolder:
    present = _present(layout, place, is_same)
    if present is not None:
        return present
    part = part_beside(place)
    try:
        with naming(place):
            part.mkdir(parents=True)
        fill(part)
        open_sealed(part)
        if not _rename(part, place):
            present = _present(layout, place, is_same)
            if present is None:
                raise CrcError("store.busy", path=place)
            return present
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return open_sealed(place)


def _present(layout: Layout, place: Path, is_same: Callable[[SealedFolder], bool]) -> SealedFolder | None:
    """What lies whole at `place`; anything else there is set aside."""
    if not place.exists():
        return None
    try:
        found = open_sealed(place)
    except CrcError as error:
        if not error.code.startswith(("sealed.", "json.", "file.missing")):
            raise
    else:
        if is_same(found):
            # A body in use looks young again, so that nobody clears it away as a leftover.
            with naming(place):
                os.utime(place)
            return found
    set_aside(layout, place)
    return None


def _rename(part: Path, place: Path) -> bool:
    """Whether `part` became `place`; False where another process placed its own first."""
    with naming(place):
        try:
            os.rename(part, place)  # noqa: PTH104 - Path.rename would replace an empty folder on some systems
        except OSError as error:
            if error.errno in _TAKEN and place.exists():
                return False
            raise
        sync_folder(place.parent)
    return True


def _copy(source: Path, target: Path) -> SealedFile:
    with naming(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with naming(source), source.open("rb") as reading, naming(target), target.open("xb") as writing:
        while piece := reading.read(_CHUNK_BYTES):
            digest.update(piece)
            size += len(piece)
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    return SealedFile(digest.hexdigest(), size)
