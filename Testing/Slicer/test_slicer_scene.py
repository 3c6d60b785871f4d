"""The open case in a real Slicer: layouts, mouse strokes, the window by hand, and nothing left behind."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import qt
import slicer
from crc_core.contour.inspection import Window
from crc_core.contour.results import Caliper, Measurement, Method, Size, Unit
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.marks import CaliperKey, CaliperMark, SyncPair
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import LesionClass, Role, Target
from crc_mrml.layouts import ANNOTATOR_VIEWS
from crc_mrml.observers import Observers
from crc_mrml.screen import SlicerScreen
from crc_widgets.application import SlicerApplication
from crc_widgets.editor_host import EditorHost
from CRCAnnotatorLib.presenter.ports import Fill, Lost, Tool
from CRCAnnotatorLib.scene.slicer_scene import SlicerScene
from slicer_support import settle, slice_widget, stroke

GRID = Grid.from_spacing((60, 128, 128), (2.0, 2.0, 2.5), (-128.0, -128.0, -75.0))
PVP, AP, T2 = (ImageKey(role) for role in (Role.PVP, Role.AP, Role.T2))
KEY = SegmentKey(Target.PRIMARY, 1)
PLACE = (4.0, 6.0, 0.0)
CASES = 5


def volume(level: int) -> Volume:
    """A body of one density in air."""
    k, j, i = np.indices(GRID.shape_kji)
    inside = ((j - 64) / 50) ** 2 + ((i - 64) / 60) ** 2 < 1
    return Volume(np.where(inside, level + k, -1000).astype(np.int16), GRID)


def planes(*, in_space: bool = False) -> Arrangement:
    """The layout for contouring."""
    orientations = (Orientation.AXIAL, Orientation.CORONAL, Orientation.SAGITTAL, Orientation.OBLIQUE)
    return Arrangement(LayoutKind.CONTOUR, tuple(Pane(item.value, item, PVP) for item in orientations), in_space)


def beside(kind: LayoutKind, *keys: ImageKey) -> Arrangement:
    """Images beside each other."""
    panes = (Pane("axial" if n == 0 else f"p{n}", Orientation.AXIAL, key) for n, key in enumerate(keys))
    return Arrangement(kind, tuple(panes))


def caliper() -> CaliperMark:
    """A long diameter."""
    place = Caliper(PLACE, (PLACE[0] + 30.0, *PLACE[1:]))
    measured = Measurement(Size.LONG_DIAMETER, 30.0, Unit.MM, 2.0, Method.LONGEST_ON_TUMOUR, place, 30)
    return CaliperMark(CaliperKey(Target.PRIMARY, 1, Size.LONG_DIAMETER), measured, "长径 30 mm")


class Ears:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *said: self.heard.append((name, *said))

    def take(self) -> list[tuple[Any, ...]]:
        """What was heard since the last time."""
        heard, self.heard = self.heard, []
        return heard

    def names(self) -> list[str]:
        """The same, without what came along."""
        return [item[0] for item in self.take()]


class SceneTest(unittest.TestCase):
    """Each test opens a case of its own and gives everything back."""

    def setUp(self) -> None:
        slicer.mrmlScene.Clear(0)
        settle()
        self.before = self.counts()
        self.holder = qt.QWidget()
        self.holder.setLayout(qt.QVBoxLayout())
        self.editor = EditorHost(self.holder)
        self.holder.layout().addWidget(self.editor.widget)
        self.ears = Ears()
        self.scene = SlicerScene(
            slicer.mrmlScene, SlicerScreen(slicer.mrmlScene, SlicerApplication(), ANNOTATOR_VIEWS), self.editor
        )
        self.scene.listen(self.ears)
        self.layout = slicer.app.layoutManager().layout

    def tearDown(self) -> None:
        self.scene.release()
        self.editor.release()
        settle()

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number in range(slicer.mrmlScene.GetNumberOfNodes()):
            name = slicer.mrmlScene.GetNthNode(number).GetClassName()
            found[name] = found.get(name, 0) + 1
        return found

    def open(self, arrangement: Arrangement | None = None) -> None:
        for key, level in ((PVP, 60), (AP, 90), (T2, 200)):
            self.scene.add_image(key, volume(level), key.role.value, None if key is T2 else Window(350, 40))
        self.scene.label_images({PVP: "静脉期 · T0", AP: "动脉期 · T0", T2: "T2WI · T0"})
        self.scene.arrange(arrangement or planes())
        self.scene.begin_contours(PVP, "轮廓")
        self.scene.ensure_segment(KEY, "原发灶 L1", LesionClass.TUMOUR)
        self.scene.show_segments([KEY], Fill.FILLED)
        self.scene.edit(KEY)
        self.scene.jump(PLACE, extent_mm=120.0)
        settle(0.3)
        self.ears.take()

    def voxels(self) -> int:
        found = self.scene.read(KEY, GRID)
        return 0 if found is None else int(found[1].sum())

    def test_every_layout_shows_its_images_where_they_belong(self) -> None:
        self.open()
        for arrangement in (
            beside(LayoutKind.SINGLE, PVP),
            beside(LayoutKind.PHASES, PVP, AP),
            beside(LayoutKind.REFERENCE, PVP, T2),
            planes(in_space=True),
            planes(),
        ):
            self.scene.arrange(arrangement)
            settle(0.2)
            for number, pane in enumerate(arrangement.panes, start=1):
                widget = slice_widget(f"CRC{number}")
                composite = widget.mrmlSliceCompositeNode()
                shown = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID())
                self.assertEqual(shown.GetName(), pane.image.role.value)
                self.assertTrue(widget.visible)
                text = widget.sliceView().cornerAnnotation()
                self.assertIn("T0", text.GetText(text.UpperLeft))
            self.assertAlmostEqual(self.scene.position()[2], PLACE[2], delta=1.3)
        self.assertEqual(self.ears.names(), [])

    def test_a_stroke_of_the_mouse_draws_is_told_once_and_undone_in_one_step(self) -> None:
        self.open()
        self.scene.use_tool(Tool.PAINT)
        self.scene.set_brush(10.0)
        settle()
        self.ears.take()
        stroke("CRC1", [PLACE, (PLACE[0] + 12, PLACE[1], PLACE[2])])
        painted = self.voxels()
        self.assertGreater(painted, 20)
        self.assertEqual(self.ears.names(), ["tool_used", "segment_changed"])
        stroke("CRC1", [(PLACE[0] - 20, PLACE[1], PLACE[2]), (PLACE[0] - 12, PLACE[1], PLACE[2])])
        self.assertGreater(self.voxels(), painted)
        self.ears.take()
        self.scene.undo()
        self.assertEqual(self.voxels(), painted)
        self.scene.undo()
        self.assertEqual(self.voxels(), 0)
        self.scene.redo()
        self.assertEqual(self.voxels(), painted)
        self.assertEqual(self.ears.names(), [])

    def test_nothing_is_drawn_on_an_mri_that_does_not_lie_on_the_ct(self) -> None:
        self.open(beside(LayoutKind.REFERENCE, PVP, T2))
        self.scene.use_tool(Tool.PAINT)
        self.scene.set_brush(10.0)
        settle()
        stroke("CRC2", [PLACE, (PLACE[0] + 12, PLACE[1], PLACE[2])])
        self.assertEqual(self.voxels(), 0)

    def test_without_a_tool_the_left_button_changes_the_window_of_all_phases(self) -> None:
        self.open()
        self.scene.use_tool(None)
        settle()
        self.ears.take()
        stroke("CRC1", [PLACE, (PLACE[0] + 20, PLACE[1] + 15, PLACE[2])])
        heard = self.ears.take()
        self.assertTrue(heard and {item[0] for item in heard} == {"window_changed"})
        self.assertEqual(self.scene.window(AP), self.scene.window(PVP))
        self.assertNotEqual(self.scene.window(PVP), Window(350, 40))

    def test_the_wheel_scrolls_and_phases_follow(self) -> None:
        self.open(beside(LayoutKind.PHASES, PVP, AP))
        interactor = slice_widget("CRC1").sliceView().interactor()
        interactor.InvokeEvent("MouseWheelForwardEvent")
        settle()
        self.assertEqual(self.ears.names(), ["slice_changed"])
        offsets = [slice_widget(name).sliceLogic().GetSliceOffset() for name in ("CRC1", "CRC2")]
        self.assertAlmostEqual(*offsets)
        self.assertNotAlmostEqual(offsets[0], PLACE[2])

    def test_a_caliper_is_dragged_by_its_end(self) -> None:
        self.open()
        self.scene.use_tool(None)
        mark = caliper()
        self.scene.show_calipers([mark])
        settle(0.3)
        end = mark.measurement.place.end_ras
        stroke("CRC1", [end, (end[0] + 8, end[1], end[2])])
        dragged = [item for item in self.ears.take() if item[0] == "caliper_dragged"]
        self.assertEqual(len(dragged), 1)
        self.assertAlmostEqual(dragged[0][3][0], end[0] + 8, delta=1.0)

    def test_a_sync_point_is_placed_with_one_click_and_the_mouse_is_free_again(self) -> None:
        self.open(beside(LayoutKind.REFERENCE, PVP, T2))
        self.scene.place_sync_point(T2)
        settle()
        stroke("CRC2", [PLACE])
        placed = [item for item in self.ears.take() if item[0] == "sync_point_placed"]
        self.assertEqual([item[1] for item in placed], [T2])
        self.assertLess(np.linalg.norm(np.subtract(placed[0][2], PLACE)), 2.0)
        interaction = slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
        self.assertEqual(interaction.GetCurrentInteractionMode(), interaction.AdjustWindowLevel)
        self.scene.show_sync_pairs([SyncPair(PLACE, placed[0][2])])

    def test_tools_chosen_elsewhere_are_told(self) -> None:
        self.open()
        self.editor.use_effect("Draw")
        settle()
        self.assertEqual(self.ears.take(), [("tool_chosen", Tool.DRAW)])

    def test_case_after_case_the_scene_and_the_layout_are_as_before(self) -> None:
        found = []
        for _ in range(CASES):
            self.open(planes(in_space=True))
            self.scene.use_tool(Tool.PAINT)
            self.scene.set_brush(10.0)
            stroke("CRC1", [PLACE, (PLACE[0] + 12, PLACE[1], PLACE[2])])
            self.scene.show_calipers([caliper()])
            self.scene.show_3d([KEY])
            self.scene.close_case()
            settle()
            found.append(self.counts())
            self.assertEqual(slicer.app.layoutManager().layout, self.layout)
        self.assertEqual(found, [found[0]] * CASES)
        self.scene.release()
        settle()
        self.assertEqual(self.counts(), self.before)

    def test_a_closed_scene_is_told_and_slicer_lives_on(self) -> None:
        self.open()
        self.scene.use_tool(Tool.PAINT)
        settle()
        self.ears.take()
        slicer.mrmlScene.Clear(0)
        settle()
        self.assertEqual(self.ears.take(), [("losing",), ("lost", Lost.SCENE)])
        self.open()
        stroke("CRC1", [PLACE, (PLACE[0] + 12, PLACE[1], PLACE[2])])

    def test_a_deleted_segmentation_is_told_while_a_tool_is_in_hand(self) -> None:
        self.open()
        self.scene.use_tool(Tool.PAINT)
        settle()
        self.ears.take()
        slicer.mrmlScene.RemoveNode(slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode"))
        settle()
        self.assertEqual(self.ears.take(), [("losing",), ("lost", Lost.SEGMENTATION)])

    def test_no_observer_of_ours_stays(self) -> None:
        held = []
        kept, Observers.add = Observers.add, lambda self, *said, **how: (held.append(self), kept(self, *said, **how))[1]
        try:
            self.scene = SlicerScene(
                slicer.mrmlScene, SlicerScreen(slicer.mrmlScene, SlicerApplication(), ANNOTATOR_VIEWS), self.editor
            )
            self.scene.listen(self.ears)
            self.open()
            self.scene.close_case()
        finally:
            Observers.add = kept
        self.assertTrue(held)
        self.assertEqual({len(observers) for observers in held}, {0})


if __name__ == "__main__":
    unittest.main()
