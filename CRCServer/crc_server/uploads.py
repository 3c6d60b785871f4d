"""Uploads: the files of a sealed folder, arriving in any order and in ranges, until they are whole.

An upload belongs to one person and is named by the hash of its manifest. Nothing is shared between owners: that a file
is here already would tell of somebody else's reading. What is acknowledged is flushed to disk and compared.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, sha256_of, sync_folder, write_bytes
from crc_core.files.file_lock import locked
from crc_core.files.sealed import MANIFEST_NAME, Manifest, SealedFile, SealedFolder, open_as, read_manifest

LARGEST_MANIFEST_BYTES = 4 * 1024 * 1024
MOST_FILES = 20_000
_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GIGABYTE = 1024**3
_MANIFESTS_REMEMBERED = 16


@dataclass(frozen=True)
class FileState:
    """How much of a file is here."""

    name: str
    bytes: int
    received: int

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here and compared."""
        return self.received == self.bytes


@dataclass(frozen=True)
class UploadState:
    """How far an upload has come; a file with all its bytes was compared with its hash."""

    sha256: str
    files: tuple[FileState, ...]
    whole: bool


@dataclass(frozen=True)
class Span:
    """The part of a file that a request brings: from `start`, of a file of `total` bytes."""

    start: int
    total: int


@dataclass(frozen=True)
class Uploads:
    """All uploads of a server, one folder per owner."""

    root: Path
    gigabytes_per_owner: int

    def of(self, owner: str, sha256: str) -> Upload:
        """One person's upload; raises CrcError for a name that is no hash."""
        if not _SHA256.fullmatch(sha256):
            raise CrcError("server.not_found")
        return Upload(self.root / owner / sha256, sha256, self)

    def room_for(self, owner: str, more_bytes: int) -> None:
        """Raise CrcError where a person's uploads would take more than they may."""
        folder = self.root / owner
        paths = folder.rglob("*") if folder.exists() else ()
        used = sum(path.stat().st_size for path in paths if path.is_file())
        if used + more_bytes > self.gigabytes_per_owner * _GIGABYTE:
            raise CrcError("server.upload_full", gigabytes=self.gigabytes_per_owner)

    def clear(self, older_than_days: float) -> int:
        """Remove uploads nobody has touched for so long; how many."""
        limit, cleared = time.time() - older_than_days * 24 * 3600, 0
        for folder in self.root.glob("*/*"):
            if folder.is_dir() and folder.stat().st_mtime < limit:
                shutil.rmtree(folder, ignore_errors=True)
                cleared += 1
        return cleared


@dataclass(frozen=True)
class Upload:
    """One upload below `folder`: `body/` holds whole files, `parts/` those still coming."""

    folder: Path
    sha256: str
    uploads: Uploads

    @property
    def is_begun(self) -> bool:
        """Whether its manifest is here."""
        return (self._body / MANIFEST_NAME).is_file()

    def begin(self, data: bytes) -> UploadState:
        """Take the manifest; raises CrcError where it does not fit the name or asks for too much."""
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise CrcError("sealed.altered", path=MANIFEST_NAME)
        manifest = read_manifest(data, Path(MANIFEST_NAME))
        if len(manifest.files) > MOST_FILES or any(entry.bytes < 0 for entry in manifest.files.values()):
            raise CrcError("server.upload_files", most=MOST_FILES)
        if not self.is_begun:
            self.uploads.room_for(self.folder.parent.name, sum(entry.bytes for entry in manifest.files.values()))
            with naming(self.folder):
                self._body.mkdir(parents=True, exist_ok=True)
                self._parts.mkdir(exist_ok=True)
            # Written apart: a server that is killed must leave nothing else in the folder that will be sealed.
            apart = self._parts / MANIFEST_NAME
            write_bytes(apart, data)
            with naming(apart):
                apart.replace(self._body / MANIFEST_NAME)
                sync_folder(self._body)
        return self.state()

    def state(self) -> UploadState:
        """How far it has come; raises CrcError for an upload that was never begun."""
        manifest = self._manifest()
        files = tuple(self._file_state(name, entry) for name, entry in sorted(manifest.files.items()))
        return UploadState(self.sha256, files, all(item.is_whole for item in files))

    def put(self, name: str, stream: IO[bytes], length: int, span: Span | None) -> FileState:
        """Take a file or a range of it from `stream`; returns after it is on disk and, once whole, compared.

        Raises CrcError for a file the manifest does not list, for a range that does not continue what is here, and
        for content that is not what the manifest says (then that file begins anew).
        """
        entry = self._manifest().files.get(name)
        if entry is None:
            raise CrcError("server.upload_unlisted", name=name)
        if span is not None and span.total != entry.bytes:
            raise CrcError("server.upload_length", name=name)
        with self._locked(name):
            if self._file_state(name, entry).is_whole:
                return FileState(name, entry.bytes, entry.bytes)
            start = 0 if span is None else span.start
            self._append(name, entry, stream, length, start)
            return self._finish(name, entry)

    def sealed(self) -> SealedFolder:
        """The whole folder, compared once more; raises CrcError where files are still missing."""
        if not self.state().whole:
            raise CrcError("server.upload_incomplete")
        return open_as(self._body, self.sha256)

    def remove(self) -> None:
        """Forget the upload."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _body(self) -> Path:
        return self.folder / "body"

    @property
    def _parts(self) -> Path:
        return self.folder / "parts"

    def _part(self, name: str) -> Path:
        return self._parts / hashlib.sha256(name.encode()).hexdigest()

    def _manifest(self) -> Manifest:
        if not self.is_begun:
            raise CrcError("server.not_found")
        return _manifest_at(self._body / MANIFEST_NAME, self.sha256)

    def _file_state(self, name: str, entry: SealedFile) -> FileState:
        if (self._body / name).is_file():
            return FileState(name, entry.bytes, entry.bytes)
        part = self._part(name)
        # A part with all bytes that was cut off before it was compared is asked for from its last byte again.
        received = min(part.stat().st_size, max(entry.bytes - 1, 0)) if part.is_file() else 0
        return FileState(name, entry.bytes, received)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        try:
            with locked(self._part(name).with_suffix(".lock"), wait=False):
                yield
        except CrcError as error:
            if error.code == "file.in_use":
                raise CrcError("server.upload_elsewhere", name=name) from error
            raise

    def _append(self, name: str, entry: SealedFile, stream: IO[bytes], length: int, start: int) -> None:
        part = self._part(name)
        present = part.stat().st_size if part.is_file() else 0
        if start > present or start + length > entry.bytes:
            raise CrcError("server.range", received=self._file_state(name, entry).received)
        with naming(part), part.open("r+b" if present else "wb") as target:
            target.seek(start)
            target.truncate()
            try:
                left = length
                while left and (piece := stream.read(min(left, _CHUNK_BYTES))):
                    target.write(piece)
                    left -= len(piece)
            finally:
                # What came before the line was cut stays, so that the sender goes on from there.
                target.flush()
                os.fsync(target.fileno())
        if left:
            raise CrcError("server.upload_cut", name=name)

    def _finish(self, name: str, entry: SealedFile) -> FileState:
        part, place = self._part(name), self._body / name
        received = part.stat().st_size
        if received < entry.bytes:
            return FileState(name, entry.bytes, received)
        if sha256_of(part) != entry.sha256:
            part.unlink()
            raise CrcError("server.upload_other", name=name)
        with naming(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            part.replace(place)
            sync_folder(place.parent)
            os.utime(self.folder)
        return FileState(name, entry.bytes, received)


@lru_cache(maxsize=_MANIFESTS_REMEMBERED)
def _manifest_at(path: Path, sha256: str) -> Manifest:
    """The manifest with that hash, read once for the thousands of files it lists: what a hash names never changes."""
    data = read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CrcError("sealed.altered", path=MANIFEST_NAME)
    return read_manifest(data, Path(MANIFEST_NAME))
