"""Kappa against scikit-learn, and its answers where chance explains everything."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.statistics import Weighting, cohen_kappa
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

STAGES = ("T1", "T2", "T3", "T4a", "T4b")
WEIGHTS = {Weighting.NONE: None, Weighting.LINEAR: "linear", Weighting.QUADRATIC: "quadratic"}


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 5), st.sampled_from(Weighting))
def test_equal_to_scikit_learn(seed: int, cases: int, used: int, weighting: Weighting) -> None:
    rng = np.random.default_rng(seed)
    first, second = ([STAGES[n] for n in rng.integers(0, used, cases)] for _ in range(2))
    found = cohen_kappa(first, second, STAGES, weighting)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        witness = cohen_kappa_score(first, second, labels=STAGES, weights=WEIGHTS[weighting])
    equal = sum(one == other for one, other in zip(first, second, strict=True)) / cases
    assert found.agreement == equal
    assert found.prevalence_adjusted == pytest.approx((5 * equal - 1) / 4)
    if found.kappa is None:
        assert len({*first, *second}) == 1
        assert math.isnan(witness)
    else:
        assert found.kappa == pytest.approx(witness, abs=1e-12)


def test_prevalence_adjusted_kappa_of_two_answers_is_twice_the_agreement_less_one() -> None:
    """Byrt et al. 1993: rare findings depress kappa though readers nearly always agree."""
    first, second = ["no"] * 96 + ["yes", "no", "yes", "no"], ["no"] * 96 + ["no", "yes", "no", "yes"]
    found = cohen_kappa(first, second, ("no", "yes"))
    assert found.prevalence_adjusted == pytest.approx(2 * 0.96 - 1)
    assert found.kappa is not None
    assert found.kappa < 0


def test_one_answer_throughout_has_no_kappa_but_full_agreement() -> None:
    found = cohen_kappa(["T3"] * 4, ["T3"] * 4, STAGES)
    assert (found.kappa, found.agreement, found.prevalence_adjusted) == (None, 1, 1)
    assert cohen_kappa(["x"], ["x"], ["x"]).prevalence_adjusted is None


def test_what_is_not_a_series_of_answers_is_refused() -> None:
    with pytest.raises(CrcError, match="T5"):
        cohen_kappa(["T5"], ["T1"], STAGES)
    with pytest.raises(CrcError):
        cohen_kappa([], [], STAGES)
    with pytest.raises(ValueError, match="against"):
        cohen_kappa(["T1"], [], STAGES)
