"""A Slicer in a process of its own, with settings and data that outlive it, driven by a script and told of in lines."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from run_slicer import HERE, MODULES, ROOT
from slicer_log import wrong_lines

PATIENCE_S = 180.0
Line = dict[str, Any]


class SlicerProcess:
    """Runs a script of this folder; `home` holds what an account holds, `told` is the file the script writes to."""

    def __init__(self, script: str, home: Path, told: Path, **words: str) -> None:
        self.told = told
        told.touch()
        self._seen = len(told.read_bytes())
        environment = {
            **os.environ,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / "settings"),
            "CRCDATABASE_HOME": str(home / "本机数据"),
            "CRC_TOLD": str(told),
            "SLICER_BACKGROUND_THREAD_PRIORITY": "0",
            **words,
        }
        modules = [str(ROOT / name) for name in MODULES]
        self._log = (home / f"{told.name}.log").open("ab")
        self._log_from = self._log.tell()
        self._process = subprocess.Popen(
            [
                os.environ["CRC_SLICER"],
                "--no-splash",
                "--additional-module-paths",
                *modules,
                "--python-script",
                str(HERE / script),
            ],
            env=environment,
            cwd=home,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def lines(self) -> list[Line]:
        """What the script told since it was started; a line that is only half written is none yet."""
        data = self.told.read_bytes()[self._seen :]
        return [json.loads(line) for line in data.split(b"\n")[:-1]]

    def wait(self, holds: Callable[[list[Line]], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        """Wait for something in what is told; AssertionError with the end of the log where it never comes."""
        ends = time.monotonic() + patience_s
        while time.monotonic() < ends and self._process.poll() is None:
            found = holds(self.lines())
            if found:
                return found
            time.sleep(0.005)
        found = holds(self.lines())
        if found:
            return found
        raise AssertionError(f"{what}: Slicer {self._state()}; {self.lines()[-1:]}\n{self._log_end()}")

    def kill(self) -> None:
        """End the program at once, as a power cut for it alone; its processes aside are left to themselves.

        AssertionError where its log shows that something had gone wrong before.
        """
        for number in _programs(self._process.pid):
            os.kill(number, 9)
        self._process.wait()
        self._close_log()

    def stop(self) -> None:
        """End it where it still runs, with all it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        self._log.close()

    def end(self) -> int:
        """Wait until the script has ended the program; its exit code."""
        code = self._process.wait(PATIENCE_S)
        self._close_log()
        return code

    def _close_log(self) -> None:
        """AssertionError where something went wrong that no test has seen."""
        self._log.close()
        wrong = wrong_lines(self._log_text())
        assert not wrong, "\n".join(["seen in Slicer's log:", *wrong])

    def _log_text(self) -> str:
        return Path(self._log.name).read_bytes()[self._log_from :].decode("utf-8", errors="replace")

    def _state(self) -> str:
        return "runs" if self._process.poll() is None else f"ended with {self._process.returncode}"

    def _log_end(self) -> str:
        return self._log_text()[-3000:]


def _programs(launcher: int) -> list[int]:
    """The program and its launcher: all processes of the group that are not the one that keeps the work."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = os.getpgid(int(folder.name))
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if group == launcher and b"crc_core.desk.keeper_process" not in words:
            found.append(int(folder.name))
    return found
