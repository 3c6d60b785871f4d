"""What stands beside drawing, driven through its own buttons: MRI, prior, senior, return, withdrawal, database."""

from __future__ import annotations

import unittest

import numpy as np
import slicer
import slicer_support as hand
from case_in_hand import CaseInHand, asked, small_store
from crc_core.geometry import Grid, Volume
from crc_core.identity import UnitId
from crc_core.phantom import build_phantom
from crc_core.phantom.model import PhantomSize
from crc_core.vocabulary import Mode, Role, Target
from crc_core.workflow.events import Kind
from crc_core.workflow.views import SlotPhase
from import_support import write_study
from small_store import MANAGER, READER, stack_of

QUESTION = "这是血管吗？"
RECTAL_SEED = 3
ASIDE_MM = (8.0, -6.0, 0.0)
"""How far the MRI lies from where the CT was, in RAS: the patient was moved between."""


class Aids(unittest.TestCase):
    """A store with a baseline that has an MRI, its follow-up, a reading that came back, and one just handed in."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.small = small = small_store("aids")
        cls.back, _ = small.returned(QUESTION)
        phantom = build_phantom(RECTAL_SEED, size=PhantomSize.TEST)
        images = {Role.PVP: phantom.images[Role.PVP], Role.T2: aside(phantom.images[Role.T2])}
        inside = np.argwhere(phantom.masks[Target.PRIMARY].array > 0).mean(axis=0)
        cls.middle = tuple(float(value) for value in phantom.images[Role.PVP].grid.to_ras(inside[::-1]))
        source = small.written("patient", {role: stack_of(image, role) for role, image in images.items()})
        cls.baseline = small.add(source=source, mode=Mode.MRI)
        cls.follow_up = small.add(follows=cls.baseline)
        cls.in_window, _ = small.handed_in()

    def opened(self, unit: str) -> CaseInHand:
        """A case, open in the step that it opens in."""
        case = CaseInHand(self.small.place, unit)
        case.enter()
        case.choose()
        case.person.wait(case.is_open, f"{unit} opens")
        case.person.session.annotator.dismiss_message()
        self.addCleanup(case.close)
        hand.settle(0.3)
        return case

    def beside_the_mri(self) -> CaseInHand:
        """The baseline, with the primary chosen: CT and T2 beside each other."""
        case = CaseInHand(self.small.place, self.baseline)
        case.open()
        self.addCleanup(case.close)
        self.assertEqual({shown(name) for name in ("CRC1", "CRC2")}, {"PVP", "T2"})
        return case

    def test_a_pair_of_sync_points_is_placed_and_taken_away(self) -> None:
        case = self.beside_the_mri()
        ct, mri = sorted(("CRC1", "CRC2"), key=shown)
        for count in (1, 2):
            case.person.press("contour.add_sync")
            hand.show_slice(ct, self.middle)
            hand.stroke(ct, [self.middle])
            hand.show_slice(mri, self.middle)
            hand.stroke(mri, [self.middle])
            hand.settle(0.2)
            self.assertEqual(case.person.state.contour.mri.sync_pairs, count)
        pair = case.person.session.annotator.hub.case.work.sync_pairs[0]
        self.assertLess(np.linalg.norm(np.subtract(pair.ct_ras, self.middle)), 6.0)
        for count in (1, 0):
            case.person.press("contour.remove_sync")
            self.assertEqual(case.person.state.contour.mri.sync_pairs, count)
        self.assertFalse(case.person.control("contour.remove_sync").isEnabled())

    def test_the_mri_is_registered_looked_at_before_and_after_and_accepted(self) -> None:
        case = self.beside_the_mri()
        person, mri = case.person, lambda: case.person.state.contour.mri
        person.press("contour.register")
        words = set()
        person.wait(lambda: words.add(mri().words) or not mri().registering, "the registration ends")
        self.assertTrue(any("%" in each for each in words), words)
        self.assertIsNone(case.said())
        self.assertTrue(mri().registered and mri().shown_moved and not mri().accepted, mri())
        found = np.array(person.session.annotator.hub.case.work.registration.ct_to_mri)
        lies = (found @ (*self.middle, 1.0))[:3] - self.middle
        self.assertLess(np.linalg.norm(lies - ASIDE_MM), 3.0, "it lies where it was put")
        after = mri_place(self.baseline)
        person.press("contour.moved")
        self.assertFalse(mri().shown_moved)
        before = mri_place(self.baseline)
        self.assertEqual(before, np.eye(4).tolist())
        self.assertNotEqual(after, before)
        person.press("contour.moved")
        self.assertEqual(mri_place(self.baseline), after)
        person.press("contour.accept_registration")
        self.assertTrue(mri().accepted)
        self.assertFalse(person.control("contour.accept_registration").isVisible())
        case.safe()
        person.press("contour.reject_registration")
        self.assertFalse(mri().registered)
        self.assertEqual(mri_place(self.baseline), before)

    def test_a_registration_is_stopped(self) -> None:
        case = self.beside_the_mri()
        case.person.press("contour.register")
        case.person.press("contour.stop_registration")
        self.assertFalse(case.person.state.contour.mri.registering)
        self.assertFalse(case.person.state.contour.mri.registered)
        self.assertEqual(case.said(), ("info", case.say("annotator.contour.mri_stopped")))

    def test_the_earlier_examination_beside_and_away_again(self) -> None:
        case = self.opened(self.follow_up)
        before = views()
        self.assertTrue(before)
        case.person.press("head.prior")
        case.person.wait(lambda: case.person.state.header.prior_shown and case.person.state.busy is None, "the prior")
        hand.settle(0.2)
        self.assertIn(f"{self.baseline}_PVP", names_shown())
        self.assertTrue(case.person.control("head.prior").checked)
        case.person.press("head.prior")
        self.assertFalse(case.person.state.header.prior_shown)
        hand.settle(0.2)
        self.assertEqual(views(), before)
        self.assertNotIn(f"{self.baseline}_PVP", names_shown())

    def test_a_senior_is_asked_without_submitting(self) -> None:
        case = self.opened(self.follow_up)
        with asked("ok", words=QUESTION) as questions:
            case.person.press("foot.senior")
        self.assertIn(self.follow_up, questions[0])
        self.assertEqual(case.said(), ("info", case.say("annotator.senior_asked")))
        events = self.small.store.events_since(0, "admin")
        sent = [event.payload.question for event in events if event.kind is Kind.SENIOR_ASKED]
        self.assertEqual(sent, [QUESTION])

    def test_a_case_that_came_back_shows_why(self) -> None:
        case = CaseInHand(self.small.place, self.back)
        case.enter()
        case.person.press("case.filter.returned")
        row = next(row for row in case.person.state.cases.rows if row.unit == self.back)
        case.person.session.annotator.cases.select(self.back)
        self.assertIn(QUESTION, f"{row.note} {case.person.control('case.note').text}")
        case.person.press("case.filter.all")
        case = self.opened(self.back)
        returned = case.person.control("head.returned")
        self.assertTrue(returned.isVisible())
        self.assertIn(QUESTION, returned.text)
        self.assertFalse(case.person.state.header.read_only)

    def test_a_reading_is_taken_back_and_gone_on_with(self) -> None:
        case = self.opened(self.in_window)
        self.assertTrue(case.person.state.header.read_only)
        case.person.go_to("submit")
        with asked("ok", words="漏画一处"):
            case.person.press("submit.withdraw")
        self.assertEqual(case.said(), ("info", case.say("annotator.withdrawn")))
        self.assertFalse(case.person.state.header.read_only)
        slot = self.small.store.unit(UnitId.parse(self.in_window), READER).slots[0]
        self.assertIs(slot.phase, SlotPhase.WITHDRAWN)
        case.person.go_to("contour")
        case.person.press("contour.target.primary")
        case.person.press("contour.add_lesion")
        case.paint()
        case.safe()
        self.assertEqual(case.kept(), case.drawn())
        self.assertTrue(case.drawn())

    def test_a_study_comes_in_from_slicers_dicom_database(self) -> None:
        from DICOMLib import DICOMUtils

        folder = write_study(hand.folder() / "扫描 studies")
        case = CaseInHand(self.small.place, self.baseline, MANAGER)
        case.enter()
        with asked("ok") as told:
            case.person.press("case.import_database")
        self.assertIn(case.say("widgets.dicom.none"), told[0])
        with DICOMUtils.TemporaryDICOMDatabase(str(hand.folder() / "dicom database")) as database:
            DICOMUtils.importDicom(str(folder), database)
            with asked("ok", "ok") as questions:
                case.person.press("case.import_database")
            case.person.wait(lambda: case.person.state.busy is None, "the import ends")
        self.assertEqual(questions[0], case.say("widgets.dicom.words"))
        newest = max(item.unit for item in self.small.store.work_list(MANAGER))
        self.assertIn(newest, case.said().words)


def aside(image: Volume) -> Volume:
    """The image as of a patient who lies elsewhere."""
    moved = np.eye(4)
    moved[:3, 3] = ASIDE_MM
    return Volume(image.array, Grid(image.grid.shape_kji, moved @ image.grid.ijk_to_ras))


def shown(view: str) -> str:
    """The role of the series that a slice view shows."""
    return name_shown(view).rsplit("_", 1)[-1]


def name_shown(view: str) -> str:
    """The name of the image that a slice view shows."""
    composite = hand.slice_widget(view).sliceLogic().GetSliceCompositeNode()
    node = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")
    return "" if node is None else node.GetName()


def views() -> set[str]:
    """The slice views of ours that are seen."""
    manager = slicer.app.layoutManager()
    return {name for name in manager.sliceViewNames() if name.startswith("CRC") and hand.slice_widget(name).visible}


def names_shown() -> set[str]:
    """The images in the views that are seen."""
    return {name_shown(name) for name in views()}


def mri_place(unit: str) -> list[list[float]]:
    """The matrix under which the MRI is shown."""
    import vtk

    node = slicer.util.getNode(f"{unit}_T2")
    matrix = vtk.vtkMatrix4x4()
    transform = node.GetParentTransformNode()
    if transform is not None:
        transform.GetMatrixTransformToWorld(matrix)
    return [[matrix.GetElement(row, column) for column in range(4)] for row in range(4)]


if __name__ == "__main__":
    unittest.main()
