"""Intraclass correlation of a complete table of cases by raters.

Forms after Shrout and Fleiss 1979 (Psychol Bull 86:420), confidence intervals after them and McGraw and Wong 1996
(Psychol Methods 1:30): (1,·) one-way, every case its own raters; (2,·) two-way, absolute agreement, which McGraw and
Wong call ICC(A,·) and which holds for raters seen as a sample and for just these raters alike; (3,·) two-way,
consistency, ICC(C,·). The second sign is 1 for one rater's value, k for the mean of all raters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crc_core.errors import CrcError

_CONFIDENCE = 0.95
_ROUNDING = 1e-13


class IccForm(StrEnum):
    """The six forms of Shrout and Fleiss."""

    ONE_SINGLE = "1,1"
    TWO_SINGLE = "2,1"
    THREE_SINGLE = "3,1"
    ONE_MEAN = "1,k"
    TWO_MEAN = "2,k"
    THREE_MEAN = "3,k"


@dataclass(frozen=True)
class Icc:
    """One form with its 95 % confidence interval; the interval is None where it has no finite ends."""

    form: IccForm
    value: float
    interval: tuple[float, float] | None
    cases: int
    raters: int

    def reaches(self, percent: int) -> bool:
        """Whether the value is at least `percent` / 100, but for the rounding of the computation."""
        return self.value >= percent / 100 - 1e-12


def intraclass_correlations(values: ArrayLike) -> dict[IccForm, Icc]:
    """All forms that are defined for `values` `[case, rater]`; (2,·) and (3,·) need the same raters throughout.

    Raises CrcError for fewer than two cases or raters, for values that are not finite and where all are equal.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise CrcError("statistics.not_finite")
    cases, raters = table.shape
    if raters < 2:
        raise CrcError("statistics.one_rater")
    if cases < 2:
        raise CrcError("statistics.one_case")
    squares = _mean_squares(table)
    found = {}
    for form in IccForm:
        value = _value(form, squares)
        if value is not None:
            found[form] = Icc(form, value, _interval(form, squares), cases, raters)
    return found


def intraclass_correlation(values: ArrayLike, form: IccForm) -> Icc:
    """One form for `values` `[case, rater]`; raises CrcError as `intraclass_correlations` and where it is undefined."""
    found = intraclass_correlations(values)
    if form not in found:
        raise CrcError("statistics.undefined_form", form=form.value)
    return found[form]


@dataclass(frozen=True)
class _MeanSquares:
    """The analysis of variance: mean squares between cases, within cases, between raters, and of what is left."""

    cases: int
    raters: int
    between: float
    within: float
    judges: float
    error: float


def _mean_squares(table: NDArray[np.float64]) -> _MeanSquares:
    n, k = table.shape
    largest = float(np.abs(table).max())
    # Scaled, so that neither tiny nor huge units under- or overflow; an ICC has no unit.
    table = table / largest if largest else table
    table = table - table.mean()
    row, column = table.mean(axis=1, keepdims=True), table.mean(axis=0, keepdims=True)
    if np.abs(table).max() <= _ROUNDING:
        raise CrcError("statistics.no_variation")
    return _MeanSquares(
        cases=n,
        raters=k,
        between=_without_rounding(k * float(np.square(row).sum()) / (n - 1)),
        within=_without_rounding(float(np.square(table - row).sum()) / (n * (k - 1))),
        judges=_without_rounding(n * float(np.square(column).sum()) / (k - 1)),
        error=_without_rounding(float(np.square(table - row - column).sum()) / ((n - 1) * (k - 1))),
    )


def _without_rounding(mean_square: float) -> float:
    return mean_square if mean_square > _ROUNDING**2 else 0.0


def _value(form: IccForm, s: _MeanSquares) -> float | None:
    n, k = s.cases, s.raters
    top, bottom = {
        IccForm.ONE_SINGLE: (s.between - s.within, s.between + (k - 1) * s.within),
        IccForm.TWO_SINGLE: (s.between - s.error, s.between + (k - 1) * s.error + k * (s.judges - s.error) / n),
        IccForm.THREE_SINGLE: (s.between - s.error, s.between + (k - 1) * s.error),
        IccForm.ONE_MEAN: (s.between - s.within, s.between),
        IccForm.TWO_MEAN: (s.between - s.error, s.between + (s.judges - s.error) / n),
        IccForm.THREE_MEAN: (s.between - s.error, s.between),
    }[form]
    return top / bottom if bottom > 0 else None


def _interval(form: IccForm, s: _MeanSquares) -> tuple[float, float] | None:
    if form in (IccForm.TWO_SINGLE, IccForm.TWO_MEAN):
        ends = _agreement_interval(s)
        if form is IccForm.TWO_MEAN:
            ends = (_of_mean(ends[0], s.raters), _of_mean(ends[1], s.raters))
    else:
        ends = _one_noise_interval(form, s)
    return ends if all(math.isfinite(end) for end in ends) else None


def _one_noise_interval(form: IccForm, s: _MeanSquares) -> tuple[float, float]:
    """Shrout and Fleiss 1979: the exact interval where one mean square is all the noise."""
    n, k = s.cases, s.raters
    one_way = form in (IccForm.ONE_SINGLE, IccForm.ONE_MEAN)
    noise, freedom = (s.within, n * (k - 1)) if one_way else (s.error, (n - 1) * (k - 1))
    share = k - 1 if form in (IccForm.ONE_SINGLE, IccForm.THREE_SINGLE) else 0
    lower, upper = (q * noise for q in _f_quantiles(n - 1, freedom))
    return (
        _ratio(s.between - lower, s.between + share * lower),
        _ratio(s.between - upper, s.between + share * upper),
    )


def _agreement_interval(s: _MeanSquares) -> tuple[float, float]:
    """McGraw and Wong 1996, table 7: Satterthwaite's degrees of freedom for raters and error together."""
    n, k = s.cases, s.raters
    value = _value(IccForm.TWO_SINGLE, s)
    if value is None:
        return (math.nan, math.nan)
    a, b = k * value * s.judges, (n * (1 + (k - 1) * value) - k * value) * s.error
    spread = a * a / (k - 1) + b * b / ((n - 1) * (k - 1))
    if spread == 0:
        return (value, value)
    freedom = (a + b) ** 2 / spread
    if freedom < _ROUNDING:
        return (math.nan, math.nan)
    noise = k * s.judges + (k * n - k - n) * s.error
    lower, upper = _f_quantiles(n - 1, freedom)
    return (
        _ratio(n * (s.between - lower * s.error), lower * noise + n * s.between),
        _ratio(n * (s.between - upper * s.error), upper * noise + n * s.between),
    )


def _of_mean(single: float, k: int) -> float:
    """Spearman and Brown: the reliability of the mean of k ratings; it has none below -1/(k-1)."""
    bottom = 1 + (k - 1) * single
    return k * single / bottom if bottom > 0 else math.nan


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def _f_quantiles(freedom_top: float, freedom_bottom: float) -> tuple[float, float]:
    """The 97.5 % and the 2.5 % quantile of the F distribution."""
    from scipy.stats import f

    tail = (1 - _CONFIDENCE) / 2
    return float(f.isf(tail, freedom_top, freedom_bottom)), float(f.ppf(tail, freedom_top, freedom_bottom))
