"""What one process remembers of the chain, so that it decodes no event twice; the database holds the truth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from crc_core.workflow.events import Event

_UNITS_REMEMBERED = 20_000
Load = Callable[[int], Sequence[Event]]
"""Gives the events after a number."""


class ChainMemory:
    """Events by unit and the store-wide ones (unit None), of one store at a time; safe between threads.

    Only what was committed is ever remembered: a writer's own new events are loaded by the next look.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store = ""
        self._known: OrderedDict[str | None, tuple[Event, ...]] = OrderedDict()

    def up_to(self, store: str, unit: str | None, seq: int, load: Load) -> tuple[Event, ...]:
        """The unit's events up to number `seq`; `load` is asked for those that are missing."""
        known = self._get(store, unit)
        last = known[-1].seq if known else 0
        if last < seq:
            known = (*known, *load(last))
            self._put(store, unit, known)
        return known if not known or known[-1].seq <= seq else tuple(event for event in known if event.seq <= seq)

    def has(self, store: str, unit: str | None, seq: int) -> bool:
        """Whether the unit's events up to number `seq` are remembered."""
        known = self._get(store, unit)
        return bool(known) and known[-1].seq >= seq

    def _get(self, store: str, unit: str | None) -> tuple[Event, ...]:
        with self._lock:
            if store != self._store:
                self._store = store
                self._known.clear()
            if unit in self._known:
                self._known.move_to_end(unit)
            return self._known.get(unit, ())

    def _put(self, store: str, unit: str | None, events: tuple[Event, ...]) -> None:
        with self._lock:
            present = self._known.get(unit, ())
            if store == self._store and events and (not present or present[-1].seq < events[-1].seq):
                self._known[unit] = events
                self._known.move_to_end(unit)
            while len(self._known) > _UNITS_REMEMBERED:
                self._known.popitem(last=False)
