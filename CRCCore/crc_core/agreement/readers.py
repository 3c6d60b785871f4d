"""More than two readers of one target: all pairs, their mean and their least."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crc_core.agreement.comparison import Agreement, Comparison, compare_prepared
from crc_core.agreement.policy import AgreementPolicy
from crc_core.agreement.prepared import PreparedMask


@dataclass(frozen=True, eq=False)
class ReaderPair:
    """The comparison of two readers by their places in the list, first = 0."""

    first: int
    second: int
    comparison: Comparison


@dataclass(frozen=True)
class Spread:
    """One measure over all pairs it is defined for: how many those are, their mean, least and largest."""

    pairs: int
    mean: float
    minimum: float
    maximum: float


@dataclass(frozen=True, eq=False)
class ReadersComparison:
    """All pairs of several readers; pairs in which neither drew anything stay out of mean and minimum."""

    pairs: tuple[ReaderPair, ...]

    @property
    def dice_values(self) -> tuple[float, ...]:
        """Dice of every pair in which at least one reader drew something."""
        values = (pair.comparison.overlap.dice for pair in self.pairs)
        return tuple(value for value in values if value is not None)

    @property
    def dice_mean(self) -> float | None:
        """The mean Dice of the pairs; None where no reader drew anything."""
        return sum(self.dice_values) / len(self.dice_values) if self.dice_values else None

    @property
    def dice_minimum(self) -> float | None:
        """The least Dice of the pairs; None where no reader drew anything."""
        return min(self.dice_values, default=None)

    def spread(self, measure: Callable[[Comparison], float | None]) -> Spread | None:
        """A measure over all pairs; those where it is None (nothing drawn, one mask empty) stay out of it."""
        values = [value for pair in self.pairs if (value := measure(pair.comparison)) is not None]
        return Spread(len(values), sum(values) / len(values), min(values), max(values)) if values else None

    @property
    def verdict(self) -> Agreement:
        """Agreed where every pair agrees."""
        agreed = all(pair.comparison.verdict is Agreement.AGREED for pair in self.pairs)
        return Agreement.AGREED if agreed else Agreement.DISPUTED


def compare_readers(masks: Sequence[PreparedMask], policy: AgreementPolicy | None = None) -> ReadersComparison:
    """Compare every two of several readers; each mask is read through and its surfaces are made once.

    Raises CrcError for another grid.
    """
    return ReadersComparison(
        tuple(
            ReaderPair(first, second, compare_prepared(masks[first], masks[second], policy))
            for first, second in itertools.combinations(range(len(masks)), 2)
        )
    )
