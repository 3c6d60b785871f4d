"""A comparison as the JSON document of `crcdb agree`: stable keys, units in the names, None for what does not apply.

Dice is cut to three digits as everywhere it is shown; `voxels` holds the counts for whoever wants more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from crc_core.agreement.comparison import Comparison, LesionPair, SurfaceMeasures
from crc_core.agreement.readers import ReadersComparison
from crc_core.agreement.union import UnionMask


def floored(share: float | None) -> float | None:
    """A share cut to three digits, never rounded up; a hair is forgiven for what floating point lost."""
    return None if share is None else math.floor(share * 1000 + 1e-9) / 1000


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """The document of two readers."""
    first, second = comparison.volumes_ml
    return {
        "dice": comparison.overlap.dice_floored,
        "jaccard": comparison.overlap.jaccard,
        **_surface(comparison.surface),
        "volume_ml": [first, second],
        "volume_difference_ml": second - first,
        "centroid_ras_mm": _centroids(comparison),
        "centroid_distance_mm": comparison.centroid_distance_mm,
        "voxels": {
            "both": comparison.overlap.intersection,
            "a": comparison.overlap.size_a,
            "b": comparison.overlap.size_b,
        },
        "lesions": _lesions(comparison),
        "threshold": comparison.policy.dice_percent / 100,
        "policy_version": comparison.policy.version,
        "absent": True if comparison.is_absent else None,
        "verdict": comparison.verdict.value,
    }


def readers_document(comparison: ReadersComparison, paths: Sequence[Path]) -> dict[str, Any]:
    """The document of more than two readers, who are counted from 1 in the order given."""
    policy = comparison.pairs[0].comparison.policy
    return {
        "readers": [str(path) for path in paths],
        "pairs": [
            {"reader_a": pair.first + 1, "reader_b": pair.second + 1, **comparison_document(pair.comparison)}
            for pair in comparison.pairs
        ],
        "dice_mean": floored(comparison.dice_mean),
        "dice_minimum": floored(comparison.dice_minimum),
        "summary": _summary(comparison),
        "threshold": policy.dice_percent / 100,
        "policy_version": policy.version,
        "absent": None if comparison.dice_values else True,
        "verdict": comparison.verdict.value,
    }


def measures(comparison: Comparison) -> dict[str, float | None]:
    """The measures of two readers under stable names with their units; None where one does not apply."""
    surface = comparison.surface
    first, second = comparison.volumes_ml
    tolerances = comparison.policy.tolerances_mm
    shares = dict.fromkeys(tolerances) if surface is None else dict(surface.surface_dice)
    return {
        "dice": comparison.overlap.dice,
        "jaccard": comparison.overlap.jaccard,
        "hd_mm": None if surface is None else surface.hd_mm,
        "hd95_mm": None if surface is None else surface.hd95_mm,
        "assd_mm": None if surface is None else surface.assd_mm,
        **{f"surface_dice_{tolerance}mm": shares[tolerance] for tolerance in tolerances},
        "surface_dice_voxel": None if surface is None else surface.surface_dice_voxel,
        "volume_difference_ml": None if comparison.is_absent else second - first,
        "centroid_distance_mm": comparison.centroid_distance_mm,
    }


def _summary(comparison: ReadersComparison) -> dict[str, Any]:
    """Every measure over all pairs; a volume difference without its sign, which only the order of readers gives."""
    found = {}
    for name in measures(comparison.pairs[0].comparison):
        spread = comparison.spread(partial(_size_of, name))
        if spread is not None:
            key = name.replace("volume_difference_ml", "volume_difference_abs_ml")
            found[key] = {"pairs": spread.pairs, "mean": spread.mean, "min": spread.minimum, "max": spread.maximum}
    return found


def _size_of(name: str, comparison: Comparison) -> float | None:
    value = measures(comparison)[name]
    return None if value is None else abs(value)


def union_document(united: UnionMask, path: Path, comparison: Comparison) -> dict[str, Any]:
    """The part of the document that tells of a union written: where it is, its size, the parents of each lesion."""
    return {
        "path": str(path),
        "volume_ml": comparison.millilitres(comparison.overlap.union),
        "contested_voxels": united.contested_voxels,
        "lesions": [
            {"number": final, "a": number_a or None, "b": number_b or None}
            for final, (number_a, number_b) in united.lesions.items()
        ],
    }


def _surface(surface: SurfaceMeasures | None) -> dict[str, Any]:
    if surface is None:
        return {}
    return {
        "hd_mm": surface.hd_mm,
        "hd95_mm": surface.hd95_mm,
        "assd_mm": surface.assd_mm,
        "surface_dice": {str(tolerance): share for tolerance, share in surface.surface_dice},
        "surface_dice_voxel": surface.surface_dice_voxel,
    }


def _centroids(comparison: Comparison) -> list[list[float]] | None:
    if comparison.centroids_ras_mm is None:
        return None
    return [centroid.tolist() for centroid in comparison.centroids_ras_mm]


def _lesions(comparison: Comparison) -> dict[str, Any]:
    return {
        "pairs": [_lesion(pair, comparison) for pair in comparison.pairs],
        "only_a": list(comparison.only_a),
        "only_b": list(comparison.only_b),
        "split": [{"a": split.number_a, "b": list(split.numbers_b)} for split in comparison.split],
        "merged": [{"a": list(merge.numbers_a), "b": merge.number_b} for merge in comparison.merged],
    }


def _lesion(pair: LesionPair, comparison: Comparison) -> dict[str, Any]:
    return {
        "a": pair.number_a,
        "b": pair.number_b,
        "dice": pair.overlap.dice_floored,
        "jaccard": pair.overlap.jaccard,
        **_surface(pair.surface),
        "volume_ml": [comparison.millilitres(pair.size_a), comparison.millilitres(pair.size_b)],
        "centroid_distance_mm": pair.centroid_distance_mm,
        "agreed": pair.agreed,
        "sub_voxel": pair.sub_voxel,
    }
