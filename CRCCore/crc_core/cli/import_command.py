"""`crcdb import`: de-identify an examination and take it into a store."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.vocabulary import Mode, Target

if TYPE_CHECKING:
    from crc_core.importing.admission import ImportRequest, ImportResult


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help=say("import.help.folder", lang))
    parser.add_argument("--site", required=True, metavar="01", help=say("import.help.site", lang))
    parser.add_argument("--store", type=Path, metavar="S", help=say("import.help.store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", help=say("import.help.as", lang))
    parser.add_argument("--case", metavar="C", help=say("import.help.case", lang))
    parser.add_argument("--time-point", metavar="T1", help=say("import.help.time_point", lang))
    parser.add_argument("--study", metavar="UID", help=say("import.help.study", lang))
    parser.add_argument("--keys", type=Path, metavar="FILE", help=say("import.help.keys", lang))
    parser.add_argument("--clinical", type=Path, metavar="FILE", help=say("import.help.clinical", lang))
    parser.add_argument("--treatment-since", metavar="YYYY-MM-DD", help=say("import.help.treatment_since", lang))
    for name, form, code in (
        ("--overrule", "ITEM=REASON", "import.help.overrule"),
        ("--mode", "TARGET=MODE", "import.help.mode"),
    ):
        parser.add_argument(name, nargs="+", action="extend", default=[], metavar=form, help=say(code, lang))
    parser.add_argument("--dry-run", action="store_true", help=say("import.help.dry_run", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Take the examination in; exit 1 where the scan check refuses it."""
    from crc_core.importing.admission import import_study, rehearse_import
    from crc_core.store.folder import FolderStore

    if not arguments.dry_run and arguments.store is None:
        raise CrcError("import.no_store")
    if arguments.store is not None and arguments.actor is None:
        raise CrcError("import.no_actor")
    request = _request(arguments)
    store = None if arguments.store is None else FolderStore(arguments.store)

    def progress(code: str, done: int, total: int) -> None:
        console.progress(done, total, code)

    if arguments.dry_run or store is None:
        result = rehearse_import(store, request, _now, on_progress=progress)
    else:
        result = import_study(store, request, _now, on_progress=progress)
    _tell(result, console, is_rehearsal=arguments.dry_run)
    console.document(_document(result, is_rehearsal=arguments.dry_run))
    return Exit.ANSWER_NO if result.refused_items else Exit.DONE


def _now() -> datetime:
    return datetime.now(UTC)


def _request(arguments: argparse.Namespace) -> ImportRequest:
    from crc_core.importing.admission import ImportRequest
    from crc_core.importing.clinical import Clinical, read_clinical

    clinical = Clinical({}, {}) if arguments.clinical is None else read_clinical(arguments.clinical)
    modes = {}
    for target, mode in _pairs(arguments.mode):
        if target not in list(Target) or mode not in list(Mode):
            raise CrcError("import.bad_mode", text=f"{target}={mode}")
        modes[Target(target)] = Mode(mode)
    return ImportRequest(
        folder=arguments.folder,
        site=arguments.site,
        actor=arguments.actor or "",
        case=arguments.case,
        time_point=arguments.time_point,
        study_uid=arguments.study,
        keys=arguments.keys,
        overrules=dict(_pairs(arguments.overrule)),
        modes=modes,
        clinical=clinical,
        treatment_since=_day(arguments.treatment_since),
    )


def _pairs(texts: Iterable[str]) -> list[tuple[str, str]]:
    pairs = []
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise CrcError("import.bad_pair", text=text)
        pairs.append((name.strip(), value.strip()))
    return pairs


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CrcError("import.bad_date", text=text) from error


def _tell(result: ImportResult, console: Console, *, is_rehearsal: bool) -> None:
    lang = console.lang
    if result.unit is None:
        console.say("import.tell.new_case", time_point=result.time_point)
    elif is_rehearsal:
        console.say("import.tell.would_be", unit=result.unit)
    else:
        console.say("import.tell.unit_refused" if result.refused_items else "import.tell.unit", unit=result.unit)
    for role, item in result.examination.chosen.items():
        thickness = item.series.header.thickness_mm
        console.say(
            "import.tell.series",
            role=role.value,
            images=len(item.series.instances),
            thickness="–" if thickness is None else f"{thickness:g} mm",
        )
    for binding in () if result.refused_items else result.bindings:
        target, mode = say(f"import.target.{binding.target}", lang), say(f"import.mode.{binding.mode}", lang)
        console.say("import.tell.binding", target=target, role=binding.role.value, mode=mode)
    for duplicate in result.duplicates:
        console.say(f"import.tell.duplicate.{duplicate.by}", role=duplicate.role.value, unit=duplicate.unit)
    console.say("import.tell.verdict", verdict=say(f"import.verdict.{result.scan.verdict}", lang))
    _tell_refused(result, console)
    console.say("import.tell.left_out", count=result.examination.left_out)
    if result.examination.unreadable:
        console.say("import.tell.unreadable", count=result.examination.unreadable)
    if not result.store_searched:
        console.say("import.tell.not_searched")
    if result.keys is not None and not is_rehearsal:
        console.say("import.tell.keys", path=result.keys)
        console.say("import.tell.log", path=result.log)


def _tell_refused(result: ImportResult, console: Console) -> None:
    """Each item that keeps the unit out of reading, with the sentence of the check."""
    from crc_core.importing.refusals import refused_sentences

    for name, sentence in refused_sentences(result, console.lang).items():
        console.say("import.tell.refused", item=name, sentence=sentence)
    fixed = [item.id for item in result.scan.items if item.id in result.refused_items and not item.overrulable]
    if fixed:
        console.say("import.tell.nobody_can", items=", ".join(fixed))
    elif result.refused_items:
        console.say("import.tell.how_to_overrule", item=result.refused_items[0])


def _document(result: ImportResult, *, is_rehearsal: bool) -> dict[str, Any]:
    unit = result.unit
    return {
        "rehearsal": is_rehearsal,
        "unit": None if unit is None else str(unit),
        "case": None if unit is None else unit.case,
        "time_point": result.time_point,
        "verdict": result.scan.verdict.value,
        "refused_items": list(result.refused_items),
        "series": [_series(result, role.value) for role in result.examination.chosen],
        "bindings": [
            {
                "target": binding.target.value,
                "role": binding.role.value,
                "series_code": None if unit is None else binding.series_code,
                "mode": binding.mode.value,
            }
            for binding in (() if result.refused_items else result.bindings)
        ],
        "duplicates": [{"role": item.role.value, "unit": item.unit, "by": item.by} for item in result.duplicates],
        "store_searched": result.store_searched,
        "series_left_out": result.examination.left_out,
        "files_unreadable": result.examination.unreadable,
        "keys": None if result.keys is None else str(result.keys),
        "log": None if result.log is None else str(result.log),
    }


def _series(result: ImportResult, role: str) -> dict[str, Any]:
    item = next(item for item in result.examination.chosen.values() if item.role.value == role)
    code = None if result.unit is None else result.unit.series_code(item.role)
    return {
        "code": code,
        "role": role,
        "series_uid": None if code is None else result.series_uids.get(code),
        "instances": len(item.series.instances),
        "thickness_mm": item.series.header.thickness_mm,
        "pixel_sha256": item.pixel_sha256,
        "is_source": item.series.can_be_source,
    }
