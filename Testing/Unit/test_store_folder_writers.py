"""Several writers at once, and writers that are killed: nothing lost, nothing doubled, the chain whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import crc_core
import pytest
import store_worker
from crc_core.store.check import check_store, clean_store
from crc_core.store.findings import Level
from crc_core.store.folder import FolderStore
from crc_core.text import Lang
from crc_core.workflow import payloads as p
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind, check_chain
from store_support import (
    MovingClock,
    accepted,
    ask,
    must,
    new_store,
    open_store,
    open_unit,
    sealed_reading,
    submit,
    write_study,
)

_POLICY = Policy("workflow-test", 2, 0, False, 28, 2)


def start(job: str, folder: Path, *words: str) -> subprocess.Popen[str]:
    """A worker in a process of its own."""
    support, core = Path(store_worker.__file__).parent, Path(crc_core.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(support), str(core)))}
    command = [sys.executable, str(support / "store_worker.py"), job, str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def finish(worker: subprocess.Popen[str]) -> list[str]:
    """The lines of a worker that has to succeed."""
    out, _ = worker.communicate(timeout=300)
    assert worker.returncode == 0
    return out.splitlines()


def kill_after(worker: subprocess.Popen[str], seconds: float) -> list[str]:
    """Kill a worker without warning; the lines it had said."""
    time.sleep(seconds)
    worker.send_signal(signal.SIGKILL)
    out, _ = worker.communicate(timeout=60)
    return out.splitlines()


def events_of(folder: Path, kind: Kind) -> list[str]:
    """The intents of a kind that were minted, read by a machine that knows nothing yet."""
    store = open_store(folder, MovingClock(), folder / "cache-auditor")
    store.ledger.chain.refresh()
    check_chain(store.ledger.chain.events)
    return [event.intent_id for event in store.ledger.chain.events if event.kind is kind]


def test_four_writers_lose_and_double_nothing(tmp_path: Path) -> None:
    store, count = new_store(tmp_path, MovingClock()), 100
    before = len(store.persons())
    workers = [start("enter", tmp_path, prefix, str(count)) for prefix in ("a", "b", "c", "d")]
    assert [len(finish(worker)) for worker in workers] == [count] * 4
    intents = events_of(tmp_path, Kind.PERSON_SET)
    assert len(set(intents)) == len(intents) == before + 4 * count
    names = Counter(person.id[0] for person in store.persons() if person.id[1:].isdigit())
    assert names == {"a": count, "b": count, "c": count, "d": count}
    assert check_store(store).findings == ()


def test_two_managers_assign_at_once(tmp_path: Path) -> None:
    store = new_store(tmp_path, MovingClock())
    prepared = open_unit(store, write_study(tmp_path / "study"))
    first, second = (open_store(tmp_path, MovingClock(), tmp_path / name) for name in ("cache-1", "cache-2"))
    for machine in (first, second):
        machine.unit(prepared.unit, "manager")
    must(first, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 1), prepared.unit)
    refused = ask(second, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("wang", 1), prepared.unit)
    assert refused.code == "workflow.has_slot"
    must(second, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("li", 1), prepared.unit)
    refused = ask(first, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("zhao", 1), prepared.unit)
    assert refused.code == "workflow.slots_full"


def test_a_writer_that_loses_the_race_decides_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between decision and writing another manager fills the slot: the loser is refused on the newest state."""
    store = new_store(tmp_path, MovingClock())
    prepared = open_unit(store, write_study(tmp_path / "study"), "wang")
    other = open_store(tmp_path, MovingClock(), tmp_path / "cache-other")
    append, raced = store.ledger.chain.append, []

    def late(events: object) -> bool:
        if not raced:
            raced.append(must(other, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("li", 1), prepared.unit))
        return append(events)

    monkeypatch.setattr(store.ledger.chain, "append", late)
    refused = ask(store, "manager", Kind.READING_ASSIGNED, p.ReadingAssigned("zhao", 1), prepared.unit)
    assert refused.code == "workflow.slots_full"
    assert check_store(store).findings == ()


@pytest.mark.parametrize("rounds", [2, pytest.param(60, marks=pytest.mark.full)])
def test_killed_while_entering_people(tmp_path: Path, rounds: int) -> None:
    store, chance = new_store(tmp_path, MovingClock()), random.Random(1)
    for number in range(rounds):
        said = kill_after(start("enter", tmp_path, f"k{number}x", "400"), chance.uniform(0.6, 1.4))
        _only_leftovers(store)
        entered = {person.id for person in store.persons()}
        assert {line.split()[1] for line in said} <= entered
    finish(start("enter", tmp_path, "retry", "3"))
    _clean(store)


@pytest.mark.parametrize("rounds", [2, pytest.param(60, marks=pytest.mark.full)])
def test_killed_while_admitting_units(tmp_path: Path, rounds: int) -> None:
    store, chance = new_store(tmp_path, MovingClock()), random.Random(2)
    write_study(tmp_path / "study")
    for number in range(rounds):
        kill_after(start("admit", tmp_path, str(number), str(tmp_path / "study"), "400"), chance.uniform(0.9, 1.8))
        _only_leftovers(store)
    finish(start("admit", tmp_path, "retry", str(tmp_path / "study"), "2"))
    _clean(store)
    assert check_store(store, deep=True).is_whole


@pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.full)])
def test_killed_while_submitting_finishes_on_the_next_try(tmp_path: Path, rounds: int) -> None:
    store, chance = new_store(tmp_path, MovingClock(), policy=_POLICY), random.Random(3)
    source = write_study(tmp_path / "study")
    for number in range(rounds):
        prepared = open_unit(store, source, "wang")
        reading = tmp_path / f"reading-{number}"
        sealed_reading(reading, prepared, "wang")
        words = (str(number), str(reading), str(prepared.unit), "wang")
        kill_after(start("submit", tmp_path, *words), chance.uniform(0.5, 1.1))
        _only_leftovers(store)
        finish(start("submit", tmp_path, *words))
        assert store.unit(prepared.unit, "wang").slots[0].reading is not None
    _clean(store)
    assert len(set(events_of(tmp_path, Kind.READING_SUBMITTED))) == rounds


def _stop_in(job: Callable[[], object], monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Stop `job` as a power cut would, where it next calls the function `place`."""

    class PowerCut(BaseException):
        """Nothing may catch it and tidy up."""

    def cut(*arguments: object, **words: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(place, cut)
        patch.setattr("crc_core.store.folder.bodies.shutil.rmtree", lambda *arguments, **words: None)
        with pytest.raises(PowerCut):
            job()


@pytest.mark.parametrize(
    "place",
    [
        "crc_core.store.folder.bodies._copy",
        "crc_core.store.folder.bodies.open_sealed",
        "crc_core.store.folder.bodies._rename",
        "crc_core.store.folder.chain.create_events",
    ],
)
def test_a_power_cut_at_each_step_of_a_submission_is_harmless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    store = new_store(tmp_path, MovingClock())
    prepared = open_unit(store, write_study(tmp_path / "study"), "wang")
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    _stop_in(lambda: submit(store, sealed, prepared.unit, "wang"), monkeypatch, place)
    found = check_store(store)
    assert found.is_whole
    assert len(found.of(Level.LEFTOVER)) == 1
    accepted(submit(store, sealed, prepared.unit, "wang"))
    _clean(store)
    assert store.open_reading(sealed.sha256, "wang").sha256 == sealed.sha256


def _only_leftovers(store: FolderStore) -> None:
    found = check_store(store)
    assert found.is_whole, [item.sentence(Lang.EN) for item in found.of(Level.WRONG)]


def _clean(store: FolderStore) -> None:
    found = check_store(store)
    cleared = clean_store(store.layout, found, older_than_hours=0)
    assert set(cleared) == {item.path for item in found.of(Level.LEFTOVER)}
    again = check_store(store)
    assert again.is_whole
    assert again.of(Level.LEFTOVER) == ()
