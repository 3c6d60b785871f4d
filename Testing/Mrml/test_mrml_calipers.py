"""Calipers and density samples as markups: placed, dragged, read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from contour_support import AXIAL, ellipsoid, image, mask, turned_grid
from crc_core.contour import Method, measure_lesions, sample_density
from crc_core.errors import CrcError
from crc_core.vocabulary import Role, Target
from crc_mrml.calipers import line_from_measurement, measurement_from_line, points_from_samples, samples_from_points
from mrml_support import scene

__all__ = ["scene"]

GRID = turned_grid((30, 60, 56), (0.9, 0.8, 2.0), (10, 15, 40))
BODY = ellipsoid(GRID, (0, 0, 0), (13, 12, 16))


def test_a_line_shows_the_measurement(scene: Any) -> None:
    for item in measure_lesions(mask(BODY, GRID))[0].all:
        node = line_from_measurement(scene, item, "长径")
        assert node.GetLineLengthWorld() == pytest.approx(item.value)
        back = measurement_from_line(node)
        assert (back.kind, back.precision, back.slice_index) == (item.kind, item.precision, item.slice_index)
        assert back.value == pytest.approx(item.value)
        assert back.method is Method.BY_HAND


def test_dragging_an_end_changes_the_value(scene: Any) -> None:
    node = line_from_measurement(scene, measure_lesions(mask(BODY, GRID))[0].long_diameter, "a")
    node.SetNthControlPointPositionWorld(1, 0.0, 0.0, 0.0)
    start = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(0, start)
    assert measurement_from_line(node).value == pytest.approx(np.linalg.norm(start))


def test_half_a_line_is_refused(scene: Any) -> None:
    node = line_from_measurement(scene, measure_lesions(mask(BODY, GRID))[0].long_diameter, "a")
    node.RemoveNthControlPoint(1)
    with pytest.raises(CrcError):
        measurement_from_line(node)
    with pytest.raises(CrcError):
        measurement_from_line(scene.AddNewNodeByClass("vtkMRMLMarkupsLineNode", "other"))


def test_samples_can_be_moved(scene: Any) -> None:
    phase = image(AXIAL, (ellipsoid(AXIAL, (0, 0, 0), (13, 12, 16)), 90))
    found = sample_density(mask(BODY, GRID), phase, lesion=1, target=Target.LIVER, role=Role.AP)
    node = points_from_samples(scene, found.samples, "AP")
    assert samples_from_points(node, phase) == found.samples
    node.SetNthControlPointPositionWorld(0, 20.0, 18.0, 0.0)
    moved = samples_from_points(node, phase)
    assert moved[0].centre_ras == (20.0, 18.0, 0.0)
    assert moved[0].mean_hu == pytest.approx(60)
    assert moved[1:] == found.samples[1:]
    node.RemoveNthControlPoint(2)
    with pytest.raises(CrcError) as refusal:
        samples_from_points(node, phase)
    assert refusal.value.code == "mrml.samples_changed"
