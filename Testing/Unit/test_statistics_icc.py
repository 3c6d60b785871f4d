"""Intraclass correlation and limits of agreement against pingouin and against the published tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pingouin
import pytest
from crc_core.errors import CrcError
from crc_core.statistics import IccForm, bland_altman, intraclass_correlation, intraclass_correlations
from hypothesis import given, settings
from hypothesis import strategies as st

SHROUT_FLEISS_1979 = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Table 2 of the paper: six targets, four judges."""

PUBLISHED = {"1,1": 0.17, "2,1": 0.29, "3,1": 0.71, "1,k": 0.44, "2,k": 0.62, "3,k": 0.91}
"""Table 4 of the paper."""

THEIR_NAMES = {"1,1": "ICC(1,1)", "2,1": "ICC(A,1)", "3,1": "ICC(C,1)"}
THEIR_NAMES |= {"1,k": "ICC(1,k)", "2,k": "ICC(A,k)", "3,k": "ICC(C,k)"}


def pingouin_says(values: np.ndarray) -> pd.DataFrame:
    """Pingouin's table by the type of the ICC."""
    cases, raters = values.shape
    long = pd.DataFrame(
        {
            "case": np.repeat(np.arange(cases), raters),
            "rater": np.tile(np.arange(raters), cases),
            "value": values.ravel(),
        }
    )
    return pingouin.intraclass_corr(long, targets="case", raters="rater", ratings="value").set_index("Type")


def readings(seed: int, cases: int, raters: int, noise: float, bias: float) -> np.ndarray:
    """Measurements with a true spread of one, a bias per rater and noise."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(30, 1, (cases, 1)) + bias * rng.normal(0, 1, (1, raters)) + noise * rng.normal(0, 1, (cases, raters))
    )


def test_the_published_table() -> None:
    found = intraclass_correlations(SHROUT_FLEISS_1979)
    assert {form.value: round(icc.value, 2) for form, icc in found.items()} == PUBLISHED
    assert {(icc.cases, icc.raters) for icc in found.values()} == {(6, 4)}


@pytest.mark.parametrize(("noise", "bias"), [(0.1, 0), (0.5, 0.5), (1, 2), (3, 0), (0.01, 3)])
@pytest.mark.parametrize("size", [(30, 2), (12, 4), (5, 3), (120, 2)])
def test_values_and_intervals_equal_pingouin(size: tuple[int, int], noise: float, bias: float) -> None:
    values = readings(7, *size, noise, bias)
    found, witness = intraclass_correlations(values), pingouin_says(values)
    for form, icc in found.items():
        row = witness.loc[THEIR_NAMES[form.value]]
        assert icc.value == pytest.approx(row["ICC"], abs=1e-9)
        if icc.interval is None:
            assert form in (IccForm.TWO_MEAN, IccForm.TWO_SINGLE)
        else:
            assert icc.interval == pytest.approx(tuple(row["CI95"]), abs=5e-3 if icc.value > -1 else 5e-2)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 5), st.sampled_from([0.0, 1e-6, 0.3, 1, 30]))
def test_never_not_a_number_and_the_interval_holds_the_value(seed: int, cases: int, raters: int, noise: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, (cases, 1)) + noise * rng.integers(-1, 2, (cases, raters))
    if np.ptp(values) == 0:
        with pytest.raises(CrcError, match="no variation"):
            intraclass_correlations(values)
        return
    for icc in intraclass_correlations(values).values():
        assert math.isfinite(icc.value)
        assert icc.value <= 1 + 1e-12
        if icc.interval:
            lower, upper = icc.interval
            assert lower - 1e-9 <= icc.value <= upper + 1e-9


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([1e-9, 1e-3, 7.0, 1e12]), st.sampled_from([-50.0, 0.0, 3.0]))
def test_unit_zero_point_and_order_do_not_matter(seed: int, factor: float, shift: float) -> None:
    values = readings(seed, 8, 3, 0.5, 0.3)
    rng = np.random.default_rng(seed)
    changed = (values[rng.permutation(8)][:, rng.permutation(3)] + shift) * factor
    there, back = intraclass_correlations(values), intraclass_correlations(changed)
    for form in IccForm:
        assert back[form].value == pytest.approx(there[form].value, abs=1e-7)
        assert back[form].interval == pytest.approx(there[form].interval, abs=1e-6)


def test_equal_raters_give_one_with_a_sure_interval() -> None:
    values = np.repeat(np.arange(5.0)[:, None], 3, axis=1)
    for icc in intraclass_correlations(values).values():
        assert (icc.value, icc.interval) == (1, (1, 1))
        assert icc.reaches(80)


def test_a_constant_bias_lowers_agreement_but_not_consistency() -> None:
    values = np.arange(30.0)[:, None] + np.array([0.0, 8.0])
    found = intraclass_correlations(values)
    assert found[IccForm.THREE_SINGLE].value == pytest.approx(1)
    assert found[IccForm.TWO_SINGLE].value < 0.75
    interval = found[IccForm.TWO_SINGLE].interval
    assert interval is not None
    assert interval[0] < found[IccForm.TWO_SINGLE].value < interval[1]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], "statistics.no_variation"),
        ([[1.0], [2.0]], "statistics.one_rater"),
        ([[1.0, 2.0]], "statistics.one_case"),
        ([[1.0, math.nan], [2.0, 2.0]], "statistics.not_finite"),
        ([[1.0, math.inf], [2.0, 2.0]], "statistics.not_finite"),
    ],
)
def test_tables_without_an_answer_are_refused(values: list[list[float]], code: str) -> None:
    with pytest.raises(CrcError) as refusal:
        intraclass_correlations(values)
    assert refusal.value.code == code


def test_cases_that_do_not_differ_leave_forms_undefined() -> None:
    values = [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]
    assert IccForm.THREE_SINGLE not in intraclass_correlations(values)
    with pytest.raises(CrcError, match=r"ICC\(3,1\)"):
        intraclass_correlation(values, IccForm.THREE_SINGLE)
    assert intraclass_correlation(values, IccForm.ONE_SINGLE).value == -1


def test_limits_of_agreement_of_the_paper_of_1986() -> None:
    """Peak expiratory flow by two meters, 17 subjects: mean difference -2.1 (-22.0 to 17.8), SD 38.8 l/min.

    The paper puts the limits at two standard deviations, -79.7 (-114.3 to -45.1) and 75.5 (40.9 to 110.1).
    """
    wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    limits = bland_altman(mini, wright)
    assert (limits.cases, round(limits.bias, 1), round(limits.sd, 1)) == (17, -2.1, 38.8)
    assert limits.bias_interval == pytest.approx((-22.0, 17.8), abs=0.15)
    nearer = (2 - 1.96) * limits.sd
    assert (limits.lower - nearer, limits.upper + nearer) == pytest.approx((-79.7, 75.5), abs=0.1)
    assert limits.lower_interval == pytest.approx((-114.3 + nearer, -45.1 + nearer), abs=0.2)
    assert limits.upper_interval == pytest.approx((40.9 - nearer, 110.1 - nearer), abs=0.2)


def test_limits_need_two_finite_cases() -> None:
    with pytest.raises(CrcError):
        bland_altman([1.0], [2.0])
    with pytest.raises(CrcError):
        bland_altman([1.0, math.nan], [2.0, 3.0])
    with pytest.raises(ValueError, match="against"):
        bland_altman([1.0, 2.0], [2.0])
