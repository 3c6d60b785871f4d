"""The open case from opening to closing: begun, kept safe, opened anew where it was lost, left in good order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.fetch_images import Bodies
from crc_core.desk.keeping import Slot
from crc_core.desk.lesions import segments_of
from crc_core.desk.start import brought_up_to_date
from crc_core.desk.work import Work
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ReadingTaken
from crc_core.workflow.views import SlotPhase, UnitView

from CRCAnnotatorLib.presenter.acting import act, open_store_of
from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.fetching import Fetching
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.opening import Loaded, Opening, opened_case
from CRCAnnotatorLib.presenter.ports import Choice, KeptMask
from CRCAnnotatorLib.presenter.running import Running, tell
from CRCAnnotatorLib.presenter.starting import Start, Starting
from CRCAnnotatorLib.presenter.state import Level, StepId
from CRCAnnotatorLib.presenter.timing import Timing
from CRCAnnotatorLib.presenter.wording import time_words

Then = Callable[[], None]


class Part(Protocol):
    """What comes and goes with the open case."""

    def opened(self, case: OpenCase) -> None:
        """A case is open."""

    def closed(self) -> None:
        """It is closed."""


class Desk:
    """The life of the open case.

    Told outwards: `show_step` which step is to be shown, `changed` that the work changed, `seen` that the case stands
    otherwise in the store, `listed` that the work list is to be fetched anew.
    """

    def __init__(self, hub: Hub, running: Running, keeping: Keeping, timing: Timing, contour: Contour) -> None:
        self._hub, self._running, self._keeping, self._timing = hub, running, keeping, timing
        self._contour = contour
        self._opening = Opening(hub)
        self._fetching = Fetching(hub, running)
        self._starting = Starting(hub, keeping)
        self.parts: Sequence[Part] = ()
        self.show_step: Callable[[StepId], None] = lambda step: None
        self.changed: Then = lambda: None
        self.listed: Then = lambda: None
        self.seen: Then = lambda: None
        self._again: OpenCase | None = None

    @property
    def starting(self) -> Starting:
        """What says what a case is opened from."""
        return self._starting

    # opening
    def open(self, unit: str, *, goes_on: bool = False) -> None:
        """Open a unit: leave the open case first, then load; a unit that is open already is shown.

        With `goes_on` the person said already that work kept after a kill is gone on with.
        """
        if self._running.refuse():
            return
        case = self._hub.case
        if case is not None and str(case.unit) == unit:
            self.show_step(self._first_step(case))
            return
        self.leave(lambda: self._begin(unit, goes_on))

    def _begin(self, unit: str, goes_on: bool) -> None:
        try:
            start = self._starting.begin(open_store_of(self._hub), unit, goes_on=goes_on)
        except CrcError as error:
            self._hub.tell(error)
            self.listed()
            return
        if start is not None:
            self._load(start, self._keeping.release)

    def _load(self, start: Start, let_go: Then) -> None:
        loaded = Loaded()

        def give_up() -> None:
            self._again = None
            self._hub.kit.scene.close_case()
            let_go()
            self.listed()

        def load(bodies: Bodies) -> None:
            self._running.steps(
                lambda lang: say("annotator.opening", lang, unit=str(start.unit)),
                self._opening.steps(bodies, start, loaded),
                done=lambda: self._loaded(start, loaded, let_go),
                failed=lambda error: give_up(),
                stopped=give_up,
            )

        roles = [record.role for record in start.view.series]
        self._fetching.fetch(str(start.unit), roles, start.reading, load, give_up)

    def _loaded(self, start: Start, loaded: Loaded, let_go: Then) -> None:
        if loaded.work is None:
            return
        self._hub.clear_message()
        try:
            start = self._taken(start)
            case = opened_case(start, loaded, loaded.work)
            case.on_change = self._case_changed
            before, self._again = self._again, None
            if before is not None:
                case.touched = before.touched
            self._hub.case = case
            with self._hub.hold():
                self._present(case, start, loaded)
        except CrcError as error:
            self._hub.tell(error)
            self.clear()
            let_go()
            self.listed()
            return
        self._tell_opened(start, loaded.troubles)
        self.listed()

    def _present(self, case: OpenCase, start: Start, loaded: Loaded) -> None:
        for part in self.parts:
            part.opened(case)
        self._contour.opened(case, loaded.masks)
        self._timing.begin(case.work.active_seconds)
        if start.masks is None:
            self._keeping.begin(start.base, self._stamped)
        else:
            self._keeping.resume(case)
        self.show_step(self._first_step(case))
        if case.work.position_ras is None:
            self._hub.kit.scene.fit()
        else:
            self._hub.kit.scene.jump(case.work.position_ras)

    def _taken(self, start: Start) -> Start:
        """Tell the store that the reader begins, and look at the unit anew; a store that only reads is no hindrance."""
        own = next((slot for slot in start.view.slots if slot.round == start.slot.round), None)
        if start.read_only or own is None or own.phase is not SlotPhase.ASSIGNED:
            return start
        try:
            act(self._hub, Kind.READING_TAKEN, str(start.unit), ReadingTaken(start.slot.reader, start.slot.round))
            return replace(start, view=self._view(start))
        except CrcError as error:
            if error.code.startswith("workflow."):
                raise
            self._hub.tell(error)
            return start

    def _view(self, start: Start) -> UnitView:
        return open_store_of(self._hub).unit(start.unit, self._hub.reader)

    def _first_step(self, case: OpenCase) -> StepId:
        if case.read_only:
            return StepId.SUBMIT
        return StepId.CONTOUR if case.work.scan_confirmed else StepId.CHECK

    def _tell_opened(self, start: Start, troubles: Sequence[CrcError]) -> None:
        """What is to be known of an opened case, the most important first; nothing where all is as ever."""
        now, base = self._hub.kit.clock.now(), start.base
        if self._hub.state.message is not None:
            return
        if start.changed:
            changed = start.changed
            self._hub.speak(Level.WARNING, lambda lang: say("annotator.rebound", lang, targets=_names(changed, lang)))
        elif troubles:
            self._hub.speak(Level.WARNING, lambda lang: " ".join(error.sentence(lang) for error in troubles))
        elif base is not None:
            self._hub.note(Level.INFO, "annotator.gone_on", at=time_words(base.saved_at, now, seconds=True))

    # changes
    def _case_changed(self) -> None:
        self._timing.touched()
        self._keeping.changed()
        self.changed()

    def _stamped(self, work: Work) -> Work:
        """The work as it is kept: with the active time and the place looked at."""
        return replace(work, active_seconds=self._timing.seconds, position_ras=self._hub.kit.scene.position())

    @property
    def active_seconds(self) -> float:
        """How long the reader was at work on the open case."""
        return self._timing.seconds

    def stamp(self) -> None:
        """Bring active time and place into the work without calling it a change."""
        case = self._hub.case
        if case is not None:
            case.work = self._stamped(case.work)

    def go_on_from(self, case: OpenCase, reading: str) -> None:
        """A reading of one's own came back: what lies in the scene is worked on again, and kept anew from the start."""
        try:
            self._keeping.drop()
            case.view = open_store_of(self._hub).unit(case.unit, self._hub.reader)
        except CrcError as error:
            self._hub.tell(error)
        case.read_only = False
        case.touched |= self._contour.drawn()
        case.change(replace(case.work, supersedes=reading))
        self.seen()

    # opening anew
    def reopen(self, masks: Mapping[SegmentKey, KeptMask] | None = None) -> bool:
        """Open the case anew as it is known, with these masks or what was last read of them; nothing is asked.

        Whether it was begun: not where the store cannot be reached, or something else is under way.
        """
        case = self._hub.case
        if case is None or self._running.refuse():
            return False
        masks = self._contour.kept() if masks is None else masks
        work = replace(case.work, active_seconds=self._timing.seconds)
        try:
            store = open_store_of(self._hub)
            view = store.unit(case.unit, self._hub.reader)
            slot = Slot(store.info().id, str(case.unit), work.reader, work.round)
        except CrcError as error:
            self._hub.tell(error)
            return False
        work, changed = brought_up_to_date(work, view)
        wanted = {key for state in work.targets for key in segments_of(state)}
        fitting = {key: mask for key, mask in masks.items() if key in wanted and key.target not in _moved(case, work)}
        start = Start(case.unit, view, slot, work, read_only=case.read_only, changed=changed, masks=fitting)
        self._keeping.rescue(masks)
        self._again = case
        self.clear()
        self._load(start, self._keeping.end)
        return True

    # leaving
    def leave(self, then: Then) -> None:
        """Close the open case, asking where something is not saved, and go on with `then`; or stay."""
        if self._running.refuse():
            return
        choice = self._asked()
        if choice == "save":
            self._running.wait(lambda lang: say("annotator.saving", lang))
            self._keeping.save(lambda: self._saved(then), self._not_saved)
        elif choice is not None and self._let_go(choice):
            then()

    def leave_now(self) -> bool:
        """The same at once, waiting for what has to be saved; False where the person stays or it cannot be saved."""
        self._running.stop()
        choice = self._asked()
        if choice is None:
            return False
        if choice == "save" and not self._keeping.flush_now():
            return False
        return self._let_go(choice)

    def close(self) -> None:
        """Close the open case without a question; what is kept stays kept."""
        self._timing.pause()
        self.clear()
        self._keeping.end()
        self.show_step(StepId.CASE)
        self.listed()

    def _asked(self) -> str | None:
        """What becomes of what was done: `save`, `discard`, `nothing` to do; None to stay."""
        case = self._hub.case
        if case is None or not self._keeping.is_unsaved:
            return "nothing"
        choices = [Choice(code, self._hub.say(f"annotator.answer.{code}")) for code in ("save", "discard", "cancel")]
        title, words = self._hub.say("annotator.ask.leave"), self._hub.say("annotator.ask.unsaved", unit=str(case.unit))
        choice = self._hub.kit.ask.choose(title, words, choices)
        return None if choice == "cancel" else choice

    def _let_go(self, choice: str) -> bool:
        if choice == "discard":
            try:
                self._keeping.discard()
            except CrcError as error:
                self._hub.tell(error)
                return False
        if self._hub.case is not None:
            if choice == "nothing" and not self._hub.case.read_only:
                self._keeping.keep_time()
            self.close()
        return True

    def _saved(self, then: Then) -> None:
        self._running.end()
        self.close()
        then()

    def _not_saved(self, error: Exception) -> None:
        self._running.end()
        tell(self._hub, error)

    def clear(self) -> None:
        """Take the case off the desk and out of the scene."""
        with self._hub.hold():
            self._contour.closed()
            for part in self.parts:
                part.closed()
            self._hub.views.forget()
            self._hub.kit.scene.close_case()
            self._hub.case = None
            self._hub.publish(header=None, check=None, contour=None, report=None, submit=None)


def _moved(case: OpenCase, work: Work) -> set[Target]:
    """The targets that are drawn on another image now."""
    sources = {state.target: state.source for state in case.work.targets}
    return {state.target for state in work.targets if sources.get(state.target) != state.source}


def _names(targets: Sequence[Target], lang: Lang) -> str:
    return say("annotator.list", lang).join(say(f"report.target.{target.value}", lang) for target in targets)
