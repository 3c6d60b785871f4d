"""The annotator in Slicer's window: how much room it takes, where the report stands, and what it leaves behind."""

from __future__ import annotations

import time
import unittest
from collections import Counter
from typing import Any

import numpy as np
import slicer
import slicer_support as hand
import vtk
from annotator_hand import Annotator
from vtk.util.numpy_support import vtk_to_numpy

STEPS = ("case", "check", "contour", "report", "submit")
NARROW, WIDE = (1366, 768), (1800, 1000)
IMPORT_S = 0.1


class Room(unittest.TestCase):
    """The panel keeps its width, the report its place."""

    def setUp(self) -> None:
        self.person = Annotator()
        self.person.with_case()

    def tearDown(self) -> None:
        hand.fill_the_screen()

    def test_the_panel_keeps_its_width_in_every_step(self) -> None:
        widths = set()
        for step in STEPS:
            self.person.go_to(step)
            widths.add(self.person.root.width)
        self.assertEqual(len(widths), 1)
        self.assertLessEqual(widths.pop(), 480)

    def test_the_report_stands_beside_the_images_where_there_is_room_else_behind_a_tab(self) -> None:
        for size, tabbed in ((NARROW, True), (WIDE, False), (NARROW, True)):
            hand.resize_window(*size)
            self.person.press("head.step.report")
            hand.settle(0.3)
            self.assertIs(self.person.session.window.dock.is_tabbed, tabbed, size)
            self.assertTrue(self.person.control("report").isVisible(), size)
            self.assertTrue(slicer.util.mainWindow().width <= size[0], "the window grew")

    def test_phases_side_by_side_are_drawn_at_one_scale(self) -> None:
        self.person.go_to("check")
        for size in (NARROW, WIDE, NARROW):
            hand.resize_window(*size)
            self.person.press("check.phase.PVP")
            self.person.press("check.phase.all")
            hand.settle(0.3)
            widths = [body_px(name) for name in hand.seen_views()]
            self.assertEqual(len(widths), 4)
            self.assertLessEqual(max(widths) - min(widths), 0.02 * max(widths), (size, widths))

    def test_another_module_and_back(self) -> None:
        unit = self.person.state.header.unit
        slicer.util.selectModule("Data")
        hand.settle(0.3)
        self.assertFalse(any(dock.isVisible() for dock in docks()))
        again = Annotator()
        self.assertEqual(again.state.header.unit, unit)
        self.assertTrue(any(not dock.isHidden() for dock in docks()))


class NothingStays(unittest.TestCase):
    """Leaving gives the window back; closing and loading anew leave nothing of ours in Slicer."""

    def test_leaving_lays_the_tools_down_and_gives_the_keys_back(self) -> None:
        person = Annotator()
        person.with_case()
        person.go_to("contour")
        person.press("contour.target.primary")
        if not next(row for row in person.state.contour.targets if row.target.value == "primary").lesions:
            person.press("contour.add_lesion")
        person.press("contour.tool.paint")
        self.assertEqual(person.session.editor.active_effect(), "Paint")
        slicer.util.selectModule("Data")
        hand.settle(0.3)
        self.assertEqual(person.session.editor.active_effect(), "")
        self.assertEqual(shortcuts(), [])
        for name in ("EditUndoAction", "EditRedoAction"):
            action = slicer.util.mainWindow().findChild("QAction", name)
            if action is not None:
                self.assertFalse(action.shortcut.isEmpty(), name)
        self.assertEqual(Annotator().state.header.unit, person.state.header.unit)

    def test_closing_the_case_gives_scene_and_layout_back(self) -> None:
        """The views themselves stay for the next case, until the module goes."""
        person = Annotator()
        person.with_case()
        layouts_seen, counted = [], []
        for _ in range(2):
            person.close_case()
            counted.append((nodes(), observers()))
            layouts_seen.append(slicer.app.layoutManager().layout)
            person.with_case()
            self.assertNotEqual(nodes(), counted[-1][0])
        self.assertEqual(counted[0], counted[1])
        self.assertFalse(set(layouts_seen) & set(layouts()))
        person.close_case()

    def test_loading_the_module_anew_leaves_nothing_behind(self) -> None:
        Annotator().close_case()
        slicer.util.selectModule("Data")
        hand.settle(0.3)
        counted = []
        for _ in range(3):
            person = Annotator()
            person.with_case()
            person.go_to("contour")
            old = person.session
            slicer.util.reloadScriptedModule("CRCAnnotator")
            hand.settle(0.5)
            slicer.util.selectModule("Data")
            hand.settle(0.3)
            self.assertIsNot(slicer.modules.crcannotator.widgetRepresentation().self().session, old)
            counted.append((nodes(), observers(), len(shortcuts()), len(docks()), layouts()))
        self.assertEqual(counted[1], counted[2])
        self.assertEqual(counted[2][2:], (0, 0, []))
        again = Annotator()
        again.with_case()
        again.go_to("check")
        self.assertTrue(again.state.check.series)


class Cost(unittest.TestCase):
    """What Slicer pays for the module at its start."""

    def test_import_and_constructor(self) -> None:
        # Slicer does not enter a module again that is shown while it is loaded anew.
        slicer.util.selectModule("Data")
        spent = []
        for _ in range(3):
            begins = time.process_time()
            slicer.util.reloadScriptedModule("CRCAnnotator")
            spent.append(time.process_time() - begins)
        self.assertLessEqual(min(spent), IMPORT_S, spent)


def body_px(name: str) -> int:
    """How wide the body is drawn in a slice view, at a height where neither words nor letters stand."""
    view = hand.slice_widget(name).sliceView()
    view.forceRender()
    shot = vtk.vtkWindowToImageFilter()
    shot.SetInput(view.renderWindow())
    shot.Update()
    width, height, _ = shot.GetOutput().GetDimensions()
    pixels = vtk_to_numpy(shot.GetOutput().GetPointData().GetScalars()).reshape(height, width, -1)
    drawn = np.flatnonzero((pixels[int(0.55 * height) : int(0.62 * height), :, 0] > 60).any(axis=0))
    return int(drawn[-1] - drawn[0])


def nodes() -> Counter[str]:
    """How many nodes of each class the scene holds."""
    scene = slicer.mrmlScene
    return Counter(scene.GetNthNode(number).GetClassName() for number in range(scene.GetNumberOfNodes()))


def observers() -> int:
    """How many observations there are of the scene and of what is in it, as VTK prints them."""
    scene = slicer.mrmlScene
    watched = [scene, *(scene.GetNthNode(number) for number in range(scene.GetNumberOfNodes()))]
    return sum(str(each).count("vtkObserver (") for each in watched)


def shortcuts() -> list[str]:
    """The keys of ours that are listened to."""
    found = slicer.util.mainWindow().findChildren("QShortcut")
    return [key.objectName for key in found if key.objectName.startswith("crc.key.") and key.isEnabled()]


def docks() -> list[Any]:
    """The docks of ours in the main window."""
    found = slicer.util.mainWindow().findChildren("QDockWidget")
    return [dock for dock in found if dock.objectName.startswith("CRC")]


def layouts() -> list[int]:
    """The layouts of ours that Slicer knows."""
    from crc_mrml.layouts import ANNOTATOR_VIEWS

    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    return [n for n in ANNOTATOR_VIEWS.numbers if node.IsLayoutDescription(n) and node.GetLayoutDescription(n)]


if __name__ == "__main__":
    unittest.main()
