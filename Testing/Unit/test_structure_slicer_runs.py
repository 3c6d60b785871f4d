"""The runner of Slicer's tests: what only the log shows makes a run fail, and a program that never ends is ended."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import types
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1] / "Slicer"
TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in slot\n    x()\nNameError: x\n'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in for Slicer is a script with its own interpreter")


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    import run_slicer

    return run_slicer


def slicer_that(folder: Path, script: str) -> Path:
    """A program in Slicer's place."""
    made = folder / "Slicer"
    made.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n", encoding="utf-8")
    made.chmod(0o700)
    return made


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("print('slicer: 3 passed, 0 failed')", 0, ""),
        (f"sys.stderr.write({TRACEBACK!r}); print('after')", 1, "NameError: x"),
        ("print('QProcess: Destroyed while process (\"python\") is still running.')", 1, "QProcess: Destroyed"),
        ("print('ok'); sys.exit(3)", 3, ""),
        ("import os; os.kill(os.getpid(), 11)", int(signal.SIGSEGV), ""),
    ],
)
def test_the_code_tells_of_what_no_test_has_seen(
    runner: types.ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    script: str,
    code: int,
    told: str,
) -> None:
    options = argparse.Namespace(slicer=slicer_that(tmp_path, script), only="test_slicer_window.py", pictures=None)
    assert runner.run_inside(options, "", "zh") == code
    last = capsys.readouterr().out.partition("seen in the log")[2]
    assert told in last and bool(last) == bool(told)


def test_a_slicer_that_never_ends_is_ended(runner: types.ModuleType, tmp_path: Path) -> None:
    program = slicer_that(tmp_path, "print('begun', flush=True); time.sleep(60)")
    code, log = runner.call_and_read([str(program)], tmp_path, dict(os.environ), 0.5)
    assert (code, log) == (-signal.SIGKILL, "begun\n")
