"""A reader at a server, in a real Slicer: sign in, take a case, hand it in while the server is away, see it sent.

The server runs in a Python of its own (`CRC_PYTHON`, else the checkout's `.venv`), as it would on another machine.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import unittest
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import qt
import slicer
import slicer_support as hand
from annotator_hand import Annotator, answering
from crc_core.identity import UnitId
from crc_core.reading.seal import read_reading
from crc_core.store.remote.outbox import SendState
from crc_core.store.remote.standing import LineState
from crc_core.vocabulary import Target, TargetAnswer
from crc_core.workflow.views import SlotPhase

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "colon-cancer-2026"
ANSWERS = {
    Target.PRIMARY: TargetAnswer.NO_TUMOUR,
    Target.LIVER: TargetAnswer.NONE_SEEN,
    Target.LUNG: TargetAnswer.NONE_SEEN,
    Target.NODE: TargetAnswer.NONE_SEEN,
}


def python_outside() -> str | None:
    """The Python that has the server; None where there is none."""
    wanted = os.environ.get("CRC_PYTHON") or str(ROOT / ".venv" / "bin" / "python")
    return shutil.which(wanted)


class Server:
    """`crcdb serve` in a process of its own, with the sample case, on one port of this machine."""

    def __init__(self, folder: Path, python: str) -> None:
        self._python, self.data = python, folder / "服务器"
        self.data.mkdir(parents=True)
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        script = str(ROOT / "Testing" / "Support" / "sample_server.py")
        told = subprocess.run(
            [python, script, "prepare", str(self.data), PASSWORD],
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
            timeout=900,
        )
        made = json.loads(told.stdout.decode("utf-8").splitlines()[-1])
        self.unit, self.reader = made["unit"], made["reader"]

    @property
    def _environment(self) -> dict[str, str]:
        """What this Slicer was started with: its own libraries are none of the server's."""
        started: dict[str, str] = dict(slicer.util.startupEnvironment())
        started["PYTHONUTF8"] = "1"
        return started

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = ["-m", "crc_core.cli.main", "serve", "--data", str(self.data), "--port", str(self.port)]
        with (self.data / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, *command], env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        hand.wait_until(self._answers, "the server answers", 180)

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.url}/api/v1/store", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True


@contextmanager
def signing_in(url: str, person: str, *passwords: str) -> Iterator[list[str]]:
    """Choose "server" where that is asked, then fill the form with one password after the other until it closes.

    What the form said after a refusal is given.
    """
    waiting, told = list(passwords), []
    timer = qt.QTimer()
    timer.setInterval(100)

    def look() -> None:
        dialog = slicer.app.activeModalWidget()
        if dialog is None:
            return
        if dialog.objectName == "crc.ask":
            found = (dialog.findChild("QObject", f"crc.ask.{name}") for name in ("server", "save"))
            next(button for button in found if button is not None).click()
        elif dialog.objectName == "crc.sign_in" and waiting:
            timer.stop()
            fill(dialog)
            timer.start()

    def fill(dialog: Any) -> None:
        entry = {name: dialog.findChild("QObject", f"crc.sign_in.{name}") for name in ("url", "person", "password")}
        trouble = dialog.findChild("QObject", "crc.sign_in.trouble")
        if not entry["password"].isEnabled():
            return
        if len(waiting) < len(passwords):
            told.append(trouble.text)
        if not entry["url"].readOnly:
            entry["url"].setText(url)
        entry["person"].setText(person)
        entry["password"].setText(waiting.pop(0))
        wanted = os.environ.get("CRC_PICTURES")
        if wanted:
            Path(wanted).mkdir(parents=True, exist_ok=True)
            dialog.grab().save(str(Path(wanted) / f"s1-sign-in-{len(told)}.png"))
        dialog.findChild("QObject", "crc.sign_in.ok").click()

    timer.connect("timeout()", look)
    timer.start()
    try:
        yield told
        hand.wait_until(lambda: not waiting, "the form to sign in")
    finally:
        timer.stop()


class AtAServer(unittest.TestCase):
    """One case at a server that is away when it is handed in."""

    def setUp(self) -> None:
        python = python_outside()
        if python is None:
            self.skipTest("there is no Python with the server outside Slicer")
        self.server = Server(hand.folder() / "server", python)
        self.addCleanup(self.server.stop)
        self.server.start()

    def test_a_case_is_taken_handed_in_while_the_server_is_away_and_sent_by_itself(self) -> None:
        person = Annotator()
        self.addCleanup(self.leave, person)
        person.go_to("case")
        self.sign_in(person)
        person.press("case.open_next")
        person.wait(lambda: person.state.header is not None and person.state.busy is None, "the case is open", 300)
        self.assertEqual(person.state.header.unit, self.server.unit)
        hand.keep_picture("s2-open")
        self.read(person)
        self.server.stop()
        person.go_to("submit")
        person.press("submit.submit")
        person.wait(lambda: states(person) == [SendState.WAITING], "the reading waits in the outbox", 300)
        person.wait(lambda: person.state.line.state is LineState.AWAY, "the panel knows that the server is away")
        self.assertTrue(person.state.header.read_only)
        self.assertTrue(person.state.submit.submitted)
        hand.keep_picture("s3-waits")
        person.go_to("case")
        hand.keep_picture("s4-outbox")
        self.server.start()
        person.wait(lambda: states(person) == [SendState.SENT], "the reading is sent by itself", 300)
        person.wait(lambda: person.state.line.state is LineState.CONNECTED, "the panel is connected again")
        hand.keep_picture("s5-sent")
        self.holds_the_reading(person)
        self.keeps_no_secret(person)

    def leave(self, person: Annotator) -> None:
        """Sign out, so that the next test begins without a store."""
        person.session.annotator.online.sign_out()
        person.session.annotator.hub.kit.settings.put("store", None)

    def sign_in(self, person: Annotator) -> None:
        """Through the widgets, with a wrong password first."""
        with signing_in(self.server.url, self.server.reader, "not-the-password", PASSWORD) as told:
            person.press("case.choose_store")
        self.assertEqual(len(told), 1)
        self.assertTrue(told[0], "why the first try was refused stands in the form")
        person.wait(lambda: person.state.store.is_open, "the server's store is open")
        self.assertIs(person.state.line.state, LineState.CONNECTED)
        self.assertEqual([row.unit for row in person.state.cases.rows], [self.server.unit])
        self.assertTrue(person.control("head.line").isVisible())

    def read(self, person: Annotator) -> None:
        """Look at the scan and answer every target."""
        person.go_to("check")
        for item in [item for item in person.state.check.items if item.can_accept and not item.accepted]:
            with answering("ok", words="临床可接受"):
                person.press(f"check.accept.{item.id}")
        person.press("check.confirm")
        person.wait(lambda: person.state.step.value == "contour", "contouring begins")
        for target in [row.target for row in person.state.contour.targets]:
            person.press(f"contour.target.{target.value}")
            person.wait(lambda chosen=target: person.state.contour.target is chosen, f"the target {target.value}")
            person.press(f"contour.answer.{ANSWERS[target].value}")
        person.idle()

    def holds_the_reading(self, person: Annotator) -> None:
        """The server has it, whole, as it was said."""
        store = person.session.annotator.hub.store
        (slot,) = store.unit(UnitId.parse(self.server.unit), self.server.reader).slots
        self.assertIs(slot.phase, SlotPhase.SUBMITTED)
        reading = read_reading(store.open_reading(slot.reading, self.server.reader)).reading
        self.assertEqual({item.target: item.answer for item in reading.targets}, ANSWERS)
        self.assertIn(slot.reading[:8], person.state.submit.submitted)

    def keeps_no_secret(self, person: Annotator) -> None:
        """Neither token nor password lies in any file of this machine's own folder or in the settings."""
        hub = person.session.annotator.hub
        secrets = [hub.session.access().token, PASSWORD]
        for path in hub.kit.home.rglob("*"):
            data = path.read_bytes() if path.is_file() else b""
            self.assertFalse([secret for secret in secrets if secret.encode() in data], path)
        settings = Path(slicer.app.userSettings().fileName())
        slicer.app.userSettings().sync()
        text = settings.read_text(encoding="utf-8", errors="replace") if settings.exists() else ""
        self.assertFalse([secret for secret in secrets if secret in text])


def states(person: Annotator) -> list[SendState]:
    """How the things in the outbox stand."""
    return [] if person.state.outbox is None else [row.state for row in person.state.outbox.rows]
