"""Lines of lists, as one person may see them: of a work list, and of the progress of all units.

They say what `project` would say of the same things, without the rest: a list has thousands of lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crc_core.vocabulary import PersonRole, Target
from crc_core.workflow.brief import Brief
from crc_core.workflow.context import Person
from crc_core.workflow.gates import Glance, may_know
from crc_core.workflow.project import is_blind, phase_shown, slots_shown
from crc_core.workflow.views import Phase, SlotPhase, WorkItem

AUDITORS = frozenset({PersonRole.ADMINISTRATOR, PersonRole.DATA_MANAGER})
"""Who may see the chain, unless they read a unit blind."""


@dataclass(frozen=True)
class ReaderSlot:
    """One reader's slot in a unit; `active_seconds` as the reading told, None where it did not."""

    reader: str
    round: int
    phase: SlotPhase
    assigned_at: datetime
    submitted_at: datetime | None
    active_seconds: float | None


@dataclass(frozen=True)
class UnitLine:
    """One unit; `slots` are empty for viewers who may not know who reads."""

    unit: str
    site: str
    phase: Phase
    since: datetime
    barred: bool
    slots: tuple[ReaderSlot, ...]
    dice_permille: tuple[tuple[Target, int], ...]
    compared_at: datetime | None


@dataclass(frozen=True)
class UnitLines:
    """Lines of many units by code; with readers, agreement and times only for who may see the chain."""

    lines: tuple[UnitLine, ...]
    shows_readers: bool


def work_item(glance: Glance) -> WorkItem | None:
    """The unit's line in the person's work list; None where it has none.

    Own work waits in the order in which it was given out, everything else since its last event.
    """
    if not may_know(glance):
        return None
    state, blind, viewer = glance.state, is_blind(glance), glance.person.id
    shown = slots_shown(glance, blind) if glance.own_slots and not state.withdrawn else ()
    slot = next((item for item in reversed(shown) if item.reader == viewer), None)
    since = state.since if slot is None else max(own.assigned_at for own in glance.own_slots)
    if since is None:
        raise ValueError(f"{state.unit} has no events")
    return WorkItem(state.unit, phase_shown(glance, blind), slot, since, state.excluded)


def unit_line(glance: Glance, *, sees_readers: bool) -> UnitLine | None:
    """The unit's line in the progress of all; None where the person may not know of the unit."""
    item, state = work_item(glance), glance.state
    if item is None:
        return None
    site = item.unit.split("-")[1]
    if not sees_readers or not isinstance(state, Brief):
        return UnitLine(item.unit, site, item.phase, item.since, False, (), (), None)
    return UnitLine(
        unit=item.unit,
        site=site,
        phase=item.phase,
        since=item.since,
        barred=state.barred is not None,
        slots=tuple(
            ReaderSlot(slot.reader, slot.round, slot.phase, slot.assigned_at, slot.submitted_at, slot.active_seconds)
            for _, slot in sorted(state.slots.items())
        ),
        dice_permille=state.dice_permille,
        compared_at=state.compared_at,
    )


def may_audit(person: Person | None) -> bool:
    """Whether the person has an office that sees the chain."""
    return person is not None and bool(person.roles & AUDITORS)
