"""Whether an intent may happen now, and what happens then; pure, asked by every store on its newest state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crc_core.workflow.context import Context
from crc_core.workflow.events import Draft, Event
from crc_core.workflow.intents import Intent, Refusal


def decide(events: Sequence[Event], context: Context, intent: Intent, now: datetime) -> tuple[Draft, ...] | Refusal:
    """The events that `intent` brings about, or why it may not: `events` are those of the intent's unit."""
    raise NotImplementedError
