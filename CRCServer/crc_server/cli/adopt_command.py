"""`crcdb adopt`: an empty server takes a folder store over."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.console import Console, Exit
from crc_core.files.file_lock import locked
from crc_core.files.records import to_document
from crc_core.text import Lang, say

from crc_server.cli.first_administrator import asked_account
from crc_server.cli.ready import add_data, configured, set_up
from crc_server.cli.serve_command import SERVING_LOCK


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("store", type=Path, metavar="STORE", help=say("adopting.help.store", lang))
    add_data(parser, lang)


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Take it over; raises CrcError for the first thing that does not hold, and the server stays empty."""
    config = configured(arguments)
    with locked(config.data / SERVING_LOCK, wait=False, taken="server.serving_already"):
        set_up(console)
        from crc_server.adopting import adopt_folder_store, open_door

        person, password = asked_account(console)
        adopted = adopt_folder_store(
            arguments.store,
            lambda done, total: console.progress(done, total, "adopting.progress"),
            then=lambda store: open_door(store, person, password),
        )
    console.say("adopting.done", events=adopted.events, readings=adopted.readings, finals=adopted.finals)
    console.say("store.head", head=adopted.head)
    console.say("adopting.passwords", person=person)
    console.document(to_document(adopted))
    return Exit.DONE
