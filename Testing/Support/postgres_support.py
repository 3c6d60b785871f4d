"""A real PostgreSQL for tests: the machine's own programs, a cluster in a temporary folder, a free loopback port."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOT_HERE = "no PostgreSQL on this machine (Debian: apt-get install postgresql): the server was tested on SQLite only"


def programs() -> Path | None:
    """The folder with PostgreSQL's own programs; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@dataclass(frozen=True)
class Postgres:
    """A cluster in a folder of its own, which can be stopped and started again."""

    folder: Path
    address: str
    options: str
    who: dict[str, Any]

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._ctl("-w", "-l", self.folder / "postgres.log", "-o", self.options, "start")

    def stop(self) -> None:
        """End it at once, as a power cut would."""
        self._ctl("-m", "immediate", "stop")

    def _ctl(self, *words: Any) -> None:
        where = programs()
        assert where is not None
        _run([where / "pg_ctl", "-D", self.folder / "cluster", *words], self.who)


@contextmanager
def running_postgres() -> Iterator[str]:
    """A cluster in a folder of its own while the block runs; yields the address of its database. Needs `programs`."""
    with postgres_to_stop() as postgres:
        yield postgres.address


@contextmanager
def postgres_to_stop() -> Iterator[Postgres]:
    """The same as an object that can be stopped and started."""
    where, password = programs(), secrets.token_urlsafe(12)
    assert where is not None
    # Not below pytest's own folders, into which only their owner may look.
    folder = Path(tempfile.mkdtemp(prefix="crc-postgres-"))
    who = _not_root()
    secret = folder / "password"
    secret.write_text(password, encoding="ascii")
    data = folder / "cluster"
    _hand_over(folder, secret, who)
    _run([where / "initdb", "-D", data, "-U", "crc", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"], who)
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=40 -c fsync=off"
    postgres = Postgres(folder, f"postgresql://crc:{password}@127.0.0.1:{port}/postgres", options, who)
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _not_root() -> dict[str, Any]:
    """PostgreSQL refuses to be root: where the tests are, it runs as the account made for it."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _hand_over(folder: Path, secret: Path, who: dict[str, Any]) -> None:
    if who:
        os.chown(folder, who["user"], who["group"])
        os.chown(secret, who["user"], who["group"])


def _run(words: list[Any], who: dict[str, Any]) -> None:
    done = subprocess.run(
        [str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", check=False, **who
    )
    assert done.returncode == 0, done.stderr.decode()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
