"""Agreement of two readers on answers from a list.

Unweighted kappa after Cohen 1960, weighted after Cohen 1968, prevalence-adjusted bias-adjusted kappa (PABAK) after
Byrt et al. 1993 (for more than two answers as Bennett's S).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crc_core.errors import CrcError


class Weighting(StrEnum):
    """How much a difference of several steps on an ordered list weighs."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


@dataclass(frozen=True)
class Kappa:
    """Agreement on one question.

    `agreement` is the share of equal answers. `kappa` is None where chance alone explains everything (both readers gave
    one and the same answer throughout), `prevalence_adjusted` None where the list has a single answer.
    """

    cases: int
    agreement: float
    kappa: float | None
    prevalence_adjusted: float | None
    weighting: Weighting


def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    answers: Sequence[Hashable],
    weighting: Weighting = Weighting.NONE,
) -> Kappa:
    """Kappa of two readers' answers to one question, case by case; `answers` is the whole list, in order if weighted.

    Raises CrcError without cases and for an answer that is not on the list, ValueError for unequal lengths.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} answers against {len(second)}")
    if not first:
        raise CrcError("statistics.no_cases")
    place = {answer: number for number, answer in enumerate(answers)}
    strange = next((answer for answer in (*first, *second) if answer not in place), None)
    if strange is not None:
        raise CrcError("statistics.unknown_answer", answer=strange)
    size = len(place)
    table = np.zeros((size, size))
    for one, other in zip(first, second, strict=True):
        table[place[one], place[other]] += 1
    agreement = float(np.trace(table) / len(first))
    return Kappa(
        cases=len(first),
        agreement=agreement,
        kappa=_kappa(table, _weights(size, weighting)),
        prevalence_adjusted=(size * agreement - 1) / (size - 1) if size > 1 else None,
        weighting=weighting,
    )


def _weights(size: int, weighting: Weighting) -> NDArray[np.float64]:
    steps = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)
    if weighting is Weighting.NONE:
        return np.minimum(steps, 1)
    return steps if weighting is Weighting.LINEAR else steps**2


def _kappa(table: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    by_chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    expected = float((weights * by_chance).sum())
    return 1 - float((weights * table).sum()) / expected if expected > 0 else None
