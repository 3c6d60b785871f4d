"""A scene as Slicer's modules make it, on the MRML library alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

slicer = pytest.importorskip("slicer")
vtk = pytest.importorskip("vtk")
if not hasattr(slicer, "vtkMRMLScene"):
    pytest.skip("the package slicer is not Slicer's MRML library", allow_module_level=True)


@pytest.fixture
def scene() -> Iterator[Any]:
    """An MRML scene that knows segmentation converters."""
    made = slicer.vtkMRMLScene()
    logic = slicer.vtkSlicerSegmentationsModuleLogic()
    logic.SetMRMLScene(made)
    markups = slicer.vtkSlicerMarkupsLogic()
    markups.SetMRMLScene(made)
    yield made
    markups.SetMRMLScene(None)
    logic.SetMRMLScene(None)
    made.Clear(1)
