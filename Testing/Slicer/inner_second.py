"""Inside Slicer: holds a case open (`CRC_PART` first), or is the second program that would like to open it (second)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import slicer_support as hand
from case_in_hand import CaseInHand
from small_store import MIDDLE
from told import run, tell, told_masks

UPPER = (MIDDLE[0], MIDDLE[1], MIDDLE[2] + 9.0)


def first() -> None:
    """Open the case, draw, wait until the other program has tried, draw on, and close it in good order."""
    case = CaseInHand(os.environ["CRC_STORE"], os.environ["CRC_UNIT"])
    case.open()
    case.paint(MIDDLE)
    case.safe()
    tell("drawn", masks=told_masks(case.drawn()))
    hand.wait_until(Path(os.environ["CRC_GO_ON"]).exists, "the other program has tried", 300)
    case.paint(UPPER)
    case.safe()
    tell("drawn_on", masks=told_masks(case.drawn()), kept=told_masks(case.kept()))
    case.close()
    tell("closed")


def second() -> None:
    """Try to open the case; then draw in another one."""
    case = CaseInHand(os.environ["CRC_STORE"], os.environ["CRC_UNIT"])
    case.enter()
    case.choose()
    case.person.wait(lambda: case.person.state.message is not None, "something is said")
    tell(
        "refused",
        said=case.said(),
        meant=case.say("desk.open_elsewhere", unit=case.unit),
        is_open=case.person.state.header is not None,
    )
    case.person.session.annotator.dismiss_message()
    other = CaseInHand(os.environ["CRC_STORE"], os.environ["CRC_OTHER"])
    other.open()
    other.paint(MIDDLE)
    other.safe()
    tell("drawn", masks=told_masks(other.drawn()), kept=told_masks(other.kept()))
    other.close()


if __name__ == "__main__":
    run(first if os.environ["CRC_PART"] == "first" else second)
