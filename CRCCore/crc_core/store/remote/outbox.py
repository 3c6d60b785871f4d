"""The outbox: what a person did, kept on this machine until the server has acknowledged it.

`outbox/<number>-<intent id>/` holds `item.json` (the intent, the state) and, for readings, `sealed/`. An item is there
whole or not at all; its state is replaced in one step. Items of one unit are sent in the order they were put
in: after one that waits or was refused, those behind it wait too. No secret is ever kept here.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, write_bytes
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.file_lock import locked
from crc_core.files.records import from_document, to_document
from crc_core.files.sealed import MANIFEST_NAME, SealedFolder, open_as, open_sealed
from crc_core.files.whole_folder import remove_whole, whole_folder
from crc_core.text import Lang
from crc_core.workflow.intents import SIGNED, Intent, Refusal, intent_document, read_intent
from crc_core.workflow.payloads import ReadingSubmitted

ITEM_SCHEMA = "crc-outbox-item/1"
_ITEM_NAME = "item.json"
_SEALED_NAME = "sealed"
SENDING_LOCK = ".sending.lock"
_NAME = re.compile(r"([0-9]{8})-([0-9A-Za-z_-]{8,64})")


class SendState(StrEnum):
    """Where an item stands: kept here only, to be sent, taken by the server, refused by it."""

    LOCAL = "local"
    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True)
class _ItemFile:
    """`item.json`."""

    schema: str
    intent: Any
    state: SendState
    put_at: datetime
    sealed: str | None = None
    refusal: Refusal | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True)
class OutboxItem:
    """One thing a person did; `sealed` is the folder that goes with it, `refusal` why the server did not take it."""

    folder: Path
    number: int
    intent: Intent
    state: SendState
    put_at: datetime
    sealed: Path | None
    refusal: Refusal | None
    tried_at: datetime | None

    @property
    def slot(self) -> tuple[str | None, str, int] | None:
        """Unit, reader and round of a reading; None for anything else."""
        payload = self.intent.payload
        if not isinstance(payload, ReadingSubmitted):
            return None
        return self.intent.unit, payload.reader, payload.round

    def why(self, lang: Lang) -> str:
        """Why it was refused, in words; nothing where it was not."""
        return "" if self.refusal is None else self.refusal.sentence(lang)


@dataclass(frozen=True)
class Outbox:
    """The outbox in `folder`, of one person for one server; several programs may use it at once."""

    folder: Path

    def put(self, intent: Intent, sealed: SealedFolder | None, at: datetime, *, send: bool = True) -> OutboxItem:
        """Keep an intent with its sealed folder; LOCAL where it is not to be sent yet.

        The same intent again is the same item. Raises CrcError for a kind that has to be signed (nobody's password is
        kept here), for a folder that was altered, and where the disk refuses; nothing is left then.
        """
        if intent.kind in SIGNED:
            raise CrcError("outbox.signed")
        if not _NAME.fullmatch(f"{0:08d}-{intent.id}"):
            raise ValueError(f"{intent.id!r} is no name for an item")
        with self._locked():
            present = next((item for item in self.items() if item.intent.id == intent.id), None)
            if present is not None:
                return present
            number = max((item.number for item in self.items()), default=0) + 1
            place = self.folder / f"{number:08d}-{intent.id}"
            state = SendState.WAITING if send else SendState.LOCAL
            file = _ItemFile(ITEM_SCHEMA, intent_document(intent), state, at, None if sealed is None else sealed.sha256)
            with whole_folder(place) as part:
                if sealed is not None:
                    _copy(sealed, part / _SEALED_NAME)
                write_bytes(part / _ITEM_NAME, canonical_bytes(to_document(file)))
            return self._read(place)

    def items(self) -> tuple[OutboxItem, ...]:
        """Everything in it, oldest first; half-written leftovers are passed over."""
        if not self.folder.exists():
            return ()
        with naming(self.folder):
            names = sorted(path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        return tuple(self._read(self.folder / name) for name in names)

    def due(self) -> tuple[OutboxItem, ...]:
        """What can be sent now, in order: of each unit those before which nothing is local, waiting or refused."""
        due, held = [], set()
        for item in self.items():
            if item.state is SendState.WAITING and item.intent.unit not in held:
                due.append(item)
            if item.state in (SendState.LOCAL, SendState.REFUSED):
                held.add(item.intent.unit)
        return tuple(due)

    def of_slot(self, unit: str, reader: str, round: int) -> tuple[OutboxItem, ...]:  # noqa: A002
        """The readings for one slot, oldest first."""
        return tuple(item for item in self.items() if item.slot == (unit, reader, round))

    def release(self, item: OutboxItem) -> OutboxItem:
        """Let an item be sent that was kept here only, or be tried again after it was refused."""
        return self._change(item, state=SendState.WAITING, refusal=None)

    def mark_sent(self, item: OutboxItem, at: datetime) -> OutboxItem:
        """The server has it; the body goes, since what a reader handed in is not kept where it can be looked up."""
        sent = self._change(item, state=SendState.SENT, refusal=None, tried_at=at, sealed=None)
        remove_whole(item.folder / _SEALED_NAME)
        return sent

    def mark_refused(self, item: OutboxItem, refusal: Refusal, at: datetime) -> OutboxItem:
        """The server does not take it, and why."""
        return self._change(item, state=SendState.REFUSED, refusal=refusal, tried_at=at)

    def mark_tried(self, item: OutboxItem, at: datetime) -> OutboxItem:
        """The line was down; it waits on."""
        return self._change(item, tried_at=at)

    def remove(self, item: OutboxItem) -> None:
        """Take out an item that was sent or refused; raises CrcError for one that is not on the server yet."""
        if item.state in (SendState.LOCAL, SendState.WAITING):
            raise CrcError("outbox.not_sent")
        with self._locked():
            remove_whole(item.folder)

    def take_back(self, item: OutboxItem) -> None:
        """Take out an item that its person thinks better of, whatever its state.

        Raises CrcError where it is being sent at this moment, and where the server has it already.
        """
        self._make()
        with locked(self.folder / SENDING_LOCK, wait=False, taken="outbox.being_sent"), self._locked():
            if item.folder.exists():
                if self._read(item.folder).state is SendState.SENT:
                    raise CrcError("outbox.is_sent")
                remove_whole(item.folder)

    def open_sealed(self, item: OutboxItem) -> SealedFolder:
        """The sealed folder of an item, compared with its manifest."""
        if item.sealed is None:
            raise ValueError(f"{item.intent.kind} has no body")
        return open_as(item.sealed, self._file(item.folder).sealed or "")

    def sending(self) -> AbstractContextManager[None]:
        """Hold the outbox while sending; raises CrcError `file.in_use` where another process of this machine sends."""
        self._make()
        return locked(self.folder / SENDING_LOCK, wait=False)

    def _locked(self) -> AbstractContextManager[None]:
        self._make()
        return locked(self.folder / ".lock")

    def _make(self) -> None:
        with naming(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def _change(self, item: OutboxItem, **changes: Any) -> OutboxItem:
        with self._locked():
            file = dataclasses.replace(self._file(item.folder), **changes)
            write_bytes(item.folder / _ITEM_NAME, canonical_bytes(to_document(file)))
        return self._read(item.folder)

    def _file(self, folder: Path) -> _ItemFile:
        path = folder / _ITEM_NAME
        return from_document(_ItemFile, read_document(path, ITEM_SCHEMA), path)

    def _read(self, folder: Path) -> OutboxItem:
        file = self._file(folder)
        match = _NAME.fullmatch(folder.name)
        if match is None:
            raise CrcError("json.bad_value", path=folder, place="number")
        intent = read_intent(file.intent, folder / _ITEM_NAME)
        sealed = None if file.sealed is None else folder / _SEALED_NAME
        return OutboxItem(folder, int(match[1]), intent, file.state, file.put_at, sealed, file.refusal, file.tried_at)


def _copy(sealed: SealedFolder, place: Path) -> None:
    for source, target in _pairs(sealed, place):
        with naming(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    if open_sealed(place).sha256 != sealed.sha256:
        raise CrcError("sealed.altered", path=sealed.folder)


def _pairs(sealed: SealedFolder, place: Path) -> Iterator[tuple[Path, Path]]:
    names: Sequence[str] = (*sealed.manifest.files, MANIFEST_NAME)
    return ((sealed.folder / name, place / name) for name in names)
