"""A per-machine copy of a store's events, so that a share is not read event by event each time a program starts.

It lies in the person's own cache folder, never on the share. It is trusted only where its checksum fits and its last
event file is still the same in the store; otherwise it is read anew from the store.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, write_bytes
from crc_core.files.canonical import parse_document
from crc_core.files.records import from_document
from crc_core.store.folder.event_files import event_path, parse_events
from crc_core.workflow.events import EVENT_SCHEMA, PAYLOADS, Event, read_event

_HEAD = b"crc-event-cache/1"


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

    def load(self) -> tuple[tuple[Event, ...], int]:
        """The cached events and the number of the last event file; none and 0 where the cache is of no use."""
        if not self.path.is_file():
            return (), 0
        try:
            return self._parse(read_bytes(self.path))
        except (CrcError, ValueError):
            # Whatever is wrong with a cache, the store itself holds the truth and is read instead.
            return (), 0

    def remembered(self) -> Event | None:
        """The last event this machine has seen, whatever the store holds now; None where it remembers nothing."""
        try:
            return read_event(read_bytes(self.path).rpartition(b"\n")[2], self.path) if self.path.is_file() else None
        except CrcError:
            return None

    def save(self, events: Sequence[Event], last_file: int) -> None:
        """Keep the events; a machine whose cache folder cannot be written does without."""
        body = b"\n".join(event.to_bytes() for event in events)
        checksum = hashlib.sha256(body).hexdigest().encode()
        head = b" ".join((_HEAD, str(last_file).encode(), checksum))
        with contextlib.suppress(CrcError):
            with naming(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self.path, head + b"\n" + body)

    def _parse(self, data: bytes) -> tuple[tuple[Event, ...], int]:
        head, _, body = data.partition(b"\n")
        name, number, checksum = head.split(b" ")
        if name != _HEAD or checksum.decode() != hashlib.sha256(body).hexdigest():
            raise ValueError("not a whole cache")
        # The checksum vouches for what was compared event by event before it was kept.
        events = tuple(self._event(line) for line in body.split(b"\n"))
        last = event_path(self.events_folder, int(number))
        if parse_events(read_bytes(last), last)[-1].hash != events[-1].hash:
            raise ValueError("the store's chain is another one")
        return events, int(number)

    def _event(self, line: bytes) -> Event:
        document = parse_document(line, self.path, EVENT_SCHEMA)
        event = from_document(Event, document, self.path)
        return dataclasses.replace(event, payload=from_document(PAYLOADS[event.kind], event.payload, self.path))
