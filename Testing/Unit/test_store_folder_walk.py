"""A random walk: many people ask for anything at any time on two machines; the store stays whole whatever happens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.store.check import check_store
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit, Receipt
from crc_core.workflow import payloads as p
from crc_core.workflow.events import STORE_WIDE, Kind, check_chain
from crc_core.workflow.project import project
from store_contract import payload_for
from store_support import (
    PEOPLE,
    MovingClock,
    ask,
    digest,
    new_store,
    open_store,
    open_unit,
    sealed_reading,
    submit,
    write_study,
)

_KINDS = tuple(kind for kind in Kind if kind not in (Kind.UNIT_REGISTERED, Kind.READING_SUBMITTED, Kind.FINAL_STORED))


@pytest.mark.parametrize(
    "seed", [1, 2, pytest.param(3, marks=pytest.mark.full), pytest.param(4, marks=pytest.mark.full)]
)
def test_a_random_walk_leaves_a_whole_store(tmp_path: Path, seed: int) -> None:
    chance, clock = random.Random(seed), MovingClock()
    first = new_store(tmp_path, clock)
    machines = (first, open_store(tmp_path, clock, tmp_path / "cache-second"))
    source = write_study(tmp_path / "study")
    units = [open_unit(first, source) for _ in range(3)]
    taken = refused = 0
    for step in range(160):
        store, prepared, person = chance.choice(machines), chance.choice(units), chance.choice(list(PEOPLE))
        clock.wait(minutes=chance.choice((-5, 0, 1, 20)))
        events = len(list(store.layout.events.iterdir()))
        if chance.random() < 0.25:
            outcome = _read(store, prepared, chance.choice(("wang", "li")), tmp_path / f"reading-{step}", chance)
        else:
            outcome = _ask(store, prepared, person, chance)
        grown = len(list(store.layout.events.iterdir())) - events
        assert grown == (isinstance(outcome, Receipt) and not outcome.repeated)
        taken, refused = taken + grown, refused + (not isinstance(outcome, Receipt))
        if step % 40 == 39:
            store.advance()
    assert taken >= 10
    assert refused > 20
    for store in machines:
        store.ledger.chain.refresh()
    one, other = (store.ledger.chain.events for store in machines)
    assert list(one) == list(other)
    check_chain(one)
    assert check_store(first, deep=True).findings == ()
    for prepared in units:
        for person in PEOPLE:
            seen = project(
                first.ledger.chain.of_unit(str(prepared.unit)), first.ledger.context, person, first.ledger.now
            )
            assert _seen(machines[1], prepared.unit, person) == seen


def _ask(store: FolderStore, prepared: PreparedUnit, person: str, chance: random.Random) -> object:
    kind = chance.choice(_KINDS)
    # Units that are taken out for good would soon leave nothing to do.
    if kind in (Kind.UNIT_EXCLUDED, Kind.CONSENT_WITHDRAWN, Kind.UNIT_BARRED) and chance.random() < 0.9:
        kind = Kind.READING_ASSIGNED
    payload = payload_for(kind, prepared, person, digest("none"))
    if kind is Kind.READING_ASSIGNED:
        payload = p.ReadingAssigned(chance.choice(("wang", "li")), 1)
        person = chance.choice((person, "manager"))
    return ask(store, person, kind, payload, None if kind in STORE_WIDE else prepared.unit)


def _read(store: FolderStore, prepared: PreparedUnit, reader: str, folder: Path, chance: random.Random) -> object:
    sealed = sealed_reading(folder, prepared, reader, chance.choice((0, 1, 3)))
    return submit(store, sealed, prepared.unit, reader)


def _seen(store: FolderStore, unit: UnitId, person: str) -> object:
    try:
        return store.unit(unit, person)
    except CrcError as error:
        assert error.code == "store.unknown_unit"
        return None
