"""The numbers of the reader's desk, a versioned file in `crc_core/data`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crc_core.files.packaged import packaged_record


@dataclass(frozen=True)
class DeskPolicy:
    """The data file `desk_policy.json`; times in seconds, `kept_days` in days.

    `idle_limit_s` ends the counting of active time. Contours are checked `check_delay_s` after the last stroke. Work is
    saved `autosave_delay_s` after the last change, and at the latest `autosave_longest_s` after the first. Kept work
    that nobody opened for `kept_days` is pointed out. A server is looked at every `server_look_s`, while it is away
    every `server_away_look_s`; what it has is listed in the outbox for `outbox_sent_hours`.
    """

    version: str
    source: str
    idle_limit_s: int
    check_delay_s: float
    autosave_delay_s: int
    autosave_longest_s: int
    kept_days: int
    server_look_s: int
    server_away_look_s: int
    outbox_sent_hours: int


@cache
def desk_policy() -> DeskPolicy:
    """The numbers as shipped with this version."""
    return packaged_record(DeskPolicy, "desk_policy.json")
