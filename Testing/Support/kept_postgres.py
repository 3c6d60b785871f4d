"""A PostgreSQL cluster that stays in its folder between runs, with the settings it comes with: for benchmarks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgres_support import _free_port, _hand_over, _not_root, _run, programs


@contextmanager
def kept_postgres(folder: Path) -> Iterator[str]:
    """The cluster in `folder`, made where there is none, running while the block does; yields its address."""
    where, who = programs(), _not_root()
    assert where is not None
    secret, data = folder / "password", folder / "cluster"
    if not data.exists():
        folder.mkdir(parents=True, exist_ok=True)
        secret.write_text(secrets.token_urlsafe(12), encoding="ascii")
        _hand_over(folder, secret, who)
        words = ["-D", data, "-U", "crc", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
        _run([where / "initdb", *words], who)
    port = _free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    _run([where / "pg_ctl", "-D", data, "-w", "-l", folder / "postgres.log", "-o", options, "start"], who)
    try:
        yield f"postgresql://crc:{secret.read_text(encoding='ascii')}@127.0.0.1:{port}/postgres"
    finally:
        _run([where / "pg_ctl", "-D", data, "-m", "fast", "stop"], who)
