"""Asks for a person's PIN or password again before something is signed; what was typed is given on and not kept."""

from __future__ import annotations

from collections.abc import Callable

import qt
from crc_core.text import Lang, say

from crc_widgets.dialog import run_modal, shown
from crc_widgets.look import Weight, button, column, label, line, strong

_WIDTH = 440


class SignAgain:
    """The presenter's port `Secrets`; `run(dialog)` shows a dialog until it is answered."""

    def __init__(
        self,
        window: Callable[[], qt.QWidget | None],
        lang: Callable[[], Lang],
        run: Callable[[qt.QDialog], object] | None = None,
    ) -> None:
        self._window, self._lang = window, lang
        self._run = run or run_modal

    def ask(self, person: str, words: str) -> str | None:
        """The PIN or password, with what it is asked for; None: put away."""
        asked = _Signature(self._window(), person, words, self._lang())
        with shown(asked.dialog, self._run):
            return asked.take()


class _Signature:
    """One dialog on its way to a signature."""

    def __init__(self, window: qt.QWidget | None, person: str, words: str, lang: Lang) -> None:
        self._signed = False
        self.dialog = qt.QDialog(window)
        self.dialog.setObjectName("crc.sign")
        self.dialog.setWindowTitle(say("widgets.sign.title", lang))
        self.dialog.setMinimumWidth(_WIDTH)
        layout = column(self.dialog, margin=12, gap=10)
        said = label(self.dialog, name="crc.sign.words")
        said.setText(words)
        layout.addWidget(said)
        who = label(self.dialog, Weight.QUIET, name="crc.sign.person")
        who.setText(say("widgets.sign.person", lang, person=person))
        layout.addWidget(who)
        self._entry = qt.QLineEdit(self.dialog)
        self._entry.setObjectName("crc.sign.secret")
        self._entry.setEchoMode(qt.QLineEdit.Password)
        self._entry.setPlaceholderText(say("widgets.sign.secret", lang))
        self._entry.connect("textChanged(QString)", self._typed)
        layout.addWidget(self._entry)
        row = line(gap=6)
        row.addStretch(1)
        self._sign = button(self.dialog, "crc.sign.sign", self._give)
        self._sign.setText(say("widgets.sign.sign", lang))
        self._sign.setDefault(True)
        self._sign.setEnabled(False)
        strong(self._sign)
        cancel = button(self.dialog, "crc.sign.cancel", self.dialog.reject)
        cancel.setText(say("widgets.ask.cancel", lang))
        row.addWidget(self._sign)
        row.addWidget(cancel)
        layout.addLayout(row)
        self._entry.setFocus()

    def take(self) -> str | None:
        """What was typed, if it was given; the entry holds it no longer."""
        typed, signed = self._entry.text, self._signed
        self._entry.clear()
        return typed if signed else None

    def _typed(self, words: str) -> None:
        self._sign.setEnabled(bool(words))

    def _give(self) -> None:
        self._signed = True
        self.dialog.accept()
