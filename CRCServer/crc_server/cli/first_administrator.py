"""The first administrator: from the environment, or asked for on a terminal; there is no default password."""

from __future__ import annotations

import getpass
import os
import sys

from crc_core.cli.console import Console
from crc_core.errors import CrcError
from crc_core.text import say
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow.payloads import PersonSet

ADMINISTRATOR = "CRC_ADMIN"
NAME = "CRC_ADMIN_NAME"
SITE = "CRC_ADMIN_SITE"
PASSWORD = "CRC_ADMIN_PASSWORD"


def make_store(console: Console) -> None:
    """Make the store with its first administrator; raises CrcError where nobody can be asked."""
    from crc_server.store.opening import create_store

    person = _value(ADMINISTRATOR, "server.ask.person", console)
    name = _value(NAME, "server.ask.name", console)
    site = _value(SITE, "server.ask.site", console)
    password = os.environ.get(PASSWORD) or _new_password(person, console)
    administrator = PersonSet(person, Title.NONE, frozenset({PersonRole.ADMINISTRATOR}), site, True)
    create_store(administrator, name, password)
    console.say("server.made", person=person)


def asked_account(console: Console) -> tuple[str, str]:
    """Which administrator of an existing store gets which password; raises CrcError where nobody can be asked."""
    person = _value(ADMINISTRATOR, "server.ask.person", console)
    return person, os.environ.get(PASSWORD) or _new_password(person, console)


def _value(variable: str, question: str, console: Console) -> str:
    given = os.environ.get(variable)
    if given:
        return given
    _require_terminal()
    sys.stderr.write(say(question, console.lang) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _new_password(person: str, console: Console) -> str:
    _require_terminal()
    first = getpass.getpass(say("server.ask.password", console.lang, person=person) + " ", stream=sys.stderr)
    if getpass.getpass(say("server.ask.again", console.lang) + " ", stream=sys.stderr) != first:
        raise CrcError("server.passwords_differ")
    return first


def _require_terminal() -> None:
    if not sys.stdin.isatty():
        raise CrcError("server.nobody_to_ask", variables=", ".join((ADMINISTRATOR, NAME, SITE, PASSWORD)))
