"""A Python process beside the window: the application's own Python, with our library on its path."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import crc_core
import qt
from crc_core.errors import CrcError


def python_program() -> str:
    """The Python to run work in: Slicer's `PythonSlicer`, else the interpreter we run in.

    Raises CrcError where neither is there.
    """
    found = shutil.which("PythonSlicer") or sys.executable
    if not found or "python" not in Path(found).name.lower():
        raise CrcError("widgets.no_python")
    return found


def python_process(parent: qt.QObject, module: str, arguments: tuple[str, ...] = ()) -> qt.QProcess:
    """A process for `python -m module`, not yet started; our library comes before anything else on its path."""
    process = qt.QProcess(parent)
    environment = qt.QProcessEnvironment.systemEnvironment()
    library = str(Path(crc_core.__file__).resolve().parents[1])
    before = os.environ.get("PYTHONPATH")
    environment.insert("PYTHONPATH", library if not before else os.pathsep.join([library, before]))
    environment.insert("PYTHONUTF8", "1")
    environment.insert("PYTHONUNBUFFERED", "1")
    process.setProcessEnvironment(environment)
    process.setProgram(python_program())
    process.setArguments(["-m", module, *arguments])
    return process


def output_of(process: qt.QProcess) -> bytes:
    """What a process wrote since it was last asked."""
    return bytes(process.readAllStandardOutput().data())


def give(process: qt.QProcess, data: bytes) -> None:
    """Put bytes into the standard input of a process, zeros included."""
    process.write(qt.QByteArray(data))
