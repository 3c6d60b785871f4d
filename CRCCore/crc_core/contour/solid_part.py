"""The solid part of a lesion: where its density may be measured, and where necrosis begins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.results import Box
from crc_core.contour.rules import ContourRules
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Target

_SMOOTH_MM = 1.5
_CLASSES_APART = 3.2


def box_on(part: Box, of: Grid, on: Grid, margin: int = 1) -> Box | None:
    """The box of another grid that covers a box of voxels; None where the two do not meet."""
    ends = [(one.start - 0.5, one.stop - 0.5) for one in part]
    corners = np.array([[i, j, k] for k in ends[0] for j in ends[1] for i in ends[2]])
    there = on.to_ijk(of.to_ras(corners))[:, ::-1]
    low = np.maximum(np.floor(there.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(there.max(axis=0)).astype(int) + 1 + margin, on.shape_kji)
    if (high <= low).any():
        return None
    one, two, three = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (one, two, three)


def carried_over(part: NDArray[np.bool_], part_box: Box, of: Grid, box: Box, on: Grid) -> NDArray[np.bool_]:
    """A boolean crop of one grid as seen in a box of another: each voxel takes the value at its centre."""
    if of.same_as(on):
        return _placed(part, part_box, box)
    k, j, i = np.meshgrid(*(np.arange(one.start, one.stop, dtype=np.float64) for one in box), indexing="ij")
    places = of.to_ijk(on.to_ras(np.stack([i, j, k], axis=-1)))[..., ::-1]
    nearest = np.rint(places).astype(np.intp) - [one.start for one in part_box]
    known = ((nearest >= 0) & (nearest < part.shape)).all(axis=-1)
    nearest[~known] = 0
    return known & part[nearest[..., 0], nearest[..., 1], nearest[..., 2]]


def _placed(part: NDArray[np.bool_], part_box: Box, box: Box) -> NDArray[np.bool_]:
    """The part of a boolean crop that lies in another box of the same grid."""
    result = np.zeros(tuple(one.stop - one.start for one in box), bool)
    to, taken = [], []
    for one, other in zip(part_box, box, strict=True):
        first, stop = max(one.start, other.start), min(one.stop, other.stop)
        to.append(slice(first - other.start, stop - other.start))
        taken.append(slice(first - one.start, stop - one.start))
    result[tuple(to)] = part[tuple(taken)]
    return result


def averaged(values: NDArray, inside: NDArray[np.bool_], spacing_kji_mm: tuple[float, ...]) -> NDArray[np.float32]:
    """Values smoothed by 1.5 mm among the voxels inside alone, so that no surroundings mix in."""
    from scipy.ndimage import gaussian_filter

    sigma = [_SMOOTH_MM / spacing for spacing in spacing_kji_mm]
    total = gaussian_filter(np.where(inside, values, 0).astype(np.float32), sigma)
    weight = gaussian_filter(inside.astype(np.float32), sigma)
    return np.asarray(total / np.maximum(weight, 1e-6), dtype=np.float32)


def without_foreign(
    values: NDArray, inside: NDArray[np.bool_], spacing_kji_mm: tuple[float, ...], target: Target, rules: ContourRules
) -> NDArray[np.bool_]:
    """The lesion without gas, fat, calcium, bone, metal and vessels bright on this image."""
    smooth = averaged(values, inside, spacing_kji_mm)
    low = rules.density_lung_low_hu if target is Target.LUNG else rules.density_low_hu
    gas = rules.lung_air_hu if target is Target.LUNG else rules.gas_hu
    good = inside & (smooth >= low) & (smooth <= rules.density_high_hu) & (values > gas)
    if good.any():
        vessel = max(rules.vessel_hu, float(np.median(values[good])) + rules.vessel_over_median_hu)
        good &= smooth <= vessel
    return good


def without_necrosis(
    values: NDArray, good: NDArray[np.bool_], spacing_kji_mm: tuple[float, ...], rules: ContourRules
) -> NDArray[np.bool_]:
    """The brighter part where the lesion falls into two parts of clearly different density; else all of it.

    The border between the parts is Otsu's (IEEE Trans Syst Man Cybern 1979;9:62-66). Two parts are believed where
    their means lie apart by the rule and by more than noise alone would split them: a normal distribution cut in half
    has halves 2.7 of their own standard deviations apart. The darker part is necrosis only if a quarter of it,
    away from where the two mix, does not enhance.
    """
    chosen = averaged(values, good, spacing_kji_mm)[good]
    if chosen.size < 2:
        return good
    border = _otsu(chosen)
    low, high = chosen[chosen <= border], chosen[chosen > border]
    if min(low.size, high.size) < rules.necrosis_share * chosen.size:
        return good
    gap = float(high.mean() - low.mean())
    within = float(np.sqrt((low.var() * low.size + high.var() * high.size) / chosen.size))
    apart = gap >= rules.necrosis_gap_hu and gap >= _CLASSES_APART * within
    if not apart or np.percentile(low, 25) > rules.necrosis_high_hu:
        return good
    solid = good.copy()
    solid[good] = chosen > border
    return solid


def solid_part(
    part: NDArray[np.bool_], part_box: Box, of: Grid, image: Volume, target: Target, rules: ContourRules
) -> NDArray[np.bool_] | None:
    """A lesion's solid part as seen on an image of any grid, as a crop like `part`; None where they do not meet."""
    box = box_on(part_box, of, image.grid)
    if box is None:
        return None
    inside = carried_over(part, part_box, of, box, image.grid)
    values, spacing = image.array[box], image.grid.spacing_kji_mm
    good = without_foreign(values, inside, spacing, target, rules)
    solid = without_necrosis(values, good, spacing, rules)
    return part & carried_over(solid, box, image.grid, part_box, of)


def _otsu(values: NDArray) -> float:
    ordered = np.sort(values.astype(np.float64))
    counts = np.arange(1, ordered.size)
    sums = np.cumsum(ordered)
    low = sums[:-1] / counts
    high = (sums[-1] - sums[:-1]) / (ordered.size - counts)
    between = counts * (ordered.size - counts) * (high - low) ** 2
    return float(ordered[int(between.argmax())])
