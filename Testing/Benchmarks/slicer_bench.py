"""Runs inside Slicer for `bench_slicer`: opens, draws, and times every call of ours that Slicer makes."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Slicer"))

import numpy as np
import slicer
import slicer_support as hand
from case_in_hand import VIEW, CaseInHand
from slicer_bench_panel import first_visit, ways

ASKED = json.loads(os.environ["CRC_BENCH"])
RADIUS_MM, STEP_MM = 28.0, 2.0


class Slots:
    """Times calls from outside; a call within a call is part of it. `pieces` are by name.

    Both the seconds that passed and those that the processor was at it: others may use the machine meanwhile.
    """

    def __init__(self) -> None:
        self.pieces: dict[str, list[tuple[float, float]]] = {}
        self.measuring = False
        self._inside = False

    def timed(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, timed where it comes from outside."""

        @functools.wraps(call, updated=())
        def run(*said: Any, **how: Any) -> Any:
            if self._inside or not self.measuring:
                return call(*said, **how)
            self._inside = True
            try:
                return self.took(name, call, *said, **how)
            finally:
                self._inside = False

        return run

    def took(self, name: str, call: Callable[..., Any], *said: Any, **how: Any) -> Any:
        """Call, and remember how long it took."""
        start, worked = time.perf_counter(), time.thread_time()
        try:
            return call(*said, **how)
        finally:
            took = (time.perf_counter() - start, time.thread_time() - worked)
            self.pieces.setdefault(name, []).append(took)

    def watch(self) -> None:
        """Time what VTK, timers, processes and the editor call of ours, from now on."""
        from crc_mrml.observers import Observers
        from crc_widgets import jobs
        from crc_widgets.activity import Activity
        from crc_widgets.editor_host import EditorHost
        from crc_widgets.keeper_client import KeeperClient
        from crc_widgets.process_job import ProcessJob

        for add in ("add", "add_with_object"):
            setattr(Observers, add, self._adding(getattr(Observers, add)))
        for owner, names in (
            (KeeperClient, ("_ready", "_finished")),
            (ProcessJob, ("_read", "_finished")),
            (EditorHost, ("_node_changed", "_parameter_changed")),
            (Activity, ("eventFilter",)),
        ):
            for name in names:
                if hasattr(owner, name):
                    setattr(owner, name, self.timed(f"{owner.__name__}.{name}", getattr(owner, name)))
        made = jobs._Later.__init__
        slots = self

        def make(timer: Any, parent: Any, seconds: float, call: Any, once: Any) -> None:
            made(timer, parent, seconds, slots.timed(f"timer: {_name(call)}", call), once)

        jobs._Later.__init__ = make
        finish = jobs._Steps._finish

        def finished(steps: Any, call: Any) -> None:
            if slots.measuring:
                slots.took(f"of these, the end of {_name(steps._steps)}", finish, steps, call)
            else:
                finish(steps, call)

        jobs._Steps._finish = finished

    def _adding(self, add: Callable[..., Any]) -> Callable[..., Any]:
        def added(observers: Any, subject: Any, event: Any, call: Any, **how: Any) -> Any:
            return add(observers, subject, event, self.timed(f"event: {_name(call)}", call), **how)

        return added

    def table(self) -> list[dict[str, Any]]:
        """Every slot, the one with the longest call first."""
        rows = [
            {
                "slot": name,
                "calls": len(found),
                "median_s": round(median(passed for passed, _ in found), 4),
                "longest_s": round(max(passed for passed, _ in found), 4),
                "longest_processor_s": round(max(worked for _, worked in found), 4),
                "all_processor_s": round(sum(worked for _, worked in found), 3),
                "over_100_ms": sum(passed > 0.1 for passed, _ in found),
                "over_100_ms_of_processor": sum(worked > 0.1 for _, worked in found),
            }
            for name, found in self.pieces.items()
        ]
        return sorted(rows, key=lambda row: -row["longest_processor_s"])


def _name(call: Any) -> str:
    if isinstance(call, functools.partial):
        return _name(call.func)
    steps = getattr(getattr(call, "__self__", None), "_steps", None)
    if getattr(call, "__name__", "") == "_step" and steps is not None:
        return f"a step of {_name(steps)}"
    return getattr(call, "__qualname__", type(call).__name__).replace(".<locals>", "")


class Watch:
    """Seconds since it was made: passed, and of the processor."""

    def __init__(self) -> None:
        self._passed, self._worked = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Both."""
        return time.perf_counter() - self._passed, time.process_time() - self._worked


def theirs(number: int) -> tuple[float, float]:
    """Slicer's DICOM module: import into an empty database, then load."""
    from DICOMLib import DICOMUtils

    watch = Watch()
    with DICOMUtils.TemporaryDICOMDatabase(str(Path(ASKED["scratch"]) / f"database{number}")) as database:
        for folder in ASKED["dicom"]:
            DICOMUtils.importDicom(folder, database)
        loaded = [node for patient in database.patients() for node in DICOMUtils.loadPatientByUID(patient)]
        slicer.app.processEvents()
        seconds = watch.read()
    if not loaded:
        raise RuntimeError("Slicer's DICOM module loaded nothing")
    slicer.mrmlScene.Clear(0)
    hand.settle(0.5)
    return seconds


def ours(unit: str) -> tuple[tuple[float, float], CaseInHand]:
    """The panel: from pressing for opening until the case is shown."""
    case = CaseInHand(ASKED["store"], unit, ASKED["reader"])
    case.enter()
    case.person.go_to("case")
    case.person.session.annotator.cases.select(unit)
    button = case.person.control("case.open")
    watch = Watch()
    button.click()
    hand.wait_until(case.is_open, "the case opens", 120)
    return watch.read(), case


def draw(case: CaseInHand) -> None:
    """Outlines, strokes, scrolling and rubbing out, with pauses in which checks and autosave come."""
    person = case.person
    if person.state.step.value == "check":
        person.press("check.confirm")
    case.to_contour()
    person.press("contour.tool.draw")
    angles = np.linspace(0, 2 * np.pi, 40)
    for number in range(ASKED["sections"]):
        z = STEP_MM * (number - ASKED["sections"] / 2)
        radius = np.sqrt(max(RADIUS_MM**2 - z**2, 25.0))
        line = [(radius * np.cos(angle), radius * np.sin(angle), z) for angle in angles]
        hand.show_slice(VIEW, line[0])
        hand.stroke(VIEW, line, close=True)
        if number % 4 == 3:
            hand.settle(1.2)
    person.press("contour.tool.draw")
    person.idle()
    if person.state.contour.can_fill_between:
        person.press("contour.fill_between")
        person.idle()
    for tool in ("paint", "erase"):
        person.press(f"contour.tool.{tool}")
        for number in range(ASKED["sections"]):
            place = (-20.0 + 2.0 * number, 24.0, STEP_MM * (number - ASKED["sections"] / 2))
            hand.show_slice(VIEW, place)
            hand.stroke(VIEW, [place, (place[0] + 9.0, place[1], place[2])])
            scroll(3)
            if number % 5 == 4:
                hand.settle(1.5)
        person.press(f"contour.tool.{tool}")
    person.idle()


def scroll(times: int) -> None:
    """Turn the wheel over the leading view."""
    interactor = hand.slice_widget(VIEW).sliceView().interactor()
    for _ in range(times):
        interactor.InvokeEvent("MouseWheelForwardEvent")
        slicer.app.processEvents()


def ratio(opening: dict[str, list[tuple[float, float]]], which: int) -> float:
    """How much less time ours takes, both at their best."""
    best = {name: min(found[which] for found in runs) for name, runs in opening.items()}
    return round(best["slicer_dicom_module"] / best["ours"], 2)


def main() -> None:
    """Measure, and write what was found."""
    hand.fill_the_screen()
    visit = first_visit()
    slots = Slots()
    slots.watch()
    opening: dict[str, list[tuple[float, float]]] = {"ours": [], "slicer_dicom_module": []}
    case = None
    for number, unit in enumerate(ASKED["units"]):
        if case is not None:
            case.close()
        opening["slicer_dicom_module"].append(theirs(number))
        slots.measuring = True
        seconds, case = ours(unit)
        slots.measuring = False
        opening["ours"].append(seconds)
    while_opening, slots.pieces = slots.table(), {}
    panel = ways(case)
    slots.measuring = True
    draw(case)
    slots.measuring = False
    answer = {
        "opening_s": {name: [round(passed, 3) for passed, _ in found] for name, found in opening.items()},
        "opening_processor_s": {name: [round(worked, 3) for _, worked in found] for name, found in opening.items()},
        "opening_ratio": ratio(opening, 0),
        "opening_processor_ratio": ratio(opening, 1),
        "first_visit": visit,
        "slots_of_the_panel": panel,
        "slots_while_opening": while_opening,
        "slots_while_drawing": slots.table(),
    }
    case.close()
    Path(ASKED["answer"]).write_text(json.dumps(answer, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    finally:
        slicer.util.exit(0)
