"""The step "submit": what is left to do, handing in, taking back, and on to the next case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crc_core.desk.job_forms import HandInOutcome
from crc_core.desk.problems import DeskProblem
from crc_core.errors import CrcError
from crc_core.store.remote.outbox import OutboxItem, SendState
from crc_core.text import say
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ReadingWithdrawn
from crc_core.workflow.views import SlotPhase, SlotView

from CRCAnnotatorLib.presenter.acting import tried
from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.desk import Desk
from CRCAnnotatorLib.presenter.handing import Handing
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.keeping import Keeping
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.posting import Posting
from CRCAnnotatorLib.presenter.report import ReportPart
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level, ProblemRow, StepId, SubmitState
from CRCAnnotatorLib.presenter.steps import Standing
from CRCAnnotatorLib.presenter.summary import summary_lines
from CRCAnnotatorLib.presenter.wording import time_words


class Submit:
    """Handing in the open case. `look_again` is told after the case changed its standing in the store."""

    def __init__(
        self,
        hub: Hub,
        running: Running,
        keeping: Keeping,
        desk: Desk,
        contour: Contour,
        report: ReportPart,
        posting: Posting,
    ) -> None:
        self._hub, self._running, self._keeping, self._desk = hub, running, keeping, desk
        self._contour, self._report, self._posting = contour, report, posting
        self._handing = Handing(hub, running, keeping, desk, contour, posting)
        self._handing.ended = self._ended
        posting.sent, posting.refused, posting.taken_back = self.sent, self.refused, self.taken_back
        self._standing = Standing()
        self._submitting = False
        self._submitted_at: datetime | None = None
        self._could_withdraw = False
        self.show_step: Callable[[StepId], None] = lambda step: None
        self.look_again: Callable[[], Standing] = Standing
        self.next_after: Callable[[str], str] = lambda unit: ""

    # the life of a case
    def opened(self, case: OpenCase) -> None:
        """A case is open."""
        self._submitting, self._submitted_at = False, None

    def closed(self) -> None:
        """It is closed."""
        self._standing = Standing()

    def told(self, standing: Standing) -> None:
        """Where the reader stands now."""
        self._standing = standing
        self.refresh()

    def refresh(self) -> None:
        """Show what is known."""
        case = self._hub.case
        if case is not None:
            self._hub.publish(submit=self._state(case))

    def tick(self) -> None:
        """Time went by: the window for taking a reading back may have closed."""
        case = self._hub.case
        if case is not None and self._could_withdraw and not self._window_is_open(case.slot):
            self.refresh()

    # what the person does
    def go_to_problem(self, id: int) -> None:  # noqa: A002
        """Go where a problem is mended."""
        problem = next((item for number, item in enumerate(self._standing.problems) if number == id), None)
        if problem is None:
            return
        self.show_step(problem.where.step)
        self._jump(problem)

    def submit(self) -> None:
        """Hand the reading in, if nothing stands before it: sealed, read back, compared; what fails changes nothing."""
        case = self._hub.case
        if case is None or case.read_only or self._running.refuse():
            return
        self._standing = self.look_again()
        if self._standing.blocking:
            self.show_step(StepId.SUBMIT)
            self._hub.note(Level.WARNING, "annotator.submit.blocked", count=self._standing.blocking)
            return
        self._submitting = True
        self.refresh()
        self._handing.start(case)

    def withdraw(self) -> None:
        """Take the reading back while that is possible, and go on working on it."""
        case = self._hub.case
        slot = None if case is None else case.slot
        if case is None or slot is None or self._running.refuse():
            return
        if self._waiting is not None:
            self._posting.take_back(self._waiting.intent.id)
            return
        if slot.reading is None:
            return
        title, words = self._hub.say("annotator.ask.withdraw"), self._hub.say("annotator.ask.withdraw_why")
        reason = self._hub.kit.ask.text(title, words)
        if reason is None or not reason.strip():
            return
        payload = ReadingWithdrawn(slot.reader, slot.round, slot.reading, reason.strip())
        if tried(self._hub, Kind.READING_WITHDRAWN, str(case.unit), payload):
            self._desk.go_on_from(case, slot.reading)
            self._hub.note(Level.INFO, "annotator.withdrawn")
        self._desk.listed()
        self.look_again()

    def open_next(self) -> None:
        """Open the next case that waits."""
        case = self._hub.case
        unit = self.next_after("" if case is None else str(case.unit))
        if unit:
            self._desk.open(unit)
        else:
            self._hub.note(Level.INFO, "annotator.no_next")

    # handing in
    def _ended(self, outcome: HandInOutcome | None) -> None:
        """The reading is in, or waits for the server; or nothing was handed in, and the case can still be changed."""
        case = self._hub.case
        if case is None:
            return
        if outcome is HandInOutcome.TAKEN:
            self._is_in(case)
        elif outcome is HandInOutcome.WAITS:
            case.read_only = True
            self._keeping.settle()
            self._hub.note(Level.INFO, "online.submit.waits", unit=str(case.unit))
            self._desk.listed()
        self._end()

    def sent(self, item: OutboxItem) -> None:
        """The server has something that waited in the outbox."""
        case = self._hub.case
        if case is not None and item.slot == (str(case.unit), case.work.reader, case.work.round) and case.read_only:
            self._is_in(case)
            self._end()
        elif item.slot is not None:
            self._hub.note(Level.INFO, "annotator.submit.done", unit=item.intent.unit or "")
            self._desk.listed()

    def refused(self, item: OutboxItem) -> None:
        """The server does not take something that waited: what it is of can be changed again."""
        case = self._hub.case
        if case is not None and item.slot == (str(case.unit), case.work.reader, case.work.round) and case.read_only:
            case.read_only = False
            self._end()
        unit = item.intent.unit or ""
        self._hub.speak(Level.ERROR, lambda lang: say("online.refused", lang, unit=unit, why=item.why(lang)))
        self._desk.listed()

    def taken_back(self, item: OutboxItem) -> None:
        """A reading was taken out of the outbox: the case it is of can be changed again."""
        case = self._hub.case
        if case is not None and item.slot == (str(case.unit), case.work.reader, case.work.round):
            case.read_only = False
            self._end()
        self._hub.note(Level.INFO, "online.taken_back", unit=item.intent.unit or "")
        self._desk.listed()

    def _is_in(self, case: OpenCase) -> None:
        case.read_only, self._submitted_at = True, self._hub.kit.clock.now()
        self._hub.note(Level.INFO, "annotator.submit.done", unit=str(case.unit))
        try:
            self._keeping.drop()
            self._handing.forget_sealed(case)
            case.view = self._handing.view(case)
        except CrcError as error:
            self._hub.tell(error)
        self._desk.listed()

    def _end(self) -> None:
        """Whatever became of it, show it."""
        self._submitting = False
        self._reword_parts()
        self.look_again()

    @property
    def _waiting(self) -> OutboxItem | None:
        """The reading of the open case that is not on the server yet."""
        case = self._hub.case
        if case is None:
            return None
        item = self._posting.of_slot(str(case.unit), case.work.reader, case.work.round)
        return item if item is not None and (case.read_only or item.state is SendState.WAITING) else None

    def _reword_parts(self) -> None:
        """The case may be changed now, or may not any more: everybody looks again."""
        for part in (self._contour, self._report):
            part.refresh()

    def _jump(self, problem: DeskProblem) -> None:
        where, findings = problem.where, self._contour.findings()
        if where.step is StepId.REPORT:
            self._report.go_to(where.path)
        elif where.finding is not None and where.finding < len(findings):
            self._contour.go_to_found(findings[where.finding])
        elif where.target is not None and where.lesion is not None:
            self._contour.choose_lesion(where.target, where.lesion)
        elif where.target is not None:
            self._contour.choose_target(where.target)

    # the state
    def _state(self, case: OpenCase) -> SubmitState:
        lang, slot, standing = self._hub.lang, case.slot, self._standing
        waiting = self._waiting
        submitted = waiting is None and slot is not None and slot.phase is SlotPhase.SUBMITTED
        self._could_withdraw = submitted and self._window_is_open(slot)
        report = self._hub.state.report
        progress = "" if report is None else report.progress
        return SubmitState(
            problems=tuple(
                ProblemRow(number, problem.blocks, problem.where.step, problem.sentence(lang))
                for number, problem in enumerate(standing.problems)
            ),
            blocking=standing.blocking,
            summary=summary_lines(case.work, progress, self._desk.active_seconds, lang),
            can_submit=not case.read_only and not standing.blocking and not self._submitting,
            submitting=self._submitting,
            submitted=self._waiting_words(waiting) or (self._submitted_words(slot) if submitted else ""),
            withdraw=self._withdraw_words(slot) if submitted else self._take_back_words(waiting),
            can_withdraw=self._could_withdraw or waiting is not None,
            next_unit=self.next_after(str(case.unit)),
        )

    def _waiting_words(self, item: OutboxItem | None) -> str:
        if item is None:
            return ""
        at = time_words(item.put_at, self._hub.kit.clock.now())
        return self._hub.say(f"online.submit.{item.state.value}", at=at, why=item.why(self._hub.lang))

    def _take_back_words(self, item: OutboxItem | None) -> str:
        return "" if item is None else self._hub.say("online.submit.take_back")

    def _submitted_words(self, slot: SlotView | None) -> str:
        reading = "" if slot is None or slot.reading is None else slot.reading[:8]
        if self._submitted_at is None:
            return self._hub.say("annotator.submit.is_in", reading=reading)
        at = time_words(self._submitted_at, self._hub.kit.clock.now())
        return self._hub.say("annotator.submit.came_in", reading=reading, at=at)

    def _withdraw_words(self, slot: SlotView | None) -> str:
        if slot is None or slot.withdraw_until is None or not self._window_is_open(slot):
            return self._hub.say("annotator.submit.window_closed")
        until = time_words(slot.withdraw_until, self._hub.kit.clock.now())
        return self._hub.say("annotator.submit.window_open", until=until)

    def _window_is_open(self, slot: SlotView | None) -> bool:
        return slot is not None and slot.withdraw_until is not None and self._hub.kit.clock.now() < slot.withdraw_until
