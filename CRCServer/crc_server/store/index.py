"""The index of the chain: what a unit is looked up by, written with its events and made anew from them at will."""

from __future__ import annotations

from collections.abc import Sequence

from crc_core.identity import UnitId
from crc_core.store.ruled import OVER
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.state import fold

from crc_server.models import ReadingRow, SlotRow, UnitRow

_SITE = slice(4, 6)


def index_events(unit: str, events: Sequence[Event], new: Sequence[Event], policy: Policy) -> None:
    """Bring the rows of one unit to the state after `events`, of which `new` are not indexed yet."""
    state = fold(unit, events)
    UnitRow.objects.update_or_create(
        code=unit,
        defaults={
            "case": UnitId.parse(unit).case,
            "site": UnitId.parse(unit).case[_SITE],
            "phase": state.phase(policy).value,
            "is_over": state.phase(policy) in OVER,
            "first_at": events[0].at,
            "last_at": events[-1].at,
            "last_seq": events[-1].seq,
            "reason": state.excluded,
            "study_date": None if state.registered is None else state.registered.study_date,
            "final": state.finals[-1].record.final if state.finals else None,
        },
    )
    for event in new:
        if event.kind is Kind.READING_ASSIGNED:
            SlotRow.objects.get_or_create(unit_id=unit, reader=event.payload.reader, round=event.payload.round)
        elif event.kind is Kind.READING_SUBMITTED:
            ReadingRow.objects.get_or_create(sha256=event.payload.reading, defaults={"unit": unit})
