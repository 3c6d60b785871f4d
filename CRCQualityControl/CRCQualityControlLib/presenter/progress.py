"""The page Progress: numbers by state, site and reader, what waits, agreement over time, and the list behind each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from crc_core.agreement.policy import agreement_policy
from crc_core.quality.progress import WAITS_FOR_SENIOR, Progress, ReaderSlot, ReaderTotals, UnitLine, progress_of
from crc_core.quality.progress_page import write_progress
from crc_core.store.protocol import Store
from crc_core.study.stepping import Steps
from crc_core.vocabulary import Target
from crc_core.workflow.views import Phase, SlotPhase

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.people import colleagues
from CRCQualityControlLib.presenter.progress_state import Course, CoursePoint, ProgressState
from CRCQualityControlLib.presenter.state import Level
from CRCQualityControlLib.presenter.tables import CellState, GridState, TableState

WAITING, ALL = "waiting", "all"
_DONE, _TO_DO = "done", "to_do"
_MIDDLE_OF_MONTH = 15


class ProgressPage:
    """Fetched when the page is opened.

    A number's key is `all`, `waiting`, or wishes joined by `|`: `state:disputed`, `site:01`, `site:01|state:final`,
    `reader:wang`, `reader:wang|slot:done`, `month:2026-11|target:liver`.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._progress: Progress | None = None
        self._names: dict[str, str] = {}
        self._chosen = ""

    def reset(self) -> None:
        """Another store or person: nothing is known any more."""
        self._progress, self._chosen, self._names = None, "", {}
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
        """Write the numbers, and the list that is open or all units, as a new folder below one that is chosen."""
        progress = self._progress
        folder = None if progress is None else self._hub.kit.ask.folder(self._hub.say("quality.ask.export"))
        if progress is None or folder is None:
            return
        out = folder / f"progress-{progress.at:%Y%m%d-%H%M%S}"
        lines = self._lines(progress, self._chosen) if self._chosen else progress.lines

        def write() -> bool:
            write_progress(progress, lines, out, self._hub.lang)
            return True

        if self._hub.attempt(write):
            self._hub.note(Level.INFO, "study.written", path=out)

    def show(self) -> None:
        """Show what is known."""
        progress = self._progress
        if progress is None:
            self._hub.publish(progress=ProgressState())
            return
        months = _by_month(progress)
        self._hub.publish(
            progress=ProgressState(
                is_ready=True,
                at=f"{progress.at:%Y-%m-%d %H:%M}",
                numbers=tuple(self._numbers(progress)),
                waiting=self._waiting(progress),
                sites=self._sites(progress),
                readers=self._readers(progress),
                agreement=self._agreement(months),
                courses=self._courses(months),
                mark=agreement_policy().dice_percent / 100,
                chosen=self._chosen,
                chosen_words=self._chosen_words(),
                units=self._listed(progress),
                shows_readers=progress.shows_readers,
            )
        )

    def _fetching(self, store: Store) -> Steps[Progress]:
        yield 0, 0
        self._names = dict(colleagues(store))
        return progress_of(store, self._hub.person, self._hub.kit.clock.now())

    def _fetched(self, progress: Progress) -> None:
        self._progress = progress
        self.show()

    def _name(self, reader: str) -> str:
        return self._names.get(reader, reader)

    def _numbers(self, progress: Progress) -> Iterable[tuple[str, str, int]]:
        yield ALL, self._hub.say("quality.progress.all"), len(progress.lines)
        counts = progress.by_state()
        for phase in Phase:
            if counts.get(phase):
                yield f"state:{phase.value}", self._hub.say(f"phase.{phase.value}"), counts[phase]
        yield WAITING, self._hub.say("quality.waiting"), len(progress.waiting())

    def _waiting(self, progress: Progress) -> str:
        lines = progress.waiting()
        if not lines:
            return self._hub.say("quality.progress.nothing_waits")
        days = (progress.at - lines[0].since).days
        return self._hub.say("progress.waiting", count=len(lines), days=days, unit=lines[0].unit)

    def _sites(self, progress: Progress) -> GridState:
        counts = progress.by_state()
        phases = [phase for phase in Phase if counts.get(phase)]
        columns = [self._hub.say("quality.progress.site"), self._hub.say("quality.progress.all")]
        columns += [self._hub.say(f"phase.{phase.value}") for phase in phases]
        rows = []
        for site, states in progress.by_site().items():
            cells = [CellState(site), _count(sum(states.values()), f"site:{site}")]
            cells += [_count(states.get(phase, 0), f"site:{site}|state:{phase.value}") for phase in phases]
            rows.append(tuple(cells))
        return GridState(tuple(columns), tuple(rows))

    def _readers(self, progress: Progress) -> GridState:
        names = ("reader", "submitted", "to_do", "minutes", "hours")
        rows = tuple(self._reader(totals) for totals in progress.by_reader())
        return GridState(tuple(self._hub.say(f"quality.column.{name}") for name in names), rows)

    def _reader(self, totals: ReaderTotals) -> tuple[CellState, ...]:
        key = f"reader:{totals.reader}"
        done = totals.slots.get(SlotPhase.SUBMITTED, 0)
        to_do = sum(count for phase, count in totals.slots.items() if phase is not SlotPhase.SUBMITTED)
        none = self._hub.say("agreement.none")
        minutes = none if totals.median_seconds is None else f"{totals.median_seconds / 60:.0f}"
        hours = none if totals.median_seconds is None else f"{totals.active_seconds / 3600:.1f}"
        return (
            CellState(self._name(totals.reader), key),
            _count(done, f"{key}|slot:{_DONE}"),
            _count(to_do, f"{key}|slot:{_TO_DO}"),
            CellState(minutes, f"{key}|slot:{_DONE}" if done else ""),
            CellState(hours, f"{key}|slot:{_DONE}" if done else ""),
        )

    def _agreement(self, months: Mapping[Target, Mapping[str, Sequence[int]]]) -> GridState:
        columns = [self._hub.say("quality.column.month")]
        columns += [self._hub.say(f"contour.target.{target.value}") for target in months]
        rows = []
        for month in sorted({month for found in months.values() for month in found}, reverse=True):
            cells = [CellState(month)]
            for target, found in months.items():
                dice = found.get(month, ())
                words = f"{_mean(dice):.3f}  (n={len(dice)})" if dice else ""
                cells.append(CellState(words, f"month:{month}|target:{target.value}" if dice else ""))
            rows.append(tuple(cells))
        return GridState(tuple(columns), tuple(rows))

    def _courses(self, months: Mapping[Target, Mapping[str, Sequence[int]]]) -> tuple[Course, ...]:
        return tuple(
            Course(
                self._hub.say(f"contour.target.{target.value}"),
                tuple(
                    CoursePoint(_middle(month), _mean(dice), len(dice), f"month:{month}|target:{target.value}")
                    for month, dice in sorted(found.items())
                ),
            )
            for target, found in months.items()
        )

    def _chosen_words(self) -> str:
        if not self._chosen:
            return ""
        if self._chosen in (ALL, WAITING):
            return self._hub.say("quality.progress.all" if self._chosen == ALL else "quality.waiting")
        words = []
        for kind, value in _wishes(self._chosen).items():
            if kind == "state" and value in set(Phase):
                words.append(self._hub.say(f"phase.{value}"))
            elif kind == "site":
                words.append(self._hub.say("quality.site", site=value))
            elif kind == "target" and value in set(Target):
                words.append(self._hub.say(f"contour.target.{value}"))
            elif kind == "slot" and value in (_DONE, _TO_DO):
                words.append(self._hub.say(f"quality.column.{'submitted' if value == _DONE else 'to_do'}"))
            else:
                words.append(self._name(value))
        return " · ".join(words)

    def _lines(self, progress: Progress, key: str) -> Sequence[UnitLine]:
        if key in ("", ALL):
            return progress.lines if key else ()
        if key == WAITING:
            return progress.waiting()
        wishes = _wishes(key)
        if "month" in wishes:
            target = wishes.get("target", "")
            points = progress.agreement(Target(target)) if target in set(Target) else ()
            units = {point.unit for point in points if f"{point.at:%Y-%m}" == wishes["month"]}
            return [line for line in progress.lines if line.unit in units]
        if not set(wishes) <= {"state", "site", "reader", "slot"}:
            return ()
        phase = wishes.get("state")
        phases = None if phase is None else [item for item in Phase if item.value == phase]
        lines = progress.units_where(phases=phases, site=wishes.get("site"), reader=wishes.get("reader"))
        slot, reader = wishes.get("slot"), wishes.get("reader", "")
        return lines if slot is None else [line for line in lines if _slots(line, reader, slot)]

    def _listed(self, progress: Progress) -> TableState:
        wishes = _wishes(self._chosen)
        lines = self._lines(progress, self._chosen)
        if "reader" in wishes:
            return self._readings(progress, lines, wishes["reader"], wishes.get("slot"))
        return self._units(progress, lines)

    def _units(self, progress: Progress, lines: Sequence[UnitLine]) -> TableState:
        joint = self._hub.say("store.list_joint")
        rows = tuple(
            (
                line.unit,
                self._hub.say(f"phase.{line.phase.value}"),
                self._hub.say("adjudication.waiting_days", days=(progress.at - line.since).days),
                joint.join(self._name(reader) for reader in dict.fromkeys(slot.reader for slot in line.slots)),
                "  ".join(f"{dice / 1000:.3f}" for _, dice in line.dice_permille),
            )
            for line in lines
        )
        marks = frozenset(place for place, line in enumerate(lines) if line.phase in WAITS_FOR_SENIOR)
        names = ("unit", "state", "since", "readers", "dice_each")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), rows, marks)

    def _readings(self, progress: Progress, lines: Sequence[UnitLine], reader: str, slot: str | None) -> TableState:
        """One line per reading of a reader: a unit that was read again has two."""
        rows = []
        for line in lines:
            for item in _slots(line, reader, slot):
                at = item.submitted_at or item.assigned_at
                seconds = item.active_seconds
                rows.append(
                    (
                        line.unit,
                        str(item.round),
                        self._hub.say(f"slot.{item.phase.value}"),
                        f"{at:%Y-%m-%d}",
                        self._hub.say("agreement.none") if seconds is None else f"{seconds / 60:.0f}",
                    )
                )
        names = ("unit", "round", "state", "date", "active_min")
        return TableState(tuple(self._hub.say(f"quality.column.{name}") for name in names), tuple(rows))


def _count(count: int, key: str) -> CellState:
    return CellState(str(count), key if count else "")


def _wishes(key: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in key.split("|") if ":" in part)


def _slots(line: UnitLine, reader: str, slot: str | None) -> list[ReaderSlot]:
    own = [item for item in line.slots if item.reader == reader]
    return [item for item in own if slot is None or (item.phase is SlotPhase.SUBMITTED) == (slot == _DONE)]


def _by_month(progress: Progress) -> dict[Target, dict[str, list[int]]]:
    """The Dice of everything compared, in thousandths, by target and month; targets without any are left out."""
    found: dict[Target, dict[str, list[int]]] = {}
    for target in Target:
        for point in progress.agreement(target):
            found.setdefault(target, {}).setdefault(f"{point.at:%Y-%m}", []).append(point.dice_permille)
    return found


def _mean(dice_permille: Sequence[int]) -> float:
    return sum(dice_permille) / len(dice_permille) / 1000


def _middle(month: str) -> datetime:
    year, number = month.split("-")
    return datetime(int(year), int(number), _MIDDLE_OF_MONTH, tzinfo=UTC)
