"""All that is ours in the scene while a unit is on the desk, and how it goes again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from crc_core.contour.inspection import Window
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_mrml.contours import Contours
from crc_mrml.corners import Corners
from crc_mrml.following import Space, space_of
from crc_mrml.images import Images
from crc_mrml.layers import Layers
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned
from crc_mrml.panes import Panes
from crc_mrml.parts import Screen
from crc_mrml.volumes import let_voxels_go


class Contents:
    """Images, views, layers and the contour that is edited; `changed(key)` tells of one that a person drew in."""

    def __init__(self, scene: Any, screen: Screen, quiet: Quiet, changed: Callable[[SegmentKey], None]) -> None:
        self._screen, self._observers, self._owned = screen, Observers(), Owned(scene)
        self.images = Images(self._owned, self._observers, quiet, self._window_changed)
        self.panes = Panes(self.images, self._observers, quiet, lambda _: None, self._view_changed, screen.later)
        self.corners = Corners(scene, screen, self.images, self.panes)
        self.layers = Layers(self._owned, quiet)
        self.contours = Contours(self._owned, self.images, self._observers, quiet, changed)

    def __contains__(self, node: Any) -> bool:
        return node in self._owned

    def arrange(self, arrangement: Arrangement) -> None:
        """Put the views up and let them show their images."""
        self.panes.arrange(arrangement, self._screen.show(arrangement).slices)
        self.spread()

    def spread(self) -> None:
        """Let contours be seen where they lie in the space of the CT, and nowhere else."""
        views = self.panes.showing(lambda key: space_of(key) is Space.CT)
        self.layers.show_in(views)
        self.contours.show_in(views)

    def end_edit(self) -> None:
        """Take out what was edited."""
        for node in self.contours.nodes:
            display = node.GetDisplayNode()
            self.contours.forget(node)
            self._owned.remove(node)
            self._owned.remove(display)
        self.contours.forget_all()

    def deafen(self) -> None:
        """Hear no event any more."""
        self.corners.stop()
        self.panes.clear()
        self._observers.clear()

    def take_out(self) -> None:
        """Take everything of ours out of the scene."""
        self.deafen()
        self.images.empty()
        self._owned.remove_all()
        self._forget_all()
        let_voxels_go()

    def forget(self) -> None:
        """The scene was cleared under us."""
        self.deafen()
        self._owned.remove_all()
        self._forget_all()

    def forget_node(self, node: Any) -> bool:
        """Somebody else took a node of ours out; whether the case cannot go on without it."""
        key = self.images.key_of(node)
        if key is not None:
            self.images.forget(key)
            return True
        if node in self.contours.nodes:
            self.contours.forget(node)
            return True
        if node in self.layers:
            self.layers.forget(node)
        self._owned.forget(node)
        return False

    def _forget_all(self) -> None:
        self.layers.forget_all()
        self.contours.forget_all()
        self.images.forget_all()

    def _window_changed(self, _keys: Sequence[ImageKey], _window: Window) -> None:
        self.corners.refresh()

    def _view_changed(self, view: Any) -> None:
        self.corners.update(view)
