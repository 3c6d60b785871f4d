"""Keeps the five steps and the foot of the panel true to the work, soon after each change of it."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.desk.problems import DeskProblem, desk_problems
from crc_core.errors import CrcError
from crc_core.workflow.events import Kind
from crc_core.workflow.views import SlotPhase

from CRCAnnotatorLib.presenter.contour import Contour
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.steps import Standing, foot_mark, foot_words, step_marks

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
        self._seen: tuple[object, ...] = ()
        self._problems: tuple[DeskProblem, ...] = ()

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
            foot_mark=foot_mark(self.current),
            can_ask_senior=case is not None and Kind.SENIOR_ASKED in case.view.may,
        )

    def _look(self) -> Standing:
        case = self._hub.case
        if case is None:
            self._seen, self._problems = (), ()
            return Standing()
        submitted = case.slot is not None and case.slot.phase is SlotPhase.SUBMITTED
        if case.read_only:
            return Standing(True, True, submitted, (), self._to_settle())
        return Standing(True, False, submitted, self._found(case), self._to_settle())

    def _found(self, case: OpenCase) -> tuple[DeskProblem, ...]:
        """What lies before the submission; the same as before where nothing it depends on has changed."""
        drawn, findings = self._contour.drawn(), self._contour.findings()
        seen = (case.work, drawn, findings, case.phases)
        if len(self._seen) != len(seen) or case.work is not self._seen[0] or seen[1:] != self._seen[1:]:
            try:
                self._problems = desk_problems(case.work, drawn, findings=findings, phases=case.phases)
            except CrcError as error:
                self._hub.tell(error)
            self._seen = seen
        return self._problems
