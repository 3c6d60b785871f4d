"""The matching of lesions against trying every assignment."""

from __future__ import annotations

import itertools

from crc_core.agreement.matching import match_lesions
from hypothesis import given, settings
from hypothesis import strategies as st

Case = tuple[dict[int, int], dict[int, int], dict[tuple[int, int], int]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to four lesions on either side; overlaps that fit into them."""
    numbers = st.lists(st.integers(1, 255), max_size=4, unique=True)
    numbers_a, numbers_b = draw(numbers), draw(numbers)
    overlaps = {pair: draw(st.integers(0, 6)) for pair in itertools.product(numbers_a, numbers_b)}
    sizes_a = {a: draw(st.integers(1, 5)) + sum(overlaps[a, b] for b in numbers_b) for a in numbers_a}
    sizes_b = {b: draw(st.integers(1, 5)) + sum(overlaps[a, b] for a in numbers_a) for b in numbers_b}
    return sizes_a, sizes_b, {pair: voxels for pair, voxels in overlaps.items() if voxels}


def worth(pairs: tuple[tuple[int, int], ...], case: Case) -> tuple[int, float]:
    """Total overlap, then total Dice."""
    sizes_a, sizes_b, overlaps = case
    dice = sum(2 * overlaps[a, b] / (sizes_a[a] + sizes_b[b]) for a, b in pairs)
    return sum(overlaps[pair] for pair in pairs), round(dice, 9)


def every_matching(case: Case) -> list[tuple[tuple[int, int], ...]]:
    """All sets of overlapping pairs in which no lesion occurs twice."""
    edges = list(case[2])
    return [
        pairs
        for count in range(min(len(case[0]), len(case[1])) + 1)
        for pairs in itertools.combinations(edges, count)
        if len({a for a, _ in pairs}) == len({b for _, b in pairs}) == count
    ]


@settings(max_examples=150)
@given(cases())
def test_matching_equals_brute_force(case: Case) -> None:
    found = match_lesions(*case, part_percent=50)
    assert worth(found.pairs, case) == max(worth(pairs, case) for pairs in every_matching(case))


@settings(max_examples=100)
@given(cases())
def test_every_lesion_is_in_exactly_one_place(case: Case) -> None:
    found = match_lesions(*case, part_percent=50)
    assert sorted([*(a for a, _ in found.pairs), *found.only_a]) == sorted(case[0])
    assert sorted([*(b for _, b in found.pairs), *found.only_b]) == sorted(case[1])
    assert all(pair in case[2] for pair in found.pairs)


@settings(max_examples=100)
@given(cases())
def test_split_and_merged_are_those_with_two_parts(case: Case) -> None:
    sizes_a, sizes_b, overlaps = case
    found = match_lesions(*case, part_percent=50)
    for a in sizes_a:
        parts = tuple(sorted(b for b in sizes_b if 2 * overlaps.get((a, b), 0) >= sizes_b[b]))
        assert ((a, parts) in [(s.number_a, s.numbers_b) for s in found.split]) == (len(parts) > 1)
    for b in sizes_b:
        parts = tuple(sorted(a for a in sizes_a if 2 * overlaps.get((a, b), 0) >= sizes_a[a]))
        assert ((parts, b) in [(m.numbers_a, m.number_b) for m in found.merged]) == (len(parts) > 1)
    assert len(found.split) <= len(sizes_a)
    assert len(found.merged) <= len(sizes_b)


def test_a_chain_is_not_matched_greedily() -> None:
    """The largest single overlap (2, 2) would leave lesion 1 of A and lesion 3 of B alone."""
    found = match_lesions({1: 20, 2: 20}, {2: 20, 3: 20}, {(1, 2): 8, (2, 2): 9, (2, 3): 7}, part_percent=50)
    assert found.pairs == ((1, 2), (2, 3))


def test_equal_overlap_goes_to_the_lesion_of_like_size() -> None:
    found = match_lesions({1: 500, 2: 12}, {1: 10}, {(1, 1): 5, (2, 1): 5}, part_percent=50)
    assert found.pairs == ((2, 1),)
