"""A fact: a label and what is known, beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import qt
from crc_core.text import Lang

from crc_widgets.look import Weight, label, line


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
