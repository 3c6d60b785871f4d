"""One-step repairs of what a check found: strays taken out, holes filled, one missing slice drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.parts import ALL_AROUND
from crc_core.contour.results import Box, CheckId, Finding
from crc_core.contour.rules import contour_rules
from crc_core.contour.shape_checks import holes_of
from crc_core.contour.voxels import Lesion, axial_first, axis_order, grown, require_mask
from crc_core.errors import CrcError
from crc_core.geometry import Volume
from crc_core.geometry.requirements import require_same_grid


@dataclass(frozen=True, eq=False)
class Repair:
    """A new uint8 content for one box of a mask, both in the mask's own `[k, j, i]`."""

    box: Box
    array: NDArray[np.uint8]

    def put_into(self, mask: NDArray) -> None:
        """Write the new content into the array it was made for."""
        mask[self.box] = self.array


def repair(finding: Finding, mask: Volume, *, inner: Volume | None = None) -> Repair:
    """The content of the finding's box after mending; the mask itself is left as it is.

    Give the same `inner` as to `inspect`. Only background voxels and the lesion's own are changed. Raises
    CrcError where the finding has no repair or the mask has changed so that nothing is left to mend.
    """
    if finding.box is None or finding.lesion is None:
        raise CrcError("contour.no_repair")
    mask = require_mask(mask)
    place = axial_first(mask)
    order = axis_order(mask.grid)
    box = (finding.box[order[0]], finding.box[order[1]], finding.box[order[2]])
    before = place.array[box]
    lesion = Lesion(finding.lesion, before == finding.lesion, box, place.grid)
    if before.shape != tuple(part.stop - part.start for part in box) or not lesion.inside.any():
        raise CrcError("contour.repair_stale")
    after = _mended(finding, lesion, place, _edge(inner, mask))
    if np.array_equal(after, before):
        raise CrcError("contour.repair_stale")
    back = np.argsort(order)
    return Repair(finding.box, np.ascontiguousarray(after.transpose(back)))


def _edge(edge: Volume | None, mask: Volume) -> Volume | None:
    if edge is None:
        return None
    require_same_grid(edge.grid, mask.grid)
    return axial_first(require_mask(edge))


def _mended(finding: Finding, lesion: Lesion, mask: Volume, inner: Volume | None) -> NDArray[np.uint8]:
    before, number = mask.array[lesion.box], np.uint8(lesion.number)
    if finding.id is CheckId.ISLAND:
        return np.where(_strays(lesion, mask), np.uint8(0), before)
    if finding.id is CheckId.HOLE:
        lumen = None if inner is None else lesion.crop(inner) != 0
        holes = holes_of(lesion, lumen, finding.target, contour_rules())
        return np.where(holes & (before == 0), number, before)
    if finding.id is CheckId.GAP and lesion.inside.shape[0] == 3 and not lesion.inside[1].any():
        after = before.copy()
        after[1] = np.where(between(lesion.inside[0], lesion.inside[2], lesion) & (before[1] == 0), number, before[1])
        return after
    raise CrcError("contour.repair_stale")


def _strays(lesion: Lesion, mask: Volume) -> NDArray[np.bool_]:
    """The small parts that lie in the box alone; what goes on beyond it, or has grown since, is left."""
    from scipy.ndimage import label

    around = grown(lesion.box, lesion.grid.shape_kji, 1)
    labels, _ = label(mask.array[around] == lesion.number, ALL_AROUND, output=np.int32)
    small = np.bincount(labels.ravel()) * lesion.grid.voxel_volume_mm3 / 1000 <= contour_rules().island_ml
    in_box = tuple(
        slice(part.start - whole.start, part.stop - whole.start) for part, whole in zip(lesion.box, around, strict=True)
    )
    beyond = labels.copy()
    beyond[in_box] = 0
    small[np.unique(beyond)] = False
    return np.asarray(small[labels[in_box]])


def between(below: NDArray[np.bool_], above: NDArray[np.bool_], lesion: Lesion) -> NDArray[np.bool_]:
    """The section half way between two others: where the mean of their signed distances is not outside.

    Shape-based interpolation: Raya and Udupa, IEEE Trans Med Imaging 1990;9:32-42.
    """
    return np.asarray(_signed_mm(below, lesion) + _signed_mm(above, lesion) >= 0)


def _signed_mm(section: NDArray[np.bool_], lesion: Lesion) -> NDArray[np.float64]:
    """Distance to the section's border in millimetres, positive inside."""
    from scipy.ndimage import distance_transform_edt

    spacing = lesion.grid.spacing_kji_mm[1:]
    padded = np.pad(section, 1)
    inside = distance_transform_edt(padded, sampling=spacing)
    outside = distance_transform_edt(~padded, sampling=spacing)
    return np.asarray((inside - outside)[1:-1, 1:-1])
