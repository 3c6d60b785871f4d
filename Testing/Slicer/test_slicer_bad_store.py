"""A store that goes, can only be read or is damaged, and folders that are no study: said in the panel, nothing lost."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import slicer_support as hand
from case_in_hand import CaseInHand, asked, folder_given, small_store
from crc_core.identity import UnitId
from crc_core.vocabulary import Role
from crc_core.workflow.views import SlotPhase
from import_support import STUDY_UID, write_study
from small_store import MANAGER, MIDDLE, MR_IMAGE, READER, SmallStore, series

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
LATER = f"{STUDY_UID}.2"


class BadStore(unittest.TestCase):
    """Every test has a case of its own in one small store."""

    small: SmallStore

    @classmethod
    def setUpClass(cls) -> None:
        cls.small = small_store("store faults")

    def setUp(self) -> None:
        self.case = CaseInHand(self.small.place, self.small.add())
        self.case.person.session.annotator.dismiss_message()
        self.addCleanup(self.case.close)

    def hears(self, code: str, **values: object) -> None:
        """The sentence is in the foot."""
        told = self.case.say(code, **values)
        self.case.person.wait(lambda: told in (self.case.said() or ("", ""))[1], told)

    def is_kept_at_work(self) -> None:
        """One can draw, and it is kept."""
        self.case.to_contour()
        self.case.paint(MIDDLE)
        self.case.safe()
        self.assertTrue(self.case.drawn())
        self.assertEqual(self.case.kept(), self.case.drawn())

    def test_the_folder_goes_while_a_case_is_open_and_comes_back(self) -> None:
        self.case.open()
        root = Path(self.small.place)
        away = root.rename(root.with_name("away"))
        try:
            self.case.person.go_to("case")
            self.case.person.press("case.refresh")
            self.hears("store.vanished")
            self.is_kept_at_work()
            drawn = self.case.drawn()
            self.case.close()
            self.case.person.press("case.open")
            self.hears("store.vanished")
            self.assertIsNone(self.case.person.state.header)
        finally:
            away.rename(root)
        self.case.person.press("case.refresh")
        self.case.choose()
        self.case.person.wait(self.case.is_open, "the case opens again")
        self.assertEqual(self.case.drawn(), drawn)

    def test_a_file_stands_where_the_folder_was(self) -> None:
        self.case.open()
        root = Path(self.small.place)
        away = root.rename(root.with_name("away"))
        try:
            root.write_text("no store")
            self.case.person.go_to("case")
            self.case.person.press("case.refresh")
            said = self.case.said()
            self.assertIsNotNone(said)
            self.assertEqual(said.level, "error")
            self.is_kept_at_work()
        finally:
            root.unlink()
            away.rename(root)

    def test_a_store_that_can_only_be_read_keeps_nobody_from_drawing(self) -> None:
        with read_only(Path(self.small.place)):
            self.case.open()
            self.assertEqual(self.case.said().level, "error")
            self.case.person.session.annotator.dismiss_message()
            self.is_kept_at_work()
            with asked("ok", words="请看一下"):
                self.case.person.press("foot.senior")
            self.assertEqual(self.case.said().level, "error")
        drawn = self.case.drawn()
        self.case.close()
        self.case.open()
        self.assertEqual(self.case.drawn(), drawn)
        view = self.small.store.unit(UnitId.parse(self.case.unit), READER)
        self.assertIs(view.slots[0].phase, SlotPhase.IN_WORK)

    def test_a_damaged_image_does_not_open_and_the_next_case_does(self) -> None:
        folder = Path(self.small.place) / "raw" / self.case.unit / f"{self.case.unit}_PVP"
        files = sorted(folder.rglob("*.dcm"))
        whole = files[20].read_bytes()
        for damage in (whole[:-5000], whole[:-2] + b"\xff\x07"):
            files[20].unlink()
            files[20].write_bytes(damage)
            self.case.enter()
            self.case.choose()
            self.case.person.wait(lambda: self.case.person.state.message is not None, "the damage is told")
            said = self.case.said()
            self.assertEqual(said.level, "error")
            self.assertIn(self.case.unit, said.words)
            self.assertIsNone(self.case.person.state.header)
            self.case.person.session.annotator.dismiss_message()
        other = CaseInHand(self.small.place, self.small.add())
        other.open()
        self.assertIsNone(other.said())
        other.close()
        files[20].write_bytes(whole)
        self.case.open()

    def test_a_damaged_reading_that_was_taken_back_is_told(self) -> None:
        unit, reading = self.small.withdrawn()
        path = next((Path(self.small.place) / "readings").rglob(f"*{reading[:12]}*"))
        report = next(path.rglob("report.json"))
        whole = report.read_bytes()
        report.unlink()
        report.write_bytes(whole.replace(b"{", b"[", 1))
        case = CaseInHand(self.small.place, unit)
        case.enter()
        case.choose()
        case.person.wait(lambda: case.person.state.message is not None, "the damage is told")
        self.assertEqual(case.said().level, "error")
        self.assertIsNone(case.person.state.header)
        report.write_bytes(whole)
        case.choose()
        case.person.wait(case.is_open, "the reading opens once it is whole")
        case.close()


class BadStudies(unittest.TestCase):
    """Folders that a data manager tries to take in."""

    @classmethod
    def setUpClass(cls) -> None:
        small = small_store("import faults")
        cls.case = CaseInHand(small.place, small.add(), MANAGER)
        cls.case.enter()
        cls.folder = hand.folder() / "导入 studies"

    def setUp(self) -> None:
        self.case.person.session.annotator.dismiss_message()

    def bring(self, folder: Path, *answers: str) -> list[str]:
        """Press for the import of a folder, and answer the questions that come, first of who is to read it."""
        person = self.case.person
        person.go_to("case")
        with folder_given(person, folder), asked("ok", *answers) as questions:
            person.press("case.import_folder")
        person.wait(lambda: person.state.busy is None, "the import ends")
        return questions

    def refused(self, folder: Path, code: str) -> None:
        """The folder is refused in one sentence, and nothing of it is in the store."""
        before = self.units()
        self.bring(folder)
        said = self.case.said()
        self.assertEqual(said.level, "error")
        self.assertIn(self.case.say(code), said.words)
        self.assertIn(self.case.say(f"{code}.remedy"), said.words)
        self.assertNotIn("--", said.words)
        self.assertNotIn("crcdb", said.words)
        self.assertEqual(self.units(), before)

    def units(self) -> list[str]:
        """Everything in the store."""
        return [item.unit for item in self.case.person.session.annotator.hub.store.work_list(MANAGER)]

    def test_a_folder_of_letters(self) -> None:
        (self.folder / "letters").mkdir(parents=True)
        (self.folder / "letters" / "信.txt").write_text("no image")
        self.refused(self.folder / "letters", "import.no_ct")

    def test_a_folder_of_mri(self) -> None:
        mri = {"Modality": "MR", "SOPClassUID": MR_IMAGE}
        dataclasses.replace(series(Role.PVP), tags=mri).write(self.folder / "mri")
        self.refused(self.folder / "mri", "import.no_ct")

    def test_screenshots(self) -> None:
        shot = {"SOPClassUID": SECONDARY_CAPTURE, "ImageType": ["DERIVED", "SECONDARY"]}
        dataclasses.replace(series(Role.PVP), tags=shot).write(self.folder / "shots")
        self.refused(self.folder / "shots", "import.no_ct")

    def test_text_burnt_into_the_images(self) -> None:
        from pydicom import dcmread

        folder = write_study(self.folder / "burnt", study=f"{STUDY_UID}.3", patient_id="P3", seed=3)
        for path in (path for path in folder.rglob("IM*") if path.is_file()):
            item = dcmread(path)
            item.BurnedInAnnotation = "YES"
            item.save_as(path)
        self.refused(folder, "import.burnt_in")

    def test_several_studies_are_offered_to_choose_from(self) -> None:
        folder = self.folder / "several"
        write_study(folder / "one", seed=1)
        write_study(folder / "two", study=LATER, day="20260105", seed=2)
        before = self.units()
        questions = self.bring(folder, "ok")
        self.assertEqual(questions[1], self.case.say("annotator.ask.several_studies"))
        (made,) = set(self.units()) - set(before)
        self.assertIn(made, self.case.said().words)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write below a folder; where this is run as root, who may write anyway, by a mount of its own."""
    if os.geteuid() == 0:
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", folder], check=True)
        return
    inside = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in inside:
        path.chmod(0o500)
    try:
        yield
    finally:
        for path in inside:
            path.chmod(0o700)


if __name__ == "__main__":
    unittest.main()
