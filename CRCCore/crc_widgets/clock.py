"""The time of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class MachineClock:
    """The time of day in UTC, and seconds that never go back."""

    def now(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()
