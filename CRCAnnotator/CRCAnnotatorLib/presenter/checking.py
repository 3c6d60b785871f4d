"""Runs the scan check in a process aside, for the words behind its verdicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Verdict

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.check_rows import Finding, Findings
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level

_NAME, _JOB = "scan check", "check_scan"
Found = Callable[[Mapping[Lang, Findings]], None]


class Checking:
    """The check of the open case's images on this machine; `found` gets what it found, in both languages."""

    def __init__(self, hub: Hub, running: Running, found: Found) -> None:
        self._hub, self._running, self._found = hub, running, found

    def quietly(self, case: OpenCase) -> None:
        """Check aside without a word; where that fails, the verdicts of the store stand without reasons."""
        try:
            request = self._request(case)
        except CrcError:
            return
        self._hub.kit.jobs.process(_NAME, _JOB, request, self._take, lambda error: None)

    def openly(self, case: OpenCase) -> None:
        """Check because a person asked for it: with progress, and a way to stop it."""
        if self._running.refuse():
            return
        self.stop()
        try:
            request = self._request(case)
        except CrcError as error:
            self._hub.tell(error)
            return

        def done(answer: Mapping[str, Any]) -> None:
            self._take(answer)
            self._hub.note(Level.INFO, "annotator.check.done")

        self._running.process(lambda lang: say("annotator.check.running", lang), _JOB, request, done)

    def stop(self) -> None:
        """The case is closed."""
        self._hub.kit.jobs.cancel(_NAME)

    def _request(self, case: OpenCase) -> dict[str, Any]:
        store = open_store_of(self._hub)
        series = {
            record.role.value: [str(path) for path in store.open_image(case.unit, record.role, self._hub.reader)]
            for record in case.view.series
        }
        return {"unit": str(case.unit), "series": series, "treatment_since": case.view.treatment_since}

    def _take(self, answer: Mapping[str, Any]) -> None:
        self._found({lang: _findings(answer, lang) for lang in Lang})


def _findings(answer: Mapping[str, Any], lang: Lang) -> Findings:
    return {
        str(item["id"]): Finding(
            verdict=Verdict(item["verdict"]),
            overrulable=bool(item["overrulable"]),
            seen=str(item["seen"][lang.value]),
            expected=str(item["expected"][lang.value]),
            sentence=str(item["sentence"][lang.value]),
        )
        for item in answer["items"]
    }
