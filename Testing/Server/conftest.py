"""Live servers, one process per test file, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from live_server import LiveServer
from postgres_support import NOT_HERE, programs, running_postgres


@pytest.fixture(scope="module")
def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on SQLite."""
    server = LiveServer(tmp_path_factory.mktemp("server")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on PostgreSQL."""
    if programs() is None:
        pytest.skip(NOT_HERE)
    with running_postgres() as database:
        server = LiveServer(tmp_path_factory.mktemp("server"), database).start()
        yield server
        server.stop()
