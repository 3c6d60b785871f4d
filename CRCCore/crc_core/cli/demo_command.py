"""`crcdb demo`: the whole work on a synthetic study, or on one's own DICOM as far as that goes."""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, cast

from crc_core.cli.check_command import show_check
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say

_DEFAULT_SEED = 1
_DEFAULT_FOLDER = Path("crc-demo")
_LABEL_PLACES = 20
SERVER_GROUP = "crcdb.demo"
"""The entry point by which an installed server offers to serve what a demonstration made."""


class DemoServer(Protocol):
    """What an installed server does for a demonstration."""

    def prepare(self, store: Path, data: Path, console: Console) -> Any:
        """Take the folder store over into a new server in the folder `data`."""

    def tell(self, prepared: Any, console: Console) -> None:
        """Say who can sign in and how."""

    def serve(self, prepared: Any, console: Console) -> None:
        """Serve it until Ctrl+C."""


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments of the demonstration."""
    parser.add_argument("--out", type=Path, metavar="DIR", help=say("demo.help.out", lang))
    parser.add_argument("--study", type=Path, metavar="DIR", help=say("demo.help.study", lang))
    parser.add_argument(
        "--serve", action=argparse.BooleanOptionalAction, default=None, help=say("adopting.help.serve", lang)
    )
    parser.add_argument("--seed", type=int, default=_DEFAULT_SEED, metavar="N", help=say("demo.help.seed", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Play the demonstration; exit 1 where the store check finds a problem or the own study is refused.

    Where the server is installed it ends in the served database, which a person at a terminal looks at until Ctrl+C.
    """
    began = time.monotonic()
    folder = _folder(arguments.out).absolute()
    if arguments.study is not None:
        code, store = _own(arguments.study, folder, console)
        finish(arguments.serve, store, console)
        return code
    from crc_core.demo.exports import export_all, store_words, summary
    from crc_core.demo.story import run_story, stepping

    teller = _Teller(console)
    ending = run_story(folder, arguments.seed, teller.tell)
    with stepping(teller.tell, "demo.step.export"):
        page = export_all(ending, folder, console.lang)
    for row in summary(ending, console.lang):
        console.line("")
        for label, value in row:
            console.line(f"{_filled(label)}{value}")
    console.line("")
    console.line(store_words(ending, console.lang))
    console.say("demo.store", path=ending.team.store.layout.root)
    console.say("demo.page", path=page)
    console.say("demo.total", seconds=time.monotonic() - began)
    console.document(
        {
            "units": [str(item.unit) for item in ending.told],
            "store": str(ending.team.store.layout.root),
            "page": str(page),
            "problems": len(ending.check.findings),
        }
    )
    finish(arguments.serve, ending.team.store.layout.root, console)
    return Exit.ANSWER_NO if ending.check.findings else Exit.DONE


def finish(wish: bool | None, store: Path, console: Console) -> None:
    """Hand the store to the server: served where wished or where a person sits at a terminal, else told how to."""
    found = list(entry_points(group=SERVER_GROUP))
    if wish is False or (console.as_json and not wish):
        return
    if not found:
        if wish:
            raise CrcError("adopting.no_server")
        return
    from crc_core.demo.story import stepping

    server, data = cast(DemoServer, found[0].load()), store.parent / "server"
    console.line("")
    with stepping(_Teller(console).tell, "adopting.step"):
        prepared = server.prepare(store, data, console)
    server.tell(prepared, console)
    if wish or (sys.stdin.isatty() and sys.stdout.isatty()):
        server.serve(prepared, console)
    else:
        console.say("adopting.demo_again", data=data)


def _own(study: Path, folder: Path, console: Console) -> tuple[Exit, Path]:
    from crc_core.demo.own_study import check_own_study, run_own_study

    teller = _Teller(console)
    show_check(check_own_study(study, teller.tell), console, with_passed=False)
    ending = run_own_study(study, folder, console.lang, teller.tell)
    refused = ending.imported.refused_items
    code = "demo.own_refused" if refused else "demo.own_next"
    console.say(code, unit=ending.imported.unit, items=", ".join(refused))
    console.say("demo.store", path=ending.store)
    if ending.page is not None:
        console.say("demo.page", path=ending.page)
    console.document(
        {
            "units": [str(ending.imported.unit)],
            "store": str(ending.store),
            "page": None if ending.page is None else str(ending.page),
            "refused_items": list(refused),
        }
    )
    return Exit.ANSWER_NO if refused else Exit.DONE, ending.store


class _Teller:
    """Prints each step as it begins and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, code: str, seconds: float | None) -> None:
        """One step that begins, or ends after `seconds`."""
        if seconds is None:
            self._console.line(f"… {say(code, self._console.lang)}")
        else:
            self._console.line(f"  {say('demo.done', self._console.lang, seconds=seconds)}")


def _folder(wished: Path | None) -> Path:
    """The wished folder, which must be new or empty; without a wish the first free one of crc-demo, crc-demo-2…"""
    if wished is not None:
        if wished.exists() and (not wished.is_dir() or any(wished.iterdir())):
            raise CrcError("demo.not_empty", path=wished)
        return wished
    number, folder = 1, _DEFAULT_FOLDER
    while folder.exists():
        number += 1
        folder = _DEFAULT_FOLDER.with_name(f"{_DEFAULT_FOLDER.name}-{number}")
    return folder


def _filled(label: str) -> str:
    """A label filled up to the column of values; Chinese characters count as two places."""
    places = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in label)
    return label + " " * max(2, _LABEL_PLACES - places)
