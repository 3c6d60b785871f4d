"""What is measured between two drawn readings of one target before the decision table is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from crc_core.agreement import Comparison, Overlap, compare_masks, prepare
from crc_core.agreement.policy import AgreementPolicy, agreement_policy
from crc_core.contour.inspection import check_union
from crc_core.contour.results import CheckId
from crc_core.decision.composition import LesionDecision, compose
from crc_core.decision.table import PairFacts, Reason, TargetFacts
from crc_core.geometry.grid import Volume
from crc_core.reading.final import Take
from crc_core.reading.schema import TargetReading
from crc_core.vocabulary import LesionClass

_UNION_REASONS: Mapping[CheckId, Reason] = MappingProxyType(
    {
        CheckId.GAS: Reason.UNION_GAS,
        CheckId.FAT: Reason.UNION_FAT,
        CheckId.VESSEL: Reason.UNION_VESSEL,
        CheckId.BRIDGE: Reason.UNION_BRIDGE,
    }
)
_PERMILLE = 1000


def facts_of(a: TargetReading, mask_a: Volume, b: TargetReading, mask_b: Volume, image: Volume | None) -> TargetFacts:
    """Match the lesions of two masks on one grid, count their agreement, and check the union of every agreed pair.

    `image` is the source in HU on the same grid; without it the union is only checked for bridges. Lesions of class
    uncertain are matched like all others but stay out of the target's Dice. Raises CrcError for another grid.
    """
    policy = agreement_policy()
    comparison = compare_masks(mask_a, mask_b, policy=policy)
    groups = _groups(comparison)
    matched = [_one_to_one(comparison, a, b) for a, b in _single(comparison, groups)]
    grouped = [_several(mask_a, mask_b, group_a, group_b, policy) for group_a, group_b in groups]
    problems = _union_problems(a, mask_a, mask_b, [pair for pair in matched if pair.reaches_threshold], image)
    pairs = [_with_problems(pair, problems) for pair in matched] + grouped
    taken_a = {number for pair in pairs for number in pair.a}
    taken_b = {number for pair in pairs for number in pair.b}
    return TargetFacts(
        pairs=tuple(sorted(pairs, key=lambda pair: (pair.a, pair.b))),
        only_a=tuple(number for number, _ in comparison.sizes_a if number not in taken_a),
        only_b=tuple(number for number, _ in comparison.sizes_b if number not in taken_b),
        dice_permille=_whole_dice(a, mask_a, b, mask_b, comparison),
    )


def _whole_dice(
    a: TargetReading, mask_a: Volume, b: TargetReading, mask_b: Volume, comparison: Comparison
) -> int | None:
    unsure_a, unsure_b = _uncertain(a), _uncertain(b)
    if not unsure_a and not unsure_b:
        return _permille(comparison.overlap)
    first, second = prepare(mask_a, unsure_a), prepare(mask_b, unsure_b)
    common = int(np.count_nonzero(second.look_up(first.flat)))
    return _permille(Overlap(common, len(first.flat), len(second.flat)))


def _uncertain(reading: TargetReading) -> frozenset[int]:
    return frozenset(lesion.number for lesion in reading.lesions if lesion.kind is LesionClass.UNCERTAIN)


def _permille(overlap: Overlap) -> int | None:
    total = overlap.size_a + overlap.size_b
    return 2 * _PERMILLE * overlap.intersection // total if total else None


def _groups(comparison: Comparison) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Lesions that a split or a merger ties together; splits and mergers that share a lesion are one group."""
    groups: list[tuple[set[int], set[int]]] = []
    ties = [({split.number_a}, set(split.numbers_b)) for split in comparison.split]
    ties += [(set(merge.numbers_a), {merge.number_b}) for merge in comparison.merged]
    for tie_a, tie_b in ties:
        touching = [group for group in groups if group[0] & tie_a or group[1] & tie_b]
        groups = [group for group in groups if group not in touching]
        groups.append((tie_a.union(*(g[0] for g in touching)), tie_b.union(*(g[1] for g in touching))))
    return [(tuple(sorted(group_a)), tuple(sorted(group_b))) for group_a, group_b in groups]


def _single(comparison: Comparison, groups: Iterable[tuple[tuple[int, ...], tuple[int, ...]]]) -> list[tuple[int, int]]:
    in_groups_a = {number for group_a, _ in groups for number in group_a}
    in_groups_b = {number for _, group_b in groups for number in group_b}
    pairs = [(pair.number_a, pair.number_b) for pair in comparison.pairs]
    return [(a, b) for a, b in pairs if a not in in_groups_a and b not in in_groups_b]


def _one_to_one(comparison: Comparison, number_a: int, number_b: int) -> PairFacts:
    pair = next(item for item in comparison.pairs if (item.number_a, item.number_b) == (number_a, number_b))
    return PairFacts(
        a=(number_a,),
        b=(number_b,),
        reaches_threshold=pair.agreed,
        dice_permille=_permille(pair.overlap) or 0,
        is_subvoxel=pair.sub_voxel,
    )


def _several(
    mask_a: Volume, mask_b: Volume, group_a: tuple[int, ...], group_b: tuple[int, ...], policy: AgreementPolicy
) -> PairFacts:
    in_a, in_b = np.isin(mask_a.array, group_a), np.isin(mask_b.array, group_b)
    overlap = Overlap(int(np.count_nonzero(in_a & in_b)), int(np.count_nonzero(in_a)), int(np.count_nonzero(in_b)))
    return PairFacts(group_a, group_b, overlap.reaches(policy.dice_percent), _permille(overlap) or 0, False)


def _union_problems(
    a: TargetReading, mask_a: Volume, mask_b: Volume, agreed: list[PairFacts], image: Volume | None
) -> Mapping[int, set[Reason]]:
    """What speaks against the union of the agreed pairs, by the lesion's number in A."""
    if not agreed:
        return {}
    kinds = {lesion.number: lesion.kind for lesion in a.lesions}
    decisions = [LesionDecision(a.target, pair.a, pair.b, Take.UNION, kinds[pair.a[0]]) for pair in agreed]
    united = compose(mask_a, mask_b, decisions)
    number_in_a = {lesion.number: lesion.from_a[0] for lesion in united.lesions}
    problems: dict[int, set[Reason]] = {number: set() for number in number_in_a.values()}
    for finding in check_union(united.volume, image, target=a.target):
        if finding.lesion is not None:
            problems[number_in_a[finding.lesion]].add(_UNION_REASONS[finding.id])
        if finding.id is CheckId.BRIDGE and finding.against and finding.against.isdecimal():
            problems[number_in_a[int(finding.against)]].add(Reason.UNION_BRIDGE)
    return problems


def _with_problems(pair: PairFacts, problems: Mapping[int, set[Reason]]) -> PairFacts:
    found = problems.get(pair.a[0], set())
    order = [reason for reason in _UNION_REASONS.values() if reason in found]
    return PairFacts(pair.a, pair.b, pair.reaches_threshold, pair.dice_permille, pair.is_subvoxel, tuple(order))
