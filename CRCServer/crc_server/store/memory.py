"""What one process remembers of the chain, so that it decodes no event twice; the database holds the truth."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from crc_core.workflow.context import Context, Policy, build_context
from crc_core.workflow.events import Event

_UNITS_REMEMBERED = 2_000
Load = Callable[[int], Sequence[Event]]
"""Gives the events after a number."""


class ChainMemory:
    """Events by unit and the store-wide ones, of one store at a time; safe between threads.

    Only what was committed is ever remembered: a writer's own new events are loaded by the next look.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store = ""
        self._known: OrderedDict[str, tuple[Event, ...]] = OrderedDict()
        self._wide: tuple[int, tuple[Event, ...]] = (0, ())
        self._context: tuple[Sequence[Event], Context] | None = None

    def wide_up_to(self, store: str, head: int, load: Load) -> tuple[Event, ...]:
        """The store-wide events up to the head of the chain; where it has not moved, nothing is loaded."""
        with self._lock:
            self._meet(store)
            seen, known = self._wide
        if seen < head:
            known = (*known, *found) if (found := load(seen)) else known
            with self._lock:
                if store == self._store and self._wide[0] < head:
                    self._wide = (head, known)
        return known if seen <= head else tuple(event for event in known if event.seq <= head)

    def context_of(self, events: Sequence[Event], policy: Policy) -> Context:
        """What store-wide events add up to; the newest answer is kept, since nearly every request asks for it."""
        with self._lock:
            kept = self._context
        if kept is not None and kept[0] is events and kept[1].policy == policy:
            return kept[1]
        context = build_context(events, policy)
        with self._lock:
            self._context = (events, context)
        return context

    def up_to(self, store: str, unit: str, seq: int, load: Load) -> tuple[Event, ...]:
        """The unit's events up to number `seq`; `load` is asked for those that are missing."""
        known = self._get(store, unit)
        last = known[-1].seq if known else 0
        if last < seq:
            known = (*known, *load(last))
            self._put(store, unit, known)
        return known if not known or known[-1].seq <= seq else tuple(event for event in known if event.seq <= seq)

    def _meet(self, store: str) -> None:
        """Forget another store."""
        if store != self._store:
            self._store = store
            self._known.clear()
            self._wide = (0, ())

    def _get(self, store: str, unit: str) -> tuple[Event, ...]:
        with self._lock:
            self._meet(store)
            if unit in self._known:
                self._known.move_to_end(unit)
            return self._known.get(unit, ())

    def _put(self, store: str, unit: str, events: tuple[Event, ...]) -> None:
        with self._lock:
            present = self._known.get(unit, ())
            if store == self._store and events and (not present or present[-1].seq < events[-1].seq):
                self._known[unit] = events
                self._known.move_to_end(unit)
            while len(self._known) > _UNITS_REMEMBERED:
                self._known.popitem(last=False)
