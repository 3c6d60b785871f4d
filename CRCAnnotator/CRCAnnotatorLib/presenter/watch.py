"""Looks whether the open case still is what it was: taken out of the database, handed in elsewhere, bound anew."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.errors import CrcError
from crc_core.workflow.views import Phase, SlotPhase, SlotView, UnitView

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.state import Level


class Watch:
    """Compares the open case with the store; work is never lost by what it finds."""

    def __init__(self, hub: Hub, desk: Desk) -> None:
        self._hub, self._desk = hub, desk
        self.is_posted: Callable[[OpenCase], bool] = lambda case: False

    def look(self) -> None:
        """Look once, and do what follows; a store that cannot be reached changes nothing."""
        case = self._hub.case
        if case is None:
            return
        try:
            view = open_store_of(self._hub).unit(case.unit, self._hub.reader)
        except CrcError as error:
            self._hub.tell_looking(error)
            if error.code == "store.unknown_unit":
                self._only_look(case, case.view)
            return
        if view == case.view:
            return
        if view.phase is Phase.WITHDRAWN:
            self._desk.close()
            self._hub.note(Level.ERROR, "annotator.consent_withdrawn", unit=str(case.unit))
        elif view.phase is Phase.EXCLUDED:
            self._only_look(case, view)
            self._hub.note(Level.ERROR, "annotator.excluded", unit=str(case.unit), reason=view.reason or "")
        elif view.bindings != case.view.bindings:
            self._desk.reopen()
        elif not case.read_only and _is_in(view, case):
            self._only_look(case, view)
            self._hub.note(Level.WARNING, "annotator.submitted_elsewhere", unit=str(case.unit))
        elif not self.is_posted(case) and (reading := _came_back(view, case)) is not None:
            self._desk.go_on_from(case, reading)
            self._hub.note(Level.WARNING, "annotator.came_back", unit=str(case.unit))
        else:
            case.view = view
            self._desk.seen()

    def _only_look(self, case: OpenCase, view: UnitView) -> None:
        """Nothing can be handed in any more: the case can be looked at, what was done stays kept."""
        case.view, case.read_only = view, True
        self._desk.seen()


def _is_in(view: UnitView, case: OpenCase) -> bool:
    latest = _latest(view, case)
    return latest is not None and latest.phase is SlotPhase.SUBMITTED


def _came_back(view: UnitView, case: OpenCase) -> str | None:
    """The reading that can be worked on again; None where none is, or where the case is worked on already."""
    latest = _latest(view, case)
    back = latest is not None and latest.phase in (SlotPhase.RETURNED, SlotPhase.WITHDRAWN)
    return latest.reading if case.read_only and back and latest is not None else None


def _latest(view: UnitView, case: OpenCase) -> SlotView | None:
    own = [slot for slot in view.slots if slot.reader == case.work.reader]
    return max(own, key=lambda slot: slot.round, default=None)
