"""The bars at the foot of a panel: what takes a while with a way to stop it, and one sentence that was said."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import qt

from crc_widgets.icons import Icons, Tone, tone_colour
from crc_widgets.look import button, label, line, tint, tool
from crc_widgets.words import Words

_TOLD_FOR_MS = 10_000
_REST_S = 0.2
_TONES = {"info": Tone.NOTE, "warning": Tone.WARN, "error": Tone.BAD}


class BusyLike(Protocol):
    """A work that takes a while: what, and how much of it is done (total 0: unknown)."""

    @property
    def words(self) -> str:
        """What is being done."""

    @property
    def done(self) -> int:
        """How much of it is done."""

    @property
    def total(self) -> int:
        """How much there is to do."""


class MessageLike(Protocol):
    """One sentence; `level` is info, warning or error."""

    @property
    def words(self) -> str:
        """The sentence."""

    @property
    def level(self) -> str:
        """How loud it is."""


class BusyBar:
    """What takes a while: how far it is, and a way to stop it."""

    def __init__(self, parent: qt.QWidget, words: Words, cancel: Callable[[], None]) -> None:
        self.widget = qt.QWidget(parent)
        self.widget.setObjectName("crc.busy")
        row = line(self.widget)
        self._drawn_s = 0.0
        self._words = label(self.widget, name="crc.busy.words")
        self._bar = qt.QProgressBar(self.widget)
        self._bar.setFixedWidth(130)
        self._cancel = button(self.widget, "crc.busy.cancel", cancel)
        words.text(self._cancel, "widgets.cancel")
        row.addWidget(self._words, 1)
        row.addWidget(self._bar)
        row.addWidget(self._cancel)

    def draw(self, busy: BusyLike | None, *, can_cancel: bool = True) -> None:
        """Show what is under way, or nothing."""
        self.widget.setVisible(busy is not None)
        if busy is not None and not self._rests(busy):
            self._drawn_s = time.monotonic()
            self._words.setText(busy.words)
            self._bar.setRange(0, busy.total)
            self._bar.setValue(busy.done)
            self._cancel.setVisible(can_cancel)

    def _rests(self, busy: BusyLike) -> bool:
        """Whether only a number is another and was drawn just now: with views in it, a window is drawn as a whole."""
        is_same = (busy.words, busy.total) == (self._words.text, self._bar.maximum) and busy.done < busy.total
        return is_same and time.monotonic() - self._drawn_s < _REST_S


class MessageBar:
    """One sentence, as loud as it is meant, until it is put away; what is only told goes by itself."""

    def __init__(self, parent: qt.QWidget, words: Words, icons: Icons, put_away: Callable[[], None]) -> None:
        self._icons = icons
        self._told = qt.QTimer(parent)
        self._told.setSingleShot(True)
        self._told.setInterval(_TOLD_FOR_MS)
        self._told.connect("timeout()", put_away)
        self.widget = qt.QFrame(parent)
        self.widget.setObjectName("crc.message")
        self.widget.setFrameShape(qt.QFrame.StyledPanel)
        row = line(self.widget, gap=6)
        row.setContentsMargins(6, 4, 4, 4)
        self._icon, self._words = qt.QLabel(self.widget), label(self.widget, name="crc.message.words")
        self._icon.setAlignment(qt.Qt.AlignTop)
        self._words.setTextInteractionFlags(qt.Qt.TextSelectableByMouse)
        self._close = tool(self.widget, "crc.message.close", put_away, icons.icon("close", 12))
        words.tip(self._close, "widgets.dismiss")
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        row.addWidget(self._close)
        self._plain = self.widget.palette

    def draw(self, message: MessageLike | None) -> None:
        """Show a sentence, or none."""
        self.widget.setVisible(message is not None)
        self._told.stop()
        if message is not None:
            if message.level == "info":
                self._told.start()
            self.widget.setPalette(self._plain)
            tint(self.widget, tone_colour(self.widget, _TONES[message.level]))
            self._icon.setPixmap(self._icons.pixmap(message.level, 18))
            self._words.setText(message.words)
