"""What a Slicer writes while its tests run: handed on line by line, and searched for what no passing test may leave."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer

WRONG = (
    "Traceback (most recent call last)",
    "QProcess: Destroyed while process",
    "QObject::~QObject: Timers cannot be stopped from another thread",
    "QThread: Destroyed while thread",
)
"""A Python error that reached nobody but Slicer's error log; something that was still at work when it was deleted."""


def wrong_lines(text: str) -> list[str]:
    """The lines that tell of something wrong, each with what follows it, as far as it belongs together."""
    lines, found = text.splitlines(), []
    for number, line in enumerate(lines):
        if any(words in line for words in WRONG):
            rest = lines[number + 1 : number + 40]
            end = next((place for place, words in enumerate(rest) if words and not words.startswith(" ")), 0)
            found.append("\n".join([line, *rest[: end + 1]]) if line.startswith("Traceback") else line)
    return found


def call_and_read(words: Sequence[str], cwd: str | Path, env: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    """Run a program to its end, handing on what it writes; its exit code and all of it.

    It is killed after `timeout_s`, which gives the code of the signal.
    """
    process = subprocess.Popen(words, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    late = Timer(timeout_s, process.kill)
    late.start()
    told = []
    try:
        for line in process.stdout:
            told.append(line.decode("utf-8", errors="replace"))
            sys.stdout.write(told[-1])
            sys.stdout.flush()
        return process.wait(), "".join(told)
    finally:
        late.cancel()
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()
