"""A part of a panel with a heading, which can be folded away."""

from __future__ import annotations

from collections.abc import Callable

import qt

from crc_widgets.icons import Icons
from crc_widgets.look import column, line, strong, tool, worded


class Fold:
    """A heading with an arrow and what lies below it; `beside` is the line of the heading, for a button or a note."""

    def __init__(
        self, parent: qt.QWidget, name: str, icons: Icons, changed: Callable[[bool], None] | None = None
    ) -> None:
        self.widget = qt.QWidget(parent)
        self._icons, self._changed = icons, changed
        layout = column(self.widget, gap=2)
        self.beside = line()
        self.heading = worded(tool(self.widget, name, self._toggle))
        strong(self.heading)
        self.beside.addWidget(self.heading)
        self.beside.addStretch(1)
        layout.addLayout(self.beside)
        self.content = qt.QWidget(self.widget)
        self.layout = column(self.content)
        layout.addWidget(self.content)
        self._open = True
        self._draw()

    @property
    def is_open(self) -> bool:
        """Whether the part is unfolded."""
        return self._open

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold."""
        if is_open != self._open:
            self._open = is_open
            self._draw()

    def _toggle(self) -> None:
        self.set_open(not self._open)
        if self._changed is not None:
            self._changed(self._open)

    def _draw(self) -> None:
        self.content.setVisible(self._open)
        self.heading.setIcon(self._icons.icon("fold" if self._open else "unfold", 12))
