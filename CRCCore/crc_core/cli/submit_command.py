"""`crcdb submit`: hand a reading in to a store, sealed already or as the working folder it is sealed from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.cli.bowel_option import add_bowel_option, bowel_direction
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Target

if TYPE_CHECKING:
    from crc_core.files.sealed import SealedFolder
    from crc_core.store.folder import FolderStore


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("reading", metavar="READING_FOLDER", type=Path, help=say("work.help.reading", lang))
    parser.add_argument("--store", metavar="STORE", type=Path, required=True, help=say("store.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", required=True, help=say("store.help.as", lang))
    parser.add_argument(
        "--reason", metavar="TARGET=WORDS", action="append", default=[], help=say("work.help.reason", lang)
    )
    add_bowel_option(parser, lang)
    parser.add_argument("--supersede", action="store_true", help=say("work.help.supersede", lang))


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
    sealed = _sealed_from_work(arguments, store)
    opened = open_reading(arguments.reading if sealed is None else sealed.folder)
    reading, sha256 = opened.reading, opened.sealed.sha256
    payload = ReadingSubmitted(
        reading.reader, reading.round, sha256, reading.supersedes, opened.provenance.active_seconds
    )
    intent = new_intent(Kind.READING_SUBMITTED, reading.unit, arguments.actor, utc_now(), payload)
    receipt = accepted(store.submit(opened.sealed, intent))
    console.say("store.repeated" if receipt.repeated else "store.submitted", unit=reading.unit, reading=sha256)
    if sealed is not None:
        console.say("work.sealed", path=sealed.folder)
    console.say("store.not_enforced")
    path = None if sealed is None else str(sealed.folder)
    console.document(
        {"unit": reading.unit, "reading": sha256, "repeated": receipt.repeated, "sealed": path, "enforces": False}
    )
    return Exit.DONE


def _sealed_from_work(arguments: argparse.Namespace, store: FolderStore) -> SealedFolder | None:
    """The sealed folder made of a working folder; None for a folder that is sealed already."""
    from crc_core.reading.seal import REPORT_NAME
    from crc_core.report.document_json import read_report
    from crc_core.store.clock import utc_now
    from crc_core.store.working_folder import Hand, is_sealed, seal_working_folder

    if is_sealed(arguments.reading) or not (arguments.reading / REPORT_NAME).exists():
        return None
    view = store.unit(read_report(arguments.reading / REPORT_NAME).unit, arguments.actor)
    context = store.ledger.context
    hand = Hand(
        reader=arguments.actor,
        title=context.people[arguments.actor].title.value,
        protocol=context.protocol,
        at=utc_now(),
        reasons=dict(_reason(text) for text in arguments.reason),
        supersede=arguments.supersede,
        bowel_direction=bowel_direction(arguments),
    )
    return seal_working_folder(arguments.reading, view, hand)


def _reason(text: str) -> tuple[Target, str]:
    name, _, words = text.partition("=")
    if name not in set(Target) or not words.strip():
        raise CrcError("work.bad_reason", text=text)
    return Target(name), words.strip()
