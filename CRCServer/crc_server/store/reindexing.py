"""The index as a whole: made anew from the chain, and compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event
from django.db import transaction
from django.db.models import Model

from crc_server.models import AgreementRow, EventRow, ReadingRow, SlotRow, UnitRow
from crc_server.store.chain import event_in, store_row
from crc_server.store.index import INDEX_VERSION, Rows, rows_of

_UNITS_AT_ONCE = 1_000
_MADE_OF_THE_CHAIN = (UnitRow, SlotRow, AgreementRow, ReadingRow)
OnUnits = Callable[[int, int], None]
"""Told how many units of how many are done."""


def is_index_current() -> bool:
    """Whether the rows are those this version asks for."""
    return store_row().index_version == INDEX_VERSION


def make_index(policy: Policy, on_units: OnUnits | None = None) -> int:
    """Make all rows anew from the chain, whole or not at all; how many units there are."""
    done = 0
    with transaction.atomic():
        row = store_row(lock=True)
        for model in reversed(_MADE_OF_THE_CHAIN):
            model.objects.all().delete()
        total = _units()
        for batch in _replayed(policy):
            UnitRow.objects.bulk_create(rows.unit for rows in batch)
            SlotRow.objects.bulk_create(slot for rows in batch for slot in rows.slots)
            AgreementRow.objects.bulk_create(item for rows in batch for item in rows.agreement)
            ReadingRow.objects.bulk_create((item for rows in batch for item in rows.readings), ignore_conflicts=True)
            done += len(batch)
            if on_units is not None:
                on_units(done, total)
        row.index_version = INDEX_VERSION
        row.save(update_fields=["index_version"])
    return done


def check_index(policy: Policy, on_units: OnUnits | None = None) -> tuple[str, ...]:
    """The units whose rows are not what a fresh replay of their events gives, and those without events; in order."""
    wrong: list[str] = []
    done = 0
    with transaction.atomic():
        total = _units()
        for batch in _replayed(policy):
            wrong += _differing(batch)
            done += len(batch)
            if on_units is not None:
                on_units(done, total)
        spoken_of = EventRow.objects.exclude(unit=None).values("unit")
        wrong += UnitRow.objects.exclude(code__in=spoken_of).values_list("code", flat=True)
        wrong += ReadingRow.objects.exclude(unit__in=spoken_of).values_list("unit", flat=True)
    return tuple(sorted(set(wrong)))


def _units() -> int:
    return EventRow.objects.exclude(unit=None).values("unit").distinct().count()


def _replayed(policy: Policy) -> Iterator[list[Rows]]:
    """What the index has to say of every unit, some at a time."""
    batch: list[Rows] = []
    for unit, events in events_by_unit():
        rows = rows_of(unit, events, policy)
        if rows is not None:
            batch.append(rows)
        if len(batch) == _UNITS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def events_by_unit() -> Iterator[tuple[str, Sequence[Event]]]:
    """Every unit of the chain with its events, one unit at a time."""
    rows = EventRow.objects.exclude(unit=None).order_by("unit", "seq").iterator(chunk_size=5_000)
    for unit, own in groupby(rows, key=lambda row: str(row.unit)):
        yield unit, [event_in(row) for row in own]


def _differing(batch: Sequence[Rows]) -> Iterator[str]:
    units = [rows.unit.code for rows in batch]
    kept: dict[str, set[Any]] = {unit: set() for unit in units}
    for model in (UnitRow, SlotRow, AgreementRow, ReadingRow):
        for row in model.objects.filter(**{f"{'code' if model is UnitRow else 'unit'}__in": units}):
            kept[_unit_in(row)].add(_said(row))
    for rows in batch:
        if kept[rows.unit.code] != {_said(row) for row in rows.all()}:
            yield rows.unit.code


def _unit_in(row: Model) -> str:
    if isinstance(row, UnitRow):
        return str(row.code)
    return str(row.unit if isinstance(row, ReadingRow) else row.unit_id)


def _said(row: Model) -> tuple[Any, ...]:
    """All a row says, without the number the database gave it."""
    fields: Iterable[Any] = type(row)._meta.concrete_fields
    return (type(row).__name__, *(getattr(row, field.attname) for field in fields if field.attname != "id"))
