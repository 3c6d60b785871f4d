"""A per-machine copy of a store's events, so that a share is not read event by event each time a program starts.

It lies in the person's own cache folder, never on the share. It is trusted only where its checksum fits and its last
event file is still the same in the store; otherwise it is read anew from the store. Behind a head line it holds one
line of what events are found by, one line of briefs, and the events, one a line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document, to_document
from crc_core.store.folder.brief_lines import brief_in, line_of
from crc_core.store.folder.event_files import event_path, parse_events
from crc_core.store.folder.shelf import Mark, Shelf
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind, read_event

_HEAD = b"crc-event-cache/2"
_UNUSABLE = (CrcError, ValueError, TypeError, KeyError, RecursionError)


@dataclass(frozen=True)
class Kept:
    """What a cache held: events, the number of the last event file, and briefs under a policy."""

    shelf: Shelf
    last_file: int
    briefs: dict[str, Brief]
    policy: Policy | None


@dataclass(frozen=True)
class EventCache:
    """The cached events of the store whose events lie in `events_folder`."""

    folder: Path
    store_id: str
    events_folder: Path

    @property
    def path(self) -> Path:
        """The cache file: one per store and place, so that a copy of a store is another one."""
        place = hashlib.sha256(str(self.events_folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / "events" / f"{self.store_id}-{place[:12]}.jsonl"

    def load(self) -> Kept:
        """What is cached; nothing where the cache is of no use."""
        if self.path.is_file():
            try:
                return self._parse(read_bytes(self.path))
            except _UNUSABLE:
                # Whatever is wrong with a cache, the store itself holds the truth and is read instead.
                pass
        return Kept(Shelf(self.path), 0, {}, None)

    def remembered(self) -> Event | None:
        """The last event this machine has seen, whatever the store holds now; None where it remembers nothing."""
        try:
            return read_event(read_bytes(self.path).rpartition(b"\n")[2], self.path) if self.path.is_file() else None
        except CrcError:
            return None

    def save(self, shelf: Shelf, last_file: int, briefs: Iterable[Brief], policy: Policy | None) -> None:
        """Keep the events and briefs; a machine whose cache folder cannot be written does without."""
        marks = [[mark.unit, mark.kind.value, mark.intent_id, mark.hash] for mark in shelf.marks()]
        policed = None if policy is None else to_document(policy)
        known = {"policy": policed, "briefs": [line_of(brief) for brief in briefs]}
        body = b"\n".join((canonical_bytes(marks), canonical_bytes(known), *shelf.lines()))
        checksum = hashlib.sha256(body).hexdigest().encode()
        head = b" ".join((_HEAD, str(last_file).encode(), checksum))
        with contextlib.suppress(CrcError):
            with naming(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, head + b"\n" + body)

    def _parse(self, data: bytes) -> Kept:
        head, _, body = data.partition(b"\n")
        name, number, checksum = head.split(b" ")
        if name != _HEAD or checksum.decode() != hashlib.sha256(body).hexdigest():
            raise ValueError("not a whole cache")
        # The checksum vouches for what was compared event by event before it was kept.
        marks, known, *lines = body.split(b"\n")
        shelf = Shelf(self.path)
        kinds = {kind.value: kind for kind in Kind}
        for (unit, kind, intent_id, event_hash), line in zip(json.loads(marks), lines, strict=True):
            shelf.put(Mark(unit, kinds[kind], intent_id, event_hash), line)
        last = event_path(self.events_folder, int(number))
        if parse_events(read_bytes(last), last)[-1].hash != shelf.head:
            raise ValueError("the store's chain is another one")
        document = json.loads(known)
        briefs = {line[0]: brief_in(line) for line in document["briefs"]}
        policy = document["policy"]
        return Kept(shelf, int(number), briefs, None if policy is None else from_document(Policy, policy, self.path))
