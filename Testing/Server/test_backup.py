"""Backup while serving, and a restore that proves itself; one that does not hold leaves the server empty."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.store.protocol import Store
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from live_server import LiveServer, RemoteHarness
from postgres_support import NOT_HERE, programs, running_postgres
from store_contract import Bench, answer
from store_support import PEOPLE, write_study


def crcdb(*words: object, database: str = "") -> tuple[int, Any, str]:
    done = subprocess.run(
        [sys.executable, "-m", "crc_core.cli.main", *map(str, words), "--json"],
        env={**os.environ, "CRC_SERVER_DATABASE": database, "DJANGO_SETTINGS_MODULE": "crc_server.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def told(store: Store, unit: UnitId, person: str) -> list[Any]:
    """What a person learns of a unit and its final."""
    return [answer(lambda: store.unit(unit, person)), answer(lambda: store.open_final(unit, person))]


@pytest.fixture(scope="module")
def saved(sqlite_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Bench, list[UnitId]]:
    """A backup made while somebody writes all the time; the bench, and the units that were there before."""
    folder = tmp_path_factory.mktemp("saved")
    bench = Bench(RemoteHarness(sqlite_server, folder), write_study(folder / "study"), folder)
    disputed, pair = bench.disputed()
    final = bench.seal_final(disputed, pair, "chief")
    bench.sign(final, disputed.unit, "chief", pair)
    open_unit = bench.opened("wang")
    stop, asked = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            question = p.SeniorAsked("wang", 1, f"question {len(asked)}")
            asked.append(bench.ask("wang", Kind.SENIOR_ASKED, question, open_unit.unit))

    writer = threading.Thread(target=ask)
    writer.start()
    try:
        code, document, error = crcdb("backup", "--data", sqlite_server.folder / "data", "-o", folder / "backup")
    finally:
        stop.set()
        writer.join()
    assert code == 0, error
    assert document["rows"]["events"] >= 30
    assert asked
    return folder / "backup", bench, [disputed.unit, open_unit.unit]


@pytest.fixture(params=["sqlite", "postgres"])
def empty_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server that was never started."""
    if request.param == "sqlite":
        yield LiveServer(tmp_path)
        return
    if programs() is None:
        pytest.skip(NOT_HERE)
    with running_postgres() as database:
        yield LiveServer(tmp_path, database)


def test_a_restored_server_answers_everybody_as_before(
    saved: tuple[Path, Bench, list[UnitId]], empty_server: LiveServer
) -> None:
    folder, bench, units = saved
    words = ("restore", folder, "--data", empty_server.folder / "data")
    code, document, error = crcdb(*words, database=empty_server.database)
    assert code == 0, error
    before = bench.events()
    known = before[: document["rows"]["events"]]
    assert document["head"] == known[-1].hash
    assert crcdb(*words, database=empty_server.database)[0] == 2, "a server with a store is not written over"
    empty_server.start()
    try:
        for person in PEOPLE:
            again = empty_server.store(person, empty_server.folder / person)
            assert told(again, units[0], person) == told(bench.harness.store(person), units[0], person), person
        admin = empty_server.store("admin", empty_server.folder / "admin")
        assert to_document(admin.events_since(0, "admin")) == to_document(known)
        for role in bench.source.folders:
            paths = admin.open_image(units[1], role, "admin")
            old_paths = bench.harness.store("admin").open_image(units[1], role, "admin")
            assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in old_paths]
        manager = empty_server.store("manager", empty_server.folder / "manager")
        assert manager.reserve_case("01", "manager") not in {unit.case for unit in units}
    finally:
        empty_server.stop()


DAMAGE = {
    "a row": lambda folder: _replace(folder / "events.jsonl", b"wang", b"wong"),
    "a row left out": lambda folder: (folder / "cases.jsonl").write_bytes(b""),
    "a body": lambda folder: next((folder / "bodies" / "readings").rglob("report.json")).write_bytes(b"{}"),
    "a body left out": lambda folder: shutil.rmtree(next((folder / "bodies" / "finals").iterdir())),
    "an image": lambda folder: next((folder / "bodies" / "raw").rglob("*.dcm")).write_bytes(b"DICM"),
    "the list itself": lambda folder: _replace(folder / "backup.json", b"crc-backup/1", b"crc-backup/2"),
}


def _replace(path: Path, old: bytes, new: bytes) -> None:
    path.write_bytes(path.read_bytes().replace(old, new, 1))


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_and_leaves_nothing(
    saved: tuple[Path, Bench, list[UnitId]], tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(saved[0], copy)
    DAMAGE[damage](copy)
    code, document, error = crcdb("restore", copy, "--data", tmp_path / "data")
    assert (code, document) == (2, None)
    assert error.count("\n") == 1
    assert str(copy) in error
    again, _, error = crcdb("restore", saved[0], "--data", tmp_path / "data")
    assert again == 0, error
