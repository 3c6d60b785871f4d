"""Both reports side by side: every question with what A and B say; where they differ, settled with a click."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import qt
from crc_core.text import Lang, say
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import Weight, button, column, label, line, order_tabs, scrolled, strong, tint, tool
from crc_widgets.rows import Rows

from CRCQualityControlLib.presenter.state import CaseState, FieldRow, Side, State
from CRCQualityControlLib.view.keys import KEYS
from CRCQualityControlLib.view.kit import ViewKit

if TYPE_CHECKING:
    from CRCQualityControlLib.presenter.quality import QualityControl

WIDTH = 400
_PEN_AND_BAR = 46
_ANSWER = 118


class ReportsDock:
    """Draws the reports of `state.adjudication.case`; `widget` goes into a dock."""

    def __init__(self, parent: qt.QWidget | None, quality: QualityControl, kit: ViewKit) -> None:
        self._quality, self._kit = quality, kit
        self._before: State | None = None
        self._all = False
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.reports")
        self.widget.setMinimumWidth(WIDTH - 40)
        layout = column(self.widget, margin=4, gap=4)
        row = line(gap=6)
        self._words = label(self.widget, Weight.STRONG, name="crc.reports.words")
        self._everything = qt.QCheckBox(self.widget)
        self._everything.setObjectName("crc.reports.everything")
        self._everything.connect("toggled(bool)", self._show_all)
        kit.words.text(self._everything, "quality.view.reports.everything")
        row.addWidget(self._words, 1)
        row.addWidget(self._everything)
        layout.addLayout(row)
        row = line(gap=6)
        self._rest_words = label(self.widget, Weight.QUIET, wrap=False)
        kit.words.text(self._rest_words, "quality.view.reports.rest")
        self._rest_a = button(self.widget, "crc.reports.rest.a", self._rest_as_a)
        self._rest_b = button(self.widget, "crc.reports.rest.b", self._rest_as_b)
        self._rest_a.setText("A")
        self._rest_b.setText("B")
        self._next = button(self.widget, "crc.reports.next", self.next_open, kit.icons.icon("next"))
        kit.words.text(self._next, "quality.view.reports.next")
        kit.words.tip(self._next, "quality.view.reports.next_tip", KEYS["next_question"])
        for widget in (self._rest_words, self._rest_a, self._rest_b):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._next)
        layout.addLayout(row)
        layout.addLayout(self._heads())
        self._holder = qt.QWidget(self.widget)
        inner = column(self._holder, gap=1)
        self._rows = Rows(inner, self._row, _key_of)
        inner.addStretch(1)
        self._area = scrolled(self.widget, self._holder, "crc.reports.area")
        layout.addWidget(self._area, 1)

    def _heads(self) -> qt.QHBoxLayout:
        row = line(gap=4)
        for letter in ("", "A", "B"):
            head = label(self.widget, Weight.STRONG)
            head.setText(letter)
            head.setAlignment(qt.Qt.AlignHCenter)
            row.addWidget(head, 5 if letter else 4)
        row.addSpacing(_PEN_AND_BAR)
        return row

    def render(self, state: State) -> None:
        """Show the reports of a state."""
        before, self._before = self._before, state
        case = state.adjudication.case
        self.widget.setEnabled(state.busy is None or state.busy.can_cancel)
        if case is None:
            return
        if before is None or state.lang != before.lang or case is not before.adjudication.case:
            self._draw(case, state.lang)

    def _draw(self, case: CaseState, lang: Lang) -> None:
        critical = [row for row in case.fields if row.critical]
        unsettled = sum(not row.chosen for row in critical)
        code = "unsettled" if unsettled else "settled"
        self._words.setText(say(f"quality.view.reports.{code}", lang, count=unsettled, total=len(case.fields)))
        for widget in (self._rest_words, self._rest_a, self._rest_b, self._next):
            widget.setEnabled(unsettled > 0)
        rows = case.report if self._all else case.fields
        shown, block = [], ""
        for row in rows:
            shown.append((row, row.block if row.block != block else ""))
            block = row.block
        if self._rows.show(shown, lang):
            order_tabs(self.widget)

    def next_open(self) -> None:
        """Bring the next critical question that is not settled into sight."""
        case = None if self._before is None else self._before.adjudication.case
        found = None if case is None else next((row for row in case.fields if row.critical and not row.chosen), None)
        if found is not None:
            row = self._rows.row(found.path)
            if row is not None:
                self._area.ensureWidgetVisible(row.widget)
                row.focus()

    def _row(self, key: object) -> _Question:
        return _Question(self._holder, str(key), self._quality, self._kit)

    def _show_all(self, everything: bool) -> None:
        self._all = everything
        if self._before is not None and self._before.adjudication.case is not None:
            self._draw(self._before.adjudication.case, self._before.lang)

    def _rest_as_a(self) -> None:
        self._quality.deciding.settle_rest(Side.A)

    def _rest_as_b(self) -> None:
        self._quality.deciding.settle_rest(Side.B)


def _key_of(shown: tuple[FieldRow, str]) -> str:
    return shown[0].path


class _Question:
    """One question: its label, A's answer and B's; where they differ, each is a button, and a pen is for another."""

    def __init__(self, parent: qt.QWidget, path: str, quality: QualityControl, kit: ViewKit) -> None:
        self._path, self._deciding, self._kit = path, quality.deciding, kit
        self._chosen: Side | None = None
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=1)
        self._block = label(self.widget)
        strong(self._block)
        self._block.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._block)
        self._line = qt.QWidget(self.widget)
        row = line(self._line, gap=4)
        self._label = label(self._line)
        self._a = _Answer(self._line, f"crc.reports.a.{path}", self._take_a)
        self._b = _Answer(self._line, f"crc.reports.b.{path}", self._take_b)
        self._own = tool(self._line, f"crc.reports.own.{path}", self._type, kit.icons.icon("typed"))
        row.addWidget(self._label, 4)
        row.addWidget(self._a.widget, 5)
        row.addWidget(self._b.widget, 5)
        row.addWidget(self._own)
        layout.addWidget(self._line)
        self._plain = self._line.palette

    def draw(self, shown: tuple[FieldRow, str], lang: Lang) -> None:
        row, block = shown
        self._block.setText(block)
        self._block.setVisible(bool(block))
        self._label.setText(f"{row.label} *" if row.critical else row.label)
        self._label.setToolTip(say("quality.view.reports.critical", lang) if row.critical else row.label)
        self._chosen = row.chosen
        self._a.draw(row.a, row.differs, row.chosen is Side.A)
        self._b.draw(row.b, row.differs, row.chosen is Side.B)
        self._own.setEnabled(row.differs)
        self._own.setIcon(self._kit.icons.icon("done" if row.typed else "typed"))
        words = say("quality.view.reports.own", lang)
        self._own.setToolTip(f"{words}: {row.typed}" if row.typed else words)
        self._own.setAccessibleName(words)
        self._line.setPalette(self._plain)
        self._line.setAutoFillBackground(False)
        if row.differs:
            tone = Tone.GOOD if row.chosen else Tone.BAD if row.critical else Tone.WARN
            tint(self._line, tone_colour(self.widget, tone))

    def focus(self) -> None:
        """Let the keyboard begin at A's answer."""
        self._a.widget.setFocus()

    def _take_a(self) -> None:
        self._settle(Side.A)

    def _take_b(self) -> None:
        self._settle(Side.B)

    def _settle(self, side: Side) -> None:
        if self._chosen is side:
            self._deciding.reopen_field(self._path)
        else:
            self._deciding.settle_field(self._path, side)

    def _type(self) -> None:
        self._deciding.ask_answer(self._path)


class _Answer:
    """One reader's answer, which can be taken where the two differ."""

    def __init__(self, parent: qt.QWidget, name: str, take: Callable[[], None]) -> None:
        self.widget = qt.QToolButton(parent)
        self.widget.setObjectName(name)
        self.widget.setCheckable(True)
        self.widget.setFocusPolicy(qt.Qt.StrongFocus)
        self.widget.setSizePolicy(qt.QSizePolicy.Ignored, qt.QSizePolicy.Fixed)
        self.widget.connect("clicked()", take)

    def draw(self, words: str, differs: bool, chosen: bool) -> None:
        self.widget.setText(_broken(words, self.widget.fontMetrics()))
        self.widget.setToolTip(words)
        self.widget.setAutoRaise(not differs)
        self.widget.setEnabled(differs)
        self.widget.setChecked(chosen)
        font = self.widget.font
        font.setBold(chosen)
        self.widget.setFont(font)


def _broken(words: str, metrics: qt.QFontMetrics) -> str:
    """Words in as many lines as a button's width asks for; Chinese breaks anywhere, other words between words."""
    lines, now = [""], ""
    for piece in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", words):
        now = lines[-1] + piece
        if lines[-1] and metrics.width(now.rstrip()) > _ANSWER:
            lines.append(piece)
        else:
            lines[-1] = now
    return "\n".join(part.strip() for part in lines)
