"""A backup: the tables as lines of canonical JSON, taken in one look, and every body the chain speaks of.

It names no kind of database: what was saved from SQLite can be restored into PostgreSQL. Bodies never change and are in
place before any event speaks of them, so they are copied after the look, while the server goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, sha256_of, write_bytes
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.records import from_document, time_text, to_document
from crc_core.files.sealed import MANIFEST_NAME, open_sealed
from crc_core.files.whole_folder import whole_folder
from crc_core.store.parts import Chain
from crc_core.workflow.events import Event, Kind, check_chain, read_event
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Model

from crc_server.clinical import check_records, index_values
from crc_server.models import CaseRow, EventRow, RecordRow, SavedSearchRow, SeriesRow, StoreRow, TakenRow
from crc_server.store.bodies import StoredBodies
from crc_server.store.chain import event_in
from crc_server.store.opening import has_store, open_store, the_clock
from crc_server.store.redeciding import first_forged
from crc_server.store.reindexing import make_index

BACKUP_SCHEMA = "crc-backup/1"
BACKUP_NAME = "backup.json"
_BODIES = "bodies"
_EVENTS_AT_ONCE = 2_000
_WITH_BODY = (Kind.UNIT_REGISTERED, Kind.READING_SUBMITTED, Kind.FINAL_STORED)
_TABLES: Mapping[str, tuple[type[Model], tuple[str, ...]]] = {
    "store": (StoreRow, ("store_id", "policy", "created", "head_seq", "head_hash", "head_at")),
    "events": (EventRow, ("seq", "unit", "kind", "intent_id", "hash", "body")),
    "cases": (CaseRow, ("code", "site", "serial", "actor", "at")),
    "records": (RecordRow, ("case", "kind", "date", "version", "is_current", "body", "hash")),
    "series": (SeriesRow, ("code", "pixel_sha256", "manifest_sha256")),
    "accounts": (User, ("username", "first_name", "password")),
    "taken": (TakenRow, ("at", "person", "what", "unit", "count")),
    "searches": (SavedSearchRow, ("person", "name", "body", "at")),
}
_SINCE_THE_SECOND = frozenset({"taken", "searches"})
"""Tables that backups of the first version do not have: restoring one of those leaves them empty."""

_TIMES = frozenset({"created", "head_at", "at"})
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Saved:
    """`backup.json`: what was saved, from which store, at which head of its chain."""

    schema: str
    store: str
    made_at: datetime
    head: str
    rows: dict[str, int]
    hashes: dict[str, str]
    bodies: dict[str, str]


def make_backup(out: Path, on_progress: Progress | None = None) -> Saved:
    """Save the store as the new folder `out`, whole or not at all; the server may go on meanwhile.

    Raises CrcError where `out` exists, where a body is missing or altered, and where the disk refuses.
    """
    if out.exists():
        raise CrcError("sealed.exists", path=out)
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    store = open_store()
    with whole_folder(out) as part:
        rows, hashes = _save_tables(part)
        wanted: list[tuple[str, str]] = []
        head = check_chain(_noting_bodies(_events(part / "events.jsonl"), store.bodies, wanted))
        bodies = {}
        for done, (key, identity) in enumerate(wanted, start=1):
            bodies[key] = _save_body(store.bodies, key, identity, part / _BODIES / key)
            if on_progress is not None:
                on_progress(done, len(wanted))
        saved = Saved(BACKUP_SCHEMA, store.info().id, the_clock()(), head, rows, hashes, bodies)
        write_bytes(part / BACKUP_NAME, canonical_bytes(to_document(saved)))
    return saved


def restore_backup(folder: Path, on_progress: Progress | None = None) -> Saved:
    """Put a backup into an empty server, and prove that all of it is there.

    Proved are: the hash of every table, the number of rows, every link of the chain and its head, every decision asked
    of the rules again, and the hash of every file of every body. Raises CrcError naming the first thing that does not
    hold; the server then stays empty.
    """
    saved = from_document(Saved, read_document(folder / BACKUP_NAME, BACKUP_SCHEMA), folder / BACKUP_NAME)
    if has_store():
        raise CrcError("server.has_store")
    _prove(folder, saved)
    with transaction.atomic():
        for name in _saved_tables(saved):
            model, fields = _TABLES[name]
            lines = _lines(folder / f"{name}.jsonl")
            model.objects.bulk_create((_row(model, fields, line) for line in lines), batch_size=500)
        policy = open_store().ledger.policy
        make_index(policy)
        forged = first_forged(policy)
        if forged is not None:
            raise CrcError("store.against_rules", path=folder / "events.jsonl", seq=forged)
        if check_records() is not None:
            raise CrcError("sealed.altered", path=folder / "records.jsonl")
        for row in RecordRow.objects.filter(is_current=True).iterator():
            index_values(row)
        store = open_store()
        store.bodies.begin()
        for done, (key, identity) in enumerate(saved.bodies.items(), start=1):
            _restore_body(store.bodies, folder / _BODIES / key, key, identity)
            if on_progress is not None:
                on_progress(done, len(saved.bodies))
        _require_same(saved, store.chain, store.bodies)
    return saved


def _save_tables(part: Path) -> tuple[dict[str, int], dict[str, str]]:
    """Write every table as it is at one moment."""
    rows: dict[str, int] = {}
    hashes: dict[str, str] = {}
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for name, (model, fields) in _TABLES.items():
            path = part / f"{name}.jsonl"
            rows[name] = _write_lines(path, model.objects.order_by("pk").values(*fields).iterator())
            hashes[name] = sha256_of(path)
    return rows, hashes


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    count = 0
    with naming(path), path.open("wb") as stream:
        for row in rows:
            values = {name: time_text(value) if isinstance(value, datetime) else value for name, value in row.items()}
            stream.write(canonical_bytes(values) + b"\n")
            count += 1
    return count


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with naming(path), path.open("rb") as stream:
        for line in stream:
            try:
                yield json.loads(line)
            except ValueError as error:
                raise CrcError("json.broken", path=path) from error


def _row(model: type[Model], fields: tuple[str, ...], line: Mapping[str, Any]) -> Model:
    values = {name: line[name] for name in fields}
    for name in _TIMES & set(values):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    return model(**values)


def _events(path: Path) -> Iterator[Event]:
    return (read_event(line["body"].encode(), path) for line in _lines(path))


def _bodies_of(events: Iterable[Event], bodies: StoredBodies) -> Iterator[tuple[str, str]]:
    """Where every body lies that the events speak of, and the hash of its manifest."""
    for event in events:
        if event.kind is Kind.READING_SUBMITTED:
            yield f"readings/{event.unit}/{event.payload.reading}", event.payload.reading
        elif event.kind is Kind.FINAL_STORED:
            yield f"finals/{event.unit}/{event.payload.final}", event.payload.final
        elif event.kind is Kind.UNIT_REGISTERED:
            for record in event.payload.series:
                yield bodies.series_key(str(event.unit), record)


def _noting_bodies(events: Iterable[Event], bodies: StoredBodies, wanted: list[tuple[str, str]]) -> Iterator[Event]:
    """The events as they come, with the bodies they speak of added to `wanted`."""
    for event in events:
        wanted.extend(_bodies_of((event,), bodies))
        yield event


def _save_body(bodies: StoredBodies, key: str, identity: str, place: Path) -> str:
    if place.exists():
        return identity
    with naming(place):
        place.mkdir(parents=True)
    for name in (*bodies.manifest(key).files, MANIFEST_NAME):
        with naming(place / name):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            with bodies.open(f"{key}/{name}") as source, (place / name).open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    _require_identity(place, identity)
    return identity


def _require_identity(place: Path, identity: str) -> None:
    if open_sealed(place).sha256 != identity:
        raise CrcError("sealed.altered", path=place / MANIFEST_NAME)


def _saved_tables(saved: Saved) -> tuple[str, ...]:
    return tuple(name for name in _TABLES if name in saved.rows or name not in _SINCE_THE_SECOND)


def _prove(folder: Path, saved: Saved) -> None:
    """Compare everything that can be compared before anything is written."""
    for name in _saved_tables(saved):
        path = folder / f"{name}.jsonl"
        if saved.hashes.get(name) != sha256_of(path):
            raise CrcError("sealed.altered", path=path)
        if sum(1 for _ in _lines(path)) != saved.rows.get(name):
            raise CrcError("server.backup_rows", path=path)
    if check_chain(_events(folder / "events.jsonl")) != saved.head:
        raise CrcError("server.backup_head", path=folder / "events.jsonl")
    for key, identity in saved.bodies.items():
        place = folder / _BODIES / key
        if hashlib.sha256(read_bytes(place / MANIFEST_NAME)).hexdigest() != identity:
            raise CrcError("sealed.altered", path=place / MANIFEST_NAME)
        _require_identity(place, identity)


def _restore_body(bodies: StoredBodies, place: Path, key: str, identity: str) -> None:
    bodies.place_at(key, open_sealed(place))
    bodies.require(key, identity)


def _require_same(saved: Saved, chain: Chain, bodies: StoredBodies) -> None:
    chain.refresh()
    if chain.head != saved.head or chain.next_seq != saved.rows["events"] + 1:
        raise CrcError("server.backup_head", path=BACKUP_NAME)
    rows = EventRow.objects.filter(kind__in=[kind.value for kind in _WITH_BODY]).order_by("seq")
    events = (event_in(row) for row in rows.iterator(chunk_size=_EVENTS_AT_ONCE))
    if dict(_bodies_of(events, bodies)) != saved.bodies:
        raise CrcError("server.backup_bodies", path=BACKUP_NAME)
    for name, (model, _) in _TABLES.items():
        if model.objects.count() != saved.rows.get(name, 0):
            raise CrcError("server.backup_rows", path=f"{name}.jsonl")
