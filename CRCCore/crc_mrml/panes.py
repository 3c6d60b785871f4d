"""The slice views of a layout: which image each shows, where it is, and how views move together.

Slicer's own linking passes rotated views over and copies the images shown, so views follow each other here: those that
cut the patient alike keep to one place and zoom together. A view of another patient space keeps its distance, or is led
by the sync points. Views stand on slices of their own image, never between two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import slicer
import vtk
from crc_core.contour.results import Point
from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.marks import SyncPair
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from numpy.typing import NDArray

from crc_mrml.following import Mapping, Space, space_of
from crc_mrml.geometry import array_of
from crc_mrml.images import Images
from crc_mrml.observers import Observers, Quiet
from crc_mrml.slices import (
    Pose,
    axes_across,
    axes_of,
    centre_of,
    fitted,
    holds,
    moved_grid,
    native_axes,
    pose_of,
    put_pose,
    snapped,
    thickness_mm,
)

_SAME_MM = 1e-4
_SAME_ZOOM = 1e-4
COMPARING = (LayoutKind.PHASES, LayoutKind.PRIOR)
"""Layouts in which the same place is compared: every view starts as large as the leading one."""

_PLANES = (Orientation.AXIAL, Orientation.CORONAL, Orientation.SAGITTAL)

SliceChanged = Callable[[Point], None]


@dataclass(frozen=True)
class Zoom:
    """How much a view shows: the whole image, or so many millimetres on its shorter side."""

    extent_mm: float | None = None


@dataclass(eq=False)
class View:
    """One slice view in use: what it shows and where it was last seen.

    `grid` is the image's own, known also when the image was taken out by somebody else. `wanted` is the place it
    follows, which may lie between two of its slices.
    """

    pane: Pane
    node: Any
    composite: Any
    image: ImageKey
    grid: Grid
    zoom: Zoom
    wanted: NDArray[np.float64]
    seen: Pose
    size: tuple[int, int]

    @property
    def plane(self) -> Orientation:
        """The plane of the patient it cuts nearest to; an oblique view is alone."""
        if self.pane.orientation is Orientation.OBLIQUE:
            return Orientation.OBLIQUE
        return max(_PLANES, key=lambda plane: abs(float(axes_of(plane)[:, 2] @ self.seen.normal)))


class Panes:
    """All slice views of the layout in use, the leading one first.

    `on_slice` is told where a person scrolled the leading view to, `on_view` of every view that shows something else;
    `later(call)` calls once what is going on has ended.
    """

    def __init__(
        self,
        images: Images,
        observers: Observers,
        quiet: Quiet,
        on_slice: SliceChanged,
        on_view: Callable[[View], None],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._images, self._observers, self._quiet = images, observers, quiet
        self._on_slice, self._on_view, self._later = on_slice, on_view, later
        self._views: list[View] = []
        self._zooms: dict[str, Zoom] = {}
        self._oblique = axes_of(Orientation.OBLIQUE)
        self._mapping = Mapping()
        self._linked = True

    @property
    def views(self) -> tuple[View, ...]:
        """The views in use."""
        return tuple(self._views)

    def view(self, pane: str) -> View:
        """A view by its name; raises CrcError where it is not shown."""
        found = next((view for view in self._views if view.pane.name == pane), None)
        if found is None:
            raise CrcError("mrml.no_pane", name=pane)
        return found

    def arrange(self, arrangement: Arrangement, nodes: Sequence[Any]) -> None:
        """Let these slice nodes show the panes; the place is kept, and the zoom of a pane that was there before."""
        images = [self._images.need(pane.image) for pane in arrangement.panes]
        place = self.position()
        lead = self._views[0].zoom if self._views else Zoom()
        alike = arrangement.kind in COMPARING and self._linked
        self._let_go()
        with self._quiet():
            for pane, node, image in zip(arrangement.panes, nodes, images, strict=True):
                composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(node)
                _show(composite, image.node)
                start = centre_of(image.volume.grid) if place is None else np.array(place)
                size = _size(node)
                zoom = self._views[0].zoom if alike and self._views else self._zooms.get(pane.name, lead)
                grid = image.volume.grid
                view = View(pane, node, composite, pane.image, grid, zoom, start, pose_of(node), size)
                self._views.append(view)
                self._place(view, self._axes(pane), self._reach(start, view), zoom)
        for view in self._views:
            self._observers.add(view.node, "ModifiedEvent", self._watch(view))

    def show_image(self, pane: str, key: ImageKey) -> None:
        """Show another image in a view and change nothing else."""
        view = self.view(pane)
        image = self._images.need(key)
        with self._quiet():
            _show(view.composite, image.node)
        view.image, view.grid = key, image.volume.grid
        self._on_view(view)

    def link(self, linked: bool) -> None:
        """Let views follow each other, or not."""
        self._linked = linked

    def learn(self, pairs: Sequence[SyncPair]) -> None:
        """Let sync points lead the MRI's views, at once where views are linked."""
        self._mapping.learn(pairs)
        place = self.position()
        if not pairs or place is None or not self._linked:
            return
        with self._quiet():
            for view in self._views[1:]:
                if self._space(view) is Space.MRI:
                    self._place(view, view.seen.axes, self._reach(np.array(place), view), view.zoom)

    def jump(self, ras: Point, extent_mm: float | None = None) -> None:
        """Centre all views on a place; with `extent_mm` also show so much of it.

        A view of another patient space goes as far as it is known where that is.
        """
        with self._quiet():
            for view in self._views:
                place = self._reach(np.array(ras, dtype=np.float64), view)
                zoom = Zoom(view.seen.extent_mm if extent_mm is None else extent_mm)
                self._place(view, view.seen.axes, place, zoom)

    def fit(self) -> None:
        """Show the whole image in every view, in the slice it is at."""
        with self._quiet():
            for view in self._views:
                self._place(view, view.seen.axes, view.wanted, Zoom())

    def position(self) -> Point | None:
        """The middle of the leading view."""
        return self._views[0].seen.point if self._views else None

    def tilt(self, start_ras: Point, end_ras: Point) -> None:
        """Turn the oblique view across a line, at its middle; raises CrcError for a line that is a point."""
        axes = axes_across(start_ras, end_ras)
        if axes is None:
            raise CrcError("mrml.no_direction")
        self._oblique = axes
        middle = (np.array(start_ras) + np.array(end_ras)) / 2
        with self._quiet():
            for view in self._views:
                if view.pane.orientation is Orientation.OBLIQUE:
                    self._place(view, axes, middle, Zoom(view.seen.extent_mm))

    def realign(self) -> None:
        """The MRI was moved or put back: its views take its planes again, at the same place of the patient."""
        place = self.position()
        with self._quiet():
            for view in self._views:
                if view.pane.orientation is Orientation.NATIVE and place is not None:
                    axes = self._axes(replace(view.pane, image=view.image))
                    self._place(view, axes, self._reach(np.array(place), view), view.zoom)

    def showing(self, wanted: Callable[[ImageKey], bool]) -> tuple[Any, ...]:
        """The slice nodes of the views that show such an image."""
        return tuple(view.node for view in self._views if wanted(view.image))

    def grid_of(self, view: View) -> Grid:
        """Where the voxels of the image in a view lie, the MRI as it was moved."""
        return moved_grid(view.grid, self._moved(view.image))

    def clear(self) -> None:
        """Let the views go and forget where they were."""
        self._let_go()
        self._zooms = {}
        self._oblique = axes_of(Orientation.OBLIQUE)
        self._mapping.learn(())
        self._linked = True

    def _let_go(self) -> None:
        for view in self._views:
            self._observers.drop(view.node)
            self._zooms[view.pane.name] = view.zoom
            if view.pane.orientation is Orientation.OBLIQUE:
                self._oblique = view.seen.axes
        self._views = []

    def _axes(self, pane: Pane) -> NDArray[np.float64]:
        if pane.orientation is Orientation.OBLIQUE:
            return self._oblique
        if pane.orientation is Orientation.NATIVE:
            image = self._images.need(pane.image)
            return native_axes(image.volume.grid, self._moved(pane.image))
        return axes_of(pane.orientation)

    def _moved(self, key: ImageKey) -> NDArray[np.float64] | None:
        moved = self._images.transform
        if moved is None or space_of(key) is not Space.MRI:
            return None
        matrix = vtk.vtkMatrix4x4()
        moved.GetMatrixTransformToParent(matrix)
        return array_of(matrix)

    def _space(self, view: View) -> Space:
        return space_of(view.image, self._images.transform is not None)

    def _reach(self, ct_ras: NDArray[np.float64], view: View) -> NDArray[np.float64]:
        """Where a view goes for a place of the CT; it stays where it is if that place is nowhere in its image."""
        known = self._mapping.carry(ct_ras, Space.CT, self._space(view))
        if known is not None:
            return known
        grid = self.grid_of(view)
        if holds(grid, ct_ras):
            return ct_ras
        return view.wanted if holds(grid, view.wanted) else centre_of(grid)

    def _place(self, view: View, axes: NDArray[np.float64], place: NDArray[np.float64], zoom: Zoom) -> None:
        grid = self.grid_of(view)
        view.size, view.zoom = _size(view.node), zoom
        pose = fitted(grid, axes, place, view.size) if zoom.extent_mm is None else Pose(axes, place, zoom.extent_mm)
        view.wanted = pose.centre
        standing = Pose(axes, snapped(grid, axes, pose.centre), pose.extent_mm)
        put_pose(view.node, standing, thickness_mm(grid, axes))
        view.seen = standing
        self._on_view(view)

    def _watch(self, view: View) -> Callable[[Any, str], None]:
        def modified(*_: object) -> None:
            if not self._quiet:
                self._modified(view)

        return modified

    def _modified(self, view: View) -> None:
        if _size(view.node) != view.size:
            # Not now: what is set while a node tells that it changed is in the node, but is not drawn.
            self._later(partial(self._fit_again, view))
            return
        before, now = view.seen, pose_of(view.node)
        across = (now.centre - before.centre) @ now.axes
        zoomed = abs(now.extent_mm - before.extent_mm) > _SAME_ZOOM
        panned = bool(np.abs(across[:2]).max() > _SAME_MM)
        scrolled = bool(np.abs(now.axes - before.axes).max() > _SAME_ZOOM) or abs(float(across[2])) > _SAME_MM
        if not (zoomed or panned or scrolled):
            return
        view.seen, view.wanted = now, now.centre
        if zoomed or panned:
            view.zoom = Zoom(now.extent_mm)
        self._on_view(view)
        if self._linked:
            self._lead(view, before, now)
        if view is self._views[0] and scrolled:
            self._on_slice(now.point)

    def _fit_again(self, view: View) -> None:
        """A view that has another size than it had shows as much as before."""
        if view in self._views and _size(view.node) != view.size:
            with self._quiet():
                self._place(view, view.seen.axes, view.wanted, view.zoom)

    def _lead(self, leader: View, before: Pose, now: Pose) -> None:
        """Let the views that cut the patient alike go where one of them went."""
        plane, there = leader.plane, self._space(leader)
        if plane is Orientation.OBLIQUE:
            return
        with self._quiet():
            for view in self._views:
                if view is leader or view.plane is not plane:
                    continue
                place = self._mapping.carry(now.centre, there, self._space(view))
                if place is None:
                    place = view.wanted + (now.centre - before.centre)
                zoom = view.zoom
                if leader.zoom.extent_mm is not None:
                    zoom = Zoom(view.seen.extent_mm * now.extent_mm / before.extent_mm)
                self._place(view, view.seen.axes, place, zoom)


def _show(composite: Any, volume: Any) -> None:
    """Show a volume alone; Slicer's own linking stays out of it, it would copy the image to every view."""
    before = composite.StartModify()
    composite.SetLinkedControl(False)
    composite.SetHotLinkedControl(False)
    composite.SetForegroundVolumeID(None)
    composite.SetLabelVolumeID(None)
    composite.SetBackgroundVolumeID(volume.GetID())
    composite.EndModify(before)


def _size(node: Any) -> tuple[int, int]:
    width, height, _ = node.GetDimensions()
    return (int(width), int(height))
