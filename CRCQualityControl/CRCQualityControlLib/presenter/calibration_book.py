"""What the parts of the page Calibration share: the store as it was fetched, the chosen session, its report."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.calibration.session import SessionReport
from crc_core.store.protocol import Store
from crc_core.vocabulary import Target
from crc_core.workflow.store_view import SessionView, StoreView

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.people import colleagues


class Book:
    """`changed` shows what is known anew; `refreshed` fetches it before."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.view: StoreView | None = None
        self.selected = ""
        self.report: SessionReport | None = None
        self.changed: Callable[[], None] = lambda: None
        self.refreshed: Callable[[], None] = lambda: None
        self._names: dict[str, str] = {}

    def clear(self) -> None:
        """Nothing is known."""
        self.view, self.selected, self.report, self._names = None, "", None, {}

    def fetch(self, store: Store) -> None:
        """Fetch what the person may know of the store; raises CrcError."""
        self.view = store.overview(self.hub.person)
        self._names = dict(colleagues(store))
        known = [item.session for item in self.view.sessions]
        if self.selected not in known:
            self.select(known[-1] if known else "")

    def select(self, session: str) -> None:
        """Choose a session; what was compared belongs to the one before."""
        if session != self.selected:
            self.selected, self.report = session, None

    @property
    def session(self) -> SessionView | None:
        """The chosen session."""
        sessions = () if self.view is None else self.view.sessions
        return next((item for item in sessions if item.session == self.selected), None)

    def name(self, person: str) -> str:
        """A person's name; the identifier where the store tells none."""
        return self._names.get(person, person)

    def names(self, people: tuple[str, ...]) -> str:
        """Names in a list."""
        return self.hub.say("store.list_joint").join(self.name(person) for person in people)

    def target(self, target: Target) -> str:
        """A target in words."""
        return self.hub.say(f"contour.target.{target.value}")
