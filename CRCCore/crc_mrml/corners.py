"""The text in the corners of the views, and the value under the mouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import slicer
from crc_core.desk.arrangement import ImageKey

from crc_mrml.annotation import marks_of, value_at
from crc_mrml.images import Images
from crc_mrml.observers import Observers
from crc_mrml.panes import Panes, View
from crc_mrml.parts import Screen


class Corners:
    """Writes which image a view shows, where it is, its window, and the value under the mouse."""

    def __init__(self, scene: Any, screen: Screen, images: Images, panes: Panes) -> None:
        self._scene, self._screen, self._images, self._panes = scene, screen, images, panes
        self._observers = Observers()
        self._under: View | None = None
        self._value = ""
        self._words: dict[ImageKey, str] = {}

    def label(self, words: Mapping[ImageKey, str]) -> None:
        """Call the images this from now on; one without words is called as its node."""
        self._words = dict(words)
        self.refresh()

    def start(self) -> None:
        """Follow the mouse from now on."""
        crosshair = self._scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if crosshair is not None and not len(self._observers):
            self._observers.add(crosshair, slicer.vtkMRMLCrosshairNode.CursorPositionModifiedEvent, self._moved)

    def stop(self) -> None:
        """Follow the mouse no longer."""
        self._observers.clear()
        self._under, self._value = None, ""

    def refresh(self) -> None:
        """Write all views anew."""
        for view in self._panes.views:
            self.update(view)

    def update(self, view: View) -> None:
        """Write one view anew."""
        image = self._images.get(view.image)
        if image is None:
            return
        grid = self._panes.grid_of(view)
        value = self._value if view is self._under else ""
        name = self._words.get(view.image) or image.node.GetName()
        self._screen.write(view.node, marks_of(name, grid, view.seen, self._images.window(view.image), value))

    def _moved(self, crosshair: Any, _event: str) -> None:
        ras, xyz = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
        node = crosshair.GetCursorPositionXYZ(xyz)
        inside = crosshair.GetCursorPositionRAS(ras)
        view = next((view for view in self._panes.views if node is view.node), None) if inside else None
        before, self._under = self._under, view
        image = None if view is None else self._images.get(view.image)
        if view is not None and image is not None:
            self._value = value_at(image.volume.array, self._panes.grid_of(view), ras)
            self.update(view)
        if before is not None and before is not view:
            self.update(before)
