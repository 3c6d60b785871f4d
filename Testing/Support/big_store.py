"""Stores of tens of thousands of cases for benchmarks, made once and kept outside the repository.

The chain comes from `big_chain`; here it is written where a store of each kind keeps it: rows of a database, or event
files of a folder. `CRC_BENCH` names the folder they are kept in.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from big_chain import big_chain
from crc_core.workflow.events import Event, Kind, read_event

PASSWORD = "a-long-first-password-7"
_BATCH = 5_000
_RECORDED_SHARE = 0.8
_SEXES = ("female", "male")


def kept() -> Path:
    """Where what takes long to make is kept."""
    folder = Path(os.environ.get("CRC_BENCH", Path(tempfile.gettempdir()) / "crc-bench"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def chain_file(cases: int) -> Path:
    """The file with the chain of so many cases, one event a line; made where it is missing."""
    path = kept() / f"chain-{cases}.jsonl.gz"
    if not path.exists():
        part = path.with_suffix(".part")
        with gzip.open(part, "wb", compresslevel=1) as stream:
            for event in big_chain(cases):
                stream.write(event.to_bytes() + b"\n")
        part.replace(path)
    return path


def events_of(cases: int) -> Iterator[Event]:
    """The events of so many cases, each with a hash that fits."""
    return (read_event(line, chain_file(cases)) for line in _lines(cases))


def _lines(cases: int) -> Iterator[bytes]:
    with gzip.open(chain_file(cases), "rb") as stream:
        for line in stream:
            yield line.rstrip(b"\n")


def _row(line: bytes) -> Any:
    """The row of an event, whose hash the making of the index will compare."""
    from crc_server.models import EventRow

    known = json.loads(line)
    names = ("seq", "kind", "intent_id", "hash")
    return EventRow(unit=known.get("unit"), body=line.decode(), **{name: known[name] for name in names})


def fill_where_empty(cases: int) -> None:
    """Set Django up from the environment, bring the tables to this version and fill them where they are empty."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    from crc_core.workflow.context import load_policy
    from crc_server.store.opening import has_store
    from crc_server.store.reindexing import is_index_current, make_index

    if not has_store():
        fill_server(cases)
    elif not is_index_current():
        make_index(load_policy())


def fill_server(cases: int) -> None:
    """Fill the database that Django is set up with, which is empty: chain, index, people, clinical records."""
    from crc_core.files.canonical import canonical_bytes
    from crc_core.files.records import to_document
    from crc_core.workflow.context import load_policy
    from crc_server.models import CaseRow, EventRow, StoreRow
    from crc_server.store.chain import event_in
    from crc_server.store.reindexing import make_index
    from django.db import connection, transaction

    policy = load_policy()
    row = StoreRow(store_id=f"bench-{cases}", policy=canonical_bytes(to_document(policy)).decode())
    people: list[str] = []
    codes: dict[str, Event] = {}
    with transaction.atomic():
        for lines in _batches(_lines(cases)):
            rows = [_row(line) for line in lines]
            EventRow.objects.bulk_create(rows)
            for item in rows:
                if item.kind in (Kind.PERSON_SET, Kind.UNIT_REGISTERED):
                    event = event_in(item)
                    if item.kind == Kind.PERSON_SET:
                        people.append(event.payload.person)
                    else:
                        codes.setdefault(str(event.unit).rpartition("_")[0], event)
            last = event_in(rows[-1])
            row.created = row.created or last.at
            row.head_seq, row.head_hash, row.head_at = last.seq, last.hash, last.at
        row.save()
        reserved = (
            CaseRow(code=code, site=code[4:6], serial=int(code[7:13]), actor=event.actor, at=event.at)
            for code, event in codes.items()
        )
        CaseRow.objects.bulk_create(reserved, batch_size=_BATCH)
        make_index(policy)
        _enter_people(people)
    _record(codes)
    # What a database does by itself after some minutes.
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _enter_people(people: list[str]) -> None:
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User

    secret = make_password(PASSWORD)
    User.objects.bulk_create(User(username=person, first_name=person, password=secret) for person in people)


def _record(codes: dict[str, Event]) -> None:
    """The first version of a clinical record for most cases, as `crc_server.clinical` would have entered it."""
    from crc_core.clinical.fields import record_kinds
    from crc_core.files.canonical import canonical_bytes, canonical_hash
    from crc_core.files.records import time_text
    from crc_server.clinical import RECORD_SCHEMA
    from crc_server.models import RecordRow, ValueRow

    draw, version = random.Random(2), record_kinds().version
    records, values = [], []
    for code, event in codes.items():
        if draw.random() > _RECORDED_SHARE:
            continue
        known = {"age": draw.randrange(30, 90), "cea": round(draw.expovariate(0.1), 1), "sex": draw.choice(_SEXES)}
        document = {"schema": RECORD_SCHEMA, "case": code, "kind": "clinical", "version": 1, "fields": version}
        document |= {"values": known, "actor": event.actor, "at": time_text(event.at), "prev": "0" * 64}
        body = canonical_bytes(document).decode()
        row = RecordRow(case=code, kind="clinical", version=1, body=body, hash=canonical_hash(document))
        records.append(row)
        numbers = [ValueRow(record=row, case=code, field=name, number=float(known[name])) for name in ("age", "cea")]
        values += [*numbers, ValueRow(record=row, case=code, field="sex", text=known["sex"])]
    RecordRow.objects.bulk_create(records, batch_size=_BATCH)
    ValueRow.objects.bulk_create(values, batch_size=_BATCH)
