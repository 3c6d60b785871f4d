"""Questions to a person, as dialogs of our own: words, buttons with the answers, Esc for none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import qt
from crc_core.errors import CrcError
from crc_core.text import Lang, say

from crc_widgets.dialog import run_modal, shown
from crc_widgets.look import button, column, label, line

if TYPE_CHECKING:
    from crc_core.store.access import ServerForm

_WIDTH = 420
_SEARCH_FROM = 8
_DAY_FORMAT = "yyyy-MM-dd"


class ChoiceLike(Protocol):
    """One way to answer: a code and its words."""

    @property
    def code(self) -> str:
        """What is given back."""

    @property
    def words(self) -> str:
        """What is read."""


class Dialogs:
    """The presenter's port `Ask`; `run(dialog)` shows a dialog until it is answered, tests give one of their own."""

    def __init__(
        self,
        window: Callable[[], qt.QWidget | None],
        lang: Callable[[], Lang],
        run: Callable[[qt.QDialog], object] | None = None,
        pick_study: Callable[[qt.QWidget | None, Lang], Path | None] | None = None,
    ) -> None:
        self._window, self._lang = window, lang
        self._run = run or run_modal
        self._pick_study = pick_study

    def choose(self, title: str, words: str, choices: Sequence[ChoiceLike]) -> str | None:
        """One of several buttons; the code chosen."""
        asked = _Asked(self._window(), title, words)
        asked.layout.addLayout(self._choice_line(asked, choices))
        with shown(asked.dialog, self._run):
            return asked.code

    def _choice_line(self, asked: _Asked, choices: Sequence[ChoiceLike]) -> qt.QHBoxLayout:
        row = line(gap=6)
        row.addStretch(1)
        for number, choice in enumerate(choices):
            made = asked.answer_button(choice.code, choice.words)
            made.setDefault(number == 0)
            row.addWidget(made)
        return row

    def text(self, title: str, words: str, preset: str = "", *, needed: bool = True) -> str | None:
        """Some words; with `needed`, empty ones cannot be given."""
        asked = _Asked(self._window(), title, words)
        entry = _Words(asked, preset, needed)
        asked.layout.addWidget(entry.edit)
        asked.layout.addLayout(self._ok_line(asked, entry.ok))
        entry.check()
        entry.edit.setFocus()
        with shown(asked.dialog, self._run):
            return None if asked.code is None else entry.edit.plainText.strip()

    def pick(self, title: str, words: str, choices: Sequence[ChoiceLike]) -> str | None:
        """One of a longer list; the code chosen."""
        asked = _Asked(self._window(), title, words)
        picked = _List(asked, choices, self._lang())
        asked.layout.addWidget(picked.search)
        asked.layout.addWidget(picked.list)
        asked.layout.addLayout(self._ok_line(asked, picked.ok))
        picked.check()
        with shown(asked.dialog, self._run):
            return None if asked.code is None else picked.code

    def day(self, title: str, words: str, preset: date, *, latest: date) -> date | None:
        """A day, not after `latest`."""
        asked = _Asked(self._window(), title, words)
        entry = qt.QDateEdit(asked.dialog)
        entry.setObjectName("crc.ask.day")
        entry.setDisplayFormat(_DAY_FORMAT)
        entry.setCalendarPopup(True)
        entry.setMaximumDate(_qt_day(latest))
        entry.setDate(_qt_day(preset))
        asked.layout.addWidget(entry)
        asked.layout.addLayout(self._ok_line(asked, asked.answer_button("ok")))
        entry.setFocus()
        with shown(asked.dialog, self._run):
            return None if asked.code is None else date.fromisoformat(entry.text)

    def folder(self, title: str, preset: Path | None = None) -> Path | None:
        """A folder that exists."""
        chosen = qt.QFileDialog.getExistingDirectory(self._window(), title, "" if preset is None else str(preset))
        return Path(chosen) if chosen else None

    def file(self, title: str, endings: Sequence[str], preset: Path | None = None) -> Path | None:
        """A file that exists, of one of these endings (without dots)."""
        shown = " ".join(f"*.{ending}" for ending in endings)
        chosen = qt.QFileDialog.getOpenFileName(self._window(), title, "" if preset is None else str(preset), shown)
        return Path(chosen) if chosen else None

    def server(
        self, title: str, words: str, form: ServerForm, attempt: Callable[[ServerForm], Any], *, is_fixed: bool = False
    ) -> Any:
        """Sign in to a server; see `crc_widgets.sign_in`."""
        from crc_widgets.sign_in import SignIn

        return SignIn(self._window(), self._lang(), self._run).ask(title, words, form, attempt, is_fixed=is_fixed)

    def database_study(self) -> Path | None:
        """The files of a study chosen in Slicer's DICOM database, in a folder of links; None for none.

        Where there is nothing to choose from, a dialog says why.
        """
        if self._pick_study is None:
            return None
        lang = self._lang()
        try:
            return self._pick_study(self._window(), lang)
        except CrcError as error:
            ok = _Choice("ok", say("widgets.ask.ok", lang))
            self.choose(say("widgets.dicom.title", lang), error.sentence(lang), [ok])
            return None

    def _ok_line(self, asked: _Asked, ok: qt.QPushButton) -> qt.QHBoxLayout:
        row = line(gap=6)
        ok.setText(say("widgets.ask.ok", self._lang()))
        ok.setDefault(True)
        cancel = button(asked.dialog, "crc.ask.cancel", asked.put_away)
        cancel.setText(say("widgets.ask.cancel", self._lang()))
        row.addStretch(1)
        row.addWidget(ok)
        row.addWidget(cancel)
        return row


def _qt_day(day: date) -> qt.QDate:
    return qt.QDate(day.year, day.month, day.day)


@dataclass(frozen=True)
class _Choice:
    code: str
    words: str


class _Asked:
    """One dialog on its way to an answer."""

    def __init__(self, window: qt.QWidget | None, title: str, words: str) -> None:
        self.code: str | None = None
        self.dialog = qt.QDialog(window)
        self.dialog.setObjectName("crc.ask")
        self.dialog.setWindowTitle(title)
        self.dialog.setMinimumWidth(_WIDTH)
        self.layout = column(self.dialog, margin=12, gap=10)
        said = label(self.dialog, name="crc.ask.words")
        said.setText(words)
        self.layout.addWidget(said)
        self._answers: list[_Answer] = []

    def answer_button(self, code: str, words: str = "") -> qt.QPushButton:
        """A button that answers with a code."""
        answer = _Answer(self, code)
        self._answers.append(answer)
        made = button(self.dialog, f"crc.ask.{code}", answer.give)
        made.setAutoDefault(True)
        made.setText(words)
        return made

    def give(self, code: str) -> None:
        self.code = code
        self.dialog.accept()

    def put_away(self) -> None:
        self.code = None
        self.dialog.reject()


class _Answer:
    def __init__(self, asked: _Asked, code: str) -> None:
        self._asked, self._code = asked, code

    def give(self) -> None:
        self._asked.give(self._code)


class _Words:
    """Words to be written, several lines where a person wants them."""

    def __init__(self, asked: _Asked, preset: str, needed: bool) -> None:
        self._needed = needed
        self.edit = qt.QPlainTextEdit(asked.dialog)
        self.edit.setObjectName("crc.ask.text")
        self.edit.setPlainText(preset)
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(90)
        self.ok = asked.answer_button("ok")
        self.edit.connect("textChanged()", self.check)

    def check(self) -> None:
        """Words that are needed must be there before they can be given."""
        self.ok.setEnabled(not self._needed or bool(self.edit.plainText.strip()))


class _List:
    """A list with, where it is long, an entry that narrows it."""

    def __init__(self, asked: _Asked, choices: Sequence[ChoiceLike], lang: Lang) -> None:
        self._choices = tuple(choices)
        self.search = qt.QLineEdit(asked.dialog)
        self.search.setObjectName("crc.ask.search")
        self.search.setPlaceholderText(say("widgets.ask.search", lang))
        self.search.setVisible(len(choices) >= _SEARCH_FROM)
        self.list = qt.QListWidget(asked.dialog)
        self.list.setObjectName("crc.ask.list")
        for choice in choices:
            self.list.addItem(choice.words)
        self._asked = asked
        self.ok = asked.answer_button("ok")
        if choices:
            self.list.setCurrentRow(0)
        self.search.connect("textChanged(QString)", self._narrow)
        self.list.connect("currentRowChanged(int)", self._chosen)
        self.list.connect("itemActivated(QListWidgetItem*)", self._taken)

    @property
    def code(self) -> str | None:
        """What is chosen."""
        row = self.list.currentRow
        return self._choices[row].code if 0 <= row < len(self._choices) else None

    def check(self) -> None:
        """There must be a line that is chosen and seen."""
        row = self.list.currentRow
        self.ok.setEnabled(0 <= row < len(self._choices) and not self.list.isRowHidden(row))

    def _narrow(self, words: str) -> None:
        for row, choice in enumerate(self._choices):
            self.list.setRowHidden(row, words.lower() not in choice.words.lower())
        seen = [row for row in range(len(self._choices)) if not self.list.isRowHidden(row)]
        if seen and self.list.currentRow not in seen:
            self.list.setCurrentRow(seen[0])
        self.check()

    def _chosen(self, _row: int) -> None:
        self.check()

    def _taken(self, _item: qt.QListWidgetItem) -> None:
        if self.ok.isEnabled():
            self._asked.give("ok")
