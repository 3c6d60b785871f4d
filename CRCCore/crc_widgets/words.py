"""Words that stand on a panel for good; they follow the language in one call."""

from __future__ import annotations

import qt
from crc_core.text import Lang, say


class Words:
    """Remembers which code stands on which widget."""

    def __init__(self) -> None:
        self._texts: list[tuple[qt.QObject, str]] = []
        self._tips: list[tuple[qt.QWidget, str, str]] = []
        self._hints: list[tuple[qt.QLineEdit, str]] = []

    def text(self, widget: qt.QObject, code: str) -> None:
        """Let a widget or an action show the sentence of a code."""
        self._texts.append((widget, code))

    def tip(self, widget: qt.QWidget, code: str, keys: str = "") -> None:
        """Explain a widget; `keys` is the shortcut that does the same. A screen reader reads the sentence too."""
        self._tips.append((widget, code, keys))

    def hint(self, widget: qt.QLineEdit, code: str) -> None:
        """Say in an empty entry what belongs there."""
        self._hints.append((widget, code))

    def speak(self, lang: Lang) -> None:
        """Show everything in a language."""
        for widget, code in self._texts:
            widget.setText(say(code, lang))
        for widget, code, keys in self._tips:
            words = say(code, lang)
            widget.setToolTip(f"{words} ({keys})" if keys else words)
            widget.setAccessibleName(words)
        for entry, code in self._hints:
            entry.setPlaceholderText(say(code, lang))
