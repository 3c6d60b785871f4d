"""The server is killed at random moments while readings come in: nothing acknowledged is lost, doubled or altered."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.store.remote import RemoteStore
from crc_core.store.remote.connection import Connection, Patience
from crc_core.store.remote.outbox import Outbox, SendState
from crc_core.store.remote.sending import send_all
from crc_core.store.remote.signing_in import sign_in
from crc_core.text import Lang
from crc_core.workflow.events import Kind, check_chain
from live_server import LiveServer, RemoteHarness
from postgres_support import NOT_HERE, programs, running_postgres
from store_contract import Bench
from store_support import PIN, START, submission, write_study

PATIENT = Patience(attempts=3, first_pause_s=0.05, longest_pause_s=0.3, connect_s=5, read_s=30, work_s=30)


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server of its own, to be killed."""
    if request.param == "sqlite":
        server = LiveServer(tmp_path).start()
        yield server
        server.stop()
        return
    if programs() is None:
        pytest.skip(NOT_HERE)
    with running_postgres() as database:
        server = LiveServer(tmp_path, database).start()
        yield server
        server.stop()


def reached(server: LiveServer, person: str, cache: Path) -> RemoteStore:
    """The store as a real client reaches it: with pauses, at the port the server has now."""
    line = Connection(server.address, lang=Lang.EN, patience=PATIENT)
    return RemoteStore(line.with_token(sign_in(line, person, PIN).token), person, cache_folder=cache)


def kill_and_start(server: LiveServer, chance: random.Random, longest_s: float) -> threading.Thread:
    """Kill the server after a random while; it is up again when the thread has ended."""

    def run() -> None:
        time.sleep(chance.uniform(0, longest_s))
        server.stop()
        server.start()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("seed", "rounds"), [(0, 2), *(pytest.param(seed, 30, marks=pytest.mark.full) for seed in range(1, 5))]
)
def test_readings_survive_a_server_that_is_killed(server: LiveServer, tmp_path: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    bench = Bench(RemoteHarness(server, tmp_path), write_study(tmp_path / "study"), tmp_path)
    prepared = bench.opened("wang")
    outbox, before = Outbox(tmp_path / "outbox"), None
    acknowledged: list[str] = []
    sealed_files = {}
    for number in range(rounds):
        sealed = bench.seal(prepared, "wang", number % 3, supersedes=before)
        payload = submission(sealed, "wang", supersedes=before)
        outbox.put(bench.intent("wang", Kind.READING_SUBMITTED, payload, prepared.unit), sealed, START)
        sealed_files[sealed.sha256] = {name: sealed.read(name) for name in sealed.manifest.files}
        killing = kill_and_start(server, chance, 0.5)
        while outbox.items()[-1].state is not SendState.SENT:
            try:
                list(send_all(outbox, reached(server, "wang", tmp_path / "cache")))
            except CrcError as error:
                assert error.code == "remote.offline", error
            assert outbox.items()[-1].state is not SendState.REFUSED, outbox.items()[-1].refusal
            time.sleep(0.05)
        acknowledged.append(sealed.sha256)
        killing.join()
        before = sealed.sha256
    admin, chief = (reached(server, person, tmp_path / f"after-{person}") for person in ("admin", "chief"))
    events = admin.events_since(0, "admin")
    check_chain(events)
    assert [event.payload.reading for event in events if event.kind is Kind.READING_SUBMITTED] == acknowledged
    for reading in acknowledged:
        opened = chief.open_reading(reading, "chief")
        assert {name: opened.read(name) for name in opened.manifest.files} == sealed_files[reading]
