"""Inside Slicer: opens a case, or takes what is offered after a kill, and draws until the program is killed."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import slicer_support as hand
from case_in_hand import CaseInHand, asked
from small_store import MIDDLE
from told import run, tell, told_masks

SLICES, ROWS = 14, 4


def script() -> None:
    """Tell `open` with what is there, then `stroke` with everything drawn after each one."""
    place, unit = os.environ["CRC_STORE"], os.environ["CRC_UNIT"]
    if os.environ.get("CRC_AGAIN"):
        with asked("go_on") as words:
            case = CaseInHand(place, unit)
        case.person.wait(case.is_open, "the case is offered back and opens")
        tell("offered", words=words)
    else:
        case = CaseInHand(place, unit)
        case.open()
    case.person.session.annotator.hub.kit.jobs.every("told", 0.01, Saving(case).look)
    tell("open", masks=told_masks(case.drawn()))
    case.to_contour()
    draw(case)


def draw(case: CaseInHand) -> None:
    """Strokes in bursts with pauses of any length, at ever other places."""
    chance, number = random.Random(), 0
    while True:
        for _ in range(chance.randint(1, 4)):
            layer, row = divmod(chance.randrange(SLICES * ROWS), ROWS)
            case.paint((MIDDLE[0] - 12.0 + chance.random() * 12, MIDDLE[1] - 12.0 + 8.0 * row, 3.0 * (layer - 7)))
            number += 1
            tell("stroke", number=number, masks=told_masks(case.drawn()))
        hand.settle(chance.random() * 4.0)


class Saving:
    """Tells when autosave begins and when it is done."""

    def __init__(self, case: CaseInHand) -> None:
        self._case, self._before = case, ""

    def look(self) -> None:
        """Tell what changed since the last look."""
        header = self._case.person.state.header
        now = "" if header is None else header.saved.value
        if now != self._before:
            self._before = now
            tell("save", state=now)


if __name__ == "__main__":
    run(script)
