"""What ends the work on a case: the signature, the way back to the readers, exclusion."""

from __future__ import annotations

from crc_core.quality.case import Signed, sign_case
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import ReadingReturned, UnitExcluded

from CRCQualityControlLib.presenter.desk import Desk
from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.people import authors_now
from CRCQualityControlLib.presenter.ports import Choice
from CRCQualityControlLib.presenter.state import Level
from CRCQualityControlLib.presenter.waiting import waiting

EXCLUSIONS = ("not_crc", "artefact", "incomplete", "duplicate", "other")


class Signing:
    """Asks for the person again; a refusal is told and leaves everything on the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._hub = desk, desk.hub

    def sign(self) -> None:
        """Sign the final; where another senior was faster, that is told and nothing is lost."""
        case, store = self._desk.case, self._hub.attempt(self._hub.open_store)
        if case is None or store is None or not self._reasons_given(case):
            return
        unit, person = case.opened.view.unit, self._hub.person
        if self._hub.attempt(lambda: case.opened.dispute.ruling(case.choices, person, "")) is None:
            return
        note = None
        if case.opened.view.finals:
            note = self._hub.kit.ask.text(self._hub.say("quality.ask.supersede"), unit)
            if note is None:
                return
        secret = self._hub.kit.secrets.ask(person, self._hub.say("quality.sign.final", unit=unit))
        if secret is None:
            return
        clock, opened, choices = self._hub.kit.clock.now, case.opened, case.choices

        def ended(signed: Signed) -> None:
            if self._hub.accepted(signed.outcome):
                authors = self._hub.attempt(lambda: authors_now(store, unit, person)) or ("", "")
                self._end("quality.signed", unit=unit, final=signed.final[:12], a=authors[0], b=authors[1])

        # All phases are measured anew on the final's contours, which takes a while.
        steps = waiting(lambda: sign_case(store, opened, choices, person, secret, note=note, clock=clock))
        self._hub.run(self._hub.say("quality.signing", unit=unit), steps, ended, can_cancel=False)

    def return_to_readers(self) -> None:
        """Send both readings back with a question."""
        if self._desk.case is None:
            return
        unit = self._desk.case.opened.view.unit
        question = self._hub.kit.ask.text(self._hub.say("quality.ask.return"), unit)
        if question and self._hub.act(Kind.READING_RETURNED, unit, ReadingReturned(question), question):
            self._end("quality.returned", unit=unit)

    def exclude(self) -> None:
        """Take the unit out for good reason, signed."""
        if self._desk.case is None:
            return
        unit, title = self._desk.case.opened.view.unit, self._hub.say("quality.ask.exclude")
        choices = [Choice(code, self._hub.say(f"quality.exclusion.{code}")) for code in EXCLUSIONS]
        code = self._hub.kit.ask.pick(title, unit, choices)
        reason = None if code is None else self._hub.kit.ask.text(title, unit)
        if code is None or reason is None:
            return
        words = self._hub.say("quality.sign.exclude", unit=unit)
        if self._hub.act(Kind.UNIT_EXCLUDED, unit, UnitExcluded(code, reason), words):
            self._end("quality.excluded", unit=unit)

    def _reasons_given(self, case: DeskCase) -> bool:
        """Whether every lesion that was decided has a reason code; says which has not."""
        lacking = [key for key, choice in case.choices.lesions.items() if choice.reason is None]
        if lacking:
            self._hub.note(Level.WARNING, "quality.reason_missing", lesion=lacking[0].name)
        return not lacking

    def _end(self, code: str, **values: object) -> None:
        self._desk.clear()
        self._desk.refreshed()
        self._hub.note(Level.INFO, code, **values)
