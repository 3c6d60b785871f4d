"""How long the reader is at work on the open case, idle stretches left out; a clock in the panel's head."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.desk.active_time import ActiveTime, clock_text
from crc_core.desk.policy import desk_policy

from CRCAnnotatorLib.presenter.hub import Hub

_TICK = "active time"
_TICK_S = 1.0


class Timing:
    """The active time of the open case; ticks only while a case is open and the module is in front."""

    def __init__(self, hub: Hub, tick: Callable[[], None]) -> None:
        self._hub = hub
        self._tick = tick
        self._active = ActiveTime(desk_policy().idle_limit_s)

    @property
    def seconds(self) -> float:
        """The active seconds so far."""
        return self._active.seconds_at(self._hub.kit.clock.monotonic())

    @property
    def words(self) -> str:
        """The active time as it is shown."""
        return clock_text(self.seconds)

    def begin(self, seconds: float) -> None:
        """A case is open on which so many seconds were spent before."""
        self._active = ActiveTime(desk_policy().idle_limit_s, seconds)
        self.resume()

    def resume(self) -> None:
        """The reader is back at the open case."""
        self.touched()
        self._hub.kit.jobs.every(_TICK, _TICK_S, self._tick)

    def touched(self) -> None:
        """A sign of life."""
        self._active = self._active.touched(self._hub.kit.clock.monotonic())

    def pause(self) -> None:
        """The reader is elsewhere, or the case is closed."""
        self._hub.kit.jobs.cancel(_TICK)
        self._active = self._active.paused(self._hub.kit.clock.monotonic())
