"""What a command prints: words in the person's language, or one JSON document with `--json`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import Lang, say


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    ANSWER_NO = 1
    BAD_INPUT = 2


@dataclass(frozen=True)
class Console:
    """Where a command speaks; in JSON mode `say` and `line` are silent and `document` is the only output."""

    lang: Lang
    as_json: bool

    def say(self, code: str, /, **values: object) -> None:
        """Print one sentence of the catalogue."""
        self.line(say(code, self.lang, **values))

    def line(self, text: str) -> None:
        """Print one line of text that is already worded."""
        if not self.as_json:
            _put(text + "\n")

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the one JSON document of this command, in JSON mode only; keys with None are left out."""
        if self.as_json:
            text = json.dumps(_without_none(document), ensure_ascii=False, indent=2, allow_nan=False)
            _put(text + "\n")

    def progress(self, done: int, total: int, code: str) -> None:
        """Show how far long work has come, on a terminal's standard error only."""
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{say(code, self.lang)} {done}/{total}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    def error(self, error: CrcError) -> None:
        """Print the one line of a refusal on standard error."""
        sys.stderr.write(error.sentence(self.lang).replace("\n", " ") + "\n")


def flush() -> None:
    """Hand over what was printed; raises CrcError where whoever takes it (a full disk, say) refuses."""
    _put("", flushed=True)


def _put(text: str, *, flushed: bool = False) -> None:
    try:
        sys.stdout.write(text)
        if flushed:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still buffered cannot be printed either and must not be complained of a second time at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise CrcError("cli.output", reason=error.strerror or str(error)) from error


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value
