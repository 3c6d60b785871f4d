"""`crcdb backup`: save a server's store while it serves."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.console import Console, Exit
from crc_core.files.records import to_document
from crc_core.text import Lang, say

from crc_server.cli.ready import add_data, configured, set_up


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    add_data(parser, lang)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="DIR", help=say("server.help.backup", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Save; raises CrcError where something is missing, altered or cannot be written."""
    configured(arguments)
    set_up(console)
    from crc_server.backup import make_backup

    saved = make_backup(arguments.out, lambda done, total: console.progress(done, total, "server.progress.backup"))
    console.say("server.saved", events=saved.rows["events"], bodies=len(saved.bodies), path=arguments.out)
    console.say("store.head", head=saved.head)
    console.document({**to_document(saved), "path": str(arguments.out)})
    return Exit.DONE
