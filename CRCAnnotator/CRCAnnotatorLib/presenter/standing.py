"""Keeps the five steps and the foot of the panel true to the work, soon after each change of it."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.desk.problems import desk_problems
from crc_core.errors import CrcError
from crc_core.workflow.events import Kind
from crc_core.workflow.views import SlotPhase

from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.steps import Standing, foot_words, step_marks

_SOON = "standing"
_SOON_S = 0.3


class Stand:
    """Where the reader stands; `told` hears of every new standing."""

    def __init__(self, hub: Hub, contour: Contour, to_settle: Callable[[], int]) -> None:
        self._hub = hub
        self._contour = contour
        self._to_settle = to_settle
        self.told: Callable[[Standing], None] = lambda standing: None
        self.current = Standing()

    def soon(self) -> None:
        """The work changed: look again once the person pauses."""
        self._hub.kit.jobs.later(_SOON, _SOON_S, self.now)

    def now(self) -> None:
        """Look again."""
        self._hub.kit.jobs.cancel(_SOON)
        self.current = self._look()
        with self._hub.hold():
            self.told(self.current)
            self.show()

    def stop(self) -> None:
        """The program ends."""
        self._hub.kit.jobs.cancel(_SOON)

    def show(self) -> None:
        """Publish the steps and the foot as they are known, after the step or the language changed."""
        state, case = self._hub.state, self._hub.case
        self._hub.publish(
            steps=step_marks(state.step, self.current, state.lang),
            foot=foot_words(self.current, state.lang),
            can_ask_senior=case is not None and Kind.SENIOR_ASKED in case.view.may,
        )

    def _look(self) -> Standing:
        case = self._hub.case
        if case is None:
            return Standing()
        submitted = case.slot is not None and case.slot.phase is SlotPhase.SUBMITTED
        if case.read_only:
            return Standing(True, True, submitted, (), self._to_settle())
        try:
            problems = desk_problems(
                case.work, self._contour.drawn(), findings=self._contour.findings(), phases=case.phases
            )
        except CrcError as error:
            self._hub.tell(error)
            return self.current
        return Standing(True, False, submitted, problems, self._to_settle())
