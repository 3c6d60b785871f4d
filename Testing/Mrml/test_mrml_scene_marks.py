"""Calipers, density samples and sync points: drawn where they belong, dragged, placed, and told only by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from crc_core.contour.results import Point
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import LayoutKind
from crc_core.desk.marks import SyncPair
from crc_core.errors import CrcError
from crc_core.vocabulary import Target
from CRCAnnotatorLib.presenter.ports import Tool
from mrml_support import scene, slicer, vtk
from scene_support import AP, CT, MRI, PRIOR, PVP, T2, Desk, caliper, desk_on, image, planes, sample, side_by_side

__all__ = ["scene"]

START, END = (-6.0, 3.0, 0.0), (14.0, 3.0, 0.0)
CENTRES = ((0.0, 0.0, 0.0), (6.0, 3.0, 2.0), (-6.0, -3.0, 4.0))


@pytest.fixture
def desk(scene: Any) -> Iterator[Desk]:
    with desk_on(scene) as made:
        made.open(PVP, AP)
        made.gateway.begin_contours(PVP, "轮廓")
        made.gateway.ensure_segment(SegmentKey(Target.PRIMARY, 1), "1", None)
        made.ears.take()
        yield made


def nodes(desk: Desk, class_name: str) -> list[Any]:
    count = desk.scene.GetNumberOfNodesByClass(class_name)
    return [desk.scene.GetNthNodeByClass(n, class_name) for n in range(count)]


def lines(desk: Desk) -> list[Any]:
    return nodes(desk, "vtkMRMLMarkupsLineNode")


def points(desk: Desk) -> dict[str, Any]:
    return {node.GetName(): node for node in nodes(desk, "vtkMRMLMarkupsFiducialNode")}


def place_of(node: Any, number: int) -> Point:
    place = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(number, place)
    return (place[0], place[1], place[2])


def drag(node: Any, number: int, to: Point) -> None:
    """What Slicer's widget does while a person drags a point and lets it go."""
    events = slicer.vtkMRMLMarkupsNode
    node.InvokeCustomModifiedEvent(events.PointStartInteractionEvent)
    node.SetNthControlPointPositionWorld(number, *to)
    node.InvokeCustomModifiedEvent(events.PointEndInteractionEvent)


def seen_in(desk: Desk, node: Any, count: int) -> list[bool]:
    display = node.GetDisplayNode()
    views = (desk.screen.node(number).GetID() for number in range(1, count + 1))
    return [bool(display.GetVisibility()) and bool(display.IsDisplayableInView(view)) for view in views]


def test_a_caliper_stands_where_it_was_measured_with_its_words(desk: Desk) -> None:
    desk.gateway.show_calipers([caliper(START, END)])
    (line,) = lines(desk)
    assert (place_of(line, 0), place_of(line, 1)) == (START, END)
    assert (line.GetNthControlPointLabel(0), line.GetNthControlPointLabel(1)) == ("", "长径 20 mm")
    assert seen_in(desk, line, 4) == [True] * 4
    assert not line.GetLocked() and line.GetFixedNumberOfControlPoints()
    assert desk.ears.take() == []


def test_a_caliper_that_follows_the_contour_is_moved_not_made_anew(desk: Desk) -> None:
    desk.gateway.show_calipers([caliper(START, END), caliper(START, END, lesion=2)])
    before = lines(desk)
    desk.gateway.show_calipers([caliper(START, (20.0, 3.0, 0.0), words="长径 26 mm")])
    (line,) = lines(desk)
    assert line is before[0]
    assert place_of(line, 1) == (20.0, 3.0, 0.0) and line.GetNthControlPointLabel(1) == "长径 26 mm"
    desk.gateway.show_calipers([])
    assert lines(desk) == []
    assert desk.ears.take() == []


def test_a_dragged_caliper_is_told_when_let_go_and_shows_its_length_meanwhile(desk: Desk) -> None:
    mark = caliper(START, END)
    desk.gateway.show_calipers([mark])
    (line,) = lines(desk)
    line.SetNthControlPointPositionWorld(1, 18.0, 6.0, 0.0)
    assert line.GetNthControlPointLabel(1) == f"{np.hypot(24, 3):.1f} mm"
    assert desk.ears.take() == []
    drag(line, 1, (19.0, 6.0, 0.0))
    assert desk.ears.take() == [("caliper_dragged", mark.key, START, (19.0, 6.0, 0.0))]


def test_a_caliper_that_lies_in_a_slice_stays_in_it(desk: Desk) -> None:
    mark = caliper(START, END)
    desk.gateway.show_calipers([mark])
    drag(lines(desk)[0], 1, (19.0, 6.0, 7.0))
    assert desk.ears.take() == [("caliper_dragged", mark.key, START, (19.0, 6.0, 0.0))]
    desk.gateway.show_calipers([caliper(START, END, k=None)])
    drag(lines(desk)[0], 1, (19.0, 6.0, 7.0))
    assert desk.ears.take()[0][3] == (19.0, 6.0, 7.0)


def test_a_click_on_a_caliper_without_a_drag_is_nothing(desk: Desk) -> None:
    desk.gateway.show_calipers([caliper(START, END)])
    drag(lines(desk)[0], 1, END)
    assert desk.ears.take() == []
    assert lines(desk)[0].GetNthControlPointLabel(1) == "长径 20 mm"


def test_a_caliper_taken_out_by_somebody_else_comes_back(desk: Desk) -> None:
    desk.gateway.show_calipers([caliper(START, END)])
    desk.scene.RemoveNode(lines(desk)[0])
    assert desk.ears.take() == []
    desk.gateway.show_calipers([caliper(START, END)])
    assert len(lines(desk)) == 1


def test_samples_are_seen_on_their_own_phase_alone(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.arrange(side_by_side(PVP, AP))
    gateway.show_samples([sample(PVP, 0, CENTRES[0]), sample(AP, 0, CENTRES[1])])
    found = points(desk)
    assert seen_in(desk, found["CRC PVP"], 2) == [True, False]
    assert seen_in(desk, found["CRC AP"], 2) == [False, True]
    gateway.show_image("axial", AP)
    assert seen_in(desk, found["CRC PVP"], 2) == [False, False]
    assert seen_in(desk, found["CRC AP"], 2) == [True, True]
    gateway.arrange(planes(PVP))
    assert seen_in(desk, found["CRC PVP"], 4) == [True] * 4


def test_a_samples_ring_is_as_large_as_what_was_measured_and_in_its_slice_alone(desk: Desk) -> None:
    desk.gateway.show_samples([sample(PVP, 0, CENTRES[1], radius_mm=5.0)])
    rings = desk.scene.GetFirstNodeByName("CRC PVP rings")
    bounds = np.array(rings.GetPolyData().GetBounds()).reshape(3, 2)
    assert np.allclose(bounds[:2].mean(axis=1), CENTRES[1][:2]) and np.allclose(
        np.ptp(bounds[:2], axis=1), 10.0, rtol=0.01
    )
    assert np.ptp(bounds[2]) < CT.spacing_ijk_mm[2]
    cutter = vtk.vtkCutter()
    cutter.SetInputData(rings.GetPolyData())
    plane = vtk.vtkPlane()
    plane.SetNormal(0, 0, 1)
    cutter.SetCutFunction(plane)
    for height, is_cut in ((2.0, True), (4.0, False), (0.0, False)):
        plane.SetOrigin(0, 0, height)
        cutter.Update()
        assert (cutter.GetOutput().GetNumberOfPoints() > 0) is is_cut


def test_a_nudged_sample_is_told_with_its_number_and_its_ring_comes_along(desk: Desk) -> None:
    marks = [sample(PVP, number, centre) for number, centre in enumerate(CENTRES)]
    desk.gateway.show_samples(marks)
    node = points(desk)["CRC PVP"]
    assert [node.GetNthControlPointLabel(number) for number in range(3)] == ["74 HU"] * 3
    drag(node, 2, (9.0, 9.0, 4.0))
    assert desk.ears.take() == [("sample_moved", marks[2].key, (9.0, 9.0, 4.0))]
    bounds = desk.scene.GetFirstNodeByName("CRC PVP rings").GetPolyData().GetBounds()
    assert bounds[3] == pytest.approx(13.0, abs=0.1)
    desk.gateway.show_samples(marks[:1])
    assert node.GetNumberOfControlPoints() == 1
    desk.gateway.show_samples([])
    assert points(desk) == {} and desk.scene.GetFirstNodeByName("CRC PVP rings") is None
    assert desk.ears.take() == []


def test_a_sample_of_an_image_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(CrcError) as refusal:
        desk.gateway.show_samples([sample(T2, 0, CENTRES[0])])
    assert refusal.value.code == "mrml.no_image"


def with_mri(desk: Desk) -> None:
    desk.gateway.add_image(T2, image(MRI), "T2", None)
    desk.gateway.add_image(PRIOR, image(), "prior", None)
    desk.gateway.arrange(side_by_side(PVP, T2, PRIOR, kind=LayoutKind.REFERENCE))


def test_sync_points_are_numbered_on_both_images(desk: Desk) -> None:
    with_mri(desk)
    pairs = [SyncPair(CENTRES[0], CENTRES[1]), SyncPair(CENTRES[1], CENTRES[2])]
    desk.gateway.show_sync_pairs(pairs)
    ct, mri = points(desk)["CRC sync CT"], points(desk)["CRC sync MRI"]
    assert [ct.GetNthControlPointLabel(n) for n in range(2)] == ["1", "2"]
    assert seen_in(desk, ct, 3) == [True, False, False] and seen_in(desk, mri, 3) == [False, True, False]
    assert place_of(mri, 1) == CENTRES[2]
    desk.gateway.show_sync_pairs(pairs[:1])
    assert ct.GetNumberOfControlPoints() == 1
    desk.gateway.show_sync_pairs([])
    assert points(desk) == {}


def test_sync_points_of_the_mri_move_with_it(desk: Desk) -> None:
    with_mri(desk)
    desk.gateway.show_sync_pairs([SyncPair(CENTRES[0], CENTRES[1])])
    shift = np.eye(4)
    shift[:3, 3] = (10.0, -4.0, 2.0)
    desk.gateway.align_mri(shift.tolist())
    mri = points(desk)["CRC sync MRI"]
    assert np.allclose(place_of(mri, 0), np.array(CENTRES[1]) - shift[:3, 3])
    desk.gateway.show_sync_pairs([SyncPair(CENTRES[0], CENTRES[2])])
    assert np.allclose(place_of(mri, 0), np.array(CENTRES[2]) - shift[:3, 3])
    desk.gateway.align_mri(None)
    assert place_of(mri, 0) == CENTRES[2]


@pytest.mark.parametrize("moved", [False, True])
def test_one_sync_point_is_placed_on_the_image_asked_for_in_its_own_space(desk: Desk, moved: bool) -> None:
    with_mri(desk)
    shift = np.eye(4)
    shift[:3, 3] = (10.0, -4.0, 2.0)
    if moved:
        desk.gateway.align_mri(shift.tolist())
    desk.gateway.use_tool(Tool.PAINT)
    desk.gateway.place_sync_point(T2)
    interaction = desk.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    selection = desk.scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")
    node = desk.scene.GetNodeByID(selection.GetActivePlaceNodeID())
    assert interaction.GetCurrentInteractionMode() == interaction.Place
    assert desk.editor.effect == ""
    assert seen_in(desk, node, 3) == [False, True, False]
    node.AddControlPointWorld(3.0, 4.0, 5.0)
    interaction.SwitchToViewTransformMode()
    expected = np.array([3.0, 4.0, 5.0]) + (shift[:3, 3] if moved else 0.0)
    ((what, image_key, ras),) = desk.ears.take()
    assert (what, image_key) == ("sync_point_placed", T2) and np.allclose(ras, expected)
    assert interaction.GetCurrentInteractionMode() == interaction.AdjustWindowLevel
    desk.gateway.show_sync_pairs([SyncPair(CENTRES[0], ras)])
    desk.gateway.place_sync_point(PVP)
    assert len(points(desk)) == 3


def test_taking_a_tool_ends_the_placing(desk: Desk) -> None:
    with_mri(desk)
    desk.gateway.place_sync_point(T2)
    desk.gateway.use_tool(Tool.DRAW)
    interaction = desk.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    assert points(desk) == {}
    assert desk.ears.take() == []


def test_marks_of_ours_are_no_events_while_we_move_them(desk: Desk) -> None:
    mark = caliper(START, END)
    for shift in range(3):
        moved = replace(mark, measurement=mark.measurement.moved(START, (14.0 + shift, 3.0, 0.0), 20))
        desk.gateway.show_calipers([moved])
        desk.gateway.show_samples([sample(PVP, 0, (float(shift), 0.0, 0.0))])
    assert desk.ears.take() == []
