"""The annotator's scene on the MRML library alone: real layout, slice and markups logics, and a person who acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from contour_support import turned_grid
from crc_core.contour.results import Box, Caliper, DensitySample, Measurement, Method, Point, Size, Unit
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.marks import CaliperKey, CaliperMark, SampleKey, SampleMark
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Role, Target
from crc_mrml.annotation import Marks
from crc_mrml.geometry import vtk_matrix
from crc_mrml.layouts import THREE_D_NAME, add_layout, is_ours, remove_layouts, view_names
from crc_mrml.observers import Observers
from crc_mrml.parts import ShownViews
from crc_mrml.view_nodes import remove_views
from CRCAnnotatorLib.presenter.ports import Lost, Tool
from CRCAnnotatorLib.scene.slicer_scene import SlicerScene
from mrml_support import slicer
from vtk.util.numpy_support import numpy_to_vtk

CT = Grid.from_spacing((40, 60, 64), (1.5, 1.5, 2.0), (-48.0, -45.0, -40.0))
THICK = Grid.from_spacing((16, 60, 64), (1.5, 1.5, 5.0), (-48.0, -45.0, -40.0))
CHEST_CT = Grid.from_spacing((50, 50, 50), (2.0, 2.0, 1.5), (-50.0, -50.0, 20.0))
MRI = turned_grid((20, 40, 44), (1.0, 1.0, 3.0), (20, 5, 3))
OTHER_SPACE = Grid.from_spacing((40, 60, 64), (1.5, 1.5, 2.0), (-48.0, -45.0, 400.0))

NC, AP, PVP, DP, CHEST, T2, DWI = (
    ImageKey(role) for role in (Role.NC, Role.AP, Role.PVP, Role.DP, Role.CHEST, Role.T2, Role.DWI)
)
PRIOR = ImageKey(Role.PVP, is_prior=True)
SIZE = (400, 300)


def image(grid: Grid = CT, level: int = 0) -> Volume:
    """Voxels that rise from slice to slice, so that no two slices are alike."""
    rising = np.arange(grid.shape_kji[0], dtype=np.int16)[:, None, None] + np.int16(level)
    return Volume(np.ascontiguousarray(np.broadcast_to(rising, grid.shape_kji)), grid)


def planes(key: ImageKey, *, in_space: bool = False) -> Arrangement:
    """The layout for contouring."""
    orientations = (Orientation.AXIAL, Orientation.CORONAL, Orientation.SAGITTAL, Orientation.OBLIQUE)
    return Arrangement(LayoutKind.CONTOUR, tuple(Pane(item.value, item, key) for item in orientations), in_space)


def side_by_side(*keys: ImageKey, kind: LayoutKind = LayoutKind.PHASES) -> Arrangement:
    """Images beside each other, axial, the first one in the pane `axial`; MRI as it was acquired."""
    panes = []
    for number, key in enumerate(keys):
        plane = Orientation.NATIVE if key.role in (Role.T2, Role.DWI) else Orientation.AXIAL
        panes.append(Pane("axial" if number == 0 else f"phase{number + 1}", plane, key))
    return Arrangement(kind, tuple(panes))


def caliper(start: Point, end: Point, *, lesion: int = 1, words: str = "长径 20 mm", k: int | None = 20) -> CaliperMark:
    """A long diameter as it is drawn."""
    size = Size.LONG_DIAMETER
    place = Caliper(start, end)
    measured = Measurement(size, place.length_mm, Unit.MM, 1.5, Method.LONGEST_ON_TUMOUR, place, k)
    return CaliperMark(CaliperKey(Target.PRIMARY, lesion, size), measured, words)


def sample(key: ImageKey, number: int, centre: Point, radius_mm: float = 4.0) -> SampleMark:
    """A density sample as it is drawn."""
    measured = DensitySample(centre, radius_mm, 20, 12, 74.0, 9.0)
    return SampleMark(SampleKey(Target.PRIMARY, 1, key, number), measured, "74 HU")


class LogicScreen:
    """Views as Slicer's layout and slice logics make them, of a fixed size, without a window."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.application = slicer.vtkMRMLApplicationLogic()
        self.application.SetMRMLScene(scene)
        self.layouts = slicer.vtkMRMLLayoutLogic()
        self.layouts.SetMRMLScene(scene)
        self.logics: dict[str, Any] = {}
        self.written: dict[str, Marks] = {}
        self.paused = 0
        self.before = 0
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
        scene.AddNewNodeByClass("vtkMRMLCrosshairNode")
        self.observers = Observers()
        self.observers.add_with_object(scene, slicer.vtkMRMLScene.NodeRemovedEvent, self._node_removed)

    @property
    def layout_node(self) -> Any:
        return self.layouts.GetLayoutNode()

    def show(self, arrangement: Arrangement) -> ShownViews:
        assert self.paused == 1
        if not is_ours(self.layout_node.GetViewArrangement()):
            self.before = self.layout_node.GetViewArrangement()
        self.layout_node.SetViewArrangement(add_layout(self.layout_node, arrangement))
        nodes = [self._slice(name) for name in view_names(len(arrangement.panes))]
        in_space = self.scene.GetSingletonNode(THREE_D_NAME, "vtkMRMLViewNode") if arrangement.has_3d else None
        return ShownViews(tuple(nodes), in_space)

    def write(self, slice_node: Any, marks: Marks) -> None:
        self.written[slice_node.GetLayoutName()] = marks

    def later(self, call: Callable[[], None]) -> None:
        call()

    def pause(self) -> None:
        self.paused += 1

    def resume(self) -> None:
        self.paused -= 1

    def give_back(self) -> None:
        if is_ours(self.layout_node.GetViewArrangement()):
            self.layout_node.SetViewArrangement(self.before)
        self.written = {}

    def release(self) -> None:
        self.give_back()
        remove_layouts(self.layout_node)
        remove_views(self.scene)

    def resize(self, number: int, width: int, height: int) -> None:
        """A view gets another size, and Slicer keeps its height in millimetres."""
        self.logics[view_names(number)[-1]].ResizeSliceNode(width, height)

    def node(self, number: int) -> Any:
        """The slice node of a view, counted from 1."""
        return self.scene.GetSingletonNode(view_names(number)[-1], "vtkMRMLSliceNode")

    def end(self) -> None:
        self.release()
        self.observers.clear()
        self.layouts.SetMRMLScene(None)
        self.application.SetMRMLScene(None)

    def _node_removed(self, _scene: Any, _event: str, node: Any) -> None:
        """As the layout manager does: the logic of a view goes with its node."""
        logic = self.logics.pop(node.GetName(), None)
        if logic is not None:
            logic.SetMRMLScene(None)

    def _slice(self, name: str) -> Any:
        node = self.scene.GetSingletonNode(name, "vtkMRMLSliceNode")
        if name not in self.logics:
            logic = slicer.vtkMRMLSliceLogic()
            logic.SetMRMLScene(self.scene)
            logic.SetSliceNode(node)
            logic.ResizeSliceNode(*SIZE)
            self.logics[name] = logic
        return node


class HandEditor:
    """The editor's host with Slicer's own history behind its undo, and nothing on the screen."""

    def __init__(self) -> None:
        self.history = slicer.vtkSegmentationHistory()
        self.history.SetMaximumNumberOfStates(10)
        self.nodes: tuple[Any, Any] = (None, None)
        self.segment: str | None = None
        self.effect = ""
        self.brush_mm = 0.0
        self.scene: Any = None
        self.calls: list[Callable[[str], None]] = []
        self.brush_calls: list[Callable[[float], None]] = []

    def set_scene(self, scene: Any) -> None:
        self.scene = scene

    def set_nodes(self, segmentation_node: Any, volume_node: Any) -> None:
        assert segmentation_node is None or self.scene is not None, "the editor has no scene to draw in"
        self.nodes = (segmentation_node, volume_node)
        self.history.SetSegmentation(None if segmentation_node is None else segmentation_node.GetSegmentation())

    def select_segment(self, segment_id: str | None) -> None:
        self.segment = segment_id

    def use_effect(self, name: str) -> None:
        self.effect = name
        for call in self.calls:
            call(name)

    def active_effect(self) -> str:
        return self.effect

    def save_state_for_undo(self) -> None:
        self.history.SaveState()

    def undo(self) -> None:
        self.history.RestorePreviousState()

    def redo(self) -> None:
        self.history.RestoreNextState()

    def set_brush_mm(self, diameter_mm: float) -> None:
        self.brush_mm = diameter_mm

    def on_effect_changed(self, call: Callable[[str], None]) -> None:
        self.calls.append(call)

    def on_brush_changed(self, call: Callable[[float], None]) -> None:
        self.brush_calls.append(call)

    def release(self) -> None:
        self.set_nodes(None, None)
        self.scene, self.segment, self.effect = None, None, ""


class Ears:
    """A listener that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def segment_changed(self, key: Any) -> None:
        self.heard.append(("segment_changed", key))

    def segment_gone(self, key: Any) -> None:
        self.heard.append(("segment_gone", key))

    def foreign_segment(self, name: str) -> None:
        self.heard.append(("foreign_segment", name))

    def tool_used(self, tool: str) -> None:
        self.heard.append(("tool_used", tool))

    def tool_chosen(self, tool: Tool | None) -> None:
        self.heard.append(("tool_chosen", tool))

    def caliper_dragged(self, key: Any, start_ras: Point, end_ras: Point) -> None:
        self.heard.append(("caliper_dragged", key, start_ras, end_ras))

    def sample_moved(self, key: Any, centre_ras: Point) -> None:
        self.heard.append(("sample_moved", key, centre_ras))

    def sync_point_placed(self, image: ImageKey, ras: Point) -> None:
        self.heard.append(("sync_point_placed", image, ras))

    def window_changed(self, image: ImageKey, width: float, level: float) -> None:
        self.heard.append(("window_changed", image, width, level))

    def slice_changed(self, ras: Point) -> None:
        self.heard.append(("slice_changed", ras))

    def touched(self) -> None:
        self.heard.append(("touched",))

    def losing(self) -> None:
        self.heard.append(("losing",))

    def lost(self, what: Lost) -> None:
        self.heard.append(("lost", what))

    def take(self) -> list[tuple[Any, ...]]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard


class Desk:
    """A gateway with its screen, editor and listener."""

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.screen, self.editor, self.ears = LogicScreen(scene), HandEditor(), Ears()
        self.gateway = SlicerScene(scene, self.screen, self.editor)
        self.gateway.listen(self.ears)

    def open(self, *keys: ImageKey, grid: Grid = CT) -> SlicerScene:
        """Put images of one grid into the scene and arrange the planes of the first."""
        for key in keys:
            self.gateway.add_image(key, image(grid), f"{key.role.value}", None)
        self.gateway.arrange(planes(keys[0]))
        return self.gateway

    def drawn_on(self) -> str:
        """The name of the image whose voxels the editor has."""
        voxels = self.editor.nodes[1].GetImageData()
        count = self.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
        nodes = [self.scene.GetNthNodeByClass(number, "vtkMRMLScalarVolumeNode") for number in range(count)]
        return next(node.GetName() for node in nodes if node.GetImageData() is voxels and not node.GetHideFromEditors())

    def counts(self) -> dict[str, int]:
        """How many nodes of each class the scene holds."""
        found: dict[str, int] = {}
        for node in self.scene.GetNodes():
            found[node.GetClassName()] = found.get(node.GetClassName(), 0) + 1
        return found


@contextmanager
def desk_on(scene: Any) -> Iterator[Desk]:
    """A desk that is cleared away afterwards."""
    made = Desk(scene)
    try:
        yield made
    finally:
        made.gateway.release()
        made.screen.end()


def scroll(node: Any, millimetres: float) -> None:
    """A person turns the wheel over a view."""
    node.SetSliceOffset(node.GetSliceOffset() + millimetres)


def pan(node: Any, x_mm: float, y_mm: float) -> None:
    """A person drags the image across a view."""
    x, y, z = node.GetXYZOrigin()
    node.SetXYZOrigin(x + x_mm, y + y_mm, z)
    node.UpdateMatrices()


def zoom(node: Any, factor: float) -> None:
    """A person zooms a view."""
    x, y, z = node.GetFieldOfView()
    node.SetFieldOfView(x * factor, y * factor, z)


def segmentation_nodes(scene: Any) -> list[Any]:
    """The segmentations in a scene."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    return [scene.GetNthNodeByClass(number, "vtkMRMLSegmentationNode") for number in range(count)]


def paint(scene: Any, key: SegmentKey, box: Box, grid: Grid) -> None:
    """A person paints a block of voxels, as Slicer's effects do it: a labelmap is merged into the segment."""
    k, j, i = box
    modifier = slicer.vtkOrientedImageData()
    modifier.SetExtent(i.start, i.stop - 1, j.start, j.stop - 1, k.start, k.stop - 1)
    block = np.ones((k.stop - k.start, j.stop - j.start, i.stop - i.start), np.uint8)
    modifier.GetPointData().SetScalars(numpy_to_vtk(block.reshape(-1), deep=True))
    modifier.SetImageToWorldMatrix(vtk_matrix(grid.ijk_to_ras))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    nodes = segmentation_nodes(scene)
    node = next(node for node in nodes if node.GetSegmentation().GetSegment(key.segment_id) is not None)
    assert logic.SetBinaryLabelmapToSegment(modifier, node, key.segment_id, logic.MODE_MERGE_MAX)
