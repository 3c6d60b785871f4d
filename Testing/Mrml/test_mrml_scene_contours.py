"""Contours in the open case: made, read, written, undone, shown; and what is told when somebody else changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part, term_of
from crc_core.errors import CrcError
from crc_core.geometry import Grid
from crc_core.vocabulary import LesionClass, Target
from crc_mrml.effects import EFFECTS, effect_of, tool_of
from crc_mrml.surfaces import surface_of
from CRCAnnotatorLib.presenter.ports import Fill, Tool
from mrml_support import scene, vtk
from scene_support import (
    CHEST,
    CHEST_CT,
    CT,
    DP,
    MRI,
    PRIOR,
    PVP,
    T2,
    Desk,
    desk_on,
    image,
    planes,
    segmentation_nodes,
    side_by_side,
)
from scene_support import paint as paint_on

__all__ = ["scene"]

PRIMARY, SECOND = SegmentKey(Target.PRIMARY, 1), SegmentKey(Target.LIVER, 2)
LUNG = SegmentKey(Target.LUNG, 1)
OUTER, INNER = SegmentKey(Target.PRIMARY, 1, Part.OUTER), SegmentKey(Target.PRIMARY, 1, Part.INNER)
BOX: Box = (slice(10, 16), slice(20, 30), slice(25, 37))


@pytest.fixture
def desk(scene: Any) -> Iterator[Desk]:
    with desk_on(scene) as made:
        made.open(PVP, DP)
        made.gateway.begin_contours(PVP, "轮廓")
        for key, lesion_class in ((PRIMARY, LesionClass.TUMOUR), (SECOND, LesionClass.METASTASIS)):
            made.gateway.ensure_segment(key, key.segment_id, lesion_class)
        made.ears.take()
        yield made


def solid(box: Box = BOX) -> np.ndarray:
    return np.ones(tuple(part.stop - part.start for part in box), bool)


def paint(desk: Desk, key: SegmentKey, box: Box, grid: Grid = CT) -> None:
    paint_on(desk.scene, key, box, grid)


def segmentations(desk: Desk) -> list[Any]:
    return segmentation_nodes(desk.scene)


def display_of(desk: Desk) -> Any:
    return segmentations(desk)[0].GetDisplayNode()


def test_what_is_written_is_read_as_a_crop_of_its_own(desk: Desk) -> None:
    desk.gateway.write(PRIMARY, solid(), BOX, CT)
    found = desk.gateway.read(PRIMARY, CT)
    assert found is not None and found[0] == BOX and found[1].all()
    found[1][:] = False
    again = desk.gateway.read(PRIMARY, CT)
    assert again is not None and again[1].all()
    desk.gateway.write(PRIMARY, None, None, CT)
    assert desk.gateway.read(PRIMARY, CT) is None
    assert desk.gateway.segments() == (PRIMARY, SECOND)
    assert desk.ears.take() == []


def test_a_segment_that_was_not_made_cannot_be_written_or_edited(desk: Desk) -> None:
    for request in (
        lambda: desk.gateway.write(LUNG, solid(), BOX, CT),
        lambda: desk.gateway.edit(LUNG),
    ):
        with pytest.raises(CrcError) as refusal:
            request()
        assert refusal.value.code == "mrml.no_segment"
    assert desk.gateway.read(LUNG, CT) is None


def test_before_a_segmentation_is_begun_there_is_nothing_to_draw_in(scene: Any) -> None:
    with desk_on(scene) as bare, pytest.raises(CrcError) as refusal:
        bare.open(PVP)
        bare.gateway.ensure_segment(PRIMARY, "1", None)
    assert refusal.value.code == "mrml.no_segmentation"


def test_segments_may_overlap(desk: Desk) -> None:
    desk.gateway.write(PRIMARY, solid(), BOX, CT)
    desk.gateway.write(SECOND, solid(), BOX, CT)
    paint(desk, SECOND, (slice(12, 13), slice(20, 40), slice(25, 37)))
    first, second = desk.gateway.read(PRIMARY, CT), desk.gateway.read(SECOND, CT)
    assert first is not None and first[1].all() and first[0] == BOX
    assert second is not None and second[1].sum() == solid().sum() + 10 * 12


def test_what_a_person_paints_is_told_once_with_the_tool(desk: Desk) -> None:
    desk.gateway.edit(PRIMARY)
    desk.gateway.use_tool(Tool.PAINT)
    paint(desk, PRIMARY, BOX)
    assert desk.ears.take() == [("tool_used", "Paint"), ("segment_changed", PRIMARY)]
    paint(desk, PRIMARY, BOX)
    assert desk.ears.take() == []


def test_what_another_module_changes_is_told_without_a_tool(desk: Desk) -> None:
    desk.gateway.edit(PRIMARY)
    paint(desk, SECOND, BOX)
    segmentations(desk)[0].GetSegmentation().GetSegment(SECOND.segment_id).SetName("其他名称")
    assert desk.ears.take() == [("segment_changed", SECOND)]


def test_a_segment_that_another_module_takes_out_is_told_as_gone(desk: Desk) -> None:
    paint(desk, SECOND, BOX)
    desk.ears.take()
    for key in (SECOND, PRIMARY):
        segmentations(desk)[0].GetSegmentation().RemoveSegment(key.segment_id)
        assert desk.ears.take() == [("segment_gone", key)], "also an empty one"
    assert desk.gateway.segments() == ()


def test_a_segment_that_another_module_adds_is_told_once_and_is_none_of_ours(desk: Desk) -> None:
    desk.gateway.ensure_segment(SegmentKey(Target.PRIMARY, 7), "L7", None)
    segmentation = segmentations(desk)[0].GetSegmentation()
    segmentation.AddEmptySegment("Segment_1", "某处")
    assert desk.ears.take() == [("foreign_segment", "某处")]
    segmentation.AddEmptySegment("copy", "L1 副本")
    segmentation.GetSegment("copy").DeepCopy(segmentation.GetSegment(PRIMARY.segment_id))
    desk.ears.take()
    assert "copy" not in {key.segment_id for key in desk.gateway.segments()}


def test_our_undo_is_one_step_and_is_not_told(desk: Desk) -> None:
    desk.gateway.edit(PRIMARY)
    desk.gateway.write(PRIMARY, solid(), BOX, CT)
    desk.gateway.undo_point()
    desk.gateway.write(PRIMARY, None, None, CT)
    desk.gateway.write(SECOND, solid(), BOX, CT)
    desk.gateway.undo()
    found = desk.gateway.read(PRIMARY, CT)
    assert found is not None and found[1].all()
    assert desk.gateway.read(SECOND, CT) is None
    desk.gateway.redo()
    assert desk.gateway.read(PRIMARY, CT) is None
    assert desk.gateway.read(SECOND, CT) is not None
    assert desk.ears.take() == []


def test_the_editors_own_undo_tells_only_what_it_changed(desk: Desk) -> None:
    desk.gateway.write(SECOND, solid(), BOX, CT)
    desk.gateway.edit(PRIMARY)
    desk.gateway.use_tool(Tool.ERASE)
    desk.ears.take()
    desk.editor.history.SaveState()
    paint(desk, PRIMARY, BOX)
    desk.ears.take()
    desk.editor.history.RestorePreviousState()
    assert {what for what in desk.ears.take() if what[0] == "segment_changed"} == {("segment_changed", PRIMARY)}
    assert desk.gateway.read(PRIMARY, CT) is None


def test_name_colour_and_code_are_set_anew(desk: Desk) -> None:
    desk.gateway.write(SECOND, solid(), BOX, CT)
    desk.gateway.ensure_segment(SECOND, "肝 L2 不确定", LesionClass.UNCERTAIN)
    segment = segmentations(desk)[0].GetSegmentation().GetSegment(SECOND.segment_id)
    term = term_of(Target.LIVER, lesion_class=LesionClass.UNCERTAIN)
    assert segment.GetName() == "肝 L2 不确定"
    assert tuple(round(channel * 255) for channel in segment.GetColor()) == term.rgb
    assert desk.gateway.read(SECOND, CT) is not None
    assert desk.ears.take() == []


def test_targets_of_another_source_lie_in_a_segmentation_of_their_own(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(CHEST, image(CHEST_CT), "CHEST", None)
    gateway.write(PRIMARY, solid(), BOX, CT)
    gateway.begin_contours(CHEST, "轮廓")
    gateway.ensure_segment(LUNG, "肺 L1", None)
    gateway.edit(LUNG)
    assert desk.drawn_on() == "CHEST" and desk.editor.nodes[0] is segmentations(desk)[1]
    paint(desk, LUNG, (slice(30, 34), slice(10, 20), slice(10, 20)), CHEST_CT)
    found = gateway.read(LUNG, CHEST_CT)
    assert found is not None and found[1].sum() == 4 * 10 * 10
    first = gateway.read(PRIMARY, CT)
    assert first is not None and first[0] == BOX and first[1].all()
    gateway.edit(PRIMARY)
    assert desk.drawn_on() == "PVP"
    assert gateway.segments() == (PRIMARY, SECOND, LUNG)


def test_a_segment_written_on_another_images_grid_moves_there(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(CHEST, image(CHEST_CT), "CHEST", None)
    gateway.ensure_segment(LUNG, "肺 L1", None)
    gateway.write(LUNG, solid(), BOX, CHEST_CT)
    found = gateway.read(LUNG, CHEST_CT)
    assert found is not None and found[0] == BOX
    assert gateway.segments().count(LUNG) == 1
    with pytest.raises(CrcError) as refusal:
        gateway.write(PRIMARY, solid(), BOX, MRI)
    assert refusal.value.code == "mrml.other_grid"
    assert desk.ears.take() == []


def test_an_empty_segment_comes_along_to_another_source(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.write(SECOND, solid(), BOX, CT)
    gateway.begin_contours(DP, "轮廓")
    gateway.ensure_segment(PRIMARY, "1", LesionClass.TUMOUR)
    gateway.ensure_segment(SECOND, "2", LesionClass.METASTASIS)
    gateway.edit(PRIMARY)
    assert desk.drawn_on() == "DP"
    gateway.edit(SECOND)
    assert desk.drawn_on() == "PVP"


def test_segments_are_shown_as_outlines_or_filled_and_others_hidden(desk: Desk) -> None:
    gateway, display = desk.gateway, display_of(desk)
    gateway.show_segments([PRIMARY], Fill.OUTLINE)
    assert display.GetSegmentVisibility(PRIMARY.segment_id)
    assert not display.GetSegmentVisibility(SECOND.segment_id)
    assert (display.GetVisibility2DOutline(), display.GetVisibility2DFill()) == (True, False)
    gateway.show_segments([PRIMARY, SECOND], Fill.FILLED)
    assert display.GetSegmentVisibility(SECOND.segment_id)
    assert (display.GetVisibility2DFill(), display.GetOpacity2DFill()) == (True, 0.25)
    assert display.GetSliceIntersectionThickness() == 2
    gateway.ensure_segment(OUTER, "outer", None)
    assert not display.GetSegmentVisibility(OUTER.segment_id)


def test_contours_are_seen_on_the_ct_and_on_an_mri_only_once_it_lies_on_it(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(T2, image(MRI), "T2", None)
    gateway.add_image(PRIOR, image(), "prior", None)
    gateway.arrange(side_by_side(PVP, DP, T2, PRIOR))

    def seen() -> list[bool]:
        return [bool(display_of(desk).IsDisplayableInView(desk.screen.node(n).GetID())) for n in range(1, 5)]

    assert seen() == [True, True, False, False]
    gateway.align_mri(np.eye(4).tolist())
    assert seen() == [True, True, True, False]
    gateway.align_mri(None)
    gateway.arrange(side_by_side(T2))
    assert not display_of(desk).GetVisibility()
    gateway.show_image("axial", PVP)
    assert display_of(desk).GetVisibility() and seen()[0]


def test_tools_are_slicers_effects_and_what_is_chosen_elsewhere_is_told(desk: Desk) -> None:
    gateway = desk.gateway
    interaction = desk.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    for tool in Tool:
        gateway.use_tool(tool)
        assert desk.editor.effect == effect_of(tool) and tool_of(effect_of(tool), Tool) is tool
        assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    gateway.use_tool(None)
    assert desk.editor.effect == ""
    assert interaction.GetCurrentInteractionMode() == interaction.AdjustWindowLevel
    gateway.set_brush(7.5)
    assert desk.editor.brush_mm == 7.5
    assert set(EFFECTS) == {tool.value for tool in Tool}
    assert desk.ears.take() == []
    for effect, tool in (("Draw", Tool.DRAW), ("Threshold", None), ("", None)):
        desk.editor.use_effect(effect)
        assert desk.ears.take() == [("tool_chosen", tool)]


def test_a_removed_segment_is_not_edited_any_more(desk: Desk) -> None:
    desk.gateway.edit(PRIMARY)
    desk.gateway.use_tool(Tool.PAINT)
    desk.gateway.remove_segment(PRIMARY)
    desk.gateway.remove_segment(LUNG)
    assert (desk.editor.segment, desk.editor.effect) == (None, "")
    assert desk.gateway.segments() == (SECOND,)
    assert desk.ears.take() == []


def models(desk: Desk) -> dict[str, Any]:
    count = desk.scene.GetNumberOfNodesByClass("vtkMRMLModelNode")
    nodes = [desk.scene.GetNthNodeByClass(n, "vtkMRMLModelNode") for n in range(count)]
    return {node.GetName(): node for node in nodes if node.GetName().startswith("crc-")}


def test_in_space_stand_the_segments_asked_for_and_follow_what_is_drawn(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.write(PRIMARY, solid(), BOX, CT)
    gateway.arrange(planes(PVP, in_space=True))
    gateway.show_3d([PRIMARY, SECOND])
    shown = models(desk)
    assert set(shown) == {PRIMARY.segment_id, SECOND.segment_id}
    bounds = np.array(shown[PRIMARY.segment_id].GetPolyData().GetBounds()).reshape(3, 2)
    expected = CT.to_ras([[24.5, 19.5, 9.5], [36.5, 29.5, 15.5]]).T
    assert np.abs(bounds - expected).max() < 1.0
    assert shown[SECOND.segment_id].GetPolyData().GetNumberOfPoints() == 0
    paint(desk, SECOND, BOX)
    assert shown[SECOND.segment_id].GetPolyData().GetNumberOfPoints() > 0
    gateway.show_3d([])
    assert models(desk) == {}


def test_the_surface_of_a_ball_is_as_large_as_the_ball() -> None:
    grid = Grid.from_spacing((60, 60, 60), (1.0, 1.0, 1.0))
    k, j, i = np.indices(grid.shape_kji)
    inside = (k - 30) ** 2 + (j - 30) ** 2 + (i - 30) ** 2 <= 20**2
    whole = (slice(0, 60), slice(0, 60), slice(0, 60))
    measured = vtk.vtkMassProperties()
    measured.SetInputData(surface_of(inside, whole, grid))
    assert measured.GetVolume() == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.05)
    assert measured.GetSurfaceArea() == pytest.approx(4 * np.pi * 20**2, rel=0.05)
