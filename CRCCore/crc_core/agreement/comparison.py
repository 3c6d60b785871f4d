"""Two readings of one target compared: overall, lesion by lesion, and the verdict (consensus 2.4.2)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.matching import Matching, Merge, Split, match_lesions
from crc_core.agreement.nearest import PointSet
from crc_core.agreement.overlap import Overlap
from crc_core.agreement.policy import AgreementPolicy, agreement_policy
from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.agreement.surface_distances import distances_between
from crc_core.agreement.surface_elements import Surface
from crc_core.geometry.grid import Grid, Volume
from crc_core.geometry.requirements import require_same_grid


class Agreement(StrEnum):
    """The verdict of a comparison."""

    AGREED = "agreed"
    DISPUTED = "disputed"


@dataclass(frozen=True)
class SurfaceMeasures:
    """Distances between two surfaces in millimetres; definitions in `surface_distances`.

    `surface_dice` holds (tolerance in mm, share) for each tolerance of the policy.
    """

    hd_mm: float
    hd95_mm: float
    assd_mm: float
    surface_dice: tuple[tuple[int, float], ...]
    surface_dice_voxel: float


@dataclass(frozen=True)
class LesionPair:
    """One lesion as both readers drew it.

    `agreed`: Dice reaches the threshold and the lesion is neither split nor merged. `sub_voxel`: the surfaces differ by
    no more than one voxel nearly everywhere, so that a dispute can be accepted in one go.
    """

    number_a: int
    number_b: int
    overlap: Overlap
    surface: SurfaceMeasures
    centroid_distance_mm: float
    agreed: bool
    sub_voxel: bool

    @property
    def intersection(self) -> int:
        """Voxels that both readers drew."""
        return self.overlap.intersection

    @property
    def size_a(self) -> int:
        """Voxels that A drew."""
        return self.overlap.size_a

    @property
    def size_b(self) -> int:
        """Voxels that B drew."""
        return self.overlap.size_b

    @property
    def dice(self) -> float:
        """Dice of this lesion."""
        return 2 * self.intersection / (self.size_a + self.size_b)

    @property
    def hd_mm(self) -> float:
        """Hausdorff distance of this lesion in millimetres."""
        return self.surface.hd_mm

    @property
    def hd95_mm(self) -> float:
        """95th percentile of the surface distance of this lesion in millimetres."""
        return self.surface.hd95_mm

    @property
    def assd_mm(self) -> float:
        """Mean surface distance of this lesion in millimetres."""
        return self.surface.assd_mm

    @property
    def surface_dice_voxel(self) -> float:
        """Surface Dice of this lesion at one voxel."""
        return self.surface.surface_dice_voxel


@dataclass(frozen=True, eq=False)
class Comparison:
    """What two readings of one target have in common.

    `surface` and `centroids_ras_mm` are None where a mask is empty. `sizes_a` and `sizes_b` are (lesion, voxels).
    """

    grid: Grid
    overlap: Overlap
    surface: SurfaceMeasures | None
    centroids_ras_mm: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    sizes_a: tuple[tuple[int, int], ...]
    sizes_b: tuple[tuple[int, int], ...]
    pairs: tuple[LesionPair, ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    split: tuple[Split, ...]
    merged: tuple[Merge, ...]
    policy: AgreementPolicy

    @property
    def is_absent(self) -> bool:
        """Whether neither reader drew anything: agreed absent, to be left out of means."""
        return self.overlap.union == 0

    @property
    def verdict(self) -> Agreement:
        """Agreed where every lesion is paired and agreed on, or where neither reader drew any."""
        alone = self.only_a or self.only_b or self.split or self.merged
        agreed = not alone and all(pair.agreed for pair in self.pairs)
        return Agreement.AGREED if agreed else Agreement.DISPUTED

    @property
    def volumes_ml(self) -> tuple[float, float]:
        """The volumes that A and B drew, in millilitres."""
        return (self.millilitres(self.overlap.size_a), self.millilitres(self.overlap.size_b))

    @property
    def centroid_distance_mm(self) -> float | None:
        """The distance between the centres of gravity in millimetres; None where a mask is empty."""
        if self.centroids_ras_mm is None:
            return None
        return float(np.linalg.norm(self.centroids_ras_mm[0] - self.centroids_ras_mm[1]))

    def millilitres(self, voxels: int) -> float:
        """The volume of a number of voxels in millilitres."""
        return voxels * self.grid.voxel_volume_mm3 / 1000


def compare_masks(
    a: Volume,
    b: Volume,
    *,
    excluded_a: Set[int] = frozenset(),
    excluded_b: Set[int] = frozenset(),
    policy: AgreementPolicy | None = None,
) -> Comparison:
    """Compare two readers' masks (uint8 lesion numbers) on one grid.

    Lesions in `excluded_a` and `excluded_b` (liver lesions of class uncertain) count as not drawn. Without `policy` the
    one in force is used. Raises CrcError for another grid or values that are not lesion numbers.
    """
    return compare_prepared(prepare(a, excluded_a), prepare(b, excluded_b), policy)


def compare_prepared(a: PreparedMask, b: PreparedMask, policy: AgreementPolicy | None = None) -> Comparison:
    """`compare_masks` for masks that were read through before; raises CrcError for another grid."""
    require_same_grid(b.grid, a.grid, Path("B"))
    policy = policy or agreement_policy()
    overlaps = _overlaps(a, b)
    matching = match_lesions(a.sizes, b.sizes, overlaps, policy.part_percent)
    whole = Overlap(sum(overlaps.values()), len(a.flat), len(b.flat))
    pairs = tuple(_pair(a, b, numbers, overlaps[numbers], matching, policy) for numbers in matching.pairs)
    drawn = whole.size_a > 0 and whole.size_b > 0
    only_one_pair = len(pairs) == 1 and not matching.only_a and not matching.only_b
    surface = pairs[0].surface if only_one_pair else _whole_surface(a, b, policy) if drawn else None
    return Comparison(
        grid=a.grid,
        overlap=whole,
        surface=surface,
        centroids_ras_mm=(_centroid(a.grid, a.kji), _centroid(b.grid, b.kji)) if drawn else None,
        sizes_a=tuple(a.sizes.items()),
        sizes_b=tuple(b.sizes.items()),
        pairs=pairs,
        only_a=matching.only_a,
        only_b=matching.only_b,
        split=matching.split,
        merged=matching.merged,
        policy=policy,
    )


def matched_lesions(a: PreparedMask, b: PreparedMask, policy: AgreementPolicy | None = None) -> Matching:
    """Which lesion of A is which of B, without measuring anything; raises CrcError for another grid."""
    require_same_grid(b.grid, a.grid, Path("B"))
    policy = policy or agreement_policy()
    return match_lesions(a.sizes, b.sizes, _overlaps(a, b), policy.part_percent)


def _overlaps(a: PreparedMask, b: PreparedMask) -> dict[tuple[int, int], int]:
    numbers_b = b.look_up(a.flat)
    counts = np.bincount(a.numbers.astype(np.int64) * 256 + numbers_b, minlength=1)
    return {(int(code) // 256, int(code) % 256): int(counts[code]) for code in np.flatnonzero(counts) if code % 256}


def _pair(
    a: PreparedMask,
    b: PreparedMask,
    numbers: tuple[int, int],
    intersection: int,
    matching: Matching,
    policy: AgreementPolicy,
) -> LesionPair:
    number_a, number_b = numbers
    counts = Overlap(intersection, a.sizes[number_a], b.sizes[number_b])
    in_a, in_b = a.numbers == number_a, b.numbers == number_b
    kji_a, kji_b = a.kji.compress(in_a, axis=0), b.kji.compress(in_b, axis=0)
    surface = _measure(
        a.surface(number_a),
        b.surface(number_b),
        kji_a.compress(b.look_up(a.flat[in_a]) != number_b, axis=0),
        kji_b.compress(a.look_up(b.flat[in_b]) != number_a, axis=0),
        a.grid,
        policy,
    )
    whole = all(number_a != split.number_a and number_b not in split.numbers_b for split in matching.split) and all(
        number_b != merge.number_b and number_a not in merge.numbers_a for merge in matching.merged
    )
    return LesionPair(
        number_a=number_a,
        number_b=number_b,
        overlap=counts,
        surface=surface,
        centroid_distance_mm=float(np.linalg.norm(_centroid(a.grid, kji_a) - _centroid(b.grid, kji_b))),
        agreed=whole and counts.reaches(policy.dice_percent),
        sub_voxel=100 * surface.surface_dice_voxel >= policy.sub_voxel_percent,
    )


def _whole_surface(a: PreparedMask, b: PreparedMask, policy: AgreementPolicy) -> SurfaceMeasures:
    only_a = a.kji.compress(b.look_up(a.flat) == 0, axis=0)
    only_b = b.kji.compress(a.look_up(b.flat) == 0, axis=0)
    return _measure(a.whole_surface, b.whole_surface, only_a, only_b, a.grid, policy)


def _measure(
    surface_a: Surface,
    surface_b: Surface,
    only_a: NDArray[np.int32],
    only_b: NDArray[np.int32],
    grid: Grid,
    policy: AgreementPolicy,
) -> SurfaceMeasures:
    spacing = grid.spacing_kji_mm
    distances = distances_between(surface_a, surface_b, spacing)
    return SurfaceMeasures(
        hd_mm=max(
            PointSet(surface_b.border, spacing).farthest_mm(only_a),
            PointSet(surface_a.border, spacing).farthest_mm(only_b),
        ),
        hd95_mm=distances.percentile_mm(policy.hausdorff_percentile),
        assd_mm=distances.mean_mm,
        surface_dice=tuple((tolerance, distances.dice_at(tolerance)) for tolerance in policy.tolerances_mm),
        surface_dice_voxel=distances.dice_at_voxel,
    )


def _centroid(grid: Grid, kji: NDArray[np.int32]) -> NDArray[np.float64]:
    return grid.to_ras([column.mean() for column in kji.T[::-1]])
