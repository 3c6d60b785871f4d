"""`crcdb progress`: units by state, site and reader, what waits and how long; each number opens its list."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes
from crc_core.files.records import time_text
from crc_core.paper import csv_bytes, html_bytes
from crc_core.quality.progress import Progress, UnitLine, lines_sheet, progress_of
from crc_core.quality.progress_page import progress_page
from crc_core.store.clock import utc_now
from crc_core.store.folder import FolderStore
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.views import Phase, SlotPhase


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the store, who asks, and which list is wanted."""
    parser.add_argument("store", metavar="STORE", type=Path, help=say("store.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", required=True, help=say("store.help.as", lang))
    parser.add_argument(
        "--state", nargs="+", type=Phase, choices=list(Phase), metavar="STATE", help=say("progress.help.state", lang)
    )
    parser.add_argument("--site", help=say("progress.help.site", lang))
    parser.add_argument("--reader", help=say("progress.help.reader", lang))
    parser.add_argument(
        "--slot", type=SlotPhase, choices=list(SlotPhase), metavar="SLOT", help=say("progress.help.slot", lang)
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help=say("progress.help.out", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Tell the numbers, or the list behind one; raises CrcError where nothing can be seen."""
    progress = progress_of(FolderStore(arguments.store), arguments.actor, utc_now())
    chosen = progress.units_where(
        phases=arguments.state, site=arguments.site, reader=arguments.reader, slot=arguments.slot
    )
    asked = any((arguments.state, arguments.site, arguments.reader, arguments.slot))
    if asked:
        _show_lines(chosen, progress, console)
    else:
        _show_numbers(progress, console)
    if arguments.out is not None:
        _write(progress, chosen, arguments.out, console)
    listed = [_line(line) for line in chosen] if asked else None
    console.document({**_document(progress), "units": listed, "path": str(arguments.out) if arguments.out else None})
    return Exit.DONE


def _show_numbers(progress: Progress, console: Console) -> None:
    for phase, count in progress.by_state().items():
        console.say("progress.line", name=say(f"phase.{phase.value}", console.lang), count=count)
    for site, states in progress.by_site().items():
        console.say("progress.site", site=site, count=sum(states.values()))
    for totals in progress.by_reader():
        minutes = None if totals.median_seconds is None else totals.median_seconds / 60
        shown = say("agreement.none", console.lang) if minutes is None else f"{minutes:.0f}"
        waiting = sum(count for phase, count in totals.slots.items() if phase is not SlotPhase.SUBMITTED)
        submitted = totals.slots.get(SlotPhase.SUBMITTED, 0)
        console.say("progress.reader", reader=totals.reader, done=submitted, waiting=waiting, minutes=shown)
    waiting_lines = progress.waiting()
    if waiting_lines:
        days = (progress.at - waiting_lines[0].since).days
        console.say("progress.waiting", count=len(waiting_lines), days=days, unit=waiting_lines[0].unit)
    for target, mean, count in _means(progress):
        words = say(f"contour.target.{target.value}", console.lang)
        console.say("progress.agreement", target=words, mean=f"{mean:.3f}", count=count)


def _means(progress: Progress) -> list[tuple[Target, float, int]]:
    means = []
    for target in Target:
        points = progress.agreement(target)
        if points:
            means.append((target, sum(point.dice_permille for point in points) / len(points) / 1000, len(points)))
    return means


def _show_lines(lines: tuple[UnitLine, ...], progress: Progress, console: Console) -> None:
    for line in lines:
        waited = say("adjudication.waiting_days", console.lang, days=(progress.at - line.since).days)
        state = say(f"phase.{line.phase.value}", console.lang)
        readers = " ".join(slot.reader for slot in line.slots)
        console.line("  ".join(part for part in (line.unit, state, waited, readers) if part))
    console.say("progress.listed", count=len(lines))


def _write(progress: Progress, lines: tuple[UnitLine, ...], out: Path, console: Console) -> None:
    kind = out.suffix.lower()
    if kind == ".csv":
        write_bytes(out, csv_bytes(lines_sheet(lines, progress.at)))
    elif kind == ".html":
        write_bytes(out, html_bytes(progress_page(progress, lines, console.lang), console.lang))
    else:
        raise CrcError("progress.name", path=out)
    console.say("study.written", path=out)


def _document(progress: Progress) -> dict[str, Any]:
    waiting = progress.waiting()
    return {
        "at": time_text(progress.at),
        "states": {phase.value: count for phase, count in progress.by_state().items()},
        "sites": {
            site: {phase.value: count for phase, count in states.items()} for site, states in progress.by_site().items()
        },
        "readers": [
            {
                "reader": totals.reader,
                "slots": {phase.value: count for phase, count in totals.slots.items()},
                "active_min": totals.active_seconds / 60,
                "median_min": None if totals.median_seconds is None else totals.median_seconds / 60,
            }
            for totals in progress.by_reader()
        ],
        "waiting": [{"unit": line.unit, "days": (progress.at - line.since).days} for line in waiting],
        "dice_mean": {target.value: mean for target, mean, _ in _means(progress)},
        "shows_readers": progress.shows_readers,
    }


def _line(line: UnitLine) -> dict[str, Any]:
    return {
        "unit": line.unit,
        "site": line.site,
        "state": line.phase.value,
        "since": time_text(line.since),
        "readers": [{"reader": slot.reader, "round": slot.round, "slot": slot.phase.value} for slot in line.slots],
        "dice": {target.value: dice / 1000 for target, dice in line.dice_permille},
    }
