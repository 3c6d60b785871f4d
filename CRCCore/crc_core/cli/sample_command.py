"""`crcdb sample`: draw the agreement sample from a table of units, or from a store, which then keeps it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crc_core.agreement.policy import agreement_policy
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import sha256_of
from crc_core.files.records import time_text
from crc_core.reading.schema import FIRST_ROUND
from crc_core.statistics.csv_table import Table, read_table, required_cell
from crc_core.statistics.sampling import Sample, SampleUnit, draw_sample
from crc_core.text import Lang, say

_UNIT = "case"
_STRATA = ("site", "vendor", "place", "size", "metastasis")


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the table, the size, the seed and what is left out."""
    smallest = agreement_policy().smallest_sample
    parser.add_argument("table", type=Path, metavar="TABLE", nargs="?", help=say("statistics.help.units", lang))
    parser.add_argument("--store", type=Path, metavar="STORE", help=say("statistics.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", help=say("store.help.as", lang))
    parser.add_argument("--n", type=int, default=smallest, help=say("statistics.help.n", lang))
    parser.add_argument("--seed", type=int, help=say("statistics.help.seed", lang))
    parser.add_argument("--exclude", nargs="+", default=[], metavar="CASE", help=say("statistics.help.exclude", lang))
    parser.add_argument("--allow-small", action="store_true", help=say("statistics.help.allow_small", lang))
    parser.add_argument("--per-reader", type=int, default=0, metavar="N", help=say("sample.help.per_reader", lang))
    parser.add_argument("--washout-days", type=int, metavar="DAYS", help=say("sample.help.washout", lang))
    parser.add_argument("--reread", action="store_true", help=say("sample.help.reread", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Draw and print; raises CrcError for a table that is not one, too few units, or a store that refuses."""
    if (arguments.table is None) == (arguments.store is None) or (arguments.store is None) != (arguments.actor is None):
        raise CrcError("statistics.table_or_store")
    if arguments.reread:
        return _reread(arguments, console)
    if arguments.seed is None:
        raise CrcError("sample.seed_missing")
    return _from_table(arguments, console) if arguments.store is None else _from_store(arguments, console)


def _reread(arguments: argparse.Namespace, console: Console) -> Exit:
    """Assign every re-reading whose washout is over, in shuffled order; the answer is "no" where none is due."""
    from crc_core.cli.acting import accepted
    from crc_core.store.clock import utc_now
    from crc_core.store.folder import FolderStore
    from crc_core.store.sampling import rereadings
    from crc_core.workflow.context import build_context
    from crc_core.workflow.events import Kind
    from crc_core.workflow.intents import new_intent
    from crc_core.workflow.payloads import ReadingAssigned

    if arguments.store is None:
        raise CrcError("statistics.table_or_store")
    store = FolderStore(arguments.store)
    events = store.events_since(0, arguments.actor)
    waiting = rereadings(events, build_context((event for event in events if event.unit is None), store.file.policy))
    due = [item for item in waiting if item.due_at <= utc_now()]
    for item in due:
        payload = ReadingAssigned(item.reader, FIRST_ROUND + 1)
        intent = new_intent(Kind.READING_ASSIGNED, item.unit, arguments.actor, utc_now(), payload)
        accepted(store.act(intent))
    later = [item.due_at for item in waiting if item not in due]
    console.say("sample.reread", count=len(due), waiting=len(later))
    if later:
        console.say("sample.next", at=time_text(min(later)))
    assigned = [{"unit": item.unit, "reader": item.reader} for item in due]
    console.document({"assigned": assigned, "waiting": len(later), "next_at": time_text(min(later)) if later else None})
    return Exit.DONE if due else Exit.ANSWER_NO


def _from_store(arguments: argparse.Namespace, console: Console) -> Exit:
    from crc_core.cli.acting import accepted
    from crc_core.quality.sample_page import strata_words
    from crc_core.store.folder import FolderStore
    from crc_core.store.folder.store import utc_now
    from crc_core.store.sampling import STRATA, draw_from_store
    from crc_core.workflow.events import Kind
    from crc_core.workflow.intents import new_intent

    store = FolderStore(arguments.store)
    events = store.events_since(0, arguments.actor)
    drawn = draw_from_store(
        events,
        store.file.policy,
        arguments.n,
        arguments.seed,
        arguments.exclude,
        per_reader=arguments.per_reader,
        washout_days=arguments.washout_days,
    )
    intent = new_intent(Kind.SAMPLE_DRAWN, None, arguments.actor, utc_now(), drawn.payload)
    accepted(store.act(intent))
    washout = {"washout_days": drawn.payload.washout_days, "left_out": drawn.payload.exclusions}
    console.document(_document(drawn.sample, list(STRATA)) | washout)
    heads = [say(f"quality.stratum.{name}", console.lang) for name in STRATA]
    _show(drawn.sample, heads, [strata_words(count.strata, console.lang) for count in drawn.sample.strata], console)
    console.say("statistics.kept_in_store", days=drawn.payload.washout_days)
    return Exit.DONE


def _from_table(arguments: argparse.Namespace, console: Console) -> Exit:
    path: Path = arguments.table
    smallest = agreement_policy().smallest_sample
    if arguments.n < smallest and not arguments.allow_small:
        raise CrcError("statistics.small_sample", seen=arguments.n, smallest=smallest)
    table = read_table(path, (_UNIT,))
    strata = [column for column in _STRATA if column in table.columns]
    try:
        sample = draw_sample(_units(table, strata, path), arguments.n, arguments.seed, set(arguments.exclude))
    except CrcError as error:
        raise CrcError(error.code, path=path, **error.values) from error
    console.document(_document(sample, strata) | {"table_sha256": sha256_of(path)})
    _show(sample, strata, [count.strata for count in sample.strata], console)
    return Exit.DONE


def _units(table: Table, strata: list[str], path: Path) -> list[SampleUnit]:
    return [
        SampleUnit(
            required_cell(row, _UNIT, path),
            tuple(required_cell(row, column, path) for column in strata),
        )
        for row in table.rows
    ]


def _document(sample: Sample, strata: list[str]) -> dict[str, Any]:
    return {
        "algorithm": sample.algorithm,
        "seed": sample.seed,
        "n": len(sample.drawn),
        "population": sample.population,
        "excluded": list(sample.excluded),
        "drawn": list(sample.drawn),
        "strata": [
            dict(zip(strata, count.strata, strict=True)) | {"population": count.population, "drawn": count.drawn}
            for count in sample.strata
        ],
    }


def _show(sample: Sample, columns: list[str], strata: list[tuple[str, ...]], console: Console) -> None:
    console.say("statistics.drawn", n=len(sample.drawn), population=sample.population, seed=sample.seed)
    if sample.excluded:
        joint = say("statistics.list_joint", console.lang)
        console.say("statistics.excluded", units=joint.join(sample.excluded))
    for unit in sample.drawn:
        console.line(unit)
    if columns:
        console.say("statistics.strata", columns=" / ".join(columns))
        for count, names in zip(sample.strata, strata, strict=True):
            name = " / ".join(names)
            console.say("statistics.stratum", name=name, drawn=count.drawn, population=count.population)
