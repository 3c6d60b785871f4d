"""`crcdb store`: make and check a store, and what a data manager does with its units."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from crc_core.cli.acting import add_common, names_of, one_of
from crc_core.cli.console import Console, Exit
from crc_core.cli.store_keeping import advance, check, export, final, listing, log, new, release, show
from crc_core.cli.store_settle import configure as configure_settle
from crc_core.cli.store_settle import settle
from crc_core.cli.store_units import (
    ask,
    assign,
    bar,
    bind,
    change_mode,
    exclude,
    overrule,
    protocol,
    return_readings,
    take,
    take_back,
    withdraw_consent,
)
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Target, Title

_ACTIONS = {
    "new": new,
    "check": check,
    "advance": advance,
    "log": log,
    "list": listing,
    "show": show,
    "protocol": protocol,
    "bind": bind,
    "overrule": overrule,
    "mode": change_mode,
    "bar": bar,
    "assign": assign,
    "take": take,
    "take-back": take_back,
    "ask": ask,
    "return": return_readings,
    "settle": settle,
    "exclude": exclude,
    "withdraw-consent": withdraw_consent,
    "release": release,
    "final": final,
    "export": export,
}
_STORE_WIDE = frozenset({"new", "check", "advance", "log", "list", "protocol", "release", "export"})
_OF_ONE_UNIT = tuple(name for name in _ACTIONS if name not in _STORE_WIDE)
_NOBODY_ACTS = frozenset({"new", "check", "advance"})


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", help=say("store.help.action", lang))
    own = {}
    for name in _ACTIONS:
        own[name] = actions.add_parser(name, help=_help(name, lang))
        add_common(own[name], lang, acts=name not in _NOBODY_ACTS)
    _keeping(own, lang)
    for name in _OF_ONE_UNIT:
        own[name].add_argument("unit", metavar="UNIT", help=say("store.help.unit", lang))
    _units(own, lang)
    configure_settle(own["settle"], lang)


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Do the action; raises CrcError for bad input and for what the store refuses."""
    return _ACTIONS[arguments.action](arguments, console)


def _help(name: str, lang: Lang) -> str:
    return say("work.help.settle" if name == "settle" else f"store.help.{name.replace('-', '_')}", lang)


def _keeping(own: dict[str, argparse.ArgumentParser], lang: Lang) -> None:
    new_store = own["new"]
    new_store.add_argument(
        "--administrator", metavar="PERSON", required=True, help=say("store.help.administrator", lang)
    )
    new_store.add_argument("--name", required=True, help=say("store.help.name", lang))
    new_store.add_argument("--site", required=True, help=say("store.help.site", lang))
    title = partial(one_of, kind=Title)
    new_store.add_argument(
        "--title", type=title, default=Title.NONE, metavar="|".join(names_of(Title)), help=say("store.help.title", lang)
    )
    new_store.add_argument("--policy", type=Path, help=say("store.help.policy", lang))
    own["check"].add_argument("--deep", action="store_true", help=say("store.help.deep", lang))
    own["check"].add_argument("--clean", action="store_true", help=say("store.help.clean", lang))
    own["check"].add_argument(
        "--clean-hours", type=float, default=24.0, metavar="HOURS", help=say("store.help.clean_hours", lang)
    )
    own["log"].add_argument("--since", type=int, default=0, metavar="SEQ", help=say("store.help.since", lang))
    own["release"].add_argument("release", metavar="RELEASE", help=say("store.help.release_name", lang))
    own["release"].add_argument("unit", metavar="UNIT", nargs="*", help=say("store.help.unit", lang))
    own["export"].add_argument("release", metavar="RELEASE", help=say("store.help.release_name", lang))
    own["export"].add_argument("-o", "--out", type=Path, required=True, help=say("store.help.out", lang))


def _units(own: dict[str, argparse.ArgumentParser], lang: Lang) -> None:
    own["protocol"].add_argument("file", metavar="FILE", type=Path, help=say("store.help.protocol_file", lang))
    for name in ("protocol", "bind"):
        own[name].add_argument("--version", required=True, help=say("store.help.version", lang))
    own["bind"].add_argument("binding", nargs="+", metavar="BINDING", help=say("store.help.binding", lang))
    own["overrule"].add_argument("item", nargs="+", metavar="ITEM", help=say("store.help.item", lang))
    own["assign"].add_argument("reader", metavar="READER", help=say("store.help.reader", lang))
    for name in ("assign", "take", "take-back", "ask"):
        own[name].add_argument("--round", type=int, default=1, help=say("store.help.round", lang))
    own["mode"].add_argument("target", type=Target, choices=list(Target), help=say("store.help.target", lang))
    own["mode"].add_argument("mode", type=Mode, choices=list(Mode), help=say("store.help.mode_name", lang))
    own["bar"].add_argument("session", metavar="SESSION", help=say("store.help.session", lang))
    for name in ("overrule", "exclude", "withdraw-consent", "take-back", "mode"):
        own[name].add_argument("--reason", required=True, help=say("store.help.reason", lang))
    own["assign"].add_argument("--reason", help=say("store.help.reason", lang))
    own["exclude"].add_argument("--code", required=True, help=say("store.help.code", lang))
    for name in ("return", "ask"):
        own[name].add_argument("--question", required=True, help=say("store.help.question", lang))
    own["final"].add_argument("-o", "--out", type=Path, required=True, help=say("store.help.out", lang))
