"""What a person may know of a unit: the only form in which a reader ever meets the events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crc_core.vocabulary import Verdict
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import Binding, CheckedItem, ReadingsCompared, SeriesRecord


class Phase(StrEnum):
    """Where a unit stands. A reader sees `READING` for everything between assignment and the end of blinding.

    `REFERENCE` is a calibration unit that has its final: it never enters a release, and data users do not meet it.
    """

    REGISTERED = "registered"
    SCAN_REFUSED = "scan_refused"
    CHECKED = "checked"
    READING = "reading"
    COMPARING = "comparing"
    DISPUTED = "disputed"
    REPORT_OPEN = "report_open"
    FINAL = "final"
    REFERENCE = "reference"
    RELEASED = "released"
    EXCLUDED = "excluded"
    WITHDRAWN = "withdrawn"


class SlotPhase(StrEnum):
    """Where a reader's slot stands."""

    ASSIGNED = "assigned"
    IN_WORK = "in_work"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class SlotView:
    """A slot as its viewer may see it; `reader` is `A` or `B` for a senior before the decision."""

    reader: str
    round: int
    phase: SlotPhase
    reading: str | None = None
    question: str | None = None
    withdraw_until: datetime | None = None


@dataclass(frozen=True)
class FinalView:
    """A final as its viewer may see it."""

    final: str
    version: int
    by_rule: bool
    at: datetime


@dataclass(frozen=True)
class UnitView:
    """All that one person may know and do about one unit, now; `protocol` is the one its sources were bound under."""

    unit: str
    phase: Phase
    may: frozenset[Kind]
    series: tuple[SeriesRecord, ...]
    bindings: tuple[Binding, ...]
    scan_verdict: Verdict | None
    scan_items: tuple[CheckedItem, ...]
    overruled: tuple[str, ...]
    study_date: str | None
    treatment_since: str | None
    clinical: dict[str, str] | None
    slots: tuple[SlotView, ...]
    comparison: ReadingsCompared | None
    finals: tuple[FinalView, ...]
    questions: tuple[str, ...]
    reason: str | None
    flagged: bool = False
    protocol: str | None = None
    barred: str | None = None


@dataclass(frozen=True)
class PriorUnit:
    """An earlier examination of the same case whose images may be looked at; nothing of what was read there."""

    unit: str
    series: tuple[SeriesRecord, ...]
    study_date: str | None = None
    treatment_since: str | None = None


@dataclass(frozen=True)
class WorkItem:
    """One line of a person's work list."""

    unit: str
    phase: Phase
    slot: SlotView | None
    since: datetime
    reason: str | None = None
