"""Stores of tens of thousands of cases for benchmarks, made once and kept outside the repository.

The chain comes from `big_chain`; here it is written where a store of each kind keeps it: rows of a database, or event
files of a folder. `CRC_BENCH` names the folder they are kept in.
"""

from __future__ import annotations

import gzip
import os
import random
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from big_chain import big_chain
from crc_core.clinical.table import ClinicalRecord
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
    path = chain_file(cases)
    with gzip.open(path, "rb") as stream:
        for line in stream:
            yield read_event(line.rstrip(b"\n"), path)


def fill_server(cases: int) -> None:
    """Fill the database that Django is set up with, which is empty: chain, index, people, clinical records."""
    from crc_core.files.canonical import canonical_bytes
    from crc_core.files.records import to_document
    from crc_core.workflow.context import load_policy
    from crc_server.models import CaseRow, EventRow, StoreRow
    from crc_server.store.chain import event_row
    from crc_server.store.reindexing import make_index
    from django.db import transaction

    policy = load_policy()
    row = StoreRow(store_id=f"bench-{cases}", policy=canonical_bytes(to_document(policy)).decode())
    people: list[str] = []
    codes: dict[str, Event] = {}
    with transaction.atomic():
        for events in _batches(events_of(cases)):
            EventRow.objects.bulk_create([event_row(event) for event in events])
            for event in events:
                if event.kind is Kind.PERSON_SET:
                    people.append(event.payload.person)
                elif event.kind is Kind.UNIT_REGISTERED:
                    codes.setdefault(str(event.unit).rpartition("_")[0], event)
            row.created = row.created or events[0].at
            row.head_seq, row.head_hash, row.head_at = events[-1].seq, events[-1].hash, events[-1].at
        row.save()
        reserved = (
            CaseRow(code=code, site=code[4:6], serial=int(code[7:13]), actor=event.actor, at=event.at)
            for code, event in codes.items()
        )
        CaseRow.objects.bulk_create(reserved, batch_size=_BATCH)
        make_index(policy)
        _enter_people(people)
    _record(codes)


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    for event in events:
        batch.append(event)
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
    """A clinical record for most cases."""
    from crc_server.clinical import put_records

    draw = random.Random(2)
    records = [
        ClinicalRecord(
            "clinical",
            code,
            None,
            {"age": draw.randrange(30, 90), "sex": draw.choice(_SEXES), "cea": round(draw.expovariate(0.1), 1)},
        )
        for code in codes
        if draw.random() < _RECORDED_SHARE
    ]
    for first in range(0, len(records), _BATCH):
        batch = records[first : first + _BATCH]
        put_records(batch, "manager", codes[batch[0].case].at)
