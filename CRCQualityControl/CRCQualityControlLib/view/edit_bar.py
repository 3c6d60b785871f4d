"""While a lesion is edited: the tools, the brush, the options of the tool in hand, and how the edit ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.flow import Flow
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import Weight, button, column, label, line, scrolled, strong, tint, tool

from CRCQualityControlLib.presenter.ports import Tool
from CRCQualityControlLib.presenter.state import CaseState
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

_BRUSHES_MM = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_OPTIONS_HEIGHTS = (44, 176)
_FRAME = 8
_FITS_IN_MS = 30


class EditBar:
    """Draws what concerns the editor in `state.adjudication.case`; seen only while a lesion is edited."""

    def __init__(self, parent: qt.QWidget, quality: QualityControl, kit: ViewKit) -> None:
        self._deciding, self._kit = quality.deciding, kit
        self._brush_mm = 0.0
        self._tool_in_hand: Tool | None = None
        self.widget = qt.QFrame(parent)
        self.widget.setObjectName("crc.edit")
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        tint(self.widget, tone_colour(parent, Tone.NOTE))
        layout = column(self.widget, margin=4, gap=3)
        self._words = label(self.widget, name="crc.edit.words")
        strong(self._words)
        layout.addWidget(self._words)
        layout.addLayout(self._tools_line())
        layout.addLayout(self._brush_line())
        self._editor = kit.editor or qt.QWidget(self.widget)
        self._options = scrolled(self.widget, self._editor, "crc.edit.options")
        self._options.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAsNeeded)
        self._options.setFixedHeight(_OPTIONS_HEIGHTS[0])
        layout.addWidget(self._options)
        self._fit = qt.QTimer(self.widget)
        self._fit.setSingleShot(True)
        self._fit.setInterval(_FITS_IN_MS)
        self._fit.connect("timeout()", self._fit_options)

    def _tools_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line(gap=6)
        strip = Flow(self.widget, gap=1)
        self._tools = [_ToolButton(strip, kit, tool_, self._deciding.use_tool) for tool_ in Tool]
        for made in self._tools:
            strip.add(made.widget)
        for name, call in (("undo", self._deciding.undo), ("redo", self._deciding.redo)):
            made = tool(strip, f"crc.edit.{name}", call, kit.icons.icon(name, 20))
            made.setIconSize(qt.QSize(20, 20))
            kit.words.tip(made, f"quality.view.keys.{name}", KEYS[name])
            strip.add(made)
        self._keep = button(self.widget, "crc.edit.keep", self._deciding.finish_edit, kit.icons.icon("done"))
        kit.words.text(self._keep, "quality.view.edit.keep")
        kit.words.tip(self._keep, "quality.view.edit.keep_tip", KEYS["keep_edit"])
        self._drop = button(self.widget, "crc.edit.drop", self._deciding.drop_edit, kit.icons.icon("close"))
        kit.words.text(self._drop, "quality.view.edit.drop")
        kit.words.tip(self._drop, "quality.view.edit.drop_tip", KEYS["drop_edit"])
        row.addWidget(strip, 1)
        row.addWidget(self._keep)
        row.addWidget(self._drop)
        return row

    def _brush_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(words, "quality.view.edit.brush")
        self._smaller = tool(self.widget, "crc.edit.brush_smaller", self.smaller, kit.icons.icon("minus"))
        self._larger = tool(self.widget, "crc.edit.brush_larger", self.larger, kit.icons.icon("plus"))
        kit.words.tip(self._smaller, "quality.view.keys.brush_smaller", KEYS["brush_smaller"])
        kit.words.tip(self._larger, "quality.view.keys.brush_larger", KEYS["brush_larger"])
        self._slider = qt.QSlider(qt.Qt.Horizontal, self.widget)
        self._slider.setObjectName("crc.edit.brush")
        self._slider.setRange(0, len(_BRUSHES_MM) - 1)
        self._slider.connect("valueChanged(int)", self._slid)
        self._size = label(self.widget, wrap=False, name="crc.edit.brush_mm")
        for widget in (words, self._smaller, self._slider, self._larger, self._size):
            row.addWidget(widget, 1 if widget is self._slider else 0)
        return row

    def draw(self, case: CaseState, lang: Lang) -> None:
        """Show the tools, or nothing while nothing is edited."""
        edited = next((row for row in case.lesions if row.key == case.editing), None)
        self.widget.setVisible(edited is not None)
        if edited is None:
            return
        self._words.setText(say("quality.view.edit.words", lang, lesion=edited.words))
        for made in self._tools:
            made.draw(case.tool)
        self._brush_mm = case.brush_mm
        self._size.setText(say("quality.view.edit.mm", lang, mm=f"{case.brush_mm:g}"))
        place = min(range(len(_BRUSHES_MM)), key=lambda index: abs(_BRUSHES_MM[index] - case.brush_mm))
        self._slider.blockSignals(True)
        self._slider.setValue(place)
        self._slider.blockSignals(False)
        if case.tool is not self._tool_in_hand:
            self._tool_in_hand = case.tool
            self._fit.start()

    def use(self, number: int) -> None:
        """Use the tool of a number (from 1), or lay down what is in hand with 0."""
        self._deciding.use_tool(list(Tool)[number - 1] if number else None)

    def larger(self) -> None:
        """The next larger brush."""
        self._deciding.set_brush(next((mm for mm in _BRUSHES_MM if mm > self._brush_mm), _BRUSHES_MM[-1]))

    def smaller(self) -> None:
        """The next smaller brush."""
        self._deciding.set_brush(next((mm for mm in reversed(_BRUSHES_MM) if mm < self._brush_mm), _BRUSHES_MM[0]))

    def _slid(self, place: int) -> None:
        self._deciding.set_brush(_BRUSHES_MM[place])

    def _fit_options(self) -> None:
        """Give the options of the tool in hand the height they need, so that none is out of sight."""
        least, most = _OPTIONS_HEIGHTS
        self._options.setFixedHeight(min(max(self._editor.minimumSizeHint.height() + _FRAME, least), most))


class _ToolButton:
    """One tool; a click on the one in hand lays it down."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, tool_: Tool, use: Callable[[Tool | None], None]) -> None:
        self._tool, self._use = tool_, use
        self.widget = tool(parent, f"crc.edit.tool.{tool_.value}", self._click, kit.icons.icon(tool_.value, 20))
        self.widget.setCheckable(True)
        self.widget.setIconSize(qt.QSize(20, 20))
        kit.words.tip(self.widget, f"annotator.view.tool.{tool_.value}", KEYS[f"tool_{list(Tool).index(tool_) + 1}"])

    def draw(self, in_hand: Tool | None) -> None:
        self.widget.setChecked(in_hand is self._tool)

    def _click(self) -> None:
        self._use(self._tool if self.widget.checked else None)
