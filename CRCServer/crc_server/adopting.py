"""Taking a folder store over into an empty server: the same chain to the last byte, the same bodies, the same people.

A team that began with a shared folder goes on with a server that enforces what the folder could only ask for. The
folder is read and left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.store.check import check_store
from crc_core.store.findings import Level
from crc_core.store.folder import FolderStore
from crc_core.store.folder.cases import reserved_cases
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import FIRST_PREV, Event, Kind
from django.db import transaction

from crc_server.models import CaseRow, StoreRow
from crc_server.store.chain import DatabaseChain
from crc_server.store.memory import ChainMemory
from crc_server.store.opening import has_store, open_store
from crc_server.store.server_store import ServerStore

_SITE, _SERIAL = slice(4, 6), slice(7, 13)
_WITH_BODY = frozenset({Kind.UNIT_REGISTERED, Kind.READING_SUBMITTED, Kind.FINAL_STORED})
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Adopted:
    """What was taken over, up to which head of the chain."""

    store: str
    head: str
    events: int
    units: int
    readings: int
    finals: int


def adopt_folder_store(
    root: Path, on_progress: Progress | None = None, *, then: Callable[[ServerStore], None]
) -> Adopted:
    """Take the folder store at `root` over, whole or not at all; PINs stay behind, and `then` gives out passwords.

    The folder store is checked first: every link, every decision asked of the rules again, every body. Raises CrcError
    where that finds anything wrong, where this server has a store already, and where the disk refuses.
    """
    source = FolderStore(root)
    checked = check_store(source)
    wrong = checked.of(Level.WRONG)
    if wrong:
        raise CrcError("adopting.unsound", path=root, count=len(wrong))
    source.chain.refresh()
    events = tuple(source.chain.since(0))
    with transaction.atomic():
        if has_store():
            raise CrcError("server.has_store")
        store = _take_chain(source, events)
        _take_cases(source, events)
        for person in source.persons():
            store.passwords.set_name(person.id, source.people.name(person.id))
        with_body = [event for event in events if event.kind in _WITH_BODY]
        for done, event in enumerate(with_body, start=1):
            _take_body(source, store, event)
            if on_progress is not None:
                on_progress(done, len(with_body))
        store.chain.refresh()
        if store.chain.head != checked.head:
            raise CrcError("adopting.changed", path=root)
        then(store)
    return Adopted(source.file.id, checked.head, checked.events, checked.units, checked.readings, checked.finals)


def open_door(store: ServerStore, person: str, password: str) -> None:
    """Give a first administrator a password; raises CrcError for somebody who is none, or for too easy a password."""
    known = store.ledger.context.person(person)
    if known is None or PersonRole.ADMINISTRATOR not in known.roles:
        raise CrcError("adopting.no_administrator", person=person)
    store.passwords.set(person, password)


def _take_chain(source: FolderStore, events: Sequence[Event]) -> ServerStore:
    policy = source.file.policy
    document = canonical_bytes(to_document(policy)).decode()
    row = StoreRow(store_id=source.file.id, policy=document, created=source.file.created, head_hash=FIRST_PREV)
    row.save()
    # A memory of its own: what a process remembers is only ever what was committed.
    if events and not DatabaseChain(ChainMemory(), policy).append(events):
        raise CrcError("store.busy")
    return open_store()


def _take_cases(source: FolderStore, events: Sequence[Event]) -> None:
    """The reserved codes; the chain tells of those whose file was lost."""
    rows = {found.code: (found.actor, found.at) for found in reserved_cases(source.layout.cases)}
    for event in events:
        if event.kind is Kind.UNIT_REGISTERED:
            rows.setdefault(UnitId.parse(str(event.unit)).case, (event.actor, event.at))
    CaseRow.objects.bulk_create(
        CaseRow(code=code, site=code[_SITE], serial=int(code[_SERIAL]), actor=actor, at=at)
        for code, (actor, at) in rows.items()
    )


def _take_body(source: FolderStore, store: ServerStore, event: Event) -> None:
    unit, bodies = str(event.unit), source.bodies
    if event.kind is Kind.READING_SUBMITTED:
        store.bodies.place_reading(unit, bodies.reading(unit, event.payload.reading))
    elif event.kind is Kind.FINAL_STORED:
        store.bodies.place_final(unit, bodies.final(unit, event.payload.final))
    else:
        for record in event.payload.series:
            store.bodies.place_series(unit, record, bodies.series_folder(unit, record))
