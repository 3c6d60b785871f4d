"""Keeps work safe in a process aside; what was asked is asked again of a new process where the old one died."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import qt
from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeper_frames import encode_frame, read_answer
from crc_core.errors import CrcError

from crc_widgets.python_process import give, output_of, python_process

Crop = tuple[Any, Any, Any]
"""A segment's voxels: the box, what lies inside it ([k, j, i], bool), and the grid it is a crop of."""

MODULE = "crc_core.desk.keeper_process"
_DEATHS = 3
_LAST_WAIT_MS = 15000
_KILLED_WITHIN_MS = 2000


class KeeperClient:
    """See the presenter's port `Keeper`; `home` is the folder of this machine's own data."""

    def __init__(self, home: Path, parent: qt.QObject) -> None:
        self._home, self._parent = home, parent
        self._process: qt.QProcess | None = None
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._number = self._deaths = 0
        self._rest = b""
        self._saved: Callable[[str], None] | None = None
        self._failed: Callable[[str, Exception], None] | None = None

    def save(
        self,
        label: str,
        document: Mapping[str, Any],
        masks: Mapping[SegmentKey, Crop | None],
    ) -> None:
        """Write the document and the masks that changed; told by `on_saved` or `on_failed`."""
        self._number += 1
        frame = encode_frame(self._number, label, document, masks)
        self._waiting[self._number] = (label, frame)
        try:
            if self._process is None:
                self._start()
            else:
                give(self._process, frame)
        except CrcError as error:
            self._give_up(error)

    def on_saved(self, call: Callable[[str], None]) -> None:
        """Tell which label was written and read back."""
        self._saved = call

    def on_failed(self, call: Callable[[str, Exception], None]) -> None:
        """Tell which label could not be written and why."""
        self._failed = call

    @property
    def waiting(self) -> int:
        """How many requests are not answered yet."""
        return len(self._waiting)

    def close(self) -> None:
        """Finish what was asked, telling of it as ever, and stop; the window waits for it, as it is closing."""
        if self._process is None and self._waiting:
            try:
                self._start()
            except CrcError as error:
                self._give_up(error)
        process, self._process = self._process, None
        if process is None:
            return
        process.disconnect("finished(int,QProcess::ExitStatus)", self._finished)
        process.closeWriteChannel()
        if not process.waitForFinished(_LAST_WAIT_MS):
            # It hangs, on a disk that does not answer for example; what it wrote whole is safe.
            process.kill()
            process.waitForFinished(_KILLED_WITHIN_MS)
        self._read(process)
        process.disconnect("readyReadStandardOutput()", self._ready)
        process.deleteLater()

    def _start(self) -> None:
        """A new process, with all that was not answered so far."""
        self._rest = b""
        process = python_process(self._parent, MODULE, (str(self._home), str(os.getpid())))
        process.connect("readyReadStandardOutput()", self._ready)
        process.connect("finished(int,QProcess::ExitStatus)", self._finished)
        process.connect("errorOccurred(QProcess::ProcessError)", self._went_wrong)
        self._process = process
        process.start()
        for _, frame in self._waiting.values():
            give(process, frame)

    def _ready(self) -> None:
        if self._process is not None:
            self._read(self._process)

    def _read(self, process: qt.QProcess) -> None:
        *lines, self._rest = (self._rest + output_of(process)).split(b"\n")
        for line in lines:
            if line.strip():
                self._answered(line)

    def _answered(self, line: bytes) -> None:
        answer = read_answer(line)
        self._deaths = 0
        if self._waiting.pop(answer.number, None) is None:
            return
        if answer.error is None and self._saved is not None:
            self._saved(answer.label)
        elif answer.error is not None and self._failed is not None:
            self._failed(answer.label, answer.error)

    def _finished(self, _code: int, _status: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        self._read(process)
        process.deleteLater()
        self._deaths += 1
        if not self._waiting:
            return
        if self._deaths >= _DEATHS:
            self._give_up(CrcError("widgets.keeper_died"))
            return
        try:
            self._start()
        except CrcError as error:
            self._give_up(error)

    def _went_wrong(self, error: object) -> None:
        if int(error) == int(qt.QProcess.FailedToStart) and self._process is not None:
            self._process.deleteLater()
            self._process = None
            self._give_up(CrcError("widgets.no_python"))

    def _give_up(self, error: CrcError) -> None:
        """Tell of everything that waits; who asked keeps it and asks again."""
        self._deaths = 0
        waiting, self._waiting = self._waiting, {}
        for label in dict.fromkeys(label for label, _ in waiting.values()):
            if self._failed is not None:
                self._failed(label, error)
