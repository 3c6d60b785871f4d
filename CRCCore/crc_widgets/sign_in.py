"""The form in which a person signs in to a server; the server is asked aside, and what it says is told in the form.

    found = SignIn(window, lang).ask(title, words, form, attempt, is_fixed=False)

`form` is what is filled in beforehand (`crc_core.store.access.ServerForm`), `attempt(form)` asks the server in a thread
of its own and gives what `ask` returns; its CrcError is told, and the person can try again. With `is_fixed` the server
stands there and cannot be changed; the hospital's certificate, which is renewed at times, can. The password is in the
form alone and goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import qt
from crc_core.desk.aside import aside
from crc_core.errors import CrcError
from crc_core.store.access import ServerForm
from crc_core.text import Lang, say

from crc_widgets.dialog import run_modal, shown
from crc_widgets.icons import Tone, tone_colour
from crc_widgets.look import button, column, label, line, show_words, tint, tool

_WIDTH = 460
_POLL_MS = 20


class SignIn:
    """Asks; `run(dialog)` shows the dialog until it is answered, tests give one of their own."""

    def __init__(
        self, window: qt.QWidget | None, lang: Lang, run: Callable[[qt.QDialog], object] | None = None
    ) -> None:
        self._window, self._lang = window, lang
        self._run = run or run_modal

    def ask(
        self, title: str, words: str, form: ServerForm, attempt: Callable[[ServerForm], Any], *, is_fixed: bool = False
    ) -> Any:
        """What `attempt` gave; None where the person thought better of it."""
        asked = _Dialog(self._window, self._lang, title, words, form, attempt, is_fixed)
        with shown(asked.dialog, self._run):
            return asked.take()


class _Dialog:
    def __init__(
        self,
        window: qt.QWidget | None,
        lang: Lang,
        title: str,
        words: str,
        form: ServerForm,
        attempt: Callable[[ServerForm], Any],
        is_fixed: bool,
    ) -> None:
        self._lang, self._attempt, self._is_fixed, self._form = lang, attempt, is_fixed, form
        self._found: Any = None
        self._asking: Generator[None, None, Any] | None = None
        self.dialog = qt.QDialog(window)
        self.dialog.setObjectName("crc.sign_in")
        self.dialog.setWindowTitle(title)
        self.dialog.setMinimumWidth(_WIDTH)
        layout = column(self.dialog, margin=12, gap=10)
        said = label(self.dialog, name="crc.sign_in.words")
        said.setText(words)
        layout.addWidget(said)
        layout.addLayout(self._fields(form))
        self._trouble = label(self.dialog, name="crc.sign_in.trouble")
        self._trouble.setMargin(6)
        tint(self._trouble, tone_colour(self.dialog, Tone.BAD))
        layout.addWidget(self._trouble)
        layout.addLayout(self._buttons())
        self._poll = qt.QTimer(self.dialog)
        self._poll.setInterval(_POLL_MS)
        self._poll.connect("timeout()", self._look)
        self._tell("")
        self._check()
        (self._password if form.url and form.person else self._person if form.url else self._url).setFocus()

    def _fields(self, form: ServerForm) -> qt.QFormLayout:
        fields = qt.QFormLayout()
        fields.setFieldGrowthPolicy(qt.QFormLayout.ExpandingFieldsGrow)
        self._url = self._entry("url", form.url)
        self._url.setPlaceholderText("https://")
        self._ca_file = self._entry("ca_file", form.ca_file)
        self._person = self._entry("person", form.person)
        self._password = self._entry("password", "")
        self._password.setEchoMode(qt.QLineEdit.Password)
        self._browse = tool(self.dialog, "crc.sign_in.browse", self._choose_file)
        self._browse.setText("…")
        self._browse.setAccessibleName(self._say("ca_file_tip"))
        self._browse.setToolTip(self._say("ca_file_tip"))
        self._ca_file.setToolTip(self._say("ca_file_tip"))
        self._ca_file.setPlaceholderText(self._say("ca_file_hint"))
        row = line()
        row.addWidget(self._ca_file, 1)
        row.addWidget(self._browse)
        fields.addRow(self._say("url"), self._url)
        fields.addRow(self._say("ca_file"), row)
        fields.addRow(self._say("person"), self._person)
        fields.addRow(self._say("password"), self._password)
        self._url.setReadOnly(self._is_fixed)
        return fields

    def _entry(self, name: str, words: str) -> qt.QLineEdit:
        made = qt.QLineEdit(self.dialog)
        made.setObjectName(f"crc.sign_in.{name}")
        made.setText(words)
        made.setAccessibleName(self._say(name))
        made.connect("textChanged(QString)", self._changed)
        return made

    def _buttons(self) -> qt.QHBoxLayout:
        row = line(gap=6)
        self._busy = qt.QProgressBar(self.dialog)
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedWidth(90)
        self._busy.hide()
        self._ok = button(self.dialog, "crc.sign_in.ok", self._send)
        self._ok.setText(self._say("ok"))
        self._ok.setDefault(True)
        cancel = button(self.dialog, "crc.sign_in.cancel", self._put_away)
        cancel.setText(say("widgets.ask.cancel", self._lang))
        row.addWidget(self._busy)
        row.addStretch(1)
        row.addWidget(self._ok)
        row.addWidget(cancel)
        return row

    def _put_away(self) -> None:
        self.dialog.reject()

    def _say(self, code: str) -> str:
        return say(f"widgets.sign_in.{code}", self._lang)

    def _changed(self, _words: str) -> None:
        self._check()

    def _check(self) -> None:
        is_filled = all(entry.text.strip() for entry in (self._url, self._person)) and bool(self._password.text)
        self._ok.setEnabled(is_filled and self._asking is None)

    def _choose_file(self) -> None:
        chosen = qt.QFileDialog.getOpenFileName(self.dialog, self._say("ca_file"), self._ca_file.text)
        if chosen:
            self._ca_file.setText(chosen)

    def _send(self) -> None:
        """Ask the server aside; the form can still be put away."""
        if self._asking is not None:
            return
        given = ServerForm(
            self._url.text.strip(), self._ca_file.text.strip(), self._person.text.strip(), self._password.text
        )
        self._asking = aside(lambda: self._attempt(given))
        self._tell("")
        self._waits(True)
        self._poll.start()

    def _look(self) -> None:
        if self._asking is None:
            return
        try:
            next(self._asking)
        except StopIteration as end:
            self._stop()
            self._found = end.value
            self.dialog.accept()
        except CrcError as error:
            self._stop()
            self._tell(error.sentence(self._lang))
            self._password.selectAll()
            self._password.setFocus()
        except Exception:
            self._stop()
            self.dialog.reject()
            raise

    def _stop(self) -> None:
        self._poll.stop()
        self._asking = None
        self._waits(False)

    def _waits(self, waits: bool) -> None:
        self._busy.setVisible(waits)
        for entry in (self._url, self._ca_file, self._person, self._password):
            entry.setEnabled(not waits)
        self._check()

    def _tell(self, words: str) -> None:
        show_words(self._trouble, words)

    def take(self) -> Any:
        """What was found; nothing of the password stays, and nobody waits for the server any more."""
        self._poll.stop()
        self._asking = None
        self._password.clear()
        return self._found
