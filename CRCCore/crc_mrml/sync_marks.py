"""Sync points of the open case, numbered, on the CT and on the MRI; and the placing of a new one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import slicer
from crc_core.contour.results import Point
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import SyncPair

from crc_mrml.images import Images, is_mri
from crc_mrml.marking import SYNC_COLOUR, add_markups, put_points, show_only_in
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned

_GLYPH_SCALE = 2.4

Placed = Callable[[ImageKey, Point], None]
Views = Callable[[Callable[[ImageKey], bool]], Sequence[Any]]


class SyncMarks:
    """Two lists of points, of which each is seen on its own kind of image; points of the MRI move with it.

    `views` gives the views that show such an image.
    """

    def __init__(self, owned: Owned, images: Images, observers: Observers, quiet: Quiet, views: Views) -> None:
        self._owned, self._images, self._observers, self._quiet, self._views = owned, images, observers, quiet, views
        self._ct: Any = None
        self._mri: Any = None

    def show(self, pairs: Sequence[SyncPair]) -> None:
        """Show these pairs and no others."""
        with self._quiet():
            self._ct = self._put(self._ct, "CRC sync CT", [pair.ct_ras for pair in pairs], None)
            self._mri = self._put(self._mri, "CRC sync MRI", [pair.mri_ras for pair in pairs], self._images.transform)
        self.refresh()

    def refresh(self) -> None:
        """Views show other images now, or the MRI was moved."""
        if self._ct is not None:
            show_only_in(self._ct.GetDisplayNode(), self._views(_is_ct))
        if self._mri is not None:
            moved = self._images.transform
            self._mri.SetAndObserveTransformNodeID(None if moved is None else moved.GetID())
            show_only_in(self._mri.GetDisplayNode(), self._views(_is_own_mri))

    def forget(self, node: Any) -> None:
        """A list was taken out by somebody else; it comes back when pairs are shown again."""
        if node in (self._ct, self._mri):
            self._owned.forget(node)
            self._ct = None if node is self._ct else self._ct
            self._mri = None if node is self._mri else self._mri

    def forget_all(self) -> None:
        """The scene no longer holds any point."""
        self._ct = self._mri = None

    def _put(self, node: Any, name: str, points: Sequence[Point], transform: Any) -> Any:
        if not points:
            if node is not None:
                self._owned.remove(node)
            return None
        if node is None:
            node = add_markups(self._owned, "vtkMRMLMarkupsFiducialNode", name, SYNC_COLOUR)
            node.GetDisplayNode().SetGlyphType(node.GetDisplayNode().ThickCross2D)
            node.GetDisplayNode().SetGlyphScale(_GLYPH_SCALE)
            node.SetLocked(True)
        node.SetAndObserveTransformNodeID(None)
        put_points(node, points)
        node.SetAndObserveTransformNodeID(None if transform is None else transform.GetID())
        for number in range(len(points)):
            node.SetNthControlPointLabel(number, str(number + 1))
        return node


class Placing:
    """Lets a person place one point on an image, and gives the mouse back."""

    def __init__(self, owned: Owned, observers: Observers, quiet: Quiet, views: Views, on_place: Placed) -> None:
        self._owned, self._observers, self._quiet = owned, observers, quiet
        self._views, self._on_place = views, on_place
        self._node: Any = None
        self._image: ImageKey | None = None

    def begin(self, image: ImageKey, images: Images) -> None:
        """The next click in a view that shows this image places the point."""
        self.end()
        found = images.need(image)
        with self._quiet():
            self._node = add_markups(self._owned, "vtkMRMLMarkupsFiducialNode", "CRC place", SYNC_COLOUR)
            self._node.GetDisplayNode().SetPointLabelsVisibility(False)
            show_only_in(self._node.GetDisplayNode(), self._views(lambda key: key == image))
            moved = found.node.GetParentTransformNode()
            self._node.SetAndObserveTransformNodeID(None if moved is None else moved.GetID())
        self._image = image
        self._observers.add(self._node, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._placed)
        selection, interaction = _modes(self._owned.scene)
        if selection is None or interaction is None:
            return
        selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
        selection.SetReferenceActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(False)
        interaction.SetCurrentInteractionMode(interaction.Place)

    def end(self) -> None:
        """Place nothing any more."""
        if self._node is None:
            return
        node, self._node, self._image = self._node, None, None
        self._observers.drop(node)
        _, interaction = _modes(self._owned.scene)
        if interaction is not None and interaction.GetCurrentInteractionMode() == interaction.Place:
            interaction.SetCurrentInteractionMode(interaction.ViewTransform)
        with self._quiet():
            self._owned.remove(node)

    def forget(self, node: Any) -> None:
        """The point's node was taken out by somebody else."""
        if node is self._node:
            self._observers.drop(node)
            self._owned.forget(node)
            self._node = self._image = None

    def forget_all(self) -> None:
        """The scene no longer holds the point."""
        self._node = self._image = None

    def _placed(self, *_: object) -> None:
        if self._quiet or self._node is None or self._image is None:
            return
        place = [0.0, 0.0, 0.0]
        self._node.GetNthControlPointPosition(self._node.GetNumberOfControlPoints() - 1, place)
        # Slicer is still inside its click; the node goes when the next point is asked for, or with the case.
        self._observers.drop(self._node)
        self._node.GetDisplayNode().SetVisibility(False)
        self._on_place(self._image, (place[0], place[1], place[2]))


def _is_ct(key: ImageKey) -> bool:
    return not is_mri(key) and not key.is_prior


def _is_own_mri(key: ImageKey) -> bool:
    return is_mri(key) and not key.is_prior


def _modes(scene: Any) -> tuple[Any, Any]:
    """The nodes that say what the mouse does."""
    selection = scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    interaction = scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    return selection, interaction
