"""The nodes that are ours, so that a scene is left as it was found."""

from __future__ import annotations

from typing import Any


class Owned:
    """Adds nodes to a scene, knows them, and takes them out again with what Slicer hung on them.

    Our nodes are not saved with a scene: the reader's work has its own place.
    """

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._nodes: list[Any] = []

    @property
    def scene(self) -> Any:
        """The scene the nodes lie in."""
        return self._scene

    def add(self, class_name: str, name: str) -> Any:
        """A new node of ours."""
        node = self._scene.CreateNodeByClass(class_name)
        node.UnRegister(None)
        node.SetName(name)
        node.SetSaveWithScene(False)
        return self.take(self._scene.AddNode(node))

    def take(self, node: Any) -> Any:
        """A node that was made for us is ours from now on."""
        node.SetSaveWithScene(False)
        self._nodes.append(node)
        return node

    def __contains__(self, node: Any) -> bool:
        return any(node is own for own in self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def forget(self, node: Any) -> None:
        """Somebody else took a node of ours out."""
        self._nodes = [own for own in self._nodes if own is not node]

    def remove(self, node: Any) -> None:
        """Take a node of ours out of the scene, with its storage and the display nodes that are not ours otherwise."""
        self.forget(node)
        followers = _followers(node)
        for each in (node, *followers):
            if each not in self and self._scene.IsNodePresent(each):
                self._scene.RemoveNode(each)

    def remove_all(self) -> None:
        """Take all nodes of ours out, the last one first."""
        for node in reversed(self._nodes):
            self.remove(node)


def _followers(node: Any) -> list[Any]:
    found = []
    if node.IsA("vtkMRMLStorableNode"):
        found += [node.GetNthStorageNode(n) for n in range(node.GetNumberOfStorageNodes())]
    if node.IsA("vtkMRMLDisplayableNode"):
        found += [node.GetNthDisplayNode(n) for n in range(node.GetNumberOfDisplayNodes())]
    return [follower for follower in found if follower is not None]
