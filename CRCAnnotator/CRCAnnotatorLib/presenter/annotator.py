"""The radiologist's screen without a screen: all decisions of the panel, told by the view and by the scene."""

from __future__ import annotations

from crc_core.contour.results import Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import CaliperKey, SampleKey
from crc_core.desk.windows import preset_window
from crc_core.store.remote.standing import LineState
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import SeniorAsked

from CRCAnnotatorLib.presenter.acting import tried
from CRCAnnotatorLib.presenter.cases import Cases
from CRCAnnotatorLib.presenter.check import Check
from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.header import Heading, header_state
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.losing import Losing
from CRCAnnotatorLib.presenter.online import Online
from CRCAnnotatorLib.presenter.ports import Choice, Kit, Lost, Tool
from CRCAnnotatorLib.presenter.posting import Posting
from CRCAnnotatorLib.presenter.prior import Prior
from CRCAnnotatorLib.presenter.report import ReportPart
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.standing import Stand
from CRCAnnotatorLib.presenter.state import Level, StepId
from CRCAnnotatorLib.presenter.steps import Standing, beside
from CRCAnnotatorLib.presenter.submit import Submit
from CRCAnnotatorLib.presenter.timing import Timing
from CRCAnnotatorLib.presenter.wording import time_words


class Annotator:
    """Puts the parts together and hands on what the scene tells; it is the scene's listener."""

    def __init__(self, kit: Kit, lang: Lang) -> None:
        self.hub = Hub(kit, lang)
        self._running = Running(self.hub)
        self._timing = Timing(self.hub, self._tick)
        self._keeping = Keeping(self.hub, self._show_header)
        self.report = ReportPart(self.hub)
        self.contour = Contour(self.hub, self.report)
        self._desk = Desk(self.hub, self._running, self._keeping, self._timing, self.contour)
        self.posting = Posting(self.hub)
        self.online = Online(self.hub, self.posting)
        self.cases = Cases(self.hub, self._running, self._keeping, self._desk, self.online, self.posting)
        self.check = Check(self.hub, self._running, lambda: self.go_to(StepId.CONTOUR))
        self.submit = Submit(
            self.hub, self._running, self._keeping, self._desk, self.contour, self.report, self.posting
        )
        self._stand = Stand(self.hub, self.contour, lambda: self.check.to_settle)
        self._prior = Prior(self.hub, self._running, self._show_header)
        self._losing = Losing(self.hub, self._running, self._keeping, self._desk, self.contour)
        self._connect()
        self._started = False
        kit.scene.listen(self)
        self._stand.show()

    def _connect(self) -> None:
        self._desk.parts = (self.report, self.check, self._prior, self.submit)
        self._desk.show_step, self._desk.changed = self._show_step, self._stand.soon
        self._desk.seen, self.cases.reader_chosen = self._seen_anew, self._offer_killed
        self._stand.told, self.contour.on_checked = self.submit.told, self._stand.soon
        self.submit.show_step, self.submit.next_after = self._show_step, self.cases.next_after
        self.submit.look_again = self._look_again

    # coming and going
    def start(self) -> None:
        """The module is entered: the first time with what was chosen before, later with what was left."""
        if self._started:
            self._come_back()
            return
        self._started = True
        self.cases.start()

    def pause(self) -> None:
        """The module is left: nothing is in hand, no time counts, the case stays."""
        if self.hub.case is not None:
            self.contour.left()
            self._timing.pause()

    def stop(self) -> bool:
        """Leave for good: ask where something is not saved; False where the person stays."""
        return self._desk.leave_now()

    def shut_down(self) -> None:
        """The program ends: keep the work safe without a question, let go of everything."""
        self._running.stop()
        self.online.shut_down()
        self._timing.pause()
        self._keeping.shut_down()
        self.hub.on_render(None)
        self._desk.clear()
        self._stand.stop()
        self._losing.stop()
        self.hub.kit.scene.listen(None)

    def save_now(self) -> None:
        """Save on purpose; what is thrown away later goes back to here."""
        case = self.hub.case
        if case is not None and not case.read_only:
            self._keeping.save(lambda: self.hub.note(Level.INFO, "annotator.saved_now"), lambda error: None)

    # around the panel
    def go_to(self, step: StepId) -> None:
        """Show a step; without a case there is only the first."""
        if step is StepId.CASE or self.hub.case is not None:
            self._show_step(step)

    def next_step(self) -> None:
        """The step after this one."""
        self.go_to(beside(self.hub.state.step, forward=True))

    def previous_step(self) -> None:
        """The step before this one."""
        self.go_to(beside(self.hub.state.step, forward=False))

    def set_language(self, lang: Lang) -> None:
        """Speak another language, everywhere at once."""
        self.hub.kit.settings.put("language", lang.value)
        with self.hub.hold():
            self.hub.set_language(lang)
            self.hub.views.label()
            self._running.reword()
            self.cases.refresh_words()
            self.posting.show()
            self.online.show()
            if self.hub.case is not None:
                for part in (self.check, self.contour, self.report, self.submit):
                    part.refresh()
            self._show_header()
            self._stand.show()

    def to_line(self) -> None:
        """The connection was pressed: sign in where that is what lacks, else show what waits for the server."""
        row = self.hub.state.line
        if row is not None and row.state is LineState.SIGNED_OUT:
            self.online.sign_in()
        else:
            self.online.look()
            self.go_to(StepId.CASE)

    def dismiss_message(self) -> None:
        """Put the sentence in the foot away."""
        self.hub.clear_message()

    def cancel_busy(self) -> None:
        """Stop what is on its way."""
        self._running.stop()

    def ask_senior(self) -> None:
        """Ask a senior something about the open case without handing it in."""
        case, slot = self.hub.case, None if self.hub.case is None else self.hub.case.slot
        if case is None or slot is None:
            return
        words = self.hub.say("annotator.ask.senior_words", unit=str(case.unit))
        question = self.hub.kit.ask.text(self.hub.say("annotator.ask.senior"), words)
        if question is None or not question.strip():
            return
        asked = SeniorAsked(slot.reader, slot.round, question.strip())
        if self.posting.takes(str(case.unit)):
            self.posting.put(Kind.SENIOR_ASKED, str(case.unit), asked)
        elif tried(self.hub, Kind.SENIOR_ASKED, str(case.unit), asked):
            self.hub.note(Level.INFO, "annotator.senior_asked")

    # the views
    def toggle_prior(self) -> None:
        """The earlier examination beside the present one, on and off."""
        self._prior.toggle()

    def flip_phase(self, forward: bool = True) -> None:
        """Show the next phase in place of the one that is shown."""
        self.hub.views.flip(forward)
        self.check.refresh()

    def preset_window(self) -> None:
        """Bring the window preset of what is shown back."""
        leading = self.hub.views.leading
        if leading is None or self.hub.case is None:
            return
        if self.hub.state.step is StepId.CONTOUR:
            self.contour.preset_window()
        else:
            self.hub.kit.scene.set_window(leading, preset_window(Target.LUNG if leading.role is Role.CHEST else None))

    # what the scene tells
    def segment_changed(self, key: SegmentKey) -> None:
        """The voxels of a segment were changed by a person or by another module."""
        self.contour.segment_changed(key)

    def segment_gone(self, key: SegmentKey) -> None:
        """Another module took a segment out."""
        self._losing.segment_gone(key)

    def foreign_segment(self, name: str) -> None:
        """Another module put a segment of its own among the reader's."""
        if self.hub.case is not None:
            self.hub.note(Level.WARNING, "annotator.foreign_segment", name=name)

    def tool_used(self, tool: str) -> None:
        """An effect was used on the active segment."""
        if self.hub.case is not None:
            self._timing.touched()
            self.contour.tool_used(tool)

    def tool_chosen(self, tool: Tool | None) -> None:
        """Another tool is active now."""
        if self.hub.case is not None:
            self.contour.tool_chosen(tool)

    def caliper_dragged(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A person let go of a caliper's end."""
        if self.hub.case is not None:
            self._timing.touched()
            self.contour.caliper_dragged(key, start_ras, end_ras)

    def sample_moved(self, key: SampleKey, centre_ras: Point) -> None:
        """A person let go of a density sample."""
        if self.hub.case is not None:
            self._timing.touched()
            self.contour.sample_moved(key, centre_ras)

    def sync_point_placed(self, image: ImageKey, ras: Point) -> None:
        """A person placed a sync point."""
        if self.hub.case is not None:
            self._timing.touched()
            self.contour.sync_point_placed(image, ras)

    def window_changed(self, image: ImageKey, width: float, level: float) -> None:
        """The window of an image was changed by hand."""
        if self.hub.case is not None:
            self._timing.touched()
            self.contour.window_changed(image, width, level)

    def slice_changed(self, ras: Point) -> None:
        """The leading view shows another slice."""
        if self.hub.case is not None:
            self._timing.touched()

    def touched(self) -> None:
        """A person is at work over the panel or the views."""
        if self.hub.case is not None:
            self._timing.touched()

    def losing(self) -> None:
        """Something of ours is about to be deleted."""
        self._losing.losing()

    def lost(self, what: Lost) -> None:
        """Something of ours was deleted, or the scene was closed."""
        self._losing.lost(what)

    # what follows
    def _show_step(self, step: StepId) -> None:
        hub = self.hub
        with hub.hold():
            if hub.state.step is StepId.CONTOUR and step is not StepId.CONTOUR and hub.case is not None:
                self.contour.left()
            hub.publish(step=step)
            if hub.case is not None:
                self._enter(step)
            self._show_header()
            if self._stand.current.has_case == (hub.case is not None):
                self._stand.show()
            else:
                self._stand.now()

    def _enter(self, step: StepId) -> None:
        views = self.hub.views
        if step is StepId.CONTOUR:
            self.contour.entered()
        elif step is StepId.CHECK or (step is not StepId.CASE and views.step in (StepId.CASE, StepId.CHECK)):
            views.show(step)
        if step is StepId.CHECK:
            self.check.refresh()
        elif step is StepId.SUBMIT:
            self._stand.now()

    def _come_back(self) -> None:
        self.cases.refresh()
        if self.hub.case is not None:
            self._timing.resume()
            self.hub.views.again()
            self._show_step(self.hub.state.step)

    def _offer_killed(self) -> None:
        """Work over which a program ended is offered back, the newest first."""
        hub = self.hub
        if hub.store is None or not hub.reader:
            return
        kept = self.cases.killed()
        if kept is None or kept.saved_at is None:
            return
        at = time_words(kept.saved_at, hub.kit.clock.now(), seconds=True)
        words = hub.say("annotator.ask.resume", unit=kept.slot.unit, at=at)
        choices = [Choice(code, hub.say(f"annotator.answer.{code}")) for code in ("go_on", "later")]
        if hub.kit.ask.choose(hub.say("annotator.ask.kept"), words, choices) == "go_on":
            self._desk.open(kept.slot.unit, goes_on=True)
        else:
            self._keeping.forget_kill(kept.label)

    def _look_again(self) -> Standing:
        self._stand.now()
        self._show_header()
        self.check.refresh()
        return self._stand.current

    def _seen_anew(self) -> None:
        """The case stands otherwise in the store: everybody looks again."""
        for part in (self.check, self.contour, self.report):
            part.refresh()
        self._look_again()

    def _tick(self) -> None:
        self._show_header()
        self.submit.tick()

    def _show_header(self) -> None:
        case = self.hub.case
        if case is None:
            return
        contour = self.hub.state.contour
        heading = Heading(
            active=self._timing.words,
            saved=self._keeping.saved,
            saved_words=self._keeping.words,
            target=None if contour is None else contour.target,
            has_prior=self._prior.is_there,
            prior_shown=self.hub.views.prior_shown,
        )
        self.hub.publish(header=header_state(case, heading, self.hub.lang))
