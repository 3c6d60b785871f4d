"""Contours: subtraction, checks with their places, measurements, density samples, one-step repairs."""

from crc_core.contour.density import density_of, read_sample, sample_densities, sample_density
from crc_core.contour.inspection import UNION_CHECKS, Window, check_union, inspect, worst_verdict
from crc_core.contour.measuring import measure, measure_lesions, measure_primary
from crc_core.contour.repairs import Repair, repair
from crc_core.contour.results import (
    Caliper,
    CheckId,
    DensitySample,
    Finding,
    LesionDensity,
    LesionMeasurements,
    Measurement,
    Method,
    NotMeasurable,
    Quantity,
    Size,
    Unit,
)
from crc_core.contour.rules import ContourRules, contour_rules
from crc_core.contour.subtraction import subtract

__all__ = [
    "UNION_CHECKS",
    "Caliper",
    "CheckId",
    "ContourRules",
    "DensitySample",
    "Finding",
    "LesionDensity",
    "LesionMeasurements",
    "Measurement",
    "Method",
    "NotMeasurable",
    "Quantity",
    "Repair",
    "Size",
    "Unit",
    "Window",
    "check_union",
    "contour_rules",
    "density_of",
    "inspect",
    "measure",
    "measure_lesions",
    "measure_primary",
    "read_sample",
    "repair",
    "sample_densities",
    "sample_density",
    "subtract",
    "worst_verdict",
]
