"""The open case in Slicer's scene: `SceneGateway` put together from crc_mrml, the views and the editor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crc_core.contour.inspection import Window
from crc_core.contour.results import Box, Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.marks import CaliperKey, CaliperMark, SampleKey, SampleMark, SyncPair
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import LesionClass
from crc_mrml.caliper_marks import CaliperMarks
from crc_mrml.contours import Contours
from crc_mrml.following import Space, space_of
from crc_mrml.geometry import rigid_inverse
from crc_mrml.images import Images
from crc_mrml.mouse import Mouse
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned
from crc_mrml.panes import Panes
from crc_mrml.sample_marks import SampleMarks
from crc_mrml.surfaces import Surfaces
from crc_mrml.sync_marks import Placing, SyncMarks
from crc_mrml.volumes import let_voxels_go

from CRCAnnotatorLib.presenter.ports import Fill, Lost, SceneListener, Tool
from CRCAnnotatorLib.scene.corners import Corners
from CRCAnnotatorLib.scene.parts import Editor, Screen
from CRCAnnotatorLib.scene.scene_watch import SceneWatch
from CRCAnnotatorLib.scene.tools import EFFECTS, tool_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SlicerScene:
    """See `SceneGateway`; what a call of ours does in the scene is never told to the listener."""

    def __init__(self, scene: Any, screen: Screen, editor: Editor) -> None:
        self._scene, self._screen, self._editor = scene, screen, editor
        self._listener: SceneListener | None = None
        self._quiet, self._observers = Quiet(), Observers()
        self._owned = Owned(scene)
        told = (self._owned, self._observers, self._quiet)
        self._images = Images(*told, self._window_changed)
        self._panes = Panes(self._images, self._observers, self._quiet, self._slice_changed, self._view_changed)
        self._contours = Contours(self._owned, self._images, self._observers, self._quiet, self._segment_changed)
        self._surfaces = Surfaces(self._owned, self._contours)
        self._calipers = CaliperMarks(*told, self._caliper_dragged, self._slice_normal)
        self._samples = SampleMarks(self._owned, self._images, *told[1:], self._sample_moved, self._views_of)
        self._syncs = SyncMarks(self._owned, self._images, self._observers, self._quiet, self._panes.showing)
        self._placing = Placing(*told, self._panes.showing, self._sync_placed)
        self._mouse = Mouse(scene)
        self._corners = Corners(scene, screen, self._images, self._panes)
        self._watch = SceneWatch(scene, self._scene_closing, self._scene_closed, self._node_removed)
        self._in_space: Any = None
        self._edited: SegmentKey | None = None
        editor.on_effect_changed(self._effect_changed)

    def listen(self, listener: SceneListener | None) -> None:
        """Tell `listener` what happens; None for nobody."""
        self._listener = listener

    # images
    def add_image(self, key: ImageKey, volume: Volume, name: str, window: Window | None) -> None:
        """Put an image into the scene, sharing its voxels."""
        with self._ours():
            self._open()
            self._images.add(key, volume, name, window)
            self._corners.refresh()

    def name_image(self, key: ImageKey, name: str) -> None:
        """Call an image something else, as after a change of the language."""
        with self._ours():
            self._images.rename(key, name)
            self._corners.refresh()

    def image(self, key: ImageKey) -> Volume | None:
        """The voxels and the grid of an image; None where it is not there."""
        found = self._images.get(key)
        return None if found is None else found.volume

    def close_case(self) -> None:
        """Take everything of ours out of the scene and give back what was taken over."""
        with self._ours(), self._unseen():
            self._let_go()
            self._images.empty()
            self._owned.remove_all()
            self._forget()
            self._mouse.give_back()
            self._screen.give_back()
        let_voxels_go()

    def release(self) -> None:
        """The module goes: also take our views and layouts out of the application."""
        self.close_case()
        with self._ours():
            self._screen.release()
        self._listener = None

    # views
    def arrange(self, arrangement: Arrangement) -> None:
        """Show the views; the position is kept where there is one."""
        for pane in arrangement.panes:
            self._images.need(pane.image)
        with self._ours(), self._unseen():
            shown = self._screen.show(arrangement)
            self._in_space = shown.in_space
            self._panes.arrange(arrangement, shown.slices)
            self._spread()
            self._mouse.take(drawing=bool(self._editor.active_effect()))

    def show_image(self, pane: str, key: ImageKey) -> None:
        """Show another image in one view, in place."""
        with self._ours():
            self._panes.show_image(pane, key)
            self._spread()

    def link(self, linked: bool) -> None:
        """Let views of one orientation move and zoom together, or not."""
        self._panes.link(linked)

    def jump(self, ras: Point, *, extent_mm: float | None = None) -> None:
        """Centre all views on a place; with `extent_mm` also zoom so that much is seen."""
        with self._ours():
            self._panes.jump(ras, extent_mm)

    def fit(self) -> None:
        """Show the whole image in every view."""
        with self._ours():
            self._panes.fit()

    def position(self) -> Point | None:
        """The place the views are at."""
        return self._panes.position()

    def set_window(self, key: ImageKey, window: Window) -> None:
        """Show an image, and what shares its window, in this window."""
        with self._ours():
            self._images.set_window(key, window)
            self._corners.refresh()

    def window(self, key: ImageKey) -> Window | None:
        """The window an image is shown in."""
        return self._images.window(key)

    def tilt_oblique(self, start_ras: Point, end_ras: Point) -> None:
        """Turn the oblique view so that it cuts across a line."""
        with self._ours():
            self._panes.tilt(start_ras, end_ras)

    def show_3d(self, keys: Sequence[SegmentKey]) -> None:
        """Show these segments in space, and no other."""
        with self._ours():
            before = self._surfaces.keys
            self._surfaces.show(keys)
            if self._in_space is not None and set(keys) != set(before):
                self._screen.look_around(self._in_space)

    # contours
    def begin_contours(self, source: ImageKey, name: str) -> None:
        """Let contours lie on an image's grid, and give both to the editor."""
        with self._ours():
            home = self._contours.begin(source, name)
            self._spread()
            self._edited = None
            self._editor.set_nodes(home.node, home.image.node)

    def ensure_segment(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        """Make the segment if it is not there; name, colour and terminology are set anew."""
        with self._ours():
            self._contours.ensure(key, name, lesion_class)

    def remove_segment(self, key: SegmentKey) -> None:
        """Take a segment out; nothing where there is none."""
        with self._ours():
            if self._edited == key:
                self._edit(None)
            self._contours.remove(key)
            self._surfaces.redraw(key)

    def segments(self) -> tuple[SegmentKey, ...]:
        """The segments of ours that exist."""
        return self._contours.keys

    def read(self, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
        """A segment's voxels as a crop of the grid; None for an empty or missing one."""
        return self._contours.read(key, grid)

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        """Replace a segment's voxels by a crop of the grid; None empties it."""
        with self._ours():
            self._contours.write(key, inside, box, grid)
            self._surfaces.redraw(key)

    def undo_point(self) -> None:
        """What follows is one undo step."""
        with self._ours():
            self._editor.save_state_for_undo()

    def undo(self) -> None:
        """One step back."""
        with self._ours():
            self._editor.undo()
            self._redraw(self._contours.look())

    def redo(self) -> None:
        """One step forward again."""
        with self._ours():
            self._editor.redo()
            self._redraw(self._contours.look())

    def show_segments(self, shown: Sequence[SegmentKey], fill: Fill) -> None:
        """Show these segments, hide the others of ours."""
        with self._ours():
            self._contours.show(shown, filled=fill is Fill.FILLED)

    # editor
    def edit(self, key: SegmentKey | None) -> None:
        """Let the tools draw on a segment; raises CrcError where there is none."""
        with self._ours():
            self._edit(key)

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand, or lay it down."""
        with self._ours():
            if tool is not None:
                self._placing.end()
                self._mouse.take(drawing=True)
            self._editor.use_effect("" if tool is None else EFFECTS[tool])
            if tool is None:
                self._mouse.take(drawing=False)

    def set_brush(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""
        with self._ours():
            self._editor.set_brush_mm(diameter_mm)

    # marks
    def show_calipers(self, marks: Sequence[CaliperMark]) -> None:
        """Draw these calipers and no others."""
        with self._ours():
            self._calipers.show(marks)

    def show_samples(self, marks: Sequence[SampleMark]) -> None:
        """Draw these density samples and no others, each only over its own phase."""
        with self._ours():
            self._samples.show(marks)

    def show_sync_pairs(self, pairs: Sequence[SyncPair]) -> None:
        """Draw these pairs of sync points and no others; the MRI's views are led by them."""
        with self._ours():
            self._panes.learn(pairs)
            self._syncs.show(pairs)

    def place_sync_point(self, image: ImageKey) -> None:
        """Let a person place one sync point on an image."""
        with self._ours():
            self._editor.use_effect("")
            self._placing.begin(image, self._images)

    def align_mri(self, ct_to_mri: Sequence[Sequence[float]] | None) -> None:
        """Show the MRI moved by the inverse of this rigid transform, or where it lies with None."""
        with self._ours():
            self._placing.end()
            self._images.move_mri(None if ct_to_mri is None else rigid_inverse(ct_to_mri))
            self._panes.realign()
            self._spread()

    # what happens in the scene
    def _segment_changed(self, key: SegmentKey) -> None:
        self._surfaces.redraw(key)
        if self._listener is None:
            return
        effect = self._editor.active_effect()
        if effect and key == self._edited:
            self._listener.tool_used(effect)
        self._listener.segment_changed(key)

    def _effect_changed(self, effect: str) -> None:
        if self._quiet:
            return
        if self._images.keys:
            self._mouse.take(drawing=bool(effect))
        if self._listener is not None:
            self._listener.tool_chosen(tool_of(effect))

    def _window_changed(self, key: ImageKey, window: Window) -> None:
        self._corners.refresh()
        if self._listener is not None:
            self._listener.window_changed(key, window.width_hu, window.level_hu)

    def _slice_changed(self, ras: Point) -> None:
        if self._listener is not None:
            self._listener.slice_changed(ras)

    def _view_changed(self, view: Any) -> None:
        self._corners.update(view)

    def _caliper_dragged(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        if self._listener is not None:
            self._listener.caliper_dragged(key, start_ras, end_ras)

    def _sample_moved(self, key: SampleKey, centre_ras: Point) -> None:
        if self._listener is not None:
            self._listener.sample_moved(key, centre_ras)

    def _sync_placed(self, image: ImageKey, ras: Point) -> None:
        self._mouse.take_after_placing()
        if self._listener is not None:
            self._listener.sync_point_placed(image, ras)

    def _scene_closing(self) -> None:
        """Before anything goes: the editor must let go of what it draws in, and nobody may hear how views are reset."""
        with self._ours():
            self._editor.release()
            self._corners.stop()
            self._panes.clear()
            self._observers.clear()

    def _scene_closed(self) -> None:
        with self._ours():
            self._owned.remove_all()
            self._forget()
            self._screen.give_back()
        if self._listener is not None:
            self._listener.lost(Lost.SCENE)

    def _node_removed(self, node: Any) -> None:
        if self._quiet or node not in self._owned:
            return
        with self._ours():
            lost = self._forget_node(node)
        if lost is not None and self._listener is not None:
            self._listener.lost(lost)

    # inside
    @contextmanager
    def _ours(self) -> Iterator[None]:
        """A block of our own doing."""
        with self._quiet():
            yield

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        """A block that is drawn once, at its end."""
        self._screen.pause()
        try:
            yield
        finally:
            self._screen.resume()

    def _open(self) -> None:
        if not self._images.keys:
            self._editor.set_scene(self._scene)
            self._watch.start()
            self._corners.start()

    def _let_go(self) -> None:
        self._placing.end()
        self._editor.release()
        self._watch.stop()
        self._corners.stop()
        self._panes.clear()
        self._observers.clear()

    def _forget(self) -> None:
        self._watch.stop()
        self._corners.stop()
        self._panes.clear()
        for part in (self._calipers, self._samples, self._syncs, self._placing, self._surfaces, self._contours):
            part.forget_all()
        self._images.forget_all()
        self._in_space = self._edited = None

    def _forget_node(self, node: Any) -> Lost | None:
        """Somebody else took a node of ours out; what that means for the case."""
        image = self._images.key_of(node)
        if image is not None:
            self._images.forget(image)
            return Lost.IMAGE
        if node in self._contours.nodes:
            self._editor.release()
            self._contours.forget(node)
            self._edited = None
            return Lost.SEGMENTATION
        for part in (self._calipers, self._samples, self._syncs, self._placing, self._surfaces):
            part.forget(node)
        self._owned.forget(node)
        return None

    def _edit(self, key: SegmentKey | None) -> None:
        if key is None:
            self._edited = None
            self._editor.use_effect("")
            self._editor.select_segment(None)
            return
        home = self._contours.home_of(key)
        if home is None:
            raise CrcError("mrml.no_segment", name=key.segment_id)
        self._edited = key
        self._editor.set_nodes(home.node, home.image.node)
        self._editor.select_segment(key.segment_id)

    def _redraw(self, keys: Sequence[SegmentKey]) -> None:
        for key in keys:
            self._surfaces.redraw(key)

    def _spread(self) -> None:
        """Contours and marks are seen where they lie on what was drawn on, and nowhere else."""
        on_ct = self._panes.showing(lambda key: space_of(key, self._images.transform is not None) is Space.CT)
        self._contours.show_in(on_ct)
        self._calipers.show_in(on_ct)
        self._samples.refresh()
        self._syncs.refresh()
        self._surfaces.show_in(() if self._in_space is None else (self._in_space,))

    def _views_of(self, image: ImageKey) -> Sequence[Any]:
        return self._panes.showing(lambda key: key == image)

    def _slice_normal(self, key: CaliperKey) -> NDArray[np.float64] | None:
        home = self._contours.home_of(SegmentKey(key.target, key.lesion)) or self._contours.current
        return None if home is None else home.grid.directions[:, 2]
