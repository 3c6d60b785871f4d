"""The numbers that decide agreement, read from the versioned file `data/agreement_policy.json`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crc_core.files.packaged import packaged_document


@dataclass(frozen=True)
class AgreementPolicy:
    """One version of the rules: shares in whole percent, so that no rounding decides a case.

    `dice_percent` is the consensus' 0.80 (section 2.4.2), `sub_voxel_percent` the surface Dice at one voxel from which
    a dispute counts as sub-voxel, `part_percent` the share of a lesion that must lie in another reader's lesion to be
    a part of it (split, merged).
    """

    version: int
    dice_percent: int
    tolerances_mm: tuple[int, ...]
    sub_voxel_percent: int
    part_percent: int
    hausdorff_percentile: int
    icc_percent: int
    smallest_sample: int
    icc_form_inter: str
    icc_form_intra: str
    washout_days: int


@cache
def agreement_policy() -> AgreementPolicy:
    """The policy that this version of the program applies."""
    document = packaged_document("agreement_policy.json")
    return AgreementPolicy(
        version=int(document["version"]),
        dice_percent=int(document["dice_percent"]),
        tolerances_mm=tuple(int(tolerance) for tolerance in document["tolerances_mm"]),
        sub_voxel_percent=int(document["sub_voxel_percent"]),
        part_percent=int(document["part_percent"]),
        hausdorff_percentile=int(document["hausdorff_percentile"]),
        icc_percent=int(document["icc_percent"]),
        smallest_sample=int(document["smallest_sample"]),
        icc_form_inter=str(document["icc_form"]["inter"]),
        icc_form_intra=str(document["icc_form"]["intra"]),
        washout_days=int(document["washout_days"]),
    )
