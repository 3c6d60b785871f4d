"""Contours in space: a surface made of each segment when it is asked for, so that drawing never waits for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
import vtk
from crc_core.contour.results import Box
from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part, term_of
from crc_core.geometry import Grid
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk

from crc_mrml.contours import Contours
from crc_mrml.geometry import vtk_matrix
from crc_mrml.marking import show_only_in
from crc_mrml.owned import Owned

_MOST_VOXELS = 150_000
_SMOOTHING_STEPS = 6  # more would make the body smaller than it is
_EDGE_OPACITY = 0.35
_CAMERA_DISTANCES = 2.2


class Surfaces:
    """The segments that stand in space; each is a model, redrawn when its segment changes."""

    def __init__(self, owned: Owned, contours: Contours) -> None:
        self._owned, self._contours = owned, contours
        self._models: dict[SegmentKey, Any] = {}
        self._views: tuple[Any, ...] = ()

    @property
    def keys(self) -> tuple[SegmentKey, ...]:
        """What stands in space."""
        return tuple(self._models)

    def show(self, keys: Sequence[SegmentKey]) -> None:
        """Let these segments stand in space, and no others; an empty segment gives nothing to see."""
        for key in [key for key in self._models if key not in keys]:
            self._owned.remove(self._models.pop(key))
        for key in keys:
            if key not in self._models:
                self._models[key] = self._add(key)
            self.redraw(key)

    def redraw(self, key: SegmentKey) -> None:
        """A segment changed; nothing where it does not stand in space."""
        model, home = self._models.get(key), self._contours.home_of(key)
        if model is None:
            return
        found = None if home is None else self._contours.read(key, home.grid)
        model.SetAndObservePolyData(
            vtk.vtkPolyData() if found is None or home is None else surface_of(found[1], found[0], home.grid)
        )

    def bounds(self) -> NDArray[np.float64] | None:
        """The box around all that stands in space: 3×2 RAS millimetres; None where there is nothing to see."""
        found = [model.GetPolyData() for model in self._models.values()]
        boxes = np.array([data.GetBounds() for data in found if data.GetNumberOfPoints()]).reshape(-1, 3, 2)
        return np.column_stack([boxes[:, :, 0].min(axis=0), boxes[:, :, 1].max(axis=0)]) if len(boxes) else None

    def show_in(self, views: Sequence[Any]) -> None:
        """Show surfaces in these views alone."""
        self._views = tuple(views)
        for model in self._models.values():
            show_only_in(model.GetDisplayNode(), self._views)

    def forget(self, node: Any) -> None:
        """A surface was taken out by somebody else."""
        self._models = {key: model for key, model in self._models.items() if model is not node}
        self._owned.forget(node)

    def forget_all(self) -> None:
        """The scene no longer holds any surface."""
        self._models, self._views = {}, ()

    def _add(self, key: SegmentKey) -> Any:
        model = self._owned.add("vtkMRMLModelNode", key.segment_id)
        display = self._owned.add("vtkMRMLModelDisplayNode", f"{key.segment_id} display")
        display.SetColor(*(channel / 255 for channel in term_of(key.target, part=key.part).rgb))
        display.SetOpacity(1.0 if key.part is Part.MASK else _EDGE_OPACITY)
        display.SetVisibility2D(False)
        model.SetAndObserveDisplayNodeID(display.GetID())
        model.SetSelectable(False)
        show_only_in(display, self._views)
        return model


def surface_of(inside: NDArray[np.bool_], box: Box, grid: Grid) -> Any:
    """The smoothed surface of a crop of the grid as vtkPolyData in RAS millimetres, thinned so that no stroke waits."""
    step = 1
    while inside[::step, ::step, ::step].size > _MOST_VOXELS:
        step += 1
    thinned = np.pad(inside[::step, ::step, ::step], 1).astype(np.uint8)
    image = vtk.vtkImageData()
    image.SetDimensions(*thinned.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(thinned.reshape(-1), deep=True))
    net = vtk.vtkSurfaceNets3D()
    net.SetInputData(image)
    net.SetValue(0, 1)
    net.SmoothingOn()
    net.SetNumberOfIterations(_SMOOTHING_STEPS)
    net.SetOutputMeshTypeToTriangles()
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetInputConnection(net.GetOutputPort())
    placed.SetTransform(_to_patient(box, grid, step))
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputConnection(placed.GetOutputPort())
    normals.SplittingOff()
    normals.ConsistencyOff()
    normals.AutoOrientNormalsOff()
    normals.Update()
    return normals.GetOutput()


def look_from_the_front(view_node: Any, bounds: NDArray[np.float64] | None) -> None:
    """Turn the camera of a view in space to a box (3×2 RAS millimetres), seen as one stands before the patient."""
    camera = slicer.vtkMRMLViewLogic.GetCameraNode(view_node.GetScene(), view_node.GetLayoutName())
    if camera is None or bounds is None:
        return
    middle, size = bounds.mean(axis=1), float(np.linalg.norm(np.ptp(bounds, axis=1)))
    before = camera.StartModify()
    camera.SetFocalPoint(*middle)
    camera.SetPosition(*(middle + np.array((0.0, _CAMERA_DISTANCES * size, 0.0))))
    camera.SetViewUp(0.0, 0.0, 1.0)
    camera.ResetClippingRange()
    camera.EndModify(before)


def _to_patient(box: Box, grid: Grid, step: int) -> Any:
    scale = np.diag([step, step, step, 1.0])
    scale[:3, 3] = [part.start - step for part in reversed(box)]
    transform = vtk.vtkTransform()
    transform.SetMatrix(vtk_matrix(grid.ijk_to_ras @ scale))
    return transform
