"""The option that says how the bowel runs at a primary, for every command that measures one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import MappingProxyType

from crc_core.text import Lang, say
from crc_core.vocabulary import BowelDirection

_WORDS: Mapping[str, BowelDirection] = MappingProxyType(
    {"across": BowelDirection.ACROSS, "in-plane": BowelDirection.IN_PLANE}
)


def add_bowel_option(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add `--bowel across|in-plane`; across where nothing is said."""
    parser.add_argument("--bowel", choices=list(_WORDS), default="across", help=say("contour.cli.bowel", lang))


def bowel_direction(arguments: argparse.Namespace) -> BowelDirection:
    """The direction that was chosen."""
    return _WORDS[arguments.bowel]
