"""`crcdb serve`: the embedded server as a person starts it, with the real settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from crc_core.cli.main import main
from crc_core.errors import CrcError
from crc_core.store.remote import RemoteStore
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection, Patience
from crc_core.store.remote.signing_in import sign_in, sign_out
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from store_support import START, accepted, person_set

Capture = pytest.CaptureFixture[str]
PASSWORD = "Correct-horse-7"
ADMINISTRATOR = {
    "CRC_ADMIN": "boss",
    "CRC_ADMIN_NAME": "管理员",
    "CRC_ADMIN_SITE": "01",
    "CRC_ADMIN_PASSWORD": PASSWORD,
}
PATIENT = Patience(attempts=2, first_pause_s=0.05)


def command(data: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "crc_core.cli.main", "serve", "--data", str(data), *words]


def environment(**values: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CRC_", "DJANGO_"))}
    return {**kept, "CRC_LANG": "en", **values}


def refused(data: Path, *words: str, **values: str) -> str:
    done = subprocess.run(
        command(data, *words), env=environment(**values), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


@contextmanager
def serving(data: Path, **values: str) -> Iterator[Address]:
    process = subprocess.Popen(
        command(data, "--port", "0"), env=environment(**values), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "http://" in line:
                yield Address.of(line[line.index("http://") :].split()[0])
                return
        raise AssertionError("the server did not start")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stdout.close()


def test_there_is_no_default_password_and_nobody_is_invented(tmp_path: Path) -> None:
    assert "CRC_ADMIN_PASSWORD" in refused(tmp_path / "data", "--port", "0")
    assert "guess" in refused(tmp_path / "data", "--port", "0", **{**ADMINISTRATOR, "CRC_ADMIN_PASSWORD": "12345678"})
    assert "guess" in refused(tmp_path / "data", "--port", "0", **{**ADMINISTRATOR, "CRC_ADMIN_PASSWORD": "boss"})


def refused_here(monkeypatch: pytest.MonkeyPatch, capsys: Capture, data: Path, *words: str, **values: str) -> str:
    """The one line that a start answers which is refused before anything is set up."""
    for name in list(os.environ):
        if name.startswith("CRC_SERVER_"):
            monkeypatch.delenv(name)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", "--data", str(data), *words]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    return shown.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_passwords_do_not_cross_a_network_unprotected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, host: str
) -> None:
    assert "CRC_SERVER_TLS" in refused_here(monkeypatch, capsys, tmp_path, "--host", host)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CRC_SERVER_DATABASE", "mysql://x/y"),
        ("CRC_SERVER_DATABASE", "postgresql://localhost:port/x"),
        ("CRC_SERVER_BODIES", "ftp://x"),
        ("CRC_SERVER_TLS", "perhaps"),
        ("CRC_SERVER_TOKEN_HOURS", "-1"),
        ("CRC_SERVER_UPLOAD_GIGABYTES", "many"),
    ],
)
def test_a_wrong_setting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, name: str, value: str
) -> None:
    assert name in refused_here(monkeypatch, capsys, tmp_path, **{name: value})


def test_a_person_starts_it_enters_people_and_they_sign_in(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data, **ADMINISTRATOR) as address:
        line = Connection(address, patience=PATIENT)
        with pytest.raises(CrcError) as caught:
            sign_in(line, "boss", "wrong")
        assert caught.value.code == "server.sign_in_wrong"
        boss = line.with_token(sign_in(line, "boss", PASSWORD).token)
        store = RemoteStore(boss, "boss", cache_folder=tmp_path / "cache")
        assert store.info().enforces
        intent = new_intent(Kind.PERSON_SET, None, "boss", START, person_set("wang"))
        accepted(store.act(intent))
        boss.put("people/wang/password", {"password": "Reading-all-day-9"})
        boss.put("people/wang/name", {"name": "王医生"})
        wang = line.with_token(sign_in(line, "wang", "Reading-all-day-9").token)
        assert wang.get("me")["name"] == "王医生"
        with pytest.raises(CrcError) as caught:
            wang.put("people/boss/password", {"password": "Reading-all-day-9"})
        assert caught.value.code == "server.not_yours"
        with pytest.raises(CrcError) as caught:
            wang.put("me/password", {"password": "short", "old": "Reading-all-day-9"})
        assert caught.value.code == "server.password_weak"
        wang.put("me/password", {"password": "Another-long-one-3", "old": "Reading-all-day-9"})
        for ended in (wang.get, lambda path: sign_out(wang)):
            with pytest.raises(CrcError) as caught:
                ended("me")
            assert caught.value.code == "server.signed_out"
        assert "Another server" in refused(data, "--port", "0")
    with serving(data) as address:
        line = Connection(address, patience=PATIENT)
        assert sign_in(line, "wang", "Another-long-one-3").token


def test_too_many_wrong_passwords_close_the_door_also_for_names_nobody_has(tmp_path: Path) -> None:
    with serving(tmp_path / "data", **ADMINISTRATOR) as address:
        line = Connection(address, patience=PATIENT)
        for name in ("boss", "nobody"):
            codes = []
            for _ in range(7):
                with pytest.raises(CrcError) as caught:
                    sign_in(line, name, "wrong-password")
                codes.append(caught.value.code)
            assert codes == ["server.sign_in_wrong"] * 5 + ["server.password_locked"] * 2, name
        with pytest.raises(CrcError) as caught:
            sign_in(line, "boss", PASSWORD)
        assert caught.value.code == "server.password_locked"


def test_every_answer_carries_its_headers_and_speaks_the_callers_language(tmp_path: Path) -> None:
    with serving(tmp_path / "data", **ADMINISTRATOR) as address:
        for path in ("store", "me", "nothing/here", "units/x"):
            for language, word in (("zh-CN,zh;q=0.9", "请"), ("en", "n")):
                answer = requests.get(address.at(path), headers={"Accept-Language": language}, timeout=10)
                assert answer.headers["Cache-Control"] == "no-store"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "Server" not in answer.headers or "waitress" not in answer.headers["Server"]
                assert "ETag" not in answer.headers
                if path != "store":
                    assert answer.headers["Content-Type"] == "application/problem+json"
                    assert word in answer.json()["detail"]
                    assert str(tmp_path) not in answer.text
        wrong_host = requests.get(address.at("store"), headers={"Host": "evil.example"}, timeout=10)
        assert wrong_host.status_code == 400
        assert wrong_host.json()["code"] == "server.bad_request"
