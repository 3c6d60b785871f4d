"""Targets and lesions: what becomes one, what asks before it goes, and that nothing is lost by a slip."""

from __future__ import annotations

import numpy as np
import pytest
from annotator_support import CHEST, PVP, ball
from contouring_support import ABDOMEN, THORAX, Desk
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.vocabulary import LesionClass, Mode, Role, Target, TargetAnswer
from CRCAnnotatorLib.presenter.ports import Tool
from CRCAnnotatorLib.presenter.state import Mark

L1, L2 = SegmentKey(Target.PRIMARY, 1), SegmentKey(Target.PRIMARY, 2)
HEPATIC = SegmentKey(Target.LIVER, 1)
ALL = {Target.PRIMARY: Mode.DIRECT, Target.LIVER: Mode.DIRECT, Target.LUNG: Mode.DIRECT, Target.NODE: Mode.DIRECT}


def test_a_case_opens_ready_to_draw_and_the_first_stroke_makes_the_lesion() -> None:
    desk = Desk().open()
    assert desk.scene.source == PVP and desk.scene.edited == L1
    assert desk.state.target is Target.PRIMARY and desk.state.lesion is None and desk.state.can_draw
    assert desk.work.of(Target.PRIMARY).lesions == () and desk.changes == 0, "opening changes nothing of the work"
    desk.draw()
    assert [lesion.number for lesion in desk.of(Target.PRIMARY).lesions] == [1]
    assert desk.of(Target.PRIMARY).answer is TargetAnswer.DRAWN
    assert desk.state.lesion == 1 and desk.state.targets[0].lesions[0].drawn
    assert [lesion.number for lesion in desk.report_state.form.sections[1:2] and desk.report._current().lesions] == [1]


def test_a_target_that_nobody_drew_on_leaves_no_lesion_behind() -> None:
    desk = Desk().open()
    desk.contour.choose_target(Target.LIVER)
    assert desk.scene.edited == HEPATIC and L1 not in desk.scene.held
    desk.contour.choose_target(Target.PRIMARY)
    assert desk.scene.edited == L1 and HEPATIC not in desk.scene.held
    assert desk.changes == 0


def test_the_first_stroke_is_a_lesion_at_once_so_that_nothing_of_it_can_be_lost() -> None:
    desk = Desk().open()
    desk.draw(rest=False)
    assert desk.of(Target.PRIMARY).lesion(1) is not None and L1 in desk.case.touched and desk.changes > 0
    assert desk.contour.kept()[L1].inside.any()


def test_erasing_where_nothing_is_drawn_makes_no_lesion() -> None:
    desk = Desk().open()
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 14) & False)
    assert desk.of(Target.PRIMARY).lesions == ()


def test_leaving_the_step_right_after_a_stroke_leaves_the_work_complete() -> None:
    desk = Desk().open()
    desk.draw()
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 5), rest=False)
    desk.contour.left()
    assert desk.contour.kept()[L1].inside.sum() == ball(ABDOMEN, (0, 0, 0), 5).sum()


def test_a_stroke_just_before_another_target_is_chosen_is_not_lost() -> None:
    desk = Desk().open()
    desk.draw(rest=False)
    desk.contour.choose_target(Target.LIVER)
    assert desk.of(Target.PRIMARY).lesion(1) is not None
    desk.contour.choose_target(Target.PRIMARY)
    assert desk.scene.edited == L1 and desk.voxels(L1).any()


def test_one_more_lesion_right_after_the_first_stroke_is_the_second() -> None:
    desk = Desk().open()
    desk.draw(rest=False)
    desk.contour.add_lesion(Target.PRIMARY)
    assert [lesion.number for lesion in desk.of(Target.PRIMARY).lesions] == [1, 2] and desk.state.lesion == 2


def test_lesions_are_named_classed_and_coloured_and_numbers_never_return() -> None:
    desk = Desk().open()
    desk.contour.choose_target(Target.LIVER)
    desk.contour.add_lesion(Target.LIVER)
    desk.contour.add_lesion(Target.LIVER)
    assert [row.name for row in desk.state.targets[1].lesions] == ["L1", "L2"]
    assert desk.scene.edited == SegmentKey(Target.LIVER, 2)
    assert desk.scene.held[HEPATIC].lesion_class is LesionClass.METASTASIS
    desk.contour.set_kind(Target.LIVER, 1, LesionClass.UNCERTAIN)
    assert desk.scene.held[HEPATIC].lesion_class is LesionClass.UNCERTAIN
    assert desk.report._current().lesions[0].lesion_class is LesionClass.UNCERTAIN
    desk.contour.remove_lesion(Target.LIVER, 2)
    assert SegmentKey(Target.LIVER, 2) not in desk.scene.held and not desk.ask.asked, "nothing was drawn"
    desk.contour.add_lesion(Target.LIVER)
    assert [row.name for row in desk.state.targets[1].lesions] == ["L1", "L3"]
    assert desk.state.lesion == 3


def test_removing_a_drawn_lesion_asks_and_undo_brings_it_back_with_all_that_was_known_of_it() -> None:
    desk = Desk().open()
    desk.draw()
    before = desk.of(Target.PRIMARY).lesion(1)
    desk.ask.will("leave")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    assert desk.of(Target.PRIMARY).lesion(1) == before and desk.voxels(L1).any()
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    assert desk.of(Target.PRIMARY).lesions == () and desk.of(Target.PRIMARY).answer is None
    assert L1 not in desk.scene.held and L1 in desk.case.touched
    assert desk.report._current().lesions == ()
    assert desk.state.targets[0].lesions == () and desk.scene.edited == L2, "the number is not given again"
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1) == before and desk.of(Target.PRIMARY).answer is TargetAnswer.DRAWN
    assert desk.voxels(L1).any() and desk.state.lesion == 1 and desk.scene.edited == L1
    assert desk.report._current().lesions[0].number == 1
    desk.contour.redo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesions == () and L1 not in desk.scene.held
    desk.contour.add_lesion(Target.PRIMARY)
    assert desk.state.lesion == 2


def test_a_removed_lesion_comes_back_also_where_the_editor_forgot_its_steps() -> None:
    desk = Desk().open()
    desk.draw()
    before = desk.of(Target.PRIMARY).lesion(1)
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    desk.scene._undo.clear()
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1) == before
    assert np.array_equal(desk.voxels(L1), ball(ABDOMEN, (0, 0, 0), 14)) and L1 in desk.case.touched
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1) == before, "once is enough"


def test_undo_after_drawing_on_is_about_what_was_drawn_not_about_what_was_removed_before() -> None:
    desk = Desk().open()
    desk.draw()
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    desk.draw(lesion=2)
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1) is None and not desk.voxels(L2).any()


def test_a_lesion_removed_before_it_was_drawn_does_not_come_back_with_an_older_step() -> None:
    desk = Desk().open()
    desk.draw()
    desk.contour.add_lesion(Target.PRIMARY)
    desk.contour.choose_lesion(Target.PRIMARY, 1)
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 10))
    desk.contour.remove_lesion(Target.PRIMARY, 2)
    desk.contour.undo()
    desk.rest()
    assert [lesion.number for lesion in desk.of(Target.PRIMARY).lesions] == [1]
    assert L2 not in desk.scene.held


def test_undo_past_the_making_of_a_segment_makes_it_again() -> None:
    desk = Desk().open()
    desk.draw()
    desk.contour.add_lesion(Target.PRIMARY)
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(2) is not None and L2 in desk.scene.held
    assert not desk.voxels(L1).any()
    desk.contour.choose_lesion(Target.PRIMARY, 2)
    assert desk.scene.edited == L2


def test_undo_leaves_no_lesion_of_another_target_without_its_segment() -> None:
    desk = Desk().open()
    desk.draw()
    desk.contour.choose_target(Target.LIVER)
    desk.contour.add_lesion(Target.LIVER)
    desk.contour.choose_target(Target.PRIMARY)
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.LIVER).lesion(1) is not None and HEPATIC in desk.scene.held


def test_the_editors_own_undo_is_followed_too() -> None:
    desk = Desk().open()
    desk.draw()
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    desk.scene.undoes()
    desk.rest()
    assert desk.of(Target.PRIMARY).lesion(1) is not None and desk.state.targets[0].lesions[0].drawn


@pytest.mark.parametrize("answer", [TargetAnswer.NONE_SEEN, TargetAnswer.NO_TUMOUR, TargetAnswer.RESECTED])
def test_an_answer_stands_without_lesions_and_says_why_nothing_can_be_drawn(answer: TargetAnswer) -> None:
    desk = Desk().open()
    desk.contour.answer(Target.PRIMARY, answer)
    assert desk.of(Target.PRIMARY).answer is answer
    assert desk.scene.edited is None and L1 not in desk.scene.held
    assert not desk.state.can_draw and desk.state.why_not and desk.state.tools == ()
    assert desk.state.targets[0].mark is Mark.DONE and desk.state.targets[0].answer_words
    desk.contour.use_tool(Tool.PAINT)
    assert desk.scene.tool is None and desk.message == desk.state.why_not
    assert desk.report._current().targets[Target.PRIMARY] is answer
    desk.contour.answer(Target.PRIMARY, None)
    assert desk.of(Target.PRIMARY).answer is None and desk.scene.edited == L1 and desk.state.can_draw


def test_none_seen_on_a_drawn_target_asks_first_and_can_be_undone() -> None:
    desk = Desk().open()
    desk.draw()
    desk.ask.will("leave")
    desk.contour.answer(Target.PRIMARY, TargetAnswer.NONE_SEEN)
    assert desk.of(Target.PRIMARY).answer is TargetAnswer.DRAWN and desk.voxels(L1).any()
    assert "L1" in desk.ask.last.words
    desk.ask.will("remove")
    desk.contour.answer(Target.PRIMARY, TargetAnswer.NONE_SEEN)
    assert desk.of(Target.PRIMARY).answer is TargetAnswer.NONE_SEEN and L1 not in desk.scene.held
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).answer is TargetAnswer.DRAWN and desk.voxels(L1).any()


def test_a_stroke_that_was_not_read_yet_counts_as_drawn() -> None:
    desk = Desk().open()
    desk.draw(rest=False)
    desk.ask.will("leave")
    desk.contour.answer(Target.PRIMARY, TargetAnswer.NONE_SEEN)
    assert desk.voxels(L1).any() and desk.of(Target.PRIMARY).lesion(1) is not None


def test_not_assessable_asks_for_a_reason_from_a_list_or_in_words() -> None:
    desk = Desk().open()
    desk.ask.will(None)
    desk.contour.answer(Target.LIVER, TargetAnswer.NOT_ASSESSABLE)
    assert desk.of(Target.LIVER).answer is None
    desk.ask.will("artefact")
    desk.contour.answer(Target.LIVER, TargetAnswer.NOT_ASSESSABLE)
    assert desk.of(Target.LIVER).reason == "伪影 / artefact"
    assert "artefact" in desk.state.targets[1].answer_words
    desk.ask.will("other", "metal clips all over")
    desk.contour.answer(Target.LIVER, TargetAnswer.NOT_ASSESSABLE)
    assert desk.of(Target.LIVER).reason == "metal clips all over"
    desk.ask.will("other", None)
    desk.contour.answer(Target.LIVER, TargetAnswer.NOT_ASSESSABLE)
    assert desk.of(Target.LIVER).reason == "metal clips all over", "putting the question away changes nothing"


def test_each_target_offers_its_own_answers_and_classes() -> None:
    rows = {row.target: row for row in Desk().open(ALL).state.targets}
    assert TargetAnswer.NO_TUMOUR in dict(rows[Target.PRIMARY].answers)
    assert TargetAnswer.NO_TUMOUR not in dict(rows[Target.LIVER].answers)
    assert [kind for kind, _ in rows[Target.LIVER].kinds] == [LesionClass.METASTASIS, LesionClass.UNCERTAIN]
    assert "patholog" in rows[Target.NODE].note


def test_lungs_are_drawn_on_their_own_image_in_their_own_window() -> None:
    desk = Desk().open(ALL)
    desk.draw()
    desk.contour.choose_target(Target.LUNG)
    assert desk.scene.source == CHEST and desk.scene.window(CHEST).width_hu == 1500
    desk.draw(Target.LUNG, 1, ball(THORAX, (0, 0, 90), 10))
    assert desk.of(Target.LUNG).lesion(1) is not None
    desk.contour.choose_target(Target.PRIMARY)
    assert desk.scene.source == PVP and desk.scene.window(PVP).width_hu == 225
    assert desk.voxels(L1).any() and desk.scene.edited == L1
    assert SegmentKey(Target.LUNG, 1) not in desk.scene.shown


def test_choosing_a_drawn_lesion_goes_there_and_an_undrawn_one_moves_nothing() -> None:
    desk = Desk().open()
    desk.draw(inside=ball(ABDOMEN, (6, -4, 9), 8))
    desk.contour.add_lesion(Target.PRIMARY)
    place = desk.scene.place
    desk.contour.choose_target(Target.LIVER)
    assert desk.scene.place == place
    desk.contour.choose_target(Target.PRIMARY)
    desk.contour.choose_lesion(Target.PRIMARY, 1)
    assert desk.scene.place == pytest.approx((6, -4, 9), abs=2.0) and desk.scene.extent_mm is None


def test_a_source_that_is_not_there_locks_its_target_and_says_so() -> None:
    desk = Desk().open(ALL, missing=(Role.CHEST,))
    row = next(row for row in desk.state.targets if row.target is Target.LUNG)
    assert row.mark is Mark.LOCKED and row.note and not row.can_add
    desk.contour.choose_target(Target.LUNG)
    assert not desk.state.can_draw and desk.state.why_not == row.note
    desk.contour.answer(Target.LUNG, TargetAnswer.NONE_SEEN)
    assert desk.of(Target.LUNG).answer is TargetAnswer.NONE_SEEN, "what is seen can be said all the same"


def test_a_case_that_can_only_be_read_shows_everything_and_changes_nothing() -> None:
    desk = Desk().open()
    desk.draw()
    work, masks = desk.work, desk.contour.kept()
    again = Desk().open(work=work, masks=masks, read_only=True)
    again.rest()
    assert again.state.targets[0].lesions[0].drawn and again.state.sizes and not again.state.can_draw
    for call in (
        lambda: again.contour.add_lesion(Target.PRIMARY),
        lambda: again.contour.remove_lesion(Target.PRIMARY, 1),
        lambda: again.contour.answer(Target.LIVER, TargetAnswer.NONE_SEEN),
        again.contour.undo,
        again.contour.fill_between,
        lambda: again.scene.draws(L1, ball(ABDOMEN, (0, 0, 0), 4)),
    ):
        call()
        again.rest()
    assert again.work == work and again.changes == 0
    again.contour.choose_target(Target.LIVER)
    assert again.scene.edited is None and again.state.target is Target.LIVER


def test_a_kept_case_opens_with_its_contours_and_they_are_examined() -> None:
    first = Desk().open(ALL)
    first.draw()
    first.contour.choose_target(Target.LUNG)
    first.draw(Target.LUNG, 1, ball(THORAX, (0, 0, 90), 10))
    again = Desk().open(ALL, work=first.work, masks=first.contour.kept())
    assert again.voxels(L1).sum() == first.voxels(L1).sum()
    assert again.voxels(SegmentKey(Target.LUNG, 1)).any()
    assert again.state.target is Target.LIVER, "the first that waits"
    again.rest()
    again.contour.choose_target(Target.PRIMARY)
    assert again.state.sizes and again.scene.source == PVP
    assert again.work == first.work and again.changes == 0, "looking at it changes nothing"


def test_what_is_refused_is_told_and_the_panel_goes_on() -> None:
    from crc_core.errors import CrcError

    desk = Desk().open()
    desk.scene.failures["remove_segment"] = CrcError("mrml.not_written", name="x")
    desk.draw()
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    assert "could not be taken over" in desk.message
    assert desk.of(Target.PRIMARY).lesion(1) is not None
    desk.ask.will("remove")
    desk.contour.remove_lesion(Target.PRIMARY, 1)
    assert desk.of(Target.PRIMARY).lesion(1) is None


def test_only_segments_of_ours_count() -> None:
    desk = Desk().open()
    desk.contour.segment_changed(SegmentKey(Target.NODE, 4))
    desk.contour.segment_changed(SegmentKey(Target.PRIMARY, 9, Part.OUTER))
    desk.rest()
    assert desk.changes == 0
