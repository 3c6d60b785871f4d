"""Images to volume nodes and back: the same voxels in memory, the same place in the patient."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from contour_support import AXIAL, turned_grid
from crc_core.contour import Window
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_mrml.volumes import grid_of, put_into_node, volume_from_node, volume_to_node
from mrml_support import scene, slicer, vtk

__all__ = ["scene"]

GRIDS = [AXIAL, turned_grid((6, 7, 8), (0.7, 0.8, 2.5), (20, -30, 70)), turned_grid((6, 7, 8), (1, 1, 1), (180, 0, 0))]


def numbered(grid: Grid) -> Volume:
    return Volume(np.arange(np.prod(grid.shape_kji), dtype=np.int16).reshape(grid.shape_kji), grid)


@pytest.mark.parametrize("grid", GRIDS)
def test_the_node_shares_the_voxels_and_the_place(scene: Any, grid: Grid) -> None:
    volume = numbered(grid)
    back = volume_from_node(volume_to_node(scene, volume, "门静脉期"))
    assert np.shares_memory(back.array, volume.array)
    assert back.grid.same_as(grid)
    back.array[0, 0, 0] = 77
    assert volume.array[0, 0, 0] == 77


def test_slicer_sees_each_voxel_where_it_is(scene: Any) -> None:
    volume = numbered(GRIDS[1])
    node = volume_to_node(scene, volume, "image")
    for k, j, i in ((0, 0, 0), (5, 6, 7), (2, 3, 1)):
        assert node.GetImageData().GetScalarComponentAsDouble(i, j, k, 0) == volume.array[k, j, i]
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    assert matrix.MultiplyPoint((1, 2, 3, 1))[:3] == pytest.approx(volume.grid.to_ras([1, 2, 3]))
    assert slicer.util.arrayFromVolume(node)[5, 6, 7] == volume.array[5, 6, 7]


def test_the_node_keeps_the_voxels_alive(scene: Any) -> None:
    node = volume_to_node(
        scene, Volume(np.full((30, 64, 64), 7, np.int16), Grid.from_spacing((30, 64, 64), (1, 1, 1))), "a"
    )
    gc.collect()
    litter = [np.full((30, 64, 64), 9, np.int16) for _ in range(8)]
    assert (volume_from_node(node).array == 7).all()
    assert len(litter) == 8


def test_voxels_not_in_one_piece_are_copied(scene: Any) -> None:
    whole = numbered(AXIAL)
    part = Volume(whole.array[:, ::2, ::2], Grid.from_spacing((40, 32, 30), (1.6, 1.4, 1.5)))
    assert np.array_equal(volume_from_node(volume_to_node(scene, part, "part")).array, part.array)


def test_read_only_voxels_are_shown(scene: Any) -> None:
    volume = numbered(AXIAL)
    volume.array.flags.writeable = False
    assert np.array_equal(volume_from_node(volume_to_node(scene, volume, "a")).array, volume.array)


def test_masks_and_truths_become_bytes(scene: Any) -> None:
    inside = Volume(np.ones(AXIAL.shape_kji, bool), AXIAL)
    assert volume_from_node(volume_to_node(scene, inside, "a")).array.dtype == np.uint8


def test_the_window_is_given(scene: Any) -> None:
    display = volume_to_node(scene, numbered(AXIAL), "a", Window(225, 40)).GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (225, 40, 0)
    assert volume_to_node(scene, numbered(AXIAL), "b").GetDisplayNode() is None


def test_a_node_takes_another_image(scene: Any) -> None:
    node = volume_to_node(scene, numbered(AXIAL), "a")
    put_into_node(numbered(GRIDS[1]), node)
    assert grid_of(node).same_as(GRIDS[1])


def test_nodes_that_cannot_be_read_are_refused(scene: Any) -> None:
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "leer")
    moved = volume_to_node(scene, numbered(AXIAL), "moved")
    moved.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "t").GetID())
    for node, code in ((empty, "mrml.no_voxels"), (moved, "mrml.under_transform")):
        with pytest.raises(CrcError) as refusal:
            volume_from_node(node)
        assert refusal.value.code == code
        assert node.GetName() in str(refusal.value)


def test_several_values_per_voxel_are_refused(scene: Any) -> None:
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "rgb")
    image = vtk.vtkImageData()
    image.SetDimensions(2, 2, 2)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    node.SetAndObserveImageData(image)
    with pytest.raises(CrcError) as refusal:
        volume_from_node(node)
    assert refusal.value.code == "mrml.several_components"
