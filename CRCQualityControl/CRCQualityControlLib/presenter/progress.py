"""The page Progress: numbers by state, site and reader; each opens the list behind it."""

from __future__ import annotations

from collections.abc import Sequence

from crc_core.files.atomic import write_bytes
from crc_core.paper.csv_file import csv_bytes
from crc_core.quality.progress import WAITS_FOR_SENIOR, Progress, UnitLine, lines_sheet, progress_of
from crc_core.store.protocol import Store
from crc_core.study.stepping import Steps
from crc_core.vocabulary import Target
from crc_core.workflow.views import Phase, SlotPhase

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.state import Level, ProgressState, TableState

WAITING = "waiting"
_STATE, _SITE, _READER = "state", "site", "reader"


class ProgressPage:
    """Fetched when the page is opened; a number's key is `state:disputed`, `site:01`, `reader:wang` or `waiting`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._progress: Progress | None = None
        self._chosen = ""

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._progress, self._chosen = None, ""
        self.show()

    def refresh(self) -> None:
        """Fetch the numbers."""
        store = self._hub.attempt(self._hub.open_store)
        if store is not None:
            self._hub.run(self._hub.say("quality.counting"), self._fetching(store), self._fetched)

    def open_list(self, key: str) -> None:
        """Open the list behind a number."""
        self._chosen = key
        self.show()

    def export(self) -> None:
        """Write the list that is open, or all units, as a table below a folder that is chosen."""
        progress = self._progress
        folder = None if progress is None else self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if progress is None or folder is None:
            return
        out = folder / f"progress-{progress.at:%Y%m%d-%H%M%S}.csv"
        lines = self._lines(self._chosen) if self._chosen else progress.lines

        def write() -> bool:
            write_bytes(out, csv_bytes(lines_sheet(lines, progress.at)))
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def show(self) -> None:
        """Show what is known."""
        progress = self._progress
        if progress is None:
            self._hub.publish(progress=ProgressState())
            return
        self._hub.publish(
            progress=ProgressState(
                is_ready=True,
                numbers=tuple(self._numbers(progress)),
                readers=self._readers(progress),
                agreement=self._agreement(progress),
                chosen=self._chosen,
                units=self._units(progress, self._lines(self._chosen)),
                shows_readers=progress.shows_readers,
            )
        )

    def _fetching(self, store: Store) -> Steps[Progress]:
        yield 0, 0
        return progress_of(store, self._hub.person, self._hub.kit.clock.now())

    def _fetched(self, progress: Progress) -> None:
        self._progress = progress
        self.show()

    def _numbers(self, progress: Progress) -> list[tuple[str, str, int]]:
        numbers = [
            (f"{_STATE}:{phase.value}", self._hub.say(f"phase.{phase.value}"), count)
            for phase, count in progress.by_state().items()
        ]
        for site, states in progress.by_site().items():
            numbers.append((f"{_SITE}:{site}", self._hub.say("quality.site", site=site), sum(states.values())))
        numbers.append((WAITING, self._hub.say("quality.waiting"), len(progress.waiting())))
        for totals in progress.by_reader():
            count = len(progress.units_where(reader=totals.reader))
            numbers.append((f"{_READER}:{totals.reader}", totals.reader, count))
        return numbers

    def _lines(self, key: str) -> Sequence[UnitLine]:
        progress, (kind, _, value) = self._progress, key.partition(":")
        if progress is None or not key:
            return ()
        if kind == WAITING:
            return progress.waiting()
        if kind == _STATE and value in set(Phase):
            return progress.units_where(phases=[Phase(value)])
        if kind == _SITE:
            return progress.units_where(site=value)
        return progress.units_where(reader=value) if kind == _READER else ()

    def _readers(self, progress: Progress) -> TableState:
        rows = []
        for totals in progress.by_reader():
            minutes = None if totals.median_seconds is None else totals.median_seconds / 60
            waiting = sum(count for phase, count in totals.slots.items() if phase is not SlotPhase.SUBMITTED)
            shown = self._hub.say("agreement.none") if minutes is None else f"{minutes:.0f}"
            rows.append((totals.reader, str(totals.slots.get(SlotPhase.SUBMITTED, 0)), str(waiting), shown))
        names = ("reader", "submitted", "to_do", "minutes")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), tuple(rows))

    def _agreement(self, progress: Progress) -> TableState:
        rows = []
        for target in Target:
            months: dict[str, list[int]] = {}
            for point in progress.agreement(target):
                months.setdefault(f"{point.at:%Y-%m}", []).append(point.dice_permille)
            words = self._hub.say(f"contour.target.{target.value}")
            rows += [(m, words, str(len(v)), f"{sum(v) / len(v) / 1000:.3f}") for m, v in sorted(months.items())]
        names = ("month", "target", "comparisons", "dice")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), tuple(rows))

    def _units(self, progress: Progress, lines: Sequence[UnitLine]) -> TableState:
        rows = tuple(
            (
                line.unit,
                self._hub.say(f"phase.{line.phase.value}"),
                self._hub.say("adjudication.waiting_days", days=(progress.at - line.since).days),
                " ".join(slot.reader for slot in line.slots),
            )
            for line in lines
        )
        marks = frozenset(place for place, line in enumerate(lines) if line.phase in WAITS_FOR_SENIOR)
        names = ("unit", "state", "since", "readers")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), rows, marks)
