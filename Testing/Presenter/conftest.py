"""The reading room of every presenter test, with caches of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import store_support as stores
from annotator_room import Room


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> stores.StudySource:
    """Two small series, written once."""
    return stores.write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def room(tmp_path: Path, study: stores.StudySource, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A store without units, on a machine of its own."""
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "index"))
    return Room(tmp_path, study)
