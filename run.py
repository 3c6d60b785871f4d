#!/usr/bin/env python3
"""The two commands of the README, on a bare machine, with the standard library alone.

    python3 run.py demo      set up, then take a synthetic study through the whole work and serve the database it
                             ends in (--no-serve for scripts)
    python3 run.py test      set up, then pass the tests (--full: the long ones too; --slicer PATH: that Slicer's too)
    python3 run.py setup     only set up

The environment is `.venv` beside this file; nothing outside the checkout is changed and no root is needed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
HERE = Path(__file__).resolve().parent
PARTS = ("CRCCore", "CRCServer")
ENVIRONMENT = HERE / ".venv"
BEGUN = ENVIRONMENT / "setup-begun"
LOG = ENVIRONMENT / "setup.log"
CONSTRAINTS = HERE / "constraints.txt"
TEST_REQUIREMENTS = HERE / "Testing" / "requirements.txt"
SLICER_TESTS = HERE / "Testing" / "Slicer" / "run_slicer.py"
NO_SCREEN = 77
SECONDS_PER_TEST = 600
ON_TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
USAGE = "use: python3 run.py setup | demo | test [--full] [--slicer PATH]"
INTERRUPTED = 130
NO_NETWORK_WORDS = (
    "temporary failure in name resolution",
    "name or service not known",
    "nodename nor servname",
    "getaddrinfo failed",
    "network is unreachable",
    "no route to host",
    "connection refused",
    "newconnectionerror",
    "failed to establish a new connection",
    "connecttimeouterror",
    "read timed out",
    "cannot connect to proxy",
)


class SetupError(Exception):
    """Setting up is impossible; the text is the one line a person sees."""


def main(words: list[str]) -> int:
    """Run one command and return its exit code."""
    command, rest = (words[0], words[1:]) if words else ("--help", [])
    if command in ("-h", "--help"):
        sys.stdout.write(str(__doc__))
        return 0
    if command not in ("setup", "demo", "test"):
        sys.stderr.write(f"run.py: no command {command!r}; {USAGE}\n")
        return 2
    try:
        require_python()
        if command == "test":
            return test(rest)
        if command == "setup" and rest:
            raise SetupError("setup takes no arguments")
        set_up(with_tests=False)
        return demo(rest) if command == "demo" else 0
    except SetupError as error:
        sys.stderr.write(f"run.py: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nrun.py: stopped by you; the same command carries on.\n")
        return INTERRUPTED


def require_python() -> None:
    """Refuse a Python for which no tested set of libraries exists."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        seen = ".".join(str(part) for part in sys.version_info[:3])
        raise SetupError(
            f"this is Python {seen}; run it with Python 3.11, 3.12 or 3.13, for example: python3.12 run.py"
        )


def demo(rest: list[str]) -> int:
    """Run `crcdb demo` in the environment, with the further arguments as they are.

    Ctrl+C reaches it as well and is how one leaves the served database: it ends by itself.
    """
    words = [str(python_inside()), "-m", "crc_core.cli.main", "demo", *rest]
    with subprocess.Popen(words, env=clean_environment()) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


def test(rest: list[str]) -> int:
    """Run the tests of every level, then those inside a Slicer where there is one; 0 only where all that ran passed."""
    parser = argparse.ArgumentParser(
        prog="run.py test", description="Further arguments go to pytest.", allow_abbrev=False
    )
    parser.add_argument("--full", action="store_true", help="the long tests too")
    parser.add_argument("--slicer", type=Path, metavar="PATH", help="the Slicer program to test inside")
    options, pytest_words = parser.parse_known_args(rest)
    slicer = find_slicer(options.slicer)
    set_up(with_tests=True)
    code = run_pytest(options.full, pytest_words)
    ran = f"pytest: {'passed' if code == 0 else 'FAILED'}"
    inside, sentence = run_in_slicer(slicer)
    sys.stdout.write(f"{ran}{', long tests too' if options.full else ''}. Slicer tests: {sentence}.\n")
    return code or inside


def run_pytest(full: bool, words: list[str]) -> int:
    """Run pytest over Testing on two processes; the tests of a file stay together, since they share what they build."""
    chosen = ["-m", "full or not full"] if full else [f"--timeout={SECONDS_PER_TEST}"]
    command = [str(python_inside()), "-m", "pytest", *ON_TWO, *chosen, *words]
    return subprocess.call(command, cwd=HERE, env=clean_environment())


def find_slicer(wish: Path | None) -> Path | None:
    """The Slicer program a person named, else the one on the PATH, else none."""
    if wish is not None:
        if not wish.is_file():
            raise SetupError(f"{wish}: there is no such Slicer program; give the path of the program itself")
        return wish.resolve()
    found = shutil.which("Slicer")
    return Path(found) if found else None


def run_in_slicer(slicer: Path | None) -> tuple[int, str]:
    """Run the tests that need a real Slicer; the exit code and what is to be said of it."""
    if slicer is None:
        return 0, "not run, no Slicer on the PATH"
    if not SLICER_TESTS.exists():
        return 0, f"not run, this version has none ({slicer} was found)"
    command = [str(python_inside()), str(SLICER_TESTS), "--slicer", str(slicer)]
    code = subprocess.call(command, cwd=HERE, env=clean_environment())
    if code == NO_SCREEN:
        return 0, f"not run, {slicer} has no screen here (set DISPLAY or install Xvfb)"
    return code, f"{'passed' if code == 0 else 'FAILED'} in {slicer}"


def set_up(with_tests: bool) -> None:
    """Bring `.venv` to what the project asks for; does nothing where it is there already."""
    wanted = [("runtime", [word for part in PARTS for word in ("-e", str(HERE / part))])]
    if with_tests:
        wanted.append(("tests", ["-r", str(TEST_REQUIREMENTS)]))
    missing = [(name, words) for name, words in wanted if not is_ready(name)]
    if not missing:
        return
    started = time.monotonic()
    say_progress("Setting up .venv (some minutes the first time) ...")
    try:
        make_environment()
        BEGUN.touch()
        install([word for _, words in missing for word in words])
        for name, _ in missing:
            stamp(name).write_text(fingerprint(name), encoding="utf-8")
        BEGUN.unlink()
    except OSError as error:
        say_progress("\n")
        raise SetupError(f"{error.filename or ENVIRONMENT}: {error.strerror}; make room or give the rights") from error
    say_progress(f" done in {time.monotonic() - started:.0f} s\n")


def is_ready(name: str) -> bool:
    """Whether this part was installed whole, from the files as they are now, at this place, by this Python."""
    if BEGUN.exists() or not python_inside().exists():
        return False
    try:
        return stamp(name).read_text(encoding="utf-8") == fingerprint(name)
    except OSError:
        return False


def stamp(name: str) -> Path:
    """The file that says that a part is installed."""
    return ENVIRONMENT / f"{name}-ready"


def fingerprint(name: str) -> str:
    """A hash of all that decides what is installed for a part."""
    parts = [HERE / part / "pyproject.toml" for part in PARTS]
    sources = [CONSTRAINTS, *parts, *([TEST_REQUIREMENTS] if name == "tests" else [])]
    content = [source.read_bytes() for source in sources]
    place = f"{HERE}\n{sys.version_info[:2]}".encode()
    return hashlib.sha256(b"\0".join([place, *content])).hexdigest()


def make_environment() -> None:
    """Make `.venv`, anew where setting it up was once interrupted or it belongs to another Python or another place."""
    if ENVIRONMENT.exists() and not BEGUN.exists() and runs_here():
        return
    if ENVIRONMENT.exists():
        if not (BEGUN.exists() or (ENVIRONMENT / "pyvenv.cfg").exists()):
            raise SetupError(f"{ENVIRONMENT} is not an environment of this project; move it away")
        shutil.rmtree(ENVIRONMENT)
    ENVIRONMENT.mkdir()
    BEGUN.touch()
    try:
        venv.EnvBuilder(with_pip=True, symlinks=os.name != "nt").create(ENVIRONMENT)
    except subprocess.CalledProcessError as error:
        say_progress("\n")
        raise SetupError(
            "this Python cannot make environments (ensurepip is missing); "
            "install the package python3-venv or another Python"
        ) from error


def runs_here() -> bool:
    """Whether the environment's Python starts, is this version, has pip and was made at this place."""
    question = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run(
            [str(python_inside()), "-c", question],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=clean_environment(),
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.strip() == f"{sys.version_info[:2]} {ENVIRONMENT}"


def install(words: list[str]) -> None:
    """Install with pip under the pins; the whole log is kept in `.venv/setup.log`."""
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--log", str(LOG)]
    LOG.unlink(missing_ok=True)
    command = [str(python_inside()), "-m", "pip", "install", *quiet, "--no-compile", "-c", str(CONSTRAINTS), *words]
    result = subprocess.run(
        command,
        cwd=HERE,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if result.returncode != 0:
        say_progress("\n")
        raise SetupError(reason_of(result.stderr + result.stdout))


def reason_of(output: str) -> str:
    """Why pip failed, in one line; what its own helpers met stands only in the log."""
    log = LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""
    if any(word in (output + log).lower() for word in NO_NETWORK_WORDS):
        return f"the package index cannot be reached; check the network or proxy and try again (log: {LOG})"
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("WARNING")]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return f"setting up failed: {(errors or lines or ['pip was stopped'])[0]} (log: {LOG})"


def python_inside() -> Path:
    """The Python of the environment."""
    return ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def clean_environment() -> dict[str, str]:
    """The process's variables without those that would lead Python or pip out of the environment.

    Byte code is kept whatever the machine's habit: the libraries come without, and every process would make it anew.
    """
    leading_away = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV")
    unwanted = (*leading_away, "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}


def say_progress(text: str) -> None:
    """Show a piece of the one line that tells how setting up goes."""
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
