"""Names and PINs of people, one file each; titles, roles and who is active stand in the chain and nowhere else.

One file per person and not one for all: two administrators who enter people at the same time cannot lose each other's.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, write_bytes
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.packaged import packaged_record
from crc_core.files.records import from_document, to_document
from crc_core.store.clock import Clock
from crc_core.workflow.intents import Refusal

PERSON_SCHEMA = "crc-person/1"
TRIES_SCHEMA = "crc-pin-tries/1"
PERSON_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""Lower case only: some shares do not tell capitals apart in file names."""

_TRIES_SUFFIX = ".tries.json"
_SALT_BYTES = 16
_SCRYPT_MEMORY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class PinPolicy:
    """How PINs are kept and how many wrong ones are borne, a versioned file in `crc_core/data`."""

    version: str
    shortest: int
    tries: int
    lock_minutes: int
    scrypt_n: int
    scrypt_r: int
    scrypt_p: int


@dataclass(frozen=True)
class Pin:
    """A PIN as it is kept: scrypt (RFC 7914) with its salt and costs."""

    salt: str
    hash: str
    n: int
    r: int
    p: int

    @classmethod
    def of(cls, secret: str, policy: PinPolicy) -> Pin:
        """A new PIN under a fresh salt."""
        salt = os.urandom(_SALT_BYTES).hex()
        pin = cls(salt, "", policy.scrypt_n, policy.scrypt_r, policy.scrypt_p)
        return replace(pin, hash=pin._digest(secret))

    def fits(self, secret: str) -> bool:
        """Whether `secret` is the PIN."""
        return hmac.compare_digest(self._digest(secret), self.hash)

    def _digest(self, secret: str) -> str:
        salt = bytes.fromhex(self.salt)
        return hashlib.scrypt(
            secret.encode("utf-8"), salt=salt, n=self.n, r=self.r, p=self.p, maxmem=_SCRYPT_MEMORY_BYTES
        ).hex()


@dataclass(frozen=True)
class PersonFile:
    """`people/<id>.json`."""

    schema: str
    person: str
    name: str
    pin: Pin | None = None


@dataclass(frozen=True)
class Tries:
    """Wrong PINs since the last right one."""

    schema: str
    wrong: int
    last_at: datetime


@cache
def load_pin_policy() -> PinPolicy:
    """The rules for PINs as shipped with this version."""
    return packaged_record(PinPolicy, "pin_policy.json")


@dataclass(frozen=True)
class People:
    """The people files of a store."""

    folder: Path
    clock: Clock
    policy: PinPolicy

    def check_id(self, person: str) -> None:
        """Raise the CrcError for an identifier that is not allowed."""
        self._path(person)

    def set_name(self, person: str, name: str) -> None:
        """Enter or change a person's name."""
        record = self.read(person) or PersonFile(PERSON_SCHEMA, person, name)
        write_bytes(self._path(person), canonical_bytes(to_document(replace(record, name=name))))

    def name(self, person: str) -> str:
        """The person's name; the identifier where none was entered."""
        record = self.read(person)
        return person if record is None else record.name

    def has_pin(self, person: str) -> bool:
        """Whether the person can sign."""
        record = self.read(person)
        return record is not None and record.pin is not None

    def set_pin(self, person: str, secret: str) -> None:
        """Give the person a new PIN; who may do so is the caller's question."""
        if len(secret) < self.policy.shortest:
            raise CrcError("store.pin_short", shortest=self.policy.shortest)
        record = self.read(person) or PersonFile(PERSON_SCHEMA, person, person)
        changed = replace(record, pin=Pin.of(secret, self.policy))
        write_bytes(self._path(person), canonical_bytes(to_document(changed)))
        self._forget_tries(person)

    def check(self, person: str, secret: str | None) -> Refusal | None:
        """Why `secret` does not let the person sign; None where it does.

        A try is counted before it is looked at, so that many at once do not get more than the policy bears.
        """
        record = self.read(person)
        if record is None or record.pin is None:
            return Refusal.because("store.no_pin", person=person)
        if not secret:
            return Refusal.because("store.pin_needed")
        tries = self._tries(person)
        if tries.wrong >= self.policy.tries:
            return Refusal.because("store.pin_locked", minutes=self.policy.lock_minutes)
        self._write_tries(person, replace(tries, wrong=tries.wrong + 1, last_at=self.clock()))
        if not record.pin.fits(secret):
            return Refusal.because("store.pin_wrong", left=self.policy.tries - tries.wrong - 1)
        self._forget_tries(person)
        return None

    def ids(self) -> tuple[str, ...]:
        """Everybody who has a file, in order."""
        with naming(self.folder):
            names = [path.name for path in self.folder.glob("*.json") if not path.name.endswith(_TRIES_SUFFIX)]
        return tuple(sorted(name.removesuffix(".json") for name in names))

    def knows_file(self, name: str) -> bool:
        """Whether a file of that name belongs into the folder."""
        stem = name.removesuffix(_TRIES_SUFFIX if name.endswith(_TRIES_SUFFIX) else ".json")
        return stem != name and PERSON_ID.fullmatch(stem) is not None

    def read(self, person: str) -> PersonFile | None:
        """The person's file; None for somebody without one; raises CrcError for a broken one."""
        if not PERSON_ID.fullmatch(person):
            return None
        path = self._path(person)
        if not path.is_file():
            return None
        return from_document(PersonFile, read_document(path, PERSON_SCHEMA), path)

    def _path(self, person: str) -> Path:
        if not PERSON_ID.fullmatch(person):
            raise CrcError("store.bad_person", person=person)
        return self.folder / f"{person}.json"

    def _tries_path(self, person: str) -> Path:
        return self.folder / f"{person}{_TRIES_SUFFIX}"

    def _tries(self, person: str) -> Tries:
        path = self._tries_path(person)
        none = Tries(TRIES_SCHEMA, 0, self.clock())
        if not path.is_file():
            return none
        tries = from_document(Tries, read_document(path, TRIES_SCHEMA), path)
        is_over = self.clock() - tries.last_at >= timedelta(minutes=self.policy.lock_minutes)
        return none if is_over else tries

    def _write_tries(self, person: str, tries: Tries) -> None:
        write_bytes(self._tries_path(person), canonical_bytes(to_document(tries)))

    def _forget_tries(self, person: str) -> None:
        with naming(self.folder):
            self._tries_path(person).unlink(missing_ok=True)
