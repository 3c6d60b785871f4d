"""The agreement of raters in a table of measurements: ICC of every measure, limits of agreement of two raters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crc_core.agreement.policy import agreement_policy
from crc_core.errors import CrcError
from crc_core.statistics.bland_altman import BlandAltman, bland_altman
from crc_core.statistics.icc import Icc, IccForm, intraclass_correlations
from crc_core.statistics.ratings import Ratings, ratings_matrix, read_ratings


@dataclass(frozen=True)
class TableAnswer:
    """What a table says of one measure; `left_out` are the cases that some rater did not measure."""

    ratings: Ratings
    chosen: Icc
    forms: Mapping[IccForm, Icc]
    limits: BlandAltman | None
    left_out: tuple[str, ...]


def study_table(
    path: Path, form: IccForm, *, allow_small: bool = False, skip_incomplete: bool = False
) -> tuple[TableAnswer, ...]:
    """One answer per measure of the table, in its order.

    Raises CrcError naming the table for gaps (unless they are to be skipped), text, one rater, fewer cases than the
    consensus asks for (unless allowed), equal values everywhere, and a form that is not defined.
    """
    return tuple(_answer(ratings, path, form, allow_small, skip_incomplete) for ratings in read_ratings(path))


def _answer(ratings: Ratings, path: Path, form: IccForm, allow_small: bool, skip_incomplete: bool) -> TableAnswer:
    if len(ratings.raters) < 2:
        raise CrcError("statistics.one_rater", path=path)
    matrix, smallest = ratings_matrix(ratings, path, skip_incomplete), agreement_policy().smallest_sample
    if len(matrix) < smallest and not allow_small:
        raise CrcError("statistics.few_cases", path=path, seen=len(matrix), smallest=smallest)
    try:
        forms = intraclass_correlations(matrix)
    except CrcError as error:
        raise CrcError(error.code, path=path, **error.values) from error
    if form not in forms:
        raise CrcError("statistics.undefined_form", path=path, form=form.value)
    limits = bland_altman(matrix[:, 0], matrix[:, 1]) if len(ratings.raters) == 2 else None
    return TableAnswer(ratings, forms[form], forms, limits, ratings.incomplete_cases)
