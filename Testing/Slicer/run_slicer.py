"""Starts a Slicer for each run of the tests that need one: on a screen, in both languages, below a Chinese path.

    python Testing/Slicer/run_slicer.py --slicer PATH [--only PATTERN] [--lang zh|en] [--size 1366x768]
        [--pictures FOLDER]

Without a screen, and where a size is asked for, one is made with Xvfb. The exit code is 0 only where everything passed,
77 where nothing could be run because there is no screen.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path

from slicer_log import call_and_read, wrong_lines

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODULES = ("CRCAnnotator", "CRCQualityControl")
LANGUAGES = ("zh", "en")
SIZE = "1920x1080"
INSIDE, OUTSIDE = "test_slicer_*.py", "test_outer_*.py"
NO_SCREEN = 77
KILLS = 3
SECONDS_PER_RUN = 3000


def main(words: list[str]) -> int:
    """Run the tests in every language asked for; the worst exit code."""
    parser = argparse.ArgumentParser(description=str(__doc__))
    parser.add_argument("--slicer", type=Path, required=True)
    parser.add_argument("--only", default="", help="a pattern of test files, for example test_slicer_contour*.py")
    parser.add_argument("--lang", choices=LANGUAGES)
    parser.add_argument("--pictures", type=Path, help="keep pictures of each step in FOLDER/<language>")
    parser.add_argument("--size", default="", help=f"of a screen of its own, {SIZE} where one has to be made")
    parser.add_argument("--kills", type=int, default=KILLS, help="how often a Slicer is killed while a reader draws")
    options = parser.parse_args(words)
    languages = (options.lang,) if options.lang else LANGUAGES
    with screen(options.size) as display:
        if display is None:
            sys.stdout.write("no screen: DISPLAY is not set and Xvfb is not installed\n")
            return NO_SCREEN
        return max(run_inside(options, display, language) for language in languages)


@contextmanager
def screen(size: str = "") -> Iterator[str | None]:
    """The display to draw on: the one there is, else an Xvfb of our own; None where neither can be had.

    With a size (`1366x768`) it is always one of our own.
    """
    there = os.environ.get("DISPLAY")
    if not size and (there or sys.platform in ("win32", "darwin")):
        yield there or ""
        return
    program = shutil.which("Xvfb")
    if program is None:
        yield None
        return
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", f"{size or SIZE}x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="ascii") as stream:
            yield f":{stream.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def run_inside(options: argparse.Namespace, display: str, language: str) -> int:
    """One Slicer, one language, a data folder of its own with a Chinese name; the exit code."""
    with tempfile.TemporaryDirectory(prefix="crc-结直肠 ") as folder:
        environment = {
            **os.environ,
            "CRCDATABASE_HOME": str(Path(folder) / "本机数据"),
            "XDG_CONFIG_HOME": str(Path(folder) / "设置"),
            "CRC_LANG": language,
            "CRC_SLICER_TESTS": options.only,
            "CRC_PYTHON": sys.executable,
            "CRC_TEST_FOLDER": folder,
            # On Linux what Slicer does aside lowers the priority of the whole program; beside others it would starve.
            "SLICER_BACKGROUND_THREAD_PRIORITY": "0",
        }
        if display:
            environment["DISPLAY"] = display
        if options.pictures is not None:
            environment["CRC_PICTURES"] = str(options.pictures.resolve() / language)
        sys.stdout.write(f"Slicer tests, {language}\n")
        sys.stdout.flush()
        code = 0
        if files(INSIDE, options.only):
            script = command(options.slicer, HERE / "run_inside.py")
            ended, log = call_and_read(script, folder, environment, SECONDS_PER_RUN)
            # A program that a signal ended has a negative code, which would count as less than 0.
            code = abs(ended) or told_wrong(log)
        if files(OUTSIDE, options.only):
            code = max(code, run_outside(options, environment))
        return code


def told_wrong(log: str) -> int:
    """0, or 1 where something went wrong that no test has seen: it is told once more, at the end."""
    found = wrong_lines(log)
    for words in found:
        sys.stdout.write(f"seen in the log, though the tests passed:\n{words}\n")
    return 1 if found else 0


def files(kind: str, wish: str) -> list[str]:
    """The test files of a kind that a pattern asks for; all of them where it is empty."""
    return sorted(path.stem for path in HERE.glob(kind) if not wish or fnmatch(path.name, wish))


def run_outside(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The tests that start, kill and watch Slicers themselves; the exit code."""
    words = {**environment, "CRC_SLICER": str(options.slicer), "CRC_KILLS": str(options.kills)}
    names = files(OUTSIDE, options.only)
    return subprocess.call([sys.executable, "-m", "unittest", "-v", "-f", *names], cwd=HERE, env=words)


def command(slicer: Path, script: Path) -> list[str]:
    """How a Slicer is started with our modules, as a person without a build would."""
    modules = [str(ROOT / name) for name in MODULES]
    return [
        str(slicer),
        "--testing",
        "--no-splash",
        "--additional-module-paths",
        *modules,
        "--python-script",
        str(script),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
