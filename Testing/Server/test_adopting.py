"""A folder store goes on as a server: the same chain, bodies and people; and how the demonstration ends in one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from crc_core.cli.main import main
from crc_core.files.records import to_document
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.store.folder.layout import Layout
from crc_core.store.remote import RemoteStore
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.signing_in import sign_in
from crc_core.vocabulary import Role
from store_contract import DISPUTING_SHIFT
from store_support import (
    PEOPLE,
    MovingClock,
    accepted,
    new_store,
    open_unit,
    sealed_final,
    sealed_reading,
    sign,
    submit,
    write_study,
)

PASSWORD = "Correct-horse-7"
OPENING = """
import sys
from pathlib import Path
from crc_core.cli.console import Console
from crc_core.text import Lang
from crc_server.cli import demo_ending
console = Console(Lang.EN, as_json=False)
prepared = demo_ending.prepare(Path(sys.argv[1]), Path(sys.argv[2]), console)
demo_ending.tell(prepared, console)
demo_ending.serve(prepared, console)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, UnitId]:
    """A folder store with a signed final, one more reading and a code that was reserved for nothing yet."""
    place, clock = tmp_path_factory.mktemp("folder"), MovingClock()
    store = new_store(place, clock)
    prepared = open_unit(store, write_study(place / "study"), "wang", "li")
    for reader, shift in (("wang", 0), ("li", DISPUTING_SHIFT)):
        accepted(submit(store, sealed_reading(place / reader, prepared, reader, shift), prepared.unit, reader))
    clock.wait(minutes=31)
    store.advance()
    comparison = store.unit(prepared.unit, "chief").comparison
    assert comparison is not None
    final = sealed_final(place / "final", prepared, comparison.readings, "chief", store.chain_head("chief"))
    accepted(sign(store, final, prepared.unit, "chief"))
    store.reserve_case("01", "manager")
    return place, prepared.unit


MANY = """
import contextlib, io, json, os, sys
from crc_core.cli.main import main
before, told = dict(os.environ), []
for words, changes in json.loads(sys.argv[2]):
    os.environ.update({**before, **changes})
    error = io.StringIO()
    with contextlib.redirect_stderr(error), contextlib.redirect_stdout(io.StringIO()):
        code = main(["adopt", *words, "--data", sys.argv[1]])
    told.append([code, error.getvalue()])
print(json.dumps(told))
"""


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CRC_", "DJANGO_"))}
    return {**kept, "CRC_LANG": "en", "CRC_ADMIN": "admin", "CRC_ADMIN_PASSWORD": PASSWORD}


def adopt(store: Path, data: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "crc_core.cli.main", "adopt", str(store), "--data", str(data), "--json"]
    return subprocess.run(
        words, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_what_is_taken_over_is_the_same_to_the_last_byte(folder: tuple[Path, UnitId], tmp_path: Path) -> None:
    place, unit = folder
    source = FolderStore(place / "store", cache_folder=place / "cache")
    before = listing(place / "store")
    done = adopt(place / "store", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    events = source.events_since(0, "admin")
    assert (told["head"], told["events"], told["readings"], told["finals"]) == (events[-1].hash, len(events), 2, 1)
    assert listing(place / "store") == before
    with serving(
        [sys.executable, "-m", "crc_core.cli.main", "serve", "--port", "0", "--data", str(tmp_path / "data")]
    ) as lines:
        address = Address.of(address_in(lines))
        line = Connection(address)
        admin = line.with_token(sign_in(line, "admin", PASSWORD).token)
        store = RemoteStore(admin, "admin", cache_folder=tmp_path / "cache")
        assert store.events_since(0, "admin") == events
        assert to_document(store.unit(unit, "admin")) == to_document(source.unit(unit, "admin"))
        files = store.open_image(unit, Role.PVP, "admin")
        assert [file.read_bytes() for file in files] == [
            file.read_bytes() for file in source.open_image(unit, Role.PVP, "admin")
        ]
        final = store.open_final(unit, "admin")
        assert final.sha256 == source.open_final(unit, "admin").sha256
        people = {item["person"]: item for item in admin.get("people")["people"]}
        assert set(people) == set(PEOPLE)
        assert people["wang"]["name"] == source.people.name("wang")
        assert [person for person, item in people.items() if item["has_password"]] == ["admin"]
    again = adopt(place / "store", tmp_path / "data")
    assert (again.returncode, again.stdout, again.stderr.count("\n")) == (2, "", 1)


def test_an_unsound_store_and_a_stranger_are_refused_and_nothing_is_there(
    folder: tuple[Path, UnitId], tmp_path: Path
) -> None:
    shutil.copytree(folder[0] / "store", tmp_path / "store")
    reading = next(Layout(tmp_path / "store").readings.rglob("report.json"))
    reading.write_bytes(reading.read_bytes() + b" ")
    good = str(folder[0] / "store")
    asked = [
        ([str(tmp_path / "store")], {}, "crcdb store check"),
        ([good], {"CRC_ADMIN": "wang"}, "no active administrator"),
        ([good], {"CRC_ADMIN_PASSWORD": "short"}, "guess"),
        ([str(tmp_path)], {}, "store"),
        ([good], {}, ""),
    ]
    words = [sys.executable, "-c", MANY, str(tmp_path / "data"), json.dumps([item[:2] for item in asked])]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    assert [code for code, _ in told] == [2, 2, 2, 2, 0]
    for (_, sentence), (_, _, expected) in zip(told, asked, strict=True):
        assert expected in sentence
        assert sentence.count("\n") == (1 if expected else 0)


def test_the_demonstration_ends_in_a_served_database(folder: tuple[Path, UnitId], tmp_path: Path) -> None:
    place, unit = folder
    with serving([sys.executable, "-c", OPENING, str(place / "store"), str(tmp_path / "server")]) as lines:
        url = address_in(lines)
        password = next(line for line in lines if "password" in line).split()[-1]
        assert any(line.split()[:1] == ["manager"] for line in lines)
        browser = requests.Session()
        page = browser.get(url + "sign-in", timeout=20)
        form = {"person": "manager", "password": password, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert page.ok
        assert browser.post(url + "sign-in", form, timeout=20).url == url + "search"
        shown = browser.get(f"{url}cases/{unit.case}", timeout=20).text
        assert "2026-01-02" in shown
        assert "2026-01-16" in shown
        guest = requests.Session()
        guest.get(url + "sign-in", timeout=20)
        form |= {"person": "user", "csrfmiddlewaretoken": guest.cookies["csrftoken"]}
        assert str(unit) in guest.post(url + "sign-in", form, timeout=20).text
        assert url.endswith(":8000/") or "8000" not in url


def test_a_script_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> None:
    """Without a terminal nothing is served unless asked for; without a server `--serve` is refused in words."""
    from crc_core.cli import demo_command
    from crc_core.cli.console import Console
    from crc_core.text import Lang

    told: list[str] = []

    class Server:
        def prepare(self, store: Path, data: Path, console: Console) -> str:
            told.append("prepared")
            return str(data)

        def tell(self, prepared: str, console: Console) -> None:
            told.append("told")

        def serve(self, prepared: str, console: Console) -> None:
            told.append("served")

    class Point:
        def load(self) -> Server:
            return Server()

    for wish, at_terminal, expected in [
        (None, False, ["prepared", "told"]),
        (None, True, ["prepared", "told", "served"]),
        (True, False, ["prepared", "told", "served"]),
        (False, True, []),
    ]:
        told.clear()
        monkeypatch.setattr(demo_command, "entry_points", lambda group: [Point()])
        monkeypatch.setattr("sys.stdin.isatty", lambda at=at_terminal: at, raising=False)
        monkeypatch.setattr("sys.stdout.isatty", lambda at=at_terminal: at, raising=False)
        demo_command.finish(wish, tmp_path / "store", Console(Lang.EN, as_json=False))
        assert told == expected
    monkeypatch.setattr(demo_command, "entry_points", lambda group: [])
    demo_command.finish(None, tmp_path / "store", Console(Lang.EN, as_json=False))
    with pytest.raises(Exception, match="server is not installed"):
        demo_command.finish(True, tmp_path / "store", Console(Lang.EN, as_json=False))


@pytest.mark.full
def test_the_whole_demonstration_is_served(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    words = [sys.executable, "-m", "crc_core.cli.main", "demo", "--serve", "--lang", "en", "--out", str(out)]
    with serving(words) as lines:
        assert requests.get(address_in(lines), timeout=20).ok
    assert main(["demo", "--out", str(out), "--no-serve", "--lang", "en"]) == 2


class serving:  # noqa: N801 - used as a verb
    """A command that serves, from its announcement to Ctrl+C, which it must answer by ending in order."""

    def __init__(self, words: list[str]) -> None:
        self.process = subprocess.Popen(
            words, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> list[str]:
        lines: list[str] = []
        for line in self._lines():
            lines.append(line)
            if "http://" in line:
                return lines
        raise AssertionError("the server did not start")

    def _lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        yield from self.process.stdout

    def __exit__(self, *_error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        assert code == 0


def address_in(lines: list[str]) -> str:
    return lines[-1][lines[-1].index("http://") :].split()[0]


def listing(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
