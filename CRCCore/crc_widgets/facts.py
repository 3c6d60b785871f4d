"""Facts: a label and what is known, beside each other; and a line that unfolds into all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import qt
from crc_core.text import Lang

from crc_widgets.icons import Icons
from crc_widgets.look import Weight, column, label, line, tool
from crc_widgets.rows import Rows
from crc_widgets.words import Words


class FactLike(Protocol):
    """A label and what is known."""

    @property
    def label(self) -> str:
        """What it is about."""

    @property
    def words(self) -> str:
        """What is known."""


@dataclass(frozen=True)
class Fact:
    """A label and what is known, where nothing else holds the two."""

    label: str
    words: str


def label_of(fact: FactLike) -> str:
    """What tells a fact from the others of its list."""
    return fact.label


class FactRow:
    """A label and what is known, beside each other."""

    def __init__(self, parent: qt.QWidget) -> None:
        self.widget = qt.QWidget(parent)
        row = line(self.widget, gap=8)
        self._label, self._words = label(self.widget, Weight.QUIET), label(self.widget)
        self._label.setFixedWidth(120)
        self._label.setAlignment(qt.Qt.AlignTop)
        row.addWidget(self._label)
        row.addWidget(self._words, 1)

    def draw(self, fact: FactLike, _lang: Lang) -> None:
        """Show a fact."""
        self._label.setText(fact.label)
        self._words.setText(fact.words)


class FoldedFacts:
    """One line of what is known; unfolded, every fact with its label. `row` takes what stands beside the line.

    Its controls are called `name` and `name_brief`; `tip` is the catalogue's code of what the arrow says.
    """

    def __init__(self, parent: qt.QWidget, name: str, tip: str, words: Words, icons: Icons) -> None:
        self._icons, self._open = icons, False
        self.widget = qt.QWidget(parent)
        layout = column(self.widget, gap=1)
        self.row = line()
        self._arrow = tool(self.widget, name, self._toggle)
        words.tip(self._arrow, tip)
        self._brief = label(self.widget, Weight.QUIET, name=f"{name}_brief")
        self.row.addWidget(self._arrow)
        self.row.addWidget(self._brief, 1)
        layout.addLayout(self.row)
        self._details = qt.QWidget(self.widget)
        self._lines = Rows(column(self._details, gap=1), self._fact, label_of)
        self._details.layout().setContentsMargins(22, 0, 0, 2)
        layout.addWidget(self._details)
        self._draw_arrow()

    def draw(self, brief: str, facts: Sequence[FactLike], lang: Lang) -> None:
        """Show the line and the facts behind it."""
        self._brief.setText(brief)
        self._lines.show(facts, lang)

    def _fact(self, _key: object) -> FactRow:
        return FactRow(self._details)

    def _toggle(self) -> None:
        self._open = not self._open
        self._draw_arrow()

    def _draw_arrow(self) -> None:
        self._details.setVisible(self._open)
        self._brief.setVisible(not self._open)
        self._arrow.setIcon(self._icons.icon("fold" if self._open else "unfold", 12))
