"""All that is ours in the scene while a case is open, and how it goes again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from crc_core.contour.inspection import Window
from crc_core.contour.results import Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.marks import CaliperKey, SampleKey
from crc_mrml.caliper_marks import CaliperMarks
from crc_mrml.contours import Contours
from crc_mrml.corners import Corners
from crc_mrml.following import Space, space_of
from crc_mrml.images import Images
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned
from crc_mrml.panes import Panes
from crc_mrml.parts import Screen
from crc_mrml.sample_marks import SampleMarks
from crc_mrml.surfaces import Surfaces
from crc_mrml.sync_marks import Placing, SyncMarks
from crc_mrml.volumes import let_voxels_go

from CRCAnnotatorLib.presenter.ports import Lost

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Told(Protocol):
    """Who is told what somebody else does to what is ours."""

    def on_segment(self, key: SegmentKey) -> None: ...
    def on_foreign(self, name: str) -> None: ...
    def on_window(self, key: ImageKey, window: Window) -> None: ...
    def on_slice(self, ras: Point) -> None: ...
    def on_caliper(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None: ...
    def on_sample(self, key: SampleKey, centre_ras: Point) -> None: ...
    def on_sync_point(self, image: ImageKey, ras: Point) -> None: ...


class Contents:
    """Images, views, contours and marks of the open case."""

    def __init__(self, scene: Any, screen: Screen, quiet: Quiet, told: Told) -> None:
        self._screen, self._observers, self._owned, self._told = screen, Observers(), Owned(scene), told
        hands = (self._owned, self._observers, quiet)
        self.images = Images(*hands, self._window_changed)
        self.panes = Panes(self.images, self._observers, quiet, told.on_slice, self._view_changed, screen.later)
        self.corners = Corners(scene, screen, self.images, self.panes)
        self.contours = Contours(self._owned, self.images, self._observers, quiet, told.on_segment, told.on_foreign)
        self.surfaces = Surfaces(self._owned, self.contours)
        self.calipers = CaliperMarks(*hands, told.on_caliper, self._slice_normal)
        self.samples = SampleMarks(self._owned, self.images, self._observers, quiet, told.on_sample, self._views_of)
        self.syncs = SyncMarks(self._owned, self.images, self._observers, quiet, self.panes.showing)
        self.placing = Placing(*hands, self.panes.showing, told.on_sync_point)
        self.in_space: Any = None

    def __contains__(self, node: Any) -> bool:
        return node in self._owned

    def arrange(self, arrangement: Arrangement) -> None:
        """Put the views up and let them show their images."""
        shown = self._screen.show(arrangement)
        self.in_space = shown.in_space
        self.panes.arrange(arrangement, shown.slices)
        self.spread()

    def spread(self) -> None:
        """Let contours and marks be seen where they lie on what was drawn on, and nowhere else."""
        moved = self.images.transform is not None
        self.contours.show_in(self.panes.showing(lambda key: space_of(key, moved) is Space.CT))
        self.calipers.show_in(self.panes.showing(lambda key: space_of(key) is Space.CT))
        self.samples.refresh()
        self.syncs.refresh()
        self.surfaces.show_in(() if self.in_space is None else (self.in_space,))

    def redraw(self, keys: Sequence[SegmentKey]) -> None:
        """These segments hold other voxels now."""
        for key in keys:
            self.surfaces.redraw(key)

    def deafen(self) -> None:
        """Hear no event any more."""
        self.corners.stop()
        self.panes.clear()
        self._observers.clear()

    def take_out(self) -> None:
        """Take everything of ours out of the scene."""
        self.placing.end()
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

    def forget_node(self, node: Any) -> Lost | None:
        """Somebody else took a node of ours out; what that means for the case."""
        image = self.images.key_of(node)
        if image is not None:
            self.images.forget(image)
            return Lost.IMAGE
        if node in self.contours.nodes:
            self.contours.forget(node)
            return Lost.SEGMENTATION
        for part in (self.calipers, self.samples, self.syncs, self.placing, self.surfaces):
            part.forget(node)
        self._owned.forget(node)
        return None

    def _forget_all(self) -> None:
        for part in (self.calipers, self.samples, self.syncs, self.placing, self.surfaces, self.contours, self.images):
            part.forget_all()
        self.in_space = None

    def _window_changed(self, keys: Sequence[ImageKey], window: Window) -> None:
        """A window was changed; told of the image a person sees, the leading one first."""
        self.corners.refresh()
        seen = (view.image for view in self.panes.views if view.image in keys)
        self._told.on_window(next(seen, keys[0]), window)

    def _view_changed(self, view: Any) -> None:
        self.corners.update(view)

    def _views_of(self, image: ImageKey) -> Sequence[Any]:
        return self.panes.showing(lambda key: key == image)

    def _slice_normal(self, key: CaliperKey) -> NDArray[np.float64] | None:
        """The direction across the slices that the contour of a caliper's lesion lies in."""
        home = self.contours.home_of(SegmentKey(key.target, key.lesion)) or self.contours.current
        return None if home is None else home.grid.directions[:, 2]
