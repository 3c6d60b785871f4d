"""What is taken away or changed under the open case in a real Slicer: told once, given back, and gone on with."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import qt
import slicer
import slicer_support as hand
from case_in_hand import PRIMARY, VIEW, CaseInHand, Drawn, asked, small_store
from crc_core.desk.arrangement import ImageKey
from crc_core.vocabulary import Role
from small_store import MIDDLE


def beside(step: int) -> hand.Place:
    """Another place in the lesion for every step."""
    x, y, z = MIDDLE
    row, layer = divmod(step, 11)
    return (x - 6.0, y - 15.0 + 15.0 * row, z - 15.0 + 3.0 * layer)


class Losing(unittest.TestCase):
    """One case for all tests, opened once; every test leaves it open and drawn on."""

    @classmethod
    def setUpClass(cls) -> None:
        small = small_store()
        cls.case = CaseInHand(small.place, small.add())
        cls.case.open()
        cls.strokes = 0

    @classmethod
    def tearDownClass(cls) -> None:
        cls.case.close()

    def setUp(self) -> None:
        self.case.person.session.annotator.dismiss_message()

    def stroke(self) -> Drawn:
        """One stroke more, and what is drawn then."""
        type(self).strokes += 1
        before = self.case.drawn()
        self.case.paint(beside(self.strokes))
        drawn = self.case.drawn()
        self.assertNotEqual(drawn, before, "the stroke draws")
        return drawn

    def goes_on(self, drawn: Drawn) -> None:
        """Everything that was drawn is there and kept, and one can draw as before."""
        self.case.person.wait(self.case.is_open, "the case is back")
        self.assertEqual(self.case.drawn(), drawn)
        self.case.to_contour()
        more = self.stroke()
        self.case.safe()
        self.assertEqual(self.case.kept(), more)
        self.assertEqual(self.case.drawn(), more)

    def offered_back(self, fault: Callable[[], Any]) -> None:
        """What a fault takes away is offered back once, and is whole again, with the stroke of a moment ago."""
        self.stroke()
        self.case.safe()
        drawn = self.stroke()
        with asked("restore") as questions:
            fault()
            hand.settle(0.3)
        self.assertEqual(len(questions), 1)
        self.assertIn(self.case.unit, questions[0])
        self.goes_on(drawn)

    def test_the_scene_is_closed_by_the_menu(self) -> None:
        self.offered_back(close_scene)

    def test_a_volume_is_deleted(self) -> None:
        name = self.case.person.session.scene._case.images.get(ImageKey(Role.PVP)).node.GetName()
        self.offered_back(lambda: slicer.mrmlScene.RemoveNode(slicer.util.getNode(name)))

    def test_the_segmentation_is_deleted(self) -> None:
        self.offered_back(lambda: slicer.mrmlScene.RemoveNode(segmentation()))

    def put_back(self, fault: Callable[[], Any]) -> None:
        """What another module takes out of the segmentation is back at once, and it is said."""
        drawn = self.stroke()
        self.case.safe()
        slicer.util.selectModule("Segmentations")
        hand.settle(0.2)
        fault()
        hand.settle(0.3)
        slicer.util.selectModule("CRCAnnotator")
        hand.settle(0.3)
        lesions = f"{self.case.say('report.target.primary')} L1"
        self.assertEqual(self.case.said(), ("warning", self.case.say("annotator.lost.segment", lesions=lesions)))
        self.goes_on(drawn)

    def test_a_segment_is_removed_by_another_module(self) -> None:
        self.put_back(lambda: segmentation().GetSegmentation().RemoveSegment(PRIMARY.segment_id))

    def test_a_segment_is_moved_to_another_segmentation(self) -> None:
        other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "elsewhere")
        here = segmentation().GetSegmentation()
        self.put_back(lambda: other.GetSegmentation().CopySegmentFromSegmentation(here, PRIMARY.segment_id, True))
        slicer.mrmlScene.RemoveNode(other)

    def test_a_segment_that_another_module_adds_is_said_and_disturbs_nothing(self) -> None:
        drawn = self.stroke()
        segmentation().GetSegmentation().AddEmptySegment("Segment_1", "别处")
        hand.settle(0.1)
        self.assertEqual(self.case.said(), ("warning", self.case.say("annotator.foreign_segment", name="别处")))
        self.goes_on(drawn)
        segmentation().GetSegmentation().RemoveSegment("Segment_1")

    def test_a_renamed_segment_stays_the_lesion_it_is(self) -> None:
        segment = segmentation().GetSegmentation().GetSegment(PRIMARY.segment_id)
        drawn = self.stroke()
        segment.SetName("某某")
        self.goes_on(drawn)

    def test_what_the_segment_editor_paints_counts_as_drawn(self) -> None:
        drawn = self.stroke()
        self.case.safe()
        slicer.util.selectModule("SegmentEditor")
        editor = slicer.modules.segmenteditor.widgetRepresentation().self().editor
        editor.setSegmentationNode(segmentation())
        editor.setCurrentSegmentID(PRIMARY.segment_id)
        editor.setActiveEffectByName("Paint")
        type(self).strokes += 1
        place = beside(self.strokes)
        hand.show_slice(VIEW, place)
        hand.stroke(VIEW, [place, (place[0] + 9.0, place[1], place[2])])
        editor.setActiveEffect(None)
        painted = self.case.drawn()
        self.assertNotEqual(painted, drawn, "the other module draws")
        slicer.util.selectModule("CRCAnnotator")
        self.case.safe()
        self.assertEqual(self.case.kept(), painted)
        self.goes_on(painted)

    def test_a_segmentation_under_a_transform_is_told_and_kept_once_it_is_out(self) -> None:
        self.stroke()
        self.case.safe()
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "elsewhere")
        segmentation().SetAndObserveTransformNodeID(transform.GetID())
        type(self).strokes += 1
        self.case.paint(beside(self.strokes))
        told = self.case.say("mrml.under_transform", name=segmentation().GetName())
        self.case.person.wait(lambda: (self.case.said() or ("", ""))[1].startswith(told), "the transform is told")
        segmentation().SetAndObserveTransformNodeID(None)
        slicer.mrmlScene.RemoveNode(transform)
        self.goes_on(self.case.drawn())


def close_scene() -> None:
    """File, Close Scene, whatever Slicer asks about saving."""
    answer = qt.QTimer()
    answer.setInterval(50)

    def close_without_saving() -> None:
        dialog = slicer.app.activeModalWidget()
        if dialog is not None and dialog.className() in ("QMessageBox", "ctkMessageBox"):
            dialog.done(qt.QMessageBox.AcceptRole)

    answer.connect("timeout()", close_without_saving)
    answer.start()
    try:
        slicer.util.mainWindow().findChild("QAction", "FileCloseSceneAction").trigger()
    finally:
        answer.stop()


def segmentation() -> Any:
    """The segmentation that is drawn in."""
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSegmentationNode")


if __name__ == "__main__":
    unittest.main()
