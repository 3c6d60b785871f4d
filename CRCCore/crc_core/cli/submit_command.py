"""`crcdb submit`: hand a sealed reading in to a store."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.console import Console, Exit
from crc_core.text import Lang, say


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("reading", metavar="READING_FOLDER", type=Path, help=say("store.help.reading", lang))
    parser.add_argument("--store", metavar="STORE", type=Path, required=True, help=say("store.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", required=True, help=say("store.help.as", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Submit; raises CrcError for a reading that was altered, does not fit or is refused."""
    from crc_core.cli.acting import accepted
    from crc_core.reading.seal import open_reading
    from crc_core.store.clock import utc_now
    from crc_core.store.folder import FolderStore
    from crc_core.workflow.events import Kind
    from crc_core.workflow.intents import new_intent
    from crc_core.workflow.payloads import ReadingSubmitted

    store = FolderStore(arguments.store)
    opened = open_reading(arguments.reading)
    reading, sha256 = opened.reading, opened.sealed.sha256
    payload = ReadingSubmitted(reading.reader, reading.round, sha256, reading.supersedes)
    intent = new_intent(Kind.READING_SUBMITTED, reading.unit, arguments.actor, utc_now(), payload)
    receipt = accepted(store.submit(opened.sealed, intent))
    console.say("store.repeated" if receipt.repeated else "store.submitted", unit=reading.unit, reading=sha256)
    console.say("store.not_enforced")
    console.document({"unit": reading.unit, "reading": sha256, "repeated": receipt.repeated, "enforces": False})
    return Exit.DONE
