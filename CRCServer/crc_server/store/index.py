"""The index of the chain: rows a unit is looked up, listed and counted by, written in one step with its events.

`rows_of` says what they are, from the unit's events alone; everything else writes that, or compares with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crc_core.identity import UnitId
from crc_core.store.ruled import OVER
from crc_core.workflow.brief import Brief, brief_of
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import FinalStored, UnitRegistered
from django.db.models import Model

from crc_server.models import AgreementRow, ReadingRow, SlotRow, UnitRow

INDEX_VERSION = 1
"""Goes up with every change of what the rows say; a server that finds another makes them anew."""

_SITE = slice(4, 6)
_SLOT_KEY = ("unit", "reader", "round")
_SLOT_VALUES = ("phase", "assigned_at", "reading", "submitted_at", "question", "active_seconds")


@dataclass(frozen=True)
class Rows:
    """The rows of one unit."""

    unit: UnitRow
    slots: tuple[SlotRow, ...]
    agreement: tuple[AgreementRow, ...]
    readings: tuple[ReadingRow, ...]

    def all(self) -> Iterable[Model]:
        """All of them."""
        return (self.unit, *self.slots, *self.agreement, *self.readings)


def rows_of(unit: str, events: Sequence[Event], policy: Policy) -> Rows | None:
    """What the index says of a unit after its events; None for one that is not registered."""
    brief = brief_of(unit, events, policy)
    if brief is None:
        return None
    handed_in = (event.payload.reading for event in events if event.kind is Kind.READING_SUBMITTED)
    return Rows(
        unit=_unit_row(brief, events),
        slots=tuple(
            SlotRow(
                unit_id=unit,
                reader=slot.reader,
                round=slot.round,
                phase=slot.phase.value,
                assigned_at=slot.assigned_at,
                reading=slot.reading,
                submitted_at=slot.submitted_at,
                question=slot.question,
                active_seconds=slot.active_seconds,
            )
            for _, slot in sorted(brief.slots.items())
        ),
        agreement=tuple(
            AgreementRow(unit_id=unit, target=target.value, dice_permille=dice) for target, dice in brief.dice_permille
        ),
        readings=tuple(ReadingRow(sha256=reading, unit=unit) for reading in dict.fromkeys(handed_in)),
    )


def index_events(unit: str, events: Sequence[Event], new: Sequence[Event], policy: Policy) -> None:
    """Bring the rows of one unit to the state after `events`, of which `new` are not indexed yet."""
    rows = rows_of(unit, events, policy)
    if rows is None:
        return
    rows.unit.save(force_insert=len(events) == len(new))
    if rows.slots:
        SlotRow.objects.bulk_create(
            rows.slots, update_conflicts=True, unique_fields=_SLOT_KEY, update_fields=_SLOT_VALUES
        )
    kinds = {event.kind for event in new}
    if Kind.READINGS_COMPARED in kinds:
        AgreementRow.objects.filter(unit=unit).delete()
        AgreementRow.objects.bulk_create(rows.agreement)
    if Kind.READING_SUBMITTED in kinds:
        ReadingRow.objects.bulk_create(rows.readings, ignore_conflicts=True)


def _unit_row(brief: Brief, events: Sequence[Event]) -> UnitRow:
    case = UnitId.parse(brief.unit).case
    registered: UnitRegistered = next(e.payload for e in reversed(events) if e.kind is Kind.UNIT_REGISTERED)
    finals: list[FinalStored] = [event.payload for event in events if event.kind is Kind.FINAL_STORED]
    return UnitRow(
        code=brief.unit,
        case=case,
        site=case[_SITE],
        phase=brief.reached.value,
        is_over=brief.reached in OVER,
        first_at=events[0].at,
        last_at=brief.since,
        last_seq=brief.last_seq,
        reason=brief.excluded,
        study_date=registered.study_date,
        final=finals[-1].final if finals else None,
        barred=brief.barred,
        compared_at=brief.compared_at,
    )
