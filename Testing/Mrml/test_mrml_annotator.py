"""The annotator's own presenter on the real scene, without Qt: a case opens, is drawn in, undone, lost and closed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import annotator_room
import numpy as np
import pytest
import store_support as stores
from annotator_room import Room, Seat
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.text import Lang
from crc_core.vocabulary import Role, Target
from CRCAnnotatorLib.presenter.ports import Tool
from CRCAnnotatorLib.presenter.state import StepId
from mrml_support import scene
from scene_support import Desk, desk_on, paint

__all__ = ["scene"]

BOX: Box = (slice(1, 3), slice(2, 6), slice(2, 6))
LIVER = SegmentKey(Target.LIVER, 1)


@pytest.fixture
def desk(scene: Any) -> Iterator[Desk]:
    with desk_on(scene) as made:
        yield made


@pytest.fixture
def seat(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    """A reader with one case to read, in front of the real scene."""
    monkeypatch.setenv("CRC_CACHE", str(tmp_path / "index"))
    monkeypatch.setattr(annotator_room, "FakeScene", lambda: desk.gateway)
    room = Room(tmp_path, stores.write_study(tmp_path / "study"))
    room.unit()
    seat = room.sit(lang=Lang.ZH)
    seat.annotator.cases.open_next()
    assert seat.annotator.hub.case is not None, seat.message
    return seat


def drawn(seat: Seat, desk: Desk) -> None:
    """Draw a liver lesion as a person does."""
    seat.annotator.go_to(StepId.CONTOUR)
    seat.annotator.contour.add_lesion(Target.LIVER)
    seat.annotator.contour.use_tool(Tool.PAINT)
    paint(desk.scene, LIVER, BOX, grid(seat))


def grid(seat: Seat) -> Any:
    case = seat.annotator.hub.case
    assert case is not None
    found = case.source_grid(Target.LIVER)
    assert found is not None
    return found


def lesions(seat: Seat) -> list[bool]:
    contour = seat.state.contour
    assert contour is not None
    row = next(row for row in contour.targets if row.target is Target.LIVER)
    return [item.drawn for item in row.lesions]


def test_a_case_opens_with_its_images_in_view(seat: Seat, desk: Desk) -> None:
    case = seat.annotator.hub.case
    assert case is not None and set(case.grids) == set(desk.gateway._case.images.keys)
    assert desk.screen.written["CRC1"].name.endswith("· T0") and desk.screen.written["CRC1"].name[0] > "一"
    seat.annotator.set_language(Lang.EN)
    assert desk.screen.written["CRC1"].name.isascii() or "·" in desk.screen.written["CRC1"].name
    assert seat.annotator.hub.views.leading is not None


def test_what_is_drawn_is_known_saved_and_undone(seat: Seat, desk: Desk) -> None:
    drawn(seat, desk)
    seat.jobs.advance(5)
    assert lesions(seat) == [True]
    read = seat.scene.read(LIVER, grid(seat))
    assert read is not None and read[0] == BOX
    desk.editor.save_state_for_undo()
    paint(desk.scene, LIVER, (slice(1, 3), slice(2, 6), slice(2, 9)), grid(seat))
    seat.annotator.contour.undo()
    again = seat.scene.read(LIVER, grid(seat))
    assert again is not None and again[0] == BOX and np.array_equal(again[1], read[1])


def test_a_phase_is_flipped_in_place_by_one_key(seat: Seat, desk: Desk) -> None:
    seat.annotator.go_to(StepId.CONTOUR)
    before = seat.scene.position()
    seat.annotator.flip_phase()
    assert seat.scene.position() == before
    assert seat.annotator.hub.case is not None
    assert {key.role for key in seat.annotator.hub.case.grids} >= {Role.PVP}


def test_the_case_closes_without_a_trace_and_opens_again_with_what_was_drawn(seat: Seat, desk: Desk) -> None:
    drawn(seat, desk)
    seat.jobs.advance(30)
    seat.ask.will("save")
    seat.annotator.cases.close_case()
    assert seat.annotator.hub.case is None
    assert desk.counts().get("vtkMRMLScalarVolumeNode", 0) == desk.counts().get("vtkMRMLSegmentationNode", 0) == 0
    seat.annotator.cases.open_next()
    seat.annotator.go_to(StepId.CONTOUR)
    assert lesions(seat) == [True]
    read = seat.scene.read(LIVER, grid(seat))
    assert read is not None and read[0] == BOX and read[1].all()


def test_a_closed_scene_loses_nothing_of_the_work(seat: Seat, desk: Desk) -> None:
    drawn(seat, desk)
    seat.jobs.advance(30)
    desk.scene.Clear(0)
    seat.ask.will("restore")
    seat.jobs.advance(30)
    assert seat.ask.pending == 0
    seat.annotator.go_to(StepId.CONTOUR)
    read = seat.scene.read(LIVER, grid(seat))
    assert read is not None and read[0] == BOX


@pytest.mark.parametrize("class_name", ["vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode"])
def test_a_deleted_image_or_segmentation_is_put_back(seat: Seat, desk: Desk, class_name: str) -> None:
    drawn(seat, desk)
    seat.jobs.advance(30)
    desk.scene.RemoveNode(desk.scene.GetFirstNodeByClass(class_name))
    seat.ask.will("restore")
    seat.jobs.advance(30)
    seat.annotator.go_to(StepId.CONTOUR)
    read = seat.scene.read(LIVER, grid(seat))
    assert read is not None and read[0] == BOX and read[1].all()
    paint(desk.scene, LIVER, (slice(1, 3), slice(2, 7), slice(2, 6)), grid(seat))
    seat.jobs.advance(5)
    assert lesions(seat) == [True]
