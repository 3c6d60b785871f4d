"""With what is drawn: the steps of the mode, the tools with their options, the brush, filling and reviewing, views."""

from __future__ import annotations

from collections.abc import Callable

import qt
from crc_core.text import Lang, say
from crc_widgets.flow import Flow
from crc_widgets.look import Weight, button, column, label, line, scrolled, show_words, tool
from crc_widgets.strip import Strip, StripItem

from CRCAnnotatorLib.presenter.ports import Fill, Tool
from CRCAnnotatorLib.presenter.state import ContourState, ContourStepId
from CRCAnnotatorLib.view.keys import KEYS
from CRCAnnotatorLib.view.kit import ViewKit

_BRUSHES_MM = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
_OPTIONS_HEIGHTS = (44, 176)
_FRAME = 8
_FITS_IN_MS = 30


class Steps:
    """The steps of the way to a contour, and what to do in the present one."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._contour = kit.annotator.contour
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=2)
        self._steps = Strip(self.widget, "crc.contour.step", kit.icons, self._go_to, icon_size=12)
        self._hint = label(self.widget, Weight.QUIET, name="crc.contour.hint")
        layout.addWidget(self._steps.widget)
        layout.addWidget(self._hint)

    def draw(self, contour: ContourState) -> bool:
        """Show the steps; whether buttons came or went."""
        items = [
            StripItem(step.id.value, step.words, step.mark.value, step.enabled, step.hint) for step in contour.steps
        ]
        moved = self._steps.show(items, None if contour.step is None else contour.step.value)
        self.widget.setVisible(bool(items))
        show_words(self._hint, next((step.hint for step in contour.steps if step.id is contour.step), ""))
        return moved

    def _go_to(self, key: str) -> None:
        self._contour.go_to_step(ContourStepId(key))


class ToolButton:
    """One tool of the strip; a click on the tool in use lays it down."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, tool_: Tool, use: Callable[[Tool | None], None]) -> None:
        self._tool, self._use = tool_, use
        self.widget = tool(parent, f"crc.contour.tool.{tool_.value}", self._click, kit.icons.icon(tool_.value, 20))
        self.widget.setCheckable(True)
        self.widget.setIconSize(qt.QSize(20, 20))
        number = list(Tool).index(tool_) + 1
        kit.words.tip(self.widget, f"annotator.view.tool.{tool_.value}", KEYS[f"tool_{number}"])

    def draw(self, contour: ContourState) -> None:
        """Show whether the tool is there and in use."""
        self.widget.setVisible(self._tool in contour.tools)
        self.widget.setEnabled(contour.can_draw)
        self.widget.setChecked(contour.tool is self._tool)

    def _click(self) -> None:
        wanted = self.widget.checked
        self._use(self._tool if wanted else None)


class Tools:
    """The strip of tools, the brush, and the options of the tool in use."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit, editor: qt.QWidget | None) -> None:
        self._kit, self._contour = kit, kit.annotator.contour
        self._brush_mm = 0.0
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=2)
        self._why_not = label(self.widget, name="crc.contour.why_not")
        layout.addWidget(self._why_not)
        self._strip = Flow(self.widget, gap=1)
        self._tools = [ToolButton(self._strip, kit, tool_, self._contour.use_tool) for tool_ in Tool]
        for made in self._tools:
            self._strip.add(made.widget)
        self._add_looks()
        layout.addWidget(self._strip)
        layout.addLayout(self._brush_line())
        self._editor = editor or qt.QWidget(self.widget)
        self._options = scrolled(self.widget, self._editor, "crc.contour.options")
        self._options.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAsNeeded)
        self._options.setFrameShape(qt.QFrame.StyledPanel)
        self._options.setFixedHeight(_OPTIONS_HEIGHTS[0])
        layout.addWidget(self._options)
        self._tool: Tool | None = None
        self._fit = qt.QTimer(self.widget)
        self._fit.setSingleShot(True)
        self._fit.setInterval(_FITS_IN_MS)
        self._fit.connect("timeout()", self._fit_options)

    def _add_looks(self) -> None:
        kit, contour = self._kit, self._contour
        self._gap = qt.QWidget(self._strip)
        self._gap.setMinimumWidth(10)
        self._strip.add(self._gap)
        self._undo = self._look("undo", contour.undo, "undo", "undo")
        self._redo = self._look("redo", contour.redo, "redo", "redo")
        self._fill = self._look("fill", self._toggle_fill, "outline", "outline")
        self._space = self._look("space", self._toggle_space, "cube", "space")
        self._oblique = self._look("oblique", contour.align_oblique, "oblique", "oblique")
        for checkable in (self._fill, self._space):
            checkable.setCheckable(True)
        self._preset = self._look("preset", kit.annotator.preset_window, "again", "preset_window")

    def _look(self, name: str, call: Callable[[], None], icon: str, key: str) -> qt.QToolButton:
        made = tool(self._strip, f"crc.contour.{name}", call, self._kit.icons.icon(icon, 20))
        made.setIconSize(qt.QSize(20, 20))
        self._kit.words.tip(made, f"annotator.view.contour.{name}_tip", KEYS[key])
        self._strip.add(made)
        return made

    def _brush_line(self) -> qt.QHBoxLayout:
        kit, row = self._kit, line()
        self._brush_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._brush_words, "annotator.view.contour.brush")
        self._smaller = tool(self.widget, "crc.contour.brush_smaller", self.smaller, kit.icons.icon("minus"))
        self._larger = tool(self.widget, "crc.contour.brush_larger", self.larger, kit.icons.icon("plus"))
        kit.words.tip(self._smaller, "annotator.view.contour.brush_smaller", KEYS["brush_smaller"])
        kit.words.tip(self._larger, "annotator.view.contour.brush_larger", KEYS["brush_larger"])
        self._slider = qt.QSlider(qt.Qt.Horizontal, self.widget)
        self._slider.setObjectName("crc.contour.brush")
        self._slider.setRange(0, len(_BRUSHES_MM) - 1)
        self._slider.connect("valueChanged(int)", self._slid)
        self._size = label(self.widget, wrap=False, name="crc.contour.brush_mm")
        self._window = label(self.widget, Weight.QUIET, wrap=False, name="crc.contour.window")
        for widget in (self._brush_words, self._smaller, self._slider, self._larger, self._size):
            row.addWidget(widget, 1 if widget is self._slider else 0)
        row.addSpacing(8)
        row.addWidget(self._window)
        return row

    def draw(self, contour: ContourState, lang: Lang) -> None:
        """Show what can be used and what is in use."""
        show_words(self._why_not, contour.why_not)
        for made in self._tools:
            made.draw(contour)
        for widget in (self._undo, self._redo):
            widget.setEnabled(contour.can_draw)
        self._fill.setChecked(contour.fill is Fill.FILLED)
        self._fill.setIcon(self._kit.icons.icon(contour.fill.value, 20))
        self._space.setEnabled(contour.has_3d)
        self._space.setChecked(contour.in_3d)
        self._strip.place()
        self._brush_mm = contour.brush_mm
        self._size.setText(say("annotator.view.contour.mm", lang, mm=f"{contour.brush_mm:g}"))
        place = min(range(len(_BRUSHES_MM)), key=lambda index: abs(_BRUSHES_MM[index] - contour.brush_mm))
        self._slider.blockSignals(True)
        self._slider.setValue(place)
        self._slider.blockSignals(False)
        for widget in (self._slider, self._smaller, self._larger):
            widget.setEnabled(contour.can_draw)
        self._window.setText(contour.window_words)
        self._options.setEnabled(contour.can_draw)
        if contour.tool is not self._tool:
            self._tool = contour.tool
            self._fit.start()

    def _fit_options(self) -> None:
        """Give the options of the tool in use the height they need, so that none is out of sight."""
        least, most = _OPTIONS_HEIGHTS
        self._options.setFixedHeight(min(max(self._editor.minimumSizeHint.height() + _FRAME, least), most))

    def larger(self) -> None:
        """The next larger brush."""
        self._contour.set_brush(next((mm for mm in _BRUSHES_MM if mm > self._brush_mm), _BRUSHES_MM[-1]))

    def smaller(self) -> None:
        """The next smaller brush."""
        self._contour.set_brush(next((mm for mm in reversed(_BRUSHES_MM) if mm < self._brush_mm), _BRUSHES_MM[0]))

    def use(self, number: int) -> None:
        """Use the tool of a number (from 1), or lay down what is in use with 0; what is not there is not used."""
        if number == 0:
            self._contour.use_tool(None)
            return
        made = self._tools[number - 1].widget
        if not made.isHidden() and made.isEnabled():
            self._contour.use_tool(list(Tool)[number - 1])

    def toggle_fill(self) -> None:
        """Show contours filled, or as outlines again."""
        self._contour.set_fill(Fill.OUTLINE if self._fill.checked else Fill.FILLED)

    def toggle_space(self) -> None:
        """Show the contours in space, or no longer."""
        if self._space.isEnabled():
            self._contour.set_3d(not self._space.checked)

    def _toggle_fill(self) -> None:
        self._contour.set_fill(Fill.FILLED if self._fill.checked else Fill.OUTLINE)

    def _toggle_space(self) -> None:
        self._contour.set_3d(self._space.checked)

    def _slid(self, place: int) -> None:
        self._contour.set_brush(_BRUSHES_MM[place])


class Filling:
    """Fill between drawn slices, look at what was filled, keep the ring of a subtraction."""

    def __init__(self, parent: qt.QWidget, kit: ViewKit) -> None:
        self._contour = contour = kit.annotator.contour
        self.widget = Flow(parent)
        self._fill = self._made("fill_between", contour.fill_between, "fill_between", kit)
        self._next = self._made("review_next", contour.review_next, "eye", kit)
        self._seen = self._made("mark_reviewed", contour.mark_reviewed, "done", kit)
        self._keep = self._made("keep", contour.keep, "ring", kit)

    def _made(self, name: str, call: Callable[[], None], icon: str, kit: ViewKit) -> qt.QPushButton:
        made = button(self.widget, f"crc.contour.{name}", call, kit.icons.icon(icon))
        if name != "review_next":
            kit.words.text(made, f"annotator.view.contour.{name}")
        kit.words.tip(made, f"annotator.view.contour.{name}_tip", KEYS[name])
        self.widget.add(made)
        return made

    def draw(self, contour: ContourState, lang: Lang) -> None:
        """Show what can be done now."""
        steps = {step.id: step for step in contour.steps}
        self._fill.setEnabled(contour.can_fill_between)
        to_review = len(contour.to_review)
        self._next.setText(say("annotator.view.contour.review_next", lang, count=to_review))
        self._next.setVisible(to_review > 0)
        self._seen.setVisible(to_review > 0)
        self._keep.setVisible(ContourStepId.KEEP in steps)
        self._keep.setEnabled(ContourStepId.KEEP in steps and steps[ContourStepId.KEEP].enabled)
        self.widget.place()
