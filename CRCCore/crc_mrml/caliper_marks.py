"""Calipers of the open case as lines a person can see and drag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer
from crc_core.contour.results import Point
from crc_core.desk.marks import CaliperKey, CaliperMark
from numpy.typing import NDArray

from crc_mrml.marking import CALIPER_COLOUR, add_markups, point_of, put_points, show_only_in
from crc_mrml.observers import Observers, Quiet
from crc_mrml.owned import Owned

_SAME_MM = 0.01

Dragged = Callable[[CaliperKey, Point, Point], None]
NormalOf = Callable[[CaliperKey], "NDArray[np.float64] | None"]


@dataclass(eq=False)
class _Line:
    mark: CaliperMark
    node: Any


class CaliperMarks:
    """One line for each caliper; a line that stays is moved, not made anew.

    `normal_of` gives the direction across the slices a caliper was measured in: one that lies in a slice stays in it,
    wherever it is dragged.
    """

    def __init__(self, owned: Owned, observers: Observers, quiet: Quiet, on_drag: Dragged, normal_of: NormalOf) -> None:
        self._owned, self._observers, self._quiet = owned, observers, quiet
        self._on_drag, self._normal_of = on_drag, normal_of
        self._lines: dict[CaliperKey, _Line] = {}
        self._views: tuple[Any, ...] = ()

    def show(self, marks: Sequence[CaliperMark]) -> None:
        """Show these calipers and no others."""
        wanted = {mark.key: mark for mark in marks}
        with self._quiet():
            for key in [key for key in self._lines if key not in wanted]:
                self._remove(key)
            for key, mark in wanted.items():
                line = self._lines.get(key) or self._add(mark)
                line.mark = mark
                self._put(line)

    def show_in(self, views: Sequence[Any]) -> None:
        """Show calipers in these views alone."""
        self._views = tuple(views)
        for line in self._lines.values():
            show_only_in(line.node.GetDisplayNode(), self._views)

    def forget(self, node: Any) -> None:
        """A line was taken out by somebody else; it comes back when calipers are shown again."""
        for key in [key for key, line in self._lines.items() if line.node is node]:
            self._observers.drop(node)
            self._owned.forget(node)
            del self._lines[key]

    def forget_all(self) -> None:
        """The scene no longer holds any line."""
        self._lines, self._views = {}, ()

    def _add(self, mark: CaliperMark) -> _Line:
        node = add_markups(self._owned, "vtkMRMLMarkupsLineNode", mark.words, CALIPER_COLOUR)
        line = _Line(mark, node)
        self._put(line)
        node.SetFixedNumberOfControlPoints(True)
        show_only_in(node.GetDisplayNode(), self._views)
        events = slicer.vtkMRMLMarkupsNode
        self._observers.add(node, events.PointModifiedEvent, lambda *_: self._moving(mark.key))
        self._observers.add(node, events.PointEndInteractionEvent, lambda *_: self._let_go(mark.key))
        self._lines[mark.key] = line
        return line

    def _put(self, line: _Line) -> None:
        line.node.SetName(line.mark.words)
        place = line.mark.measurement.place
        put_points(line.node, (place.start_ras, place.end_ras))
        line.node.SetNthControlPointLabel(0, "")
        line.node.SetNthControlPointLabel(1, line.mark.words)

    def _remove(self, key: CaliperKey) -> None:
        node = self._lines.pop(key).node
        self._observers.drop(node)
        self._owned.remove(node)

    def _moving(self, key: CaliperKey) -> None:
        """While a person drags, the length as it is now stands beside the line."""
        if not self._quiet and key in self._lines:
            node = self._lines[key].node
            start, end = point_of(node, 0), point_of(node, 1)
            with self._quiet():
                node.SetNthControlPointLabel(1, f"{float(np.linalg.norm(np.subtract(end, start))):.1f} mm")

    def _let_go(self, key: CaliperKey) -> None:
        if self._quiet or key not in self._lines:
            return
        line = self._lines[key]
        start, end = (self._in_plane(line.mark, point_of(line.node, number)) for number in (0, 1))
        place = line.mark.measurement.place
        with self._quiet():
            put_points(line.node, (start, end))
        if np.abs(np.subtract((start, end), (place.start_ras, place.end_ras))).max() > _SAME_MM:
            self._on_drag(key, start, end)
        else:
            with self._quiet():
                line.node.SetNthControlPointLabel(1, line.mark.words)

    def _in_plane(self, mark: CaliperMark, point: Point) -> Point:
        normal = None if mark.measurement.slice_index is None else self._normal_of(mark.key)
        if normal is None:
            return point
        off = (np.array(point) - np.array(mark.measurement.place.start_ras)) @ normal
        r, a, s = (float(value) for value in np.array(point) - normal * off)
        return (r, a, s)
