"""The chain as files: `events/<number of its first event>.json` holds what one intent brought about, whole or not.

A file is made by exclusive creation and never touched again. A single event stands in it as it is; several events of
one intent stand together, so that no crash can leave half of a decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import create_exclusively
from crc_core.files.canonical import canonical_bytes, parse_document
from crc_core.files.records import to_document
from crc_core.workflow.events import Event, read_event

BATCH_SCHEMA = "crc-event-batch/1"
_DIGITS = 8


def event_path(folder: Path, seq: int) -> Path:
    """The file whose first event has the number `seq`."""
    return folder / f"{seq:0{_DIGITS}d}.json"


def number_of(name: str) -> int | None:
    """The number in an event file's name; None for any other name."""
    stem, dot, suffix = name.partition(".")
    if (dot + suffix) != ".json" or len(stem) < _DIGITS or not (stem.isascii() and stem.isdigit()):
        return None
    number = int(stem)
    return number if number > 0 and stem == f"{number:0{_DIGITS}d}" else None


def parse_events(data: bytes, path: Path) -> tuple[Event, ...]:
    """The events in one file, each with a hash that fits; raises CrcError naming `path`."""
    if not data.startswith(b'{"events":'):
        return (read_event(data, path),)
    listed = parse_document(data, path, BATCH_SCHEMA).get("events")
    if not isinstance(listed, list) or len(listed) < 2:
        raise CrcError("json.bad_value", path=path, place="events")
    return tuple(read_event(canonical_bytes(item), path) for item in listed)


def create_events(folder: Path, events: Sequence[Event]) -> bool:
    """Write the events of one intent as the next file; False where another writer took the number."""
    if len(events) == 1:
        data = events[0].to_bytes()
    else:
        data = canonical_bytes({"schema": BATCH_SCHEMA, "events": [to_document(event) for event in events]})
    return create_exclusively(event_path(folder, events[0].seq), data)
