"""The final mask of one target, composed lesion by lesion from two readings and what a person decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.voxels import foreground
from crc_core.errors import CrcError
from crc_core.geometry.grid import Volume
from crc_core.geometry.requirements import lesion_numbers
from crc_core.reading.final import FinalLesion, Take
from crc_core.vocabulary import LesionClass, Target

_LARGEST_NUMBER = 255


@dataclass(frozen=True, eq=False)
class LesionDecision:
    """What becomes of one lesion: its numbers in A and in B, what is taken, its class, why.

    `edited` is the contour a senior drew (non-zero voxels on the source's grid), for `Take.EDITED` only.
    """

    target: Target
    from_a: tuple[int, ...]
    from_b: tuple[int, ...]
    take: Take
    kind: LesionClass
    reason: str | None = None
    note: str | None = None
    edited: Volume | None = None

    def __post_init__(self) -> None:
        if (self.take is Take.EDITED) != (self.edited is not None):
            raise ValueError("an edited lesion comes with its contour, no other does")
        if not self.from_a and not self.from_b and self.take is not Take.EDITED:
            raise ValueError("a lesion that neither reader drew can only be drawn anew")


@dataclass(frozen=True, eq=False)
class ComposedTarget:
    """A final mask, the lesions in it, and how many voxels two final lesions both claim (the later one has them)."""

    volume: Volume
    lesions: tuple[FinalLesion, ...]
    contested_voxels: int


def compose(a: Volume | None, b: Volume | None, decisions: Sequence[LesionDecision]) -> ComposedTarget:
    """Compose the decisions of one target; a missing mask counts as nothing drawn.

    A final lesion keeps its number of A where that is free, else of B, else takes the smallest free one; dropped
    lesions are recorded with number 0. Raises CrcError for a result without voxels and for more than 255 lesions.
    """
    grid = next(volume.grid for volume in (a, b, *(item.edited for item in decisions)) if volume is not None)
    first, second = Drawn.of(a), Drawn.of(b)
    numbers = final_numbers(decisions)
    mask = np.zeros(grid.shape_kji, np.uint8)
    flat_mask = mask.reshape(-1)
    lesions, contested = [], 0
    for decision, number in zip(decisions, numbers, strict=True):
        lesions.append(_record(decision, number))
        if decision.take is Take.DROPPED:
            continue
        voxels = voxels_of(decision, first, second)
        if not voxels.size:
            raise CrcError("decision.empty_lesion", target=decision.target.value, number=number)
        contested += int(np.count_nonzero(flat_mask[voxels]))
        flat_mask[voxels] = number
    return ComposedTarget(Volume(mask, grid), tuple(lesions), contested)


@dataclass(frozen=True, eq=False)
class Drawn:
    """The flat indices a reader drew, with their lesion numbers."""

    flat: NDArray[np.int64]
    numbers: NDArray[np.uint8]

    @classmethod
    def of(cls, volume: Volume | None) -> Drawn:
        """What a mask holds; nothing for None. Raises CrcError for values that are no lesion numbers."""
        if volume is None:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.uint8))
        return cls(*foreground(np.ascontiguousarray(lesion_numbers(volume.array))))

    def lesions(self, numbers: tuple[int, ...]) -> NDArray[np.int64]:
        """The flat indices of some lesions together."""
        return self.flat[np.isin(self.numbers, numbers)]


def voxels_of(decision: LesionDecision, first: Drawn, second: Drawn) -> NDArray[np.int64]:
    """The flat indices of what a decision takes of A and of B; none for a dropped lesion."""
    if decision.take is Take.DROPPED:
        return np.zeros(0, np.int64)
    if decision.take is Take.EDITED:
        return Drawn.of(decision.edited).flat
    from_a, from_b = first.lesions(decision.from_a), second.lesions(decision.from_b)
    if decision.take is Take.A:
        return from_a
    if decision.take is Take.B:
        return from_b
    if decision.take is Take.UNION:
        return np.union1d(from_a, from_b)
    return np.intersect1d(from_a, from_b, assume_unique=True)


def final_numbers(decisions: Sequence[LesionDecision]) -> list[int]:
    """The final number of each lesion of one target, 0 for a dropped one; raises CrcError beyond 255."""
    numbers: list[int] = []
    for decision in decisions:
        wishes = (*decision.from_a, *decision.from_b, *range(1, _LARGEST_NUMBER + 1))
        if decision.take is Take.DROPPED:
            numbers.append(0)
            continue
        free = next((wish for wish in wishes if wish not in numbers), None)
        if free is None:
            raise CrcError("decision.too_many_lesions")
        numbers.append(free)
    return numbers


def _record(decision: LesionDecision, number: int) -> FinalLesion:
    return FinalLesion(
        number=number,
        kind=decision.kind,
        take=decision.take,
        from_a=decision.from_a,
        from_b=decision.from_b,
        reason=decision.reason,
        note=decision.note,
    )
