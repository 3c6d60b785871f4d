"""The thresholds of checks and measurements: one versioned data file, each number with its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from crc_core.files.packaged import packaged_document


@dataclass(frozen=True)
class ContourRules:
    """The values of `data/contour_rules.json`; what each is for and where it comes from is written there."""

    version: str
    tiny_diameter_mm: float
    tiny_voxels: int
    island_share: float
    island_ml: float
    gap_bridge_mm: float
    too_large_ml: float
    hole_mm2: float
    single_slice_share: float
    jump_mm: float
    jump_slices: float
    step_mm: float
    step_slices: float
    shift_overlap: float
    gas_hu: float
    fat_low_hu: float
    fat_high_hu: float
    lung_air_hu: float
    dense_hu: float
    metal_hu: float
    vessel_hu: float
    vessel_over_median_hu: float
    fluid_low_hu: float
    fluid_high_hu: float
    fluid_under_median_hu: float
    bubble_hu: float
    bubble_reach_mm: float
    foreign_ml: float
    foreign_share: float
    fat_share: float
    ring_break_mm: float
    wall_thin_mm: float
    wall_thick_mm: float
    every_nth_gaps: int
    body_hu: float
    outside_body_share: float
    soft_window_width_low_hu: float
    soft_window_width_high_hu: float
    lung_window_width_low_hu: float
    density_samples: int
    density_radii_mm: tuple[float, ...]
    density_voxels: int
    density_edge_mm: float
    density_low_hu: float
    density_high_hu: float
    density_lung_low_hu: float
    necrosis_gap_hu: float
    necrosis_high_hu: float
    necrosis_share: float


@cache
def contour_rules() -> ContourRules:
    """The rules in force."""
    document = packaged_document("contour_rules.json")
    values = {name: entry["value"] for name, entry in document["rules"].items()}
    values["density_radii_mm"] = tuple(values["density_radii_mm"])
    return ContourRules(version=document["version"], **values)
