"""What the time is: handed to a store, so that tests can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives an aware time."""


def utc_now() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)
