"""A reader's hand for the annotator in a real Slicer: presses its controls, draws lesions of the synthetic patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np
import qt
import slicer
import slicer_support as hand
from slicer_support import Place


class Annotator(hand.PanelHand):
    """The panel as a person meets it; `state` is what it shows."""

    def __init__(self) -> None:
        hand.fill_the_screen()
        slicer.util.selectModule("CRCAnnotator")
        self._widget = slicer.modules.crcannotator.widgetRepresentation().self()
        hand.wait_until(lambda: self._widget.session is not None, "the panel is built")
        hand.settle(0.3)

    @property
    def session(self) -> Any:
        """Presenter, scene and view of the panel."""
        return self._widget.session

    @property
    def state(self) -> Any:
        """What the panel shows."""
        return self.session.annotator.hub.state

    def open_sample(self) -> str:
        """Press for the sample case and wait until it is open; its unit."""
        name = "case.first_sample" if not self.state.store.is_open else "case.sample"
        before = "" if self.state.header is None else self.state.header.unit
        if before:
            self.go_to("case")
        self.press(name)
        self.wait(lambda: self._is_open(before), "the sample case opens", 300)
        return self.state.header.unit

    def with_case(self) -> str:
        """Make sure that a case is open; its unit."""
        return self.open_sample() if self.state.header is None else self.state.header.unit

    def close_case(self) -> None:
        """Close the open case, if there is one; what was done in it is let go."""
        if self.state.header is not None:
            self.idle()
            with answering_all("discard"):
                self.session.annotator.cases.close_case()
                self.wait(lambda: self.state.header is None, "the case is closed")
        hand.settle(0.3)

    def _is_open(self, before: str) -> bool:
        header, message = self.state.header, self.state.message
        if message is not None and message.level == "error":
            raise AssertionError(message.words)
        return header is not None and header.unit != before and self.state.busy is None

    def go_to(self, step: str) -> None:
        """Press one of the five steps."""
        self.press(f"head.step.{step}")
        self.wait(lambda: self.state.step.value == step, f"the step {step}")

    def idle(self) -> None:
        """Wait until the checks are through and the work is safe."""
        self.wait(lambda: self.state.contour is None or not self.state.contour.checking, "the checks end")
        self.wait(lambda: self.state.header.saved.value in ("saved", "nothing"), "the work is safe")


@contextmanager
def answering(*names: str, words: str = "") -> Iterator[list[str]]:
    """Answer the dialogs that come up, in their order, by pressing `crc.ask.<name>`; `words` are written first.

    The names that were pressed are given; a dialog that never comes is an AssertionError.
    """
    waiting, pressed = list(names), []
    timer = qt.QTimer()
    timer.setInterval(50)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        if dialog is None or not waiting:
            return
        button = dialog.findChild("QObject", f"crc.ask.{waiting[0]}")
        if button is None or not button.isVisible():
            return
        text = dialog.findChild("QObject", "crc.ask.text")
        if text is not None and words:
            text.setPlainText(words)
        pressed.append(waiting.pop(0))
        button.click()

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield pressed
        hand.wait_until(lambda: not waiting, f"a dialog with {waiting}")
    finally:
        timer.stop()


@contextmanager
def answering_all(name: str) -> Iterator[None]:
    """Answer whatever is asked meanwhile by pressing `crc.ask.<name>`; nothing needs to be asked."""
    timer = qt.QTimer()
    timer.setInterval(50)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        button = None if dialog is None else dialog.findChild("QObject", f"crc.ask.{name}")
        if button is not None and button.isVisible():
            button.click()

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield
    finally:
        timer.stop()


@lru_cache(maxsize=1)
def patient(seed: int, faults: tuple[Any, ...], time_point: int = 0) -> Any:
    """The synthetic patient of a sample case, with its truth."""
    from crc_core.phantom import build_phantom
    from crc_core.phantom.model import PhantomSize

    return build_phantom(seed, size=PhantomSize.SAMPLE, faults=faults, time_point=time_point)


def outline(inside: Any, grid: Any, k: int, points: int = 48) -> list[Place]:
    """A closed line around a section of a lesion, as RAS points; for sections that are seen whole from their middle."""
    rows, columns = np.nonzero(inside[k])
    middle = np.array([rows.mean(), columns.mean()])
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    offsets = np.stack([rows, columns], axis=1) - middle
    reach, around = np.hypot(*offsets.T), np.arctan2(offsets[:, 0], offsets[:, 1])
    places = []
    for angle in angles:
        near = np.abs(np.angle(np.exp(1j * (around - angle)))) < np.pi / points * 2
        radius = reach[near].max() if near.any() else 0.5
        j, i = middle + radius * np.array([np.sin(angle), np.cos(angle)])
        ras = grid.ijk_to_ras @ np.array([i, j, k, 1.0])
        places.append((float(ras[0]), float(ras[1]), float(ras[2])))
    return [*places, places[0]]


def draw_sections(view: str, inside: Any, grid: Any, slices: Sequence[int]) -> None:
    """Draw around a lesion on some slices with the tool in hand: go there, drag around it, close the line."""
    for k in slices:
        line = outline(inside, grid, k)
        hand.show_slice(view, line[0])
        hand.stroke(view, line, close=True)


def erase_sections(view: str, inside: Any, kept: Any, grid: Any, slices: Sequence[int], brush_mm: float) -> None:
    """Rub something out with the brush in hand: to and fro over it, never nearer than half a brush to what is kept."""
    for k in slices:
        line = rubbing(inside[k], kept[k], grid, k, brush_mm)
        if len(line) > 1:
            hand.show_slice(view, line[0])
            hand.stroke(view, line)


def rubbing(inside: Any, kept: Any, grid: Any, k: int, brush_mm: float) -> list[Place]:
    """A line to and fro over a section, as RAS points: a brush of this size covers it and spares what is kept."""
    from scipy.ndimage import distance_transform_edt

    across, down, _ = grid.spacing_ijk_mm
    free = inside & (distance_transform_edt(~kept, sampling=(down, across)) >= brush_mm / 2)
    step = max(1, int(brush_mm / 2 / down))
    places = []
    for number, j in enumerate(np.flatnonzero(free.any(axis=1))[::step]):
        columns = np.flatnonzero(free[j])
        ends = (columns[0], columns[-1]) if number % 2 == 0 else (columns[-1], columns[0])
        for i in np.linspace(*ends, 6):
            ras = grid.ijk_to_ras @ np.array([i, j, k, 1.0])
            places.append((float(ras[0]), float(ras[1]), float(ras[2])))
    return places
