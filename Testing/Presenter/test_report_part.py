"""The report beside the images: answers, what is no answer, measured values, lesions that come and go, places."""

from __future__ import annotations

from pathlib import Path

import pytest
from annotator_support import ball
from contouring_support import ABDOMEN, Desk
from crc_core.contour.results import Size
from crc_core.desk.marks import CaliperKey
from crc_core.report.document import Report, Source
from crc_core.report.form import Row
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Target, TargetAnswer

LONG, STAGE, NODES = "primary[1].long_diameter_mm", "primary[1].t_stage", "primary[1].regional_nodes_count"


def row(desk: Desk, path: str) -> Row:
    found = desk.report_state.form.row(path)
    assert found is not None, path
    return found


def drawn() -> Desk:
    desk = Desk().open(clinical={"sex": "F", "age_years": "64", "primary_site": "sigmoid"})
    desk.draw()
    return desk


def test_the_head_comes_from_the_case() -> None:
    desk = drawn()
    assert row(desk, "header.examined_on").value == "2025-03-07"
    assert row(desk, "header.sex").value == "female" and row(desk, "header.age_years").value == 64
    assert row(desk, "header.sex").source is Source.CASE


def test_answers_are_given_and_taken_away_and_kept_in_the_work() -> None:
    desk = drawn()
    before = desk.changes
    desk.report.choose(STAGE, "t2")
    desk.report.set_text(NODES, " 3 ")
    desk.report.toggle("patient.distant_metastases", "peritoneum")
    assert row(desk, STAGE).value == "t2" and row(desk, NODES).value == 3
    assert desk.changes > before
    stored = Report.from_json(desk.work.report, Path("report.json"))
    assert {str(path) for path in stored.answers} >= {STAGE, NODES, "patient.distant_metastases"}
    desk.report.clear(STAGE)
    desk.report.toggle("patient.distant_metastases", "peritoneum")
    assert row(desk, STAGE).value is None and row(desk, "patient.distant_metastases").value is None


def test_what_is_no_answer_stays_as_typed_with_one_sentence_and_counts_as_missing() -> None:
    desk = drawn()
    done = desk.report_state.form.done
    desk.report.set_text(NODES, "three")
    shown = row(desk, NODES)
    assert shown.text == "three" and shown.value is None and shown.missing
    assert "is no number" in desk.message and desk.message in shown.problems
    assert desk.report_state.form.done == done
    desk.hub.set_language(Lang.ZH)
    desk.report.refresh()
    assert row(desk, NODES).text == "three" and "不是" in row(desk, NODES).problems[0]
    desk.report.set_text(NODES, "2.5")
    assert row(desk, NODES).text == "2.5" and row(desk, NODES).value is None
    desk.report.set_text(NODES, "2")
    assert row(desk, NODES).text == "2" and row(desk, NODES).value == 2 and row(desk, NODES).problems == ()
    desk.report.set_text(NODES, "many")
    assert row(desk, NODES).text == "many" and row(desk, NODES).value == 2, "the answer before it stays until a new one"
    desk.report.set_text(NODES, "2")
    assert row(desk, NODES).text == "2" and row(desk, NODES).problems == (), "the answer of before typed again"
    desk.report.set_text(NODES, "")
    assert row(desk, NODES).text == "" and row(desk, NODES).value is None


def test_leaving_a_field_as_it_was_is_no_answer() -> None:
    desk = drawn()
    before = desk.changes
    desk.report.set_text(LONG, row(desk, LONG).text)
    assert row(desk, LONG).source is Source.MEASURED and desk.changes == before


def test_a_typed_value_stands_beside_the_measured_one_which_can_be_taken_again() -> None:
    desk = drawn()
    measured = row(desk, LONG).value
    desk.report.set_text(LONG, "40")
    typed = row(desk, LONG)
    assert typed.value == 40 and typed.source is Source.TYPED and "measured" in typed.differs
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 10))
    assert row(desk, LONG).value == 40 and row(desk, LONG).differs != typed.differs
    desk.report.take_measured(LONG)
    assert row(desk, LONG).source is Source.MEASURED and row(desk, LONG).value < measured


def test_a_dragged_caliper_is_a_measurement_by_hand() -> None:
    desk = drawn()
    desk.scene.drags(CaliperKey(Target.PRIMARY, 1, Size.LONG_DIAMETER), (-10, 0, 0), (10, 0, 0))
    assert row(desk, LONG).value == 20 and row(desk, LONG).source is Source.MEASURED
    assert "by hand" in row(desk, LONG).source_words


def test_measuring_again_brings_back_what_was_cleared_and_leaves_what_was_typed() -> None:
    desk = drawn()
    desk.report.set_text("primary[1].short_diameter_mm", "11")
    desk.report.clear(LONG)
    desk.report.refresh_measured()
    desk.rest()
    assert row(desk, LONG).source is Source.MEASURED
    assert row(desk, "primary[1].short_diameter_mm").value == 11
    assert "anew" in desk.message


def test_not_assessable_takes_a_reason_and_asks_for_words_where_it_needs_them() -> None:
    desk = drawn()
    desk.report.not_assessable(STAGE, "artefact")
    assert row(desk, STAGE).not_assessable.reason == "artefact" and not row(desk, STAGE).missing
    desk.ask.will(None)
    desk.report.not_assessable(STAGE, "other")
    assert row(desk, STAGE).not_assessable.reason == "artefact"
    desk.ask.will("bowel not distended")
    desk.report.not_assessable(STAGE, "other")
    assert row(desk, STAGE).not_assessable.text == "bowel not distended"
    desk.report.not_assessable(NODES, "other", "no fat around")
    assert row(desk, NODES).not_assessable.text == "no fat around"
    desk.report.not_assessable(NODES, "because")
    assert "no reason" in desk.message and row(desk, NODES).not_assessable.text == "no fat around"
    desk.report.choose(STAGE, "t2")
    assert row(desk, STAGE).not_assessable is None


def test_blocks_follow_the_lesions_and_answers_come_back_with_them() -> None:
    desk = Desk().open()
    desk.contour.choose_target(Target.LIVER)
    desk.draw(Target.LIVER, 1)
    desk.report.choose("liver_lesion[1].shape", row(desk, "liver_lesion[1].shape").options[0].code)
    shape = row(desk, "liver_lesion[1].shape").value
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.LIVER, 1)
    assert desk.report_state.form.row("liver_lesion[1].shape") is None
    desk.contour.undo()
    desk.rest()
    assert row(desk, "liver_lesion[1].shape").value == shape


def test_answers_of_targets_reach_the_report() -> None:
    desk = Desk().open()
    desk.contour.answer(Target.PRIMARY, TargetAnswer.NO_TUMOUR)
    assert desk.report_state.missing == (), "without a tumour nothing can be missing"
    assert desk.report._current().targets[Target.PRIMARY] is TargetAnswer.NO_TUMOUR


def test_conditional_questions_come_and_what_was_typed_wrongly_goes_with_them() -> None:
    desk = drawn()
    desk.report.choose(STAGE, "t3")
    path = "primary[1].extramural_depth_mm"
    assert row(desk, path).visible
    desk.report.set_text(path, "deep")
    assert row(desk, path).text == "deep"
    desk.report.choose(STAGE, "t2")
    assert not row(desk, path).visible
    desk.report.choose(STAGE, "t3")
    assert row(desk, path).text == ""


def test_missing_questions_are_listed_with_words_and_gone_through_in_order() -> None:
    desk = drawn()
    missing = desk.report_state.missing
    assert missing and all(item.words and "[" not in item.words for item in missing)
    desk.report.next_missing()
    assert (desk.report_state.focus, desk.report_state.focus_id) == (missing[0].path, 1)
    desk.report.next_missing()
    assert desk.report_state.focus == missing[1].path
    desk.report.go_to(missing[-1].path)
    desk.report.next_missing()
    assert desk.report_state.focus == missing[0].path, "after the last the first"
    desk.report.go_to(missing[0].path)
    assert desk.report_state.focus_id == 5, "the same place again is a jump too"
    desk.report.go_to("liver_lesion[9].shape")
    assert desk.report_state.focus_id == 5
    done, total = desk.report_state.form.done, desk.report_state.form.total
    assert desk.report_state.progress == f"{done} of {total} answered"


def test_a_question_that_is_not_asked_is_refused_in_one_sentence() -> None:
    desk = drawn()
    for path in ("primary[1].side", "nothing.at_all", "liver.fatty_liver"):
        before = desk.work
        desk.report.choose(path, "left")
        assert desk.message and desk.work == before


def test_a_report_that_can_only_be_read_stays_as_it_is() -> None:
    desk = drawn()
    again = Desk().open(work=desk.work, masks=desk.contour.kept(), read_only=True)
    assert again.report_state.read_only
    for call in (
        lambda: again.report.choose(STAGE, "t2"),
        lambda: again.report.set_text(NODES, "3"),
        lambda: again.report.not_assessable(STAGE, "other"),
        again.report.refresh_measured,
        lambda: again.report.take_measured(LONG),
    ):
        call()
        assert "not changed" in again.message
    again.report.next_missing()
    assert again.report_state.focus and again.work == desk.work and again.changes == 0


def test_words_change_with_the_language_and_answers_do_not() -> None:
    desk = drawn()
    desk.report.choose(STAGE, "t2")
    english, work = desk.report_state, desk.work
    desk.hub.set_language(Lang.ZH)
    desk.report.refresh()
    assert "肿瘤" in desk.report_state.form.sections[1].title and desk.report_state.progress.startswith("已填")
    assert row(desk, STAGE).value == "t2" and desk.work is work
    desk.hub.set_language(Lang.EN)
    desk.report.refresh()
    assert desk.report_state == english


def test_several_primaries_have_blocks_of_their_own() -> None:
    desk = drawn()
    desk.contour.add_lesion(Target.PRIMARY)
    desk.draw(lesion=2, inside=ball(ABDOMEN, (20, 20, 15), 7))
    assert row(desk, "primary[2].long_diameter_mm").value == pytest.approx(14, abs=2)
    assert row(desk, LONG).value == pytest.approx(28, abs=1.5)
    assert desk.of(Target.PRIMARY).mode is Mode.DIRECT


def test_late_calls_after_closing_are_harmless() -> None:
    desk = drawn()
    desk.contour.closed()
    desk.report.closed()
    desk.hub.case = None
    for call in (
        lambda: desk.report.choose(STAGE, "t2"),
        lambda: desk.report.set_text(NODES, "3"),
        desk.report.next_missing,
        desk.report.refresh_measured,
        desk.report.sync_lesions,
        desk.report.refresh,
        lambda: desk.report.fill(()),
    ):
        call()
    assert desk.hub.state.report is None
