"""Asking for a PIN: the environment first (for scripts), then the terminal; never the command line."""

from __future__ import annotations

import getpass
import os
import sys

from crc_core.cli.console import Console
from crc_core.errors import CrcError
from crc_core.text import say

PIN_VARIABLE = "CRC_PIN"
NEW_PIN_VARIABLE = "CRC_NEW_PIN"


def ask_pin(person: str, console: Console) -> str:
    """The PIN with which `person` signs; raises CrcError where nobody can be asked."""
    return os.environ.get(PIN_VARIABLE) or _typed(say("store.pin_prompt", console.lang, person=person))


def ask_new_pin(person: str, console: Console) -> str:
    """A new PIN, typed twice; raises CrcError where the two differ or nobody can be asked."""
    given = os.environ.get(NEW_PIN_VARIABLE)
    if given:
        return given
    first = _typed(say("store.new_pin_prompt", console.lang, person=person))
    if _typed(say("store.again_prompt", console.lang)) != first:
        raise CrcError("store.pins_differ")
    return first


def _typed(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise CrcError("store.pin_needed")
    return getpass.getpass(f"{prompt} ", stream=sys.stderr)
