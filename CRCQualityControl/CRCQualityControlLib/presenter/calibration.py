"""The page Calibration: sessions from the plan to the clearance; its parts share a book."""

from __future__ import annotations

from crc_core.calibration.page import write_report
from crc_core.calibration.session import SessionReport, open_results, reporting, sign_reference
from crc_core.vocabulary import Target
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ClearanceSigned

from CRCQualityControlLib.presenter import calibration_rows as rows
from CRCQualityControlLib.presenter.calibration_book import Book
from CRCQualityControlLib.presenter.calibration_meeting import Meeting
from CRCQualityControlLib.presenter.calibration_plan import Planning
from CRCQualityControlLib.presenter.calibration_protocol import ProtocolDraft
from CRCQualityControlLib.presenter.calibration_state import CalibrationState, Stage
from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.state import Level


class Calibration:
    """One session is chosen at a time; its report is computed when asked for."""

    def __init__(self, hub: Hub, desk: Desk) -> None:
        self._hub, self._book = hub, Book(hub)
        self._book.changed, self._book.refreshed = self.show, self.refresh
        self.planning = Planning(self._book)
        self.meeting = Meeting(self._book, desk)
        self.protocol = ProtocolDraft(self._book)

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._book.clear()
        for part in (self.planning, self.meeting, self.protocol):
            part.clear()
        self.show()

    def refresh(self) -> None:
        """Fetch sessions, clearances, flags and the protocol."""
        store = self._hub.attempt(self._hub.open_store)
        if store is not None:
            self._hub.attempt(lambda: self._book.fetch(store))
        self.show()

    def select(self, session: str) -> None:
        """Choose a session."""
        if session != self._book.selected:
            self._book.select(session)
            self.meeting.clear()
            self.protocol.clear()
        self.show()

    def sign_reference(self) -> None:
        """Sign the references of the chosen session."""
        store, session = self._hub.attempt(self._hub.open_store), self._book.selected
        if store is None or not session:
            return
        words = self._hub.say("quality.sign.reference", session=session)
        secret = self._hub.kit.secrets.ask(self._hub.person, words)
        if secret is None:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: sign_reference(store, person, session, secret, clock))
        if outcome is not None and self._hub.accepted(outcome):
            self.refresh()
            self._hub.note(Level.INFO, "quality.reference_signed", session=session)

    def compute(self) -> None:
        """Compare the readings of the chosen session with their references."""
        store, session = self._hub.attempt(self._hub.open_store), self._book.session
        if store is not None and session is not None:
            steps = reporting(store, self._hub.person, session)
            self._hub.run(self._hub.say("calibration.comparing"), steps, self._computed)

    def open_results(self) -> None:
        """Open the results to those who have read everything."""
        store, report = self._hub.attempt(self._hub.open_store), self._book.report
        if store is None or report is None:
            return
        if not report.complete_readers:
            self._hub.note(Level.WARNING, "quality.nobody_ready", session=report.session.session)
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: open_results(store, person, report, clock))
        if outcome is not None and self._hub.accepted(outcome):
            self.refresh()
            self._hub.note(Level.INFO, "quality.opened", readers=self._book.names(report.complete_readers))

    def clear(self, reader: str, target: Target) -> None:
        """Clear a reader for a target on the results of the chosen session; where they do not pass, with a reason."""
        session, view = self._book.session, self._book.view
        if session is None or view is None:
            return
        name, aim = self._book.name(reader), self._book.target(target)
        passed = any(item.passed for item in session.results if (item.reader, item.target) == (reader, target))
        reason = None
        if not passed:
            words = self._hub.say("quality.ask.overrule", reader=name)
            reason = self._hub.kit.ask.text(self._hub.say("quality.ask.overrule_title"), words)
            if reason is None:
                return
        version = "" if view.protocol is None else view.protocol.version
        payload = ClearanceSigned(reader, target, version, True, session.session, reason)
        words = self._hub.say("quality.sign.clearance", reader=name, target=aim)
        if self._hub.act(Kind.CLEARANCE_SIGNED, None, payload, words):
            self.refresh()
            self._hub.note(Level.INFO, "quality.cleared", reader=name, target=aim)

    def export(self) -> None:
        """Write the report as a new folder below one that is chosen."""
        report = self._book.report
        folder = None if report is None else self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if report is None or folder is None:
            return
        out = folder / f"calibration-{self._hub.kit.clock.now():%Y%m%d-%H%M%S}"

        def write() -> bool:
            write_report(report, out, self._hub.lang)
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def show(self) -> None:
        """Show what is known."""
        book, view, session = self._book, self._book.view, self._book.session
        if view is None:
            self._hub.publish(calibration=CalibrationState())
            return
        self._hub.publish(
            calibration=CalibrationState(
                sessions=tuple((item.session, rows.session_words(book, item)) for item in view.sessions),
                selected=book.selected,
                stage=Stage.READING if session is None else rows.stage_of(session),
                facts=() if session is None else rows.facts_of(book, session),
                waiting=() if session is None else rows.waiting_lines(book, session),
                reading=rows.TableState() if session is None else rows.reading_table(book, session),
                is_own=session is not None and self._hub.person in session.readers,
                is_ready=book.report is not None,
                set_aside=rows.set_aside_lines(book),
                summary=rows.summary_table(book),
                summary_keys=rows.summary_keys(book),
                sentences=rows.sentences(book),
                cases=rows.case_table(book),
                case_keys=rows.score_keys(book),
                clearances=rows.clearance_table(book),
                flags=rows.flag_lines(book),
                meeting=self.meeting.state(),
                protocol=self.protocol.state(),
                plan=self.planning.state(),
                may_plan=Kind.CALIBRATION_PLANNED in view.may,
                may_sign_reference=Kind.REFERENCE_SIGNED in view.may and session is not None,
                may_open_results=Kind.CALIBRATION_OPENED in view.may and book.report is not None,
                may_clear=Kind.CLEARANCE_SIGNED in view.may and session is not None and session.opened_at is not None,
            )
        )

    def _computed(self, report: SessionReport) -> None:
        self._book.report = report
        self.show()
