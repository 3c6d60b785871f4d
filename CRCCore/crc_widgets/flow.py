"""A widget whose children stand beside each other and go on in the next line where there is no room left.

It places them itself on each resize: a layout class of our own would have to hand items to and fro between languages.
"""

# ruff: noqa: N802, the name of the override is Qt's

from __future__ import annotations

import qt


class Flow(qt.QWidget):
    """Children in lines; its height follows from its width. `even`: all in one line that they fill."""

    def __init__(self, parent: qt.QWidget, gap: int = 4, line_gap: int = 3, *, even: bool = False) -> None:
        super().__init__(parent)
        self._gap, self._line_gap, self._even = gap, line_gap, even
        self._members: list[qt.QWidget] = []
        self._placed = (-1, -1)
        self.setSizePolicy(qt.QSizePolicy.Expanding, qt.QSizePolicy.Fixed)
        self.setMinimumWidth(1)

    def add(self, widget: qt.QWidget, position: int | None = None) -> None:
        """Take a child in, at the end or at a position."""
        self._members.insert(len(self._members) if position is None else position, widget)

    def drop(self, widget: qt.QWidget) -> None:
        """Let a child go."""
        self._members.remove(widget)

    @property
    def members(self) -> tuple[qt.QWidget, ...]:
        """The children in order."""
        return tuple(self._members)

    def resizeEvent(self, event: qt.QResizeEvent) -> None:
        """Place the children anew where the width is another."""
        if self.width != self._placed[0]:
            self.place()

    def place(self) -> None:
        """Place the children; to be called after words or visibility of one changed."""
        across = self.width
        x = y = line = 0
        seen = [member for member in self._members if not member.isHidden()]
        spare = self._spare(seen, across) if self._even else 0.0
        for number, member in enumerate(seen):
            hint = member.sizeHint
            wide = min(max(hint.width(), member.minimumWidth), across)
            if self._even:
                wide += int(spare * (number + 1)) - int(spare * number)
            high = member.heightForWidth(wide) if member.hasHeightForWidth() else hint.height()
            if x and x + wide > across and not self._even:
                x, y, line = 0, y + line + self._line_gap, 0
            member.setGeometry(x, y, wide, high)
            x, line = x + wide + self._gap, max(line, high)
        if (across, y + line) != self._placed:
            self._placed = (across, y + line)
            self.setFixedHeight(y + line)

    def _spare(self, seen: list[qt.QWidget], across: int) -> float:
        """What each child gets beyond what it asks for; negative where there is too little for all."""
        asked = sum(member.sizeHint.width() + self._gap for member in seen) - self._gap
        return (across - asked) / max(1, len(seen))
