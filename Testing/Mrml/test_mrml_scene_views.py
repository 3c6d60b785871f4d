"""The views: what they show, how they follow each other, jump, flip and keep their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from crc_core.contour.inspection import Window
from crc_core.desk.arrangement import Arrangement, LayoutKind, Orientation, Pane
from crc_core.desk.marks import SyncPair
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_mrml.layouts import view_names
from crc_mrml.slices import axes_of, native_axes, pose_of
from mrml_support import scene, slicer
from scene_support import (
    AP,
    CHEST,
    CHEST_CT,
    CT,
    DP,
    DWI,
    MRI,
    NC,
    OTHER_SPACE,
    PRIOR,
    PVP,
    T2,
    THICK,
    Desk,
    desk_on,
    image,
    pan,
    planes,
    scroll,
    side_by_side,
    zoom,
)

__all__ = ["scene"]

PLACE = (6.0, -3.0, 10.0)


@pytest.fixture
def desk(scene: Any) -> Iterator[Desk]:
    with desk_on(scene) as made:
        yield made


def centre(desk: Desk, number: int) -> np.ndarray:
    return pose_of(desk.screen.node(number)).centre


def shown_in(desk: Desk, number: int) -> Any:
    composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(desk.screen.node(number))
    return desk.scene.GetNodeByID(composite.GetBackgroundVolumeID() or "")


def test_images_share_their_voxels_with_the_scene(desk: Desk) -> None:
    given = image()
    desk.gateway.add_image(PVP, given, "门脉期", None)
    node = desk.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeNode")
    given.array[3, 4, 5] = 777
    assert node.GetImageData().GetScalarComponentAsDouble(5, 4, 3, 0) == 777
    assert desk.gateway.image(PVP) is given
    assert desk.gateway.image(AP) is None


def test_phases_share_one_window_and_others_have_their_own(desk: Desk) -> None:
    for key in (NC, PVP, CHEST, T2):
        desk.gateway.add_image(key, image(), key.role.value, None if key is T2 else Window(350, 40))
    desk.gateway.set_window(NC, Window(200, 20))
    assert desk.gateway.window(PVP) == Window(200, 20)
    assert desk.gateway.window(CHEST) == Window(350, 40)
    assert desk.gateway.window(DP) is None
    assert desk.ears.take() == []


def test_a_window_changed_by_hand_is_told_once(desk: Desk) -> None:
    gateway = desk.open(PVP, AP)
    display = desk.scene.GetFirstNodeByClass("vtkMRMLScalarVolumeDisplayNode")
    display.SetWindowLevel(120, 60)
    display.SetInterpolate(0)
    assert desk.ears.take() == [("window_changed", PVP, 120.0, 60.0)]
    assert gateway.window(AP) == Window(120, 60)


def test_an_image_that_joins_a_shared_window_leaves_it_as_it_is(desk: Desk) -> None:
    desk.gateway.add_image(PVP, image(), "PVP", Window(350, 40))
    desk.gateway.set_window(PVP, Window(150, 90))
    desk.gateway.add_image(PRIOR, image(), "PVP T0", Window(350, 40))
    assert desk.gateway.window(PVP) == desk.gateway.window(PRIOR) == Window(150, 90)


def test_without_a_window_the_image_chooses_one_in_which_it_can_be_read(desk: Desk) -> None:
    random = np.random.default_rng(5)
    array = np.zeros(MRI.shape_kji, np.int16)
    array[5:15] = random.normal(400, 50, array[5:15].shape)
    array[10, 20, 20] = 30_000
    desk.gateway.add_image(T2, Volume(array, MRI), "T2", None)
    window = desk.gateway.window(T2)
    assert window is not None
    low, high = window.level_hu - window.width_hu / 2, window.level_hu + window.width_hu / 2
    assert 200 < low < 350 and 480 < high < 700


def test_each_pane_shows_its_image_in_its_plane_and_the_layout_is_given_back(desk: Desk) -> None:
    before = desk.screen.layout_node.GetViewArrangement()
    desk.open(PVP)
    for number, plane in enumerate((Orientation.AXIAL, Orientation.CORONAL, Orientation.SAGITTAL), start=1):
        assert np.allclose(pose_of(desk.screen.node(number)).axes, axes_of(plane))
        assert shown_in(desk, number).GetName() == "PVP"
    assert desk.screen.node(1).GetOrientation() == "Axial"
    assert desk.screen.layout_node.GetViewArrangement() > 100
    desk.gateway.close_case()
    assert desk.screen.layout_node.GetViewArrangement() == before


def test_a_pane_of_an_image_that_is_not_there_changes_nothing(desk: Desk) -> None:
    desk.open(PVP)
    before = desk.screen.layout_node.GetViewArrangement()
    with pytest.raises(CrcError) as refusal:
        desk.gateway.arrange(side_by_side(PVP, AP))
    assert refusal.value.code == "mrml.no_image"
    assert desk.screen.layout_node.GetViewArrangement() == before
    assert desk.screen.paused == 0


def test_at_first_the_whole_image_is_seen(desk: Desk) -> None:
    desk.open(PVP)
    node = desk.screen.node(1)
    width, height, _ = node.GetFieldOfView()
    assert width == pytest.approx(64 * 1.5 if 96 / 90 > 400 / 300 else 120) and height == pytest.approx(90)
    assert np.allclose(centre(desk, 1)[:2], CT.corners_ras.mean(axis=0)[:2])


def test_jump_centres_all_views_and_shows_so_much(desk: Desk) -> None:
    gateway = desk.open(PVP)
    gateway.jump(PLACE, extent_mm=40.0)
    for number in range(1, 5):
        assert np.allclose(centre(desk, number), PLACE, atol=1.0)
        assert min(desk.screen.node(number).GetFieldOfView()[:2]) == pytest.approx(40.0)
    assert np.allclose(gateway.position(), PLACE, atol=1.0)
    assert desk.ears.take() == []


def test_views_stand_on_slices_of_their_own_image(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT), "PVP", None)
    gateway.add_image(NC, image(THICK), "NC", None)
    gateway.add_image(CHEST, image(CHEST_CT), "CHEST", None)
    gateway.arrange(side_by_side(PVP, NC, CHEST))
    gateway.jump((0.0, 0.0, 22.9))
    assert [round(float(centre(desk, number)[2]), 6) for number in (1, 2, 3)] == [22.0, 25.0, 23.0]


def test_views_of_one_plane_follow_each_other_and_others_stay(desk: Desk) -> None:
    gateway = desk.open(PVP, AP)
    gateway.arrange(
        Arrangement(
            LayoutKind.PHASES,
            (
                Pane("axial", Orientation.AXIAL, PVP),
                Pane("phase2", Orientation.AXIAL, AP),
                Pane("coronal", Orientation.CORONAL, PVP),
            ),
        )
    )
    coronal = centre(desk, 3).copy()
    scroll(desk.screen.node(2), 8.0)
    pan(desk.screen.node(1), 5.0, -4.0)
    zoom(desk.screen.node(1), 0.5)
    assert np.allclose(centre(desk, 1), centre(desk, 2))
    assert desk.screen.node(1).GetFieldOfView()[0] == pytest.approx(desk.screen.node(2).GetFieldOfView()[0])
    assert np.allclose(centre(desk, 3), coronal)


def test_unlinked_views_stay_where_they_are_and_linked_again_keep_their_distance(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT), "PVP", None)
    gateway.add_image(PRIOR, image(OTHER_SPACE), "PVP T0", None)
    gateway.arrange(side_by_side(PVP, PRIOR, kind=LayoutKind.PRIOR))
    gateway.link(False)
    scroll(desk.screen.node(2), 6.0)
    apart = centre(desk, 2)[2] - centre(desk, 1)[2]
    gateway.link(True)
    scroll(desk.screen.node(1), 10.0)
    assert centre(desk, 2)[2] - centre(desk, 1)[2] == pytest.approx(apart)
    assert apart > 300


def test_a_thick_image_is_led_by_small_steps_without_falling_behind(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT), "PVP", None)
    gateway.add_image(NC, image(THICK), "NC", None)
    gateway.arrange(side_by_side(PVP, NC))
    for _ in range(8):
        scroll(desk.screen.node(1), 2.0)
    assert abs(centre(desk, 2)[2] - centre(desk, 1)[2]) <= 2.5


def test_the_leading_view_tells_where_a_person_scrolled_to(desk: Desk) -> None:
    desk.open(PVP)
    desk.ears.take()
    scroll(desk.screen.node(2), 3.0)
    zoom(desk.screen.node(1), 0.8)
    pan(desk.screen.node(1), 3.0, 0.0)
    assert desk.ears.take() == []
    scroll(desk.screen.node(1), 4.0)
    ((what, ras),) = desk.ears.take()
    assert what == "slice_changed" and np.allclose(ras, centre(desk, 1))


def test_flipping_changes_the_image_and_nothing_else(desk: Desk) -> None:
    gateway = desk.open(PVP, AP)
    gateway.jump(PLACE, extent_mm=55.0)
    gateway.set_window(PVP, Window(200, 30))
    before = [pose_of(desk.screen.node(number)) for number in range(1, 5)]
    gateway.show_image("axial", AP)
    assert (shown_in(desk, 1).GetName(), shown_in(desk, 2).GetName()) == ("AP", "PVP")
    for number, pose in enumerate(before, start=1):
        now = pose_of(desk.screen.node(number))
        assert np.array_equal(now.centre, pose.centre) and now.extent_mm == pose.extent_mm
    assert gateway.window(AP) == Window(200, 30)
    assert desk.screen.written[view_names(1)[0]].name == "AP"
    assert desk.ears.take() == []


def test_the_place_and_each_panes_zoom_outlive_the_layout(desk: Desk) -> None:
    gateway = desk.open(PVP, AP)
    gateway.jump(PLACE, extent_mm=60.0)
    zoom(desk.screen.node(2), 0.5)
    place, coronal_mm = gateway.position(), pose_of(desk.screen.node(2)).extent_mm
    gateway.arrange(side_by_side(PVP, AP))
    assert gateway.position() == pytest.approx(place)
    assert pose_of(desk.screen.node(2)).extent_mm == pytest.approx(60.0)
    gateway.arrange(planes(PVP))
    assert gateway.position() == pytest.approx(place)
    assert pose_of(desk.screen.node(2)).extent_mm == pytest.approx(coronal_mm)


def test_a_view_of_another_size_shows_as_much_as_before(desk: Desk) -> None:
    gateway = desk.open(PVP)
    gateway.jump(PLACE, extent_mm=40.0)
    desk.screen.resize(1, 200, 600)
    assert pose_of(desk.screen.node(1)).extent_mm == pytest.approx(40.0)
    gateway.fit()
    desk.screen.resize(1, 600, 200)
    assert desk.screen.node(1).GetFieldOfView()[1] == pytest.approx(90.0)
    assert desk.ears.take() == []


def test_fit_shows_the_whole_image_in_the_slice_it_is_at(desk: Desk) -> None:
    gateway = desk.open(PVP)
    gateway.jump(PLACE, extent_mm=20.0)
    gateway.fit()
    assert centre(desk, 1)[2] == pytest.approx(10.0)
    assert desk.screen.node(1).GetFieldOfView()[1] == pytest.approx(90.0)


def test_the_oblique_view_cuts_across_the_line_at_its_middle_and_stays_upright(desk: Desk) -> None:
    gateway = desk.open(PVP)
    start, end = np.array([-10.0, 5.0, -20.0]), np.array([14.0, 9.0, 16.0])
    gateway.tilt_oblique(tuple(start), tuple(end))
    pose = pose_of(desk.screen.node(4))
    assert np.allclose(np.abs(pose.normal @ (end - start)), np.linalg.norm(end - start))
    assert np.allclose(pose.centre, (start + end) / 2)
    assert pose.axes[0, 0] < -0.7 and pose.axes[1, 1] > 0.7
    scroll(desk.screen.node(1), 4.0)
    assert np.allclose(centre(desk, 4), (start + end) / 2)
    gateway.arrange(side_by_side(PVP))
    gateway.arrange(planes(PVP))
    assert np.allclose(pose_of(desk.screen.node(4)).axes, pose.axes)


def test_a_line_without_length_has_no_direction(desk: Desk) -> None:
    gateway = desk.open(PVP)
    with pytest.raises(CrcError) as refusal:
        gateway.tilt_oblique(PLACE, PLACE)
    assert refusal.value.code == "mrml.no_direction"


def test_mri_is_shown_in_the_plane_it_was_acquired_in(desk: Desk) -> None:
    desk.gateway.add_image(PVP, image(CT), "PVP", None)
    desk.gateway.add_image(T2, image(MRI), "T2", None)
    desk.gateway.arrange(side_by_side(PVP, T2, kind=LayoutKind.REFERENCE))
    pose = pose_of(desk.screen.node(2))
    assert np.allclose(np.abs(MRI.directions.T @ pose.axes), np.eye(3), atol=1e-9)
    assert pose.axes[0, 0] < 0 < pose.axes[1, 1]


def test_sync_points_lead_the_mri(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT), "PVP", None)
    gateway.add_image(T2, image(CT), "T2", None)
    gateway.arrange(side_by_side(PVP, T2, kind=LayoutKind.REFERENCE))
    gateway.show_sync_pairs([SyncPair((0.0, 0.0, 0.0), (4.0, -2.0, 12.0))])
    gateway.jump((1.0, 1.0, 2.0))
    assert np.allclose(centre(desk, 2), (5.0, -1.0, 14.0))
    scroll(desk.screen.node(2), -4.0)
    assert np.allclose(centre(desk, 1), (1.0, 1.0, -2.0))


def test_a_registered_mri_lies_on_the_ct_and_comes_back(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT), "PVP", None)
    gateway.add_image(T2, image(MRI), "T2", None)
    gateway.arrange(side_by_side(PVP, T2, kind=LayoutKind.REFERENCE))
    angle = np.radians(12)
    ct_to_mri = np.array(
        [[np.cos(angle), -np.sin(angle), 0, 7], [np.sin(angle), np.cos(angle), 0, -3], [0, 0, 1, 5], [0, 0, 0, 1.0]]
    )
    native = pose_of(desk.screen.node(2)).axes
    gateway.align_mri(ct_to_mri.tolist())
    node = desk.scene.GetFirstNodeByName("T2")
    matrix = node.GetParentTransformNode().GetMatrixTransformToParent()
    moved = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    assert np.allclose(moved @ ct_to_mri, np.eye(4))
    assert np.allclose(pose_of(desk.screen.node(2)).axes, moved[:3, :3] @ native)
    assert gateway.image(T2).grid is MRI
    gateway.jump((2.0, 3.0, 4.0))
    away = centre(desk, 2) - np.array([2.0, 3.0, 4.0])
    assert np.linalg.norm(np.cross(away, pose_of(desk.screen.node(2)).normal)) < 1e-6 and np.linalg.norm(away) <= 1.5
    gateway.align_mri(None)
    assert node.GetParentTransformNode() is None
    assert np.allclose(pose_of(desk.screen.node(2)).axes, native_axes(MRI))
    assert desk.scene.GetNumberOfNodesByClass("vtkMRMLLinearTransformNode") == desk.counts()["vtkMRMLSliceNode"] - 3


def test_a_registration_that_is_not_rigid_is_refused(desk: Desk) -> None:
    desk.open(PVP, T2)
    with pytest.raises(CrcError) as refusal:
        desk.gateway.align_mri(np.diag([1.1, 1.0, 1.0, 1.0]).tolist())
    assert refusal.value.code == "mrml.not_rigid"


def test_the_corners_tell_phase_slice_window_sides_and_value(desk: Desk) -> None:
    gateway = desk.gateway
    gateway.add_image(PVP, image(CT, level=50), "CRC-01-000001-H_T0_PVP", Window(350, 40))
    gateway.arrange(planes(PVP))
    gateway.jump((6.0, -3.0, 10.0))
    marks = desk.screen.written[view_names(1)[0]]
    assert (marks.name, marks.place, marks.window) == ("CRC-01-000001-H_T0_PVP", "S 10.0  26/40", "W 350  L 40")
    assert (marks.left, marks.right, marks.top, marks.bottom) == ("R", "L", "A", "P")
    crosshair = desk.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    crosshair.SetCursorPositionXYZ([200.0, 150.0, 0.0], desk.screen.node(1))
    assert desk.screen.written[view_names(1)[0]].value == "75"
    crosshair.SetCursorPositionInvalid()
    assert desk.screen.written[view_names(1)[0]].value == ""
    gateway.set_window(PVP, Window(200, 0))
    gateway.label_images({PVP: "静脉期 · T0"})
    marks = desk.screen.written[view_names(1)[0]]
    assert (marks.name, marks.window) == ("静脉期 · T0", "W 200  L 0")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_phases_stand_side_by_side(desk: Desk, count: int) -> None:
    keys = (NC, AP, PVP, DP)[:count]
    desk.open(*keys)
    desk.gateway.arrange(side_by_side(*keys))
    assert [shown_in(desk, number + 1).GetName() for number in range(count)] == [key.role.value for key in keys]


def test_the_view_in_space_is_there_when_it_is_asked_for(desk: Desk) -> None:
    desk.open(PVP)
    assert desk.scene.GetSingletonNode("CRC3D", "vtkMRMLViewNode") is None
    desk.gateway.arrange(planes(PVP, in_space=True))
    assert desk.scene.GetSingletonNode("CRC3D", "vtkMRMLViewNode") is not None


def test_mri_beside_has_its_own_window_from_diffusion(desk: Desk) -> None:
    desk.open(PVP, T2, DWI)
    desk.gateway.set_window(T2, Window(500, 250))
    assert desk.gateway.window(DWI) != Window(500, 250)
