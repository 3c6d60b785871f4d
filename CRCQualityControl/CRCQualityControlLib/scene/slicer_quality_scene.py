"""The unit on a senior's desk in Slicer: `QualityScene` put together from crc_mrml, the views and the editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from crc_core.contour.inspection import Window
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_core.vocabulary import MR_ROLES, Role, Target
from crc_mrml.contours import Home
from crc_mrml.effects import effect_of, tool_of
from crc_mrml.mouse import Mouse
from crc_mrml.observers import Quiet
from crc_mrml.parts import Editor, Screen
from crc_mrml.scene_watch import SceneWatch
from numpy.typing import NDArray

from CRCQualityControlLib.presenter.ports import Fill, Layer, Point, Tool, Views
from CRCQualityControlLib.scene.arranging import arrangement_of
from CRCQualityControlLib.scene.contents import Contents
from CRCQualityControlLib.scene.looks import Looks, hue

_EDITED = 1


class SlicerQualityScene:
    """See `QualityScene`; what a call of ours does in the scene is never told to anybody."""

    def __init__(self, scene: Any, screen: Screen, editor: Editor) -> None:
        self._scene, self._screen, self._editor = scene, screen, editor
        self._quiet = Quiet(screen.pause, screen.resume)
        self._case = Contents(scene, screen, self._quiet, lambda _: None)
        self._mouse, self._looks = Mouse(scene), Looks()
        self._watch = SceneWatch(scene, self._closing, self._closed, self._node_going, self._node_gone)
        self._arrangement: Arrangement | None = None
        self._edited: SegmentKey | None = None
        self._brush_mm = 0.0
        self._tool_told: Callable[[Tool | None], None] = lambda _: None
        self._lost: Callable[[], None] = lambda: None
        editor.on_effect_changed(self._effect_changed)

    # images and views
    def add_image(self, role: Role, volume: Volume, name: str, window: Window | None) -> None:
        """Put a series into the scene, sharing its voxels; the first one opens a case."""
        with self._quiet():
            if not self._case.images.keys:
                self._watch.start()
                self._case.corners.start()
            self._case.images.add(ImageKey(role), volume, name, window)

    def label_images(self, words: Mapping[Role, str]) -> None:
        """Say in the corner of a view which series it shows."""
        self._case.corners.label({ImageKey(role): said for role, said in words.items()})

    def close_case(self) -> None:
        """Take everything of ours out of the scene and give back what was taken over."""
        with self._quiet():
            self._watch.stop()
            self._let_editor_go()
            self._case.take_out()
            self._looks = Looks()
            self._give_back()

    def step_aside(self) -> None:
        """Another module is shown: its views and its mouse come back, the case stays."""
        with self._quiet():
            self._editor.use_effect("")
            self._give_back(forget=False)

    def come_back(self) -> None:
        """Our module is shown again: so are our views, at the place they were at."""
        if self._arrangement is not None:
            with self._quiet():
                self._arrange(self._arrangement)

    def release(self) -> None:
        """The module goes: also take our views and layouts out of the application."""
        self.close_case()
        with self._quiet():
            self._screen.release()

    def show_views(self, views: Views, lead: Role) -> None:
        """Arrange the views, linked, with this series in the leading one."""
        roles = [key.role for key in self._case.images.keys]
        self._case.images.need(ImageKey(lead))
        with self._quiet():
            self._arrange(arrangement_of(views, lead, roles))

    def show_phase(self, role: Role) -> None:
        """Show another series in place; an MRI beside the CT, where it stands already."""
        key = ImageKey(role)
        self._case.images.need(key)
        if self._arrangement is None or role in MR_ROLES:
            return
        with self._quiet():
            led = [pane for pane in self._case.panes.views if pane.image.role is self._case.panes.views[0].image.role]
            for view in led:
                self._case.panes.show_image(view.pane.name, key)
            self._case.spread()

    def set_window(self, role: Role, window: Window) -> None:
        """Show a series, and what shares its window, in this window."""
        with self._quiet():
            self._case.images.set_window(ImageKey(role), window)
            self._case.corners.refresh()

    def jump(self, centre_ras: Point, extent_mm: float) -> None:
        """Centre all views on a place and zoom so that so much is seen."""
        with self._quiet():
            self._case.panes.jump(centre_ras, extent_mm)

    def show_layers(self, layers: Mapping[Layer, Volume], fill: Fill) -> None:
        """Show these contours and no others."""
        if self._case.images.keys:
            self._case.layers.show(self._looks.styled(layers, fill))
            self._case.spread()

    # drawing
    def begin_edit(self, target: Target, seed: Volume, source: Role) -> None:
        """Let a person draw from a contour on, anywhere on the source."""
        key = SegmentKey(target, _EDITED)
        with self._quiet():
            self._let_editor_go()
            home = self._case.contours.begin(ImageKey(source), "CRC edit")
            self._case.contours.ensure(key, "CRC edit", None)
            box, inside = _boxed(seed, home)
            self._case.contours.write(key, inside, box, home.grid)
            home.node.GetSegmentation().GetSegment(key.segment_id).SetColor(*hue(Layer.RESULT))
            self._case.contours.show((key,), filled=True)
            self._case.spread()
            self._editor.set_scene(self._scene)
            home.empty_source()
            self._editor.set_nodes(home.node, home.source)
            home.fill_source()
            self._editor.select_segment(key.segment_id)
            if self._brush_mm:
                self._editor.set_brush_mm(self._brush_mm)
        self._edited = key

    def edited(self) -> Volume | None:
        """What was drawn, as a crop of the source's grid; None while nothing is edited or nothing is drawn."""
        home = None if self._edited is None else self._case.contours.home_of(self._edited)
        if home is None or self._edited is None:
            return None
        found = self._case.contours.read(self._edited, home.grid)
        return None if found is None else Volume(found[1].astype(np.uint8), home.grid.crop(found[0]))

    def end_edit(self) -> None:
        """Put the editor away."""
        with self._quiet():
            self._let_editor_go()
            self._case.end_edit()
            self._mouse.take(drawing=False)

    def use_tool(self, tool: Tool | None) -> None:
        """Take a tool in hand, or lay it down."""
        if tool is not None and self._edited is None:
            raise CrcError("mrml.no_segmentation")
        with self._quiet():
            self._editor.use_effect(effect_of(tool))
            self._mouse.take(drawing=tool is not None)
        self._tool_told(tool)

    def set_brush(self, diameter_mm: float) -> None:
        """The brush of paint and erase, in millimetres."""
        self._brush_mm = diameter_mm
        with self._quiet():
            self._editor.set_brush_mm(diameter_mm)

    def undo(self) -> None:
        """One step of drawing back."""
        with self._quiet():
            self._editor.undo()

    def redo(self) -> None:
        """One step of drawing forward again."""
        with self._quiet():
            self._editor.redo()

    # what somebody else does
    def on_tool(self, call: Callable[[Tool | None], None]) -> None:
        """Tell which tool is in hand."""
        self._tool_told = call

    def on_brush(self, call: Callable[[float], None]) -> None:
        """Tell the brush whenever a person changed it in a view."""
        self._editor.on_brush_changed(call)

    def on_lost(self, call: Callable[[], None]) -> None:
        """Tell when somebody else took the case out of the scene."""
        self._lost = call

    def _effect_changed(self, effect: str) -> None:
        if self._quiet:
            return
        if self._case.images.keys:
            self._mouse.take(drawing=bool(effect))
        self._tool_told(tool_of(effect, Tool))

    def _closing(self) -> None:
        with self._quiet():
            self._let_editor_go()
            self._case.deafen()

    def _closed(self) -> None:
        with self._quiet():
            self._watch.stop()
            self._case.forget()
            self._give_back()
        self._lost()

    def _node_going(self, node: Any) -> None:
        """The editor must let go of what it works on while that is still there; Slicer would crash afterwards."""
        if not self._quiet and (node in self._case.contours.nodes or self._case.images.key_of(node) is not None):
            with self._quiet():
                self._let_editor_go()

    def _node_gone(self, node: Any) -> None:
        if self._quiet or node not in self._case:
            return
        with self._quiet():
            lost = self._case.forget_node(node)
        if lost:
            self._lost()

    # inside
    def _arrange(self, arrangement: Arrangement) -> None:
        self._case.arrange(arrangement)
        self._case.panes.link(True)
        self._mouse.take(drawing=bool(self._editor.active_effect()))
        self._arrangement = arrangement

    def _let_editor_go(self) -> None:
        self._editor.release()
        self._case.contours.let_go()
        self._edited = None

    def _give_back(self, *, forget: bool = True) -> None:
        self._mouse.give_back()
        self._screen.give_back()
        if forget:
            self._arrangement = None


def _boxed(seed: Volume, home: Home) -> tuple[Box, NDArray[np.bool_]]:
    """A crop of the source's grid as a box of it and what lies inside; raises CrcError for another grid."""
    first = np.rint(home.grid.to_ijk(seed.grid.to_ras((0, 0, 0)))).astype(int)[::-1]
    ends = zip(first, seed.grid.shape_kji, strict=True)
    k, j, i = (slice(int(start), int(start) + size) for start, size in ends)
    if min(first) < 0 or not home.grid.crop((k, j, i)).same_as(seed.grid):
        raise CrcError("mrml.other_grid")
    return (k, j, i), seed.array != 0
