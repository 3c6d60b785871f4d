"""The folder store keeps the contract of every store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from crc_core.store.folder import FolderStore
from store_contract import StoreContract
from store_support import MovingClock, new_store, open_store


@dataclass
class FolderHarness:
    """Everybody reaches the folder from a machine of their own, with a cache of its own."""

    folder: Path
    clock: MovingClock = field(default_factory=MovingClock)
    _stores: dict[str, FolderStore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        new_store(self.folder, self.clock)

    def store(self, person: str) -> FolderStore:
        """The store opened on the person's machine."""
        if person not in self._stores:
            self._stores[person] = open_store(self.folder, self.clock, self.folder / f"cache-{person}")
        return self._stores[person]

    def advance(self) -> Sequence[str]:
        """Anybody's machine may do what is due."""
        return self.store("manager").advance()


class TestFolderStore(StoreContract):
    """The contract, on folders."""

    @pytest.fixture
    def open_harness(self) -> Callable[[Path], FolderHarness]:
        return FolderHarness
