"""How far readers agree: overlap, surface distances, lesions matched, regions of disagreement, the union."""

from crc_core.agreement.batch import PairJob, PairResult, compare_many
from crc_core.agreement.comparison import (
    Agreement,
    Comparison,
    LesionPair,
    SurfaceMeasures,
    compare_masks,
    compare_prepared,
    matched_lesions,
)
from crc_core.agreement.overlap import Overlap, overlap
from crc_core.agreement.policy import AgreementPolicy, agreement_policy
from crc_core.agreement.prepared import PreparedMask, prepare
from crc_core.agreement.readers import ReaderPair, ReadersComparison, Spread, compare_readers
from crc_core.agreement.regions import DisagreementRegion, Side, disagreement_regions
from crc_core.agreement.surface_distances import SurfaceDistances, hausdorff_mm, surface_distances
from crc_core.agreement.union import UnionMask, all_lesions, union

__all__ = [
    "Agreement",
    "AgreementPolicy",
    "Comparison",
    "DisagreementRegion",
    "LesionPair",
    "Overlap",
    "PairJob",
    "PairResult",
    "PreparedMask",
    "ReaderPair",
    "ReadersComparison",
    "Side",
    "Spread",
    "SurfaceDistances",
    "SurfaceMeasures",
    "UnionMask",
    "agreement_policy",
    "all_lesions",
    "compare_many",
    "compare_masks",
    "compare_prepared",
    "compare_readers",
    "disagreement_regions",
    "hausdorff_mm",
    "matched_lesions",
    "overlap",
    "prepare",
    "surface_distances",
    "union",
]
