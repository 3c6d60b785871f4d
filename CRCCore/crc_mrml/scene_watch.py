"""What happens to the scene as a whole: it is closed, or a node is taken out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from crc_mrml.observers import Observers


class SceneWatch:
    """Observes the scene while a case is open; `going` is told before a node goes, `gone` afterwards."""

    def __init__(
        self,
        scene: Any,
        closing: Callable[[], None],
        closed: Callable[[], None],
        going: Callable[[Any], None],
        gone: Callable[[Any], None],
    ) -> None:
        self._scene, self._closing, self._closed, self._going, self._gone = scene, closing, closed, going, gone
        self._observers = Observers()

    def start(self) -> None:
        """Observe from now on."""
        if len(self._observers):
            return
        events = slicer.vtkMRMLScene
        self._observers.add(self._scene, events.StartCloseEvent, lambda *_: self._closing(), first=True)
        self._observers.add(self._scene, events.EndCloseEvent, lambda *_: self._closed())
        self._observers.add_with_object(self._scene, events.NodeAboutToBeRemovedEvent, self._node_going, first=True)
        self._observers.add_with_object(self._scene, events.NodeRemovedEvent, self._node_gone)

    def stop(self) -> None:
        """Observe no longer."""
        self._observers.clear()

    def _node_going(self, scene: Any, _event: str, node: Any) -> None:
        if not scene.IsClosing():
            self._going(node)

    def _node_gone(self, scene: Any, _event: str, node: Any) -> None:
        if not scene.IsClosing():
            self._gone(node)
