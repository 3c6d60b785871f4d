"""Density samples of the open case: a cross to drag and a ring around what is measured, on their own phase alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from crc_core.contour.results import Point
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.marks import SampleKey, SampleMark

from crc_mrml.images import Images
from crc_mrml.marking import SAMPLE_COLOUR, add_markups, point_of, put_points, show_only_in
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned

_RING_SIDES = 48
_RING_PIXELS = 2
_SAME_MM = 0.01

Moved = Callable[[SampleKey, Point], None]
ViewsOf = Callable[[ImageKey], Sequence[Any]]


class _Group:
    """All samples of one image: one node of points, one of rings."""

    def __init__(self, points: Any, rings: Any) -> None:
        self.points, self.rings = points, rings
        self.marks: tuple[SampleMark, ...] = ()


class SampleMarks:
    """The samples by image; `views_of` says which views show an image."""

    def __init__(
        self, owned: Owned, images: Images, observers: Observers, quiet: Quiet, on_move: Moved, views_of: ViewsOf
    ) -> None:
        self._owned, self._images, self._observers, self._quiet = owned, images, observers, quiet
        self._on_move, self._views_of = on_move, views_of
        self._groups: dict[ImageKey, _Group] = {}

    def show(self, marks: Sequence[SampleMark]) -> None:
        """Show these samples and no others; raises CrcError for a sample of an image that is not there."""
        wanted: dict[ImageKey, list[SampleMark]] = {}
        for mark in marks:
            self._images.need(mark.key.image)
            wanted.setdefault(mark.key.image, []).append(mark)
        with self._quiet():
            for key in [key for key in self._groups if key not in wanted]:
                self._remove(key)
            for key, own in wanted.items():
                group = self._groups.get(key) or self._add(key)
                group.marks = tuple(own)
                put_points(group.points, [mark.sample.centre_ras for mark in own])
                for number, mark in enumerate(own):
                    group.points.SetNthControlPointLabel(number, mark.words)
                self._draw_rings(key)
        self.refresh()

    def refresh(self) -> None:
        """Views show other images now."""
        for key, group in self._groups.items():
            for node in (group.points, group.rings):
                show_only_in(node.GetDisplayNode(), self._views_of(key))

    def forget(self, node: Any) -> None:
        """A node was taken out by somebody else; the samples of its image come back when they are shown again."""
        for key in [key for key, group in self._groups.items() if node in (group.points, group.rings)]:
            self._owned.forget(node)
            self._remove(key)

    def forget_all(self) -> None:
        """The scene no longer holds any sample."""
        self._groups = {}

    def _add(self, key: ImageKey) -> _Group:
        name = f"CRC {key.role.value}"
        points = add_markups(self._owned, "vtkMRMLMarkupsFiducialNode", name, SAMPLE_COLOUR)
        points.GetDisplayNode().SetGlyphType(points.GetDisplayNode().Cross2D)
        points.SetFixedNumberOfControlPoints(True)
        rings = self._owned.add("vtkMRMLModelNode", f"{name} rings")
        display = self._owned.add("vtkMRMLModelDisplayNode", f"{name} rings display")
        display.SetColor(*SAMPLE_COLOUR)
        display.SetVisibility2D(True)
        display.SetSliceIntersectionThickness(_RING_PIXELS)
        display.SetVisibility(False)
        rings.SetAndObserveDisplayNodeID(display.GetID())
        rings.SetSelectable(False)
        self._groups[key] = _Group(points, rings)
        events = slicer.vtkMRMLMarkupsNode
        self._observers.add(points, events.PointModifiedEvent, lambda *_: self._moving(key))
        self._observers.add(points, events.PointEndInteractionEvent, lambda *_: self._let_go(key))
        return self._groups[key]

    def _remove(self, key: ImageKey) -> None:
        group = self._groups.pop(key)
        self._observers.drop(group.points)
        self._owned.remove(group.points)
        self._owned.remove(group.rings)

    def _draw_rings(self, key: ImageKey) -> None:
        """A flat drum for each sample, as thick as a slice, so that only its own slice cuts a ring out of it."""
        group, grid = self._groups[key], self._images.need(key).volume.grid
        append = vtk.vtkAppendPolyData()
        for number, mark in enumerate(group.marks):
            drum = vtk.vtkCylinderSource()
            drum.SetRadius(mark.sample.radius_mm)
            drum.SetHeight(0.98 * grid.spacing_kji_mm[0])
            drum.SetResolution(_RING_SIDES)
            drum.CappingOff()
            turned = vtk.vtkTransformPolyDataFilter()
            turned.SetTransform(_upright(np.array(point_of(group.points, number)), grid.directions))
            turned.SetInputConnection(drum.GetOutputPort())
            append.AddInputConnection(turned.GetOutputPort())
        append.Update()
        group.rings.SetAndObservePolyData(append.GetOutput())

    def _moving(self, key: ImageKey) -> None:
        if not self._quiet and key in self._groups:
            self._draw_rings(key)

    def _let_go(self, key: ImageKey) -> None:
        if self._quiet or key not in self._groups:
            return
        for number, mark in enumerate(self._groups[key].marks):
            place = point_of(self._groups[key].points, number)
            if np.abs(np.subtract(place, mark.sample.centre_ras)).max() > _SAME_MM:
                self._on_move(mark.key, place)


def _upright(centre: np.ndarray, directions: np.ndarray) -> Any:
    """What turns VTK's cylinder (along y) along the slice axis of an image and brings it to a point."""
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = directions[:, 0], directions[:, 2], directions[:, 1]
    matrix[:3, 3] = centre
    transform = vtk.vtkTransform()
    transform.SetMatrix(matrix.ravel().tolist())
    return transform
