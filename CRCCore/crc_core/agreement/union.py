"""The union of two readers' lesions: what the consensus stores where they agree (2.4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crc_core.agreement.comparison import Comparison
from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.geometry.requirements import require_same_grid

_LARGEST_NUMBER = 255


@dataclass(frozen=True, eq=False)
class UnionMask:
    """The united mask, uint8, and for each final lesion number its parents (number of A, number of B; 0 for none).

    `contested_voxels` were drawn into two different final lesions; the later lesion holds them.
    """

    volume: Volume
    lesions: dict[int, tuple[int, int]]
    contested_voxels: int


def union(a: Volume, b: Volume, pairs: Iterable[tuple[int, int]]) -> UnionMask:
    """Unite the lesions named in `pairs` as (number of A, number of B), 0 where only one reader drew it.

    A final lesion keeps the number of A where it is free, else that of B, else takes the smallest free one. Lesions
    not named stay out. Raises CrcError for another grid and where more than 255 numbers would be needed.
    """
    return union_prepared(prepare(a), prepare(b), pairs)


def union_prepared(a: PreparedMask, b: PreparedMask, pairs: Iterable[tuple[int, int]]) -> UnionMask:
    """`union` for masks that were read through before; raises CrcError for another grid."""
    require_same_grid(b.grid, a.grid, Path("B"))
    lesions = _number_finals(sorted(set(pairs), key=lambda pair: (pair[0] == 0, pair)))
    final_of_a, final_of_b = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for final, (number_a, number_b) in lesions.items():
        final_of_a[number_a], final_of_b[number_b] = final, final
    final_of_a[0] = final_of_b[0] = 0
    array = np.zeros(a.grid.shape_kji, np.uint8)
    united = array.reshape(-1)
    united[a.flat] = final_of_a[a.numbers]
    from_a, from_b = united[b.flat], final_of_b[b.numbers]
    united[b.flat] = np.maximum(from_a, from_b)
    contested = np.count_nonzero((from_a != from_b) & (from_a != 0) & (from_b != 0))
    return UnionMask(Volume(array, a.grid), lesions, int(contested))


def all_lesions(comparison: Comparison) -> tuple[tuple[int, int], ...]:
    """Every lesion of a comparison as `union` wants it: pairs, then those of one reader alone."""
    pairs = [(pair.number_a, pair.number_b) for pair in comparison.pairs]
    alone_a = [(number, 0) for number in comparison.only_a]
    alone_b = [(0, number) for number in comparison.only_b]
    return (*pairs, *alone_a, *alone_b)


def _number_finals(pairs: list[tuple[int, int]]) -> dict[int, tuple[int, int]]:
    lesions: dict[int, tuple[int, int]] = {}
    for number_a, number_b in pairs:
        free = (number for number in range(1, _LARGEST_NUMBER + 1) if number not in lesions)
        wish = next((number for number in (number_a, number_b) if number and number not in lesions), 0)
        final = wish or next(free, 0)
        if not final:
            raise CrcError("agreement.too_many_lesions", count=len(pairs))
        lesions[final] = (number_a, number_b)
    return dict(sorted(lesions.items()))
