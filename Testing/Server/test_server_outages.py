"""What a server stands on goes away for a while, or its client does: nothing acknowledged is lost, and work goes on."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from crc_core.desk.job_forms import SendAsked
from crc_core.errors import CrcError
from crc_core.files.records import to_document
from crc_core.files.sealed import SealedFolder
from crc_core.store.access import Access
from crc_core.store.remote import RemoteStore
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.outbox import Outbox, SendState
from crc_core.store.remote.patience import Patience
from crc_core.store.remote.sending import send_all
from crc_core.store.remote.signing_in import sign_in
from crc_core.text import Lang
from crc_core.workflow.events import Kind, check_chain
from live_server import LiveServer, RemoteHarness
from postgres_support import NOT_HERE, postgres_to_stop, programs
from store_contract import Bench
from store_support import PIN, START, submission, write_study

BRIEF = Patience(attempts=1, first_pause_s=0.05, longest_pause_s=0.2, connect_s=5, read_s=30, work_s=30)
SMALL_DISK = "24m"


def reached(server: LiveServer, person: str, cache: Path) -> RemoteStore:
    """The store as a client reaches it that gives up at once."""
    line = Connection(server.address, lang=Lang.EN, patience=BRIEF)
    return RemoteStore(line.with_token(sign_in(line, person, PIN).token), person, cache_folder=cache)


def put_reading(outbox: Outbox, bench: Bench, prepared: Any, shift: int, before: str | None) -> SealedFolder:
    sealed = bench.seal(prepared, "wang", shift, supersedes=before)
    payload = submission(sealed, "wang", supersedes=before)
    outbox.put(bench.intent("wang", Kind.READING_SUBMITTED, payload, prepared.unit), sealed, START)
    return sealed


def require_whole(server: LiveServer, sent: list[SealedFolder], folder: Path) -> None:
    """The chain holds, each reading is in once and in order, to the last byte."""
    admin, chief = (reached(server, person, folder / f"after-{person}") for person in ("admin", "chief"))
    events = admin.events_since(0, "admin")
    check_chain(events)
    submitted = [event.payload.reading for event in events if event.kind is Kind.READING_SUBMITTED]
    assert submitted == [sealed.sha256 for sealed in sent]
    for sealed in sent:
        opened = chief.open_reading(sealed.sha256, "chief")
        assert {name: opened.read(name) for name in opened.manifest.files} == {
            name: sealed.read(name) for name in sealed.manifest.files
        }


@pytest.mark.parametrize("gone_s", [0.5, pytest.param(60, marks=pytest.mark.full)])
def test_a_database_that_is_gone_for_a_while(tmp_path: Path, gone_s: float) -> None:
    if programs() is None:
        pytest.skip(NOT_HERE)
    with postgres_to_stop() as postgres:
        server = LiveServer(tmp_path, postgres.address).start()
        try:
            bench = Bench(RemoteHarness(server, tmp_path), write_study(tmp_path / "study"), tmp_path)
            prepared = bench.opened("wang")
            outbox = Outbox(tmp_path / "outbox")
            store = reached(server, "wang", tmp_path / "cache")
            first = put_reading(outbox, bench, prepared, 0, None)
            list(send_all(outbox, store))
            second = put_reading(outbox, bench, prepared, 1, first.sha256)
            postgres.stop()
            answer = requests.get(server.address.at("store"), timeout=20)
            assert (answer.status_code, answer.json()["code"]) == (503, "server.away")
            assert int(answer.headers["Retry-After"]) > 0
            page = requests.get(server.address.url + "/sign-in", timeout=20)
            assert page.status_code in (200, 503)
            list(send_all(outbox, store))
            assert outbox.items()[-1].state is SendState.WAITING
            time.sleep(gone_s)
            postgres.start()
            wait_until_sent(outbox, store)
            require_whole(server, [first, second], tmp_path)
        finally:
            server.stop()


def wait_until_sent(outbox: Outbox, store: RemoteStore) -> None:
    """The client goes on by itself; nobody starts the server anew."""
    until = time.monotonic() + 30
    while outbox.items()[-1].state is not SendState.SENT:
        assert time.monotonic() < until, outbox.items()
        try:
            list(send_all(outbox, store))
        except CrcError as error:
            assert error.code in ("remote.offline", "server.away"), error
        time.sleep(0.1)


@contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A disk of its own of 24 MB at `place`; skips where no disk can be made."""
    place.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no small disk can be mounted here: what follows from a full one was not tried")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_disk_that_is_full_until_somebody_makes_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "data"):
        server = LiveServer(tmp_path).start()
        try:
            bench = Bench(RemoteHarness(server, tmp_path), write_study(tmp_path / "study"), tmp_path)
            prepared = bench.opened("wang")
            outbox, store = Outbox(tmp_path / "outbox"), reached(server, "wang", tmp_path / "cache")
            first = put_reading(outbox, bench, prepared, 0, None)
            list(send_all(outbox, store))
            second = put_reading(outbox, bench, prepared, 1, first.sha256)
            line = Connection(server.address, lang=Lang.EN, patience=BRIEF)
            manager = line.with_token(sign_in(line, "manager", PIN).token)
            filler = tmp_path / "data" / "filler"
            fill(filler)
            answers = [type(item.result).__name__ for item in send_all(outbox, store)]
            assert outbox.items()[-1].state is SendState.WAITING, (answers, outbox.items())
            with pytest.raises(CrcError) as caught:
                manager.post("cases", {"site": "01"})
            assert caught.value.code in ("file.disk_full", "server.away")
            assert store.unit(prepared.unit, "wang").slots[0].reading == first.sha256
            assert store.work_list("wang")
            filler.unlink()
            wait_until_sent(outbox, store)
            require_whole(server, [first, second], tmp_path)
            uploads = tmp_path / "data" / "uploads"
            assert [path for path in uploads.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
        finally:
            server.stop()


def fill(path: Path) -> None:
    """Take every byte the disk has."""
    with path.open("wb", buffering=0) as stream:
        size = 1 << 20
        while size:
            try:
                stream.write(bytes(size))
            except OSError:
                size //= 2
    assert shutil.disk_usage(path).free < 8192


@pytest.mark.parametrize(
    ("seed", "rounds"), [(0, 1), *(pytest.param(seed, 30, marks=pytest.mark.full) for seed in range(1, 5))]
)
def test_a_client_that_is_killed_while_it_sends(
    sqlite_server: LiveServer, tmp_path: Path, seed: int, rounds: int
) -> None:
    """Killed at any moment, started again: each reading arrives once, in order, as it was sealed."""
    chance, sent, before = random.Random(seed), [], None
    bench = Bench(RemoteHarness(sqlite_server, tmp_path), write_study(tmp_path / "study"), tmp_path)
    prepared, outbox = bench.opened("wang"), Outbox(tmp_path / "outbox")
    token = sign_in(sqlite_server.connection(), "wang", PIN).token
    asked = SendAsked(str(outbox.folder), Access(sqlite_server.address.url, "wang", token), Lang.EN)
    for number in range(rounds):
        sent.append(put_reading(outbox, bench, prepared, number % 3, before))
        before = sent[-1].sha256
        kills = 0
        while outbox.items()[-1].state is not SendState.SENT:
            process = subprocess.Popen(
                [sys.executable, "-m", "crc_core.desk.jobs", "send_outbox"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(to_document(asked)))
            process.stdin.close()
            if kills < 2:
                # Its first line says that it is at work.
                process.stdout.readline()
                time.sleep(chance.uniform(0, 0.1))
                process.kill()
                kills += 1
            process.wait(60)
            process.stdout.close()
            assert outbox.items()[-1].state is not SendState.REFUSED
    require_whole(sqlite_server, sent, tmp_path)
