"""How a question is answered on the screen: boxes that wrap, an entry with its unit, a few lines of words.

What a person is typing is never overwritten: an entry that has the focus and was changed keeps its words until it has
told them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import qt
from crc_core.report.form import OptionBox, Row, Widget

from crc_widgets.flow import Flow
from crc_widgets.look import Weight, column, label, line

_WIDEST_BOX = 318
_BESIDE_LABEL = 130
_MOST_LINES = 5
_ENTRY_WIDTH = 76
_COMMIT_AFTER_MS = 800


class FormEditor(Protocol):
    """Who is told what a person answers."""

    def set_text(self, path: str, text: str) -> None:
        """A number, words or a date as typed."""

    def choose(self, path: str, code: str) -> None:
        """One of several boxes."""

    def toggle(self, path: str, code: str) -> None:
        """A box ticked or unticked."""

    def clear(self, path: str) -> None:
        """No answer any more."""

    def not_assessable(self, path: str, reason: str, words: str = "") -> None:
        """Cannot be assessed, and why."""

    def take_measured(self, path: str) -> None:
        """The measured value again."""


class Entry(Protocol):
    """The part of a row that is answered."""

    widget: qt.QWidget
    beside: bool
    across: int

    def draw(self, row: Row, enabled: bool) -> None:
        """Show the answer."""

    def focus(self) -> None:
        """Take the keyboard."""

    def commit(self) -> None:
        """Tell what was typed and not told yet."""


class Boxes:
    """Radio or check boxes, those of one group under its words."""

    def __init__(self, parent: qt.QWidget, row: Row, editor: FormEditor) -> None:
        self._row, self._editor = row, editor
        self._many = row.widget is Widget.CHECKS
        self.widget = qt.QWidget(parent)
        self._layout = column(self.widget, gap=1)
        self._boxes: dict[str, _Box] = {}
        self._flows: list[Flow] = []
        self._has_headings = False
        self._group = qt.QButtonGroup(self.widget)
        self._group.setExclusive(not self._many)
        self._build(row.options)

    def _build(self, options: Sequence[OptionBox]) -> None:
        group, flow = None, None
        for option in options:
            if flow is None or option.group != group:
                group = option.group
                flow = self._new_flow(option.group)
            made = _Box(flow, option, self._many, self._clicked)
            made.widget.setObjectName(f"crc.report.{self._row.path}.{option.code}")
            self._group.addButton(made.widget)
            flow.add(made.widget)
            self._boxes[option.code] = made

    def _new_flow(self, group: str) -> Flow:
        if group:
            heading = label(self.widget, Weight.QUIET)
            heading.setText(group)
            self._has_headings = True
            self._layout.addWidget(heading)
        flow = Flow(self.widget, gap=10, line_gap=1)
        self._layout.addWidget(flow)
        self._flows.append(flow)
        return flow

    @property
    def beside(self) -> bool:
        """Whether there is room for all of them beside the row's label."""
        return not self._has_headings and self.across <= _BESIDE_LABEL

    @property
    def across(self) -> int:
        """How wide they are beside each other."""
        return sum(box.widget.sizeHint.width() + 10 for box in self._boxes.values())

    def fits(self, row: Row) -> bool:
        """Whether these boxes are those of a row, in its language."""
        return {code: box.words for code, box in self._boxes.items()} == {o.code: o.label for o in row.options}

    def draw(self, row: Row, enabled: bool) -> None:
        """Tick what is chosen."""
        self._row = row
        self._group.setExclusive(False)
        for option in row.options:
            box = self._boxes[option.code].widget
            if box.checked != option.chosen:
                box.setChecked(option.chosen)
        self._group.setExclusive(not self._many)
        self.widget.setEnabled(enabled)

    def focus(self) -> None:
        """Take the keyboard."""
        boxes = [self._boxes[option.code].widget for option in self._row.options]
        chosen = next((box for box in boxes if box.checked), boxes[0] if boxes else None)
        if chosen is not None:
            chosen.setFocus(qt.Qt.TabFocusReason)

    def commit(self) -> None:
        """Nothing waits: a click is told at once."""

    def _clicked(self, code: str) -> None:
        call = self._editor.toggle if self._many else self._editor.choose
        call(self._row.path, code)
        # Where the answer was refused nothing is drawn anew, and the box must show what stands.
        self.draw(self._row, self.widget.enabled)


class _Box:
    def __init__(self, parent: qt.QWidget, option: OptionBox, many: bool, clicked: Callable[[str], None]) -> None:
        self._code, self._clicked, self.words = option.code, clicked, option.label
        self.widget = qt.QCheckBox(parent) if many else qt.QRadioButton(parent)
        self.widget.setText(wrapped(option.label, self.widget.fontMetrics(), _WIDEST_BOX))
        self.widget.connect("clicked()", self._click)
        self.widget.show()

    def _click(self) -> None:
        self._clicked(self._code)


class LineEntry:
    """One line with its unit: a number or a date. Told on Enter, on leaving, and after a short pause."""

    def __init__(self, parent: qt.QWidget, row: Row, editor: FormEditor) -> None:
        self._row, self._editor = row, editor
        self.widget = qt.QWidget(parent)
        layout = line(self.widget, gap=3)
        self._edit = qt.QLineEdit(self.widget)
        self._edit.setObjectName(f"crc.report.{row.path}")
        self._edit.setFixedWidth(_ENTRY_WIDTH if row.widget is Widget.NUMBER else 2 * _ENTRY_WIDTH)
        if row.widget is Widget.NUMBER:
            self._edit.setAlignment(qt.Qt.AlignRight)
        self._unit = label(self.widget, Weight.QUIET, wrap=False)
        self._unit.setMinimumWidth(22)
        layout.addWidget(self._edit)
        layout.addWidget(self._unit)
        self._edit.connect("editingFinished()", self.commit)

    beside, across = True, 0

    def fits(self, row: Row) -> bool:
        """An entry fits every row of its kind."""
        return True

    def draw(self, row: Row, enabled: bool) -> None:
        """Show the answer, unless a person is typing another."""
        self._row = row
        self._edit.setEnabled(enabled)
        self._unit.setText(row.unit)
        if not (self._edit.hasFocus() and self._edit.isModified()) and self._edit.text != row.text:
            self._edit.setText(row.text)

    def focus(self) -> None:
        """Take the keyboard."""
        self._edit.setFocus(qt.Qt.TabFocusReason)
        self._edit.selectAll()

    def commit(self) -> None:
        """Tell what was typed; what is refused stays to be mended."""
        if self._edit.isModified() and self._edit.text != self._row.text:
            self._edit.setModified(False)
            self._editor.set_text(self._row.path, self._edit.text)


class TextEntry:
    """A few lines of words; told after a short pause and on leaving the form."""

    def __init__(self, parent: qt.QWidget, row: Row, editor: FormEditor) -> None:
        self._row, self._editor = row, editor
        self._edit = self.widget = qt.QPlainTextEdit(parent)
        self._edit.setObjectName(f"crc.report.{row.path}")
        self._edit.setTabChangesFocus(True)
        self._edit.setVerticalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)
        self._edit.document().setDocumentMargin(3)
        self._edit.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self._pause = qt.QTimer(self._edit)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_COMMIT_AFTER_MS)
        self._pause.connect("timeout()", self.commit)
        self._edit.connect("textChanged()", self._changed)
        self._layout = self._edit.document().documentLayout()
        self._layout.connect("documentSizeChanged(QSizeF)", self._resized)
        # Lines are counted only after the signal that tells of them.
        self._counted = qt.QTimer(self._edit)
        self._counted.setSingleShot(True)
        self._counted.setInterval(0)
        self._counted.connect("timeout()", self._grow)
        self._grow()

    beside, across = False, 0

    def fits(self, row: Row) -> bool:
        """An entry fits every row of its kind."""
        return True

    def draw(self, row: Row, enabled: bool) -> None:
        """Show the answer, unless a person is typing another."""
        self._row = row
        self._edit.setEnabled(enabled)
        if not (self._edit.hasFocus() and self._pause.isActive()) and self._edit.toPlainText().strip() != row.text:
            self._edit.blockSignals(True)
            self._edit.setPlainText(row.text)
            self._edit.blockSignals(False)
            self._grow()

    def focus(self) -> None:
        """Take the keyboard."""
        self._edit.setFocus(qt.Qt.TabFocusReason)

    def commit(self) -> None:
        """Tell what was typed."""
        self._pause.stop()
        words = self._edit.toPlainText()
        if words.strip() != self._row.text:
            self._editor.set_text(self._row.path, words)

    def _changed(self) -> None:
        self._grow()
        self._pause.start()

    def _resized(self, _size: qt.QSizeF) -> None:
        self._counted.start()

    def _grow(self) -> None:
        """As high as the words need, within limits."""
        lines = min(max(1, round(self._edit.document().size.height())), _MOST_LINES)
        height = lines * self._edit.fontMetrics().lineSpacing() + 10
        if self._edit.height != height:
            self._edit.setFixedHeight(height)
            if not self._edit.hasFocus():
                self._edit.verticalScrollBar().setValue(0)


def entry(parent: qt.QWidget, row: Row, editor: FormEditor) -> Boxes | LineEntry | TextEntry:
    """The entry that fits a row."""
    if row.widget in (Widget.RADIO, Widget.CHECKS):
        return Boxes(parent, row, editor)
    return TextEntry(parent, row, editor) if row.widget is Widget.TEXT else LineEntry(parent, row, editor)


def wrapped(words: str, metrics: qt.QFontMetrics, width: int) -> str:
    """Words with line ends where they would run out of a width; at spaces, else between any two characters."""
    lines, rest = [], words
    while metrics.horizontalAdvance(rest) > width:
        end = len(rest) - 1
        while end > 1 and metrics.horizontalAdvance(rest[:end]) > width:
            end -= 1
        space = rest.rfind(" ", 0, end + 1)
        end = space if space > 0 else end
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return "\n".join([*lines, rest])
