"""`crcdb demo`: the whole work on a synthetic study, or on one's own DICOM as far as that goes."""

from __future__ import annotations

import argparse
import time
import unicodedata
from pathlib import Path

from crc_core.cli.check_command import show_check
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say

_DEFAULT_SEED = 1
_DEFAULT_FOLDER = Path("crc-demo")
_LABEL_PLACES = 20


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments of the demonstration."""
    parser.add_argument("--out", type=Path, metavar="DIR", help=say("demo.help.out", lang))
    parser.add_argument("--study", type=Path, metavar="DIR", help=say("demo.help.study", lang))
    parser.add_argument("--seed", type=int, default=_DEFAULT_SEED, metavar="N", help=say("demo.help.seed", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Play the demonstration; exit 1 where the store check finds a problem or the own study is refused."""
    began = time.monotonic()
    folder = _folder(arguments.out).absolute()
    if arguments.study is not None:
        return _own(arguments.study, folder, console)
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
    return Exit.ANSWER_NO if ending.check.findings else Exit.DONE


def _own(study: Path, folder: Path, console: Console) -> Exit:
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
    return Exit.ANSWER_NO if refused else Exit.DONE


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
