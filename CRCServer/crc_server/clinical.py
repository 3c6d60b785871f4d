"""Clinical records in the database: every version kept, each holding the hash of the one before it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crc_core.clinical.fields import record_kinds
from crc_core.clinical.table import ClinicalRecord
from crc_core.clinical.values import Value
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes, canonical_hash
from crc_core.files.records import time_text
from django.db import transaction

from crc_server.models import RecordRow, ValueRow
from crc_server.store.chain import store_row

RECORD_SCHEMA = "crc-clinical-record/1"
_FIRST = "0" * 64


@dataclass(frozen=True)
class StoredRecord:
    """A version of a record: its values, who entered it and when."""

    kind: str
    case: str
    date: str | None
    version: int
    is_current: bool
    values: Mapping[str, Value]
    actor: str
    at: datetime
    hash: str


def put_records(records: Iterable[ClinicalRecord], actor: str, at: datetime) -> int:
    """Enter all records or none; how many are new versions (equal ones change nothing)."""
    with transaction.atomic():
        store_row(lock=True)
        return sum(_put(record, actor, at) for record in records)


def restore_version(case: str, kind: str, date: str | None, version: int, actor: str, at: datetime) -> None:
    """Make an earlier version's values the newest version; raises CrcError for a version that is not there."""
    rows = RecordRow.objects.filter(case=case, kind=kind, date=date or "", version=version)
    row = rows.first()
    if row is None:
        raise CrcError("clinical.unknown_version", version=version)
    old = _stored(row)
    put_records([ClinicalRecord(kind, case, date, old.values)], actor, at)


def records_of(case: str, *, history: bool = False, moment: datetime | None = None) -> tuple[StoredRecord, ...]:
    """The records of a case by kind and date: those in force (now, or at `moment`), or every version with `history`."""
    rows = RecordRow.objects.filter(case=case, **({} if history or moment else {"is_current": True}))
    found = [_stored(row) for row in rows.order_by("date", "version")]
    if moment is not None:
        newest = {(item.kind, item.date): item for item in found if item.at <= moment}
        found = [replace(item, is_current=True) for item in newest.values()]
    order = {kind.id: number for number, kind in enumerate(record_kinds().records)}
    return tuple(sorted(found, key=lambda item: (order.get(item.kind, 99), item.date or "", -item.version)))


def current_values(cases: Collection[str]) -> dict[str, dict[str, Value]]:
    """The values in force of many cases, by case, in one question."""
    found: dict[str, dict[str, Value]] = {}
    rows = RecordRow.objects.filter(case__in=cases, is_current=True).order_by("case", "date", "version")
    for item in map(_stored, rows):
        found.setdefault(item.case, {}).update(item.values)
    return found


def without_names(records: Iterable[StoredRecord]) -> tuple[StoredRecord, ...]:
    """The records in force without fields that could name a patient, for whoever only meets what was granted."""
    shown = []
    for item in records:
        kind = record_kinds().kind(item.kind)
        kept = {field.id for field in kind.fields if not field.may_identify} & set(item.values)
        if item.is_current and kept:
            shown.append(replace(item, values={name: item.values[name] for name in item.values if name in kept}))
    return tuple(shown)


def changes_of(records: Iterable[ClinicalRecord]) -> tuple[int, int, int]:
    """How many of the records would be the first of their kind, change one that is there, and change nothing."""
    first = changed = same = 0
    for record in records:
        row = RecordRow.objects.filter(**_place(record), is_current=True).only("body").first()
        if row is None:
            first += 1
        elif json.loads(row.body)["values"] == _plain_values(record):
            same += 1
        else:
            changed += 1
    return first, changed, same


def check_records() -> str | None:
    """The first case whose versions do not hold together; None where all do."""
    before: tuple[str, str, str] | None = None
    prev, number = _FIRST, 0
    for row in RecordRow.objects.order_by("case", "kind", "date", "version").iterator():
        place = (row.case, row.kind, row.date)
        if place != before:
            before, prev, number = place, _FIRST, 0
        document = json.loads(row.body)
        number += 1
        same = (document["case"], document["kind"], document.get("date", ""), document["version"])
        fits = canonical_hash(document) == row.hash and document["prev"] == prev
        if not fits or same != (row.case, row.kind, row.date, row.version) or row.version != number:
            return str(row.case)
        prev = row.hash
    return None


def index_values(row: RecordRow) -> None:
    """Make the values of a current record searchable in place of those before it."""
    values = json.loads(row.body)["values"]
    ValueRow.objects.bulk_create(
        ValueRow(record=row, case=row.case, field=name, **item)
        for name, value in values.items()
        for item in _searchable(value)
    )


def _put(record: ClinicalRecord, actor: str, at: datetime) -> int:
    place = _place(record)
    last = RecordRow.objects.filter(**place).order_by("-version").first()
    values = _plain_values(record)
    if last is not None and json.loads(last.body)["values"] == values:
        return 0
    document = {
        "schema": RECORD_SCHEMA,
        **{name: text for name, text in place.items() if text},
        "version": 1 if last is None else last.version + 1,
        "fields": record_kinds().version,
        "values": values,
        "actor": actor,
        "at": time_text(at),
        "prev": _FIRST if last is None else last.hash,
    }
    RecordRow.objects.filter(**place, is_current=True).update(is_current=False)
    ValueRow.objects.filter(record__in=RecordRow.objects.filter(**place)).delete()
    row = RecordRow.objects.create(
        **place,
        version=document["version"],
        body=canonical_bytes(document).decode(),
        hash=canonical_hash(document),
    )
    index_values(row)
    return 1


def _place(record: ClinicalRecord) -> dict[str, str]:
    return {"case": record.case, "kind": record.kind, "date": record.date or ""}


def _plain_values(record: ClinicalRecord) -> Any:
    """The values as they stand in a document."""
    return json.loads(canonical_bytes(dict(record.values)))


def _searchable(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, bool):
        return [{"text": "yes" if value else "no"}]
    if isinstance(value, (int, float)):
        return [{"number": float(value)}]
    return [{"text": item[:500]} for item in (value if isinstance(value, list) else [value])]


def _stored(row: RecordRow) -> StoredRecord:
    document = json.loads(row.body)
    values = {name: tuple(item) if isinstance(item, list) else item for name, item in document["values"].items()}
    return StoredRecord(
        row.kind,
        row.case,
        row.date or None,
        row.version,
        row.is_current,
        values,
        document["actor"],
        datetime.fromisoformat(document["at"]),
        row.hash,
    )
