"""Statistics of agreement: intraclass correlation, kappa, Bland-Altman, the agreement sample."""

from crc_core.statistics.bland_altman import BlandAltman, bland_altman
from crc_core.statistics.icc import Icc, IccForm, intraclass_correlation, intraclass_correlations
from crc_core.statistics.kappa import Kappa, Weighting, cohen_kappa
from crc_core.statistics.ratings import Ratings, ratings_matrix, read_ratings
from crc_core.statistics.sampling import Sample, SampleUnit, draw_sample

__all__ = [
    "BlandAltman",
    "Icc",
    "IccForm",
    "Kappa",
    "Ratings",
    "Sample",
    "SampleUnit",
    "Weighting",
    "bland_altman",
    "cohen_kappa",
    "draw_sample",
    "intraclass_correlation",
    "intraclass_correlations",
    "ratings_matrix",
    "read_ratings",
]
