"""A widget that gives one child all its room and asks for no more than a fixed least height.

A layout with words that wrap tells every layout and scroll area above it how high it would like to be, and these make
room for it although it could do with less; here that ends.
"""

# ruff: noqa: N802, the name of the override is Qt's

from __future__ import annotations

import qt


class Cell(qt.QWidget):
    """Holds `child`, which always has its size."""

    def __init__(self, parent: qt.QWidget, least_height: int) -> None:
        super().__init__(parent)
        self._child: qt.QWidget | None = None
        self.setMinimumHeight(least_height)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Expanding)

    def hold(self, child: qt.QWidget) -> None:
        """Take the child in; it was made with this cell as its parent."""
        self._child = child
        child.setGeometry(0, 0, self.width, self.height)

    def resizeEvent(self, _event: qt.QResizeEvent) -> None:
        """Hand the size on."""
        if self._child is not None:
            self._child.setGeometry(0, 0, self.width, self.height)
