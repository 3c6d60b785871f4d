"""What leaves the database: a final with its images as one archive, and a line for the audit about whoever took it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.files.sealed import MANIFEST_NAME, SealedFile, SealedFolder
from crc_core.identity import UnitId
from crc_core.text import Lang
from crc_core.workflow.payloads import SeriesRecord

from crc_server.leaving_out import by_grant_alone, without_words
from crc_server.models import TakenRow
from crc_server.reports import report_page
from crc_server.store.server_store import ServerStore

_CHUNK_BYTES = 1 << 20
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The one time in an archive, so that equal contents are equal bytes."""


class What(StrEnum):
    """What somebody took."""

    FINAL = "final"
    IMAGES = "images"
    ARCHIVE = "archive"
    TABLE = "table"


@dataclass(frozen=True)
class Member:
    """A file of an archive: its name there, its place in the storage, its entry in the manifest."""

    name: str
    place: str
    entry: SealedFile


def note_taken(person: str, what: What, at: datetime, unit: str = "", count: int = 1) -> None:
    """Keep for the audit who took what."""
    TakenRow.objects.create(at=at, person=person, what=what.value, unit=unit, count=count)


def archive_of(store: ServerStore, unit: UnitId, viewer: str, lang: Lang) -> Iterator[bytes]:
    """The final in force with its report and its images, as the bytes of a ZIP file, made while they are sent.

    Raises CrcError before the first byte where the viewer may not open it or a file is missing; a file that turns out
    altered later ends the archive before its directory, so that nobody can take it for whole.
    """
    sealed = store.open_final(unit, viewer)
    members = [member for record in store.series(unit, viewer) for member in _series(store, unit, record)]
    granted = by_grant_alone(store.ledger.context.person(viewer))
    plain = without_words(sealed) if granted else {}
    return _bytes_of(store, _documents(sealed, plain), members, report_page(sealed, lang, with_words=not granted))


def _documents(sealed: SealedFolder, plain: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of a final by their names in an archive; those with words only without them, under another name."""
    for name in (*sorted(sealed.manifest.files), MANIFEST_NAME):
        if name in plain:
            yield f"final-without-words/{name}", plain[name]
        else:
            yield f"final/{name}", _read(sealed.folder / name)


def _series(store: ServerStore, unit: UnitId, record: SeriesRecord) -> Iterator[Member]:
    key, _ = store.bodies.series_key(str(unit), record)
    for name, entry in sorted(store.bodies.manifest(key).files.items()):
        yield Member(f"images/{record.code}/{name}", f"{key}/{name}", entry)


def _bytes_of(
    store: ServerStore, documents: Iterator[tuple[str, bytes]], members: list[Member], report: bytes
) -> Iterator[bytes]:
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, data in documents:
            archive.writestr(_info(name), data)
            yield pipe.taken()
        archive.writestr(_info("report.html"), report)
        for member in members:
            digest = hashlib.sha256()
            with (
                store.bodies.open(member.place) as source,
                archive.open(_info(member.name), "w", force_zip64=True) as to,
            ):
                while piece := source.read(_CHUNK_BYTES):
                    digest.update(piece)
                    to.write(piece)
                    yield pipe.taken()
            if digest.hexdigest() != member.entry.sha256:
                raise CrcError("sealed.altered", path=member.name)
    yield pipe.taken()


def _read(path: Path) -> bytes:
    with naming(path):
        return path.read_bytes()


def _info(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, _FIRST_DAY)


class _Pipe(io.RawIOBase):
    """Takes what an archive is written to and gives it on; an archive on something that cannot be sought in."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: object) -> int:
        """Keep it until it is taken."""
        piece = bytes(data)  # type: ignore[call-overload]  # any buffer
        self._waiting.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since."""
        waiting, self._waiting = b"".join(self._waiting), []
        return waiting
