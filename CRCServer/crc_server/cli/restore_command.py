"""`crcdb restore`: put a backup into an empty server and prove that all of it is there."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.console import Console, Exit
from crc_core.files.file_lock import locked
from crc_core.files.records import to_document
from crc_core.text import Lang, say

from crc_server.cli.ready import add_data, configured, set_up
from crc_server.cli.serve_command import SERVING_LOCK


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("backup", type=Path, metavar="BACKUP", help=say("server.help.restore", lang))
    add_data(parser, lang)


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Restore; raises CrcError for the first thing that does not hold, and the server stays empty."""
    config = configured(arguments)
    with locked(config.data / SERVING_LOCK, wait=False, taken="server.serving_already"):
        set_up(console)
        from crc_server.backup import restore_backup

        saved = restore_backup(
            arguments.backup, lambda done, total: console.progress(done, total, "server.progress.restore")
        )
    console.say("server.restored", events=saved.rows["events"], bodies=len(saved.bodies))
    console.say("store.head", head=saved.head)
    console.document(to_document(saved))
    return Exit.DONE
