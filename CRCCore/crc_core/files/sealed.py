"""Sealed folders: written once, named by the hash of their manifest, told apart from anything altered since."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, sha256_of, write_bytes
from crc_core.files.canonical import canonical_bytes, parse_document
from crc_core.files.records import from_document, to_document
from crc_core.files.whole_folder import whole_folder

MANIFEST_NAME = "MANIFEST.json"
MANIFEST_SCHEMA = "crc-manifest/1"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}(/[A-Za-z0-9][A-Za-z0-9_.-]{0,120}){0,3}")


@dataclass(frozen=True)
class SealedFile:
    """The hash and size of one file below the sealed folder."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """The list of all files of a sealed folder by relative name."""

    schema: str
    files: Mapping[str, SealedFile]


@dataclass(frozen=True)
class SealedFolder:
    """A folder whose every file was compared with its manifest; `sha256` is its identity."""

    folder: Path
    sha256: str
    manifest: Manifest

    def read(self, name: str) -> bytes:
        """The bytes of one listed file, compared with the manifest again."""
        if name not in self.manifest.files:
            raise CrcError("sealed.missing", path=self.folder / name)
        data = read_bytes(self.folder / name)
        if hashlib.sha256(data).hexdigest() != self.manifest.files[name].sha256:
            raise CrcError("sealed.altered", path=self.folder / name)
        return data


def seal(folder: Path, files: Mapping[str, bytes]) -> SealedFolder:
    """Write `files` and their manifest as the new folder `folder`, whole or not at all, and read it back.

    Raises CrcError where the folder exists already or the disk refuses; nothing is left then.
    """
    if folder.exists():
        raise CrcError("sealed.exists", path=folder)
    with whole_folder(folder) as part:
        _write(part, files)
        open_sealed(part)
    return open_sealed(folder)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` into the empty folder `folder` and then the manifest that lists them."""
    listed = {}
    for name, data in sorted(files.items()):
        if not _SAFE_NAME.fullmatch(name) or name == MANIFEST_NAME:
            raise ValueError(f"{name!r} is not a name for a sealed file")
        with naming(folder / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / name, data)
        listed[name] = SealedFile(hashlib.sha256(data).hexdigest(), len(data))
    write_bytes(folder / MANIFEST_NAME, canonical_bytes(to_document(Manifest(MANIFEST_SCHEMA, listed))))


def open_sealed(folder: Path) -> SealedFolder:
    """The sealed folder after comparing every file; raises CrcError naming one that is missing, new or altered."""
    data = read_bytes(folder / MANIFEST_NAME)
    manifest = read_manifest(data, folder / MANIFEST_NAME)
    for name, entry in manifest.files.items():
        if not (folder / name).is_file():
            raise CrcError("sealed.missing", path=folder / name)
        if (folder / name).stat().st_size != entry.bytes or sha256_of(folder / name) != entry.sha256:
            raise CrcError("sealed.altered", path=folder / name)
    for path in folder.rglob("*"):
        if path.is_file() and path.relative_to(folder).as_posix() not in {MANIFEST_NAME, *manifest.files}:
            raise CrcError("sealed.foreign", path=path)
    return SealedFolder(folder, hashlib.sha256(data).hexdigest(), manifest)


def read_manifest(data: bytes, path: Path) -> Manifest:
    """The manifest in `data`; raises CrcError naming `path` for anything else and for a name that leads elsewhere."""
    manifest = from_document(Manifest, parse_document(data, path, MANIFEST_SCHEMA), path)
    if not all(_SAFE_NAME.fullmatch(name) for name in manifest.files):
        raise CrcError("sealed.bad_name", path=path)
    return manifest


def open_as(folder: Path, sha256: str) -> SealedFolder:
    """The sealed folder of that identity; raises CrcError as `open_sealed` does, and for another one in its place."""
    sealed = open_sealed(folder)
    if sealed.sha256 != sha256:
        raise CrcError("sealed.altered", path=folder / MANIFEST_NAME)
    return sealed
