"""The fakes keep the ports' promises, and are what the ports ask for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from annotator_support import PVP, FakeKeeper, FakeScene, ManualClock, MemorySettings, ScriptedAsk, StepJobs, ball
from crc_core.contour.segment_key import SegmentKey
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.vocabulary import LesionClass, Target
from CRCAnnotatorLib.presenter import ports

GRID = Grid.from_spacing((4, 6, 8), (1.0, 1.0, 2.0))
KEY = SegmentKey(Target.PRIMARY, 1)


class Deaf:
    """A listener that only remembers."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> object:
        return lambda *_: self.heard.append(name)


def scene() -> FakeScene:
    made = FakeScene()
    made.add_image(PVP, Volume(np.zeros(GRID.shape_kji, np.int16), GRID), "PVP", None)
    made.begin_contours(PVP, "contours")
    made.ensure_segment(KEY, "Primary 1", LesionClass.TUMOUR)
    return made


def test_the_fakes_have_every_method_of_their_ports() -> None:
    pairs = [
        (FakeScene, ports.SceneGateway),
        (ScriptedAsk, ports.Ask),
        (StepJobs, ports.Jobs),
        (FakeKeeper, ports.Keeper),
        (ManualClock, ports.Clock),
        (MemorySettings, ports.Settings),
    ]
    for fake, port in pairs:
        wanted = {name for name in vars(port) if not name.startswith("_")}
        assert wanted <= set(dir(fake)), (fake, wanted - set(dir(fake)))


def test_a_segment_is_read_as_a_crop_and_an_undo_step_takes_it_back() -> None:
    made, listener = scene(), Deaf()
    made.listen(listener)  # type: ignore[arg-type]  # it hears everything
    assert made.read(KEY, GRID) is None
    made.draws(KEY, ball(GRID, (4, 3, 4), 1.5))
    assert listener.heard == ["tool_used", "segment_changed"]
    read = made.read(KEY, GRID)
    assert read is not None and read[1].any(axis=(1, 2)).all()
    made.undo_point()
    made.write(KEY, None, None, GRID)
    assert made.read(KEY, GRID) is None
    made.undo()
    back = made.read(KEY, GRID)
    assert back is not None and np.array_equal(back[1], read[1])
    assert listener.heard == ["tool_used", "segment_changed"], "calls of the presenter come back as no event"
    made.close_case()
    assert made.burden == 0


def test_timers_run_in_order_and_can_be_forgotten() -> None:
    clock = ManualClock()
    jobs, ran = StepJobs(clock), []
    jobs.later("b", 2, lambda: ran.append(("b", clock.monotonic())))
    jobs.later("a", 1, lambda: ran.append(("a", clock.monotonic())))
    jobs.every("tick", 1, lambda: ran.append(("tick", clock.monotonic())))
    jobs.later("never", 2, lambda: ran.append(("never", 0.0)))
    jobs.cancel("never")
    jobs.advance(2.5)
    assert ran == [("a", 1), ("tick", 1), ("b", 2), ("tick", 2)]
    assert clock.monotonic() == 2.5


def test_steps_can_be_held_and_their_failure_is_told() -> None:
    jobs, told = StepJobs(ManualClock()), []

    def steps() -> Iterator[ports.Step]:
        yield ports.Step("one", 1, 2)
        raise CrcError("store.no_final", unit="x")

    jobs.hold_steps = True
    jobs.steps("open", steps(), lambda: told.append("done"), told.append, told.append)
    assert told == []
    assert jobs.step("open")
    assert told == [ports.Step("one", 1, 2)]
    jobs.finish_steps("open")
    assert isinstance(told[-1], CrcError) and not jobs.names


def test_a_question_nobody_expects_fails_and_so_does_an_answer_nobody_offers() -> None:
    ask = ScriptedAsk()
    with pytest.raises(AssertionError, match="nobody expected"):
        ask.text("t", "w")
    ask.will("maybe")
    with pytest.raises(AssertionError, match="not offered"):
        ask.choose("t", "w", [ports.Choice("yes", "Yes")])


def test_a_keeper_can_wait_and_fail() -> None:
    keeper, told = FakeKeeper(), []
    keeper.on_saved(lambda label: told.append(label))
    keeper.on_failed(lambda label, error: told.append(error))
    keeper.hold = True
    keeper.save("unit", {"a": 1}, {})
    assert told == []
    keeper.finish()
    assert told == ["unit"]
    keeper.failure = CrcError("store.no_final", unit="x")
    keeper.hold = False
    keeper.save("unit", {"a": 2}, {})
    assert told[1] is keeper.failure and keeper.kept["unit"].document == {"a": 1}
