"""The radiologist's whole way in a real Slicer: sample case, check, contour by mouse, report, submit; twice."""

from __future__ import annotations

import unittest
from typing import Any

import numpy as np
import slicer
import slicer_support as hand
from annotator_hand import Annotator, answering, draw_sections, patient
from crc_core.desk.arrangement import ImageKey
from crc_core.files.sealed import open_sealed
from crc_core.phantom import Fault
from crc_core.reading.seal import read_reading
from crc_core.report.form import Widget
from crc_core.vocabulary import Mode, Role, Target, TargetAnswer
from crc_core.workflow.views import SlotPhase

CHAPTERS = (
    (3, (Fault.LATE_PORTAL,), Mode.MRI),
    (40, (), Mode.SUBTRACTION),
)
"""The first two sample cases: seed and faults of the synthetic patient, mode of its primary."""

LEAST_DICE = 0.6
"""What is drawn by dragging around a section and filling between lies at least this near to the truth."""

NONE_SEEN = (Target.LIVER, Target.LUNG, Target.NODE)


class WholeWay(unittest.TestCase):
    """One case after the other, as on an ordinary day."""

    def test_two_cases_from_opening_to_submission(self) -> None:
        person = Annotator()
        hand.keep_picture("1-welcome")
        for number, (seed, faults, mode) in enumerate(CHAPTERS):
            unit = person.open_sample()
            person.go_to("case")
            hand.keep_picture("2-case")
            with self.subTest(unit=unit, mode=mode):
                self.check_the_scan(person)
                self.contour(person, self.truth(person, seed, faults), mode)
                self.fill_the_report(person)
                self.submit(person, unit)
            self.assertEqual(len(self.readings(person)), number + 1)

    def truth(self, person: Annotator, seed: int, faults: tuple[Fault, ...]) -> Any:
        """The patient, after making sure that it is this one that is open."""
        found = _found(seed, faults)
        image = person.session.scene.image(ImageKey(Role.PVP))
        self.assertEqual(image.array.shape, found.images[Role.PVP].array.shape)
        np.testing.assert_array_equal(image.array, found.images[Role.PVP].array)
        return found

    def check_the_scan(self, person: Annotator) -> None:
        person.go_to("check")
        self.assertGreater(len(person.state.check.series), 4)
        self.assertTrue(all(row.verdict_words for row in person.state.check.series))
        person.press("check.phase.PVP")
        person.press("check.phase.all")
        hand.keep_picture("3-check")
        for item in [item for item in person.state.check.items if item.can_accept and not item.accepted]:
            with answering("ok", words="临床可接受"):
                person.press(f"check.accept.{item.id}")
        person.press("check.confirm")
        person.wait(lambda: person.state.step.value == "contour", "contouring begins")

    def contour(self, person: Annotator, truth: Any, mode: Mode) -> None:
        row = next(row for row in person.state.contour.targets if row.target is Target.PRIMARY)
        self.assertIs(row.mode, mode)
        person.press("contour.target.primary")
        if not row.lesions:
            person.press("contour.add_lesion")
        if mode is Mode.SUBTRACTION:
            self.draw(person, truth.outer, 2)
            person.press("contour.step.inner")
            self.draw(person, truth.inner, 1)
            person.press("contour.keep")
        else:
            self.draw(person, truth.masks[Target.PRIMARY] if mode is Mode.DIRECT else truth.outer, 2)
        person.idle()
        hand.keep_picture(f"5-contour-{mode.value}")
        self.near_the_truth(person, truth, mode)
        self.measured(person)
        hand.keep_picture(f"6-measured-{mode.value}")
        for target in NONE_SEEN:
            person.press(f"contour.target.{target.value}")
            person.wait(lambda chosen=target: person.state.contour.target is chosen, f"the target {target.value}")
            person.press(f"contour.answer.{TargetAnswer.NONE_SEEN.value}")
            row = next(row for row in person.state.contour.targets if row.target is target)
            self.assertIs(row.answer, TargetAnswer.NONE_SEEN)
        person.idle()

    def draw(self, person: Annotator, truth: Any, step: int) -> None:
        """Drag around every other section of the lesion, and fill between."""
        inside = truth.array == 1
        slices = np.flatnonzero(inside.any(axis=(1, 2)))
        person.press("contour.tool.draw")
        hand.keep_picture("4-draw")
        draw_sections("CRC1", inside, truth.grid, [int(k) for k in slices[::step]])
        person.press("contour.tool.draw")
        person.idle()
        if person.state.contour.can_fill_between:
            person.press("contour.fill_between")
            person.idle()
            while person.state.contour.to_review:
                person.press("contour.review_next")
                person.press("contour.mark_reviewed")

    def near_the_truth(self, person: Annotator, truth: Any, mode: Mode) -> None:
        masks = person.session.annotator.contour.read_masks()
        drawn = next(mask for name, mask in masks.items() if name.endswith("_primary.nii.gz")).array > 0
        wanted = (truth.masks[Target.PRIMARY] if mode is Mode.SUBTRACTION else truth.outer).array > 0
        dice = 2 * np.count_nonzero(drawn & wanted) / (np.count_nonzero(drawn) + np.count_nonzero(wanted))
        self.assertGreater(dice, LEAST_DICE)

    def measured(self, person: Annotator) -> None:
        contour = person.state.contour
        self.assertTrue(contour.volume)
        self.assertTrue(any(row.value for row in contour.sizes))
        self.assertTrue(any(row.samples >= 3 for row in contour.densities))
        for _ in contour.densities:
            waiting = [row for row in person.state.contour.densities if row.can_show and not row.confirmed]
            if not waiting:
                break
            if person.state.contour.samples_of is None:
                person.press(f"contour.samples.{waiting[0].role.value}")
            person.press("contour.confirm_samples")
            person.idle()
        self.assertTrue(all(row.confirmed for row in person.state.contour.densities if row.samples))

    def fill_the_report(self, person: Annotator) -> None:
        person.go_to("report")
        hand.keep_picture("7-report")
        for _ in range(200):
            missing = person.state.report.missing
            if not missing:
                break
            self.answer(person, missing[0].path)
        self.assertEqual(person.state.report.missing, ())

    def answer(self, person: Annotator, path: str) -> None:
        """Answer one question with the keyboard or the mouse, whatever it is."""
        person.session.annotator.report.go_to(path)
        hand.settle()
        row = person.state.report.form.row(path)
        if row.widget in (Widget.RADIO, Widget.CHECKS):
            option = next((o for o in row.options if o.code in ("absent", "none", "clear")), row.options[0])
            person.control(f"report.{path}.{option.code}").click()
        else:
            words = "2025-11-03" if row.widget is Widget.DATE else "4" if row.widget is Widget.NUMBER else "无特殊"
            hand.type_words(person.control(f"report.{path}"), words)
        person.session.window.panel.commit()
        hand.settle()
        now = person.state.report.form.row(path)
        self.assertFalse(now is not None and now.missing, path)

    def submit(self, person: Annotator, unit: str) -> None:
        person.go_to("submit")
        blocking = [row.words for row in person.state.submit.problems if row.blocks]
        self.assertEqual(blocking, [])
        hand.keep_picture("8-submit")
        person.press("submit.submit")
        person.wait(lambda: person.state.submit is None or person.state.submit.submitted, "the reading is in")
        slots = [item for item in person.session.annotator.hub.store.work_list("you") if item.unit == unit]
        self.assertIs(slots[0].slot.phase, SlotPhase.SUBMITTED)
        hand.keep_picture("9-submitted")

    def readings(self, person: Annotator) -> list[Any]:
        """All readings in the store, opened with every byte compared."""
        root = person.session.annotator.hub.store.layout.root / "readings"
        folders = sorted(path.parent for path in root.rglob("MANIFEST.json"))
        return [read_reading(open_sealed(folder)) for folder in folders]


def _found(seed: int, faults: tuple[Fault, ...]) -> Any:
    """The patient of a sample case: the first seed from the wished one whose primary lies where it should."""
    from crc_core.phantom.plan import make_body

    rectal = seed == CHAPTERS[0][0]
    while make_body(seed, 1).segments[0].is_rectal is not rectal:
        seed += 1
    return patient(seed, faults)


class Window(unittest.TestCase):
    """What the module leaves behind, and how much room it takes."""

    def test_the_panel_keeps_its_width_in_every_step(self) -> None:
        person = Annotator()
        person.open_sample()
        widths = set()
        for step in ("case", "check", "contour", "report", "submit"):
            person.go_to(step)
            widths.add(person.root.width)
        self.assertEqual(len(widths), 1)
        self.assertLessEqual(widths.pop(), 480)

    def test_another_module_and_back(self) -> None:
        person = Annotator()
        person.open_sample()
        unit = person.state.header.unit
        slicer.util.selectModule("Data")
        hand.settle(0.3)
        self.assertFalse(any(dock.isVisible() for dock in docks()))
        again = Annotator()
        self.assertEqual(again.state.header.unit, unit)


def docks() -> list[Any]:
    """The docks of ours in the main window."""
    found = slicer.util.mainWindow().findChildren("QDockWidget")
    return [dock for dock in found if dock.objectName.startswith("CRC")]
