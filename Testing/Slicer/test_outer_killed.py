"""Slicer killed while a reader draws, and two Slicers at once: driven from outside, work compared voxel by voxel."""

from __future__ import annotations

import os
import random
import time
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crc_core.desk.policy import desk_policy
from slicer_process import Line, SlicerProcess
from small_store import SmallStore

KILLS = int(os.environ.get("CRC_KILLS") or 3)
DRAWS_AT_MOST_S = 25.0
WRITTEN_WITHIN_S = 3.0
"""How long a save may take that was begun in time, on a busy machine."""


class Outer(unittest.TestCase):
    """A store and an account of their own for every test."""

    def setUp(self) -> None:
        folder = TemporaryDirectory(dir=os.environ.get("CRC_TEST_FOLDER"))
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name) / "账户 home"
        self.home.mkdir()
        self.small = SmallStore(Path(folder.name) / "数据库")

    def slicer(self, script: str, told: str, unit: str, **words: str) -> SlicerProcess:
        """A Slicer of this account."""
        made = SlicerProcess(script, self.home, self.home / told, CRC_STORE=self.small.place, CRC_UNIT=unit, **words)
        self.addCleanup(made.stop)
        return made

    def test_killed_at_any_moment_the_work_is_offered_back(self) -> None:
        unit, chance = self.small.add(), random.Random()
        told: list[Line] = []
        killed_at = 0.0
        for number in range(KILLS + 1):
            slicer = self.slicer("inner_draw.py", "told.txt", unit, **({"CRC_AGAIN": "1"} if number else {}))
            opened = slicer.wait(lambda lines: found(lines, "open"), "the case is open")
            if number:
                self.assertIn(unit, found(slicer.lines(), "offered")["words"][0])
                self.is_what_was_drawn(opened["masks"], told, killed_at)
            if number == KILLS:
                slicer.kill()
                return
            slicer.wait(lambda lines: safe(lines), "something is kept")
            self.until_some_moment(slicer, chance)
            slicer.kill()
            killed_at, told = time.time(), slicer.lines()

    def until_some_moment(self, slicer: SlicerProcess, chance: random.Random) -> None:
        """Wait for any moment, every other time for one at which a save is on its way."""
        time.sleep(chance.random() * DRAWS_AT_MOST_S)
        if chance.random() < 0.5:
            count = len(slicer.lines())
            slicer.wait(lambda lines: [line for line in lines[count:] if line.get("state") == "saving"], "a save")
            time.sleep(chance.random() * 0.1)

    def is_what_was_drawn(self, masks: Any, told: list[Line], killed_at: float) -> None:
        """What is offered back was drawn, whole, and no longer ago than the promised seconds."""
        states = [line for line in told if line["event"] in ("open", "stroke")]
        ages = [killed_at - line["at"] for line in states if line["masks"] == masks]
        self.assertTrue(ages, "what is offered back was never on the screen")
        after = states.index(next(line for line in reversed(states) if line["masks"] == masks)) + 1
        promised_s = desk_policy().autosave_longest_s + WRITTEN_WITHIN_S
        lost_s = killed_at - states[after]["at"] if after < len(states) else 0.0
        self.assertLessEqual(lost_s, promised_s, "more is lost than promised")

    def test_a_second_slicer_on_the_same_case_is_told_and_mixes_nothing_up(self) -> None:
        unit, other, go_on = self.small.add(), self.small.add(), self.home / "go on"
        first = self.slicer("inner_second.py", "first.txt", unit, CRC_PART="first", CRC_GO_ON=str(go_on))
        drawn = first.wait(lambda lines: found(lines, "drawn"), "the first program draws")
        second = self.slicer("inner_second.py", "second.txt", unit, CRC_PART="second", CRC_OTHER=other)
        self.assertEqual(second.end(), 0, second.lines())
        refused, elsewhere = (found(second.lines(), event) for event in ("refused", "drawn"))
        self.assertEqual(refused["said"][0], "error")
        self.assertTrue(refused["said"][1].startswith(refused["meant"]), refused)
        self.assertFalse(refused["is_open"])
        self.assertTrue(elsewhere["masks"] and elsewhere["masks"] == elsewhere["kept"])
        go_on.touch()
        self.assertEqual(first.end(), 0, first.lines())
        later = found(first.lines(), "drawn_on")
        self.assertNotEqual(later["masks"], drawn["masks"])
        self.assertEqual(later["masks"], later["kept"])


def found(lines: list[Line], event: str) -> Line | None:
    """The first line of an event."""
    return next((line for line in lines if line["event"] == event), None)


def safe(lines: list[Line]) -> bool:
    """Whether a stroke was kept."""
    events = [line.get("state", line["event"]) for line in lines]
    return "stroke" in events and "saved" in events[events.index("stroke") :]


if __name__ == "__main__":
    unittest.main(verbosity=2)
