"""Where everything lies in a store's folder, and the file that makes a folder a store."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX, create_exclusively, naming
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.records import from_document, to_document
from crc_core.workflow.context import Policy

STORE_SCHEMA = "crc-store/1"
STORE_NAME = "store.json"

_PIXEL_HASH_LETTERS = 16


@dataclass(frozen=True)
class StoreFile:
    """`store.json`: the store's identity and the numbers of the workflow it was made with."""

    schema: str
    id: str
    policy: Policy
    created: datetime


@dataclass(frozen=True)
class Layout:
    """The places in the folder `root`."""

    root: Path

    @property
    def store_file(self) -> Path:
        """The file that makes the folder a store."""
        return self.root / STORE_NAME

    @property
    def events(self) -> Path:
        """The chain, one file per decision."""
        return self.root / "events"

    @property
    def people(self) -> Path:
        """Names and PINs, one file per person; titles and roles stand in the chain alone."""
        return self.root / "people"

    @property
    def cases(self) -> Path:
        """The reserved case codes, one file each."""
        return self.root / "cases"

    @property
    def raw(self) -> Path:
        """De-identified images."""
        return self.root / "raw"

    @property
    def readings(self) -> Path:
        """Sealed readings."""
        return self.root / "readings"

    @property
    def finals(self) -> Path:
        """Sealed finals."""
        return self.root / "finals"

    @property
    def set_aside(self) -> Path:
        """What was found altered or half-written; kept for the administrator, never used."""
        return self.root / "set-aside"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All folders of a store."""
        return (self.events, self.people, self.cases, self.raw, self.readings, self.finals, self.set_aside)

    def series(self, unit: str, code: str, pixel_sha256: str) -> Path:
        """The folder of one series: named by its pixels too, so that two imports at once cannot mix theirs."""
        return self.raw / unit / code / pixel_sha256[:_PIXEL_HASH_LETTERS]

    def reading(self, unit: str, sha256: str) -> Path:
        """The folder of one sealed reading."""
        return self.readings / unit / sha256

    def final(self, unit: str, sha256: str) -> Path:
        """The folder of one sealed final."""
        return self.finals / unit / sha256

    def read(self) -> StoreFile:
        """The store's own file; raises CrcError where the folder is no store or cannot be reached."""
        if not self.store_file.is_file():
            raise CrcError("store.not_a_store", path=self.root)
        document = read_document(self.store_file, STORE_SCHEMA)
        return from_document(StoreFile, document, self.store_file)

    def make(self, policy: Policy, created: datetime) -> StoreFile:
        """Make the folder a store; raises CrcError where it is one already or holds anything else.

        The empty folders of a store that was cut off while being made are no hindrance.
        """
        with naming(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            if not all(self._is_unfinished(path) for path in self.root.iterdir()):
                raise CrcError("store.not_empty", path=self.root)
            for folder in self.folders:
                folder.mkdir(exist_ok=True)
        record = StoreFile(STORE_SCHEMA, uuid.uuid4().hex, policy, created)
        if not create_exclusively(self.store_file, canonical_bytes(to_document(record))):
            raise CrcError("store.not_empty", path=self.root)
        return record

    def _is_unfinished(self, path: Path) -> bool:
        if path.name.startswith(f".{STORE_NAME}.") and path.name.endswith(PART_SUFFIX):
            return True
        return path in self.folders and not any(path.iterdir())
