"""The reader's segments in the scene: one segmentation for each source image, so that no segment is ever resampled.

Slicer's editor spans all segments of a segmentation by one grid; a lung lesion drawn on the chest series would stretch
the abdomen's. A segmentation holds all targets that share a source.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from crc_core.vocabulary import LesionClass
from numpy.typing import NDArray

from crc_mrml.geometry import vtk_matrix
from crc_mrml.images import Image, Images
from crc_mrml.marking import show_only_in
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned
from crc_mrml.segment_watch import SegmentWatch
from crc_mrml.segments import class_of, ensure_segment, foreign_segments, read_crop, segment_keys, write_crop

_OUTLINE_PIXELS = 2
_FILL_OPACITY = 0.25
_SURFACE_SMOOTHING = "0.2"
_NOTHING = np.zeros((1, 1, 1), bool)
_FIRST_VOXEL = (slice(0, 1), slice(0, 1), slice(0, 1))


@dataclass(eq=False)
class Home:
    """A segmentation and the image it lies on.

    `source` is a hidden volume node with the same voxels, for the editor alone: it looks through all voxels of a volume
    that it is given (1 to 3 s for 600×512×512), so it is given one without, and the voxels come unannounced. `foreign`
    are the identifiers of segments that somebody else put in.
    """

    image: Image
    node: Any
    source: Any
    watch: SegmentWatch = field(default_factory=SegmentWatch)
    foreign: frozenset[str] = frozenset()

    def empty_source(self) -> None:
        """Take the voxels out of the editor's volume, before it is given to it and when it is done."""
        self.source.SetAndObserveImageData(None)

    def fill_source(self) -> None:
        """Let the editor's volume hold the image's voxels."""
        self.source.SetAndObserveImageData(self.image.node.GetImageData())

    @property
    def grid(self) -> Grid:
        """The grid its segments lie on."""
        return self.image.volume.grid


class Contours:
    """The segments of ours by key; tells those that somebody else changed."""

    def __init__(
        self,
        owned: Owned,
        images: Images,
        observers: Observers,
        quiet: Quiet,
        on_change: Callable[[SegmentKey], None],
        on_foreign: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._owned, self._images, self._observers, self._quiet = owned, images, observers, quiet
        self._on_change, self._on_foreign = on_change, on_foreign
        self._homes: dict[ImageKey, Home] = {}
        self._current: Home | None = None
        self._name = ""
        self._shown: frozenset[SegmentKey] | None = None
        self._filled = True
        self._views: tuple[Any, ...] = ()

    def begin(self, source: ImageKey, name: str) -> Home:
        """Let new segments lie on an image; raises CrcError where the image is not there."""
        self._name = name
        self._current = self._home(self._images.need(source))
        return self._current

    @property
    def current(self) -> Home | None:
        """Where new segments go; None before anything was begun."""
        return self._current

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The segmentation nodes."""
        return tuple(home.node for home in self._homes.values())

    @property
    def keys(self) -> tuple[SegmentKey, ...]:
        """The segments of ours there are."""
        return tuple(key for home in self._homes.values() for key in segment_keys(home.node))

    def home_of(self, key: SegmentKey) -> Home | None:
        """Where a segment lies; None where there is none."""
        return next((home for home in self._homes.values() if _segment(home, key) is not None), None)

    def ensure(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        """Make a segment where new ones go, if it is not there; an empty one that lies elsewhere comes along."""
        if self._current is None:
            raise CrcError("mrml.no_segmentation")
        home = self.home_of(key)
        if home is not None and home is not self._current and read_crop(home.node, key, home.grid) is None:
            self._take_out(home, key)
            home = None
        self._make(home or self._current, key, name, lesion_class)

    def remove(self, key: SegmentKey) -> None:
        """Take a segment out; nothing where there is none."""
        home = self.home_of(key)
        if home is not None:
            self._take_out(home, key)

    def read(self, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
        """A segment's voxels as a crop of the grid; None for an empty or missing one."""
        home = self.home_of(key)
        return None if home is None else read_crop(home.node, key, grid)

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        """Replace a segment's voxels by a crop of the grid; it moves to the image of that grid if it lay elsewhere.

        Raises CrcError for a segment that is not there and for a grid that no image has.
        """
        home = self.home_of(key)
        if home is None:
            raise CrcError("mrml.no_segment", name=key.segment_id)
        if not home.grid.same_as(grid):
            home = self._move(home, key, grid)
        with self._quiet():
            if inside is None or box is None:
                write_crop(home.node, key, _NOTHING, _FIRST_VOXEL, grid)
            else:
                write_crop(home.node, key, inside, box, grid)
            home.watch.look(home.node)

    def look(self) -> tuple[SegmentKey, ...]:
        """The segments that hold other voxels than when we last looked."""
        return tuple(key for home in self._homes.values() for key in home.watch.look(home.node))

    def show(self, shown: Collection[SegmentKey], *, filled: bool) -> None:
        """Show these segments and no others, as outlines or filled as well."""
        self._shown, self._filled = frozenset(shown), filled
        for home in self._homes.values():
            self._dress(home)

    def show_in(self, views: Sequence[Any]) -> None:
        """Show contours in these views alone: the ones where they lie on what was drawn on."""
        self._views = tuple(views)
        for home in self._homes.values():
            show_only_in(home.node.GetDisplayNode(), self._views)

    def forget(self, node: Any) -> None:
        """A segmentation was taken out by somebody else."""
        self._observers.drop(node.GetSegmentation())
        self._owned.forget(node)
        for home in [home for home in self._homes.values() if home.node is node]:
            self._owned.remove(home.source)
        self._homes = {key: home for key, home in self._homes.items() if home.node is not node}
        if self._current is not None and self._current.node is node:
            self._current = None

    def let_go(self) -> None:
        """The editor needs no voxels any more."""
        for home in self._homes.values():
            home.empty_source()

    def forget_all(self) -> None:
        """The scene no longer holds any segment."""
        self._homes, self._current, self._shown, self._views = {}, None, None, ()

    def _home(self, image: Image) -> Home:
        found = self._homes.get(image.key)
        if found is not None:
            if found.image is not image:
                found.image = image
                found.empty_source()
            return found
        with self._quiet():
            node = self._owned.add("vtkMRMLSegmentationNode", self._name)
            display = self._owned.add("vtkMRMLSegmentationDisplayNode", f"{self._name} display")
            node.SetAndObserveDisplayNodeID(display.GetID())
            node.SetReferenceImageGeometryParameterFromVolumeNode(image.node)
            node.GetSegmentation().SetConversionParameter("Smoothing factor", _SURFACE_SMOOTHING)
            source = self._owned.add("vtkMRMLScalarVolumeNode", f"{self._name} source")
            source.SetHideFromEditors(True)
            source.SetIJKToRASMatrix(vtk_matrix(image.volume.grid.ijk_to_ras))
            source.SetDisableModifiedEvent(True)
        home = Home(image, node, source)
        self._homes[image.key] = home
        display.SetSliceIntersectionThickness(_OUTLINE_PIXELS)
        display.SetOpacity2DFill(_FILL_OPACITY)
        display.SetVisibility3D(False)
        show_only_in(display, self._views)
        self._dress(home)
        segmentation = node.GetSegmentation()
        events = slicer.vtkSegmentation
        for event in (events.SourceRepresentationModified, events.SegmentModified, events.SegmentRemoved):
            self._observers.add(segmentation, event, self._changed(home))
        self._observers.add(segmentation, events.SegmentAdded, self._added(home))
        return home

    def _added(self, home: Home) -> Callable[[Any, str], None]:
        def added(*_: object) -> None:
            if self._quiet:
                return
            foreign = foreign_segments(home.node)
            for name in foreign.keys() - home.foreign:
                self._on_foreign(foreign[name])
            home.foreign = frozenset(foreign)

        return added

    def _changed(self, home: Home) -> Callable[[Any, str], None]:
        def changed(*_: object) -> None:
            if not self._quiet:
                for key in home.watch.look(home.node):
                    self._on_change(key)

        return changed

    def _make(self, home: Home, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        with self._quiet():
            ensure_segment(home.node, key, name, lesion_class)
            home.watch.look(home.node)
        self._dress(home)

    def _take_out(self, home: Home, key: SegmentKey) -> None:
        with self._quiet():
            home.node.GetSegmentation().RemoveSegment(key.segment_id)
            home.watch.look(home.node)

    def _move(self, home: Home, key: SegmentKey, grid: Grid) -> Home:
        images = (self._images.need(image) for image in self._images.keys)
        image = next((image for image in images if image.volume.grid.same_as(grid)), None)
        if image is None:
            raise CrcError("mrml.other_grid")
        there = self._home(image)
        name, lesion_class = _segment(home, key).GetName(), class_of(home.node, key)
        self._take_out(home, key)
        self._make(there, key, name, lesion_class)
        return there

    def _dress(self, home: Home) -> None:
        display = home.node.GetDisplayNode()
        before = display.StartModify()
        display.SetVisibility2DFill(self._filled)
        display.SetVisibility2DOutline(True)
        if self._shown is not None:
            for key in segment_keys(home.node):
                display.SetSegmentVisibility(key.segment_id, key in self._shown)
        display.EndModify(before)


def _segment(home: Home, key: SegmentKey) -> Any:
    return home.node.GetSegmentation().GetSegment(key.segment_id)
