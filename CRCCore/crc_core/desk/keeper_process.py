"""Keeps a reader's work safe in a process of its own: `python -m crc_core.desk.keeper_process HOME [OWNER]`.

Requests come in on standard input as `crc_core.desk.keeper_frames` writes them; each is answered with a line on
standard output once it is on the disk and was read back. What was received whole is written even when the window that
sent it is gone; then the process ends. OWNER is the process number of that window.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import BinaryIO

from crc_core.desk.keeper_frames import Answer, encode_answer, read_frame
from crc_core.desk.keeping import Slot
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError


def main(arguments: list[str]) -> int:
    """Keep what comes until the input ends; exit 2 for bad usage or an input that is none of ours."""
    if not 1 <= len(arguments) <= 2 or (len(arguments) == 2 and not arguments[1].isdecimal()):
        sys.stderr.write("usage: python -m crc_core.desk.keeper_process HOME [OWNER]\n")
        return 2
    _outlive_the_window()
    owner = int(arguments[1]) if len(arguments) == 2 else None
    return keep(Recovery(Path(arguments[0]), owner), sys.stdin.buffer, sys.stdout.buffer)


def keep(recovery: Recovery, requests: BinaryIO, answers: BinaryIO) -> int:
    """Write every request through `recovery` and answer it."""
    while True:
        try:
            frame = read_frame(requests)
            if frame is None:
                return 0
            Slot.parse(frame.label)
        except (ValueError, CrcError):
            # What follows a broken request cannot be told apart; the window starts another keeper.
            return 2
        error = None
        try:
            recovery.write(frame.label, frame.document, frame.masks)
        except CrcError as trouble:
            error = trouble
        _answer(answers, Answer(frame.number, frame.label, error))


def _answer(answers: BinaryIO, answer: Answer) -> None:
    try:
        answers.write(encode_answer(answer))
        answers.flush()
    except OSError:
        # Nobody listens any more; what else was sent is written all the same.
        return


def _outlive_the_window() -> None:
    """Signals that end a session end its window first; the input then ends, and so does this process."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
