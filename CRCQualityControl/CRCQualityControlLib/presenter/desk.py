"""The senior's desk: one unit at a time, what is decided of it, and what of it is shown."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.decision.choices import LesionKey
from crc_core.decision.settling import LesionPoint

from CRCQualityControlLib.presenter.case_words import key_text
from CRCQualityControlLib.presenter.desk_case import DeskCase
from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.ports import Choice, Fill
from CRCQualityControlLib.presenter.state import Level
from CRCQualityControlLib.presenter.viewing import Viewing


class Desk:
    """Holds the case; `changed` is told after every change of it."""

    def __init__(self, hub: Hub, viewing: Viewing) -> None:
        self.hub, self.viewing = hub, viewing
        self.case: DeskCase | None = None
        self.changed: Callable[[], None] = lambda: None
        self.refreshed: Callable[[], None] = lambda: None

    def put(self, case: DeskCase) -> None:
        """Put a case on the desk and draw it."""
        self.case = case
        self.draw()

    def clear(self) -> None:
        """Take the case off the desk and out of the scene."""
        if self.case is not None and self.viewing.unit == self.case.opened.view.unit:
            self.viewing.clear()
        self.case = None
        self.changed()

    def may_leave(self) -> bool:
        """Whether the desk may be cleared; asked where something was decided."""
        case = self.case
        if case is None or not (case.choices.lesions or case.choices.fields or case.choices.absent):
            return True
        choices = [Choice(code, self.hub.say(f"quality.answer.{code}")) for code in ("leave", "cancel")]
        words = self.hub.say("quality.ask.leave", unit=case.opened.view.unit)
        return self.hub.kit.ask.choose(self.hub.say("quality.ask.leave_title"), words, choices) == "leave"

    def point(self, key: str) -> LesionPoint | None:
        """The lesion of that key on the desk."""
        points = () if self.case is None else self.case.opened.dispute.points
        return next((point for point in points if key_text(point.key) == key), None)

    def decided(self, key: str) -> LesionKey | None:
        """The key of a lesion that was decided; says so where it was not."""
        known = () if self.case is None else self.case.choices.lesions
        found = next((item for item in known if key_text(item) == key), None)
        if found is None and self.case is not None:
            self.hub.note(Level.INFO, "quality.decide_first")
        return found

    def set_fill(self, fill: Fill) -> None:
        """Outlines or filled contours."""
        if self.case is not None:
            self.case.fill = fill
            self.draw()

    def show_result(self, shown: bool) -> None:
        """Show what the choices make, over A and B."""
        if self.case is not None:
            self.case.shows_result = shown
            self.draw()

    def draw(self) -> None:
        """Show the contours as they are now, and the state."""
        case = self.case
        if case is not None and self.has_images:
            # What is drawn now is not hidden below areas.
            fill = case.fill if case.editing is None else Fill.OUTLINE
            self.hub.attempt(lambda: self.hub.kit.scene.show_layers(case.layers(), fill))
        self.changed()

    @property
    def has_images(self) -> bool:
        """Whether the images of the case are in the scene."""
        return self.case is not None and self.viewing.unit == self.case.opened.view.unit


def spacing_mm(case: DeskCase) -> tuple[float, float, float]:
    """The spacing (k, j, i) of the source one is at."""
    return (1.0, 1.0, 1.0) if case.grid is None else case.grid.spacing_kji_mm
