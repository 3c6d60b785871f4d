"""`crcdb push`: put sealed readings into the outbox and send what waits there to the server."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say

if TYPE_CHECKING:
    from crc_core.store.remote.outbox import Outbox, OutboxItem
    from crc_core.store.remote.sending import Sent

PASSWORD_VARIABLE = "CRC_PASSWORD"


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("reading", metavar="READING", type=Path, nargs="*", help=say("push.help.reading", lang))
    parser.add_argument("--server", metavar="URL", required=True, help=say("push.help.server", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", required=True, help=say("store.help.as", lang))
    parser.add_argument("--outbox", metavar="DIR", type=Path, required=True, help=say("push.help.outbox", lang))
    parser.add_argument("--ca-file", metavar="FILE", type=Path, help=say("push.help.ca_file", lang))
    parser.add_argument("--proxy", metavar="URL", help=say("push.help.proxy", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Send; the answer is "no" where something still waits or was refused."""
    from crc_core.store.remote import RemoteStore
    from crc_core.store.remote.address import Address
    from crc_core.store.remote.connection import Connection
    from crc_core.store.remote.outbox import Outbox, SendState
    from crc_core.store.remote.sending import send_all
    from crc_core.store.remote.signing_in import sign_in
    from crc_core.store.remote.watching import Watch

    outbox = Outbox(arguments.outbox)
    for folder in arguments.reading:
        _put(outbox, folder, arguments.actor)
    line = Connection(Address.of(arguments.server, arguments.ca_file, arguments.proxy), lang=console.lang)
    signed_in = sign_in(line, arguments.actor, _password(arguments.actor, console))
    watch = Watch(on_progress=lambda done, total: console.progress(done, total, "push.progress"))
    store = RemoteStore(line.with_token(signed_in.token), arguments.actor, watch=watch)
    for sent in send_all(outbox, store):
        console.line(_words(sent, console.lang))
    items = outbox.items()
    console.document({"items": [_document(item, console.lang) for item in items]})
    return Exit.DONE if all(item.state is SendState.SENT for item in items) else Exit.ANSWER_NO


def _put(outbox: Outbox, folder: Path, actor: str) -> None:
    from crc_core.reading.seal import open_reading
    from crc_core.store.clock import utc_now
    from crc_core.workflow.events import Kind
    from crc_core.workflow.intents import new_intent
    from crc_core.workflow.payloads import ReadingSubmitted

    opened = open_reading(folder)
    reading, sha256 = opened.reading, opened.sealed.sha256
    if any(item.intent.payload.reading == sha256 for item in outbox.items() if item.sealed is not None):
        return
    active = opened.provenance.active_seconds
    payload = ReadingSubmitted(reading.reader, reading.round, sha256, reading.supersedes, active)
    outbox.put(new_intent(Kind.READING_SUBMITTED, reading.unit, actor, utc_now(), payload), opened.sealed, utc_now())


def _words(sent: Sent, lang: Lang) -> str:
    from crc_core.store.remote.sending import SendResult

    unit = str(sent.item.intent.unit)
    if sent.result is SendResult.SENT:
        return say("push.sent", lang, unit=unit)
    why = sent.item.why(lang) if sent.error is None else sent.error.sentence(lang)
    return say(f"push.{sent.result.value}", lang, unit=unit, reason=why)


def _document(item: OutboxItem, lang: Lang) -> dict[str, str | None]:
    return {
        "intent": item.intent.id,
        "unit": item.intent.unit,
        "kind": item.intent.kind.value,
        "state": item.state.value,
        "reason": item.why(lang) or None,
    }


def _password(person: str, console: Console) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    if not sys.stdin.isatty():
        raise CrcError("push.password_needed", variable=PASSWORD_VARIABLE)
    return getpass.getpass(say("push.ask_password", console.lang, person=person) + " ", stream=sys.stderr)
