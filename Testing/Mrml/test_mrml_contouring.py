"""Contouring on the real scene, without Qt: what undo brings back, rings in one step, lungs on their own image."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import contouring_support as contouring
import numpy as np
import pytest
from annotator_support import ball
from contouring_support import ABDOMEN, THORAX
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.contour.voxels import bounding_box
from crc_core.desk.steps import ContourStepId
from crc_core.geometry import Grid
from crc_core.vocabulary import Mode, Target
from crc_mrml.segments import write_crop
from mrml_support import scene
from numpy.typing import NDArray
from scene_support import desk_on, segmentation_nodes

__all__ = ["scene"]

L1, L2 = SegmentKey(Target.PRIMARY, 1), SegmentKey(Target.PRIMARY, 2)
OUTER, INNER = SegmentKey(Target.PRIMARY, 1, Part.OUTER), SegmentKey(Target.PRIMARY, 1, Part.INNER)
EDGES = contouring.shell()


class Seat(contouring.Desk):
    """A reader in front of the real scene."""

    def __init__(self, real: Any) -> None:
        self.real = real
        super().__init__(scene=real.gateway)

    def strokes(self, key: SegmentKey, inside: NDArray[np.bool_], grid: Grid = ABDOMEN, *, rest: bool = True) -> None:
        """Draw as a person does: the editor saves its state, the segment holds other voxels."""
        box = bounding_box(inside.view(np.uint8))
        assert box is not None
        self.real.editor.save_state_for_undo()
        nodes = segmentation_nodes(self.real.scene)
        node = next(node for node in nodes if node.GetSegmentation().GetSegment(key.segment_id) is not None)
        write_crop(node, key, inside[box], box, grid)
        if rest:
            self.rest()

    def voxels(self, key: SegmentKey, grid: Grid = ABDOMEN) -> NDArray[np.bool_]:
        whole = np.zeros(grid.shape_kji, bool)
        found = self.scene.read(key, grid)
        if found is not None:
            whole[found[0]] = found[1]
        return whole


@pytest.fixture
def seat(scene: Any) -> Iterator[Seat]:
    with desk_on(scene) as made:
        yield Seat(made)


def test_the_first_stroke_makes_the_lesion(seat: Seat) -> None:
    seat.open()
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 14))
    assert [row.drawn for row in seat.state.targets[0].lesions] == [True]
    assert seat.state.sizes and seat.state.densities and seat.report_state.form.row("primary[1].long_diameter_mm")


def test_a_removed_lesion_comes_back_with_undo_and_goes_again_with_redo(seat: Seat) -> None:
    seat.open()
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 14))
    before, voxels = seat.of(Target.PRIMARY).lesion(1), seat.voxels(L1)
    seat.ask.will("remove")
    seat.contour.remove_lesion(Target.PRIMARY, 1)
    assert L1 not in seat.scene.segments()
    seat.contour.undo()
    seat.rest()
    assert seat.of(Target.PRIMARY).lesion(1) == before and np.array_equal(seat.voxels(L1), voxels)
    seat.contour.redo()
    seat.rest()
    assert seat.of(Target.PRIMARY).lesion(1) is None and L1 not in seat.scene.segments()
    seat.contour.undo()
    seat.rest()
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 9))
    assert seat.voxels(L1).sum() == ball(ABDOMEN, (0, 0, 0), 9).sum(), "it can be drawn on again"


def test_undo_past_the_making_of_a_lesion_leaves_the_lesion(seat: Seat) -> None:
    seat.open()
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 14))
    seat.contour.add_lesion(Target.PRIMARY)
    seat.contour.undo()
    seat.rest()
    assert L2 in seat.scene.segments() and not seat.voxels(L1).any()
    seat.contour.choose_lesion(Target.PRIMARY, 1)
    seat.contour.choose_lesion(Target.PRIMARY, 2)
    seat.strokes(L2, ball(ABDOMEN, (0, 0, 0), 6))
    assert seat.state.targets[0].lesions[1].drawn


def test_a_ring_is_previewed_kept_in_one_step_and_undone(seat: Seat) -> None:
    seat.open({Target.PRIMARY: Mode.SUBTRACTION})
    seat.strokes(OUTER, EDGES[0])
    seat.contour.go_to_step(ContourStepId.INNER)
    seat.strokes(INNER, EDGES[1])
    seat.contour.go_to_step(ContourStepId.PREVIEW)
    assert np.array_equal(seat.voxels(L1), EDGES[0] & ~EDGES[1]) and not seat.of(Target.PRIMARY).kept
    seat.contour.go_to_step(ContourStepId.INNER)
    assert not seat.voxels(L1).any()
    seat.contour.keep()
    seat.rest()
    assert np.array_equal(seat.voxels(L1), EDGES[0] & ~EDGES[1]) and seat.of(Target.PRIMARY).kept
    assert np.array_equal(seat.voxels(OUTER), EDGES[0]) and np.array_equal(seat.voxels(INNER), EDGES[1])
    seat.contour.undo()
    seat.rest()
    assert not seat.voxels(L1).any() and not seat.of(Target.PRIMARY).kept
    assert np.array_equal(seat.voxels(INNER), EDGES[1]), "the edges are untouched"
    seat.contour.redo()
    seat.rest()
    assert seat.of(Target.PRIMARY).kept
    seat.contour.undo()
    seat.contour.undo()
    seat.rest()
    assert not seat.voxels(INNER).any() and np.array_equal(seat.voxels(OUTER), EDGES[0])


def test_filling_is_one_step_and_what_was_filled_is_told_apart_after_undo_and_redo(seat: Seat) -> None:
    seat.open()
    thinned = ball(ABDOMEN, (0, 0, 0), 14)
    thinned[1::2] = False
    seat.strokes(L1, thinned)
    seat.contour.fill_between()
    seat.rest()
    filled = seat.of(Target.PRIMARY).filled_slices
    assert filled and seat.voxels(L1).any(axis=(1, 2)).sum() > thinned.any(axis=(1, 2)).sum()
    seat.contour.undo()
    seat.rest()
    assert np.array_equal(seat.voxels(L1), thinned) and seat.of(Target.PRIMARY).filled_count == 0
    seat.contour.redo()
    seat.rest()
    assert seat.of(Target.PRIMARY).filled_slices == filled


def test_lungs_lie_on_their_own_image_and_nothing_is_resampled(seat: Seat) -> None:
    lung = SegmentKey(Target.LUNG, 1)
    seat.open({Target.PRIMARY: Mode.DIRECT, Target.LUNG: Mode.DIRECT})
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 14))
    seat.contour.choose_target(Target.LUNG)
    seat.strokes(lung, ball(THORAX, (0, 0, 90), 10), THORAX)
    seat.contour.choose_target(Target.PRIMARY)
    masks = seat.contour.read_masks()
    assert [int((volume.array > 0).sum()) for volume in masks.values()] == [
        int(ball(ABDOMEN, (0, 0, 0), 14).sum()),
        int(ball(THORAX, (0, 0, 90), 10).sum()),
    ]


def test_samples_and_calipers_are_drawn_and_put_away(seat: Seat) -> None:
    seat.open()
    seat.strokes(L1, ball(ABDOMEN, (0, 0, 0), 14))
    seat.contour.show_calipers(True)
    row = next(row for row in seat.state.densities if row.can_show)
    seat.contour.show_samples(row.role)
    marks = seat.real.counts()
    seat.contour.left()
    assert sum(seat.real.counts().values()) <= sum(marks.values())
    seat.contour.show_calipers(False)
    assert seat.message == ""
