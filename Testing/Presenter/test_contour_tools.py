"""Tools, undo, filling between slices and its review, windows and what of all this is recorded."""

from __future__ import annotations

import numpy as np
import pytest
from annotator_support import PVP, ball
from contouring_support import ABDOMEN, Desk
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.desk.arrangement import ImageKey, LayoutKind
from crc_core.desk.steps import ContourStepId
from crc_core.vocabulary import Mode, Role, Target
from CRCAnnotatorLib.presenter.ports import Fill, Tool
from CRCAnnotatorLib.presenter.state import Mark
from numpy.typing import NDArray

L1 = SegmentKey(Target.PRIMARY, 1)
WHOLE = ball(ABDOMEN, (0, 0, 0), 14)


def every_third() -> NDArray[np.bool_]:
    """The ball as a person draws it who leaves two slices out of three."""
    thinned = np.zeros_like(WHOLE)
    slices = np.flatnonzero(WHOLE.any(axis=(1, 2)))
    thinned[slices[::3]] = WHOLE[slices[::3]]
    return thinned


def open_of(inside: NDArray[np.bool_]) -> list[int]:
    drawn = np.flatnonzero(inside.any(axis=(1, 2)))
    return sorted(set(range(drawn[0], drawn[-1])) - set(drawn.tolist()))


def go_to_slice(desk: Desk, index: int) -> None:
    desk.scene.place = tuple(float(number) for number in ABDOMEN.to_ras((28, 28, index)))


def test_a_tool_is_taken_and_laid_down_and_follows_what_others_choose() -> None:
    desk = Desk().open()
    desk.contour.use_tool(Tool.PAINT)
    assert desk.scene.tool is Tool.PAINT and desk.state.tool is Tool.PAINT and desk.scene.brush_mm == 8
    desk.scene.takes(Tool.ERASE)
    assert desk.state.tool is Tool.ERASE
    desk.contour.use_tool(Tool.ERASE)
    assert desk.scene.tool is None and desk.state.tool is None
    desk.contour.use_tool(Tool.DRAW)
    desk.contour.left()
    assert desk.scene.tool is None and desk.scene.edited is None
    desk.contour.entered()
    assert desk.scene.edited == L1 and desk.state.tool is None


def test_a_tool_stays_in_hand_on_another_image_and_is_laid_down_where_nothing_can_be_drawn() -> None:
    desk = Desk().open({Target.PRIMARY: Mode.SUBTRACTION, Target.LUNG: Mode.DIRECT})
    desk.contour.use_tool(Tool.PAINT)
    desk.scene.tool = None
    desk.contour.choose_target(Target.LUNG)
    assert desk.scene.tool is Tool.PAINT and desk.state.tool is Tool.PAINT, "the editor may drop it when it is rebound"
    desk.contour.choose_target(Target.PRIMARY)
    desk.draw(part=Part.OUTER)
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    assert desk.scene.tool is None and desk.state.tool is None


def test_the_brush_is_bounded_and_remembered_on_this_machine() -> None:
    desk = Desk().open()
    desk.contour.set_brush(500)
    assert desk.scene.brush_mm == desk.state.brush_mm == 100
    desk.contour.set_brush(3.5)
    assert Desk(settings=desk.settings).open().state.brush_mm == 3.5
    desk.settings.put("brush_mm", "thick")
    assert Desk(settings=desk.settings).open().state.brush_mm == 8


def test_effects_are_recorded_once_each_in_the_order_of_their_use() -> None:
    desk = Desk().open()
    for effect in ("Paint", "Erase", "Paint"):
        desk.scene.draws(L1, WHOLE, effect)
    desk.rest()
    assert desk.of(Target.PRIMARY).effects == ("Paint", "Erase")
    assert desk.of(Target.LIVER).effects == ()


def test_the_window_of_drawing_is_recorded_not_that_of_looking() -> None:
    desk = Desk().open()
    assert desk.scene.window(PVP).width_hu == 225 and "preset" in desk.state.window_words
    desk.scene.windows_by_hand(PVP, 350, 60)
    assert desk.of(Target.PRIMARY).window_width_hu is None and "350/60" in desk.state.window_words
    desk.draw()
    assert (desk.of(Target.PRIMARY).window_width_hu, desk.of(Target.PRIMARY).window_level_hu) == (350, 60)
    desk.scene.windows_by_hand(PVP, 2000, 500)
    assert desk.of(Target.PRIMARY).window_width_hu == 350
    desk.contour.preset_window()
    assert desk.scene.window(PVP).width_hu == 225
    desk.draw(inside=ball(ABDOMEN, (0, 0, 0), 13))
    assert desk.of(Target.PRIMARY).window_width_hu == 225


def test_a_window_too_wide_for_soft_tissue_is_noted() -> None:
    desk = Desk().open()
    desk.scene.windows_by_hand(PVP, 900, 60)
    desk.draw()
    assert any("900 HU" in row.words and not row.can_go for row in desk.state.findings)


def test_a_window_of_ones_own_comes_back_with_its_target() -> None:
    desk = Desk().open({Target.PRIMARY: Mode.DIRECT, Target.LUNG: Mode.DIRECT})
    desk.scene.windows_by_hand(PVP, 300, 50)
    desk.contour.choose_target(Target.LUNG)
    desk.contour.choose_target(Target.PRIMARY)
    assert desk.scene.window(PVP).width_hu == 300
    desk.scene.windows_by_hand(ImageKey(Role.AP), 400, 40)
    assert "400" in desk.state.window_words, "phases share one window"


def test_filling_draws_the_open_slices_by_shape_as_one_undo_step() -> None:
    desk = Desk().open()
    assert not desk.state.can_fill_between
    desk.draw(inside=every_third())
    assert desk.state.can_fill_between and any("slices lie open" in row.hint for row in desk.state.steps)
    steps = len(desk.scene._undo)
    desk.contour.fill_between()
    desk.rest()
    filled, drawn = desk.voxels(L1), every_third()
    assert len(desk.scene._undo) == steps + 1 and not open_of(filled)
    assert np.array_equal(filled[drawn.any(axis=(1, 2))], drawn[drawn.any(axis=(1, 2))])
    between = open_of(drawn)
    assert np.count_nonzero(filled[between] ^ WHOLE[between]) < 0.3 * np.count_nonzero(WHOLE[between])
    state = desk.of(Target.PRIMARY)
    assert list(state.filled_slices) == open_of(drawn) and state.filled_count == len(state.filled_slices)
    assert "CRC fill between" in state.effects and L1 in desk.case.touched
    assert not desk.state.can_fill_between
    assert any("interpolation" in row.words for row in desk.state.findings)


def test_undoing_a_fill_takes_its_slices_out_of_the_record_and_redo_puts_them_back() -> None:
    desk = Desk().open()
    desk.draw(inside=every_third())
    desk.contour.fill_between()
    desk.rest()
    filled = desk.of(Target.PRIMARY)
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).filled_slices == () and desk.of(Target.PRIMARY).filled_count == 0
    desk.contour.redo()
    desk.rest()
    assert desk.of(Target.PRIMARY).filled_slices == filled.filled_slices
    assert desk.of(Target.PRIMARY).filled_count == filled.filled_count


def test_filled_slices_are_looked_at_one_by_one_from_the_head_down() -> None:
    desk = Desk().open()
    desk.draw(inside=every_third())
    desk.contour.fill_between()
    desk.rest()
    waiting = desk.of(Target.PRIMARY).filled_slices
    assert desk.state.to_review[0] == f"slice {26 - waiting[-1]}", "the most cranial first, counted from the head"
    go_to_slice(desk, 25)
    desk.contour.go_to_step(ContourStepId.REVIEW)
    desk.contour.review_next()
    assert round(float(ABDOMEN.to_ijk(desk.scene.place)[2])) == waiting[-1]
    desk.contour.mark_reviewed()
    assert desk.of(Target.PRIMARY).filled_slices == waiting[:-1]
    assert round(float(ABDOMEN.to_ijk(desk.scene.place)[2])) == waiting[-2], "on to the next"
    go_to_slice(desk, waiting[0])
    desk.contour.review_next()
    assert round(float(ABDOMEN.to_ijk(desk.scene.place)[2])) == waiting[-2], "after the last the first again"
    for index in reversed(waiting[:-1]):
        go_to_slice(desk, index)
        desk.contour.mark_reviewed()
    desk.rest()
    assert desk.of(Target.PRIMARY).filled_slices == () and desk.of(Target.PRIMARY).filled_count == len(waiting)
    assert not any("interpolation" in row.words for row in desk.state.findings)
    assert next(row.mark for row in desk.state.steps if row.id is ContourStepId.REVIEW) is Mark.CURRENT
    desk.contour.mark_reviewed()
    assert "no filled one" in desk.message


def test_a_stroke_on_a_filled_slice_counts_as_a_look_at_it() -> None:
    desk = Desk().open()
    desk.draw(inside=every_third())
    desk.contour.fill_between()
    desk.rest()
    waiting, count = desk.of(Target.PRIMARY).filled_slices, desk.of(Target.PRIMARY).filled_count
    touched = desk.voxels(L1).copy()
    touched[waiting[0], 28, 28:40] = True
    desk.draw(inside=touched)
    assert desk.of(Target.PRIMARY).filled_slices == waiting[1:] and desk.of(Target.PRIMARY).filled_count == count


def test_erasing_a_filled_slice_takes_it_out_of_the_count() -> None:
    desk = Desk().open()
    desk.draw(inside=every_third())
    desk.contour.fill_between()
    desk.rest()
    waiting, count = desk.of(Target.PRIMARY).filled_slices, desk.of(Target.PRIMARY).filled_count
    erased = desk.voxels(L1).copy()
    erased[waiting[0]] = False
    desk.draw(inside=erased)
    assert desk.of(Target.PRIMARY).filled_count == count - 1 and waiting[0] not in desk.of(Target.PRIMARY).filled_slices


def test_an_edge_of_a_subtraction_is_filled_where_it_is_drawn() -> None:
    desk = Desk().open({Target.PRIMARY: Mode.SUBTRACTION})
    desk.draw(part=Part.OUTER, inside=every_third())
    desk.contour.fill_between()
    desk.rest()
    assert not open_of(desk.voxels(SegmentKey(Target.PRIMARY, 1, Part.OUTER)))
    desk.contour.go_to_step(ContourStepId.REVIEW)
    assert desk.scene.edited == SegmentKey(Target.PRIMARY, 1, Part.OUTER), "a filled slice can be mended in its review"
    desk.contour.review_next()
    assert desk.scene.place is not None


def test_nothing_to_fill_is_said() -> None:
    desk = Desk().open()
    desk.contour.fill_between()
    assert "No slice lies open" in desk.message
    desk.draw()
    desk.contour.fill_between()
    assert "No slice lies open" in desk.message and desk.of(Target.PRIMARY).filled_count == 0


def test_outline_and_fill_3d_and_oblique() -> None:
    desk = Desk().open()
    desk.contour.align_oblique()
    assert desk.scene.oblique is None and "Nothing is drawn" in desk.message
    assert not desk.state.has_3d
    k = np.abs(ABDOMEN.to_ras(np.stack(np.meshgrid(*[np.arange(n) for n in (56, 56, 26)], indexing="ij"), -1)))
    tube = (np.hypot(k[..., 0], k[..., 1]) < 6) & (k[..., 2] < 25)
    desk.draw(inside=tube.transpose(2, 1, 0))
    desk.contour.set_fill(Fill.FILLED)
    assert desk.scene.fill is Fill.FILLED and desk.scene.shown == (L1,) and desk.state.fill is Fill.FILLED
    desk.contour.align_oblique()
    start, end = desk.scene.oblique
    along = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
    assert abs(along[2]) == pytest.approx(1, abs=0.02)
    desk.contour.set_3d(True)
    assert desk.scene.in_3d == (L1,) and desk.scene.arrangement.has_3d and desk.state.in_3d
    assert desk.scene.arrangement.kind is LayoutKind.CONTOUR
    desk.contour.set_3d(False)
    assert desk.scene.in_3d == () and not desk.scene.arrangement.has_3d


def test_the_steps_of_direct_contouring_say_how_far_they_are() -> None:
    desk = Desk().open()
    marks = {row.id: row.mark for row in desk.state.steps}
    assert marks == {
        ContourStepId.DRAW: Mark.CURRENT,
        ContourStepId.FILL: Mark.LOCKED,
        ContourStepId.REVIEW: Mark.LOCKED,
        ContourStepId.MEASURE: Mark.LOCKED,
    }
    desk.draw()
    marks = {row.id: row.mark for row in desk.state.steps}
    assert marks[ContourStepId.FILL] is Mark.DONE and marks[ContourStepId.MEASURE] is Mark.TODO
    desk.contour.go_to_step(ContourStepId.MEASURE)
    assert desk.state.calipers_shown and desk.scene.calipers and desk.scene.edited == L1
