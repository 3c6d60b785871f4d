"""The tool strip: what is in hand, the brush, undo and redo, and which effects were used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.contour_steps import ContourSteps
from CRCAnnotatorLib.presenter.ports import Tool
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from CRCAnnotatorLib.presenter.subtraction import Subtraction

_BRUSH = "brush_mm"
_BRUSH_MM = 8.0
_THINNEST_MM, _THICKEST_MM = 0.5, 100.0


class Tools:
    """The tool strip; `on_undo` brings everything else in line after a step back, or (True) forward."""

    def __init__(
        self, bench: Bench, steps: ContourSteps, subtraction: Subtraction, on_undo: Callable[[bool], None]
    ) -> None:
        self._bench, self._steps, self._subtraction = bench, steps, subtraction
        self._on_undo = on_undo
        self.tool: Tool | None = None
        self._brush_mm: float | None = None
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self.tool = None

    # tools
    @property
    def brush_mm(self) -> float:
        """The diameter of the brush, as a person set it last on this machine."""
        if self._brush_mm is None:
            try:
                self._brush_mm = float(self._bench.hub.kit.settings.get(_BRUSH) or _BRUSH_MM)
            except ValueError:
                self._brush_mm = _BRUSH_MM
            self._brush_mm = min(max(self._brush_mm, _THINNEST_MM), _THICKEST_MM)
        return self._brush_mm

    def use(self, tool: Tool | None) -> None:
        """Take a tool in hand, the same again lays it down; says why where nothing can be drawn."""
        why_not = self._steps.why_not()
        if tool is not None and why_not:
            self._bench.hub.note(Level.INFO, why_not)
            return
        self.tool = None if tool is self.tool else tool
        if self.tool in (Tool.PAINT, Tool.ERASE):
            self._bench.scene.set_brush(self.brush_mm)
        self._bench.scene.use_tool(self.tool)

    def lay_down(self) -> None:
        """Have no tool in hand."""
        if self.tool is not None:
            self.tool = None
            self._bench.scene.use_tool(None)

    def take_again(self) -> None:
        """Keep the tool in hand where the editor was given another image."""
        if self.tool is not None:
            self._bench.scene.use_tool(self.tool)

    def chosen(self, tool: Tool | None) -> None:
        """Another tool is active, also where a key or another module chose it."""
        self.tool = tool

    def set_brush(self, mm: float) -> None:
        """Set the brush, in millimetres; it is remembered on this machine."""
        self._brush_mm = min(max(mm, _THINNEST_MM), _THICKEST_MM)
        self._bench.hub.kit.settings.put(_BRUSH, f"{self._brush_mm:g}")
        self._bench.scene.set_brush(self._brush_mm)

    def used(self, effect: str) -> None:
        """An effect was used on the chosen target; recorded once each."""
        state = self._bench.state
        if state is not None and effect not in state.effects:
            self._bench.update(state.target, effects=(*state.effects, effect))

    def undo(self) -> None:
        """One step back."""
        self._subtraction.end_preview()
        self._bench.scene.undo()
        self._on_undo(False)

    def redo(self) -> None:
        """One step forward again."""
        self._subtraction.end_preview()
        self._bench.scene.redo()
        self._on_undo(True)
