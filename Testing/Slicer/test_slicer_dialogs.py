"""The questions and the sheet of shortcuts, opened and closed over and over in a real Slicer, as in months of work."""

from __future__ import annotations

import gc
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from threading import Event
from typing import Any

import qt
import slicer
import slicer_support as hand
from annotator_hand import Annotator
from crc_core.store.access import ServerForm

SHEETS = 200
QUESTIONS = 60
"""Of each kind."""


@dataclass(frozen=True)
class Choice:
    """One way to answer."""

    code: str
    words: str


TODAY = date(2026, 11, 26)
CHOICES = tuple(Choice(f"c{number}", f"第 {number} 项") for number in range(12))


@contextmanager
def closing(close: Callable[[Any], None]) -> Iterator[list[str]]:
    """While this holds, every dialog that comes up is closed by `close(dialog)`; the names of those that came."""
    came: list[str] = []
    timer = qt.QTimer()
    timer.setInterval(5)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        if dialog is not None and dialog.isVisible():
            came.append(dialog.objectName)
            close(dialog)

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield came
    finally:
        timer.stop()


def in_its_own_loop(call: Callable[[], object], times: int) -> list[object]:
    """Call over and over out of an event loop, as the window does; what was deleted meanwhile is gone after each."""
    loop, given = qt.QEventLoop(), []
    timer = qt.QTimer()
    timer.setSingleShot(True)

    def turn() -> None:
        given.append(call())
        if len(given) % 10 == 0:
            gc.collect()
        if len(given) == times:
            loop.quit()
        else:
            timer.start(0)

    timer.connect("timeout()", turn)
    timer.start(0)
    loop.exec_()
    return given


def press(name: str) -> Callable[[Any], None]:
    """Close a dialog by its button of that name."""
    return lambda dialog: dialog.findChild("QPushButton", name).click()


def dialogs_left() -> list[str]:
    """The dialogs of ours that the main window still has."""
    hand.settle()
    found = slicer.util.mainWindow().findChildren("QDialog")
    return [dialog.objectName for dialog in found if dialog.objectName.startswith("crc.")]


class OverAndOver(unittest.TestCase):
    """Nothing is deleted twice, and nothing stays."""

    def setUp(self) -> None:
        self.person = Annotator()
        self.ask = self.person.session.ask

    def tearDown(self) -> None:
        self.assertEqual(dialogs_left(), [])

    def test_sheet_of_shortcuts_by_its_key(self) -> None:
        keys = slicer.util.mainWindow().findChildren("QShortcut")
        sheet = next(key for key in keys if key.objectName == "crc.key.annotator.view.keys.sheet")
        with closing(lambda dialog: dialog.reject()) as came:
            in_its_own_loop(sheet.activated, SHEETS)
        self.assertEqual(came, ["crc.sheet"] * SHEETS)

    def test_sheet_with_a_picture_taken_while_it_is_up(self) -> None:
        def look_and_close(dialog: Any) -> None:
            self.assertFalse(dialog.grab().isNull())
            slicer.app.processEvents()
            dialog.close()

        with closing(look_and_close):
            in_its_own_loop(self.person.session.window.show_sheet, 20)

    def test_choice(self) -> None:
        with closing(press("crc.ask.c1")):
            given = in_its_own_loop(lambda: self.ask.choose("问题", "哪一项？", CHOICES[:3]), QUESTIONS)
        self.assertEqual(given, ["c1"] * QUESTIONS)

    def test_choice_put_away(self) -> None:
        with closing(lambda dialog: dialog.reject()):
            given = in_its_own_loop(lambda: self.ask.choose("问题", "哪一项？", CHOICES[:3]), QUESTIONS)
        self.assertEqual(given, [None] * QUESTIONS)

    def test_words(self) -> None:
        def write(dialog: Any) -> None:
            dialog.findChild("QPlainTextEdit", "crc.ask.text").setPlainText(" 请复核第 31 层 ")
            press("crc.ask.ok")(dialog)

        with closing(write):
            given = in_its_own_loop(lambda: self.ask.text("请教上级", "有何疑问？"), QUESTIONS)
        self.assertEqual(given, ["请复核第 31 层"] * QUESTIONS)

    def test_long_list(self) -> None:
        def narrow(dialog: Any) -> None:
            dialog.findChild("QLineEdit", "crc.ask.search").setText("第 7")
            press("crc.ask.ok")(dialog)

        with closing(narrow):
            given = in_its_own_loop(lambda: self.ask.pick("选择", "哪一项？", CHOICES), QUESTIONS)
        self.assertEqual(given, ["c7"] * QUESTIONS)

    def test_day(self) -> None:
        def choose(dialog: Any) -> None:
            dialog.findChild("QDateEdit", "crc.ask.day").setDate(qt.QDate(2025, 10, 2))
            press("crc.ask.ok")(dialog)

        with closing(choose):
            given = in_its_own_loop(lambda: self.ask.day("治疗", "哪一天？", TODAY, latest=TODAY), QUESTIONS)
        self.assertEqual(given, [date(2025, 10, 2)] * QUESTIONS)

    def test_no_day_after_the_last_one(self) -> None:
        def choose(dialog: Any) -> None:
            dialog.findChild("QDateEdit", "crc.ask.day").setDate(qt.QDate(2099, 1, 1))
            press("crc.ask.ok")(dialog)

        with closing(choose):
            given = in_its_own_loop(lambda: self.ask.day("治疗", "哪一天？", date(2025, 10, 2), latest=TODAY), 1)
        self.assertIn(given, ([date(2025, 10, 2)], [TODAY]))

    def test_a_renewed_certificate_can_be_given_to_the_same_server(self) -> None:
        def sign_in(dialog: Any) -> None:
            entries = [dialog.findChild("QLineEdit", f"crc.sign_in.{name}") for name in ("url", "ca_file", "password")]
            if entries[2].isEnabled():
                self.assertTrue(entries[0].readOnly and entries[1].isVisible())
                entries[1].setText("renewed.pem")
                entries[2].setText("colon-cancer")
                press("crc.sign_in.ok")(dialog)

        with closing(sign_in):
            given = in_its_own_loop(lambda: self.sign_in(lambda form: form.ca_file, is_fixed=True), 1)
        self.assertEqual(given, ["renewed.pem"])

    def test_form_to_sign_in(self) -> None:
        def sign_in(dialog: Any) -> None:
            entry = dialog.findChild("QLineEdit", "crc.sign_in.password")
            if entry.isEnabled():
                entry.setText("colon-cancer")
                press("crc.sign_in.ok")(dialog)

        with closing(sign_in):
            given = in_its_own_loop(lambda: self.sign_in(lambda form: form.password), QUESTIONS)
        self.assertEqual(given, ["colon-cancer"] * QUESTIONS)

    def test_form_to_sign_in_put_away_while_the_server_is_asked(self) -> None:
        ended = Event()
        self.addCleanup(ended.set)

        def send_and_go(dialog: Any) -> None:
            dialog.findChild("QLineEdit", "crc.sign_in.password").setText("colon-cancer")
            press("crc.sign_in.ok")(dialog)
            hand.settle(0.05)
            press("crc.sign_in.cancel")(dialog)

        with closing(send_and_go):
            given = in_its_own_loop(lambda: self.sign_in(lambda _form: ended.wait(20)), 10)
        self.assertEqual(given, [None] * 10)

    def sign_in(self, attempt: Callable[[ServerForm], object], *, is_fixed: bool = False) -> object:
        """Ask for the password of somebody at a server that `attempt` plays."""
        form = ServerForm("https://crc.example", "", "wang", "")
        return self.ask.server("登录", "请登录。", form, attempt, is_fixed=is_fixed)

    def test_question_inside_a_question(self) -> None:
        inner: list[object] = []

        def ask_again(_dialog: Any) -> None:
            if not inner:
                with closing(press("crc.ask.c1")):
                    inner.append(self.ask.choose("内", "？", CHOICES[:2]))
            press("crc.ask.c0")(_dialog)

        for _ in range(10):
            inner.clear()
            with closing(ask_again):
                outer = in_its_own_loop(lambda: self.ask.choose("外", "？", CHOICES[:2]), 1)
            self.assertEqual((inner, outer), (["c1"], ["c0"]))


if __name__ == "__main__":
    unittest.main()
