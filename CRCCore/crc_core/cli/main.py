"""`crcdb`: finds the command, speaks the person's language, turns every refusal into one line and exit 2."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol, cast

from crc_core import __version__
from crc_core.cli.console import Console, Exit, flush
from crc_core.cli.parser import Parser
from crc_core.errors import CrcError
from crc_core.text import Lang, catalogue, say, system_language

BUILT_IN = (
    "scan",
    "check",
    "phantom",
    "import",
    "subtract",
    "inspect",
    "agree",
    "icc",
    "sample",
    "report",
    "submit",
    "push",
    "store",
    "people",
    "calibrate",
    "progress",
    "demo",
)
"""The commands of this package; `crc_core.cli.<name>_command` holds each."""

ENTRY_POINT_GROUP = "crcdb.commands"
TRACEBACK_VARIABLE = "CRC_TRACEBACK"
"""The environment variable that lets an unexpected error through with its traceback, for those who mend it."""


class Command(Protocol):
    """What a command module offers."""

    def configure(self, parser: argparse.ArgumentParser, lang: Lang) -> None:
        """Add the command's own arguments, with help in `lang`."""

    def run(self, arguments: argparse.Namespace, console: Console) -> Exit:
        """Do the work; raises CrcError for bad input."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `crcdb` with `argv` (the process's arguments by default) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_missing()
    _use_utf8()
    lang = _language(words)
    try:
        return _run(words, lang)
    except CrcError as error:
        Console(lang, as_json=False).error(error)
    except KeyboardInterrupt:
        sys.stderr.write(say("cli.interrupted", lang) + "\n")
    except BrokenPipeError:
        # Whoever read our output has gone; nothing is left to be said to them, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        # The outermost border: a person never meets a traceback.
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        sys.stderr.write(say("cli.unexpected", lang, reason=_in_one_line(error), variable=TRACEBACK_VARIABLE) + "\n")
    return Exit.BAD_INPUT


def _run(words: list[str], lang: Lang) -> int:
    loaders = _loaders()
    arguments = _parser(lang, loaders, _chosen(words)).parse_args(words)
    code = int(_command(loaders[arguments.command]).run(arguments, Console(lang, arguments.json)))
    flush()
    return code


def _in_one_line(error: Exception) -> str:
    """The kind and words of an error and the line of our code it came from."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return f"{type(error).__name__}: {' '.join(str(error).split())} ({places[-1]})"


def _parser(lang: Lang, loaders: dict[str, Callable[[], Command]], chosen: str | None) -> Parser:
    shared = Parser(lang=lang, add_help=False)
    shared.add_argument("--json", action="store_true", help=say("cli.json", lang))
    shared.add_argument("--lang", choices=[item.value for item in Lang], help=say("cli.lang", lang))
    parser = Parser(prog="crcdb", lang=lang, description=say("cli.description", lang))
    parser.add_argument("--version", action="version", version=f"crcdb {__version__}", help=say("cli.version", lang))
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, load in loaders.items():
        words = say(f"cli.{name}", lang) if f"cli.{name}" in catalogue(lang) else name
        command_parser = commands.add_parser(name, help=words, description=words, parents=[shared])
        if name == chosen:
            _command(load).configure(command_parser, lang)
    return parser


def _loaders() -> dict[str, Callable[[], Command]]:
    loaders = {name: _built_in(name) for name in BUILT_IN}
    loaders.update({point.name: point.load for point in entry_points(group=ENTRY_POINT_GROUP)})
    return loaders


def _built_in(name: str) -> Callable[[], Command]:
    return lambda: cast(Command, importlib.import_module(f"crc_core.cli.{name}_command"))


def _command(load: Callable[[], Command]) -> Command:
    return load()


def _chosen(words: list[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _language(words: list[str]) -> Lang:
    for position, word in enumerate(words):
        wish = word.removeprefix("--lang=") if word.startswith("--lang=") else None
        if word == "--lang" and position + 1 < len(words):
            wish = words[position + 1]
        if wish is not None and wish in [item.value for item in Lang]:
            return Lang(wish)
    return system_language()


def _open_missing() -> None:
    """Python knows a stream that was closed before the start as None; nobody hears it then, and nobody is asked."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open until the end


def _use_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())
