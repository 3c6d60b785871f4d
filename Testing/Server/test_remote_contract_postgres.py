"""The client keeps the contract of every store, against a live server on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from live_server import LiveServer, RemoteHarness
from store_contract import StoreContract


class TestRemoteStore(StoreContract):
    """The contract, over HTTP."""

    @pytest.fixture
    def open_harness(self, postgres_server: LiveServer) -> Callable[[Path], RemoteHarness]:
        return partial(RemoteHarness, postgres_server)
