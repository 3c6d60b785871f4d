"""Work that is not handed in yet, kept on this machine so that a kill at any moment loses the last seconds at most.

Below `<home>/recovery/<store>/<unit>/<reader>-r<round>/` each mask is a file named by the hash of its content, and
`work.json`, written last and atomically, says which of them belong together. What an interrupted save leaves behind is
swept away by the next one.
"""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeping import PackedMask, Place, Slot
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX, naming, read_bytes, sha256_of, write_bytes
from crc_core.files.canonical import canonical_bytes, canonical_hash, read_document
from crc_core.files.file_lock import locked
from crc_core.files.records import from_document, time_text, to_document
from crc_core.store.clock import utc_now

KEPT_SCHEMA = "crc-kept/1"
WORK_NAME = "work.json"
_HASH = "sha256"
_DAMAGED_NAME = "damaged.json"
_MASK_SUFFIX = ".mask"
_OPEN_LOCK, _WRITE_LOCK, _OWNER_NAME = "open.lock", "write.lock", "owner"
_COMPRESSION = 1
_LONGEST_WAIT_S = 5.0


@dataclass(frozen=True)
class Kept:
    """One slot's kept work as a list shows it; `saved_at` is None where its document cannot be read."""

    slot: Slot
    saved_at: datetime | None

    @property
    def label(self) -> str:
        """The name of the slot."""
        return self.slot.label


@dataclass(frozen=True)
class KeptWork:
    """Kept work as it was saved last, masks by segment."""

    work: Work
    masks: Mapping[SegmentKey, PackedMask]
    saved_at: datetime


@dataclass(frozen=True)
class _MaskEntry:
    segment: SegmentKey
    file: str
    place: Place


@dataclass(frozen=True)
class _KeptDocument:
    """`work.json`, which also holds the hash of itself without that hash."""

    schema: str
    saved_at: datetime
    document: dict[str, Any]
    masks: tuple[_MaskEntry, ...]


@dataclass(frozen=True)
class _Held:
    """A mask with the bytes of its file, so that a folder that went away can be written anew."""

    place: Place
    data: bytes

    @property
    def file(self) -> str:
        return f"{hashlib.sha256(self.data).hexdigest()}{_MASK_SUFFIX}"


class OpenSlot:
    """The hold on a slot that is open on this machine; it goes with `close`, or with the process however that ends."""

    def __init__(self, hold: ExitStack) -> None:
        self._hold = hold

    def close(self) -> None:
        """Let go."""
        self._hold.close()


class Recovery:
    """The kept work of this machine, below its own folder `home`.

    A save takes the whole change or leaves the one before; what could not be written is tried again with the next save.
    `owner` is the process for which this one writes: it does not write into a slot that another has opened since.
    """

    def __init__(self, home: Path, owner: int | None = None) -> None:
        self._root = home / "recovery"
        self._owner = owner
        self._label = ""
        self._begun = ""
        self._stamp = ""
        self._held: dict[SegmentKey, _Held] = {}

    def write(self, label: str, document: Mapping[str, Any], masks: Mapping[SegmentKey, PackedMask | None]) -> datetime:
        """Keep the document of the work and the masks that changed (None: empty or gone); the time written down.

        Masks of lesions the work does not speak of any more are dropped. Raises CrcError where the document is none of
        `Work`, where the disk refuses, and where another process has opened the slot; what was kept before then stands.
        """
        folder = self._folder(label)
        work = from_document(Work, dict(document), folder / WORK_NAME)
        with self._writing(folder), naming(folder):
            self._take_up(label, folder, time_text(work.started_at))
            for key, mask in masks.items():
                self._held.pop(key, None)
                if mask is not None:
                    self._held[key] = _Held(mask.place, zlib.compress(mask.bits, _COMPRESSION))
            self._held = {key: held for key, held in self._held.items() if _is_spoken_of(key, work)}
            for held in self._held.values():
                if not (folder / held.file).exists():
                    write_bytes(folder / held.file, held.data)
            now = utc_now()
            data = _encoded(now, document, self._held)
            write_bytes(folder / WORK_NAME, data)
            self._stamp = hashlib.sha256(data).hexdigest()
            _sweep(folder, {held.file for held in self._held.values()})
        return now

    def list_kept(self) -> tuple[Kept, ...]:
        """All kept work, what was saved last first; work whose document is damaged comes at the end."""
        found = []
        for path in sorted(self._root.glob(f"*/*/*/{WORK_NAME}")):
            try:
                slot = Slot.parse(path.parent.relative_to(self._root).as_posix())
            except ValueError:
                continue
            try:
                found.append(Kept(slot, _read(path).saved_at))
            except CrcError:
                found.append(Kept(slot, None))
        whole = sorted((item for item in found if item.saved_at), key=lambda item: str(item.saved_at), reverse=True)
        return (*whole, *(item for item in found if item.saved_at is None))

    def read(self, label: str) -> KeptWork:
        """The work as it was saved last; raises CrcError naming what is missing or damaged."""
        folder = self._folder(label)
        kept = _read(folder / WORK_NAME)
        masks = {entry.segment: _read_mask(folder, entry) for entry in kept.masks}
        return KeptWork(from_document(Work, kept.document, folder / WORK_NAME), masks, kept.saved_at)

    def has(self, label: str) -> bool:
        """Whether work is kept for a slot; raises CrcError where the disk does not let itself be looked at."""
        folder = self._folder(label)
        with naming(folder):
            return (folder / WORK_NAME).exists()

    def discard(self, label: str) -> None:
        """Forget the kept work of a slot; nothing where there is none. Raises CrcError where the disk refuses."""
        folder = self._folder(label)
        if label == self._label:
            self._label = ""
        if folder.exists():
            with self._writing(folder), naming(folder):
                # The document goes first: masks without it are nothing, it without masks would look like kept work.
                (folder / WORK_NAME).unlink(missing_ok=True)
                (folder / _DAMAGED_NAME).unlink(missing_ok=True)
                _sweep(folder, set())

    def open_slot(self, slot: Slot) -> OpenSlot:
        """Hold a slot; raises CrcError naming the unit where another program on this machine has it open.

        Waits a moment for a save that a program which ended has left under way.
        """
        folder = self._folder(slot.label)
        with naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as hold:
            try:
                hold.enter_context(locked(folder / _OPEN_LOCK, wait=False))
            except CrcError as error:
                if error.code != "file.in_use":
                    raise
                raise CrcError("desk.open_elsewhere", unit=slot.unit) from error
            with _waited(folder / _WRITE_LOCK):
                write_bytes(folder / _OWNER_NAME, str(os.getpid()).encode())
            return OpenSlot(hold.pop_all())

    @contextmanager
    def _writing(self, folder: Path) -> Iterator[None]:
        with naming(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with _waited(folder / _WRITE_LOCK):
            owner = folder / _OWNER_NAME
            if self._owner is not None and owner.exists() and read_bytes(owner) != str(self._owner).encode():
                raise CrcError("desk.open_elsewhere", unit=Slot.parse(self._label_of(folder)).unit)
            yield

    def _take_up(self, label: str, folder: Path, begun: str) -> None:
        """Hold in memory what is kept of this piece of work; another piece in the same slot starts from nothing.

        What is in memory stands while the disk holds what this process wrote last, or nothing any more.
        """
        held: dict[SegmentKey, _Held] = {}
        path = folder / WORK_NAME
        is_known = (label, begun) == (self._label, self._begun)
        if is_known and (not path.exists() or sha256_of(path) == self._stamp):
            return
        if path.exists():
            try:
                kept = _read(path)
                if kept.document.get("started_at") == begun:
                    held = {entry.segment: _Held(entry.place, _mask_data(folder, entry)) for entry in kept.masks}
            except CrcError as error:
                if error.code != "desk.kept_damaged":
                    raise
                with naming(path):
                    path.replace(folder / _DAMAGED_NAME)
        self._label, self._begun, self._held = label, begun, held

    def _folder(self, label: str) -> Path:
        Slot.parse(label)
        return self._root / label

    def _label_of(self, folder: Path) -> str:
        return folder.relative_to(self._root).as_posix()


def _is_spoken_of(key: SegmentKey, work: Work) -> bool:
    state = work.of(key.target)
    return state is not None and state.lesion(key.lesion) is not None


def _waited(path: Path) -> ExitStack:
    """The lock `path`, waited for some seconds; raises the CrcError that it is in use after them."""
    until = time.monotonic() + _LONGEST_WAIT_S
    while True:
        hold = ExitStack()
        try:
            hold.enter_context(locked(path, wait=False))
            return hold
        except CrcError as error:
            if error.code != "file.in_use" or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _encoded(now: datetime, document: Mapping[str, Any], held: Mapping[SegmentKey, _Held]) -> bytes:
    entries = tuple(
        _MaskEntry(key, held[key].file, held[key].place) for key in sorted(held, key=lambda key: key.segment_id)
    )
    kept = to_document(_KeptDocument(KEPT_SCHEMA, now, dict(document), entries))
    return canonical_bytes({**kept, _HASH: canonical_hash(kept)})


def _read(path: Path) -> _KeptDocument:
    """The document; raises CrcError `desk.kept_damaged` for a damaged one, another where it cannot be read at all."""
    try:
        document = read_document(path, KEPT_SCHEMA)
        if document.pop(_HASH, None) != canonical_hash(document):
            raise CrcError("desk.kept_damaged", path=path)
        return from_document(_KeptDocument, document, path)
    except CrcError as error:
        if not error.code.startswith("json."):
            raise
        raise CrcError("desk.kept_damaged", path=path) from error


def _mask_data(folder: Path, entry: _MaskEntry) -> bytes:
    """The bytes of a mask's file, compared with the hash that names it."""
    path = folder / entry.file
    try:
        data = read_bytes(path)
    except CrcError as error:
        if error.code != "file.missing":
            raise
        raise CrcError("desk.kept_damaged", path=path) from error
    if f"{hashlib.sha256(data).hexdigest()}{_MASK_SUFFIX}" != entry.file:
        raise CrcError("desk.kept_damaged", path=path)
    return data


def _read_mask(folder: Path, entry: _MaskEntry) -> PackedMask:
    data = _mask_data(folder, entry)
    try:
        return PackedMask(entry.place, zlib.decompress(data))
    except (zlib.error, ValueError) as error:
        raise CrcError("desk.kept_damaged", path=folder / entry.file) from error


def _sweep(folder: Path, wanted: set[str]) -> None:
    """Take away masks nobody names and what an interrupted save left; what cannot go now goes next time.

    Beside a damaged document everything stays, since somebody may still mend it.
    """
    if (folder / _DAMAGED_NAME).exists():
        return
    for path in folder.iterdir():
        stale = path.suffix == _MASK_SUFFIX and path.name not in wanted
        if stale or path.name.endswith(PART_SUFFIX):
            try:
                path.unlink(missing_ok=True)
            except OSError:
                continue
