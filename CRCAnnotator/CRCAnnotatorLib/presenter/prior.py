"""The earlier examination of the same patient beside the present one, fetched when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crc_core.desk.opening import ImageSource
from crc_core.errors import CrcError
from crc_core.text import say
from crc_core.workflow.views import PriorUnit

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.fetching import Fetching
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.open_case import OpenCase
from CRCAnnotatorLib.presenter.opening import Loaded, Opening
from CRCAnnotatorLib.presenter.running import Running
from CRCAnnotatorLib.presenter.state import Level


class Prior:
    """The latest earlier time point of the open case; only its images are ever seen."""

    def __init__(self, hub: Hub, running: Running, show: Callable[[], None]) -> None:
        self._hub, self._running, self._show = hub, running, show
        self._opening = Opening(hub)
        self._fetching = Fetching(hub, running)
        self._unit: PriorUnit | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is an earlier examination to look at."""
        return self._unit is not None

    def opened(self, case: OpenCase) -> None:
        """A case is open: see whether there is an earlier one."""
        try:
            found = open_store_of(self._hub).prior_units(case.unit, self._hub.reader)
        except CrcError as error:
            found = ()
            self._hub.tell(error)
        self._unit = found[0] if found else None

    def closed(self) -> None:
        """The case is closed."""
        self._unit = None

    def toggle(self) -> None:
        """Show the earlier examination beside, or take it away again."""
        case, views = self._hub.case, self._hub.views
        if case is None or self._unit is None:
            return
        if views.prior_shown:
            views.beside(())
            self._show()
        elif any(key.is_prior for key in case.grids):
            self._beside(case)
        elif not self._running.refuse():
            self._fetch(case, self._unit)

    def _fetch(self, case: OpenCase, unit: PriorUnit) -> None:
        loaded = Loaded()

        def done() -> None:
            case.grids.update(loaded.grids)
            if loaded.grids:
                self._beside(case)
            elif loaded.troubles:
                self._hub.tell(loaded.troubles[0])

        def stopped() -> None:
            # What came already stays in the scene until the case is closed, and is not fetched twice.
            case.grids.update(loaded.grids)

        def load(images: ImageSource) -> None:
            steps = self._opening.prior(images, unit, loaded)
            words = partial(say, "annotator.opening", unit=unit.unit)
            self._running.steps(words, steps, done, stopped=stopped)

        try:
            self._fetching.fetch(unit.unit, self._opening.prior_roles(unit), None, load, lambda: None)
        except CrcError as error:
            self._hub.tell(error)

    def _beside(self, case: OpenCase) -> None:
        self._hub.views.beside([key.role for key in case.grids if key.is_prior])
        if self._unit is not None and self._unit.study_date:
            self._hub.note(Level.INFO, "annotator.prior_of", day=self._unit.study_date)
        self._show()
