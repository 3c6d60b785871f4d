"""Images as scalar volume nodes and back, without copying voxels."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from crc_core.contour import Window
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from crc_mrml.geometry import array_of, vtk_matrix

_GREY = "vtkMRMLColorTableNodeGrey"


def volume_to_node(scene: Any, volume: Volume, name: str, window: Window | None = None) -> Any:
    """A new vtkMRMLScalarVolumeNode in `scene` that shares the volume's voxels.

    The voxels must lie in one piece in memory, else they are copied once; the node keeps them alive. With `window` the
    node gets a display node with that window, so that Slicer need not look for one in the whole image.
    """
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    put_into_node(volume, node)
    if window is not None:
        display = scene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode")
        display.SetAndObserveColorNodeID(_GREY)
        display.AutoWindowLevelOff()
        display.SetWindowLevel(window.width_hu, window.level_hu)
        node.SetAndObserveDisplayNodeID(display.GetID())
    return node


def put_into_node(volume: Volume, node: Any) -> None:
    """Give an existing volume node these voxels and this grid."""
    image = vtk.vtkImageData()
    image.SetDimensions(*volume.grid.shape_kji[::-1])
    image.GetPointData().SetScalars(_scalars(volume.array))
    node.SetIJKToRASMatrix(vtk_matrix(volume.grid.ijk_to_ras))
    node.SetAndObserveImageData(image)


def grid_of(node: Any) -> Grid:
    """The grid of a volume node; raises CrcError for a node without voxels or under a transform."""
    image = node.GetImageData()
    if image is None or not image.GetPointData().GetScalars():
        raise CrcError("mrml.no_voxels", name=node.GetName())
    if node.GetParentTransformNode() is not None:
        raise CrcError("mrml.under_transform", name=node.GetName())
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    i, j, k = image.GetDimensions()
    return Grid((k, j, i), array_of(matrix))


def volume_from_node(node: Any) -> Volume:
    """The voxels of a volume node as they lie in memory, and its grid; changing them changes the node's.

    Raises CrcError for a node without voxels, under a transform, or with several components per voxel.
    """
    grid = grid_of(node)
    scalars = node.GetImageData().GetPointData().GetScalars()
    if scalars.GetNumberOfComponents() != 1:
        raise CrcError("mrml.several_components", name=node.GetName())
    return Volume(vtk_to_numpy(scalars).reshape(grid.shape_kji), grid)


def let_voxels_go() -> None:
    """Let numpy arrays go whose VTK arrays are gone.

    VTK's Python keeps what hangs on an object that outlived its wrapper until the next such object comes along.
    """
    holder, passing = vtk.vtkCollection(), vtk.vtkObject()
    passing.note = ""  # what hangs on it makes it worth keeping
    holder.AddItem(passing)
    del passing


def _scalars(array: NDArray) -> Any:
    values = np.ascontiguousarray(array)
    if values.dtype == np.bool_:
        values = values.view(np.uint8)
    return numpy_to_vtk(values.reshape(-1), deep=False)
