"""Distances between the surfaces of two masks in millimetres.

Definitions, with S(X) the surface elements of X, each with an area (see `surface_elements`), and d the distance from an
element to the nearest element of the other surface, both taken at their voxel corners:

- HD95: in each direction the smallest distance that 95 % of the area does not exceed; the larger of the two.
- ASSD: the mean of d over the area of both surfaces together (Heimann et al. 2009, area for vertices).
- Surface Dice at a tolerance: the area of both surfaces with d ≤ tolerance over the area of both (Nikolov et al. 2018).
- Surface Dice at one voxel: the same, where "within" means the same corner or its neighbour along one axis; unlike
  millimetres it asks for the same care in the slice and across slices.
- HD: the Hausdorff distance of the two sets of voxel centres, inner voxels included, as in SimpleITK. The border-only
  variant of MedPy differs where one mask lies deep inside the other.

The axes of the grid are taken to be at right angles, as in every NIfTI file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.nearest import PointSet
from crc_core.agreement.surface_elements import Surface, surface_of

_SLACK_MM = 1e-6
"""Spacings come from float32 headers: three steps of 0.33333334 mm are one millimetre."""


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """For every element of A its distance to B's surface, the area, whether B is within one voxel; and for B to A."""

    a_to_b_mm: NDArray[np.float64]
    area_a_mm2: NDArray[np.float64]
    within_voxel_a: NDArray[np.bool_]
    b_to_a_mm: NDArray[np.float64]
    area_b_mm2: NDArray[np.float64]
    within_voxel_b: NDArray[np.bool_]

    def percentile_mm(self, percent: int) -> float:
        """The distance that `percent` % of the area does not exceed, the larger of both directions."""
        return max(
            _weighted_percentile(self.a_to_b_mm, self.area_a_mm2, percent),
            _weighted_percentile(self.b_to_a_mm, self.area_b_mm2, percent),
        )

    @property
    def mean_mm(self) -> float:
        """ASSD: the mean distance over the area of both surfaces."""
        total = (self.a_to_b_mm * self.area_a_mm2).sum() + (self.b_to_a_mm * self.area_b_mm2).sum()
        return float(total / self._area_mm2)

    def dice_at(self, tolerance_mm: float) -> float:
        """Surface Dice: the share of the area of both surfaces no farther than `tolerance_mm` from the other."""
        return self._share(
            self.a_to_b_mm <= tolerance_mm + _SLACK_MM,
            self.b_to_a_mm <= tolerance_mm + _SLACK_MM,
        )

    @property
    def dice_at_voxel(self) -> float:
        """Surface Dice with the tolerance of one step to a neighbour along an axis."""
        return self._share(self.within_voxel_a, self.within_voxel_b)

    @property
    def _area_mm2(self) -> float:
        return float(self.area_a_mm2.sum() + self.area_b_mm2.sum())

    def _share(self, within_a: NDArray[np.bool_], within_b: NDArray[np.bool_]) -> float:
        if within_a.all() and within_b.all():
            return 1.0
        return float((self.area_a_mm2[within_a].sum() + self.area_b_mm2[within_b].sum()) / self._area_mm2)


def surface_distances(a: NDArray, b: NDArray, spacing_kji_mm: tuple[float, float, float]) -> SurfaceDistances:
    """The distances between the surfaces of two masks `[k, j, i]` of one shape; every value but zero is inside.

    Raises ValueError where shapes differ or a mask is empty: an empty mask has no surface.
    """
    surface_a, surface_b = (surface_of(_inside(mask), spacing_kji_mm) for mask in (a, b))
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    return distances_between(surface_a, surface_b, spacing_kji_mm)


def hausdorff_mm(a: NDArray, b: NDArray, spacing_kji_mm: tuple[float, float, float]) -> float:
    """The Hausdorff distance of the voxel centres of two masks `[k, j, i]` of one shape, neither of them empty."""
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    only_a, only_b = _inside((a != 0) & (b == 0)), _inside((b != 0) & (a == 0))
    surface_a, surface_b = (surface_of(_inside(mask), spacing_kji_mm) for mask in (a, b))
    if surface_a.is_empty or surface_b.is_empty:
        raise ValueError("an empty mask has no distance")
    return max(
        PointSet(surface_b.border, spacing_kji_mm).farthest_mm(only_a),
        PointSet(surface_a.border, spacing_kji_mm).farthest_mm(only_b),
    )


def distances_between(
    surface_a: Surface, surface_b: Surface, spacing_kji_mm: tuple[float, float, float]
) -> SurfaceDistances:
    """The distances between two surfaces of one grid; raises ValueError where one is empty."""
    if surface_a.is_empty or surface_b.is_empty:
        raise ValueError("an empty mask has no surface")
    set_a, set_b = (PointSet(surface.elements, spacing_kji_mm) for surface in (surface_a, surface_b))
    return SurfaceDistances(
        set_b.nearest_mm(surface_a.elements),
        surface_a.area_mm2,
        set_b.is_beside(surface_a.elements),
        set_a.nearest_mm(surface_b.elements),
        surface_b.area_mm2,
        set_a.is_beside(surface_b.elements),
    )


def _inside(mask: NDArray) -> NDArray[np.int32]:
    return np.argwhere(mask).astype(np.int32)


def _weighted_percentile(distance_mm: NDArray[np.float64], area_mm2: NDArray[np.float64], percent: int) -> float:
    order = np.argsort(distance_mm, kind="stable")
    reached = np.cumsum(area_mm2[order])
    # A hair below, so that the order of summing equal areas cannot move the answer.
    wanted = reached[-1] * (percent / 100 - 1e-12)
    return float(distance_mm[order][min(np.searchsorted(reached, wanted), len(order) - 1)])
