"""The key table: who is behind which case code. It stays outside every store, readable by its owner only.

One JSON document per line, only ever appended, flushed before anything depends on it. The first line holds the secret
from which all pseudonyms are made. A line that a power cut left unfinished was never relied on and is cut off.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, sync_folder
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document, to_document
from crc_core.importing.file_lock import locked
from crc_core.importing.pseudonyms import Pseudonyms
from crc_core.store.folder.layout import STORE_NAME

KEYS_SCHEMA = "crc-keys/1"
_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


@dataclass(frozen=True, repr=False)
class SecretRecord:
    """The first line: the secret in hexadecimal."""

    schema: str
    secret: str


@dataclass(frozen=True, repr=False)
class PatientRecord:
    """A patient behind a case of one store; `number_digest` and `person_digest` are what patients are matched by."""

    store: str
    case: str
    number_digest: str
    person_digest: str
    patient_id: str
    patient_name: str
    birth_date: str
    shift_days: int


@dataclass(frozen=True, repr=False)
class SeriesKey:
    """One chosen series: the original's UID and the new one, and the hash of the voxels both share.

    `probes` are the new UIDs of its first, middle and last image, by which a part of it is recognised.
    """

    code: str
    original_uid: str
    series_uid: str
    pixel_sha256: str
    probes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class UnitRecord:
    """A unit that is being taken in, with the original's study UID and date."""

    store: str
    unit: str
    study_uid: str
    study_date: str
    series: tuple[SeriesKey, ...]
    at: datetime


@dataclass(frozen=True, repr=False)
class UnitFinished:
    """The unit is in the store with everything that belongs to it."""

    store: str
    unit: str
    at: datetime


Record = SecretRecord | PatientRecord | UnitRecord | UnitFinished
_KINDS: dict[str, type[Record]] = {
    "secret": SecretRecord,
    "patient": PatientRecord,
    "unit": UnitRecord,
    "finished": UnitFinished,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class KeyTable:
    """The records of one key table; `open` makes the file where there is none."""

    def __init__(self, path: Path, records: tuple[Record, ...]) -> None:
        self._path = path
        self._records = records

    @classmethod
    def open(cls, path: Path) -> KeyTable:
        """The table in the file `path`; raises CrcError where it lies in a store, is damaged or belongs to others."""
        path = path.absolute()
        refuse_inside_store(path)
        with naming(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            with locked(_lock_path(path)):
                if not path.exists():
                    _create(path)
        _restrict(path)
        return cls(path, _read(path))

    @property
    def path(self) -> Path:
        """Where the table lies."""
        return self._path

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The pseudonyms made with this table's secret."""
        first = self._records[0]
        if not isinstance(first, SecretRecord):
            raise CrcError("import.keys_broken", path=self._path, line=1)
        return Pseudonyms(bytes.fromhex(first.secret))

    def patients(self, store: str) -> tuple[PatientRecord, ...]:
        """The patients of one store."""
        return tuple(item for item in self._records if isinstance(item, PatientRecord) and item.store == store)

    def units(self, store: str) -> dict[str, UnitRecord]:
        """The latest record of every unit of one store, by unit."""
        return {item.unit: item for item in self._records if isinstance(item, UnitRecord) and item.store == store}

    def is_finished(self, store: str, unit: str) -> bool:
        """Whether the unit was taken in to the end."""
        return any(
            isinstance(item, UnitFinished) and (item.store, item.unit) == (store, unit) for item in self._records
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else appends meanwhile; what others appended before is read anew and a torn last line cut off."""
        with locked(_lock_path(self._path)):
            _cut_torn_line(self._path)
            self._records = _read(self._path)
            yield

    def append(self, record: PatientRecord | UnitRecord | UnitFinished) -> None:
        """Write one record through to the disk; call it within `locked`."""
        with naming(self._path):
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
            with os.fdopen(handle, "wb") as stream:
                stream.write(_line(record))
                stream.flush()
                os.fsync(stream.fileno())
        self._records = (*self._records, record)


def default_key_table(store: str) -> Path:
    """Where the key table of a store lies unless told otherwise: the person's own data folder on this machine."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "CRCDatabase" / "keys" / f"{store}.jsonl"


def refuse_inside_store(path: Path) -> None:
    """Raise CrcError where `path` lies in a store or in a folder of one."""
    for folder in path.resolve().parents:
        if (folder / STORE_NAME).exists():
            raise CrcError("import.keys_in_store", path=path, store=folder)


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _create(path: Path) -> None:
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.part")
    with naming(path):
        try:
            handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY)
            with os.fdopen(handle, "wb") as stream:
                stream.write(_line(SecretRecord(KEYS_SCHEMA, secrets.token_hex(32))))
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _restrict(path: Path) -> None:
    """Take other people's rights away; on Windows the person's own folder does that."""
    if sys.platform != "win32":
        with naming(path):
            if stat.S_IMODE(path.stat().st_mode) & ~_OWNER_ONLY:
                path.chmod(_OWNER_ONLY)


def _line(record: Record) -> bytes:
    return canonical_bytes({"kind": _NAMES[type(record)], "record": to_document(record)}) + b"\n"


def _cut_torn_line(path: Path) -> None:
    with naming(path), path.open("r+b") as stream:
        data = stream.read()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            stream.truncate(whole)
            os.fsync(stream.fileno())


def _read(path: Path) -> tuple[Record, ...]:
    lines = read_bytes(path).split(b"\n")[:-1]
    records = tuple(_parse(line, path, number) for number, line in enumerate(lines, start=1))
    is_ours = bool(records) and isinstance(records[0], SecretRecord) and records[0].schema == KEYS_SCHEMA
    if not is_ours or any(isinstance(record, SecretRecord) for record in records[1:]):
        raise CrcError("import.keys_broken", path=path, line=1)
    return records


def _parse(line: bytes, path: Path, number: int) -> Record:
    try:
        document = json.loads(line.decode("utf-8"))
        kind = _KINDS[document["kind"]]
        return from_document(kind, document["record"], path)
    except (ValueError, KeyError, TypeError, RecursionError, CrcError) as error:
        raise CrcError("import.keys_broken", path=path, line=number) from error
