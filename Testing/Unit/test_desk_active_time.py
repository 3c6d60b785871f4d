"""Active time: stretches between signs of life, idle ones left out."""

from __future__ import annotations

import itertools

import pytest
from crc_core.desk.active_time import ActiveTime, clock_text
from crc_core.desk.policy import desk_policy
from hypothesis import given
from hypothesis import strategies as st

LIMIT_S = 60.0
TIMES = st.lists(st.floats(0, 10_000, allow_nan=False), max_size=30).map(sorted)


@given(TIMES)
def test_what_counts_is_the_sum_of_the_short_stretches(times: list[float]) -> None:
    active = ActiveTime(LIMIT_S)
    for now in times:
        active = active.touched(now)
    short = [later - sooner for sooner, later in itertools.pairwise(times) if later - sooner <= LIMIT_S]
    assert active.seconds == pytest.approx(sum(short))


@given(TIMES, st.floats(0, 500))
def test_a_pause_counts_nothing_and_the_clock_never_goes_back(times: list[float], away: float) -> None:
    active, shown = ActiveTime(LIMIT_S, 100.0), 100.0
    for now in times:
        active = active.touched(now)
        assert active.seconds >= shown
        shown = active.seconds
    end = times[-1] if times else 0.0
    paused = active.paused(end)
    assert paused.seconds_at(end + away) == paused.seconds == pytest.approx(active.seconds)
    assert paused.touched(end + away).seconds == paused.seconds


def test_the_running_clock_shows_the_stretch_until_it_is_idle() -> None:
    active = ActiveTime(LIMIT_S).touched(1000.0)
    assert active.seconds_at(1059.0) == 59.0
    assert active.seconds_at(1061.0) == 0.0
    assert active.touched(1061.0).touched(1071.0).seconds == 10.0


def test_a_clock_that_was_set_back_takes_nothing_away() -> None:
    assert ActiveTime(LIMIT_S, 5.0).touched(1000.0).touched(990.0).seconds == 5.0


@pytest.mark.parametrize(("seconds", "shown"), [(0, "00:00"), (761.9, "12:41"), (3599, "59:59"), (3761, "1:02:41")])
def test_the_clock_as_it_is_read(seconds: float, shown: str) -> None:
    assert clock_text(seconds) == shown


def test_the_policy_keeps_its_promises() -> None:
    policy = desk_policy()
    assert 0 < policy.autosave_delay_s < policy.autosave_longest_s <= 30, "autosave within seconds"
    assert policy.idle_limit_s >= 30
