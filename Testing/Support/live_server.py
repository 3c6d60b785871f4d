"""A server in a process of its own, as tests start, empty, kill and reach it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import server_clock
from crc_core.store.remote import RemoteStore
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection, Patience
from crc_core.store.remote.signing_in import sign_in
from crc_core.text import Lang
from server_clock import FileClock
from store_support import PEOPLE, PIN

SCRIPT = Path(__file__).with_name("server_process.py")
QUICK = Patience(attempts=3, first_pause_s=0.02, longest_pause_s=0.1, connect_s=5, read_s=60, work_s=120)


class LiveServer:
    """The process; `database` is the address of a PostgreSQL database, SQLite without one."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self.folder = folder
        self.database = database
        self.clock_file = folder / "clock"
        self._environment = {
            **os.environ,
            "CRC_SERVER_DATA": str(folder / "data"),
            "CRC_SERVER_DATABASE": database,
            server_clock.VARIABLE: str(self.clock_file),
            "PYTHONPATH": os.pathsep.join([str(SCRIPT.parent), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self, environment: Mapping[str, str] | None = None) -> LiveServer:
        """Start it and wait until it listens."""
        if not self.clock_file.exists():
            FileClock(self.clock_file)
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env={**self._environment, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        self.port = int(self._line().removeprefix("port "))
        return self

    def reset(self) -> None:
        """Begin with a new store."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write("reset\n")
        self.process.stdin.flush()
        assert self._line() == "ready"

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()

    @property
    def address(self) -> Address:
        """Where it listens."""
        return Address.of(f"http://127.0.0.1:{self.port}")

    def connection(self, token: str = "", patience: Patience = QUICK) -> Connection:
        """A line to it."""
        return Connection(self.address, token, lang=Lang.EN, patience=patience, sleep=lambda _: None)

    def store(self, person: str, cache: Path) -> RemoteStore:
        """The store as `person` reaches it, signed in."""
        token = sign_in(self.connection(), person, PIN).token
        return RemoteStore(self.connection(token), person, cache_folder=cache)

    def _line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, (self.folder / "server.log").read_text(encoding="utf-8")[-2000:]
        return line


class RemoteHarness:
    """Everybody reaches the server from a machine of their own."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        self.clock = FileClock(server.clock_file)
        server.reset()
        self._server = server
        self._folder = folder
        # Everybody has signed in before anybody is sent away.
        self._stores = {person: server.store(person, folder / f"cache-{person}") for person in PEOPLE}

    def store(self, person: str) -> RemoteStore:
        """The store as the person reaches it; without a token for somebody nobody knows."""
        if person not in self._stores:
            return RemoteStore(self._server.connection(), person, cache_folder=self._folder / "cache")
        return self._stores[person]

    def advance(self) -> Sequence[str]:
        """A data manager asks for it."""
        return self.store("manager").advance()
