"""What the server's commands share: the data folder, Django set up for it, its tables up to date."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from crc_core.cli.console import Console
from crc_core.text import Lang, say

from crc_server.config import DATA, Config, read_config


def add_data(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """The argument that names the data folder."""
    parser.add_argument("--data", type=Path, metavar="DIR", help=say("server.help.data", lang, variable=DATA))


def configured(arguments: argparse.Namespace) -> Config:
    """The configuration for the data folder that is named; raises CrcError where none is."""
    if arguments.data is not None:
        os.environ[DATA] = str(arguments.data)
    return read_config()


def set_up(console: Console) -> None:
    """Set Django up, bring the tables to this version, and make the index anew where it is an older version's.

    Raises CrcError where the database cannot be reached.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crc_server.settings")
    import django
    from crc_core.errors import CrcError
    from django.core.management import call_command
    from django.db import DatabaseError

    django.setup()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CrcError("server.no_database", reason=" ".join(str(error).split())) from error
    from crc_server.store.opening import has_store, open_store
    from crc_server.store.reindexing import is_index_current, make_index

    if not has_store():
        return
    open_store().bodies.require_place()
    if not is_index_current():
        make_index(open_store().ledger.policy, lambda done, total: console.progress(done, total, "audit.indexing"))
