"""How marks on the images look alike: small type with a shadow, thin lines, shown only where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crc_core.contour.results import Point

from crc_mrml.fonts import write_in
from crc_mrml.owned import Owned

CALIPER_COLOUR = (1.0, 0.85, 0.2)
SAMPLE_COLOUR = (0.35, 0.95, 0.95)
SYNC_COLOUR = (0.95, 0.6, 1.0)
_TOUCHED_COLOUR = (1.0, 1.0, 1.0)
_TEXT_SCALE = 2.6
_GLYPH_SCALE = 1.6
_LINE_SHARE = 0.18
_FADES_FROM_MM, _FADES_TO_MM = 1.0, 2.5


def show_only_in(display: Any, views: Sequence[Any], *, shown: bool = True) -> None:
    """Let a display node be seen in these views alone; in none of them where there are none."""
    ids = [view.GetID() for view in views]
    if list(display.GetViewNodeIDs()) == ids and bool(display.GetVisibility()) == (shown and bool(ids)):
        return
    before = display.StartModify()
    display.RemoveAllViewNodeIDs()
    for identifier in ids:
        display.AddViewNodeID(identifier)
    display.SetVisibility(shown and bool(ids))
    display.EndModify(before)


def add_markups(owned: Owned, class_name: str, name: str, colour: tuple[float, float, float]) -> Any:
    """A new markups node of ours in the look of all marks; it is seen nowhere yet.

    Its number of points is fixed by who puts them there, so that Slicer's menu and Delete key take none away.
    """
    display_class = f"{class_name.removesuffix('LineNode').removesuffix('FiducialNode')}DisplayNode"
    if class_name == "vtkMRMLMarkupsFiducialNode":
        display_class = "vtkMRMLMarkupsFiducialDisplayNode"
    display = owned.add(display_class, f"{name} display")
    scene = owned.scene
    node = scene.CreateNodeByClass(class_name)
    node.UnRegister(None)
    node.SetName(name)
    node.SetAndObserveDisplayNodeID(display.GetID())
    _dress(display, colour)
    display.SetVisibility(False)
    owned.take(scene.AddNode(node))
    return node


def _dress(display: Any, colour: tuple[float, float, float]) -> None:
    display.SetColor(*colour)
    display.SetSelectedColor(*colour)
    display.SetActiveColor(*_TOUCHED_COLOUR)
    display.SetGlyphType(display.Circle2D)
    display.SetGlyphScale(_GLYPH_SCALE)
    display.SetTextScale(_TEXT_SCALE)
    display.SetLineThickness(_LINE_SHARE)
    display.SetLineColorFadingStart(_FADES_FROM_MM)
    display.SetLineColorFadingEnd(_FADES_TO_MM)
    display.SetPropertiesLabelVisibility(False)
    display.SetPointLabelsVisibility(True)
    display.SetHandlesInteractive(False)
    text = display.GetTextProperty()
    text.SetBold(False)
    write_in(text)


def point_of(node: Any, number: int) -> Point:
    """Where a control point is, in RAS millimetres of the patient."""
    place = [0.0, 0.0, 0.0]
    node.GetNthControlPointPositionWorld(number, place)
    return (place[0], place[1], place[2])


def put_points(node: Any, points: Sequence[Point]) -> None:
    """Let a markups node have its points here; points that are there already are moved."""
    if node.GetNumberOfControlPoints() != len(points):
        fixed = node.GetFixedNumberOfControlPoints()
        node.SetFixedNumberOfControlPoints(False)
        node.RemoveAllControlPoints()
        for point in points:
            node.AddControlPointWorld(*point)
        node.SetFixedNumberOfControlPoints(fixed)
    for number, point in enumerate(points):
        node.SetNthControlPointPositionWorld(number, *point)
