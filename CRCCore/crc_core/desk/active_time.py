"""How long a person was at work on a case: time between signs of life, idle stretches left out."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ActiveTime:
    """Active seconds so far; `last_s` is the last sign of life on a clock that never goes back, None while paused.

    A stretch between two signs of life counts in full up to `idle_limit_s` (see `desk_policy`), and not at all beyond.
    """

    idle_limit_s: float
    seconds: float = 0.0
    last_s: float | None = None

    def touched(self, now_s: float) -> ActiveTime:
        """After a sign of life at `now_s`: mouse, key, scrolling, a change of the work."""
        return replace(self, seconds=self.seconds_at(now_s), last_s=now_s)

    def paused(self, now_s: float | None = None) -> ActiveTime:
        """After leaving the case, at `now_s` where that is given; nothing counts until the next sign of life."""
        return replace(self, seconds=self.seconds if now_s is None else self.seconds_at(now_s), last_s=None)

    def seconds_at(self, now_s: float) -> float:
        """The active seconds as a running clock shows them at `now_s`."""
        if self.last_s is None:
            return self.seconds
        stretch = now_s - self.last_s
        return self.seconds + stretch if 0 < stretch <= self.idle_limit_s else self.seconds


def clock_text(seconds: float) -> str:
    """Active seconds as they are shown: `12:41`, from one hour on `1:02:41`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
