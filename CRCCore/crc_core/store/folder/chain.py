"""The events of a folder store in memory, brought up to date by asking for the next file."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.event_files import create_events, event_path, number_of, parse_events
from crc_core.workflow.events import FIRST_PREV, Event, Kind

_NEW_EVENTS_WORTH_CACHING = 64
_HALF_WRITTEN_LOOKS = 20
_HALF_WRITTEN_PAUSE_S = 0.05


class Chain:
    """The whole chain as this process knows it; only `refresh` and `append` change it."""

    def __init__(self, cache: EventCache) -> None:
        self._folder = cache.events_folder
        self._cache = cache
        self._events: list[Event] = []
        self._by_unit: dict[str | None, list[Event]] = {}
        self._by_intent: dict[str, Event] = {}
        self._last_file = 0
        self._cached = 0
        self._is_open = False

    @property
    def events(self) -> Sequence[Event]:
        """All events in order."""
        return self._events

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self._events[-1].hash if self._events else FIRST_PREV

    @property
    def next_seq(self) -> int:
        """The number the next event will have."""
        return len(self._events) + 1

    @property
    def last_at(self) -> datetime | None:
        """The time of the last event; None for an empty chain."""
        return self._events[-1].at if self._events else None

    @property
    def units(self) -> tuple[str, ...]:
        """All units that events speak of."""
        return tuple(sorted(unit for unit in self._by_unit if unit is not None))

    def of_unit(self, unit: str) -> Sequence[Event]:
        """The events of one unit in order."""
        return self._by_unit.get(unit, ())

    @property
    def store_wide(self) -> Sequence[Event]:
        """The events that speak of the whole store."""
        return self._by_unit.get(None, ())

    def exclusive(self) -> AbstractContextManager[None]:
        """Nothing: on a shared disk the exclusive creation of the next file tells who was first."""
        return nullcontext()

    def units_of_case(self, case: str) -> Sequence[str]:
        """The units of one case."""
        return tuple(unit for unit in self.units if unit.startswith(f"{case}_"))

    def since(self, seq: int) -> Sequence[Event]:
        """The events after number `seq`."""
        return self._events[max(seq, 0) :]

    def knows(self, event_hash: str) -> bool:
        """Whether an event has this hash."""
        return any(event.hash == event_hash for event in reversed(self._events))

    def unit_of_reading(self, reading: str) -> str | None:
        """The unit into which a reading was submitted first; None for an unknown reading."""
        submitted = (event for event in self._events if event.kind is Kind.READING_SUBMITTED)
        return next((event.unit for event in submitted if event.payload.reading == reading), None)

    def units_read_by(self, person: str) -> Sequence[str]:
        """The units in which a person was ever given a slot."""
        assigned = (event for event in self._events if event.kind is Kind.READING_ASSIGNED and event.unit is not None)
        return tuple({str(event.unit): None for event in assigned if event.payload.reader == person})

    def by_intent(self, intent_id: str) -> Event | None:
        """The first event that an intent brought about; None for an intent the chain has not seen."""
        return self._by_intent.get(intent_id)

    def refresh(self) -> None:
        """Take in what other writers have added; raises CrcError for a chain that does not hold or a store gone."""
        if not self._is_open:
            self._open()
        while (events := self._read_next()) is not None:
            self._take(events)
        if len(self._events) - self._cached >= _NEW_EVENTS_WORTH_CACHING:
            self._cache.save(self._events, self._last_file)
            self._cached = len(self._events)

    def append(self, events: Sequence[Event]) -> bool:
        """Write the events after the present head; False where another writer was first."""
        if not create_events(self._folder, events):
            return False
        self._take(tuple(events))
        return True

    def _open(self) -> None:
        events, last_file = self._cache.load()
        if events:
            self._take(events)
            self._last_file, self._cached = last_file, len(events)
        while (found := self._read_next()) is not None:
            self._take(found)
        self._refuse_gap()
        self._is_open = True

    def _refuse_gap(self) -> None:
        """A missing file in the middle would let the next writer fork the chain: nothing may be minted then."""
        with naming(self._folder):
            numbers = [number_of(name) for name in os.listdir(self._folder)]  # noqa: PTH208 - names are enough
        if max((number for number in numbers if number is not None), default=0) > self._last_file:
            while (events := self._read_next()) is not None:
                self._take(events)
            if max(number for number in numbers if number is not None) > self._last_file:
                raise CrcError("chain.gap", path=self._folder, seq=self.next_seq)

    def _read_next(self) -> tuple[Event, ...] | None:
        path = event_path(self._folder, self.next_seq)
        for look in range(_HALF_WRITTEN_LOOKS):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                if not self._folder.is_dir():
                    raise CrcError("store.vanished", path=self._folder) from None
                return None
            except OSError as error:
                with naming(path):
                    raise error
            try:
                return self._linked(parse_events(data, path))
            except CrcError as error:
                # Where the disk knows no hard links another writer's file is visible while it is being written.
                if error.code != "json.broken" or look == _HALF_WRITTEN_LOOKS - 1:
                    raise
            time.sleep(_HALF_WRITTEN_PAUSE_S)
        return None

    def _linked(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        prev, seq = self.head, self.next_seq
        for event in events:
            if event.seq != seq or event.prev != prev:
                raise CrcError("chain.altered", path=event_path(self._folder, self.next_seq), seq=seq)
            prev, seq = event.hash, seq + 1
        return events

    def _take(self, events: Sequence[Event]) -> None:
        self._last_file = self.next_seq
        for event in events:
            self._events.append(event)
            self._by_unit.setdefault(event.unit, []).append(event)
            self._by_intent.setdefault(event.intent_id, event)
