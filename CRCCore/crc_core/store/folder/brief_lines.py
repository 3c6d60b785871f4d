"""Briefs as short lists of JSON, for a cache that holds thousands of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crc_core.files.records import time_text
from crc_core.vocabulary import Target
from crc_core.workflow.brief import Brief, slots_by_place
from crc_core.workflow.state import Slot
from crc_core.workflow.views import Phase, SlotPhase


def line_of(brief: Brief) -> list[Any]:
    """The list a brief is kept as."""
    return [
        brief.unit,
        brief.reached.value,
        brief.last_seq,
        _text(brief.since),
        brief.barred,
        brief.excluded,
        brief.withdrawn,
        [_slot_line(slot) for _, slot in sorted(brief.slots.items())],
        [[target.value, dice] for target, dice in brief.dice_permille],
        _text(brief.compared_at),
    ]


def brief_in(line: list[Any]) -> Brief:
    """The brief in a list; raises ValueError, TypeError or KeyError for a list that is none."""
    unit, reached, last_seq, since, barred, excluded, withdrawn, slots, dice, compared_at = line
    return Brief(
        unit=unit,
        slots=slots_by_place([_slot_in(item) for item in slots]),
        barred=barred,
        excluded=excluded,
        withdrawn=withdrawn,
        since=_time(since),
        reached=Phase(reached),
        last_seq=last_seq,
        dice_permille=tuple((Target(target), permille) for target, permille in dice),
        compared_at=_time(compared_at),
    )


def _slot_line(slot: Slot) -> list[Any]:
    return [
        slot.reader,
        slot.round,
        slot.phase.value,
        time_text(slot.assigned_at),
        slot.reading,
        _text(slot.submitted_at),
        slot.question,
        slot.active_seconds,
    ]


def _slot_in(line: list[Any]) -> Slot:
    reader, number, phase, assigned_at, reading, submitted_at, question, seconds = line
    given = datetime.fromisoformat(assigned_at)
    return Slot(reader, number, SlotPhase(phase), given, reading, _time(submitted_at), question, seconds)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else time_text(moment)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
