"""Which lesion of one reader is which lesion of the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Overlaps = Mapping[tuple[int, int], int]
"""Voxels in common for each (number of A, number of B) that share at least one."""


@dataclass(frozen=True)
class Split:
    """One lesion of A that B drew as several."""

    number_a: int
    numbers_b: tuple[int, ...]


@dataclass(frozen=True)
class Merge:
    """Several lesions of A that B drew as one."""

    numbers_a: tuple[int, ...]
    number_b: int


@dataclass(frozen=True)
class Matching:
    """One-to-one pairs, what is left over on either side, and lesions that were split or merged."""

    pairs: tuple[tuple[int, int], ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]
    split: tuple[Split, ...]
    merged: tuple[Merge, ...]


def match_lesions(
    sizes_a: Mapping[int, int], sizes_b: Mapping[int, int], overlaps: Overlaps, part_percent: int
) -> Matching:
    """The one-to-one matching of the largest total overlap, of two such the one of the larger total Dice.

    A lesion is part of another reader's lesion where at least `part_percent` % of it lies inside; two parts or more
    make a split or a merger. Every lesion is in exactly one of `pairs`, `only_a` and `only_b`.
    """
    pairs = tuple(sorted(_assign(sizes_a, sizes_b, overlaps)))
    matched_a, matched_b = {a for a, _ in pairs}, {b for _, b in pairs}
    parts_b: dict[int, list[int]] = {}
    parts_a: dict[int, list[int]] = {}
    for (a, b), voxels in sorted(overlaps.items()):
        if 100 * voxels >= part_percent * sizes_b[b]:
            parts_b.setdefault(a, []).append(b)
        if 100 * voxels >= part_percent * sizes_a[a]:
            parts_a.setdefault(b, []).append(a)
    return Matching(
        pairs=pairs,
        only_a=tuple(number for number in sorted(sizes_a) if number not in matched_a),
        only_b=tuple(number for number in sorted(sizes_b) if number not in matched_b),
        split=tuple(Split(a, tuple(parts)) for a, parts in sorted(parts_b.items()) if len(parts) > 1),
        merged=tuple(Merge(tuple(parts), b) for b, parts in sorted(parts_a.items()) if len(parts) > 1),
    )


def _assign(sizes_a: Mapping[int, int], sizes_b: Mapping[int, int], overlaps: Overlaps) -> list[tuple[int, int]]:
    of_a: dict[int, int] = {}
    of_b: dict[int, int] = {}
    for a, b in overlaps:
        of_a[a] = of_a.get(a, 0) + 1
        of_b[b] = of_b.get(b, 0) + 1
    clear = [(a, b) for a, b in overlaps if of_a[a] == 1 and of_b[b] == 1]
    contested = sorted(set(overlaps) - set(clear))
    return clear + (_best_assignment(sizes_a, sizes_b, overlaps, contested) if contested else [])


def _best_assignment(
    sizes_a: Mapping[int, int], sizes_b: Mapping[int, int], overlaps: Overlaps, contested: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    rows = sorted({a for a, _ in contested})
    columns = sorted({b for _, b in contested})
    gain = np.zeros((len(rows), len(columns)))
    for a, b in contested:
        dice = 2 * overlaps[a, b] / (sizes_a[a] + sizes_b[b])
        # Overlaps are whole numbers and at most 255 Dice values add up to less than one voxel: Dice only breaks ties.
        gain[rows.index(a), columns.index(b)] = overlaps[a, b] + dice / 512
    chosen = zip(*linear_sum_assignment(gain, maximize=True), strict=True)
    pairs = [(rows[row], columns[column]) for row, column in chosen]
    return [pair for pair in pairs if pair in overlaps]
