"""The events of a chain in memory: what they are found by is at hand, an event is decoded when it is asked for."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from crc_core.files.canonical import parse_document
from crc_core.files.records import from_document
from crc_core.workflow.events import EVENT_SCHEMA, FIRST_PREV, PAYLOADS, Event, Kind


class Mark(NamedTuple):
    """What an event is found by; there are tens of thousands of them."""

    unit: str | None
    kind: Kind
    intent_id: str
    hash: str

    @classmethod
    def of(cls, event: Event) -> Mark:
        """The mark of an event."""
        return cls(event.unit, event.kind, event.intent_id, event.hash)


class Shelf:
    """Events number 1 to `len(shelf)` in order; those put in as bytes were compared before, by whom they come from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marks: list[Mark] = []
        self._held: list[Event | bytes] = []
        self._by_unit: dict[str | None, list[int]] = {}
        self._by_intent: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self._marks[-1].hash if self._marks else FIRST_PREV

    @property
    def units(self) -> tuple[str, ...]:
        """All units that events speak of, in order."""
        return tuple(sorted(unit for unit in self._by_unit if unit is not None))

    def put(self, mark: Mark, held: Event | bytes) -> None:
        """Put the next event on the shelf."""
        place = len(self._marks)
        self._marks.append(mark)
        self._held.append(held)
        self._by_unit.setdefault(mark.unit, []).append(place)
        self._by_intent.setdefault(mark.intent_id, place)

    def marks(self) -> Sequence[Mark]:
        """The marks of all events in order."""
        return self._marks

    def event(self, place: int) -> Event:
        """The event at a place, counted from 0."""
        held = self._held[place]
        if isinstance(held, bytes):
            self._held[place] = held = self._decoded(held)
        return held

    def lines(self) -> Iterator[bytes]:
        """The canonical bytes of all events in order."""
        return (held if isinstance(held, bytes) else held.to_bytes() for held in self._held)

    def since(self, seq: int) -> list[Event]:
        """The events after number `seq`."""
        return [self.event(place) for place in range(max(seq, 0), len(self))]

    def of_unit(self, unit: str | None) -> list[Event]:
        """The events of one unit (None: those of the whole store) in order."""
        return [self.event(place) for place in self._by_unit.get(unit, ())]

    def last_seq(self, unit: str) -> int:
        """The number of the unit's last event; 0 for an unknown unit."""
        places = self._by_unit.get(unit)
        return places[-1] + 1 if places else 0

    def by_intent(self, intent_id: str) -> Event | None:
        """The first event that an intent brought about."""
        place = self._by_intent.get(intent_id)
        return None if place is None else self.event(place)

    def knows(self, event_hash: str) -> bool:
        """Whether an event has this hash."""
        return any(mark.hash == event_hash for mark in reversed(self._marks))

    def naming(self, kind: Kind, field: str, word: str) -> Iterable[Event]:
        """The events of a kind in which a field may say `word`; the others are not even decoded."""
        needle = json.dumps({field: word}, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()
        for place, mark in enumerate(self._marks):
            held = self._held[place]
            if mark.kind is kind and (not isinstance(held, bytes) or needle in held):
                yield self.event(place)

    def _decoded(self, line: bytes) -> Event:
        document = parse_document(line, self._path, EVENT_SCHEMA)
        event = from_document(Event, document, self._path)
        payload: Any = from_document(PAYLOADS[event.kind], event.payload, self._path)
        return dataclasses.replace(event, payload=payload)
