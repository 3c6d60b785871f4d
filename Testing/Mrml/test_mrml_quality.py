"""The unit on a senior's desk: contours over each other, looks that differ without colour, views, an edit, the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Role, Target
from crc_mrml.effects import effect_of, tool_of
from crc_mrml.layers import Layer as Laid
from crc_mrml.layers import Pattern, Style, patterned
from crc_mrml.segments import LABELMAP
from CRCQualityControlLib.presenter.ports import HUES, Fill, Layer, Tool, Views
from CRCQualityControlLib.scene.arranging import arrangement_of
from CRCQualityControlLib.scene.looks import Looks, hue
from CRCQualityControlLib.scene.slicer_quality_scene import SlicerQualityScene
from mrml_support import scene
from scene_support import CT, MRI, HandEditor, LogicScreen, image, segmentation_nodes
from vtk.util.numpy_support import vtk_to_numpy

__all__ = ["scene"]

BOX = (slice(10, 16), slice(20, 32), slice(25, 39))


class Room:
    """A scene with its screen and editor, and what it told."""

    def __init__(self, mrml: Any) -> None:
        self.screen, self.editor = LogicScreen(mrml), HandEditor()
        self.scene = SlicerQualityScene(mrml, self.screen, self.editor)
        self.tools: list[Tool | None] = []
        self.lost = 0
        self.scene.on_tool(self.tools.append)
        self.scene.on_brush(lambda _: None)
        self.scene.on_lost(self._lost)

    def _lost(self) -> None:
        self.lost += 1


@pytest.fixture
def room(scene: Any) -> Iterator[Room]:
    """A unit with three phases and an MRI, in three planes."""
    made = Room(scene)
    for role, grid in ((Role.PVP, CT), (Role.AP, CT), (Role.NC, CT), (Role.T2, MRI)):
        made.scene.add_image(role, image(grid), role.value, None)
    made.scene.show_views(Views.PLANES, Role.PVP)
    yield made
    made.scene.release()
    made.screen.end()


def part(first: int, last: int) -> Volume:
    """Voxels of a crop of the CT from one column to another."""
    grid = CT.crop(BOX)
    array = np.zeros(grid.shape_kji, np.uint8)
    array[1:-1, 2:-2, first:last] = 1
    return Volume(array, grid)


def sides() -> dict[Layer, Volume]:
    """A drew columns 1 to 9, B drew 5 to 12."""
    return {Layer.ONLY_A: part(1, 5), Layer.ONLY_B: part(9, 12), Layer.BOTH: part(5, 9)}


def voxels(node: Any, segment: str) -> int:
    """How many voxels a segment holds."""
    labels = node.GetSegmentation().GetSegment(segment).GetRepresentation(LABELMAP)
    return int(np.count_nonzero(vtk_to_numpy(labels.GetPointData().GetScalars())))


def shown(mrml: Any) -> dict[str, Any]:
    """The layers that can be seen, by name."""
    nodes = segmentation_nodes(mrml)
    return {node.GetName().removeprefix("CRC "): node for node in nodes if node.GetDisplayNode().GetVisibility()}


def test_filled_layers_hold_a_only_b_only_and_both_and_differ_without_colour(room: Room, scene: Any) -> None:
    room.scene.show_layers(sides(), Fill.FILLED)
    nodes = shown(scene)
    assert set(nodes) == {"only_a", "only_b", "both"}
    for layer, volume in sides().items():
        assert voxels(nodes[layer.value], "contour") == np.count_nonzero(volume.array)
    parts = {name: voxels(node, "pattern") for name, node in nodes.items()}
    assert 0 < parts["only_a"] < voxels(nodes["only_a"], "contour")
    assert 0 < parts["only_b"] < voxels(nodes["only_b"], "contour")
    looks = {layer.style.pattern for layer in Looks().styled(sides(), Fill.FILLED).values()}
    assert looks == {Pattern.SOLID, Pattern.STRIPES, Pattern.DOTS}


def test_outlines_are_what_a_and_what_b_drew_in_lines_of_two_widths(room: Room, scene: Any) -> None:
    room.scene.show_layers(sides(), Fill.OUTLINE)
    nodes = shown(scene)
    assert set(nodes) == {"only_a", "only_b"}
    both = np.count_nonzero(sides()[Layer.BOTH].array)
    for layer in (Layer.ONLY_A, Layer.ONLY_B):
        assert voxels(nodes[layer.value], "contour") == np.count_nonzero(sides()[layer].array) + both
        assert not nodes[layer.value].GetDisplayNode().GetVisibility2DFill()
    widths = {node.GetDisplayNode().GetSliceIntersectionThickness() for node in nodes.values()}
    assert len(widths) == 2
    room.scene.show_layers({Layer.RESULT: part(2, 8)}, Fill.OUTLINE)
    assert set(shown(scene)) == {"result"}


def test_votes_are_an_area_for_each_number_of_readers(room: Room, scene: Any) -> None:
    counts = part(1, 12)
    counts.array[:, :, 5:8] *= 3
    room.scene.show_layers({Layer.VOTES: counts}, Fill.FILLED)
    nodes = shown(scene)
    assert set(nodes) == {"votes1", "votes2", "votes3"}
    assert voxels(nodes["votes3"], "contour") == np.count_nonzero(counts.array == 3)
    assert voxels(nodes["votes1"], "contour") == np.count_nonzero(counts.array == 1)


def test_hues_are_told_apart_by_who_sees_no_red_or_no_green() -> None:
    # Brightness alone is enough: it is what every kind of colour blindness keeps.
    def brightness(layer: Layer) -> float:
        red, green, blue = hue(layer)
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    assert set(HUES) >= {Layer.ONLY_A, Layer.ONLY_B, Layer.BOTH}
    assert abs(brightness(Layer.BOTH) - brightness(Layer.ONLY_A)) > 0.3
    blue_of = {layer: hue(layer)[2] for layer in (Layer.ONLY_A, Layer.ONLY_B)}
    assert blue_of[Layer.ONLY_A] - blue_of[Layer.ONLY_B] > 0.8


@pytest.mark.parametrize("pattern", [Pattern.STRIPES, Pattern.DOTS])
@pytest.mark.parametrize("spacing", [(0.7, 0.7, 5.0), (1.0, 1.0, 1.0), (2.0, 0.5, 1.5)])
def test_a_pattern_marks_some_and_spares_some_in_every_slice(pattern: Pattern, spacing: tuple[float, ...]) -> None:
    shape = (40, 60, 60)
    grid = Grid.from_spacing(shape, spacing, (0.0, 0.0, 0.0))
    chosen = patterned(np.ones(shape, bool), pattern, grid)
    inside = np.zeros(shape, bool)
    inside[5:30, 10:50, 3:40] = True
    assert (patterned(inside, pattern, grid) == (chosen & inside)).all()
    for axis in range(3):
        for plane in np.moveaxis(chosen, axis, 0):
            assert 0.05 < plane.mean() < 0.7


def test_the_views_stand_as_planes_as_phases_and_beside_the_mri(room: Room) -> None:
    roles = (Role.NC, Role.AP, Role.PVP, Role.T2)
    assert [pane.image.role for pane in arrangement_of(Views.PHASES, Role.PVP, roles).panes] == [
        Role.PVP,
        Role.NC,
        Role.AP,
    ]
    assert [pane.image.role for pane in arrangement_of(Views.MRI, Role.PVP, roles).panes] == [Role.PVP, Role.T2]
    assert len({pane.orientation for pane in arrangement_of(Views.PLANES, Role.PVP, roles).panes}) == 3
    assert arrangement_of(Views.MRI, Role.PVP, (Role.PVP,)) == arrangement_of(Views.PLANES, Role.PVP, (Role.PVP,))
    room.scene.jump((3.0, 5.0, 4.0), 40.0)
    before = [view.seen for view in room.scene._case.panes.views]
    room.scene.show_phase(Role.AP)
    views = room.scene._case.panes.views
    assert {view.image.role for view in views} == {Role.AP}
    for now, then in zip(views, before, strict=True):
        np.testing.assert_allclose(now.seen.centre, then.centre)
        assert now.seen.extent_mm == then.extent_mm == 40.0
    with pytest.raises(CrcError, match="CHEST"):
        room.scene.show_phase(Role.CHEST)


def test_an_edit_begins_with_the_seed_and_gives_back_what_was_drawn(room: Room, scene: Any) -> None:
    seed = part(3, 9)
    room.scene.begin_edit(Target.PRIMARY, seed, Role.PVP)
    drawn = room.scene.edited()
    assert drawn is not None
    assert np.count_nonzero(drawn.array) == np.count_nonzero(seed.array)
    room.scene.use_tool(Tool.ERASE)
    assert (room.editor.effect, room.tools) == (effect_of(Tool.ERASE), [Tool.ERASE])
    assert tool_of("Erase", Tool) is Tool.ERASE
    assert tool_of("Level tracing", Tool) is None
    room.scene.end_edit()
    assert (room.editor.effect, room.scene.edited()) == ("", None)
    assert all("edit" not in node.GetName() for node in segmentation_nodes(scene))
    with pytest.raises(CrcError):
        room.scene.use_tool(Tool.PAINT)
    other = Volume(seed.array, Grid(seed.grid.shape_kji, np.diag([1.1, 1.5, 2.0, 1.0])))
    with pytest.raises(CrcError):
        room.scene.begin_edit(Target.PRIMARY, other, Role.PVP)


def test_a_closed_scene_and_a_deleted_series_are_told_and_a_deleted_layer_comes_back(room: Room, scene: Any) -> None:
    room.scene.show_layers(sides(), Fill.FILLED)
    scene.RemoveNode(shown(scene)["only_a"])
    assert room.lost == 0
    room.scene.show_layers(sides(), Fill.FILLED)
    assert set(shown(scene)) == {"only_a", "only_b", "both"}
    room.scene.begin_edit(Target.LIVER, part(3, 9), Role.PVP)
    scene.RemoveNode(scene.GetFirstNodeByName("AP"))
    assert (room.lost, room.editor.nodes) == (1, (None, None))
    scene.Clear(0)
    assert room.lost == 2
    room.scene.show_layers(sides(), Fill.FILLED)
    assert shown(scene) == {}


def test_nothing_of_ours_stays_after_the_case(scene: Any) -> None:
    made = Room(scene)
    before = {node.GetID() for node in scene.GetNodes()}
    for _ in range(3):
        made.scene.add_image(Role.PVP, image(CT), "PVP", None)
        made.scene.show_views(Views.PLANES, Role.PVP)
        made.scene.show_layers(sides(), Fill.FILLED)
        made.scene.begin_edit(Target.PRIMARY, part(3, 9), Role.PVP)
        made.scene.end_edit()
        made.scene.close_case()
    made.scene.release()
    left = [node.GetName() for node in scene.GetNodes() if node.GetID() not in before]
    assert left == []
    made.screen.end()


def test_what_did_not_change_is_not_written_anew(room: Room, scene: Any) -> None:
    layers = sides()
    room.scene.show_layers(layers, Fill.OUTLINE)
    segments = [node.GetSegmentation().GetSegment("contour") for node in shown(scene).values()]
    before = [segment.GetRepresentation(LABELMAP).GetMTime() for segment in segments]
    room.scene.show_layers({**layers, Layer.RESULT: part(2, 6)}, Fill.OUTLINE)
    assert [segment.GetRepresentation(LABELMAP).GetMTime() for segment in segments] == before
    room.scene.show_layers(sides(), Fill.OUTLINE)
    after = [segment.GetRepresentation(LABELMAP).GetMTime() for segment in segments]
    assert all(now > then for now, then in zip(after, before, strict=True))


def test_a_layer_that_stays_is_changed_and_not_made_anew(room: Room, scene: Any) -> None:
    layers = room.scene._case.layers
    layers.show({"one": Laid(part(2, 5), Style((1.0, 0.0, 0.0)))})
    node = shown(scene)["one"]
    layers.show({"one": Laid(part(2, 9), Style((1.0, 0.0, 0.0), 3))})
    assert shown(scene)["one"] is node
    assert voxels(node, "contour") == np.count_nonzero(part(2, 9).array)
    assert node.GetDisplayNode().GetSliceIntersectionThickness() == 3
