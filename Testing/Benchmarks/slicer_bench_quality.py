"""Runs inside Slicer for `bench_slicer_quality`: opens cases both ways, then times what a senior presses."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import slicer
from slicer_bench import ASKED, Slots, Watch, ratio, theirs

import slicer_support as hand  # isort: skip  the folder is found by what stands above
from quality_hand import Senior  # isort: skip

PRESSED = (
    "adjudication.next_region",
    "adjudication.fill",
    "adjudication.take.primary:A1+B1.union",
    "adjudication.result",
    "adjudication.views.phases",
    "adjudication.views.planes",
    "adjudication.take.primary:A1+B1.edited",
    "edit.tool.erase",
    "edit.drop",
)
"""Buttons in the order in which they are pressed; the ones of the views come with a second series."""


def theirs_with_masks(number: int) -> tuple[float, float]:
    """Slicer's DICOM module, and both masks as segmentations."""
    watch = Watch()
    theirs(number)
    for path in ASKED["masks"]:
        slicer.util.loadSegmentation(path)
    slicer.app.processEvents()
    seconds = watch.read()
    slicer.mrmlScene.Clear(0)
    hand.settle(0.5)
    return seconds


def ours(senior: Senior, unit: str) -> tuple[float, float]:
    """From pressing the button until both readings lie over the images."""
    row = next(place for place, item in enumerate(senior.state.adjudication.queue) if item.unit == unit)
    senior.control("adjudication.queue").selectRow(row)
    button = senior.control("adjudication.open")
    watch = Watch()
    button.click()
    shown = "the case is shown"
    senior.wait(lambda: senior.case is not None and senior.case.unit == unit and senior.state.busy is None, shown, 300)
    slicer.app.processEvents()
    return watch.read()


def pressing(senior: Senior) -> dict[str, dict[str, float]]:
    """What each button takes, what is drawn at once included."""
    found: dict[str, dict[str, float]] = {}
    several = len(ASKED["dicom"]) > 1
    for name in (name for name in PRESSED if several or ".views." not in name):
        button = senior.control(name)
        if not button.isVisible() or not button.isEnabled():
            raise RuntimeError(f"{name} cannot be pressed")
        passed, worked = timed(button.click)
        found[name] = {"passed_s": round(passed, 3), "processor_s": round(worked, 3)}
        hand.settle(0.3)
    return found


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Of a call, and of what is drawn after it."""
    watch = Watch()
    call()
    slicer.app.processEvents()
    return watch.read()


def main() -> None:
    """Measure, and write what was found."""
    hand.fill_the_screen()
    senior = Senior()
    slots = Slots()
    slots.watch()
    senior.quality.open_store(ASKED["store"])
    senior.work_as(ASKED["senior"])
    opening: dict[str, list[tuple[float, float]]] = {"ours": [], "slicer_dicom_module": []}
    for number, unit in enumerate(ASKED["units"]):
        opening["slicer_dicom_module"].append(theirs_with_masks(number))
        slots.measuring = True
        opening["ours"].append(ours(senior, unit))
        slots.measuring = False
        if unit != ASKED["units"][-1]:
            senior.quality.adjudication.close()
            hand.settle(0.3)
    answer = {
        "opening_s": {name: [round(passed, 3) for passed, _ in found] for name, found in opening.items()},
        "opening_processor_s": {name: [round(worked, 3) for _, worked in found] for name, found in opening.items()},
        "opening_ratio": ratio(opening, 0),
        "opening_processor_ratio": ratio(opening, 1),
        "slots_while_opening": slots.table(),
        "pressed": pressing(senior),
    }
    senior.quality.shut_down()
    Path(ASKED["answer"]).write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    finally:
        slicer.util.exit(0)
