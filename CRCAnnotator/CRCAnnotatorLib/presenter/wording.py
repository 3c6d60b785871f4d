"""Times as a person reads them: in the machine's own zone, without what goes without saying."""

from __future__ import annotations

from datetime import datetime


def day_words(at: datetime) -> str:
    """The day of a moment, e.g. `2026-03-07`."""
    return at.astimezone().strftime("%Y-%m-%d")


def time_words(at: datetime, now: datetime, *, seconds: bool = False) -> str:
    """The time of day of a moment; with the day where that is not today."""
    local, today = at.astimezone(), now.astimezone().date()
    clock = local.strftime("%H:%M:%S" if seconds else "%H:%M")
    return clock if local.date() == today else f"{local:%Y-%m-%d} {clock}"
