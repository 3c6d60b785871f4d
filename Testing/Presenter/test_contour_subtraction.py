"""Subtraction: two edges, a preview that keeps nothing, keeping as one undo step, going back to redo an edge."""

from __future__ import annotations

import numpy as np
from annotator_support import ball
from contouring_support import ABDOMEN, UNIT, Desk, shell
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.subtraction import subtract
from crc_core.contour.terminology import Part
from crc_core.desk.arrangement import LayoutKind
from crc_core.desk.steps import ContourStepId
from crc_core.geometry import Volume
from crc_core.identity import mask_name
from crc_core.vocabulary import Mode, Role, Target
from CRCAnnotatorLib.presenter.state import Mark

RING = {Target.PRIMARY: Mode.SUBTRACTION, Target.LIVER: Mode.DIRECT}
OUTER, INNER, MASK = (SegmentKey(Target.PRIMARY, 1, part) for part in (Part.OUTER, Part.INNER, Part.MASK))
EDGES = shell()


def drawn(kept: bool = True) -> Desk:
    """Both edges of one primary are drawn, and the ring is kept."""
    desk = Desk().open(RING)
    desk.draw(part=Part.OUTER, inside=EDGES[0])
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(part=Part.INNER, inside=EDGES[1])
    if kept:
        desk.contour.keep()
        desk.rest()
    return desk


def mark(desk: Desk, step: ContourStepId) -> Mark:
    return next(row.mark for row in desk.state.steps if row.id is step)


def test_the_edges_are_drawn_one_after_the_other_and_what_is_missing_is_said() -> None:
    desk = Desk().open(RING)
    assert desk.state.step is ContourStepId.OUTER and desk.scene.edited == OUTER
    assert mark(desk, ContourStepId.INNER) is Mark.LOCKED
    desk.contour.go_to_step(ContourStepId.INNER)
    assert desk.state.step is ContourStepId.OUTER and desk.message == "Draw the outer edge first."
    desk.draw(part=Part.OUTER, inside=EDGES[0])
    assert mark(desk, ContourStepId.INNER) is Mark.TODO
    desk.contour.go_to_step(ContourStepId.INNER)
    assert desk.scene.edited == INNER and set(desk.scene.shown) == {OUTER, INNER}


def test_what_the_edges_give_is_checked_and_measured_before_it_is_kept_but_enters_no_report() -> None:
    desk = drawn(kept=False)
    sizes = {row.id: row for row in desk.state.sizes}
    assert "thickness" in sizes and desk.state.volume
    assert desk.report_state.form.row("primary[1].thickness_mm").value is None
    assert not desk.voxels(MASK).any()
    desk.contour.keep()
    desk.rest()
    row = desk.report_state.form.row("primary[1].thickness_mm")
    assert row.value is not None and f"{row.value:g}" == sizes["thickness"].value.removesuffix(" mm").removesuffix(".0")


def test_a_preview_shows_the_ring_and_keeps_nothing() -> None:
    desk = drawn(kept=False)
    steps = len(desk.scene._undo)
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~EDGES[1])
    assert desk.scene.in_3d == (MASK,) and desk.scene.arrangement.kind is LayoutKind.RING
    assert desk.scene.edited is None and desk.state.why_not
    assert len(desk.scene._undo) == steps and not desk.of(Target.PRIMARY).kept
    desk.contour.go_to_step(ContourStepId.INNER)
    assert not desk.voxels(MASK).any() and desk.scene.in_3d == ()
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    desk.contour.left()
    assert not desk.voxels(MASK).any(), "another step of the panel ends it as well"


def test_undo_in_the_preview_goes_back_one_stroke_and_the_preview_follows() -> None:
    desk = drawn(kept=False)
    wider = ball(ABDOMEN, (0, 0, 0), 9)
    desk.draw(part=Part.INNER, inside=wider)
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~wider)
    desk.contour.undo()
    desk.rest()
    assert np.array_equal(desk.voxels(INNER), EDGES[1])
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~EDGES[1])
    assert not desk.of(Target.PRIMARY).kept


def test_keeping_is_one_undo_step_and_both_edges_stay() -> None:
    desk = drawn(kept=False)
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    steps = len(desk.scene._undo)
    desk.contour.keep()
    assert len(desk.scene._undo) == steps + 1
    assert desk.of(Target.PRIMARY).kept and desk.state.step is ContourStepId.MEASURE
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~EDGES[1]) and MASK in desk.case.touched
    assert np.array_equal(desk.voxels(OUTER), EDGES[0]) and np.array_equal(desk.voxels(INNER), EDGES[1])
    desk.rest()
    desk.contour.undo()
    desk.rest()
    assert not desk.voxels(MASK).any() and not desk.of(Target.PRIMARY).kept
    desk.contour.redo()
    desk.rest()
    assert desk.of(Target.PRIMARY).kept and np.array_equal(desk.voxels(MASK), EDGES[0] & ~EDGES[1])


def test_going_back_to_redo_one_edge_says_that_the_ring_is_old_until_it_is_kept_again() -> None:
    desk = drawn()
    assert mark(desk, ContourStepId.KEEP) is Mark.DONE
    desk.contour.go_to_step(ContourStepId.INNER)
    assert desk.of(Target.PRIMARY).kept, "looking alone changes nothing"
    desk.draw(part=Part.INNER, inside=ball(ABDOMEN, (0, 0, 0), 9))
    assert not desk.of(Target.PRIMARY).kept and mark(desk, ContourStepId.KEEP) is Mark.ATTENTION
    assert desk.state.targets[0].note and desk.state.targets[0].mark is Mark.TODO
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~EDGES[1]), "the old ring stands until the new one is kept"
    desk.contour.undo()
    desk.rest()
    assert desk.of(Target.PRIMARY).kept, "with the old edge the ring holds again"
    desk.draw(part=Part.INNER, inside=ball(ABDOMEN, (0, 0, 0), 9))
    desk.contour.keep()
    assert desk.of(Target.PRIMARY).kept and not (desk.voxels(MASK) & ball(ABDOMEN, (0, 0, 0), 9)).any()


def test_several_primaries_have_edges_of_their_own_and_are_kept_together() -> None:
    desk = drawn(kept=False)
    desk.contour.add_lesion(Target.PRIMARY)
    desk.contour.go_to_step(ContourStepId.OUTER)
    second = ball(ABDOMEN, (20, 20, 20), 8)
    desk.draw(lesion=2, part=Part.OUTER, inside=second)
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(lesion=2, part=Part.INNER, inside=ball(ABDOMEN, (20, 20, 20), 3))
    desk.contour.keep()
    assert desk.voxels(MASK).any() and desk.voxels(SegmentKey(Target.PRIMARY, 2)).any()
    masks = desk.contour.read_masks()
    names = [mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY, part) for part in ("", "outer", "inner")]
    assert set(masks) == set(names)
    mask, outer, inner = (masks[name] for name in names)
    assert np.array_equal(subtract(outer, inner).array, mask.array) and set(np.unique(mask.array)) == {0, 1, 2}


def test_a_lumen_that_is_nowhere_drawn_is_asked_about() -> None:
    desk = Desk().open(RING)
    desk.draw(part=Part.OUTER, inside=EDGES[0])
    desk.ask.will("back")
    desk.contour.keep()
    assert not desk.of(Target.PRIMARY).kept and not desk.voxels(MASK).any()
    desk.ask.will("keep")
    desk.contour.keep()
    assert desk.of(Target.PRIMARY).kept and np.array_equal(desk.voxels(MASK), EDGES[0])
    masks = desk.contour.read_masks()
    assert not any("inner" in name for name in masks), "an edge that is not drawn is no mask"


def test_swapped_edges_leave_nothing_and_nothing_is_written() -> None:
    desk = Desk().open(RING)
    desk.draw(part=Part.OUTER, inside=EDGES[1])
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(part=Part.INNER, inside=EDGES[0])
    steps = len(desk.scene._undo)
    desk.contour.keep()
    assert "swapped" in desk.message and not desk.of(Target.PRIMARY).kept
    assert len(desk.scene._undo) == steps and not desk.voxels(MASK).any()


def test_a_scene_that_refuses_half_way_is_taken_back() -> None:
    from crc_core.errors import CrcError

    desk = drawn(kept=False)
    desk.scene.failures["write"] = CrcError("mrml.not_written", name="x")
    desk.contour.keep()
    assert not desk.of(Target.PRIMARY).kept and not desk.voxels(MASK).any()
    assert "could not be taken over" in desk.message
    desk.contour.keep()
    assert desk.of(Target.PRIMARY).kept


def test_strokes_just_before_keeping_are_in_the_ring() -> None:
    desk = drawn(kept=False)
    desk.draw(part=Part.INNER, inside=ball(ABDOMEN, (0, 0, 0), 9), rest=False)
    desk.contour.keep()
    assert not (desk.voxels(MASK) & ball(ABDOMEN, (0, 0, 0), 9)).any()


def test_a_repair_of_a_ring_mends_its_edges_so_that_the_ring_stays_what_they_give() -> None:
    desk = Desk().open(RING)
    outer = EDGES[0].copy()
    outer[2, 3:5, 3:5] = True
    desk.draw(part=Part.OUTER, inside=outer)
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(part=Part.INNER, inside=EDGES[1])
    desk.contour.keep()
    desk.rest()
    row = next(row for row in desk.state.findings if row.can_repair)
    desk.contour.repair(row.id)
    desk.rest()
    assert np.array_equal(desk.voxels(OUTER), EDGES[0]) and desk.of(Target.PRIMARY).kept
    volumes = [Volume(desk.voxels(key).astype(np.uint8), ABDOMEN) for key in (OUTER, INNER, MASK)]
    assert np.array_equal(subtract(volumes[0], volumes[1]).array, volumes[2].array)


def test_masks_that_are_handed_in_are_the_kept_ones_even_out_of_a_preview() -> None:
    desk = drawn()
    desk.contour.go_to_step(ContourStepId.INNER)
    desk.draw(part=Part.INNER, inside=ball(ABDOMEN, (0, 0, 0), 9))
    desk.contour.go_to_step(ContourStepId.PREVIEW)
    name = mask_name(UNIT.series_code(Role.PVP), Target.PRIMARY)
    assert np.array_equal(desk.contour.read_masks()[name].array > 0, EDGES[0] & ~EDGES[1])
    assert np.array_equal(desk.voxels(MASK), EDGES[0] & ~ball(ABDOMEN, (0, 0, 0), 9)), "the preview is back"
