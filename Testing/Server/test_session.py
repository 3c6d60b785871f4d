"""A window at a live server: who signs in, how an ended session and a dead line look, images fetched aside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from crc_core.desk.aside import aside
from crc_core.desk.fetch_images import fetched_bodies
from crc_core.desk.job_forms import FetchAsked, Fetched
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.store.remote.address import Address
from crc_core.store.remote.body_cache import BodyCache
from crc_core.store.remote.session import LineState, ServerSession
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Title
from live_server import LiveServer, RemoteHarness
from store_contract import Bench
from store_support import PIN, StudySource, write_study


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def bench(sqlite_server: LiveServer, source: StudySource, tmp_path: Path) -> Bench:
    """A new store on the live server."""
    return Bench(RemoteHarness(sqlite_server, tmp_path), source, tmp_path)


def session_at(server: LiveServer, tmp_path: Path) -> ServerSession:
    return ServerSession(server.address.url, lang=lambda: Lang.ZH, cache_folder=tmp_path / "cache")


def test_who_signed_in_is_known_and_the_store_is_theirs(
    sqlite_server: LiveServer, bench: Bench, tmp_path: Path
) -> None:
    unit = bench.opened("wang").unit
    session, changes = session_at(sqlite_server, tmp_path), []
    session.on_change = lambda: changes.append(session.state)
    assert session.state is LineState.SIGNED_OUT and session.access() is None
    with pytest.raises(CrcError) as caught:
        session.try_sign_in("wang", "wrong")
    assert caught.value.code == "server.sign_in_wrong" and session.state is LineState.SIGNED_OUT
    signed = session.try_sign_in("wang", PIN)
    assert session.signed_in is None, "asking changes nothing"
    session.enter(signed)
    assert (signed.person, signed.title, changes) == ("wang", Title.RESIDENT, [LineState.CONNECTED])
    assert PersonRole.ANNOTATOR in signed.roles and signed.token not in repr(signed)
    assert session.store.person == "wang" and session.store.info() == signed.store
    assert [item.unit for item in session.store.work_list("wang")] == [str(unit)]
    assert session.look() is None
    session.leave()
    assert session.state is LineState.SIGNED_OUT
    session.enter(signed)
    assert isinstance(session.look(), CrcError), "the server has forgotten the token"


def test_an_ended_session_is_seen_and_the_same_store_goes_on_with_a_new_token(
    sqlite_server: LiveServer, bench: Bench, tmp_path: Path
) -> None:
    session = session_at(sqlite_server, tmp_path)
    signed = session.try_sign_in("wang", PIN)
    session.enter(replace(signed, token="0" * 64))
    store = session.store
    with pytest.raises(CrcError) as caught:
        store.work_list("wang")
    assert caught.value.code == "server.signed_out" and session.state is LineState.SIGNED_OUT
    certificates = tmp_path / "renewed.pem"
    certificates.touch()
    session.enter(session.try_sign_in("wang", PIN, str(certificates)))
    assert session.store is store and store.work_list("wang") == () and session.state is LineState.CONNECTED
    access = session.access()
    assert access is not None and session.ca_file == access.ca_file == str(certificates)
    assert session.try_sign_in("wang", PIN, "").ca_file is None


def test_a_server_that_is_away_makes_nobody_wait_twice(sqlite_server: LiveServer, bench: Bench, tmp_path: Path) -> None:
    session = session_at(sqlite_server, tmp_path)
    session.enter(session.try_sign_in("wang", PIN))
    there = session._address
    session._address = Address.of("http://127.0.0.1:9")
    session.store._line.address = session._address
    with pytest.raises(CrcError) as caught:
        session.store.work_list("wang")
    assert caught.value.code == "remote.offline" and session.state is LineState.AWAY
    assert session.away_since is not None
    asked: list[str] = []
    session.store._line._session.request = lambda *words, **more: asked.append("knocked")  # type: ignore[method-assign]
    with pytest.raises(CrcError):
        session.store.work_list("wang")
    assert asked == [], "it does not knock where nobody is"
    trouble = session.look()
    assert trouble is not None and trouble.code == "remote.offline"
    session._address = there
    session.see(session.look())
    assert session.state is LineState.CONNECTED


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://crc.hospital.example", "remote.not_protected"),
        ("ftp://crc", "remote.bad_address"),
        ("https://me:secret@crc", "remote.bad_address"),
        ("crc.hospital.example", "remote.bad_address"),
    ],
)
def test_only_addresses_that_protect_passwords(url: str, code: str) -> None:
    with pytest.raises(CrcError) as caught:
        ServerSession(url, lang=lambda: Lang.EN)
    assert caught.value.code == code and "secret" not in caught.value.sentence(Lang.EN)


def test_a_certificate_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CrcError) as caught:
        ServerSession("https://crc", str(tmp_path / "无.pem"), lang=lambda: Lang.EN)
    assert caught.value.code == "file.missing"


def test_images_come_aside_into_the_cache_and_open_without_the_server(
    sqlite_server: LiveServer, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "缓存"))
    prepared = bench.opened("wang")
    session = session_at(sqlite_server, tmp_path)
    session.enter(session.try_sign_in("wang", PIN))
    access = session.access()
    assert access is not None
    roles = tuple(record.role for record in prepared.registration.series)
    request = json.dumps(to_document(FetchAsked(access, str(prepared.unit), "wang", Lang.ZH, roles)))
    done = subprocess.run(
        [sys.executable, "-m", "crc_core.desk.jobs", "fetch"],
        input=request,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert any("MB" in line["step"]["words"] for line in lines[:-1])
    fetched = from_document(Fetched, lines[-1]["result"], tmp_path)
    bodies = fetched_bodies(fetched, None)
    for record in prepared.registration.series:
        files = bodies.open_image(prepared.unit, record.role, "wang")
        sent = sorted(prepared.folders[record.code].iterdir())
        assert [path.read_bytes() for path in files] == [path.read_bytes() for path in sent]
    left = files[0].with_name("00009.dcm.77.part")
    left.write_bytes(b"half")
    again = bench.harness.store("wang")
    again._cache = BodyCache(files[0].parents[4])
    assert again.open_image(prepared.unit, record.role, "wang") and not left.exists()
    assert access.token not in done.stdout + done.stderr


def test_a_call_aside_lets_the_window_live_and_gives_back_what_came_of_it() -> None:
    steps, calling = 0, aside(lambda: time.sleep(0.2) or "done")
    while True:
        try:
            next(calling)
            steps += 1
        except StopIteration as end:
            assert end.value == "done"
            break
    assert steps > 3

    def fails() -> None:
        raise CrcError("remote.offline", url="x")

    with pytest.raises(CrcError):
        list(aside(fails))
