"""The server's store keeps the contract of every store, on SQLite, asked directly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from api_bench import DirectHarness
from store_contract import StoreContract


class TestServerStore(StoreContract):
    """The contract, on a database."""

    @pytest.fixture
    def open_harness(self) -> Callable[[Path], DirectHarness]:
        return DirectHarness
