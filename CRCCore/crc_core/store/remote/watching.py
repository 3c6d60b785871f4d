"""How far a transfer has come, and the wish to stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crc_core.errors import CrcError


def _never() -> bool:
    return False


def _silent(done_bytes: int, total_bytes: int) -> None:
    pass


@dataclass
class Watch:
    """Counts bytes and asks after each piece whether to stop; not shared between transfers."""

    on_progress: Callable[[int, int], None] = _silent
    is_cancelled: Callable[[], bool] = _never
    total_bytes: int = 0
    done_bytes: int = field(default=0, init=False)

    def begin(self, total_bytes: int) -> None:
        """A transfer of so many bytes begins."""
        self.total_bytes, self.done_bytes = total_bytes, 0
        self.on_progress(0, total_bytes)

    def moved(self, count: int) -> None:
        """So many bytes more are over; raises CrcError where the person wants to stop."""
        self.done_bytes += count
        self.under_way(0)

    def under_way(self, count: int) -> None:
        """So many bytes more have left but are not acknowledged; raises CrcError where the person wants to stop."""
        self.on_progress(self.done_bytes + count, self.total_bytes)
        if self.is_cancelled():
            raise CrcError("remote.cancelled")
