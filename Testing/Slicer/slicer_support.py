"""Hands and eyes for tests inside Slicer: find a control by its name, press it, draw in a view, wait, look."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
import vtk

PATIENCE_S = 60.0
Place = tuple[float, float, float]
"""A point in RAS millimetres."""


def folder() -> Path:
    """The folder of this run, below a path with Chinese letters and a space."""
    return Path(os.environ.get("CRC_TEST_FOLDER") or slicer.app.temporaryPath)


def settle(seconds: float = 0.1) -> None:
    """Let Slicer handle what waits, for at least `seconds`."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        slicer.app.processEvents()
        time.sleep(0.005)
    # A script runs inside the loop; what waits for its deletion goes only between two turns of that loop, or here.
    qt.QCoreApplication.sendPostedEvents(None, qt.QEvent.DeferredDelete)


def wait_until(holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait for something to hold and return it; AssertionError that names `what` after `patience_s`."""
    ends = time.monotonic() + patience_s
    while time.monotonic() < ends:
        slicer.app.processEvents()
        found = holds()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"waited {patience_s:.0f} s in vain: {what}")


def control(root: Any, name: str) -> Any:
    """The control of that object name, the one that is seen where an old one waits to be deleted.

    Raises AssertionError where there is none.
    """
    found = [*root.findChildren("QWidget", name), *slicer.util.mainWindow().findChildren("QWidget", name)]
    if not found:
        raise AssertionError(f"there is no control {name}")
    return next((widget for widget in found if widget.isVisible()), found[0])


def press(root: Any, name: str) -> None:
    """Press a button as a mouse would: once it is seen and enabled."""

    def ready() -> Any:
        button = control(root, name)
        return button if button.isVisible() and button.isEnabled() else None

    wait_until(ready, f"{name} is seen and enabled", 20.0).click()
    settle()


def type_words(widget: Any, words: str) -> None:
    """Type into an entry that has its words marked, key by key."""
    widget.setFocus()
    widget.selectAll()
    for letter in words:
        for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
            qt.QCoreApplication.sendEvent(widget, qt.QKeyEvent(kind, 0, qt.Qt.NoModifier, letter))
    settle()


def slice_widget(name: str) -> Any:
    """The slice view of that name."""
    return slicer.app.layoutManager().sliceWidget(name)


def seen_views() -> tuple[str, ...]:
    """The names of the slice views of ours that are seen."""
    manager = slicer.app.layoutManager()
    return tuple(name for name in manager.sliceViewNames() if name.startswith("CRC") and slice_widget(name).visible)


def shown_in(name: str) -> str:
    """The ID of the volume that a slice view shows."""
    return slice_widget(name).sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID() or ""


def place_on_view(name: str, ras: Place) -> tuple[int, int]:
    """Where a point in RAS lies in a slice view, in pixels from its lower left corner."""
    matrix = slice_widget(name).sliceLogic().GetSliceNode().GetXYToRAS()
    inverse = vtk.vtkMatrix4x4()
    vtk.vtkMatrix4x4.Invert(matrix, inverse)
    x, y, _, _ = inverse.MultiplyPoint((*ras, 1.0))
    return round(x), round(y)


def show_slice(name: str, ras: Place) -> None:
    """Scroll a slice view to a place, as the wheel would, without moving it sideways."""
    node = slice_widget(name).sliceLogic().GetSliceNode()
    node.JumpSliceByOffsetting(*ras)
    settle()


def stroke(name: str, points: list[Place], *, close: bool = False) -> None:
    """Press the left button at the first RAS point, drag over the others, let go: through the view's interactor.

    `close` presses the right button afterwards, which ends an outline.
    """
    interactor = slice_widget(name).sliceView().interactor()
    places = [place_on_view(name, point) for point in points]
    interactor.SetEventInformation(*places[0], 0, 0)
    interactor.InvokeEvent("EnterEvent")
    interactor.InvokeEvent("MouseMoveEvent")
    interactor.InvokeEvent("LeftButtonPressEvent")
    for place in places[1:]:
        interactor.SetEventInformation(*place, 0, 0)
        interactor.InvokeEvent("MouseMoveEvent")
        slicer.app.processEvents()
    interactor.InvokeEvent("LeftButtonReleaseEvent")
    if close:
        interactor.InvokeEvent("RightButtonPressEvent")
        interactor.InvokeEvent("RightButtonReleaseEvent")
    settle()


def picture(path: Path) -> Path:
    """The main window as it is now, as a PNG."""
    settle(0.5)
    slicer.util.mainWindow().grab().save(str(path))
    return path


def keep_picture(name: str) -> None:
    """Where the run is asked for pictures (`CRC_PICTURES`), the window as it is now; else nothing."""
    wanted = os.environ.get("CRC_PICTURES")
    if wanted:
        place = Path(wanted) / f"{name}-{slicer.util.mainWindow().width}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        picture(place)


def fill_the_screen() -> None:
    """Give the main window all of the screen; without a window manager nobody else does."""
    room = qt.QApplication.screens()[0].geometry
    if slicer.util.mainWindow().size != room.size():
        resize_window(room.width(), room.height())


def resize_window(width: int, height: int) -> None:
    """Give the main window a size."""
    window = slicer.util.mainWindow()
    window.showNormal()
    window.move(qt.QPoint(0, 0))
    window.resize(width, height)
    settle(0.5)


class PanelHand:
    """A panel of ours as a person meets it.

    Who inherits gives `session` (presenter, scene and view) and `state` (what the panel shows).
    """

    session: Any
    state: Any

    @property
    def root(self) -> Any:
        """The panel's own widget."""
        return self.session.window.panel.widget

    def press(self, name: str) -> None:
        """Press one of its buttons."""
        press(self.root, f"crc.{name}")

    def control(self, name: str) -> Any:
        """One of its controls."""
        return control(self.root, f"crc.{name}")

    def wait(self, holds: Any, what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until something holds; the message in the foot is told where it never does."""
        try:
            wait_until(holds, what, patience_s)
        except AssertionError as error:
            raise AssertionError(f"{error}; message: {self.state.message}; busy: {self.state.busy}") from error
