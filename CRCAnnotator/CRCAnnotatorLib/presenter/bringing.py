"""New cases: a study taken in from DICOM, or the synthetic one, each in a process aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import say

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.people import Colleague
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level

Brought = Callable[[str, str, str], None]
"""Told the store's place, the reader and the unit of a new case; empty for those that stay as they are."""


class Bringing:
    """Brings new cases into a store."""

    def __init__(self, hub: Hub, running: Running, brought: Brought) -> None:
        self._hub, self._running, self._brought = hub, running, brought

    def sample(self) -> None:
        """Make the synthetic study in a store of its own on this machine."""
        if self._running.refuse():
            return
        request = {"home": str(self._hub.kit.home), "lang": self._hub.lang.value}

        def done(answer: Mapping[str, Any]) -> None:
            self._brought(str(answer["store"]), str(answer["reader"]), str(answer["unit"]))

        self._running.process(lambda lang: say("annotator.bringing.sample", lang), "sample_case", request, done)

    def study(self, folder: Path, manager: Colleague | None) -> None:
        """Take the examination in a folder into the store, as a data manager."""
        if self._running.refuse():
            return
        if manager is None or not manager.imports or self._hub.store is None:
            self._hub.tell(CrcError("store.managers_only", person=self._hub.reader))
            return
        request = {
            "store": self._hub.store.info().place,
            "folder": str(folder),
            "actor": manager.id,
            "site": manager.site,
            "lang": self._hub.lang.value,
        }

        def done(answer: Mapping[str, Any]) -> None:
            unit = str(answer["unit"])
            self._brought("", "", unit)
            self._hub.note(Level.INFO, "annotator.bringing.imported", unit=unit)

        self._running.process(lambda lang: say("annotator.bringing.study", lang), "import_study", request, done)
