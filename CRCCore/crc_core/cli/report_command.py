"""`crcdb report`: make an empty structured report, fill it, validate reports, export them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from crc_core.cli.console import Console, Exit
from crc_core.cli.report_fill import configure as configure_fill
from crc_core.cli.report_fill import fill
from crc_core.errors import CrcError
from crc_core.files.atomic import create_exclusively, write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.identity import UnitId
from crc_core.report.document import Header, Lesion, Report, new_report
from crc_core.report.document_json import read_report
from crc_core.report.editing import answer
from crc_core.report.form import Form, form_model
from crc_core.report.problem import Problem
from crc_core.report.validate import Context, problems
from crc_core.text import Lang, say
from crc_core.vocabulary import LesionClass, Target, TargetAnswer

_LESION = re.compile(r"([a-z]+):(\d{1,3})(?:-(\d{1,3}))?(?::([a-z]+))?")
_CLASS = {
    Target.PRIMARY: LesionClass.TUMOUR,
    Target.LIVER: LesionClass.METASTASIS,
    Target.LUNG: LesionClass.METASTASIS,
    Target.NODE: LesionClass.NODE,
}
_HEADER = ("examination", "sex", "age_years", "clinical_diagnosis", "examined_on")


def configure(parser: argparse.ArgumentParser, lang: Lang) -> None:
    """Add `new`, `fill`, `validate` and `export` with their arguments."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("cli.json", lang))
    languages = [item.value for item in Lang]
    shared.add_argument("--lang", choices=languages, default=argparse.SUPPRESS, help=say("cli.lang", lang))
    actions = parser.add_subparsers(dest="action", required=True, metavar="new|fill|validate|export")
    new = actions.add_parser("new", parents=[shared], help=say("report.help.new", lang))
    new.add_argument("--unit", required=True, metavar="CODE", help=say("report.help.unit", lang))
    new.add_argument("--lesions", nargs="*", default=[], metavar="TARGET:N", help=say("report.help.lesions", lang))
    new.add_argument("--targets", nargs="*", default=[], metavar="TARGET=SAID", help=say("report.help.targets", lang))
    for name in _HEADER:
        new.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=say(f"report.help.{name}", lang))
    new.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help=say("report.help.output", lang))
    configure_fill(actions.add_parser("fill", parents=[shared], help=say("work.help.fill", lang)), lang)
    validate = actions.add_parser("validate", parents=[shared], help=say("report.help.validate", lang))
    validate.add_argument("reports", nargs="+", type=Path, metavar="FILE", help=say("report.help.reports", lang))
    mask_help = say("report.help.validate_mask", lang)
    validate.add_argument("--mask", action="append", default=[], metavar="FILE", help=mask_help)
    export = actions.add_parser("export", parents=[shared], help=say("report.help.export", lang))
    _configure_export(export, lang)


def _configure_export(parser: argparse.ArgumentParser, lang: Lang) -> None:
    parser.add_argument("reports", nargs="+", type=Path, metavar="FILE", help=say("report.help.reports", lang))
    formats = ("json", "csv", "html", "seg")
    parser.add_argument("--format", required=True, choices=formats, help=say("report.help.format", lang))
    tables = ("unit", "primary", "liver_lesion", "lung_lesion", "codebook")
    parser.add_argument("--table", choices=tables, default="unit", help=say("report.help.table", lang))
    parser.add_argument("--mask", action="append", default=[], metavar="FILE", help=say("report.help.mask", lang))
    image = say("report.help.image", lang)
    parser.add_argument("--image", action="append", default=[], type=Path, metavar="FILE", help=image)
    parser.add_argument("--dicom", type=Path, metavar="DIR", help=say("report.help.dicom", lang))
    parser.add_argument("--series", metavar="UID", help=say("report.help.series", lang))
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help=say("report.help.output", lang))


def run(arguments: argparse.Namespace, console: Console) -> Exit:
    """Do what was asked; `validate` answers 1 where anything is wrong. Raises CrcError."""
    if arguments.action == "new":
        return _new(arguments, console)
    if arguments.action == "fill":
        return fill(arguments, console)
    if arguments.action == "validate":
        return _validate(arguments, console)
    return _export(arguments, console)


def _new(arguments: argparse.Namespace, console: Console) -> Exit:
    unit = UnitId.parse(arguments.unit)
    lesions = tuple(lesion for text in arguments.lesions for lesion in _lesions(text))
    if len({(lesion.target, lesion.number) for lesion in lesions}) != len(lesions):
        raise CrcError("report.cli.lesion_twice")
    targets = {lesion.target: TargetAnswer.DRAWN for lesion in lesions} | dict(
        _target(text) for text in arguments.targets
    )
    report = new_report(unit, lesions, Header(), targets)
    for name in _HEADER:
        given = getattr(arguments, name)
        if given is not None:
            report = answer(report, f"header.{name}", given)
    if not create_exclusively(arguments.output, canonical_bytes(report.to_json())):
        raise CrcError("report.cli.exists", path=arguments.output)
    form = form_model(report, console.lang)
    console.say("report.cli.made", path=arguments.output, total=form.total, missing=len(form.missing))
    console.document(
        {"report": str(arguments.output), "unit": str(unit), "answers": form.total, "missing": len(form.missing)}
    )
    return Exit.DONE


def _lesions(text: str) -> list[Lesion]:
    match = _LESION.fullmatch(text)
    if not match or match[1] not in {item.value for item in Target}:
        raise CrcError("report.cli.lesion", value=text)
    target = Target(match[1])
    first, last = int(match[2]), int(match[3] or match[2])
    if not 1 <= first <= last <= 255 or (match[4] and match[4] not in {item.value for item in LesionClass}):
        raise CrcError("report.cli.lesion", value=text)
    lesion_class = LesionClass(match[4]) if match[4] else _CLASS[target]
    return [Lesion(target, number, lesion_class) for number in range(first, last + 1)]


def _target(text: str) -> tuple[Target, TargetAnswer]:
    name, _, said = text.partition("=")
    if name not in {item.value for item in Target} or said not in {item.value for item in TargetAnswer}:
        raise CrcError("report.cli.target", value=text, answers=", ".join(item.value for item in TargetAnswer))
    return Target(name), TargetAnswer(said)


def _validate(arguments: argparse.Namespace, console: Console) -> Exit:
    paths: list[Path] = arguments.reports
    masks = _masks(arguments)
    if masks and len(paths) > 1:
        raise CrcError("report.cli.one_report_with_masks")
    results = []
    for path in paths:
        report = read_report(path)
        found, form = problems(report, _context(report, masks)), form_model(report, console.lang)
        for problem in found:
            console.line(f"{path}: {problem.field_path}: {problem.sentence(console.lang)}")
        code = "report.cli.problems" if found else "report.cli.valid"
        console.say(code, path=path, count=len(found), done=form.done, total=form.total)
        results.append(_validation(path, report, found, form, console.lang))
    valid = all(result["valid"] for result in results)
    console.document(results[0] if len(results) == 1 else {"valid": valid, "reports": results})
    return Exit.DONE if valid else Exit.ANSWER_NO


def _context(report: Report, masks: list[tuple[Target, Path]]) -> Context:
    """The lesions in the masks, where there are masks; a mask knows no classes, so the report's own is taken."""
    from crc_core.files.nifti import read_mask
    from crc_core.reading.masks import lesion_numbers

    if not masks:
        return Context()
    given = {target for target, _ in masks}
    known = {(lesion.target, lesion.number): lesion for lesion in report.lesions}
    drawn = [
        known.get((target, number), Lesion(target, number, _CLASS[target]))
        for target, path in masks
        for number in sorted(lesion_numbers(read_mask(path).array))
    ]
    return Context(lesions=(*drawn, *(lesion for lesion in report.lesions if lesion.target not in given)))


def _validation(path: Path, report: Report, found: tuple[Problem, ...], form: Form, lang: Lang) -> dict[str, Any]:
    return {
        "report": str(path),
        "unit": str(report.unit),
        "templates": [str(ref) for ref in report.template_refs],
        "valid": not found,
        "answered": form.done,
        "questions": form.total,
        "problems": [
            {
                "field": problem.field_path,
                "code": problem.code,
                "blocks": problem.blocks,
                "message": problem.sentence(lang),
            }
            for problem in found
        ],
    }


def _export(arguments: argparse.Namespace, console: Console) -> Exit:
    reports = [read_report(path) for path in arguments.reports]
    if len(reports) > 1 and arguments.format != "csv":
        raise CrcError("report.cli.one_report", format=arguments.format)
    if arguments.format == "csv":
        from crc_core.report.export_csv import Table, export_csv

        data = export_csv(reports, Table(arguments.table))
    elif arguments.format == "json":
        from crc_core.report.export_json import export_json

        data = export_json(reports[0])
    elif arguments.format == "html":
        data = _html(reports[0], arguments, console.lang)
    else:
        data = _seg(reports[0], arguments)
    write_bytes(arguments.output, data)
    console.say("report.cli.exported", path=arguments.output)
    console.document({"output": str(arguments.output), "format": arguments.format, "reports": len(reports)})
    return Exit.DONE


def _masks(arguments: argparse.Namespace) -> list[tuple[Target, Path]]:
    found = []
    for text in arguments.mask:
        name, equals, rest = text.partition("=")
        if equals and name in {item.value for item in Target}:
            found.append((Target(name), Path(rest)))
            continue
        ending = next((item for item in Target if text.endswith(f"_{item.value}.nii.gz")), None)
        if ending is None:
            raise CrcError("report.cli.mask_target", path=text)
        found.append((ending, Path(text)))
    return found


def _html(report: Report, arguments: argparse.Namespace, lang: Lang) -> bytes:
    from crc_core.cli.image_argument import read_image
    from crc_core.files.nifti import read_mask
    from crc_core.report.export_html import Picture, export_html
    from crc_core.report.key_images import ABDOMEN, LUNG, key_images

    masks = _masks(arguments)
    images = arguments.image * len(masks) if len(arguments.image) == 1 else arguments.image
    if len(images) != len(masks):
        raise CrcError("report.cli.images", masks=len(masks), images=len(arguments.image))
    pictures: list[Picture] = []
    for (target, mask_path), image_path in zip(masks, images, strict=True):
        mask = read_mask(mask_path)
        image = read_image(image_path, mask.grid)
        window = LUNG if target is Target.LUNG else ABDOMEN
        pictures += [made.picture for made in key_images(image, mask, window, report.lesions_of(target))]
    return export_html(report, lang, pictures)


def _seg(report: Report, arguments: argparse.Namespace) -> bytes:
    from crc_core.files.nifti import read_mask
    from crc_core.report.export_seg import SegMask, export_seg, read_sources

    named = _masks(arguments)
    if not named or arguments.dicom is None:
        raise CrcError("report.cli.seg_needs")
    masks = [SegMask(target, read_mask(path)) for target, path in named]
    return export_seg(report, masks, read_sources(arguments.dicom, masks, arguments.series))
