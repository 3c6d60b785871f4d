"""`crcdb report fill`: answers given by hand, and measurements of the masks beside the report."""

from __future__ import annotations

import argparse
from pathlib import Path

from crc_core.cli.bowel_option import add_bowel_option, bowel_direction
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.report.document import NotAssessable, Report
from crc_core.report.document_json import read_report
from crc_core.report.editing import answer
from crc_core.report.form import form_model
from crc_core.report.template import Kind
from crc_core.text import Lang, say

_NOT_ASSESSABLE = "not_assessable:"


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add the arguments."""
    parser.add_argument("report", type=Path, metavar="FILE", help=say("report.help.reports", lang))
    parser.add_argument(
        "--answer",
        dest="answers",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATH=VALUE",
        help=say("work.help.fill_answers", lang),
    )
    parser.add_argument("--store", type=Path, metavar="STORE", help=say("work.help.fill_store", lang))
    parser.add_argument("--as", dest="actor", metavar="PERSON", help=say("store.help.as", lang))
    add_bowel_option(parser, lang)


def fill(arguments: argparse.Namespace, console: Console) -> Exit:
    """Measure where a store is given, then enter the answers, and write the report again."""
    report = read_report(arguments.report)
    if arguments.store is not None:
        if not arguments.actor:
            raise CrcError("work.fill_needs_person")
        report = _measured(report, arguments)
    for text in arguments.answers:
        report = _answered(report, text)
    write_bytes(arguments.report, canonical_bytes(report.to_json()))
    form = form_model(report, console.lang)
    console.say("work.filled", path=arguments.report, done=form.done, total=form.total)
    console.document(
        {
            "report": str(arguments.report),
            "unit": str(report.unit),
            "answers": form.total,
            "answered": form.done,
            "missing": len(form.missing),
        }
    )
    return Exit.DONE


def _answered(report: Report, text: str) -> Report:
    path, equals, given = text.partition("=")
    if not equals:
        raise CrcError("work.bad_decision", text=text, pattern="PATH=VALUE")
    if given.startswith(_NOT_ASSESSABLE):
        reason, _, words = given.removeprefix(_NOT_ASSESSABLE).partition(":")
        return answer(report, path, not_assessable=NotAssessable(reason, words))
    many = any(str(known) == path and field.kind is Kind.CHOICES for known, field in report.paths)
    return answer(report, path, given.split(",") if many and given else given)


def _measured(report: Report, arguments: argparse.Namespace) -> Report:
    from crc_core.identity import mask_name
    from crc_core.measuring import Parents, assess
    from crc_core.report.autofill import autofill
    from crc_core.store.folder import FolderStore
    from crc_core.store.images import ct_images
    from crc_core.store.working_folder import read_masks
    from crc_core.vocabulary import Target

    store = FolderStore(arguments.store)
    view = store.unit(report.unit, arguments.actor)
    masks = read_masks(arguments.report.parent, view)
    names = {binding.target: mask_name(binding.series_code, binding.target) for binding in view.bindings}
    drawn = {target: masks[name] for target, name in names.items() if name in masks}
    primary = next((binding for binding in view.bindings if binding.target is Target.PRIMARY), None)
    edges = Parents()
    if primary is not None:
        outer, inner = (masks.get(mask_name(primary.series_code, Target.PRIMARY, edge)) for edge in ("outer", "inner"))
        edges = Parents(outer, inner)
    values = assess(
        drawn, ct_images(store, view, arguments.actor), parents=edges, bowel_direction=bowel_direction(arguments)
    ).values()
    for value in values:
        if value.lesion not in {lesion.number for lesion in report.lesions_of(value.target)}:
            path = arguments.report
            raise CrcError("work.lesion_unreported", path=path, target=value.target.value, number=value.lesion)
    return autofill(report, values)
