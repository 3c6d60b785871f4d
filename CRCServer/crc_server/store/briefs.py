"""Briefs out of the index: what its rows say of where units stand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crc_core.vocabulary import Target
from crc_core.workflow.brief import Brief, slots_by_place
from crc_core.workflow.state import Slot
from crc_core.workflow.views import Phase, SlotPhase
from django.db.models import QuerySet

from crc_server.models import AgreementRow, SlotRow, UnitRow

UNIT_FIELDS = ("code", "phase", "last_at", "last_seq", "reason", "barred", "compared_at")
SLOT_FIELDS = ("reader", "round", "phase", "assigned_at", "reading", "submitted_at", "question", "active_seconds")

_MOST_NAMED = 200
"""Of more units the database is asked by the same question again: naming each takes longer."""


def briefs_of(units: QuerySet[UnitRow]) -> dict[str, Brief]:
    """The briefs of some units, in three queries."""
    rows = list(units.values_list(*UNIT_FIELDS))
    wanted = units.values("code") if len(rows) > _MOST_NAMED else [row[0] for row in rows]
    slots: dict[str, list[Slot]] = {}
    for unit, *values in SlotRow.objects.filter(unit__in=wanted).values_list("unit_id", *SLOT_FIELDS):
        slots.setdefault(unit, []).append(slot_in(values))
    dice: dict[str, list[tuple[Target, int]]] = {}
    agreement = AgreementRow.objects.filter(unit__in=wanted).order_by("pk")
    for unit, target, permille in agreement.values_list("unit_id", "target", "dice_permille"):
        dice.setdefault(unit, []).append((Target(target), permille))
    return {row[0]: brief_in(row, slots.get(row[0], ()), dice.get(row[0], ())) for row in rows}


def brief_in(row: Iterable[Any], slots: Iterable[Slot], dice: Iterable[tuple[Target, int]] = ()) -> Brief:
    """The brief in a row of `UNIT_FIELDS`."""
    code, phase, last_at, last_seq, reason, barred, compared_at = row
    reached = Phase(phase)
    return Brief(
        unit=code,
        slots=slots_by_place(sorted(slots, key=lambda slot: (slot.reader, slot.round))),
        barred=barred,
        excluded=reason,
        withdrawn=reached is Phase.WITHDRAWN,
        since=last_at,
        reached=reached,
        last_seq=last_seq,
        dice_permille=tuple(dice),
        compared_at=compared_at,
    )


def slot_in(row: Iterable[Any]) -> Slot:
    """The slot in a row of `SLOT_FIELDS`."""
    reader, number, phase, assigned_at, reading, submitted_at, question, seconds = row
    return Slot(reader, number, SlotPhase(phase), assigned_at, reading, submitted_at, question, seconds)
