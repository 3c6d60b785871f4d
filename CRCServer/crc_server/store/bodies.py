"""Bodies through Django's storage: on the local disk, or in a bucket with copies beside the server.

Every file is compared after it was written, and the manifest is written last: a body without one is a leftover.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, sha256_of
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import (
    MANIFEST_NAME,
    MANIFEST_SCHEMA,
    Manifest,
    SealedFile,
    SealedFolder,
    open_as,
    read_manifest,
)
from crc_core.files.whole_folder import whole_folder
from crc_core.store.images import check_images, image_files
from crc_core.workflow.payloads import SeriesRecord
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage

from crc_server.models import SeriesRow
from crc_server.storage import reaching_storage
from crc_server.store.place import mark_place, require_place

_PIXEL_HASH_LETTERS = 16
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class StoredBodies:
    """The bodies of the server's `store`; `cache` holds copies where `storage` is not a local disk."""

    storage: Storage
    cache: Path
    store: str

    def require_place(self) -> None:
        """Raise the CrcError where the local disk that held them is not there."""
        root = self._local("")
        if root is not None:
            require_place(root, self.store)

    def begin(self) -> None:
        """Take the place as theirs, for bodies that come out of a backup."""
        root = self._local("")
        if root is not None:
            mark_place(root, self.store)

    def place_reading(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed reading; one that was damaged here meanwhile is replaced."""
        self._place_sealed(f"readings/{unit}/{sealed.sha256}", sealed)

    def place_final(self, unit: str, sealed: SealedFolder) -> None:
        """Keep a sealed final."""
        self._place_sealed(f"finals/{unit}/{sealed.sha256}", sealed)

    def place_series(self, unit: str, record: SeriesRecord, folder: Path) -> None:
        """Keep the DICOM files of one series after comparing them with their registration."""
        check_images(folder, record)
        named = {f"{number:05d}.dcm": path for number, path in enumerate(image_files(folder), start=1)}
        listed = {name: SealedFile(sha256_of(path), path.stat().st_size) for name, path in named.items()}
        manifest = canonical_bytes(to_document(Manifest(MANIFEST_SCHEMA, listed)))
        identity = hashlib.sha256(manifest).hexdigest()
        self._place(_series_key(unit, record, identity), named, listed, manifest)
        SeriesRow.objects.get_or_create(
            code=record.code, pixel_sha256=record.pixel_sha256, defaults={"manifest_sha256": identity}
        )

    def place_at(self, key: str, sealed: SealedFolder) -> None:
        """Keep a body where it lay before, out of a backup."""
        self._place_sealed(key, sealed)

    def require(self, key: str, sha256: str) -> None:
        """Compare every file of a body with its manifest, and the manifest with its name; raises CrcError."""
        self._open(key, sha256)

    def reading(self, unit: str, sha256: str) -> SealedFolder:
        """A kept reading, compared with its manifest."""
        return self._open(f"readings/{unit}/{sha256}", sha256)

    def final(self, unit: str, sha256: str) -> SealedFolder:
        """A kept final, compared with its manifest."""
        return self._open(f"finals/{unit}/{sha256}", sha256)

    def series_folder(self, unit: str, record: SeriesRecord) -> Path:
        """A local folder with the image files of one series."""
        key, identity = self.series_key(unit, record)
        return self._local(key) or self._open(key, identity).folder

    def series_key(self, unit: str, record: SeriesRecord) -> tuple[str, str]:
        """Where a series lies, and the hash of its manifest; raises CrcError where it is not here."""
        rows = SeriesRow.objects.filter(code=record.code, pixel_sha256=record.pixel_sha256)
        identity = rows.values_list("manifest_sha256", flat=True).first()
        if identity is None:
            raise CrcError("file.missing", path=record.code)
        return _series_key(unit, record, identity), identity

    def manifest(self, key: str) -> Manifest:
        """The manifest of the body at `key`."""
        return read_manifest(self._read(f"{key}/{MANIFEST_NAME}"), Path(MANIFEST_NAME))

    def open(self, name: str) -> File:
        """A file of a body, to be read."""
        try:
            with reaching_storage():
                return self.storage.open(name, "rb")
        except FileNotFoundError as error:
            self.require_place()
            raise CrcError("file.missing", path=PurePosixPath(name).name) from error

    def _place_sealed(self, key: str, sealed: SealedFolder) -> None:
        named = {name: sealed.folder / name for name in sealed.manifest.files}
        manifest = read_bytes(sealed.folder / MANIFEST_NAME)
        if hashlib.sha256(manifest).hexdigest() != sealed.sha256:
            raise CrcError("sealed.altered", path=sealed.folder / MANIFEST_NAME)
        self._place(key, named, sealed.manifest.files, manifest)

    def _place(self, key: str, named: Mapping[str, Path], listed: Mapping[str, SealedFile], manifest: bytes) -> None:
        self.require_place()
        for name, path in named.items():
            if self._hash(f"{key}/{name}") != listed[name].sha256:
                with naming(path), path.open("rb") as stream, reaching_storage():
                    self.storage.save(f"{key}/{name}", File(stream))
                if self._hash(f"{key}/{name}") != listed[name].sha256:
                    raise CrcError("sealed.altered", path=path)
        last = f"{key}/{MANIFEST_NAME}"
        if self._hash(last) != hashlib.sha256(manifest).hexdigest():
            with reaching_storage():
                self.storage.save(last, ContentFile(manifest))
            if self._read(last) != manifest:
                raise CrcError("file.read_back", path=MANIFEST_NAME)

    def _open(self, key: str, sha256: str) -> SealedFolder:
        local = self._local(key)
        if local is not None:
            if not local.is_dir():
                self.require_place()
            return open_as(local, sha256)
        copy = self.cache / key
        if copy.exists():
            try:
                return open_as(copy, sha256)
            except CrcError:
                # A damaged copy is fetched anew; the storage holds the truth.
                shutil.rmtree(copy)
        with naming(copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(copy) as part:
            for name in (*self.manifest(key).files, MANIFEST_NAME):
                self._fetch(f"{key}/{name}", part / name)
        return open_as(copy, sha256)

    def _local(self, key: str) -> Path | None:
        return Path(self.storage.path(key)) if isinstance(self.storage, FileSystemStorage) else None

    def _fetch(self, name: str, path: Path) -> None:
        with naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.open(name) as source, naming(path), path.open("xb") as target, reaching_storage():
            shutil.copyfileobj(source, target, _CHUNK_BYTES)

    def _read(self, name: str) -> bytes:
        with self.open(name) as stream, reaching_storage():
            data: bytes = stream.read()
            return data

    def _hash(self, name: str) -> str | None:
        with reaching_storage():
            is_there = self.storage.exists(name)
        if not is_there:
            return None
        with self.open(name) as stream, reaching_storage():
            digest = hashlib.sha256()
            while piece := stream.read(_CHUNK_BYTES):
                digest.update(piece)
            return digest.hexdigest()


def _series_key(unit: str, record: SeriesRecord, identity: str) -> str:
    pixels = record.pixel_sha256[:_PIXEL_HASH_LETTERS]
    return f"raw/{unit}/{record.code}/{pixels}-{identity[:_PIXEL_HASH_LETTERS]}"
