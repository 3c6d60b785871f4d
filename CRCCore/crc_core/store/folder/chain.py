"""The events of a folder store in memory, brought up to date by asking for the next file."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.event_files import create_events, event_path, number_of, parse_events
from crc_core.store.folder.shelf import Mark, Shelf
from crc_core.workflow.brief import Brief, brief_of
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind

_WORTH_KEEPING, _SHARE_WORTH_KEEPING = 64, 200
_HALF_WRITTEN_LOOKS = 20
_HALF_WRITTEN_PAUSE_S = 0.05


class Chain:
    """The whole chain as this process knows it; only `refresh` and `append` change it."""

    def __init__(self, cache: EventCache) -> None:
        self._folder = cache.events_folder
        self._cache = cache
        self._shelf = Shelf(cache.path)
        self._briefs: dict[str, Brief] = {}
        self._policy: Policy | None = None
        self._last_file = 0
        self._not_kept = 0
        self._is_open = False

    @property
    def events(self) -> Sequence[Event]:
        """All events in order."""
        return self._shelf.since(0)

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self._shelf.head

    @property
    def next_seq(self) -> int:
        """The number the next event will have."""
        return len(self._shelf) + 1

    @property
    def last_at(self) -> datetime | None:
        """The time of the last event; None for an empty chain."""
        return self._shelf.event(len(self._shelf) - 1).at if len(self._shelf) else None

    @property
    def units(self) -> tuple[str, ...]:
        """All units that events speak of."""
        return self._shelf.units

    def of_unit(self, unit: str) -> Sequence[Event]:
        """The events of one unit in order."""
        return self._shelf.of_unit(unit)

    def briefs(self, policy: Policy, units: Sequence[str] | None = None) -> Mapping[str, Brief]:
        """The briefs of the units named, or of all; those that events were added to are made anew."""
        if policy != self._policy:
            self._briefs, self._policy = {}, policy
        wanted = self.units if units is None else units
        for unit in wanted:
            known = self._briefs.get(unit)
            if known is None or known.last_seq != self._shelf.last_seq(unit):
                brief = brief_of(unit, self.of_unit(unit), policy)
                if brief is not None:
                    self._briefs[unit] = brief
                    self._not_kept += 1
        self._keep()
        return {unit: self._briefs[unit] for unit in wanted if unit in self._briefs}

    @property
    def store_wide(self) -> Sequence[Event]:
        """The events that speak of the whole store."""
        return self._shelf.of_unit(None)

    def exclusive(self) -> AbstractContextManager[None]:
        """Nothing: on a shared disk the exclusive creation of the next file tells who was first."""
        return nullcontext()

    def units_of_case(self, case: str) -> Sequence[str]:
        """The units of one case."""
        return tuple(unit for unit in self.units if unit.startswith(f"{case}_"))

    def since(self, seq: int) -> Sequence[Event]:
        """The events after number `seq`."""
        return self._shelf.since(seq)

    def knows(self, event_hash: str) -> bool:
        """Whether an event has this hash."""
        return self._shelf.knows(event_hash)

    def unit_of_reading(self, reading: str) -> str | None:
        """The unit into which a reading was submitted first; None for an unknown reading."""
        submitted = self._shelf.naming(Kind.READING_SUBMITTED, "reading", reading)
        return next((event.unit for event in submitted if event.payload.reading == reading), None)

    def units_read_by(self, person: str) -> Sequence[str]:
        """The units in which a person was ever given a slot."""
        assigned = self._shelf.naming(Kind.READING_ASSIGNED, "reader", person)
        own = (str(event.unit) for event in assigned if event.payload.reader == person and event.unit is not None)
        return tuple(dict.fromkeys(own))

    def by_intent(self, intent_id: str) -> Event | None:
        """The first event that an intent brought about; None for an intent the chain has not seen."""
        return self._shelf.by_intent(intent_id)

    def refresh(self) -> None:
        """Take in what other writers have added; raises CrcError for a chain that does not hold or a store gone."""
        if not self._is_open:
            self._open()
        while (events := self._read_next()) is not None:
            self._take(events)
        self._keep()

    def append(self, events: Sequence[Event]) -> bool:
        """Write the events after the present head; False where another writer was first."""
        if not create_events(self._folder, events):
            return False
        self._take(tuple(events))
        return True

    def _open(self) -> None:
        kept = self._cache.load()
        self._shelf, self._last_file = kept.shelf, kept.last_file
        self._briefs, self._policy = kept.briefs, kept.policy
        while (found := self._read_next()) is not None:
            self._take(found)
        self._refuse_gap()
        self._is_open = True

    def _keep(self) -> None:
        """Keep what is new for the next start, once it is worth writing all of it again."""
        if self._not_kept >= max(_WORTH_KEEPING, len(self._shelf) // _SHARE_WORTH_KEEPING):
            self._cache.save(self._shelf, self._last_file, self._briefs.values(), self._policy)
            self._not_kept = 0

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
            self._shelf.put(Mark.of(event), event)
        self._not_kept += len(events)
