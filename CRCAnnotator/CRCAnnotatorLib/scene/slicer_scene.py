"""The open case in Slicer's scene: `SceneGateway` put together from crc_mrml, the views and the editor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crc_core.contour.inspection import Window
from crc_core.contour.results import Box, Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.desk.marks import CaliperKey, CaliperMark, SampleKey, SampleMark, SyncPair
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import LesionClass
from crc_mrml.contours import Home
from crc_mrml.effects import effect_of, tool_of
from crc_mrml.geometry import rigid_inverse
from crc_mrml.mouse import Mouse
from crc_mrml.observers import Quiet
from crc_mrml.parts import Editor, Screen
from crc_mrml.scene_watch import SceneWatch
from crc_mrml.surfaces import look_from_the_front

from CRCAnnotatorLib.presenter.ports import Fill, Lost, SceneListener, Tool
from CRCAnnotatorLib.scene.contents import Contents

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SlicerScene:
    """See `SceneGateway`; what a call of ours does in the scene is never told to the listener."""

    def __init__(self, scene: Any, screen: Screen, editor: Editor) -> None:
        self._scene, self._screen, self._editor = scene, screen, editor
        self._listener: SceneListener | None = None
        self._quiet = Quiet(screen.pause, screen.resume)
        self._case = Contents(scene, screen, self._quiet, self)
        self._mouse = Mouse(scene)
        self._watch = SceneWatch(scene, self._scene_closing, self._scene_closed, self._node_going, self._node_gone)
        self._edited: SegmentKey | None = None
        self._bound: Home | None = None
        self._brush_mm = 0.0
        editor.on_effect_changed(self._effect_changed)

    def listen(self, listener: SceneListener | None) -> None:
        """Tell `listener` what happens; None for nobody."""
        self._listener = listener

    # images
    def add_image(self, key: ImageKey, volume: Volume, name: str, window: Window | None) -> None:
        """Put an image into the scene, sharing its voxels."""
        with self._quiet():
            self._open()
            self._case.images.add(key, volume, name, window)
            self._case.corners.refresh()

    def label_images(self, words: Mapping[ImageKey, str]) -> None:
        """Say in the corner of a view which image it shows."""
        self._case.corners.label(words)

    def image(self, key: ImageKey) -> Volume | None:
        """The voxels and the grid of an image; None where it is not there."""
        found = self._case.images.get(key)
        return None if found is None else found.volume

    def close_case(self) -> None:
        """Take everything of ours out of the scene and give back what was taken over."""
        with self._quiet():
            self._watch.stop()
            self._let_editor_go()
            self._case.take_out()
            self._give_back()

    def release(self) -> None:
        """The module goes: also take our views and layouts out of the application."""
        self.close_case()
        with self._quiet():
            self._screen.release()
        self._listener = None

    # views
    def arrange(self, arrangement: Arrangement) -> None:
        """Show the views; the position is kept where there is one."""
        for pane in arrangement.panes:
            self._case.images.need(pane.image)
        with self._quiet():
            self._case.arrange(arrangement)
            self._mouse.take(drawing=bool(self._editor.active_effect()))

    def show_image(self, pane: str, key: ImageKey) -> None:
        """Show another image in one view, in place."""
        with self._quiet():
            self._case.panes.show_image(pane, key)
            self._case.spread()

    def link(self, linked: bool) -> None:
        """Let views of one orientation move and zoom together, or not."""
        self._case.panes.link(linked)

    def jump(self, ras: Point, *, extent_mm: float | None = None) -> None:
        """Centre all views on a place; with `extent_mm` also zoom so that much is seen."""
        with self._quiet():
            self._case.panes.jump(ras, extent_mm)

    def fit(self) -> None:
        """Show the whole image in every view."""
        with self._quiet():
            self._case.panes.fit()

    def position(self) -> Point | None:
        """The place the views are at."""
        return self._case.panes.position()

    def set_window(self, key: ImageKey, window: Window) -> None:
        """Show an image, and what shares its window, in this window."""
        with self._quiet():
            self._case.images.set_window(key, window)
            self._case.corners.refresh()

    def window(self, key: ImageKey) -> Window | None:
        """The window an image is shown in."""
        return self._case.images.window(key)

    def tilt_oblique(self, start_ras: Point, end_ras: Point) -> None:
        """Turn the oblique view so that it cuts across a line."""
        with self._quiet():
            self._case.panes.tilt(start_ras, end_ras)

    def show_3d(self, keys: Sequence[SegmentKey]) -> None:
        """Show these segments in space, and no other."""
        with self._quiet():
            before = self._case.surfaces.keys
            self._case.surfaces.show(keys)
            if self._case.in_space is not None and set(keys) != set(before):
                look_from_the_front(self._case.in_space, self._case.surfaces.bounds())

    # contours
    def begin_contours(self, source: ImageKey, name: str) -> None:
        """Let contours lie on an image's grid, and give both to the editor."""
        with self._quiet():
            home = self._case.contours.begin(source, name)
            self._case.spread()
            self._edited = None
            self._bind(home)

    def ensure_segment(self, key: SegmentKey, name: str, lesion_class: LesionClass | None) -> None:
        """Make the segment if it is not there; name, colour and terminology are set anew."""
        with self._quiet():
            self._case.contours.ensure(key, name, lesion_class)

    def remove_segment(self, key: SegmentKey) -> None:
        """Take a segment out; nothing where there is none."""
        with self._quiet():
            if self._edited == key:
                self._edit(None)
            self._case.contours.remove(key)
            self._case.surfaces.redraw(key)

    def segments(self) -> tuple[SegmentKey, ...]:
        """The segments of ours that exist."""
        return self._case.contours.keys

    def read(self, key: SegmentKey, grid: Grid) -> tuple[Box, NDArray[np.bool_]] | None:
        """A segment's voxels as a crop of the grid; None for an empty or missing one."""
        return self._case.contours.read(key, grid)

    def write(self, key: SegmentKey, inside: NDArray[np.bool_] | None, box: Box | None, grid: Grid) -> None:
        """Replace a segment's voxels by a crop of the grid; None empties it."""
        with self._quiet():
            self._case.contours.write(key, inside, box, grid)
            self._case.surfaces.redraw(key)

    def undo_point(self) -> None:
        """What follows is one undo step."""
        with self._quiet():
            self._editor.save_state_for_undo()

    def undo(self) -> None:
        """One step back."""
        with self._quiet():
            self._editor.undo()
            self._case.redraw(self._case.contours.look())

    def redo(self) -> None:
        """One step forward again."""
        with self._quiet():
            self._editor.redo()
            self._case.redraw(self._case.contours.look())

    def show_segments(self, shown: Sequence[SegmentKey], fill: Fill) -> None:
        """Show these segments, hide the others of ours."""
        with self._quiet():
            self._case.contours.show(shown, filled=fill is Fill.FILLED)

    # editor
    def edit(self, key: SegmentKey | None) -> None:
        """Let the tools draw on a segment; raises CrcError where there is none."""
        with self._quiet():
            self._edit(key)

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand, or lay it down."""
        with self._quiet():
            if tool is not None:
                self._case.placing.end()
                self._mouse.take(drawing=True)
            self._editor.use_effect(effect_of(tool))
            if tool is None:
                self._mouse.take(drawing=False)

    def set_brush(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""
        self._brush_mm = diameter_mm
        with self._quiet():
            self._editor.set_brush_mm(diameter_mm)

    # marks
    def show_calipers(self, marks: Sequence[CaliperMark]) -> None:
        """Draw these calipers and no others."""
        with self._quiet():
            self._case.calipers.show(marks)

    def show_samples(self, marks: Sequence[SampleMark]) -> None:
        """Draw these density samples and no others, each only over its own phase."""
        with self._quiet():
            self._case.samples.show(marks)

    def show_sync_pairs(self, pairs: Sequence[SyncPair]) -> None:
        """Draw these pairs of sync points and no others; the MRI's views are led by them."""
        with self._quiet():
            self._case.panes.learn(pairs)
            self._case.syncs.show(pairs)

    def place_sync_point(self, image: ImageKey) -> None:
        """Let a person place one sync point on an image."""
        with self._quiet():
            self._editor.use_effect("")
            self._case.placing.begin(image, self._case.images)

    def align_mri(self, ct_to_mri: Sequence[Sequence[float]] | None) -> None:
        """Show the MRI moved by the inverse of this rigid transform, or where it lies with None."""
        with self._quiet():
            self._case.placing.end()
            self._case.images.move_mri(None if ct_to_mri is None else rigid_inverse(ct_to_mri))
            self._case.panes.realign()
            self._case.spread()

    # what somebody else does
    def on_segment(self, key: SegmentKey) -> None:
        """A segment holds other voxels."""
        self._case.redraw((key,))
        if self._listener is None:
            return
        if self._case.contours.home_of(key) is None:
            self._listener.segment_gone(key)
            return
        effect = self._editor.active_effect()
        if effect and key == self._edited:
            self._listener.tool_used(effect)
        self._listener.segment_changed(key)

    def on_foreign(self, name: str) -> None:
        """Somebody put a segment of their own among ours."""
        if self._listener is not None:
            self._listener.foreign_segment(name)

    def on_window(self, key: ImageKey, window: Window) -> None:
        """A window was changed."""
        if self._listener is not None:
            self._listener.window_changed(key, window.width_hu, window.level_hu)

    def on_slice(self, ras: Point) -> None:
        """The leading view was scrolled."""
        if self._listener is not None:
            self._listener.slice_changed(ras)

    def on_caliper(self, key: CaliperKey, start_ras: Point, end_ras: Point) -> None:
        """A caliper was dragged and let go."""
        if self._listener is not None:
            self._listener.caliper_dragged(key, start_ras, end_ras)

    def on_sample(self, key: SampleKey, centre_ras: Point) -> None:
        """A density sample was dragged and let go."""
        if self._listener is not None:
            self._listener.sample_moved(key, centre_ras)

    def on_sync_point(self, image: ImageKey, ras: Point) -> None:
        """The point that was asked for was placed."""
        self._mouse.take_after_placing()
        if self._listener is not None:
            self._listener.sync_point_placed(image, ras)

    def _effect_changed(self, effect: str) -> None:
        if self._quiet:
            return
        if self._case.images.keys:
            self._mouse.take(drawing=bool(effect))
        if self._listener is not None:
            self._listener.tool_chosen(tool_of(effect, Tool))

    def _scene_closing(self) -> None:
        """Before anything goes: the editor lets go of what it draws in, and nobody hears how views are reset."""
        if self._listener is not None:
            self._listener.losing()
        with self._quiet():
            self._let_editor_go()
            self._case.deafen()

    def _scene_closed(self) -> None:
        with self._quiet():
            self._watch.stop()
            self._case.forget()
            self._give_back()
        if self._listener is not None:
            self._listener.lost(Lost.SCENE)

    def _node_going(self, node: Any) -> None:
        """The editor must let go of what it works on while that is still there; Slicer would crash afterwards."""
        if not self._quiet and (node in self._case.contours.nodes or self._case.images.key_of(node) is not None):
            if self._listener is not None:
                self._listener.losing()
            with self._quiet():
                self._let_editor_go()

    def _node_gone(self, node: Any) -> None:
        if self._quiet or node not in self._case:
            return
        with self._quiet():
            lost = self._case.forget_node(node)
        if lost is not None and self._listener is not None:
            self._listener.lost(lost)

    # inside
    def _open(self) -> None:
        if not self._case.images.keys:
            self._editor.set_scene(self._scene)
            self._watch.start()
            self._case.corners.start()

    def _let_editor_go(self) -> None:
        self._editor.release()
        self._case.contours.let_go()
        self._edited = self._bound = None

    def _give_back(self) -> None:
        self._mouse.give_back()
        self._screen.give_back()

    def _edit(self, key: SegmentKey | None) -> None:
        if key is None:
            self._edited = None
            self._editor.use_effect("")
            self._editor.select_segment(None)
            return
        home = self._case.contours.home_of(key)
        if home is None:
            raise CrcError("mrml.no_segment", name=key.segment_id)
        self._edited = key
        self._bind(home)
        self._editor.select_segment(key.segment_id)

    def _bind(self, home: Home) -> None:
        """Give the editor what it draws in; it may have let go of the scene since."""
        self._editor.set_scene(self._scene)
        if self._bound is not home or home.source.GetImageData() is None:
            home.empty_source()
            self._editor.set_nodes(home.node, home.source)
            home.fill_source()
            self._bound = home
        if self._brush_mm:
            self._editor.set_brush_mm(self._brush_mm)
