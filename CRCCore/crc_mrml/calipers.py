"""Calipers and density samples as markups that a person can see and drag."""

from __future__ import annotations

from typing import Any

from crc_core.contour import DensitySample, Measurement, Size, read_sample
from crc_core.contour.results import Point
from crc_core.errors import CrcError
from crc_core.geometry import Volume

_SIZE, _PRECISION, _SLICE, _RADII = "CRC.Size", "CRC.PrecisionMm", "CRC.Slice", "CRC.RadiiMm"


def line_from_measurement(scene: Any, measurement: Measurement, name: str) -> Any:
    """A new vtkMRMLMarkupsLineNode on a measurement's caliper, which remembers what it measures."""
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", name)
    put_on_line(measurement, node)
    return node


def put_on_line(measurement: Measurement, node: Any) -> None:
    """Move a line node onto a measurement's caliper."""
    node.RemoveAllControlPoints()
    for point in (measurement.place.start_ras, measurement.place.end_ras):
        node.AddControlPointWorld(*point)
    node.SetAttribute(_SIZE, measurement.kind.value)
    node.SetAttribute(_PRECISION, repr(measurement.precision))
    node.SetAttribute(_SLICE, None if measurement.slice_index is None else str(measurement.slice_index))


def measurement_from_line(node: Any) -> Measurement:
    """The measurement by hand that a line node shows now; raises CrcError where it has not two points."""
    kind, precision = node.GetAttribute(_SIZE), node.GetAttribute(_PRECISION)
    if node.GetNumberOfDefinedControlPoints() != 2 or kind is None or precision is None:
        raise CrcError("contour.caliper_points")
    start, end = (_point(node, number) for number in (0, 1))
    k = node.GetAttribute(_SLICE)
    return Measurement.from_points(
        Size(kind), start, end, precision=float(precision), slice_index=None if k is None else int(k)
    )


def points_from_samples(scene: Any, samples: tuple[DensitySample, ...], name: str) -> Any:
    """A new vtkMRMLMarkupsFiducialNode with one point per density sample, which remembers their radii."""
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
    for sample in samples:
        node.AddControlPointWorld(*sample.centre_ras)
    node.SetAttribute(_RADII, " ".join(repr(sample.radius_mm) for sample in samples))
    return node


def samples_from_points(node: Any, image: Volume) -> tuple[DensitySample, ...]:
    """The samples at the points' present places, read anew from a phase's image; raises CrcError outside the image."""
    radii = [float(word) for word in (node.GetAttribute(_RADII) or "").split()]
    if len(radii) != node.GetNumberOfControlPoints():
        raise CrcError("mrml.samples_changed", name=node.GetName())
    return tuple(read_sample(image, _point(node, number), radius) for number, radius in enumerate(radii))


def _point(node: Any, number: int) -> Point:
    place = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(number, place)
    return (place[0], place[1], place[2])
