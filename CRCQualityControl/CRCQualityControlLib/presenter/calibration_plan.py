"""Putting a calibration session together: its cases, who contours blind, who makes the reference, what passes."""

from __future__ import annotations

from collections.abc import Sequence

from crc_core.calibration.policy import calibration_policy
from crc_core.calibration.session import assign_session, plan_session
from crc_core.store.protocol import Store
from crc_core.vocabulary import PersonRole, Target
from crc_core.workflow.payloads import CalibrationPlanned, PassMark
from crc_core.workflow.store_view import StoreView
from crc_core.workflow.views import Phase

from CRCQualityControlLib.presenter.calibration_book import Book
from CRCQualityControlLib.presenter.calibration_state import MarkState, Option, PlanState
from CRCQualityControlLib.presenter.state import Level


class Planning:
    """A plan is asked for, shown, and sent or put away."""

    def __init__(self, book: Book) -> None:
        self._book, self._hub = book, book.hub
        self._units: tuple[str, ...] | None = None

    def clear(self) -> None:
        """Nothing is being planned."""
        self._units = None

    def begin(self) -> None:
        """Begin a new session: the cases nobody has read are fetched."""
        store = self._hub.attempt(self._hub.open_store)
        found = None if store is None else self._hub.attempt(lambda: _unread(store, self._hub.person))
        if found is not None:
            self._units = found
            self._book.changed()

    def cancel(self) -> None:
        """Put the plan away."""
        self._units = None
        self._book.changed()

    def send(
        self,
        session: str,
        units: Sequence[str],
        readers: Sequence[str],
        references: Sequence[str],
        marks: Sequence[MarkState],
    ) -> None:
        """Plan a session from what was chosen; a refusal names what is missing, and the plan stays."""
        payload = CalibrationPlanned(
            session.strip(),
            tuple(units),
            tuple(readers),
            tuple(references),
            tuple(
                PassMark(mark.target, mark.dice_percent, mark.bias_percent, mark.missed_lesions, mark.report_percent)
                for mark in marks
            ),
        )
        if not payload.session:
            self._hub.note(Level.WARNING, "quality.trainer.name_missing")
        else:
            self.plan(payload)

    def plan(self, plan: CalibrationPlanned) -> None:
        """Bar the cases, plan the session and give everybody their slots."""
        store = self._hub.attempt(self._hub.open_store)
        if store is None:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: plan_session(store, person, plan, clock))
        done = outcome is not None and self._hub.accepted(outcome)
        if done:
            self._units = None
        self._book.refreshed()
        if done:
            self._book.select(plan.session)
            self._book.changed()
            self._hub.note(Level.INFO, "quality.planned", session=plan.session)

    def assign(self) -> None:
        """Give out what the chosen session's people do not have yet, where planning was interrupted."""
        store, session = self._hub.attempt(self._hub.open_store), self._book.selected
        if store is None or not session:
            return
        person, clock = self._hub.person, self._hub.kit.clock.now
        outcome = self._hub.attempt(lambda: assign_session(store, person, session, clock))
        if outcome is not None and self._hub.accepted(outcome):
            self._book.refreshed()
            self._hub.note(Level.INFO, "quality.planned", session=session)

    def state(self) -> PlanState | None:
        """What can be chosen; None while nothing is being planned."""
        view = self._book.view
        if self._units is None or view is None:
            return None
        return PlanState(
            units=tuple(Option(unit, unit) for unit in self._units),
            people=tuple(self._person(view)),
            marks=tuple(self._mark(target) for target in Target),
        )

    def _person(self, view: StoreView) -> list[Option]:
        readers = [item for item in view.people if item.active and PersonRole.ANNOTATOR in item.roles]
        found = []
        for item in readers:
            title = self._hub.say(f"store.title.{item.title.name.lower()}")
            words = self._hub.say("quality.trainer.person", name=self._book.name(item.person), title=title)
            found.append(Option(item.person, words))
        return sorted(found, key=lambda option: (option.words, option.code))

    def _mark(self, target: Target) -> MarkState:
        mark = calibration_policy().mark(target)
        return MarkState(
            target,
            self._book.target(target),
            mark.dice_percent,
            mark.bias_percent,
            mark.missed_lesions,
            mark.report_percent,
        )


def _unread(store: Store, person: str) -> tuple[str, ...]:
    """The units whose scan is checked and that nobody has been given."""
    return tuple(sorted(item.unit for item in store.work_list(person) if item.phase is Phase.CHECKED))
