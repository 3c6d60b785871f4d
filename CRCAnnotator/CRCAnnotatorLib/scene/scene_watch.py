"""What happens to the scene as a whole: it is closed, or a node is taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from crc_mrml.observers import Observers


class SceneWatch:
    """Observes the scene while a case is open."""

    def __init__(
        self,
        scene: Any,
        closing: Callable[[], None],
        closed: Callable[[], None],
        removed: Callable[[Any], None],
    ) -> None:
        self._scene, self._closing, self._closed, self._removed = scene, closing, closed, removed
        self._observers = Observers()

    def start(self) -> None:
        """Observe from now on."""
        if len(self._observers):
            return
        events = slicer.vtkMRMLScene
        self._observers.add(self._scene, events.StartCloseEvent, lambda *_: self._closing(), first=True)
        self._observers.add(self._scene, events.EndCloseEvent, lambda *_: self._closed())
        self._observers.add_with_object(self._scene, events.NodeRemovedEvent, self._node)

    def stop(self) -> None:
        """Observe no longer."""
        self._observers.clear()

    def _node(self, scene: Any, _event: str, node: Any) -> None:
        if not scene.IsClosing():
            self._removed(node)
