"""`crcdb check`: every item of the scan check for one examination, and the verdict."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from crc_core.cli.console import Console, Exit
from crc_core.dicom.index import index_folder
from crc_core.errors import CrcError
from crc_core.scan.check import SeriesCheck, StudyCheck, check_study
from crc_core.scan.item import CheckItem, worded
from crc_core.scan.select import choose_study
from crc_core.text import Lang, say
from crc_core.vocabulary import Verdict


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """The folder, the study where there are several, days of treatment."""
    parser.add_argument("folder", type=Path, help=say("scan.arg.folder", lang))
    parser.add_argument("--study", metavar="UID", help=say("scan.arg.study", lang))
    parser.add_argument(
        "--treatment", metavar="DATE", action="append", default=[], help=say("scan.arg.treatment", lang)
    )
    parser.add_argument("--tags-only", action="store_true", help=say("scan.arg.tags_only", lang))
    parser.add_argument("--all", action="store_true", help=say("scan.arg.all", lang))
    parser.add_argument("--cache", type=Path, help=say("scan.arg.cache", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Check the one examination in the folder; exit 1 where the verdict is fail."""
    treatments = [_day(text) for text in arguments.treatment]
    index = index_folder(
        arguments.folder,
        cache=arguments.cache,
        on_progress=lambda done, total: console.progress(done, total, "scan.progress.files"),
    )
    study, companions = choose_study(index, arguments.study)
    result = check_study(
        study,
        companions=companions,
        treatment_dates=treatments,
        with_pixels=not arguments.tags_only,
        on_progress=lambda done, total: console.progress(done, total, "scan.progress.pixels"),
    )
    console.document(check_document(result, console.lang))
    show_check(result, console, with_passed=arguments.all)
    return Exit.ANSWER_NO if result.verdict is Verdict.FAIL else Exit.DONE


def check_document(result: StudyCheck, lang: Lang) -> dict[str, Any]:
    """The check as the stable JSON document; series have no code before import."""
    return {
        "verdict": result.verdict.value,
        "study_uid": result.study.study_uid,
        "items": [_item(item, lang) for item in result.items],
        "series": [_series(check, lang) for check in result.series],
    }


def _series(check: SeriesCheck, lang: Lang) -> dict[str, Any]:
    tags, pixels = check.phase.tags, check.phase.pixels
    return {
        "series_uid": check.series.series_uid,
        "stack": check.series.stack if check.series.stacks > 1 else None,
        "role": check.role.value,
        "chosen": check.is_chosen,
        "verdict": check.verdict.value,
        "can_be_source": check.series.can_be_source,
        "phase": {
            "tags": tags.value if tags else "unknown",
            "pixels": pixels.value if pixels else "unknown",
            "agreed": check.phase.agreed,
        },
        "items": [_item(item, lang) for item in check.items],
    }


def _item(item: CheckItem, lang: Lang) -> dict[str, Any]:
    return {
        "id": item.id,
        "verdict": item.verdict.value,
        "seen": worded(item.seen, lang),
        "expected": worded(item.expected, lang),
        "source": say(f"scan.source.{item.source.value}", lang),
        "message": item.message(lang),
        "overrulable": item.overrulable,
    }


def show_check(result: StudyCheck, console: Console, *, with_passed: bool) -> None:
    """Print the check in words: study, series by series, the verdict; what passed only on request."""
    lang = console.lang
    console.say("scan.check.study", uid=result.study.study_uid)
    _print_items(result.items, console, with_passed)
    for check in result.series:
        tags, pixels = check.phase.tags, check.phase.pixels
        console.say(
            "scan.check.series",
            uid=check.series.key,
            role=check.role.value,
            chosen=say("scan.check.chosen", lang) if check.is_chosen else "",
            tags=say(f"scan.phase.{tags.value if tags else 'unknown'}", lang),
            pixels=say(f"scan.phase.{pixels.value if pixels else 'unknown'}", lang),
        )
        _print_items(check.items, console, with_passed)
    console.say("scan.check.verdict", verdict=say(f"scan.verdict.{result.verdict.value}", lang))


def _print_items(items: tuple[CheckItem, ...], console: Console, with_passed: bool) -> None:
    passed = [item for item in items if item.verdict is Verdict.PASS]
    for item in items:
        if with_passed or item.verdict is not Verdict.PASS:
            _print_item(item, console)
    if passed and not with_passed:
        console.say("scan.check.passed", verdict=say("scan.verdict.pass", console.lang), count=len(passed))


def _print_item(item: CheckItem, console: Console) -> None:
    """One row of the table, with its sentence where it is not simply passed."""
    lang = console.lang
    console.say(
        "scan.check.table",
        verdict=say(f"scan.verdict.{item.verdict.value}", lang),
        name=item.name(lang),
        id=item.id,
        seen=worded(item.seen, lang),
        expected=worded(item.expected, lang),
        source=say(f"scan.source.{item.source.value}", lang),
    )
    if item.verdict is not Verdict.PASS:
        console.line(f"      {item.message(lang)}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CrcError("scan.bad_date", text=text) from error
