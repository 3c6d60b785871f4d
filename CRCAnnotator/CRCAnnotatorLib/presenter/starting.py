"""What the work on a unit begins from: nothing, one's own reading, or work kept on this machine; the newest wins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeping import Slot
from crc_core.desk.recovery import KeptWork
from crc_core.desk.start import brought_up_to_date, new_work
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.importing.delineation import default_protocol, read_protocol
from crc_core.store.protocol import Store
from crc_core.vocabulary import Target
from crc_core.workflow.views import Phase, SlotPhase, SlotView, UnitView

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.ports import Choice, KeptMask
from CRCAnnotatorLib.presenter.wording import time_words

_CLOSED: Mapping[Phase, str] = {
    Phase.WITHDRAWN: "workflow.unit_withdrawn",
    Phase.EXCLUDED: "workflow.unit_excluded",
}


@dataclass(frozen=True)
class Start:
    """What a unit is opened from.

    `work` is None where it comes out of the sealed `reading`; `base` is the kept work it goes on with; `changed` are
    targets that were bound anew, or in another mode, since the work was kept. `masks` are what is known of the contours
    of a case that was open a moment ago.
    """

    unit: UnitId
    view: UnitView
    slot: Slot
    work: Work | None = None
    base: KeptWork | None = None
    reading: str | None = None
    read_only: bool = False
    changed: tuple[Target, ...] = ()
    masks: Mapping[SegmentKey, KeptMask] | None = None


class Starting:
    """Finds out what a unit is opened from; asks the person where that is theirs to say."""

    def __init__(self, hub: Hub, keeping: Keeping) -> None:
        self._hub = hub
        self._keeping = keeping
        self.is_posted: Callable[[Slot], bool] = lambda slot: False

    def begin(self, store: Store, name: str, *, goes_on: bool = False) -> Start | None:
        """Hold the reader's slot of a unit and say what it is opened from; None where the person thinks better of it.

        With `goes_on` kept work is gone on with and nothing is asked about a program that ended over it. Raises
        CrcError where the unit cannot be opened; then, and with None, nothing is held.
        """
        unit = UnitId.parse(name)
        view = store.unit(unit, self._hub.reader)
        own = _openable(view, self._hub.reader)
        slot = Slot(store.info().id, str(unit), self._hub.reader, own.round)
        was_killed = not goes_on and self._keeping.was_killed(slot.label)
        self._keeping.hold(slot)
        try:
            start = self._choose(Start(unit, view, slot), own, was_killed)
        except CrcError:
            self._keeping.release()
            raise
        if start is None:
            self._keeping.release()
        return start

    def _choose(self, start: Start, own: SlotView, was_killed: bool) -> Start | None:
        recovery = self._keeping.recovery
        kept = None
        if recovery.has(start.slot.label):
            try:
                kept = recovery.read(start.slot.label)
            except CrcError as error:
                if error.code != "desk.kept_damaged":
                    raise
                if not self._goes_on_without(error):
                    return None
        if kept is not None and self.is_posted(start.slot):
            return replace(self._from(start, kept), read_only=True)
        if own.phase is SlotPhase.SUBMITTED:
            return self._submitted(start, own, kept)
        if own.reading is not None:
            return self._came_back(start, own.reading, kept)
        if kept is None:
            return self._anew(start)
        return self._from(start, kept) if not was_killed else self._killed(start, kept)

    def _submitted(self, start: Start, own: SlotView, kept: KeptWork | None) -> Start | None:
        """One's own reading, to be looked at; kept work that did not make it into it is spoken of first."""
        if kept is not None:
            words = self._hub.say("annotator.ask.submitted", unit=str(start.unit), at=self._time(kept.saved_at))
            choice = self._choice(words, "view", "drop")
            if choice is None:
                return None
            if choice == "drop":
                self._keeping.recovery.discard(start.slot.label)
        return Start(start.unit, start.view, start.slot, reading=own.reading, read_only=True)

    def _came_back(self, start: Start, reading: str, kept: KeptWork | None) -> Start | None:
        """A reading that came back or was taken back, and the work that goes on from it where there is some."""
        if kept is not None and kept.work.supersedes == reading:
            return self._from(start, kept)
        if kept is not None:
            words = self._hub.say("annotator.ask.came_back", unit=str(start.unit), at=self._time(kept.saved_at))
            choice = self._choice(words, "reading", "kept")
            if choice is None:
                return None
            if choice == "kept":
                return self._from(start, kept, supersedes=reading)
        return Start(start.unit, start.view, start.slot, reading=reading)

    def _killed(self, start: Start, kept: KeptWork) -> Start | None:
        words = self._hub.say("annotator.ask.killed", unit=str(start.unit), at=self._time(kept.saved_at))
        choice = self._choice(words, "go_on", "anew")
        if choice is None:
            return None
        return self._from(start, kept) if choice == "go_on" else self._anew(start)

    def _goes_on_without(self, error: CrcError) -> bool:
        words = self._hub.say("annotator.ask.damaged", problem=error.sentence(self._hub.lang))
        return self._choice(words, "anew") == "anew"

    def _from(self, start: Start, kept: KeptWork, supersedes: str | None = None) -> Start:
        work, changed = brought_up_to_date(kept.work, start.view)
        if supersedes is not None:
            work = replace(work, supersedes=supersedes)
        return Start(start.unit, start.view, start.slot, work, kept, changed=changed)

    def _anew(self, start: Start) -> Start:
        slot, now, lang = start.slot, self._hub.kit.clock.now(), self._hub.lang
        work = new_work(start.view, slot.store, slot.reader, slot.round, self._protocol, now, lang)
        return Start(start.unit, start.view, start.slot, work)

    @property
    def _protocol(self) -> str:
        """The version of the delineation protocol in force."""
        in_force = self._hub.protocol
        return (default_protocol() if in_force is None else read_protocol(in_force)).version

    def _choice(self, words: str, *codes: str) -> str | None:
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in codes]
        return self._hub.kit.ask.choose(self._hub.say("annotator.ask.kept"), words, choices)

    def _time(self, at: datetime) -> str:
        return time_words(at, self._hub.kit.clock.now(), seconds=True)


def _openable(view: UnitView, reader: str) -> SlotView:
    """The reader's latest slot; raises the CrcError that says why there is nothing to open."""
    if view.phase in _CLOSED:
        raise CrcError(_CLOSED[view.phase], unit=view.unit)
    own = [slot for slot in view.slots if slot.reader == reader]
    if not own:
        raise CrcError("workflow.not_your_slot", unit=view.unit)
    if not view.bindings:
        raise CrcError("workflow.not_bound", unit=view.unit)
    return max(own, key=lambda slot: slot.round)
