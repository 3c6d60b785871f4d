"""What commands on a store share: its arguments, and turning a refusal into the one line of an error."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crc_core.cli.console import Console, Exit
from crc_core.cli.pins import ask_pin
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import Receipt
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import SIGNED, Refusal, new_intent


def add_common(parser: argparse.ArgumentParser, lang: Lang, *, acts: bool = True) -> None:
    """The arguments every action has: the store, `--json`, `--lang`, and who acts."""
    parser.add_argument("store", metavar="STORE", type=Path, help=say("store.help.store", lang))
    # The command has these too; here they may follow the action, and unless given they change nothing.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("cli.json", lang))
    parser.add_argument(
        "--lang", choices=[item.value for item in Lang], default=argparse.SUPPRESS, help=say("cli.lang", lang)
    )
    if acts:
        parser.add_argument("--as", dest="actor", metavar="PERSON", required=True, help=say("store.help.as", lang))


def act(
    store: FolderStore, arguments: argparse.Namespace, console: Console, kind: Kind, unit: str | None, payload: Any
) -> Receipt:
    """Send an intent of the acting person, signed where its kind asks for it; raises CrcError for a refusal."""
    secret = ask_pin(arguments.actor, console) if kind in SIGNED else None
    intent = new_intent(kind, unit, arguments.actor, utc_now(), payload)
    return accepted(store.act(intent, secret=secret))


def accepted(outcome: Receipt | Refusal) -> Receipt:
    """The receipt; raises the refusal as a CrcError."""
    if isinstance(outcome, Refusal):
        raise outcome.as_error()
    return outcome


def tell(console: Console, receipt: Receipt, **values: object) -> Exit:
    """Say that it is done, or had been done before."""
    console.say("store.repeated" if receipt.repeated else "store.done")
    console.document({**values, "repeated": receipt.repeated})
    return Exit.DONE


def one_of(text: str, kind: type[Any]) -> Any:
    """The member of an Enum by value or by its name in small letters; argparse shows the refusal."""
    for member in kind:
        if text in (member.value, member.name.lower()) and member is not PersonRole.SYSTEM:
            return member
    raise argparse.ArgumentTypeError(f"{text}: {', '.join(names_of(kind))}")


def names_of(kind: type[Any]) -> list[str]:
    """What a person can type for a member of an Enum; the store's own role is nobody's."""
    return [member.name.lower() for member in kind if member is not PersonRole.SYSTEM]
