"""The way of a finished reading: kept to the last stroke, then sealed, compared and handed in by a process aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crc_core.desk.hand_in_case import sealed_place
from crc_core.desk.job_forms import HandedIn, HandInAsked, HandInOutcome
from crc_core.desk.keeping import slot_of
from crc_core.desk.kept_masks import mask_fingerprint
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.files.whole_folder import remove_whole
from crc_core.store.remote.standing import LineState
from crc_core.text import say
from crc_core.workflow.views import SlotPhase, UnitView

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.posting import Posting
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level

_JOB = "hand_in"


class Handing:
    """Hands in the open case. `ended` is told what became of it; None: nothing was handed in, and it was told why."""

    def __init__(
        self, hub: Hub, running: Running, keeping: Keeping, desk: Desk, contour: Contour, posting: Posting
    ) -> None:
        self._hub, self._running, self._keeping, self._desk = hub, running, keeping, desk
        self._contour, self._posting = contour, posting
        self.ended: Callable[[HandInOutcome | None], None] = lambda outcome: None

    def start(self, case: OpenCase) -> None:
        """Read what is on the screen, keep it, and hand it in."""
        seen: dict[str, str] = {}
        self._running.steps(
            lambda lang: say("annotator.submit.reading_masks", lang),
            self._read(seen),
            lambda: self._keep(case, seen),
            lambda error: self.ended(None),
            lambda: self.ended(None),
        )

    def _read(self, seen: dict[str, str]) -> Iterator[Step]:
        words = self._hub.say("annotator.submit.reading_masks")
        yield Step(words)
        masks = self._contour.read_masks()
        for number, (name, mask) in enumerate(masks.items()):
            yield Step(words, number, len(masks))
            seen[name] = mask_fingerprint(mask)

    def _keep(self, case: OpenCase, seen: Mapping[str, str]) -> None:
        self._desk.stamp()
        self._running.wait(lambda lang: say("annotator.saving", lang))

        def kept() -> None:
            self._running.end()
            self._hand_in(case, seen)

        def not_safe(error: Exception) -> None:
            self._running.end()
            self.ended(None)

        self._keeping.hand_over(self._contour.drawn(), kept, not_safe)

    def _hand_in(self, case: OpenCase, seen: Mapping[str, str]) -> None:
        try:
            asked = self._asked(case, seen)
        except CrcError as error:
            self._hub.tell(error)
            self.ended(None)
            return

        def done(answer: Mapping[str, Any]) -> None:
            try:
                told = from_document(HandedIn, dict(answer), Path(_JOB))
            except CrcError as error:
                self._hub.tell(error)
                self.ended(None)
                return
            if told.outcome is HandInOutcome.REFUSED:
                self._hub.message(Level.ERROR, told.why)
                self._posting.refresh()
                self.ended(None)
                return
            self._posting.refresh()
            self.ended(told.outcome)

        unit = str(case.unit)
        self._running.process(
            lambda lang: say("annotator.submit.sealing", lang, unit=unit),
            _JOB,
            to_document(asked),
            done,
            lambda error: self._broke_off(case),
            stopped=lambda: self._hub.kit.jobs.later(_JOB, 0.5, lambda: self._broke_off(case)),
        )

    def _asked(self, case: OpenCase, seen: Mapping[str, str]) -> HandInAsked:
        hub, session = self._hub, self._hub.session
        case.view = self.view(case)
        is_there = session is not None and session.state is LineState.CONNECTED
        return HandInAsked(
            store=open_store_of(hub).info().place,
            home=str(hub.kit.home),
            slot=slot_of(case.work).label,
            lang=hub.lang,
            view=case.view,
            title=hub.title.value,
            masks=dict(seen),
            versions=dict(hub.kit.versions),
            outbox=None if hub.outbox is None else str(hub.outbox.folder),
            access=session.access() if session is not None and is_there else None,
        )

    def view(self, case: OpenCase) -> UnitView:
        """The case as the store sees it; as it was last seen while the server is away or the session has ended."""
        try:
            return open_store_of(self._hub).unit(case.unit, self._hub.reader)
        except CrcError:
            session = self._hub.session
            if session is None or session.state is LineState.CONNECTED:
                raise
            return case.view

    def _broke_off(self, case: OpenCase) -> None:
        """The process was stopped or died: see how far it had come."""
        if self._hub.case is not case:
            return
        self._posting.refresh()
        try:
            case.view = self.view(case)
        except CrcError:
            # Why the process ended was told already; what it did not do can be asked for again.
            self.ended(None)
            return
        slot = case.slot
        if slot is not None and slot.phase is SlotPhase.SUBMITTED:
            self.ended(HandInOutcome.TAKEN)
        elif slot is not None and self._posting.of_slot(str(case.unit), slot.reader, slot.round) is not None:
            self.ended(HandInOutcome.WAITS)
        else:
            self.ended(None)

    def forget_sealed(self, case: OpenCase) -> None:
        """Nothing of a reading that is in stays where it could be looked up; raises CrcError where the disk refuses."""
        remove_whole(sealed_place(self._hub.kit.home, slot_of(case.work).label))
