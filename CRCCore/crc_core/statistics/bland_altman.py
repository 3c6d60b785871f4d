"""Limits of agreement of two series of measurements (Bland and Altman, Lancet 1986 and Stat Methods Med Res 1999)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crc_core.errors import CrcError

_NORMAL_QUANTILE = 1.959963984540054
"""Of 97.5 %: 95 % of normally distributed differences lie within so many standard deviations."""


@dataclass(frozen=True)
class BlandAltman:
    """Differences second minus first, in the unit measured.

    `bias` is their mean, `sd` their standard deviation, `lower` and `upper` the limits that hold 95 % of them; the
    intervals are 95 % confidence intervals, those of the limits by the approximation of the paper of 1986.
    """

    cases: int
    bias: float
    sd: float
    lower: float
    upper: float
    bias_interval: tuple[float, float]
    lower_interval: tuple[float, float]
    upper_interval: tuple[float, float]


def bland_altman(first: ArrayLike, second: ArrayLike) -> BlandAltman:
    """The limits of agreement of two series of the same cases.

    Raises CrcError for fewer than two cases and values that are not finite, ValueError for unequal lengths.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"{one.shape} values against {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise CrcError("statistics.not_finite")
    if one.size < 2:
        raise CrcError("statistics.one_case")
    from scipy.stats import t

    difference = other - one
    bias, sd, cases = float(difference.mean()), float(difference.std(ddof=1)), int(one.size)
    half = float(t.ppf(0.975, cases - 1)) * sd / math.sqrt(cases)
    wide = half * math.sqrt(3)
    lower, upper = bias - _NORMAL_QUANTILE * sd, bias + _NORMAL_QUANTILE * sd
    return BlandAltman(
        cases=cases,
        bias=bias,
        sd=sd,
        lower=lower,
        upper=upper,
        bias_interval=(bias - half, bias + half),
        lower_interval=(lower - wide, lower + wide),
        upper_interval=(upper - wide, upper + wide),
    )
