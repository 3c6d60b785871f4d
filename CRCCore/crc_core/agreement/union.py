"""The union of two readers' lesions: what the consensus stores where they agree (2.4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.comparison import Comparison
from crc_core.agreement.voxels import as_lesion_numbers, foreground
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume

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
    not named stay out. Raises CrcError where more than 255 numbers would be needed.
    """
    lesions = _number_finals(sorted(set(pairs), key=lambda pair: (pair[0] == 0, pair)))
    final_a, final_b = np.zeros(256, np.uint8), np.zeros(256, np.uint8)
    for final, (number_a, number_b) in lesions.items():
        final_a[number_a], final_b[number_b] = final, final
    final_a[0] = final_b[0] = 0
    united = np.zeros(a.grid.shape_kji, np.uint8)
    for volume, table in ((a, final_a), (b, final_b)):
        flat, numbers = foreground(as_lesion_numbers(volume.array))
        united.reshape(-1)[flat] = np.maximum(united.reshape(-1)[flat], table[numbers])
    return UnionMask(Volume(united, a.grid), lesions, _contested(a, b, final_a, final_b))


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


def _contested(a: Volume, b: Volume, final_a: NDArray[np.uint8], final_b: NDArray[np.uint8]) -> int:
    flat, numbers = foreground(as_lesion_numbers(a.array))
    from_a, from_b = final_a[numbers], final_b[as_lesion_numbers(b.array).reshape(-1)[flat]]
    return int(np.count_nonzero((from_a != from_b) & (from_a != 0) & (from_b != 0)))
