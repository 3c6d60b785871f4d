"""`python -m django keep`: what is due by rule, where several workers serve and no `crcdb serve` runs."""

from __future__ import annotations

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crc_server.keeping import keep, keep_once


class Command(BaseCommand):
    """Keep the store; once with `--once`, for a timer of the system."""

    help = "Does what is due by rule and clears what nobody will ask for again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The one option."""
        parser.add_argument("--once", action="store_true")

    def handle(self, *words: Any, **options: Any) -> None:
        """Keep."""
        if options["once"]:
            keep_once()
        else:
            keep(threading.Event())
