"""The chain in files: whole events or none, no forks, and a cache that is never believed against the store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.store.folder import FolderStore
from crc_core.store.folder.cache import EventCache
from crc_core.store.folder.event_files import event_path, number_of
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.context import Context
from crc_core.workflow.decide import decide
from crc_core.workflow.events import Draft, Event, Kind, check_chain
from crc_core.workflow.intents import Intent, Refusal, new_intent
from store_support import START, MovingClock, accepted, must, new_store, open_store, person_set


def enter(store: FolderStore, count: int, prefix: str = "p") -> None:
    """Add events: as many people."""
    for number in range(count):
        person = p.PersonSet(f"{prefix}{number}", Title.NONE, frozenset({PersonRole.DATA_USER}), "01", True)
        must(store, "admin", Kind.PERSON_SET, person)


def fresh(folder: Path, cache: str = "cache-fresh") -> FolderStore:
    """The store on a machine that knows nothing yet."""
    return open_store(folder, MovingClock(), folder / cache)


def chain_of(store: FolderStore) -> Sequence[Event]:
    """The chain as the store sees it now."""
    store.ledger.chain.refresh()
    return store.ledger.chain.events


def test_each_event_is_a_file_of_canonical_json(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    events = chain_of(store)
    files = sorted(store.layout.events.iterdir())
    assert [path.name for path in files] == [f"{event.seq:08d}.json" for event in events]
    assert [json.loads(path.read_bytes())["hash"] for path in files] == [event.hash for event in events]
    assert check_chain(events) == events[-1].hash


def test_the_events_of_one_intent_stand_or_fall_together(tmp_path: Path) -> None:
    def twice(events: Sequence[Event], context: Context, intent: Intent, now: datetime) -> tuple[Draft, ...] | Refusal:
        outcome = decide(events, context, intent, now)
        return outcome if isinstance(outcome, Refusal) else (*outcome, *outcome)

    new_store(tmp_path, MovingClock())
    store = open_store(tmp_path, MovingClock(), decide=twice)
    before = len(chain_of(store))
    intent = new_intent(Kind.PERSON_SET, None, "admin", START, person_set("zhao"))
    accepted(store.act(intent))
    assert accepted(store.act(intent)).repeated
    assert len(list(store.layout.events.iterdir())) == before + 1
    other = fresh(tmp_path)
    assert len(chain_of(other)) == before + 2
    check_chain(chain_of(other))
    enter(other, 1)
    assert event_path(store.layout.events, before + 3).is_file()
    assert chain_of(store)[-1] == chain_of(other)[-1]


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("00000001.json", 1),
        ("12345678.json", 12345678),
        ("123456789.json", 123456789),
        ("1.json", None),
        ("00000000.json", None),
        ("000000001.json", None),
        ("00000001.json.part", None),
        ("00000001", None),
        ("０0000001.json", None),
    ],
)
def test_event_file_names(name: str, number: int | None) -> None:
    assert number_of(name) == number


def test_a_missing_event_stops_everything_rather_than_forking_the_chain(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    event_path(store.layout.events, 5).unlink()
    with pytest.raises(CrcError) as refused:
        must(fresh(tmp_path), "admin", Kind.PERSON_SET, person_set("zhao"))
    assert refused.value.code == "chain.gap"
    assert not event_path(store.layout.events, 5).exists()


def test_an_altered_event_is_named(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    path = event_path(store.layout.events, 3)
    path.write_bytes(path.read_bytes().replace(b'"site":"01"', b'"site":"02"'))
    with pytest.raises(CrcError) as refused:
        fresh(tmp_path).persons()
    assert (refused.value.code, refused.value.path) == ("chain.altered", path)


def test_events_of_another_store_do_not_follow(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    store, other = new_store(tmp_path, MovingClock()), new_store(tmp_path / "other", MovingClock())
    path = event_path(store.layout.events, 4)
    path.write_bytes(event_path(other.layout.events, 4).read_bytes())
    with pytest.raises(CrcError) as refused:
        fresh(tmp_path).persons()
    assert refused.value.code == "chain.altered"


def test_a_half_written_event_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk knows no hard links, another writer's file is visible while it is being written."""
    store = new_store(tmp_path, MovingClock())
    path = event_path(store.layout.events, len(chain_of(store)))
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            path.write_bytes(whole)

    monkeypatch.setattr("crc_core.store.folder.chain.time.sleep", wait)
    assert chain_of(fresh(tmp_path))[-1].hash == chain_of(store)[-1].hash
    assert len(waits) == 3
    path.write_bytes(whole[:100])
    with pytest.raises(CrcError) as refused:
        fresh(tmp_path).persons()
    assert refused.value.code == "json.broken"


def test_the_cache_spares_reading_the_store_again(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    enter(store, 80)
    second = fresh(tmp_path)
    known = chain_of(second)
    for path in sorted(store.layout.events.iterdir())[:-1]:
        path.rename(path.with_suffix(".hidden"))
    assert chain_of(fresh(tmp_path)) == known
    with pytest.raises(CrcError):
        chain_of(fresh(tmp_path, "cache-another-machine"))


@pytest.mark.parametrize("harm", ["cut", "alter", "empty", "foreign"])
def test_a_broken_cache_is_made_anew(tmp_path: Path, harm: str) -> None:
    store = new_store(tmp_path, MovingClock())
    enter(store, 80)
    known = list(chain_of(fresh(tmp_path)))
    cache = EventCache(tmp_path / "cache-fresh", store.info().id, store.layout.events)
    data = cache.path.read_bytes()
    harmed = {
        "cut": data[: len(data) // 2],
        "alter": data.replace(b'"p7"', b'"p8"', 1),
        "empty": b"",
        "foreign": b"\x00\xff\n" * 40,
    }
    cache.path.write_bytes(harmed[harm])
    assert (len(cache.load().shelf), cache.load().last_file) == (0, 0)
    assert list(chain_of(fresh(tmp_path))) == known
    assert cache.load().shelf.since(0) == known


def test_a_cache_of_a_store_that_was_restored_from_a_backup_is_made_anew(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    backup = {path: path.read_bytes() for path in store.layout.events.iterdir()}
    enter(store, 80)
    chain_of(fresh(tmp_path))
    for path in store.layout.events.iterdir():
        path.unlink()
    for path, data in backup.items():
        path.write_bytes(data)
    restored = fresh(tmp_path)
    assert len(chain_of(restored)) == len(backup)
    enter(restored, 3, "after")
    assert len(chain_of(fresh(tmp_path, "cache-3"))) == len(backup) + 3


def test_a_machine_without_cache_folder_does_without(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    enter(store, 80)
    (tmp_path / "file").write_bytes(b"")
    assert len(chain_of(open_store(tmp_path, MovingClock(), tmp_path / "file" / "cache"))) == len(chain_of(store))


def test_a_clock_that_goes_back_does_not_take_the_chain_with_it(tmp_path: Path) -> None:
    clock = MovingClock()
    store = new_store(tmp_path, clock)
    clock.wait(days=2)
    enter(store, 1)
    clock.wait(days=-2)
    enter(store, 1, "later")
    assert chain_of(store)[-1].at == START + timedelta(days=2)
    clock.wait(days=3)
    enter(store, 1, "last")
    assert chain_of(store)[-1].at == START + timedelta(days=3)


def test_a_number_used_for_two_requests_is_refused(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    first = new_intent(Kind.PERSON_SET, None, "admin", START, person_set("zhao"))
    accepted(store.act(first))
    second = Intent(first.schema, first.id, Kind.READINGS_FLAGGED, None, "chief", START, None)
    with pytest.raises(CrcError) as refused:
        store.act(second)
    assert refused.value.code == "store.intent_reused"
