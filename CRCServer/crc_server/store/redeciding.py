"""Every decision of the chain asked of the rules again: unit by unit, so that the chain is never held whole."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter

from crc_core.store.folder.check_chain import intent_of, is_decided
from crc_core.workflow.context import Context, Policy, build_context
from crc_core.workflow.events import Event
from crc_core.workflow.store_rules import units_named

from crc_server.models import EventRow
from crc_server.store.chain import event_in
from crc_server.store.reindexing import events_by_unit


def first_forged(policy: Policy) -> int | None:
    """The number of an event that the rules would not have made; None where they would have made every one."""
    rows = EventRow.objects.filter(unit=None).order_by("seq")
    wide = [event_in(row) for row in rows]
    # What the store-wide events before each of them add up to, and after the last.
    contexts = [build_context(wide[:place], policy) for place in range(len(wide) + 1)]
    for place, event in enumerate(wide):
        if not is_decided(event, _known(event, wide[:place], contexts[place]), contexts[place]):
            return event.seq
    numbers = [event.seq for event in wide]
    for _, events in events_by_unit():
        for place, event in enumerate(events):
            if not is_decided(event, events[:place], contexts[bisect_left(numbers, event.seq)]):
                return event.seq
    return None


def _known(event: Event, wide: Sequence[Event], context: Context) -> Sequence[Event]:
    """What a store-wide event was decided on: the store-wide ones before it, and those of the units it speaks of."""
    named = units_named(intent_of(event), context)
    rows = EventRow.objects.filter(unit__in=named, seq__lt=event.seq)
    return sorted((*wide, *(event_in(row) for row in rows)), key=attrgetter("seq"))
