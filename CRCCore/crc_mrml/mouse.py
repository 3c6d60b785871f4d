"""What the left mouse button does in the views: with no tool in hand it changes the window, as readers are used to."""

from __future__ import annotations

from typing import Any

import slicer

from crc_mrml.observers import Observers


class Mouse:
    """Slicer's interaction mode while a case is open; what it was before is given back."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._before: int | None = None
        self._observers = Observers()

    def take(self, *, drawing: bool) -> None:
        """Leave the button to the tool in hand, or let it change the window."""
        node = self._node()
        if node is None:
            return
        if self._before is None:
            self._before = node.GetCurrentInteractionMode()
        node.SetCurrentInteractionMode(node.ViewTransform if drawing else node.AdjustWindowLevel)

    def take_after_placing(self) -> None:
        """A point was placed; Slicer ends its place mode a moment later, and only then is the button free."""
        node = self._node()
        if node is None:
            return
        if node.GetCurrentInteractionMode() != node.Place:
            self.take(drawing=False)
            return
        self._observers.clear()
        self._observers.add(node, slicer.vtkMRMLInteractionNode.InteractionModeChangedEvent, self._placed)

    def give_back(self) -> None:
        """Let the button do what it did before."""
        self._observers.clear()
        node = self._node()
        if node is not None and self._before is not None:
            node.SetCurrentInteractionMode(self._before)
        self._before = None

    def _placed(self, node: Any, _event: str) -> None:
        if node.GetCurrentInteractionMode() != node.Place:
            self._observers.clear()
            self.take(drawing=False)

    def _node(self) -> Any:
        return self._scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
