"""The whole body on one grid: tissue per voxel, lesion numbers per target, edges of the primaries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.abdomen import paint_muscles, paint_organs
from crc_core.phantom.body import paint_layers
from crc_core.phantom.bowel import PaintedColon, paint_small_bowel
from crc_core.phantom.canvas import Canvas
from crc_core.phantom.model import Fault
from crc_core.phantom.plan import BodyPlan, SolidLesion
from crc_core.phantom.skeleton import hip_prosthesis, paint_skeleton
from crc_core.phantom.thorax import paint_thorax
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.vessels import paint_vessels
from crc_core.vocabulary import LesionClass, Target

_SOLID = {
    Target.LUNG: Tissue.LUNG_METASTASIS,
    Target.NODE: Tissue.NODE,
    Target.LIVER: Tissue.METASTASIS_RIM,
}
_BOWEL = frozenset({Tissue.SMALL_BOWEL_WALL, Tissue.SMALL_BOWEL_CONTENT, Tissue.COLON_WALL})


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Arrays `[k, j, i]` on one grid; `masks`, `outer` and `inner` hold lesion numbers."""

    tissue: NDArray[np.uint8]
    masks: dict[Target, NDArray[np.uint8]]
    outer: NDArray[np.uint8]
    inner: NDArray[np.uint8]


def paint_anatomy(grid: Grid, plan: BodyPlan, faults: Collection[Fault] = ()) -> Anatomy:
    """The body of `plan` on `grid`."""
    canvas = Canvas(grid, plan.warp)
    found = paint_layers(canvas, plan.fat_scale)
    paint_muscles(canvas)
    paint_skeleton(canvas)
    paint_thorax(canvas, list(plan.lung_vessels))
    paint_organs(canvas, found, plan.sex)
    paint_vessels(canvas, plan.vessel_trees)
    paint_small_bowel(canvas, list(plan.loops))
    colon = PaintedColon(canvas, plan.colon)
    colon.paint()
    if Fault.METAL in faults:
        canvas.paint(hip_prosthesis(-1.0), Tissue.METAL)
    canvas.paint(list(plan.normal_nodes), Tissue.NORMAL_NODE, over=frozenset({Tissue.VISCERAL_FAT}), in_native=True)
    masks = {target: np.zeros(grid.shape_kji, dtype=np.uint8) for target in Target}
    for lesion in plan.lesions:
        _paint_lesion(canvas, lesion, masks[lesion.target])
    outer, inner = (np.zeros(grid.shape_kji, dtype=np.uint8) for _ in range(2))
    for primary in plan.colon.primaries:
        whole, lumen = colon.paint_primary(primary)
        outer = np.where(whole > 0, whole, outer)
        inner = np.where(lumen > 0, lumen, inner)
    masks[Target.PRIMARY] = np.where(inner > 0, 0, outer).astype(np.uint8)
    for target in (Target.NODE, Target.LIVER):
        masks[target][outer > 0] = 0
    return Anatomy(canvas.tissue, masks, outer, inner)


def _paint_lesion(canvas: Canvas, lesion: SolidLesion, mask: NDArray[np.uint8]) -> None:
    shape = lesion.shape
    if lesion.target is Target.NODE:
        canvas.paint(shape.resized(more_mm=3.0), Tissue.VISCERAL_FAT, over=_BOWEL, in_native=True)
    uncertain = lesion.lesion_class is LesionClass.UNCERTAIN
    tissue = Tissue.UNCERTAIN_LIVER_LESION if uncertain else _SOLID[lesion.target]
    canvas.paint(shape, tissue, in_native=True)
    if lesion.core_share:
        canvas.paint(shape.resized(lesion.core_share), Tissue.METASTASIS_CORE, in_native=True)
    box = canvas.box(*shape.bounds(), in_native=True)
    if box is not None:
        mask[box][shape.holds(*canvas.at(box, in_native=True))] = lesion.number
