"""A unit as it was at a moment: what its events said then, to who may know it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from crc_core.workflow.context import Context
from crc_core.workflow.events import Event
from crc_core.workflow.gates import Situation, may_know
from crc_core.workflow.intents import Refusal
from crc_core.workflow.project import is_blind, view_of
from crc_core.workflow.state import fold
from crc_core.workflow.views import UnitView


def project_at(
    events: Sequence[Event], context: Context, viewer: str, now: datetime, moment: datetime
) -> UnitView | Refusal | None:
    """The unit as the viewer, with the rights they have `now`, would have met it at `moment`; nothing to be done there.

    `events` are those of one unit, `context` is today's. None where the viewer may not know the unit now. A refusal for
    who reads it and is blind (a past without their slot would show what the present hides), and where there was nothing
    of the unit to be known yet. What consent was withdrawn for since stays hidden.
    """
    unit = next((event.unit for event in events if event.unit is not None), None)
    person = context.person(viewer)
    if unit is None or person is None:
        return None
    today = Situation(fold(unit, events), context, person, now)
    if not may_know(today):
        return None
    if is_blind(today):
        return Refusal.because("workflow.moment_blind", unit=unit)
    past = fold(unit, [event for event in events if event.at <= moment])
    then = Situation(past, context, person, now)
    if moment > now or not may_know(then):
        return Refusal.because("workflow.moment_unknown", unit=unit)
    hidden = replace(then, state=replace(past, withdrawn=today.state.withdrawn))
    return replace(view_of(hidden), phase=view_of(then).phase, may=frozenset())
