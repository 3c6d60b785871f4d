"""The radiologist's whole way in a real Slicer: open, check, contour by mouse, report, submit; one case after another.

The three sample cases are the three ways to contour: with MRI beside, by subtraction, direct in a follow-up.
"""

from __future__ import annotations

import unittest
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer_support as hand
from annotator_hand import Annotator, answering, draw_sections, erase_sections, patient
from crc_core.desk.arrangement import ImageKey
from crc_core.files.sealed import open_sealed
from crc_core.phantom import Fault
from crc_core.reading.seal import read_reading
from crc_core.report.form import Widget
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Role, Target, TargetAnswer
from crc_core.workflow.views import SlotPhase


@dataclass(frozen=True)
class Chapter:
    """A sample case: the synthetic patient, and how its primary is contoured."""

    seed: int
    is_rectal: bool
    mode: Mode
    faults: tuple[Fault, ...] = ()
    time_point: int = 0

    @property
    def patient(self) -> Any:
        """The patient: of the first seed from the wished one on whose primary lies where it should."""
        from crc_core.phantom.plan import make_body

        seed = self.seed
        while make_body(seed, 1).segments[0].is_rectal is not self.is_rectal:
            seed += 1
        return patient(seed, self.faults, self.time_point)


CHAPTERS = (
    Chapter(3, True, Mode.MRI, (Fault.LATE_PORTAL,)),
    Chapter(40, False, Mode.SUBTRACTION),
    Chapter(3, True, Mode.DIRECT, time_point=1),
)
"""The sample cases in their order."""

LEAST_DICE = 0.7
"""What is drawn by dragging around a section, erasing the lumen and filling between lies this near to the truth."""

NONE_SEEN = (Target.LIVER, Target.LUNG, Target.NODE)
REASON = {Lang.ZH: "临床可接受，不影响勾画", Lang.EN: "Clinically acceptable, the contour does not suffer"}
NOTHING = {Lang.ZH: "无特殊", Lang.EN: "Nothing to add"}


class WholeWay(unittest.TestCase):
    """One case after the other, as on an ordinary day."""

    def test_three_cases_from_opening_to_submission(self) -> None:
        person = Annotator()
        hand.keep_picture("1-welcome")
        for number, chapter in enumerate(CHAPTERS):
            unit = person.open_sample()
            person.go_to("case")
            hand.keep_picture("2-case")
            with self.subTest(unit=unit, mode=chapter.mode):
                self.check_the_scan(person)
                self.look_at_the_time_before(person, chapter)
                self.contour(person, self.truth(person, chapter), chapter.mode)
                self.fill_the_report(person)
                self.submit(person, unit)
            self.assertEqual(len(self.readings(person)), number + 1)

    def truth(self, person: Annotator, chapter: Chapter) -> Any:
        """The patient, after making sure that it is this one that is open."""
        found = chapter.patient
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
            with answering("ok", words=REASON[person.state.lang]):
                person.press(f"check.accept.{item.id}")
        person.press("check.confirm")
        person.wait(lambda: person.state.step.value == "contour", "contouring begins")

    def look_at_the_time_before(self, person: Annotator, chapter: Chapter) -> None:
        """The prior time point beside the present one, and away again; there is none at the baseline."""
        self.assertIs(person.state.header.has_prior, chapter.time_point > 0)
        if not person.state.header.has_prior:
            return
        person.press("head.prior")
        person.wait(lambda: person.state.header.prior_shown and person.state.busy is None, "the prior time point")
        person.wait(lambda: len(hand.seen_views()) == 2, "both time points side by side")
        self.assertEqual(len({hand.shown_in(view) for view in hand.seen_views()}), 2)
        hand.keep_picture("4-prior")
        person.press("head.prior")
        person.wait(lambda: not person.state.header.prior_shown, "the prior time point goes")

    def contour(self, person: Annotator, truth: Any, mode: Mode) -> None:
        row = next(row for row in person.state.contour.targets if row.target is Target.PRIMARY)
        self.assertIs(row.mode, mode)
        person.press("contour.target.primary")
        if not row.lesions:
            person.press("contour.add_lesion")
        if mode is Mode.SUBTRACTION:
            self.draw(person, truth.outer, 2)
            self.fill_between(person)
            person.press("contour.step.inner")
            self.draw(person, truth.inner, 1)
            person.press("contour.keep")
        else:
            self.draw(person, truth.outer, 2)
            self.erase_the_lumen(person, truth, 2)
            self.fill_between(person)
            self.repair(person)
        person.idle()
        hand.keep_picture(f"5-contour-{mode.value}")
        self.near_the_truth(person, truth)
        self.measured(person)
        hand.keep_picture(f"6-measured-{mode.value}")
        for target in NONE_SEEN:
            person.press(f"contour.target.{target.value}")
            person.wait(lambda chosen=target: person.state.contour.target is chosen, f"the target {target.value}")
            person.press(f"contour.answer.{TargetAnswer.NONE_SEEN.value}")
            row = next(row for row in person.state.contour.targets if row.target is target)
            self.assertIs(row.answer, TargetAnswer.NONE_SEEN)
        person.idle()

    def draw(self, person: Annotator, outline: Any, step: int) -> None:
        """Drag around every other section of the lesion, or every one."""
        inside = outline.array == 1
        person.press("contour.tool.draw")
        draw_sections("CRC1", inside, outline.grid, sections(inside, step))
        hand.keep_picture("4-draw")
        person.press("contour.tool.draw")
        person.idle()

    def erase_the_lumen(self, person: Annotator, truth: Any, step: int) -> None:
        """Rub the lumen out of the sections that were drawn: it never belongs to a mask."""
        while person.state.contour.brush_mm > 4:
            person.press("contour.brush_smaller")
        person.press("contour.tool.erase")
        drawn = sections(truth.outer.array == 1, step)
        tumour = truth.masks[Target.PRIMARY].array == 1
        lumen = (truth.outer.array == 1) & ~tumour
        erase_sections("CRC1", lumen, tumour, truth.outer.grid, drawn, person.state.contour.brush_mm)
        person.press("contour.tool.erase")
        person.idle()

    def fill_between(self, person: Annotator) -> None:
        """Let the slices between be filled, and look at each of them."""
        self.assertTrue(person.state.contour.can_fill_between)
        person.press("contour.fill_between")
        person.idle()
        self.assertTrue(person.state.contour.to_review)
        while person.state.contour.to_review:
            person.press("contour.review_next")
            person.press("contour.mark_reviewed")

    def repair(self, person: Annotator) -> None:
        """Let what the eraser left behind be taken out, as the live check offers."""
        while repairable := [row for row in person.state.contour.findings if row.can_repair]:
            person.press(f"contour.repair.{repairable[0].id}")
            person.idle()

    def near_the_truth(self, person: Annotator, truth: Any) -> None:
        masks = person.session.annotator.contour.read_masks()
        drawn = next(mask for name, mask in masks.items() if name.endswith("_primary.nii.gz")).array > 0
        wanted = truth.masks[Target.PRIMARY].array > 0
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
        person.press(f"report_page.go.{path}")
        row = person.state.report.form.row(path)
        if row.widget in (Widget.RADIO, Widget.CHECKS):
            option = next((o for o in row.options if o.code in ("absent", "none", "clear")), row.options[0])
            person.control(f"report.{path}.{option.code}").click()
        else:
            words = (
                "2025-11-03"
                if row.widget is Widget.DATE
                else "4"
                if row.widget is Widget.NUMBER
                else NOTHING[person.state.lang]
            )
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


def sections(inside: Any, step: int) -> list[int]:
    """The slices of a lesion, each `step`-th and the last."""
    slices = [int(k) for k in np.flatnonzero(inside.any(axis=(1, 2)))]
    return sorted({*slices[::step], slices[-1]})


if __name__ == "__main__":
    unittest.main()
