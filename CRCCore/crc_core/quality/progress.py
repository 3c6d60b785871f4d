"""How the work goes on: units by state, site and reader, what waits and how long, agreement and time over time.

Every number is a count of lines that can be asked for: `Progress.units_where` is the list behind it.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crc_core.paper.csv_file import Sheet
from crc_core.store.protocol import Store
from crc_core.vocabulary import Target
from crc_core.workflow.listing import ReaderSlot, UnitLine
from crc_core.workflow.views import Phase, SlotPhase

WAITS_FOR_SENIOR = (Phase.DISPUTED, Phase.REPORT_OPEN)


@dataclass(frozen=True)
class AgreementPoint:
    """The Dice of one target of one unit and when it was compared."""

    at: datetime
    unit: str
    target: Target
    dice_permille: int


@dataclass(frozen=True)
class ReaderTotals:
    """One reader in numbers; times over the readings that tell one."""

    reader: str
    slots: Mapping[SlotPhase, int]
    active_seconds: float
    median_seconds: float | None


@dataclass(frozen=True)
class Progress:
    """All units the viewer may know, as they stood at `at`."""

    at: datetime
    lines: tuple[UnitLine, ...]
    shows_readers: bool

    def by_state(self) -> Mapping[Phase, int]:
        """Units by state; calibration units are told apart under their state `reference` or not at all."""
        return Counter(line.phase for line in self.lines)

    def by_site(self) -> Mapping[str, Mapping[Phase, int]]:
        """Units by site and state."""
        found: dict[str, Counter[Phase]] = {}
        for line in self.lines:
            found.setdefault(line.site, Counter())[line.phase] += 1
        return dict(sorted(found.items()))

    def by_reader(self) -> tuple[ReaderTotals, ...]:
        """Readers in numbers, by name."""
        slots: dict[str, list[ReaderSlot]] = {}
        for line in self.lines:
            for slot in line.slots:
                slots.setdefault(slot.reader, []).append(slot)
        return tuple(_totals(reader, own) for reader, own in sorted(slots.items()))

    def waiting(self) -> tuple[UnitLine, ...]:
        """What waits for a senior, the longest first."""
        lines = (line for line in self.lines if line.phase in WAITS_FOR_SENIOR)
        return tuple(sorted(lines, key=lambda line: (line.since, line.unit)))

    def agreement(self, target: Target | None = None, reader: str | None = None) -> tuple[AgreementPoint, ...]:
        """The Dice of everything compared, in the order of time; of one target or of one reader's units."""
        points = [
            AgreementPoint(line.compared_at, line.unit, compared, dice)
            for line in self.lines
            if line.compared_at is not None and (reader is None or any(slot.reader == reader for slot in line.slots))
            for compared, dice in line.dice_permille
            if target in (None, compared)
        ]
        return tuple(sorted(points, key=lambda point: (point.at, point.unit, point.target)))

    def units_where(
        self,
        *,
        phases: Sequence[Phase] | None = None,
        site: str | None = None,
        reader: str | None = None,
        slot: SlotPhase | None = None,
    ) -> tuple[UnitLine, ...]:
        """The list behind a number."""
        return tuple(
            line
            for line in self.lines
            if (phases is None or line.phase in phases)
            and (site is None or line.site == site)
            and (
                (reader is None and slot is None)
                or any((reader in (None, item.reader)) and (slot in (None, item.phase)) for item in line.slots)
            )
        )


def progress_of(store: Store, viewer: str, now: datetime) -> Progress:
    """The progress as the viewer may see it.

    Who may see the chain sees readers, agreement and times; others see the units of their work list by state and site.
    """
    found = store.unit_lines(viewer)
    return Progress(now, found.lines, found.shows_readers)


def lines_sheet(lines: Iterable[UnitLine], now: datetime) -> Sheet:
    """The lines as a table to take away."""
    rows = []
    for line in lines:
        seconds = [slot.active_seconds for slot in line.slots if slot.active_seconds is not None]
        dice = dict(line.dice_permille)
        rows.append(
            (
                line.unit,
                line.site,
                line.phase.value,
                line.since,
                (now - line.since).days,
                " ".join(slot.reader for slot in line.slots) or None,
                *(dice[target] / 1000 if target in dice else None for target in Target),
                sum(seconds) / 60 if seconds else None,
            )
        )
    dice_columns = tuple(f"dice_{target.value}" for target in Target)
    columns = ("unit", "site", "state", "since", "days", "readers", *dice_columns, "active_min")
    return Sheet(columns, tuple(rows))


def _totals(reader: str, slots: Sequence[ReaderSlot]) -> ReaderTotals:
    seconds = [slot.active_seconds for slot in slots if slot.active_seconds is not None]
    median = statistics.median(seconds) if seconds else None
    return ReaderTotals(reader, Counter(slot.phase for slot in slots), sum(seconds), median)
