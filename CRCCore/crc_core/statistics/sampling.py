"""The agreement sample: drawn by a seed, spread over the strata, the same on every machine.

The rule, named by `ALGORITHM`, so that an auditor can draw again with nothing but SHA-256:

1. Units that are excluded are left out; N remain.
2. They are put in order by their strata (compared as text, code point by code point), within a stratum by the
   hexadecimal SHA-256 of "<ALGORITHM>\\n<seed>\\n<unit>" in UTF-8.
3. With r = the SHA-256 of "<ALGORITHM>\\n<seed>" as a number, modulo N, the units at the places (r + m·N) // n, for
   m = 0 … n-1, counted from 0, are drawn: systematic sampling, in which every unit has the chance n/N and every stratum
   gets its share to within one unit.
4. They are listed by the same hash, which is the order to read them in.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from crc_core.errors import CrcError

ALGORITHM = "crc-sample/1"


@dataclass(frozen=True)
class SampleUnit:
    """A unit that may be drawn and its strata, e.g. site, vendor, place, size, metastasis."""

    unit: str
    strata: tuple[str, ...]


@dataclass(frozen=True)
class StratumCount:
    """How many units a stratum has and how many of them were drawn."""

    strata: tuple[str, ...]
    population: int
    drawn: int


@dataclass(frozen=True)
class Sample:
    """The units drawn, in the order to read them, with all that is needed to draw them again."""

    algorithm: str
    seed: int
    population: int
    excluded: tuple[str, ...]
    drawn: tuple[str, ...]
    strata: tuple[StratumCount, ...]


def draw_sample(units: Iterable[SampleUnit], size: int, seed: int, excluded: Set[str] = frozenset()) -> Sample:
    """Draw `size` units of those not in `excluded`.

    Raises CrcError for a unit listed twice, an excluded unit that is not there, and fewer units than `size`.
    """
    listed = list(units)
    names = Counter(unit.unit for unit in listed)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise CrcError("statistics.unit_twice", unit=twice)
    unknown = next((name for name in sorted(excluded) if name not in names), None)
    if unknown is not None:
        raise CrcError("statistics.unit_unknown", unit=unknown)
    eligible = [unit for unit in listed if unit.unit not in excluded]
    if size < 1 or len(eligible) < size:
        raise CrcError("statistics.too_few_units", wanted=size, seen=len(eligible))
    chosen = _systematic(sorted(eligible, key=lambda unit: (unit.strata, _hash(seed, unit.unit))), size, seed)
    drawn = reading_order(seed, (unit.unit for unit in chosen))
    return Sample(ALGORITHM, seed, len(eligible), tuple(sorted(excluded)), drawn, _counts(eligible, chosen))


def reading_order(seed: int, names: Iterable[str]) -> tuple[str, ...]:
    """Names in the order the seed gives them: shuffled, and the same on every machine."""
    return tuple(sorted(names, key=lambda name: _hash(seed, name)))


def _systematic(ordered: Sequence[SampleUnit], size: int, seed: int) -> list[SampleUnit]:
    start = int(_hash(seed), 16) % len(ordered)
    return [ordered[(start + turn * len(ordered)) // size] for turn in range(size)]


def _hash(seed: int, *unit: str) -> str:
    return hashlib.sha256("\n".join((ALGORITHM, str(seed), *unit)).encode("utf-8")).hexdigest()


def _counts(eligible: Sequence[SampleUnit], chosen: Sequence[SampleUnit]) -> tuple[StratumCount, ...]:
    population = Counter(unit.strata for unit in eligible)
    drawn = Counter(unit.strata for unit in chosen)
    return tuple(StratumCount(strata, population[strata], drawn[strata]) for strata in sorted(population))
