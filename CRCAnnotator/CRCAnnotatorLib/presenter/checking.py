"""Runs the scan check in a process aside, for the words behind its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crc_core.desk.job_forms import ScanAsked, ScanChecked
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.text import Lang, say

from CRCAnnotatorLib.presenter.acting import access_of, open_store_of
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level

_NAME, _JOB = "scan check", "check_scan"
Found = Callable[[Lang, ScanChecked], None]


class Checking:
    """The check of the open case's images on this machine; `found` gets what it found, worded in one language."""

    def __init__(self, hub: Hub, running: Running, found: Found) -> None:
        self._hub, self._running, self._found = hub, running, found

    def quietly(self, case: OpenCase) -> None:
        """Check aside without a word; where that fails, the verdicts of the store stand without reasons."""
        try:
            asked = self._asked(case)
        except CrcError:
            return

        def done(answer: Mapping[str, Any]) -> None:
            self._take(asked.lang, answer)

        self._hub.kit.jobs.process(_NAME, _JOB, to_document(asked), done, lambda error: None)

    def openly(self, case: OpenCase) -> None:
        """Check because a person asked for it: with progress, and a way to stop it."""
        if self._running.refuse():
            return
        self.stop()
        try:
            asked = self._asked(case)
        except CrcError as error:
            self._hub.tell(error)
            return

        def done(answer: Mapping[str, Any]) -> None:
            if self._take(asked.lang, answer):
                self._hub.note(Level.INFO, "annotator.check.done")

        self._running.process(lambda lang: say("annotator.check.running", lang), _JOB, to_document(asked), done)

    def stop(self) -> None:
        """The case is closed."""
        self._hub.kit.jobs.cancel(_NAME)

    def _asked(self, case: OpenCase) -> ScanAsked:
        place = open_store_of(self._hub).info().place
        return ScanAsked(place, str(case.unit), self._hub.reader, self._hub.lang, access_of(self._hub))

    def _take(self, lang: Lang, answer: Mapping[str, Any]) -> bool:
        try:
            checked = from_document(ScanChecked, dict(answer), Path(_JOB))
        except CrcError as error:
            self._hub.tell(error)
            return False
        self._found(lang, checked)
        return True
