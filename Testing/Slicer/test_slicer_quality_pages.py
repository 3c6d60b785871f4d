"""Trainer, data manager and senior at Calibration, Sample and Progress, by their controls in a real Slicer."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

import qt
import slicer
import slicer_support as hand
import trainer_store
from annotator_hand import answering
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_widgets.table import Table
from quality_hand import signing
from store_support import PIN

NEW_SESSION, NEW_PROTOCOL = "2026-05 复训", "h-2026-1"
PLACE = {Lang.ZH: "乙状结肠", Lang.EN: "sigmoid colon"}


class Quality:
    """The panel of quality control at a store."""

    def __init__(self, place: Path) -> None:
        slicer.util.selectModule("CRCQualityControl")
        panel = slicer.modules.crcqualitycontrol.widgetRepresentation().self()
        self.session = hand.wait_until(lambda: panel.session, "the panel is built")
        self.session.quality.open_store(str(place))

    @property
    def state(self) -> Any:
        """What is shown."""
        return self.session.quality.state

    @property
    def root(self) -> Any:
        """The panel's own widget."""
        return self.session.window.panel.widget

    def press(self, name: str) -> None:
        """Press one of its buttons, and wait for what it began."""
        hand.press(self.root, f"crc.{name}")
        self.idle()

    def sign(self, name: str) -> str:
        """Press a button and sign in the dialog that comes up; what the dialog said is given."""
        with signing(PIN) as said:
            hand.press(self.root, f"crc.{name}")
        self.idle()
        return said[0]

    def control(self, name: str) -> Any:
        """One of its controls."""
        return hand.control(self.root, f"crc.{name}")

    def idle(self) -> None:
        """Wait until nothing is under way."""
        hand.wait_until(lambda: self.state.busy is None, f"the work ends: {self.state.busy}")
        hand.settle()

    def work_as(self, person: str) -> None:
        """Choose who works in the head of the panel."""
        box, name = self.control("head.person"), trainer_store.NAMES[person]
        place = next(place for place in range(box.count) if name in box.itemText(place))
        # From the line beside it with an arrow key, as the keyboard does it.
        box.blockSignals(True)
        box.setCurrentIndex(place - 1 if place else 1)
        box.blockSignals(False)
        self.key(box, qt.Qt.Key_Down if place else qt.Qt.Key_Up)
        hand.wait_until(lambda: self.state.store.person == person, f"{person} works")
        self.idle()

    def key(self, widget: Any, key: Any) -> None:
        """Press a key where the keyboard stands."""
        widget.setFocus()
        for kind in (qt.QEvent.KeyPress, qt.QEvent.KeyRelease):
            qt.QCoreApplication.sendEvent(widget, qt.QKeyEvent(kind, key, qt.Qt.NoModifier))

    def turn_to(self, page: str) -> None:
        """Turn to a page by its tab."""
        self.press(f"head.page.{page}")
        hand.wait_until(lambda: self.state.page.value == page, f"the page {page}")

    def choose_row(self, table: str, row: int) -> None:
        """Choose a line of a table with the mouse's effect."""
        self.control(table).selectRow(row)
        hand.settle()

    def open_row(self, table: str, row: int, column: int = 0) -> None:
        """Open a line by Enter."""
        self.control(table).setCurrentCell(row, column)
        self.key(self.control(table), qt.Qt.Key_Return)
        self.idle()

    def words_of(self, table: str) -> list[list[str]]:
        """What a table shows."""
        widget = self.control(table)
        return [
            [widget.item(row, column).text() for column in range(widget.columnCount)]
            for row in range(widget.rowCount)
            if not widget.isRowHidden(row)
        ]


class QualityPages(unittest.TestCase):
    """One store after the other: what the trainer does, what readers may see, what the data manager does."""

    made: trainer_store.TrainerStore

    @classmethod
    def setUpClass(cls) -> None:
        folder = hand.folder() / "校准 库"
        folder.mkdir()
        cls.made = trainer_store.made(folder)
        cls.place = cls.made.store.layout.root
        hand.fill_the_screen()

    def setUp(self) -> None:
        self.panel = Quality(self.place)
        self.lang = self.panel.state.lang

    def test_1_a_session_from_the_signed_reference_to_the_published_protocol(self) -> None:
        panel = self.panel
        panel.work_as("chief")
        panel.turn_to("calibration")
        self.assertEqual(panel.state.calibration.selected, trainer_store.SESSION)
        self.assertEqual(len(panel.words_of("calibration.reading")), trainer_store.CASES)
        self.assertIn(trainer_store.SESSION, panel.sign("calibration.sign_reference"))
        self.assertIsNotNone(self.store().overview("chief").sessions[0].reference_signer, panel.state.message)
        panel.work_as("trainer")
        hand.keep_picture("quality-1-session")
        self.compare(panel)
        self.meet(panel)
        panel.press("calibration.part.results")
        panel.press("calibration.open_results")
        self.assertIsNotNone(self.store().overview("chief").sessions[0].opened_at, panel.state.message)
        self.decide_the_protocol(panel)

    def compare(self, panel: Quality) -> None:
        """Everybody against the reference; a line narrows the cases; one contour over the images."""
        panel.press("calibration.part.results")
        panel.press("calibration.compute")
        rows = panel.words_of("calibration.summary")
        self.assertEqual(len(rows), len(trainer_store.READERS) * len(trainer_store.TARGETS))
        keys = panel.state.calibration.summary_keys
        wide = next(n for n, key in enumerate(keys) if (key.reader, key.target) == ("sun", Target.PRIMARY))
        self.assertIn("%", rows[wide][4])
        panel.choose_row("calibration.summary", wide)
        cases = panel.words_of("calibration.cases")
        self.assertEqual(len(cases), trainer_store.CASES)
        self.assertEqual({row[1] for row in cases}, {trainer_store.NAMES["sun"]})
        panel.choose_row("calibration.cases", 0)
        panel.press("calibration.look")
        self.assertIn(trainer_store.NAMES["sun"], panel.state.calibration.meeting.words)
        hand.keep_picture("quality-2-results")

    def meet(self, panel: Quality) -> None:
        """All readers over one case, then the next one."""
        panel.press("calibration.part.meeting")
        panel.press("calibration.votes")
        first = panel.state.calibration.meeting
        self.assertGreaterEqual(len(first.legend), 3)
        self.assertTrue(self.segments("votes"))
        hand.keep_picture("quality-3-meeting")
        panel.press("calibration.next")
        self.assertNotEqual(panel.state.calibration.meeting.unit, first.unit)
        panel.open_row("calibration.meeting_numbers", 0)
        self.assertTrue(self.segments("reference"))

    def decide_the_protocol(self, panel: Quality) -> None:
        """A point is decided, its sentence read, the new version named, published and in force."""
        panel.press("calibration.part.protocol")
        self.assertFalse(panel.control("calibration.publish").isEnabled())
        panel.press("calibration.point.primary.ends.out")
        panel.press("calibration.point.primary.ulcer_gas.in")
        hand.type_words(panel.control("calibration.version"), NEW_PROTOCOL)
        hand.keep_picture("quality-4-protocol")
        self.assertIn(NEW_PROTOCOL, panel.sign("calibration.publish"))
        self.assertEqual(self.store().overview("trainer").protocol.version, NEW_PROTOCOL)
        self.assertEqual(panel.control("calibration.version").text, "")

    def test_2_clearing_asks_for_a_reason_only_where_the_marks_were_not_reached(self) -> None:
        panel = self.panel
        panel.work_as("chief")
        panel.turn_to("calibration")
        panel.press("calibration.part.results")
        panel.press("calibration.compute")
        keys = panel.state.calibration.summary_keys
        place = {(key.reader, key.target): n for n, key in enumerate(keys)}
        self.assertFalse(next(key.passed for key in keys if (key.reader, key.target) == ("sun", Target.PRIMARY)))
        panel.choose_row("calibration.summary", place["sun", Target.PRIMARY])
        with answering("ok", words="已在会上讨论，偏大的原因已纠正"):
            self.assertIn(trainer_store.NAMES["sun"], panel.sign("calibration.clear"))
        cleared = {(item.reader, item.target): item.reason for item in self.store().overview("chief").clearances}
        self.assertEqual(cleared["sun", Target.PRIMARY], "已在会上讨论，偏大的原因已纠正")
        self.assertFalse(panel.control("calibration.clear").isEnabled())
        passed = next(key for key in keys if key.reader == "qian" and key.passed)
        panel.choose_row("calibration.summary", place["qian", passed.target])
        self.assertIn(trainer_store.NAMES["qian"], panel.sign("calibration.clear"))
        cleared = {(item.reader, item.target): item.reason for item in self.store().overview("chief").clearances}
        self.assertIsNone(cleared["qian", passed.target])
        panel.press("calibration.part.clearances")
        self.assertIn(trainer_store.NAMES["qian"], {row[0] for row in panel.words_of("calibration.clearances")})
        hand.keep_picture("quality-5-clearances")

    def test_3_a_reader_sees_own_results_and_nobody_elses(self) -> None:
        panel = self.panel
        panel.work_as("sun")
        panel.turn_to("calibration")
        self.assertFalse(panel.root.findChildren("QToolButton", "crc.calibration.part.meeting"))
        panel.press("calibration.part.results")
        panel.press("calibration.compute")
        self.assertEqual({row[0] for row in panel.words_of("calibration.summary")}, {trainer_store.NAMES["sun"]})
        panel.choose_row("calibration.cases", 0)
        panel.press("calibration.look")
        self.assertTrue(self.segments("own"))
        self.assertTrue(self.segments("reference"))
        panel.turn_to("sample")
        self.assertTrue(panel.control("sample.hidden").isVisible())
        self.assertFalse(panel.control("sample.table").isVisible())

    def test_4_a_session_is_planned_from_a_form(self) -> None:
        panel = self.panel
        panel.work_as("trainer")
        panel.turn_to("calibration")
        panel.press("calibration.new")
        hand.type_words(panel.control("calibration.plan.name"), NEW_SESSION)
        self.tick("units", 1)
        self.tick("readers", 1)
        panel.press("calibration.plan.send")
        self.assertIsNotNone(panel.state.message)
        self.assertIsNotNone(panel.state.calibration.plan)
        names = [option.words for option in panel.state.calibration.plan.people]
        reader = next(n for n in range(len(names)) if self.ticked("readers", n))
        for place in [n for n in range(len(names)) if n != reader][:2]:
            panel.control("calibration.plan.references").item(place).setCheckState(qt.Qt.Checked)
        hand.settle()
        hand.keep_picture("quality-6-plan")
        panel.press("calibration.plan.send")
        self.assertEqual(panel.state.calibration.selected, NEW_SESSION, panel.state.message)
        self.assertEqual(len(panel.state.calibration.waiting), 3)

    def test_5_a_sample_is_drawn_looked_at_and_kept(self) -> None:
        panel = self.panel
        panel.work_as("manager")
        panel.turn_to("sample")
        self.assertEqual(len(panel.state.sample.samples), 1)
        panel.control("sample.size").setValue(1)
        panel.control("sample.seed").setValue(7)
        with answering("cancel"):
            panel.press("sample.draw")
        self.assertEqual(len(panel.state.sample.samples), 1)
        panel.press("sample.part.rereads")
        self.assertEqual(panel.words_of("sample.table")[0][0], trainer_store.NAMES["li"])
        panel.press("sample.part.members")
        self.assertEqual(len(panel.words_of("sample.table")), trainer_store.SAMPLED)
        panel.press("sample.part.strata")
        self.assertEqual({row[2] for row in panel.words_of("sample.table")}, {PLACE[self.lang]})
        hand.keep_picture("quality-7-sample")
        due = panel.state.sample.due
        self.assertGreater(due, 0)
        panel.press("sample.give_out")
        self.assertEqual(panel.state.sample.due, 0, panel.state.message)
        out = hand.folder() / "带走"
        out.mkdir()
        panel.session.ask.folder = lambda *_: out
        panel.press("sample.export")
        self.assertTrue(list(out.glob("sample-20260101-*/sample.html")))

    def test_5_the_study_of_the_sample_is_computed_looked_at_and_taken_away(self) -> None:
        panel = self.panel
        panel.work_as("chief")
        panel.turn_to("agreement")
        panel.press("agreement.compute")
        self.assertEqual(panel.state.message.level.value, "error")
        panel.control("agreement.allow_small").setChecked(True)
        panel.press("agreement.compute")
        shown = panel.state.agreement
        self.assertTrue(shown.is_ready, panel.state.message)
        self.assertIn("ICC(1,1)", panel.control("agreement.lead").text + panel.control("agreement.verdict").text)
        measures = panel.words_of("agreement.table")
        self.assertEqual(len(measures), len(shown.measures.rows))
        panel.press("agreement.part.pairs")
        panel.choose_row("agreement.table", 0)
        self.assertEqual(len({row[0] for row in panel.words_of("agreement.table")}), trainer_store.SAMPLED)
        self.assertTrue(panel.words_of("agreement.targets"))
        people = {name for row in panel.words_of("agreement.table") for name in row[2].split(" / ")}
        self.assertLessEqual(people, set(trainer_store.NAMES.values()))
        hand.keep_picture("quality-10-agreement")
        panel.press("agreement.part.answers")
        self.assertTrue(panel.words_of("agreement.table"))
        out = hand.folder() / "论文"
        out.mkdir()
        panel.session.ask.folder = lambda *_: out
        panel.press("agreement.export")
        self.assertTrue(list(out.glob("agreement-inter-*/study.html")))
        self.assertTrue(list(out.glob("agreement-inter-*/icc.csv")))

    def test_6_every_number_of_the_progress_opens_its_list(self) -> None:
        panel = self.panel
        panel.work_as("manager")
        panel.turn_to("progress")
        for key, _, count in panel.state.progress.numbers:
            panel.press(f"progress.number.{key}")
            self.assertEqual(len(panel.words_of("progress.list")), count, key)
        panel.press("progress.number.waiting")
        hand.keep_picture("quality-8-progress")
        point = panel.state.progress.courses[0].points[0]
        plot = panel.control("progress.plot")
        x, y = plot.place(point.key)
        self.click(plot, x, y)
        self.assertEqual(panel.state.progress.chosen, point.key)
        panel.press("progress.part.readers")
        panel.open_row("progress.readers", 0, 1)
        self.assertTrue(panel.state.progress.chosen.endswith("slot:done"))
        submitted = int(panel.words_of("progress.readers")[0][1])
        self.assertEqual(len(panel.words_of("progress.list")), submitted)
        panel.press("progress.part.sites")
        hand.keep_picture("quality-9-sites")

    def test_7_a_list_of_thousands_comes_at_once_and_is_complete_soon(self) -> None:
        holder = qt.QWidget()
        table = Table(holder, "long", self.panel.session.window.panel.kit.icons)
        rows = [(f"unit {number}", "x") for number in range(5000)]
        table.draw(("a", "b"), rows, frozenset({4999}), 300)
        self.assertEqual(table.row, 300)
        self.assertIsNone(table.widget.item(4999, 0))
        hand.wait_until(lambda: table.widget.item(4999, 0) is not None, "the whole list is written")
        table.draw(("a", "b"), rows[:10])
        self.assertEqual((table.widget.rowCount, table.widget.item(9, 0).text()), (10, "unit 9"))
        hand.settle(0.2)
        self.assertEqual(table.widget.rowCount, 10)
        holder.deleteLater()

    def test_8_both_languages_and_every_control_by_keyboard(self) -> None:
        panel = self.panel
        panel.work_as("trainer")
        other = Lang.EN if self.lang is Lang.ZH else Lang.ZH
        for page in ("agreement", "adjudication", "calibration", "sample", "progress"):
            panel.turn_to(page)
            panel.press("head.language")
            self.assertIs(panel.state.lang, other)
            area = panel.control(f"page.{page}")
            for button in area.findChildren("QAbstractButton"):
                if button.isVisible() and button.objectName.startswith("crc."):
                    self.assertTrue(int(button.property("focusPolicy")) & int(qt.Qt.TabFocus), button.objectName)
                    self.assertTrue(button.text or button.accessibleName, button.objectName)
            panel.press("head.language")
        words = say("quality.view.calibration.part.results", self.lang)
        panel.turn_to("calibration")
        self.assertEqual(panel.control("calibration.part.results").text, words)

    def store(self) -> FolderStore:
        """The store as another machine reads it."""
        return FolderStore(self.place)

    def tick(self, name: str, count: int) -> None:
        """Tick the first lines of a list."""
        for place in range(count):
            self.panel.control(f"calibration.plan.{name}").item(place).setCheckState(qt.Qt.Checked)
        hand.settle()

    def ticked(self, name: str, place: int) -> bool:
        """Whether a line is ticked."""
        return self.panel.control(f"calibration.plan.{name}").item(place).checkState() == qt.Qt.Checked

    def segments(self, layer: str) -> list[Any]:
        """The nodes over the images whose name begins with that of a layer."""
        nodes = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")
        return [node for node in nodes if layer in node.GetName()]

    def click(self, widget: Any, x: float, y: float) -> None:
        """Click into a widget."""
        place = qt.QPointF(x, y)
        for kind in (qt.QEvent.MouseButtonPress, qt.QEvent.MouseButtonRelease):
            event = qt.QMouseEvent(kind, place, qt.Qt.LeftButton, qt.Qt.LeftButton, qt.Qt.NoModifier)
            qt.QCoreApplication.sendEvent(widget, event)
        hand.settle()
