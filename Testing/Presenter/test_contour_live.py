"""The live checks: off the drawing path, anew with every stroke, told with a jump and a repair."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from annotator_support import PVP, ball
from contouring_support import ABDOMEN, Desk
from crc_core.contour import inspect, measure
from crc_core.contour.inspection import Window
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.policy import desk_policy
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Role, Target, Verdict
from CRCAnnotatorLib.presenter.ports import Lost
from CRCAnnotatorLib.presenter.state import FindingRow, Mark
from numpy.typing import NDArray

L1 = SegmentKey(Target.PRIMARY, 1)
STEPS = "annotator.checks"


def with_stray() -> NDArray[np.bool_]:
    """A ball and a stray of four voxels far from it."""
    inside = ball(ABDOMEN, (0, 0, 0), 12)
    inside[22, 4:6, 4:6] = True
    return inside


def found(desk: Desk, words: str) -> FindingRow:
    return next(row for row in desk.state.findings if words in row.words)


def test_nothing_is_read_while_the_pen_moves_and_everything_soon_after() -> None:
    desk = Desk().open()
    desk.draw()
    desk.scene.calls.clear()
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 12), rest=False)
    assert desk.scene.calls == [] and desk.state.checking
    desk.jobs.advance(desk_policy().check_delay_s - 0.1)
    assert "read" not in desk.scene.calls
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 13), rest=False)
    desk.jobs.advance(desk_policy().check_delay_s - 0.1)
    assert "read" not in desk.scene.calls, "the delay begins anew with every stroke"
    desk.jobs.advance(0.2)
    assert desk.scene.calls.count("read") == 1
    assert not desk.state.checking and desk.state.sizes


def test_a_stroke_while_the_checks_run_starts_them_anew_and_loses_nothing() -> None:
    desk = Desk().open()
    desk.draw()
    before = desk.state.volume
    desk.jobs.hold_steps = True
    desk.draw(inside=with_stray(), rest=False)
    desk.jobs.advance(1.0)
    assert desk.jobs.step(STEPS) and desk.jobs.step(STEPS)
    assert desk.state.checking and desk.state.volume == before
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 12), rest=False)
    assert STEPS not in desk.jobs.steps_running
    desk.jobs.advance(1.0)
    desk.jobs.finish_steps(STEPS)
    assert not desk.state.checking and desk.state.volume != before
    assert not any("stray" in row.words for row in desk.state.findings), "told of what is drawn now"


def test_what_is_told_is_what_all_checks_of_the_whole_say() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    desk.contour.choose_target(Target.LIVER)
    desk.draw(Target.LIVER, 1, ball(ABDOMEN, (8, 0, 0), 9))
    mask = Volume(with_stray().astype(np.uint8), ABDOMEN)
    other = Volume(ball(ABDOMEN, (8, 0, 0), 9).astype(np.uint8), ABDOMEN)
    window = Window(225, 40)
    image = desk.scene.image(PVP)
    whole = inspect(mask, image, target=Target.PRIMARY, others=[(Target.LIVER, other)], window=window)
    ours = [item for item in desk.contour.findings() if item.target is Target.PRIMARY]
    assert sorted(map(repr, ours)) == sorted(map(repr, whole))
    assert [item.verdict for item in ours] == [item.verdict for item in whole], "the worst first"
    desk.contour.choose_target(Target.PRIMARY)
    sizes = measure(mask, target=Target.PRIMARY, slice_thickness_mm=3.0)[0]
    assert desk.state.volume == f"volume {sizes.volume_ml:.1f} ml on {sizes.slices} slices"


def test_a_finding_keeps_its_number_as_long_as_it_stays_and_is_shown_with_its_surroundings() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    row = found(desk, "stray")
    assert row.verdict is Verdict.WARN and row.verdict_words == "warning" and row.can_go and row.can_repair
    assert row.place == "slice 4", "counted from the head"
    desk.contour.check_now()
    desk.rest()
    assert found(desk, "stray").id == row.id
    desk.contour.go_to_finding(row.id)
    place = ABDOMEN.to_ras((4.5, 4.5, 22))
    assert desk.scene.place == pytest.approx(tuple(place), abs=1.5)
    assert 80 <= desk.scene.extent_mm <= 260
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 12))
    desk.contour.go_to_finding(row.id)
    assert "gone" in desk.message


def test_a_jump_chooses_the_lesion_it_belongs_to() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    row = found(desk, "stray")
    desk.contour.add_lesion(Target.PRIMARY)
    assert desk.state.lesion == 2
    desk.contour.go_to_finding(row.id)
    assert desk.state.lesion == 1 and desk.scene.edited == L1
    finding = desk.contour.findings()[0]
    desk.contour.choose_target(Target.LIVER)
    desk.contour.go_to_found(finding)
    assert desk.state.target is Target.PRIMARY


def test_a_repair_is_one_undo_step_and_is_looked_at_again() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    row, steps = found(desk, "stray"), len(desk.scene._undo)
    desk.case.touched.clear()
    desk.contour.repair(row.id)
    desk.rest()
    assert np.array_equal(desk.voxels(L1), ball(ABDOMEN, (0, 0, 0), 12))
    assert len(desk.scene._undo) == steps + 1 and L1 in desk.case.touched
    assert not any("stray" in row.words for row in desk.state.findings)
    desk.contour.undo()
    desk.rest()
    assert np.array_equal(desk.voxels(L1), with_stray()) and found(desk, "stray").can_repair


def test_a_repair_of_what_has_changed_since_says_so_and_does_nothing() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    row = found(desk, "stray")
    mended = ball(ABDOMEN, (0, 0, 0), 12)
    desk.draw(inside=mended, rest=False)
    desk.contour.repair(row.id)
    assert "has changed since" in desk.message and np.array_equal(desk.voxels(L1), mended)
    desk.rest()
    desk.contour.repair(row.id)
    assert "gone" in desk.message


def test_holes_and_a_missing_slice_are_mended() -> None:
    desk = Desk().open({Target.LIVER: Mode.DIRECT})
    inside = ball(ABDOMEN, (0, 0, 0), 14)
    inside[13, 27:29, 27:29] = False
    inside[10] = False
    desk.draw(Target.LIVER, 1, inside)
    for words in ("holes", "without a contour"):
        desk.contour.repair(found(desk, words).id)
        desk.rest()
    after = desk.voxels(SegmentKey(Target.LIVER, 1))
    assert after[13, 27:29, 27:29].all() and after[10].any()


def test_lesions_that_share_voxels_are_told_and_the_later_one_has_them() -> None:
    desk = Desk().open()
    desk.draw()
    desk.contour.add_lesion(Target.PRIMARY)
    desk.draw(lesion=2, inside=ball(ABDOMEN, (12, 0, 0), 8))
    row = found(desk, "L2 and L1 share voxels")
    assert row.verdict is Verdict.WARN and not row.can_repair
    desk.contour.go_to_finding(row.id)
    k, j, i = (round(float(number)) for number in ABDOMEN.to_ijk(desk.scene.place)[::-1])
    assert desk.voxels(L1)[k, j, i] and desk.voxels(SegmentKey(Target.PRIMARY, 2))[k, j, i]
    masks = desk.contour.read_masks()
    assert "share voxels" in desk.message
    (mask,) = masks.values()
    assert list(masks) == [mask_name(desk.of(Target.PRIMARY).source, Target.PRIMARY)]
    assert (mask.array[desk.voxels(SegmentKey(Target.PRIMARY, 2))] == 2).all()
    assert (mask.array[desk.voxels(L1) & ~desk.voxels(SegmentKey(Target.PRIMARY, 2))] == 1).all()


def test_neighbours_are_looked_at_again_when_a_lesion_changes() -> None:
    desk = Desk().open()
    desk.draw()
    desk.contour.add_lesion(Target.PRIMARY)
    touching = ball(ABDOMEN, (20, 0, 0), 9) & ~ball(ABDOMEN, (0, 0, 0), 14)
    desk.draw(lesion=2, inside=touching)
    assert any("touches lesion 2" in row.words for row in desk.state.findings)
    desk.draw(lesion=2, inside=ball(ABDOMEN, (24, 20, 20), 6))
    assert not any("touches" in row.words for row in desk.state.findings)


def test_masks_are_read_from_the_scene_and_stay_as_they_were_handed_out() -> None:
    desk = Desk().open()
    desk.draw()
    desk.scene.held[L1].array = ball(ABDOMEN, (0, 0, 0), 5)
    (mask,) = desk.contour.read_masks().values()
    assert np.array_equal(mask.array > 0, ball(ABDOMEN, (0, 0, 0), 5)), "whatever was read before"
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 9))
    assert mask.array.sum() == ball(ABDOMEN, (0, 0, 0), 5).sum()


def test_what_the_scene_cannot_give_is_told_once_and_the_rest_goes_on() -> None:
    desk = Desk().open()
    desk.scene.failures["read"] = CrcError("mrml.under_transform", name="contours")
    desk.draw()
    assert "under a transform" in desk.message and not desk.state.checking
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 12))
    assert desk.state.sizes


def test_a_check_that_fails_is_told_and_does_not_run_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("by chance")

    desk = Desk().open()
    monkeypatch.setattr("crc_core.desk.examining.examining", broken)
    desk.draw()
    assert "ZeroDivisionError" in desk.message and not desk.state.checking
    monkeypatch.undo()
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 12))
    assert desk.state.sizes


def test_the_report_and_the_marks_of_targets_follow_what_was_found() -> None:
    desk, heard = Desk().open(), []
    desk.contour.on_checked = lambda: heard.append(desk.contour.drawn())
    assert desk.state.targets[0].mark is Mark.TODO and desk.state.findings_words == "not checked yet"
    desk.draw()
    assert desk.state.targets[0].mark is Mark.ATTENTION and "samples of L1" in desk.state.targets[0].note
    assert "nothing" in desk.state.findings_words
    desk.contour.show_samples(Role.PVP)
    while desk.state.samples_of is not None:
        desk.contour.confirm_samples()
    assert desk.state.targets[0].mark is Mark.DONE and desk.state.targets[0].note == ""
    desk.draw(inside=with_stray())
    assert desk.state.targets[0].mark is Mark.ATTENTION and "warnings: 1" in desk.state.findings_words
    assert heard[-1] == {L1}


def test_another_language_words_everything_anew_also_in_the_scene() -> None:
    desk = Desk().open()
    desk.draw(inside=with_stray())
    desk.contour.show_calipers(True)
    english, number = desk.state, found(desk, "stray").id
    desk.hub.set_language(Lang.ZH)
    desk.contour.refresh()
    assert desk.state.targets[0].label == "原位肿瘤" and "肿瘤" in desk.scene.held[L1].name
    assert any(row.id == number and "零星" in row.words for row in desk.state.findings)
    assert desk.state.rule.title != english.rule.title
    assert all(mark.words[0] > "一" for mark in desk.scene.calipers)
    desk.hub.set_language(Lang.EN)
    desk.contour.refresh()
    assert desk.state == english


def test_nothing_is_published_twice() -> None:
    desk, shown = Desk().open(), []
    desk.draw()
    desk.hub.on_render(lambda state: shown.append(state.contour))
    shown.clear()
    desk.contour.refresh()
    desk.contour.choose_target(Target.PRIMARY)
    desk.contour.check_now()
    desk.rest()
    assert all(one != other for one, other in itertools.pairwise(shown))


def test_a_segmentation_deleted_under_us_is_made_anew_from_what_was_read() -> None:
    desk = Desk().open({Target.PRIMARY: Mode.DIRECT, Target.LUNG: Mode.DIRECT})
    desk.draw()
    before = desk.voxels(L1).copy()
    desk.scene.loses(Lost.SEGMENTATION)
    desk.contour.check_now()
    desk.rest()
    assert desk.contour.kept()[L1].inside.sum() == before.sum(), "what is not there cannot be read as erased"
    desk.contour.opened(desk.case, desk.contour.kept())
    desk.contour.entered()
    assert np.array_equal(desk.voxels(L1), before) and desk.scene.source is not None
    desk.contour.choose_target(Target.PRIMARY)
    assert desk.scene.edited == L1 and desk.state.targets[0].lesions[0].drawn


def test_closing_forgets_everything_and_what_comes_late_is_harmless() -> None:
    desk = Desk().open()
    desk.draw(rest=False)
    desk.contour.left()
    desk.contour.closed()
    desk.report.closed()
    desk.hub.case = None
    assert desk.hub.state.contour is None and desk.jobs.names == frozenset()
    desk.contour.segment_changed(L1)
    desk.contour.choose_target(Target.LIVER)
    desk.contour.refresh()
    assert desk.contour.drawn() == frozenset() and desk.contour.findings() == () and desk.contour.read_masks() == {}


def test_the_nominal_slice_thickness_of_the_source_counts() -> None:
    desk = Desk().open()
    desk.draw()
    record = next(item for item in desk.case.view.series if item.role is Role.PVP)
    assert record.thickness_mm == 3.0
    assert "± 3.0 mm" in next(row.detail for row in desk.state.sizes if row.id == "cranio_caudal")
