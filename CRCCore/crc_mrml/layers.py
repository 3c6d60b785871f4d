"""Contours laid over each other to be compared: each with a hue, a line and a pattern of its own.

Slicer fills a segment with one colour; a pattern is a second segment that holds only some of the voxels, drawn without
an outline. Patterns are laid out in millimetres, so that they look alike in every plane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import slicer
from crc_core.geometry import Grid, Volume
from numpy.typing import NDArray
from vtk.util.numpy_support import numpy_to_vtk

from crc_mrml.geometry import vtk_matrix
from crc_mrml.marking import show_only_in
from crc_mrml.observers import Quiet
from crc_mrml.owned import Owned

_PERIOD_MM = 5.0
_STRIPE = 0.5
_SEGMENT, _PATTERN = "contour", "pattern"


class Pattern(StrEnum):
    """What tells an area apart without its colour."""

    SOLID = "solid"
    STRIPES = "stripes"
    DOTS = "dots"


@dataclass(frozen=True)
class Style:
    """How a layer looks: its colour (0 to 1), the width of its outline in pixels, its fill."""

    colour: tuple[float, float, float]
    outline_px: int = 2
    opacity: float = 0.0
    pattern: Pattern = Pattern.SOLID


@dataclass(frozen=True, eq=False)
class Layer:
    """A contour: what is not 0 in `volume`, on a grid of its own."""

    volume: Volume
    style: Style


class Layers:
    """Segmentation nodes of ours, one for each layer by its name; one that stays is changed, not made anew."""

    def __init__(self, owned: Owned, quiet: Quiet) -> None:
        self._owned, self._quiet = owned, quiet
        self._nodes: dict[str, Any] = {}
        self._shown: Mapping[str, Layer] = {}
        self._views: tuple[Any, ...] = ()

    def show(self, layers: Mapping[str, Layer]) -> None:
        """Show these layers and no others, the last one uppermost."""
        with self._quiet():
            for name in self._nodes:
                if name not in layers:
                    self._nodes[name].GetDisplayNode().SetVisibility(False)
            for name, layer in layers.items():
                self._put(name, layer, self._shown.get(name))
        self._shown = dict(layers)
        self.show_in(self._views)

    def show_in(self, views: Sequence[Any]) -> None:
        """Show layers in these views alone: the ones whose image they were drawn on."""
        self._views = tuple(views)
        for name in self._shown:
            show_only_in(self._nodes[name].GetDisplayNode(), self._views)

    def __contains__(self, node: Any) -> bool:
        return any(node is own for own in self._nodes.values())

    def forget(self, node: Any) -> None:
        """A layer was taken out by somebody else; it comes back when layers are shown again."""
        for name in [name for name, own in self._nodes.items() if own is node]:
            self._owned.forget(node)
            del self._nodes[name]
            self._shown = {other: layer for other, layer in self._shown.items() if other != name}

    def forget_all(self) -> None:
        """The scene no longer holds any layer."""
        self._nodes, self._shown, self._views = {}, {}, ()

    def _put(self, name: str, layer: Layer, before: Layer | None) -> None:
        node = self._nodes.get(name) or self._add(name)
        if before is None or before.volume is not layer.volume or before.style.pattern is not layer.style.pattern:
            inside = layer.volume.array != 0
            solid = layer.style.pattern is Pattern.SOLID
            _write(node, _SEGMENT, inside, layer.volume.grid)
            marked = None if solid else patterned(inside, layer.style.pattern, layer.volume.grid)
            _write(node, _PATTERN, marked, layer.volume.grid)
        if before is None or before.style != layer.style:
            _dress(node, layer.style)

    def _add(self, name: str) -> Any:
        node = self._owned.add("vtkMRMLSegmentationNode", f"CRC {name}")
        display = self._owned.add("vtkMRMLSegmentationDisplayNode", f"CRC {name} display")
        node.SetAndObserveDisplayNodeID(display.GetID())
        node.SetHideFromEditors(True)
        display.SetVisibility3D(False)
        display.SetVisibility(False)
        for part in (_SEGMENT, _PATTERN):
            node.GetSegmentation().AddEmptySegment(part, part)
        self._nodes[name] = node
        return node


def patterned(inside: NDArray[np.bool_], pattern: Pattern, grid: Grid) -> NDArray[np.bool_]:
    """Which of the voxels `[k, j, i]` inside a contour its pattern marks; the rest of the box costs nothing."""
    if pattern is Pattern.SOLID:
        return inside
    places = np.nonzero(inside)
    spacing = grid.spacing_kji_mm
    if pattern is Pattern.STRIPES:
        chosen = sum(place * (mm / _PERIOD_MM) for place, mm in zip(places, spacing, strict=True)) % 1.0 < _STRIPE
    else:
        # Along each axis even and odd pieces take turns; a slice in any plane lies in a piece of one or the other kind,
        # and has the dots of that kind.
        pieces = [max(1, round(_PERIOD_MM / 2 / mm)) for mm in spacing]
        odd = [place // piece % 2 == 1 for place, piece in zip(places, pieces, strict=True)]
        chosen = np.logical_and.reduce(odd) | ~np.logical_or.reduce(odd)
    marked = np.zeros_like(inside)
    marked[tuple(place[chosen] for place in places)] = True
    return marked


def _write(node: Any, segment: str, inside: NDArray[np.bool_] | None, grid: Grid) -> None:
    content = np.zeros((1, 1, 1), bool) if inside is None else inside
    k, j, i = content.shape
    image = slicer.vtkOrientedImageData()
    image.SetExtent(0, i - 1, 0, j - 1, 0, k - 1)
    values = np.ascontiguousarray(content, dtype=np.uint8).reshape(-1)
    image.GetPointData().SetScalars(numpy_to_vtk(values, deep=True))
    image.SetImageToWorldMatrix(vtk_matrix(grid.ijk_to_ras))
    logic = slicer.vtkSlicerSegmentationsModuleLogic
    logic.SetBinaryLabelmapToSegment(image, node, segment, logic.MODE_REPLACE)


def _dress(node: Any, style: Style) -> None:
    display = node.GetDisplayNode()
    before = display.StartModify()
    patterned = style.opacity > 0 and style.pattern is not Pattern.SOLID
    for part in (_SEGMENT, _PATTERN):
        node.GetSegmentation().GetSegment(part).SetColor(*style.colour)
    display.SetSliceIntersectionThickness(max(1, style.outline_px))
    display.SetVisibility2DFill(style.opacity > 0)
    display.SetVisibility2DOutline(style.outline_px > 0)
    display.SetOpacity2DFill(1.0)
    display.SetOpacity2DOutline(1.0)
    display.SetSegmentVisibility(_PATTERN, patterned)
    display.SetSegmentOpacity2DFill(_SEGMENT, 0.0 if patterned else style.opacity)
    display.SetSegmentOpacity2DFill(_PATTERN, style.opacity)
    display.SetSegmentOpacity2DOutline(_PATTERN, 0.0)
    display.EndModify(before)
