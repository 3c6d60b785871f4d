"""Where views are: planes, poses, fitting, standing on slices; and places carried from one patient space to another."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contour_support import turned_grid
from crc_core.desk.arrangement import Arrangement, ImageKey, LayoutKind, Orientation, Pane
from crc_core.desk.marks import SyncPair
from crc_core.geometry import Grid
from crc_core.vocabulary import Role
from crc_mrml import fonts
from crc_mrml.annotation import direction_letters, dress, marks_of, place_words, value_at, write
from crc_mrml.following import Mapping, Space, space_of
from crc_mrml.geometry import rigid_inverse
from crc_mrml.layouts import add_layout, is_ours, layout_number, layout_xml, remove_layouts
from crc_mrml.slices import (
    Pose,
    axes_across,
    axes_of,
    fitted,
    holds,
    native_axes,
    pose_of,
    put_pose,
    snapped,
    thickness_mm,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mrml_support import scene, slicer, vtk

__all__ = ["scene"]

PLANES = (Orientation.AXIAL, Orientation.CORONAL, Orientation.SAGITTAL)
COORDINATE = st.floats(-300, 300)
POINT = st.tuples(COORDINATE, COORDINATE, COORDINATE)
ANGLES = st.tuples(st.floats(-40, 40), st.floats(-40, 40), st.floats(-40, 40))
SIZES = st.tuples(st.integers(40, 2000), st.integers(40, 2000))


def a_grid(angles: tuple[float, float, float]) -> Grid:
    return turned_grid((20, 30, 34), (0.7, 0.8, 2.5), angles)


@pytest.mark.parametrize("plane", PLANES)
def test_planes_are_slicers_own(scene: Any, plane: Orientation) -> None:
    slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
    node = scene.AddNewNodeByClass("vtkMRMLSliceNode", "view")
    node.SetOrientation(plane.value.capitalize())
    assert np.allclose(pose_of(node).axes, axes_of(plane))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(POINT, POINT, st.floats(2, 500), SIZES)
def test_a_pose_is_read_as_it_was_put(
    scene: Any, centre: tuple[float, ...], line: tuple[float, ...], extent_mm: float, size: tuple[int, int]
) -> None:
    axes = axes_across((0, 0, 0), line)
    if axes is None:
        return
    node = scene.GetSingletonNode("v", "vtkMRMLSliceNode")
    if node is None:
        made = scene.CreateNodeByClass("vtkMRMLSliceNode")
        made.UnRegister(None)
        made.SetSingletonTag("v")
        node = scene.AddNode(made)
    node.SetDimensions(*size, 1)
    put_pose(node, Pose(axes, np.array(centre), extent_mm), 2.5)
    back = pose_of(node)
    assert (
        np.allclose(back.axes, axes) and np.allclose(back.centre, centre) and back.extent_mm == pytest.approx(extent_mm)
    )
    width, height, depth = node.GetFieldOfView()
    assert width / height == pytest.approx(size[0] / size[1]) and depth == pytest.approx(2.5)
    middle = node.GetXYToRAS().MultiplyPoint((size[0] / 2, size[1] / 2, 0, 1))
    assert np.allclose(middle[:3], centre, atol=1e-6)


@given(POINT, POINT)
def test_a_view_across_a_line_is_upright_and_square_to_it(start: tuple[float, ...], end: tuple[float, ...]) -> None:
    axes = axes_across(start, end)
    length = np.linalg.norm(np.subtract(end, start))
    if axes is None:
        assert length < 1e-3
        return
    assert np.allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert abs(abs(axes[:, 2] @ np.subtract(end, start)) - length) < 1e-6 * max(length, 1)
    nearest = max(PLANES, key=lambda plane: abs(float(axes_of(plane)[:, 2] @ axes[:, 2])))
    assert np.diag(axes_of(nearest).T @ axes).min() > 0.3
    assert np.allclose(axes_across(end, start), axes)


@pytest.mark.parametrize("plane", PLANES)
def test_a_view_along_an_axis_of_the_patient_is_that_plane(plane: Orientation) -> None:
    assert np.allclose(axes_across((1, 2, 3), np.array((1, 2, 3)) + 7 * axes_of(plane)[:, 2]), axes_of(plane))


@given(ANGLES)
def test_the_native_plane_is_the_images_own_and_upright(angles: tuple[float, float, float]) -> None:
    grid = a_grid(angles)
    axes = native_axes(grid)
    assert np.allclose(np.sort(np.abs(grid.directions.T @ axes), axis=0)[-1], 1.0)
    assert abs(axes[:, 2] @ grid.directions[:, 2]) == pytest.approx(1.0)
    moved = np.eye(4)
    moved[:3, :3] = a_grid((5, -3, 8)).directions
    turned = native_axes(grid, moved)
    assert abs(turned[:, 2] @ moved[:3, :3] @ grid.directions[:, 2]) == pytest.approx(1.0)


@given(ANGLES, POINT, st.sampled_from(PLANES), SIZES)
def test_a_fitted_view_holds_the_whole_image(
    angles: tuple[float, float, float], near: tuple[float, ...], plane: Orientation, size: tuple[int, int]
) -> None:
    grid, axes = a_grid(angles), axes_of(plane)
    pose = fitted(grid, axes, near, size)
    pixel_mm = pose.extent_mm / min(size)
    half = np.array(size) * pixel_mm / 2
    k, j, i = grid.shape_kji
    corners = grid.to_ras(list(itertools.product((-0.5, i - 0.5), (-0.5, j - 0.5), (-0.5, k - 0.5))))
    across = (corners - pose.centre) @ axes
    assert (np.abs(across[:, :2]) <= half + 1e-6).all()
    assert np.isclose(np.abs(across[:, :2]).max(axis=0), half).any()
    assert across[:, 2].min() <= 1e-6 and across[:, 2].max() >= -1e-6


@given(POINT, st.sampled_from(PLANES))
def test_a_view_stands_on_the_nearest_slice_of_its_image(point: tuple[float, ...], plane: Orientation) -> None:
    grid = Grid.from_spacing((40, 50, 60), (1.5, 0.8, 4.0), (-45.0, -20.0, -80.0))
    axes = axes_of(plane)
    standing = snapped(grid, axes, np.array(point))
    step = (standing - point) @ axes
    assert np.allclose(step[:2], 0, atol=1e-9)
    if holds(grid, point):
        ijk = grid.to_ijk(standing)
        assert np.isclose(ijk, np.rint(ijk), atol=1e-9)[np.abs(axes[:, 2]).argmax()]
        assert abs(step[2]) <= thickness_mm(grid, axes) / 2 + 1e-9
    assert np.allclose(snapped(grid, axes, standing), standing)


def test_a_view_aslant_to_its_image_stays_where_it_is() -> None:
    grid = a_grid((20, 10, 0))
    point = np.array([1.0, 2.0, 3.0])
    assert np.array_equal(snapped(grid, axes_of(Orientation.AXIAL), point), point)


@given(POINT, st.lists(st.tuples(POINT, POINT), min_size=1, max_size=4))
def test_sync_points_carry_there_and_name_each_others_places(
    point: tuple[float, ...], places: list[tuple[tuple[float, float, float], tuple[float, float, float]]]
) -> None:
    mapping = Mapping()
    mapping.learn([SyncPair(ct, mri) for ct, mri in places[:1]])
    there = mapping.carry(np.array(point), Space.CT, Space.MRI)
    assert there is not None
    assert np.allclose(there - point, np.subtract(places[0][1], places[0][0]))
    back = mapping.carry(there, Space.MRI, Space.CT)
    assert back is not None and np.allclose(back, point)
    mapping.learn([SyncPair(ct, mri) for ct, mri in places])
    shifts = np.array([np.subtract(mri, ct) for ct, mri in places])
    carried = mapping.carry(np.array(point), Space.CT, Space.MRI)
    assert carried is not None
    shift = carried - point
    assert (shift >= shifts.min(axis=0) - 1e-6).all() and (shift <= shifts.max(axis=0) + 1e-6).all()


def test_places_are_carried_no_further_than_is_known() -> None:
    mapping = Mapping()
    point = np.array([1.0, 2.0, 3.0])
    assert mapping.carry(point, Space.CT, Space.MRI) is None
    assert mapping.carry(point, Space.CT, Space.PRIOR) is None
    assert mapping.carry(point, Space.PRIOR, Space.PRIOR) is point
    mapping.learn([SyncPair((0, 0, 0), (5, 5, 5)), SyncPair((100, 0, 0), (90, 0, 0))])
    near = mapping.carry(np.array([0.0, 0.0, 0.0]), Space.CT, Space.MRI)
    assert near is not None and np.allclose(near, 5, atol=1e-3)
    assert mapping.carry(point, Space.MRI, Space.PRIOR) is None


def test_each_image_lies_in_a_space() -> None:
    assert space_of(ImageKey(Role.CHEST), False) is Space.CT
    assert space_of(ImageKey(Role.T2), False) is Space.MRI
    assert space_of(ImageKey(Role.T2), True) is Space.CT
    assert space_of(ImageKey(Role.PVP, is_prior=True), True) is Space.PRIOR


@given(ANGLES, POINT)
def test_the_inverse_of_a_rigid_movement_takes_it_back(angles: tuple[float, ...], shift: tuple[float, ...]) -> None:
    movement = np.eye(4)
    movement[:3, :3] = a_grid(angles).directions  # type: ignore[arg-type]  # three angles
    movement[:3, 3] = shift
    assert np.allclose(rigid_inverse(movement) @ movement, np.eye(4), atol=1e-9)


@pytest.mark.parametrize(
    ("direction", "letters"),
    [((1, 0, 0), "R"), ((0, -1, 0), "P"), ((0, 0, -1), "I"), ((-0.8, 0.6, 0), "LA"), ((0.1, 0.05, 0.99), "S")],
)
def test_sides_of_the_patient(direction: tuple[float, float, float], letters: str) -> None:
    assert direction_letters(np.array(direction)) == letters


def test_the_place_of_a_view_in_words() -> None:
    grid = Grid.from_spacing((40, 50, 60), (1.5, 0.8, 4.0), (-45.0, -20.0, -80.0))
    pose = Pose(axes_of(Orientation.AXIAL), grid.to_ras((30, 25, 3)), 50.0)
    assert place_words(grid, pose) == "I 68.0  4/40"
    assert place_words(grid, Pose(pose.axes, grid.to_ras((30, 25, 90)), 50.0)) == "S 280.0"
    across = axes_across((0, 0, 0), (1, 1, 1))
    assert across is not None and place_words(grid, Pose(across, pose.centre, 50.0)) == ""


def test_the_value_under_the_mouse() -> None:
    grid = Grid.from_spacing((2, 3, 4), (1.0, 1.0, 1.0))
    array = np.arange(24).reshape(2, 3, 4)
    assert value_at(array, grid, (3.4, 1.6, 0.9)) == "23"
    assert value_at(array, grid, (-0.6, 0, 0)) == "" and value_at(array, grid, (0, 0, 1.6)) == ""


def test_corners_are_written_once_and_wiped() -> None:
    grid = Grid.from_spacing((2, 3, 4), (1.0, 1.0, 1.0))
    annotation = vtk.vtkCornerAnnotation()
    dress(annotation, 13)
    marks = marks_of("静脉期 · T0", grid, Pose(axes_of(Orientation.AXIAL), grid.to_ras((1, 1, 1)), 3.0), None)
    assert write(annotation, marks) and not write(annotation, marks)
    assert annotation.GetText(annotation.UpperLeft) == "静脉期 · T0"
    assert annotation.GetText(annotation.LowerLeft) == "S 1.0  2/2"
    assert write(annotation, None)
    assert not any(annotation.GetText(position) for position in range(8))


def test_a_font_with_chinese_letters_is_taken_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fonts.chinese_font.cache_clear()
    windows = tmp_path / "Fonts"
    windows.mkdir()
    (windows / "simhei.ttf").touch()
    monkeypatch.setenv("WINDIR", str(tmp_path))
    text = vtk.vtkTextProperty()
    fonts.write_in(text)
    assert text.GetFontFile() == str(windows / "simhei.ttf")
    fonts.chinese_font.cache_clear()
    monkeypatch.setattr(fonts, "_places", lambda: iter(()))
    plain = vtk.vtkTextProperty()
    fonts.write_in(plain)
    assert plain.GetFontFamily() != vtk.VTK_FONT_FILE
    fonts.chinese_font.cache_clear()


def arrangements() -> list[Arrangement]:
    key = ImageKey(Role.PVP)
    return [
        Arrangement(kind, tuple(Pane(str(n), Orientation.AXIAL, key) for n in range(count)), has_3d)
        for kind, count, has_3d in itertools.product(LayoutKind, range(1, 6), (False, True))
    ]


def test_every_layout_has_its_own_number_and_shows_all_its_views(scene: Any) -> None:
    layouts = slicer.vtkMRMLLayoutLogic()
    layouts.SetMRMLScene(scene)
    node = layouts.GetLayoutNode()
    own = set(node.GetLayoutIndices())
    numbers = [layout_number(arrangement) for arrangement in arrangements()]
    assert len(set(numbers)) == len(numbers) and all(is_ours(number) for number in numbers)
    assert not any(is_ours(number) for number in own)
    for arrangement in arrangements():
        xml = layout_xml(arrangement)
        assert xml.startswith("<layout") and xml.count("vtkMRMLSliceNode") == len(arrangement.panes)
        assert xml.count("vtkMRMLViewNode") == int(arrangement.has_3d)
        node.SetViewArrangement(add_layout(node, arrangement))
        for number in range(len(arrangement.panes)):
            assert scene.GetSingletonNode(f"CRC{number + 1}", "vtkMRMLSliceNode") is not None
    remove_layouts(node)
    assert set(node.GetLayoutIndices()) == own
    layouts.SetMRMLScene(None)
