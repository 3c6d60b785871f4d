"""One job in a process of its own: a request as JSON on its standard input, lines of JSON back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import qt
from crc_core.errors import CrcError
from crc_core.text import Lang

from crc_widgets.python_process import give, output_of, python_process

MODULE = "crc_core.desk.jobs"
_KILL_AFTER_MS = 2000


class ProcessJob:
    """Runs `python -m crc_core.desk.jobs NAME`; calls `done` or `failed` once, or neither where it was cancelled."""

    def __init__(
        self,
        parent: qt.QObject,
        job: str,
        request: Mapping[str, Any],
        done: Callable[[Mapping[str, Any]], None],
        failed: Callable[[Exception], None],
        step: Callable[[str, int, int], None],
    ) -> None:
        self._parent, self._job, self._request = parent, job, request
        self._done, self._failed, self._step = done, failed, step
        self._process: qt.QProcess | None = None
        self._kill: qt.QTimer | None = None
        self._rest = b""
        self._over = False

    def start(self) -> None:
        """Start the process and give it the request."""
        try:
            self._process = python_process(self._parent, MODULE, (self._job,))
        except CrcError as error:
            self._end(partial(self._failed, error))
            return
        self._process.connect("readyReadStandardOutput()", self._read)
        self._process.connect("finished(int,QProcess::ExitStatus)", self._finished)
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._went_wrong)
        self._process.start()
        give(self._process, json.dumps(self._request, ensure_ascii=False).encode("utf-8"))
        self._process.closeWriteChannel()

    def cancel(self) -> None:
        """Ask the process to end, and end it where it does not; nobody is called any more."""
        self._over = True
        process = self._process
        if process is None or process.state() == qt.QProcess.NotRunning:
            return
        process.terminate()
        self._kill = qt.QTimer(process)
        self._kill.setSingleShot(True)
        self._kill.connect("timeout()", self._kill_it)
        self._kill.start(_KILL_AFTER_MS)

    def end(self) -> None:
        """Cancel, and wait until the process is gone."""
        self.cancel()
        process = self._process
        if process is not None and not process.waitForFinished(_KILL_AFTER_MS):
            process.kill()
            process.waitForFinished(_KILL_AFTER_MS)

    @property
    def is_gone(self) -> bool:
        """Whether there is no process any more."""
        return self._process is None

    def _kill_it(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _read(self) -> None:
        *lines, self._rest = (self._rest + output_of(self._process)).split(b"\n")
        for line in lines:
            if line.strip() and not self._over:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if "step" in said:
            step = said["step"]
            self._step(str(step["words"]), int(step.get("done", 0)), int(step.get("total", 0)))
        elif "result" in said:
            self._end(partial(self._done, said["result"]))
        elif "error" in said:
            self._end(partial(self._failed, _error_of(said["error"])))

    def _finished(self, _code: int, _status: object) -> None:
        self._read()
        self._let_go()
        self._end(partial(self._failed, CrcError("widgets.job.ended")))

    def _went_wrong(self, error: object) -> None:
        if int(error) == int(qt.QProcess.FailedToStart):
            self._let_go()
            self._end(partial(self._failed, CrcError("widgets.no_python")))

    def _let_go(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None

    def _end(self, call: Callable[[], None]) -> None:
        if not self._over:
            self._over = True
            call()


class ToldError(CrcError):
    """What a job told of: its code and values, and the sentence it was told in, in the language that was asked for."""

    def __init__(self, code: str, sentence: str, path: str | None, values: Mapping[str, object]) -> None:
        super().__init__(code, path=path, **values)
        self._sentence = sentence

    def sentence(self, lang: Lang) -> str:
        """The sentence as it was told."""
        return self._sentence


def _error_of(said: Mapping[str, Any]) -> CrcError:
    return ToldError(str(said["code"]), str(said["sentence"]), said.get("path"), said.get("values", {}))
