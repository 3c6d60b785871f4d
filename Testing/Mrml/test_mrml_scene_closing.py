"""Nothing is left behind: nodes, observers, layouts; and what is lost from outside is told."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from crc_core.contour.inspection import Window
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import LayoutKind
from crc_core.desk.marks import SyncPair
from crc_core.vocabulary import LesionClass, Target
from CRCAnnotatorLib.presenter.ports import Fill, Lost, Tool
from mrml_support import scene
from scene_support import (
    AP,
    CHEST,
    CHEST_CT,
    CT,
    MRI,
    PVP,
    T2,
    Desk,
    caliper,
    desk_on,
    image,
    planes,
    sample,
    scroll,
    side_by_side,
)

__all__ = ["scene"]

KEY, LUNG = SegmentKey(Target.PRIMARY, 1), SegmentKey(Target.LUNG, 1)
BOX = (slice(10, 16), slice(20, 30), slice(25, 37))
PLACE = (0.0, 0.0, 0.0)


@pytest.fixture
def desk(scene: Any) -> Iterator[Desk]:
    with desk_on(scene) as made:
        yield made


def whole_case(desk: Desk) -> None:
    """Everything a reader can bring up in one case."""
    gateway = desk.gateway
    for key, grid in ((PVP, CT), (AP, CT), (CHEST, CHEST_CT), (T2, MRI)):
        gateway.add_image(key, image(grid), key.role.value, Window(350, 40))
    gateway.arrange(side_by_side(PVP, AP))
    gateway.arrange(planes(PVP, in_space=True))
    for source, key in ((PVP, KEY), (CHEST, LUNG)):
        gateway.begin_contours(source, "轮廓")
        gateway.ensure_segment(key, key.segment_id, LesionClass.METASTASIS)
    gateway.edit(KEY)
    gateway.use_tool(Tool.PAINT)
    gateway.undo_point()
    gateway.write(KEY, np.ones((6, 10, 12), bool), BOX, CT)
    gateway.show_segments([KEY], Fill.FILLED)
    gateway.show_3d([KEY])
    gateway.show_calipers([caliper((-6.0, 3.0, 0.0), (14.0, 3.0, 0.0))])
    gateway.show_samples([sample(PVP, 0, PLACE), sample(AP, 0, PLACE)])
    gateway.arrange(side_by_side(PVP, T2, kind=LayoutKind.REFERENCE))
    gateway.show_sync_pairs([SyncPair(PLACE, (1.0, 2.0, 3.0))])
    gateway.align_mri(np.eye(4).tolist())
    gateway.place_sync_point(T2)
    gateway.jump(PLACE, extent_mm=40.0)


def test_a_closed_case_leaves_nothing_but_the_views_that_the_next_one_uses(desk: Desk) -> None:
    before = desk.counts()
    whole_case(desk)
    desk.gateway.close_case()
    names = [node.GetName() or "" for node in desk.scene.GetNodes()]
    added = {name: count for name, count in desk.counts().items() if count != before.get(name, 0)}
    of_views = {"SliceNode", "ViewNode", "SliceDisplayNode", "SliceCompositeNode", "ModelNode", "LinearTransformNode"}
    assert {name.removeprefix("vtkMRML") for name in added} <= of_views | {"SubjectHierarchyNode", "ColorTableNode"}
    assert not [name for name in names if name.startswith(("crc-", "CRC ", "轮廓", "PVP"))]
    assert desk.ears.take() == []


def test_case_after_case_the_scene_is_the_same(desk: Desk) -> None:
    counts = []
    for _ in range(4):
        whole_case(desk)
        desk.gateway.close_case()
        counts.append(desk.counts())
    assert counts[0] == counts[1] == counts[2] == counts[3]


def test_a_released_module_leaves_the_scene_as_it_was_found(desk: Desk) -> None:
    before, layouts = desk.counts(), set(desk.screen.layout_node.GetLayoutIndices())
    whole_case(desk)
    desk.gateway.release()
    after = desk.counts()
    for name in ("vtkMRMLSubjectHierarchyNode", "vtkMRMLColorTableNode"):
        after.pop(name, None)
        before.pop(name, None)
    assert after == before
    assert set(desk.screen.layout_node.GetLayoutIndices()) == layouts


def test_the_voxels_are_let_go_with_the_case(desk: Desk) -> None:
    given = image(CT)
    desk.gateway.add_image(PVP, given, "PVP", None)
    desk.gateway.arrange(planes(PVP))
    array = weakref.ref(given.array)
    del given
    gc.collect()
    desk.gateway.close_case()
    assert array() is None


def test_after_closing_nothing_is_told_any_more(desk: Desk) -> None:
    whole_case(desk)
    node = desk.screen.node(1)
    desk.gateway.close_case()
    scroll(node, 5.0)
    desk.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "foreign")
    desk.scene.Clear(0)
    assert desk.ears.take() == []
    assert desk.gateway.position() is None
    assert desk.gateway.segments() == ()


def test_the_editor_and_the_mouse_are_given_back(desk: Desk) -> None:
    interaction = desk.scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
    before = interaction.GetCurrentInteractionMode()
    whole_case(desk)
    desk.gateway.close_case()
    assert desk.editor.nodes == (None, None) and desk.editor.effect == ""
    assert interaction.GetCurrentInteractionMode() == before


def test_closing_twice_and_closing_nothing_is_harmless(desk: Desk) -> None:
    desk.gateway.close_case()
    whole_case(desk)
    desk.gateway.close_case()
    desk.gateway.close_case()
    assert desk.ears.take() == []


def test_what_is_not_ours_stays(desk: Desk) -> None:
    foreign = desk.scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "foreign")
    whole_case(desk)
    desk.gateway.close_case()
    assert desk.scene.IsNodePresent(foreign)


def test_our_nodes_are_not_saved_with_a_scene(desk: Desk) -> None:
    whole_case(desk)
    for class_name in ("vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode", "vtkMRMLMarkupsNode"):
        for number in range(desk.scene.GetNumberOfNodesByClass(class_name)):
            assert not desk.scene.GetNthNodeByClass(number, class_name).GetSaveWithScene()


def test_a_closed_scene_is_told_and_the_next_case_opens(desk: Desk) -> None:
    whole_case(desk)
    desk.ears.take()
    desk.scene.Clear(0)
    assert desk.ears.take() == [("losing",), ("lost", Lost.SCENE)]
    assert desk.gateway.image(PVP) is None and desk.gateway.segments() == ()
    assert desk.editor.nodes == (None, None)
    whole_case(desk)
    assert desk.gateway.segments() == (KEY, LUNG)
    assert desk.ears.take() == []


def test_a_deleted_image_is_told(desk: Desk) -> None:
    whole_case(desk)
    desk.ears.take()
    desk.scene.RemoveNode(desk.scene.GetFirstNodeByName("AP"))
    assert desk.ears.take() == [("losing",), ("lost", Lost.IMAGE)]
    assert desk.gateway.image(AP) is None and desk.gateway.image(PVP) is not None
    desk.gateway.arrange(planes(PVP))
    desk.scene.RemoveNode(desk.scene.GetFirstNodeByName("PVP"))
    scroll(desk.screen.node(1), 4.0)
    desk.gateway.jump(PLACE, extent_mm=30.0)
    desk.gateway.fit()
    assert desk.ears.take()[:2] == [("losing",), ("lost", Lost.IMAGE)]
    desk.gateway.add_image(PVP, image(CT), "PVP", None)
    desk.gateway.begin_contours(PVP, "轮廓")
    assert desk.drawn_on() == "PVP"
    desk.gateway.close_case()


def test_a_deleted_segmentation_is_told_and_the_editor_lets_go(desk: Desk) -> None:
    whole_case(desk)
    desk.ears.take()
    desk.scene.RemoveNode(desk.scene.GetFirstNodeByClass("vtkMRMLSegmentationNode"))
    assert desk.ears.take() == [("losing",), ("lost", Lost.SEGMENTATION)]
    assert desk.editor.nodes == (None, None) and desk.editor.effect == ""
    assert desk.gateway.segments() == (LUNG,)
    desk.gateway.begin_contours(PVP, "轮廓")
    desk.gateway.ensure_segment(KEY, "1", None)
    desk.gateway.write(KEY, np.ones((6, 10, 12), bool), BOX, CT)
    assert desk.gateway.read(KEY, CT) is not None


def test_a_foreign_node_that_goes_is_nothing_to_us(desk: Desk) -> None:
    foreign = desk.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "foreign")
    whole_case(desk)
    desk.ears.take()
    desk.scene.RemoveNode(foreign)
    assert desk.ears.take() == []
