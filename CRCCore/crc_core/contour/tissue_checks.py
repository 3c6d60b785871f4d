"""Checks of what a contour holds: gas, fat, bone, metal, vessels, lumen content, what lies outside the body.

A voxel at the edge of a correct contour is a mixture with its surroundings. All but the body check therefore look at
the core alone, the lesion without its outermost pixel in each slice, so that the sizes told are lower bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.results import CheckId, Finding, Quantity, Unit
from crc_core.contour.rules import ContourRules
from crc_core.contour.voxels import Lesion
from crc_core.geometry import Volume
from crc_core.vocabulary import Target, Verdict

_CROSS = np.zeros((3, 3, 3), bool)
_CROSS[1] = [[False, True, False], [True, True, True], [False, True, False]]
_BODY_STEP = 4


@dataclass(frozen=True, eq=False)
class Tissue:
    """One lesion's voxels on its image: `values` is the image in the lesion's box, in HU."""

    lesion: Lesion
    values: NDArray
    target: Target
    rules: ContourRules

    @cached_property
    def core(self) -> NDArray[np.bool_]:
        """The lesion without its outermost pixel in each slice."""
        from scipy.ndimage import binary_erosion

        return np.asarray(binary_erosion(self.lesion.inside, _CROSS))

    @cached_property
    def deep(self) -> NDArray[np.bool_]:
        """The core without another pixel: at the edge to gas a mixture passes through every density."""
        from scipy.ndimage import binary_erosion

        return np.asarray(binary_erosion(self.core, _CROSS))

    @cached_property
    def smooth(self) -> NDArray[np.float32]:
        """Mean of the lesion's own voxels among the 3×3 around each in its slice; noise falls to a third."""
        from scipy.ndimage import uniform_filter

        inside = self.lesion.inside.astype(np.float32)
        total = uniform_filter(np.where(self.lesion.inside, self.values, 0).astype(np.float32), (1, 3, 3))
        return np.asarray(total / np.maximum(uniform_filter(inside, (1, 3, 3)), 1e-6), dtype=np.float32)

    @cached_property
    def median_hu(self) -> float:
        """Median of the core (of the lesion where it has none)."""
        chosen = self.core if self.core.any() else self.lesion.inside
        return float(np.median(self.values[chosen]))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel."""
        return self.lesion.grid.voxel_volume_mm3 / 1000

    def finding(self, check: CheckId, verdict: Verdict, part: NDArray[np.bool_], share: float) -> Finding | None:
        """The finding for the connected regions of `part` large enough not to be noise; None without any."""
        large = self.regions(part)
        voxels = int(np.count_nonzero(large))
        if voxels == 0 or voxels < share * self.lesion.voxels:
            return None
        k = int(np.count_nonzero(large, axis=(1, 2)).argmax())
        place = (k, *self.lesion.middle_of(large[k : k + 1])[1:])
        return Finding(
            check,
            verdict,
            self.target,
            self.lesion.number,
            self.lesion.slice_index(k),
            ras=self.lesion.ras(place),
            size=Quantity(voxels * self.voxel_ml, Unit.ML),
        )

    def regions(self, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The voxels of `part` in connected regions of at least the rule's volume."""
        from scipy.ndimage import label

        if not part.any():
            return part
        labels, _ = label(part, output=np.int32)
        large = np.bincount(labels.ravel()) * self.voxel_ml >= self.rules.foreign_ml
        large[0] = False
        return np.asarray(large[labels])


def tissue_findings(tissue: Tissue) -> Iterator[Finding | None]:
    """Everything the densities inside one lesion show, one check at a time; None for a check that finds nothing."""
    rules, share = tissue.rules, tissue.rules.foreign_share
    verdict = Verdict.WARN
    yield tissue.finding(CheckId.GAS, verdict, gas_of(tissue), share)
    yield tissue.finding(CheckId.FAT, verdict, fat_of(tissue), rules.fat_share)
    yield tissue.finding(CheckId.METAL, verdict, tissue.core & (tissue.values > rules.metal_hu), 0.0)
    yield tissue.finding(CheckId.DENSE, Verdict.NOTE, _dense(tissue), 0.0)
    yield tissue.finding(CheckId.VESSEL, verdict, vessel_of(tissue), share)
    if tissue.target is Target.PRIMARY:
        yield tissue.finding(CheckId.LUMEN, verdict, _stool(tissue), share)
        yield tissue.finding(CheckId.FLUID, Verdict.NOTE, _fluid(tissue), share)


def gas_of(tissue: Tissue) -> NDArray[np.bool_]:
    """Gas in the core; in the lung, aerated lung."""
    limit = tissue.rules.lung_air_hu if tissue.target is Target.LUNG else tissue.rules.gas_hu
    return tissue.core & (tissue.values < limit)


def fat_of(tissue: Tissue) -> NDArray[np.bool_]:
    """Fat in the core; nothing for a lung lesion, whose edge passes through the same densities."""
    if tissue.target is Target.LUNG:
        return np.zeros(tissue.core.shape, bool)
    rules = tissue.rules
    return tissue.core & (tissue.smooth >= rules.fat_low_hu) & (tissue.smooth <= rules.fat_high_hu)


def vessel_of(tissue: Tissue) -> NDArray[np.bool_]:
    """What is as bright as an enhanced vessel and brighter than the lesion."""
    rules = tissue.rules
    limit = max(rules.vessel_hu, tissue.median_hu + rules.vessel_over_median_hu)
    return tissue.core & (tissue.smooth > limit) & (tissue.values < rules.dense_hu)


def outside_body(tissue: Tissue, image: Volume) -> Finding | None:
    """The part of a lesion that lies outside the patient; the body is looked for in the lesion's slices alone."""
    lesion, rules = tissue.lesion, tissue.rules
    # Outside the body lies air, so that a lesion without any need not be compared with the body.
    if np.count_nonzero(lesion.inside & (tissue.values < rules.body_hu)) < rules.outside_body_share * lesion.voxels:
        return None
    body = _body(image.array[lesion.box[0]], rules.body_hu)
    rows, columns = ((np.arange(part.start, part.stop) + _BODY_STEP // 2) // _BODY_STEP for part in lesion.box[1:])
    outside = (
        lesion.inside & ~body[:, np.minimum(rows, body.shape[1] - 1)][:, :, np.minimum(columns, body.shape[2] - 1)]
    )
    return tissue.finding(CheckId.OUTSIDE_BODY, Verdict.WARN, outside, rules.outside_body_share)


def _dense(tissue: Tissue) -> NDArray[np.bool_]:
    return tissue.core & (tissue.values > tissue.rules.dense_hu) & (tissue.values <= tissue.rules.metal_hu)


def _fluid(tissue: Tissue) -> NDArray[np.bool_]:
    rules = tissue.rules
    if tissue.median_hu - rules.fluid_under_median_hu < rules.fluid_low_hu:
        return np.zeros(tissue.core.shape, bool)
    high = min(rules.fluid_high_hu, tissue.median_hu - rules.fluid_under_median_hu)
    return tissue.deep & (tissue.smooth >= rules.fluid_low_hu) & (tissue.smooth <= high)


def _stool(tissue: Tissue) -> NDArray[np.bool_]:
    """Soft matter between bubbles of gas: mottled, as stool is; plain gas is none."""
    from scipy.ndimage import distance_transform_edt

    bubbles = tissue.core & (tissue.values < tissue.rules.bubble_hu)
    if not bubbles.any():
        return bubbles
    spacing = tissue.lesion.grid.spacing_kji_mm
    near = distance_transform_edt(~bubbles, sampling=spacing) <= tissue.rules.bubble_reach_mm
    closed = distance_transform_edt(np.pad(near, 1, constant_values=True), sampling=spacing)[1:-1, 1:-1, 1:-1]
    between = tissue.core & near & (closed > tissue.rules.bubble_reach_mm)
    soft = int(np.count_nonzero(between & ~bubbles))
    return between if soft > np.count_nonzero(bubbles & between) / 2 else np.zeros(between.shape, bool)


def _body(values: NDArray, limit_hu: float) -> NDArray[np.bool_]:
    """The body in a stack of slices at a quarter of the resolution: the largest dense region of each with its holes."""
    from scipy.ndimage import binary_closing, label

    coarse = values[:, ::_BODY_STEP, ::_BODY_STEP] > limit_hu
    in_slice = np.ones((1, 3, 3), bool)
    structure = np.zeros((3, 3, 3), bool)
    structure[1] = True
    closed = np.asarray(binary_closing(np.pad(coarse, ((0, 0), (2, 2), (2, 2))), in_slice))
    labels, count = label(closed, structure, output=np.int32)
    body = np.zeros(closed.shape, bool)
    for k, section in enumerate(labels):
        sizes = np.bincount(section.ravel(), minlength=count + 1)
        sizes[0] = 0
        body[k] = (section == sizes.argmax()) & (sizes.max() > 0)
    around, _ = label(~body, structure, output=np.int32)
    free = np.zeros(int(around.max()) + 1, bool)
    free[around[:, 0, 0]] = True
    free[0] = False
    return ~free[around][:, 2:-2, 2:-2]


def tissue_of(lesion: Lesion, image: Volume, target: Target, rules: ContourRules) -> Tissue:
    """The lesion on its image; both with the slice axis first and on one grid."""
    return Tissue(lesion, lesion.crop(image), target, rules)
