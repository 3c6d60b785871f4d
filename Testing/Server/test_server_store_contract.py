"""The server's store keeps the contract of every store, on SQLite, asked directly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from server_clock import FileClock
from server_support import clock_file, django_ready, new_server_store
from store_contract import StoreContract

if TYPE_CHECKING:
    from crc_server.store.server_store import ServerStore


class DirectHarness:
    """Everybody reaches the same database, each request with a store of its own."""

    def __init__(self, folder: Path) -> None:
        django_ready()
        self.clock = FileClock(clock_file())
        new_server_store()

    def store(self, person: str) -> ServerStore:
        """The store as the next request meets it."""
        from crc_server.store.opening import open_store

        return open_store()

    def advance(self) -> Sequence[str]:
        """What the server does by itself."""
        return self.store("system").advance()


class TestServerStore(StoreContract):
    """The contract, on a database."""

    @pytest.fixture
    def open_harness(self) -> Callable[[Path], DirectHarness]:
        return DirectHarness
