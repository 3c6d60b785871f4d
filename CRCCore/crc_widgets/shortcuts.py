"""Shortcuts that live only while their panel is open, and the sheet that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt
from crc_core.text import Lang, say

from crc_widgets.key_clashes import SAME_MEANING
from crc_widgets.look import Weight, label


@dataclass(frozen=True)
class Binding:
    """One shortcut: its keys, what it does in words (a code), and what to call; `group` is the heading on the sheet."""

    keys: str
    code: str
    call: Callable[[], None]
    group: str


class Shortcuts:
    """Installs bindings on a window and takes them away again."""

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self.bindings = tuple(bindings)
        self._live: list[tuple[qt.QShortcut, Binding]] = []
        self._taken: list[tuple[qt.QAction, qt.QKeySequence]] = []
        self._rivals: list[qt.QAction] | None = None

    def install(self, window: qt.QWidget) -> None:
        """Listen to the keys in a window; again is harmless."""
        if self._live:
            return
        self._take_over(window)
        for binding in self.bindings:
            shortcut = qt.QShortcut(qt.QKeySequence(binding.keys), window)
            shortcut.setObjectName(f"crc.key.{binding.code}")
            shortcut.connect("activated()", binding.call)
            self._live.append((shortcut, binding))

    def remove(self) -> None:
        """Listen no longer."""
        for shortcut, binding in self._live:
            shortcut.disconnect("activated()", binding.call)
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self._live = []

        for action, keys in self._taken:
            action.setShortcut(keys)
        self._taken = []

    def _take_over(self, window: qt.QWidget) -> None:
        """Two owners of a key make it dead for both: who means the same by it lets go of it for a while."""
        ours = {binding.keys for binding in self.bindings} & SAME_MEANING
        if self._rivals is None:
            # Once: there are more than a thousand actions, and these few belong to the window itself.
            self._rivals = [action for action in window.findChildren("QAction") if action.shortcut.toString() in ours]
        for action in self._rivals:
            keys = action.shortcut.toString()
            if keys in ours:
                self._taken.append((action, qt.QKeySequence(keys)))
                action.setShortcut(qt.QKeySequence())

    @property
    def installed(self) -> bool:
        """Whether the keys are listened to."""
        return bool(self._live)


class ShortcutSheet:
    """The dialog that lists every shortcut under its heading."""

    def __init__(self, parent: qt.QWidget | None, bindings: Sequence[Binding], lang: Lang) -> None:
        self.dialog = qt.QDialog(parent)
        self.dialog.setObjectName("crc.sheet")
        self.dialog.setWindowTitle(say("widgets.sheet.title", lang))
        grid = qt.QGridLayout(self.dialog)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(3)
        groups = list(dict.fromkeys(binding.group for binding in bindings))
        half = _balanced(groups, bindings)
        for column, part in enumerate((groups[:half], groups[half:])):
            line = 0
            for group in part:
                line = self._write_group(grid, line, 2 * column, group, bindings, lang)
            grid.setRowStretch(line, 1)
        note = label(self.dialog, Weight.QUIET)
        note.setText(say("widgets.sheet.note", lang))
        grid.addWidget(note, len(bindings) + len(groups) + 1, 0, 1, 4)
        self.dialog.setMinimumWidth(640)

    def _write_group(
        self, grid: qt.QGridLayout, line: int, column: int, group: str, bindings: Sequence[Binding], lang: Lang
    ) -> int:
        heading = label(self.dialog, Weight.STRONG, wrap=False)
        heading.setText(say(group, lang))
        grid.addWidget(heading, line, column, 1, 2)
        line += 1
        for binding in bindings:
            if binding.group == group:
                keys, words = label(self.dialog, Weight.STRONG, wrap=False), label(self.dialog, wrap=False)
                keys.setText(qt.QKeySequence(binding.keys).toString(qt.QKeySequence.NativeText))
                words.setText(say(binding.code, lang))
                grid.addWidget(keys, line, column)
                grid.addWidget(words, line, column + 1)
                line += 1
        return line


def _balanced(groups: Sequence[str], bindings: Sequence[Binding]) -> int:
    sizes = [1 + sum(binding.group == group for binding in bindings) for group in groups]
    return min(range(len(groups) + 1), key=lambda half: abs(sum(sizes[:half]) - sum(sizes[half:])))
