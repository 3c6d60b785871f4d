"""Remembers what each file of a folder held, so that an unchanged folder need not be read again.

One JSON file per folder in the person's own cache folder, readable by that person only, written atomically, with a
checksum: a broken cache is noticed, thrown away and made anew, and the index says so. Of the folders that were not
indexed for longest, nothing is remembered once there are too many.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from crc_core.dicom.elements import Trouble
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance
from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes

MOST_FOLDERS = 2000
_SCHEMA = "crc-folder-cache/1"
_HEADER_FIELDS = tuple(field.name for field in dataclasses.fields(Header))
_INSTANCE_FIELDS = tuple(field.name for field in dataclasses.fields(Instance))
# What an older program remembered under other field names must not be taken for ours.
_LAYOUT = hashlib.sha256(repr((_SCHEMA, _HEADER_FIELDS, _INSTANCE_FIELDS)).encode()).hexdigest()[:16]
_TUPLE_FIELDS = tuple(_HEADER_FIELDS.index(name) for name in ("orientation_lps", "pixel_spacing_mm", "image_type"))
_POSITION_FIELD = _INSTANCE_FIELDS.index("position_lps_mm")


class CacheState(StrEnum):
    """What became of the cache in this run."""

    NEW = "new"
    UNCHANGED = "unchanged"
    UPDATED = "updated"
    REBUILT = "rebuilt"
    NOT_WRITTEN = "not_written"


@dataclass(frozen=True, slots=True)
class CachedFile:
    """What one file of a given size and time of change held: its images, or why there are none.

    No images and no trouble: a DICOMDIR.
    """

    location: str
    size_bytes: int
    mtime_ns: int
    instances: tuple[Instance, ...]
    trouble: Trouble | None


class FolderCache:
    """The remembered files of one folder."""

    def __init__(self, path: Path, files: dict[str, CachedFile], state: CacheState) -> None:
        self._path = path
        self._files = files
        self._state = state
        self._used = 0

    @classmethod
    def load(cls, folder: Path, cache_folder: Path | None) -> FolderCache:
        """The cache of `folder`; empty where there is none or it is broken."""
        name = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:24]
        path = (cache_folder or default_cache_folder()) / f"{name}.json"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls(path, {}, CacheState.NEW)
        except OSError:
            return cls(path, {}, CacheState.NOT_WRITTEN)
        try:
            return cls(path, _decode(data), CacheState.UNCHANGED)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return cls(path, {}, CacheState.REBUILT)

    def known(self, location: str, size_bytes: int, mtime_ns: int) -> CachedFile | None:
        """What is remembered of a file, where its size and time of change are still the same."""
        entry = self._files.get(location)
        if entry is None or entry.size_bytes != size_bytes or entry.mtime_ns != mtime_ns:
            return None
        self._used += 1
        return entry

    def save(self, files: list[CachedFile]) -> CacheState:
        """Remember `files` unless nothing changed; a cache that cannot be written costs time, never the work."""
        if self._state is CacheState.UNCHANGED and self._used == len(files) == len(self._files):
            with suppress(OSError):
                os.utime(self._path)
            return CacheState.UNCHANGED
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_bytes(self._path, _encode(files))
            self._path.chmod(0o600)
        except (OSError, CrcError):
            return CacheState.NOT_WRITTEN
        with suppress(OSError):
            _forget_oldest(self._path.parent)
        return CacheState.UPDATED if self._state is CacheState.UNCHANGED else self._state


def _forget_oldest(folder: Path) -> None:
    """Keep what is remembered of `MOST_FOLDERS` folders; a tenth goes at once, so that it is seldom done."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if entry.name.endswith(".json")]
    if len(found) > MOST_FOLDERS:
        found.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in found[: len(found) - MOST_FOLDERS * 9 // 10]:
            Path(entry).unlink(missing_ok=True)


def default_cache_folder() -> Path:
    """The person's own cache folder for this program; `CRC_CACHE` overrides it."""
    wish = os.environ.get("CRC_CACHE")
    if wish:
        return Path(wish)
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "crcdb" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "crcdb"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crcdb"


def _encode(files: list[CachedFile]) -> bytes:
    headers: dict[int, int] = {}
    header_rows: list[list[Any]] = []
    file_rows: list[list[Any]] = []
    for file in files:
        rows = []
        for instance in file.instances:
            place = headers.get(id(instance.header))
            if place is None:
                place = headers[id(instance.header)] = len(header_rows)
                header_rows.append([getattr(instance.header, name) for name in _HEADER_FIELDS])
            rows.append([*(getattr(instance, name) for name in _INSTANCE_FIELDS[1:-1]), place])
        trouble = None if file.trouble is None else file.trouble.value
        file_rows.append([file.location, file.size_bytes, file.mtime_ns, trouble, rows])
    # A path with bytes that are no text holds surrogates, which only the escaped form of JSON can carry.
    body = json.dumps([header_rows, file_rows], separators=(",", ":")).encode("ascii")
    return f"{_LAYOUT} {hashlib.sha256(body).hexdigest()}\n".encode() + body


def _decode(data: bytes) -> dict[str, CachedFile]:
    first, _, body = data.partition(b"\n")
    if first.decode("ascii") != f"{_LAYOUT} {hashlib.sha256(body).hexdigest()}":
        raise ValueError("the cache is of another version or broken")
    header_rows, file_rows = json.loads(body)
    headers = []
    for row in header_rows:
        for place in _TUPLE_FIELDS:
            row[place] = None if row[place] is None else tuple(row[place])
        headers.append(Header(*row))
    files: dict[str, CachedFile] = {}
    for location, size_bytes, mtime_ns, trouble, rows in file_rows:
        instances = tuple(_instance(location, row, headers) for row in rows)
        files[location] = CachedFile(
            location, size_bytes, mtime_ns, instances, None if trouble is None else Trouble(trouble)
        )
    return files


def _instance(location: str, row: list[Any], headers: list[Header]) -> Instance:
    position = row[_POSITION_FIELD - 1]
    if position is not None:
        row[_POSITION_FIELD - 1] = tuple(position)
    row[-1] = headers[row[-1]]
    return Instance(location, *row)
