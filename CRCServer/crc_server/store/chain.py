"""The chain in a database: one writer at a time, under the lock of the store's row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import Policy
from crc_core.workflow.events import FIRST_PREV, Event, read_event
from django.db import transaction

from crc_server.models import EventRow, ReadingRow, SlotRow, StoreRow, UnitRow
from crc_server.store.briefs import briefs_of
from crc_server.store.index import index_events
from crc_server.store.memory import ChainMemory

_EVENTS_AT_ONCE = 2_000


def store_row(*, lock: bool = False) -> StoreRow:
    """The store's row, locked until the transaction ends where `lock`; raises CrcError where no store was made."""
    rows = StoreRow.objects.select_for_update() if lock else StoreRow.objects
    row = rows.order_by("pk").first()
    if row is None:
        raise CrcError("server.no_store")
    return row


class DatabaseChain:
    """The events as one request sees them; only `append` adds to them."""

    def __init__(self, memory: ChainMemory, policy: Policy, seen: StoreRow | None = None) -> None:
        """With `seen`, the store's row read just now, everything is shown as of it, until this one writes itself."""
        self._memory = memory
        self._policy = policy
        self._row = store_row() if seen is None else seen
        self._looks_once = seen is not None
        self._wide: Sequence[Event] | None = None

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self._row.head_hash or FIRST_PREV

    @property
    def next_seq(self) -> int:
        """The number the next event will have."""
        return self._row.head_seq + 1

    @property
    def last_at(self) -> datetime | None:
        """The time of the last event; None for an empty chain."""
        return self._row.head_at

    @property
    def units(self) -> tuple[str, ...]:
        """All units that events speak of, in order."""
        return tuple(UnitRow.objects.order_by("code").values_list("code", flat=True))

    @property
    def store_wide(self) -> Sequence[Event]:
        """The events that speak of the whole store."""
        if self._wide is None:
            head = self._row.head_seq
            self._wide = self._memory.wide_up_to(self._row.store_id, head, lambda after: _load(None, after, head))
        return self._wide

    def refresh(self) -> None:
        """Take in what other writers have added; one request sees one state, and looks anew only to write."""
        if not self._looks_once:
            self._see(store_row())

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other writers out until the block ends; what it appended is then flushed to disk, or is not there."""
        with transaction.atomic():
            self._see(store_row(lock=True))
            yield

    def of_unit(self, unit: str) -> Sequence[Event]:
        """The events of one unit in order."""
        last = UnitRow.objects.filter(code=unit).values_list("last_seq", flat=True).first()
        return () if last is None else self._events(unit, min(last, self._row.head_seq))

    def briefs(self, policy: Policy, units: Sequence[str] | None = None) -> Mapping[str, Brief]:
        """The briefs of the units named, or of all, as the index has them; in at most three queries."""
        return briefs_of(UnitRow.objects.all() if units is None else UnitRow.objects.filter(code__in=list(units)))

    def units_of_case(self, case: str) -> Sequence[str]:
        """The units of one case."""
        return tuple(UnitRow.objects.filter(case=case).order_by("code").values_list("code", flat=True))

    def since(self, seq: int) -> Sequence[Event]:
        """The events after number `seq`."""
        return self.page(seq, None)

    def walk(self) -> Iterator[Event]:
        """All events in order, some at a time, each with a hash that fits."""
        return (event_in(row) for row in EventRow.objects.order_by("seq").iterator(chunk_size=_EVENTS_AT_ONCE))

    def page(self, seq: int, limit: int | None) -> Sequence[Event]:
        """The events after number `seq`, at most `limit` of them."""
        rows = EventRow.objects.filter(seq__gt=seq).order_by("seq")[:limit]
        return [event_in(row) for row in rows.iterator()]

    def knows(self, event_hash: str) -> bool:
        """Whether an event has this hash."""
        return EventRow.objects.filter(hash=event_hash).exists()

    def by_intent(self, intent_id: str) -> Event | None:
        """The first event that an intent brought about; None for an intent the chain has not seen."""
        row = EventRow.objects.filter(intent_id=intent_id).order_by("seq").first()
        return None if row is None else event_in(row)

    def unit_of_reading(self, reading: str) -> str | None:
        """The unit into which a reading was submitted first; None for an unknown reading."""
        return ReadingRow.objects.filter(sha256=reading).values_list("unit", flat=True).first()

    def units_read_by(self, person: str) -> Sequence[str]:
        """The units in which a person was ever given a slot."""
        return tuple(SlotRow.objects.filter(reader=person).values_list("unit_id", flat=True).distinct())

    def append(self, events: Sequence[Event]) -> bool:
        """Write the events after the present head, in the transaction of `exclusive`; nobody else can be first."""
        with transaction.atomic():
            row = store_row(lock=True)
            if (row.head_seq, row.head_hash or FIRST_PREV) != (events[0].seq - 1, events[0].prev):
                return False
            EventRow.objects.bulk_create([event_row(event) for event in events])
            for unit in {event.unit for event in events if event.unit is not None}:
                own = [event for event in events if event.unit == unit]
                index_events(unit, [*self.of_unit(unit), *own], own, self._policy)
            row.head_seq, row.head_hash, row.head_at = events[-1].seq, events[-1].hash, events[-1].at
            row.save(update_fields=["head_seq", "head_hash", "head_at"])
            self._see(row)
        return True

    def _see(self, row: StoreRow) -> None:
        self._row, self._wide = row, None

    def _events(self, unit: str, last: int) -> Sequence[Event]:
        return self._memory.up_to(self._row.store_id, unit, last, lambda after: _load(unit, after, last))


def _load(unit: str | None, after: int, last: int) -> Sequence[Event]:
    rows = EventRow.objects.filter(unit=unit, seq__gt=after, seq__lte=last).order_by("seq")
    return [event_in(row) for row in rows]


def event_row(event: Event) -> EventRow:
    """The row an event is kept in."""
    return EventRow(
        seq=event.seq,
        unit=event.unit,
        kind=event.kind.value,
        intent_id=event.intent_id,
        hash=event.hash,
        body=event.to_bytes().decode(),
    )


def event_in(row: EventRow) -> Event:
    """The event in a row; raises CrcError where its hash does not fit."""
    return read_event(row.body.encode(), Path(f"event-{row.seq}.json"))
