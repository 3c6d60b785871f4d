"""A senior's day in a real Slicer: queue, case, differences, choices, an edit by mouse, reports, signature."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import unittest
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import slicer_support as hand
from annotator_hand import answering
from crc_core.identity import UnitId
from crc_core.quality.case import open_case, sign_case
from crc_core.reading.final import Take
from crc_core.reading.seal import read_final
from crc_core.report.merge import Choice as Side
from crc_core.text import Lang
from crc_core.vocabulary import Target
from CRCQualityControlLib.presenter.ports import Tool, Views
from quality_hand import Senior, signing
from quality_store import OTHER_SENIOR, PIN, SENIOR, fresh_store

LANG = Lang(os.environ.get("CRC_LANG", "en"))
PRIMARY = "primary:A1+B1"
READERS = ("wang", "王医生", "李医生")


def digest(folder: Path) -> str:
    """The content of all files below a folder."""
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


class Picking:
    """Answers the question for a file; all other questions go to who is asked otherwise."""

    def __init__(self, other: Any, path: Path) -> None:
        self._other, self._path = other, path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)

    def file(self, *_: object) -> Path:
        """The file."""
        return self._path


class Quality(unittest.TestCase):
    """Each test sits down before a store of its own."""

    def setUp(self) -> None:
        self.store = fresh_store(hand.folder(), self.id().rpartition(".")[2])
        self.nodes_before = slicer.mrmlScene.GetNumberOfNodes()
        hand.fill_the_screen()
        self.senior = Senior()
        self.senior.quality.set_language(LANG)
        self.senior.quality.open_store(str(self.store.layout.root))
        self.senior.work_as(SENIOR)

    def tearDown(self) -> None:
        if self.senior.session is not None:
            self.senior.quality.shut_down()
        slicer.util.selectModule("Data")
        hand.settle()

    def decide_all(self) -> None:
        """Settle everything that is open, lesion by lesion and question by question."""
        senior = self.senior
        for row in senior.case.lesions:
            if row.is_open:
                senior.press(f"adjudication.take.{row.key}.{row.takes[0].value}")
        for row in senior.case.lesions:
            if row.chosen is not None and not row.reason_code:
                with answering("ok"):
                    senior.press(f"adjudication.why.{row.key}")
        senior.press("adjudication.reports")
        for field in [field for field in senior.case.fields if field.critical]:
            senior.press(f"reports.a.{field.path}")
        self.senior.session.window.dock.bring_up_panel()
        self.assertEqual(senior.case.still_open, 0)

    def test_from_the_queue_to_the_signed_final(self) -> None:
        senior = self.senior
        sealed = digest(self.store.layout.root / "readings")
        hand.keep_picture("1-queue")
        self.assertEqual(len(senior.state.adjudication.queue), 2)
        unit = senior.open_case()
        hand.keep_picture("2-case")
        self.assertFalse([name for name in READERS if name in senior.words()])
        self.go_through_the_differences()
        self.look_around()
        senior.press("adjudication.accept")
        self.edit_by_mouse()
        self.decide_all()
        hand.keep_picture("7-decided")
        edited = senior.quality.desk.case.opened.dispute.result(senior.quality.desk.case.choices, Target.PRIMARY)
        with signing("000000"):
            senior.press("adjudication.sign")
        senior.wait(lambda: senior.state.busy is None, "the wrong PIN is told", 180)
        self.assertEqual(senior.state.message.level.value, "error")
        self.assertEqual(senior.case.unit, unit)
        with signing(PIN) as said:
            senior.press("adjudication.sign")
        self.assertIn(unit, said[0])
        senior.wait(lambda: senior.case is None and senior.state.busy is None, "the final is signed", 180)
        self.assertEqual(len([name for name in READERS if name in senior.state.message.words]), 2)
        hand.keep_picture("8-signed")
        final = read_final(self.store.open_final(UnitId.parse(unit), SENIOR))
        self.assertEqual(final.final.signer, SENIOR)
        drawn = final.mask(Target.PRIMARY).array != 0
        self.assertEqual(int(np.count_nonzero(drawn)), int(np.count_nonzero(edited.mask.array)))
        self.assertEqual(digest(self.store.layout.root / "readings"), sealed)
        senior.wait(lambda: len(senior.state.adjudication.queue) == 1, "the queue is fetched anew")

    def go_through_the_differences(self) -> None:
        """The key to the next one centres all views and zooms there; the largest comes first."""
        senior = self.senior
        regions = senior.quality.desk.case.regions
        self.assertGreaterEqual(len(regions), 3)
        for place in (1, 2):
            senior.press("adjudication.next_region")
            target, region = regions[place]
            self.assertIn(f"{region.volume_ml:.2f}", senior.case.region)
            for view in senior.session.scene._case.panes.views:
                where = np.abs(view.seen.centre - np.array(region.centre_ras_mm))
                self.assertLess(where.max(), max(view.grid.spacing_ijk_mm), (target, view.pane.name))
                spacing = view.grid.spacing_kji_mm
                sizes_mm = (np.array(region.last_kji) - region.first_kji + 1) * spacing
                seen_mm = min(view.node.GetFieldOfView()[:2])
                self.assertGreater(seen_mm, sizes_mm.max(), (target, view.pane.name))
                self.assertLess(seen_mm, sizes_mm.max() + 60, (target, view.pane.name))
        hand.keep_picture("3-difference")
        senior.press("adjudication.previous_region")
        senior.press("adjudication.previous_region")

    def look_around(self) -> None:
        """Outlines, phases side by side, the MRI, another phase in place."""
        senior = self.senior
        senior.press("adjudication.fill")
        hand.keep_picture("4-outlines")
        senior.press(f"adjudication.views.{Views.PHASES.value}")
        self.assertGreater(len(senior.session.scene._case.panes.views), 2)
        hand.keep_picture("5-phases")
        senior.press(f"adjudication.views.{Views.MRI.value}")
        hand.keep_picture("5-mri")
        senior.press(f"adjudication.views.{Views.PLANES.value}")
        senior.press("adjudication.phase.AP")
        self.assertEqual(senior.session.scene._case.panes.views[0].image.role.value, "AP")
        senior.press("adjudication.phase.PVP")
        senior.press("adjudication.fill")

    def edit_by_mouse(self) -> None:
        """Begin with B's contour, erase a part of it with the mouse, take it."""
        senior = self.senior
        senior.press(f"adjudication.take.{PRIMARY}.{Take.B.value}")
        senior.press(f"adjudication.take.{PRIMARY}.{Take.EDITED.value}")
        self.assertEqual(senior.case.editing, PRIMARY)
        before = senior.session.scene.edited()
        senior.press(f"edit.tool.{Tool.ERASE.value}")
        self.assertIs(senior.case.tool, Tool.ERASE)
        hand.settle(0.2)
        self.assertFalse([each for each in senior.root.findChildren("qMRMLSliderWidget") if each.isVisible()])
        hand.keep_picture("6-edit")
        name = senior.session.scene._case.panes.views[0].node.GetLayoutName()
        k = int(np.flatnonzero(before.array.any(axis=(1, 2)))[before.array.any(axis=(1, 2)).sum() // 2])
        rows, columns = np.nonzero(before.array[k])
        places = [
            tuple(float(part) for part in before.grid.to_ras((columns[n], rows[n], k)))
            for n in np.linspace(0, len(rows) - 1, 12).astype(int)
        ]
        hand.show_slice(name, places[0])
        hand.stroke(name, places)
        senior.press(f"edit.tool.{Tool.ERASE.value}")
        after = senior.session.scene.edited()
        self.assertLess(np.count_nonzero(after.array), np.count_nonzero(before.array))
        senior.press("edit.keep")
        row = next(row for row in senior.case.lesions if row.key == PRIMARY)
        self.assertIs(row.chosen, Take.EDITED)
        self.assertEqual(senior.case.editing, "")

    def test_of_two_seniors_the_later_is_told_and_keeps_everything(self) -> None:
        senior = self.senior
        unit = senior.open_case()
        self.decide_all()
        other = open_case(self.store, UnitId.parse(unit), OTHER_SENIOR)
        choices = other.dispute.accept_sub_voxel(senior.quality.desk.case.choices)
        self.assertTrue(sign_case(self.store, other, choices, OTHER_SENIOR, PIN).is_stored)
        decided = senior.case
        with signing(PIN):
            senior.press("adjudication.sign")
        senior.wait(lambda: senior.state.busy is None, "it is told that another was faster", 180)
        self.assertEqual(senior.state.message.level.value, "error")
        self.assertEqual(senior.case, decided)
        self.assertEqual(len(self.store.unit(UnitId.parse(unit), SENIOR).finals), 1)
        hand.keep_picture("9-other-senior")

    def test_keys_do_what_buttons_do(self) -> None:
        senior = self.senior
        senior.open_case()
        calls = {binding.code.rpartition(".")[2]: binding.call for binding in senior.session.window.shortcuts.bindings}
        first = senior.case.region
        calls["next_region"]()
        self.assertNotEqual(senior.case.region, first)
        calls["take_union"]()
        self.assertIs(next(row for row in senior.case.lesions if row.key == PRIMARY).chosen, Take.UNION)
        calls["reopen"]()
        self.assertIsNone(next(row for row in senior.case.lesions if row.key == PRIMARY).chosen)
        calls["take_edited"]()
        self.assertEqual(senior.case.editing, PRIMARY)
        calls["drop_edit"]()
        self.assertEqual(senior.case.editing, "")
        calls["next_question"]()
        open_fields = [row for row in senior.case.fields if row.critical]
        senior.quality.deciding.settle_rest(Side.B)
        self.assertTrue(all(row.chosen is Side.B for row in senior.case.fields if row in open_fields or row.critical))

    def test_the_agreement_of_a_table_is_shown(self) -> None:
        senior = self.senior
        senior.press("head.page.agreement")
        hand.keep_picture("10-agreement")
        lines = [f"c{case},{rater},{20 + case * 1.5 + place * 0.6 * (case % 4)}" for case in range(40)
                 for place, rater in enumerate(("wang", "li"))]  # fmt: skip
        path = hand.folder() / "长径.csv"
        path.write_text("\n".join(["case,rater,value", *lines]), encoding="utf-8")
        ask = dataclasses.replace(senior.quality.hub.kit, ask=Picking(senior.session.ask, path))
        senior.quality.hub.kit = ask
        senior.press("agreement.open_table")
        self.assertTrue(senior.state.agreement.reached)
        self.assertEqual(senior.control("agreement.table").rowCount, 1)
        hand.keep_picture("11-agreement-table")
        senior.press("agreement.part.limits")
        self.assertEqual(senior.control("agreement.table").item(0, 1).text(), "40")
        senior.press("head.page.adjudication")

    def test_another_module_gets_its_views_back_and_nothing_stays_behind(self) -> None:
        senior = self.senior
        manager = slicer.app.layoutManager()
        senior.open_case()
        ours = manager.layout
        slicer.util.selectModule("Data")
        hand.settle()
        self.assertNotEqual(manager.layout, ours)
        slicer.util.selectModule("CRCQualityControl")
        hand.settle()
        self.assertEqual(manager.layout, ours)
        self.assertIsNotNone(senior.case)
        slicer.mrmlScene.Clear(0)
        hand.settle(0.3)
        self.assertTrue(senior.case.images_lost)
        senior.press("adjudication.show_again")
        senior.wait(lambda: not senior.case.images_lost and senior.state.busy is None, "the images come back")
        senior.module.cleanup()
        hand.settle(0.3)
        left = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLNode") if "CR" in (node.GetName() or "")]
        self.assertEqual(left, [])
