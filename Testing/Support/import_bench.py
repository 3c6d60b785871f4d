"""A store, a key table and a clock to take examinations into."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from crc_core.errors import CrcError
from crc_core.importing.admission import ImportRequest, ImportResult, import_study
from crc_core.workflow.events import Kind
from store_support import MovingClock, new_store


class ImportBench:
    """A store, a key table and a clock below one folder; `take` imports, `refusal` gives the code of the error."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = MovingClock()
        self.store = new_store(folder, self.clock)
        self.keys = folder / "keys" / "table.jsonl"

    def request(self, source: Path, **choices: Any) -> ImportRequest:
        return ImportRequest(source, "01", choices.pop("actor", "manager"), keys=self.keys, **choices)

    def take(self, source: Path, **choices: Any) -> ImportResult:
        return import_study(choices.pop("store", self.store), self.request(source, **choices), self.clock)

    def refusal(self, source: Path, **choices: Any) -> str:
        with pytest.raises(CrcError) as caught:
            self.take(source, **choices)
        return caught.value.code

    def kinds(self) -> list[Kind]:
        return [event.kind for event in self.store.events_since(0, "manager") if event.unit is not None]

    def places_without_key(self) -> list[Path]:
        """Everything that was written except the key table itself."""
        below = [path for path in self.folder.rglob("*") if path.is_file() and "source" not in path.parts]
        return [path for path in below if path != self.keys]
