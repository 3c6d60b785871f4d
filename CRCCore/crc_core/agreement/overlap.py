"""How much of two masks coincides, counted in whole voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Overlap:
    """Voxels in both masks and in each of them."""

    intersection: int
    size_a: int
    size_b: int

    @property
    def union(self) -> int:
        """Voxels in at least one mask."""
        return self.size_a + self.size_b - self.intersection

    @property
    def dice(self) -> float | None:
        """2·|A∩B| / (|A|+|B|); None where both are empty."""
        total = self.size_a + self.size_b
        return 2 * self.intersection / total if total else None

    @property
    def dice_floored(self) -> float | None:
        """Dice cut to three digits, never rounded up, so that what is shown cannot pass where the count fails."""
        total = self.size_a + self.size_b
        return 2000 * self.intersection // total / 1000 if total else None

    @property
    def jaccard(self) -> float | None:
        """|A∩B| / |A∪B|; None where both are empty."""
        return self.intersection / self.union if self.union else None

    def reaches(self, percent: int) -> bool:
        """Whether Dice is at least `percent` / 100, decided in integers; False where both are empty."""
        total = self.size_a + self.size_b
        return total > 0 and 200 * self.intersection >= percent * total

    def swapped(self) -> Overlap:
        """The same seen from B."""
        return Overlap(self.intersection, self.size_b, self.size_a)


def overlap(a: NDArray, b: NDArray) -> Overlap:
    """The counts of two masks of one shape; every value other than zero is inside."""
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    inside_a, inside_b = a != 0, b != 0
    both = int(np.count_nonzero(inside_a & inside_b))
    return Overlap(both, int(np.count_nonzero(inside_a)), int(np.count_nonzero(inside_b)))
