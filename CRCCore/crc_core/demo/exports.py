"""What a demonstration leaves beside the store: printable reports, tables, DICOM SEG and the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crc_core.demo import figures
from crc_core.demo.page import Figure, Line, write_page
from crc_core.demo.pictures import largest_section
from crc_core.demo.story import Ending, Told, is_signed
from crc_core.demo.team import MEMBERS
from crc_core.errors import CrcError
from crc_core.files.atomic import naming, write_bytes
from crc_core.geometry.grid import Volume
from crc_core.reading.seal import SealedFinal
from crc_core.report.document import Report
from crc_core.report.export_csv import Table, export_csv
from crc_core.report.export_html import Picture, export_html
from crc_core.report.export_json import export_json
from crc_core.report.export_seg import SegMask, export_seg, read_sources
from crc_core.report.key_images import ABDOMEN, LUNG, key_images
from crc_core.report.template import Words
from crc_core.text import Lang, say
from crc_core.vocabulary import Role, Target
from crc_core.workflow.payloads import Outcome, TargetOutcome

PAGE_NAME = "demo.html"


def export_all(ending: Ending, folder: Path, lang: Lang) -> Path:
    """Write the exports of every unit and the page; the page's path."""
    reports = folder / "reports"
    with naming(reports):
        reports.mkdir()
    made = [_export_unit(item, ending, reports, lang) for item in ending.told]
    for table in Table:
        write_bytes(reports / f"{table.value}.csv", export_csv([report for report, _ in made], table))
    lines = [_line(item, path, lang) for item, (_, path) in zip(ending.told, made, strict=True)]
    page = folder / PAGE_NAME
    write_page(page, lang, lines, _figures(ending.told, lang), _facts(ending, lang))
    return page


def _export_unit(item: Told, ending: Ending, folder: Path, lang: Lang) -> tuple[Report, Path]:
    final = _final(item)
    report = Report.from_json(dict(final.report), folder)
    masks = {target.target: final.mask(target.target) for target in final.final.targets if target.source is not None}
    pictures = [picture for target, mask in masks.items() for picture in _pictures(item, report, target, mask)]
    path = folder / f"{item.unit}.html"
    write_bytes(path, export_html(report, lang, pictures, [_signature(item)]))
    write_bytes(folder / f"{item.unit}.json", export_json(report))
    on_pvp = [SegMask(target, mask) for target, mask in masks.items() if target is not Target.LUNG]
    source = ending.team.store.open_image(item.unit, Role.PVP, "manager")[0].parent
    write_bytes(folder / f"{item.unit}_PVP.seg.dcm", export_seg(report, on_pvp, read_sources(source, on_pvp)))
    return report, path


def _pictures(item: Told, report: Report, target: Target, mask: Volume) -> Sequence[Picture]:
    image = item.images[Role.CHEST if target is Target.LUNG else Role.PVP]
    window = LUNG if target is Target.LUNG else ABDOMEN
    return [made.picture for made in key_images(image, mask, window, report.lesions_of(target))]


def _signature(item: Told) -> Words:
    zh, en = (_how(item, lang) for lang in (Lang.ZH, Lang.EN))
    return Words(zh, en)


def _how(item: Told, lang: Lang) -> str:
    final = _final(item).final
    if is_signed(item):
        member = MEMBERS[str(final.signer)]
        signer = f"{member.name} ({member.title.value})"
        return say("demo.by_signer", lang, version=final.version, signer=signer)
    return say("demo.by_rule", lang, version=final.version)


def _line(item: Told, report: Path, lang: Lang) -> Line:
    comparison = item.comparison
    if comparison is None:
        raise CrcError("demo.unexpected", what=str(item.unit))
    shares = [
        f"{say(f'report.target.{outcome.target.value}', lang)} {_share(outcome, lang)}"
        for outcome in comparison.targets
    ]
    disputed = [
        f"{say(f'report.target.{outcome.target.value}', lang)} ({_why(item, outcome.target, lang)})"
        for outcome in comparison.targets
        if outcome.outcome is Outcome.DISPUTED
    ]
    verdict = say(f"outcome.{(Outcome.DISPUTED if disputed else Outcome.AGREED).value}", lang)
    outcome = say("demo.details", lang, verdict=verdict, details="; ".join(disputed)) if disputed else verdict
    mode = say(f"demo.mode.{item.chapter.mode.value}", lang)
    return Line(str(item.unit), mode, ", ".join(shares), outcome, _how(item, lang), report)


def _share(outcome: TargetOutcome, lang: Lang) -> str:
    """The Dice of a target, or the verdict where there is none."""
    if outcome.dice_permille is None:
        return say(f"outcome.{outcome.outcome.value}", lang)
    return f"{outcome.dice_permille / 1000:.3f}"


def _why(item: Told, target: Target, lang: Lang) -> str:
    outcomes = () if item.comparison is None else item.comparison.targets
    found = next(outcome for outcome in outcomes if outcome.target is target)
    reasons = [*found.reasons, *(reason for lesion in found.lesions for reason in lesion.reasons)]
    return ", ".join(say(f"reason.{reason}", lang) for reason in dict.fromkeys(reasons))


def _figures(told: Sequence[Told], lang: Lang) -> list[Figure]:
    agreed, disputed, later = told
    first, second = (disputed.done[reader.person] for reader in disputed.chapter.readers)
    reader = agreed.chapter.readers[0].person
    centre = largest_section(agreed.done[reader].drawings[Target.PRIMARY].mask)
    return [
        figures.phases(agreed.images, centre, lang),
        figures.direct(later.images, later.done[later.chapter.readers[0].person], lang),
        figures.beside_mri(disputed.images, first, lang),
        figures.subtraction(agreed.images, agreed.done[reader], lang),
        figures.dispute(disputed.images, first, second, Target.PRIMARY, lang),
        figures.dispute(disputed.images, first, second, Target.LIVER, lang),
    ]


def _facts(ending: Ending, lang: Lang) -> list[str]:
    return [say("demo.store", lang, path=ending.team.store.layout.root), store_words(ending, lang)]


def store_words(ending: Ending, lang: Lang) -> str:
    """What the check of the store found."""
    check = ending.check
    if check.findings:
        return say("demo.store_problem", lang, count=len(check.findings))
    return say("demo.store_whole", lang, events=check.events, readings=check.readings, finals=check.finals)


def _final(item: Told) -> SealedFinal:
    if item.final is None:
        raise CrcError("demo.unexpected", what=str(item.unit))
    return item.final


def summary(ending: Ending, lang: Lang) -> list[list[tuple[str, str]]]:
    """What was made, for a terminal: per unit its lines of label and value."""
    table = []
    for item in ending.told:
        line = _line(item, Path(), lang)
        values = (line.unit, line.mode, line.agreement, line.outcome, line.final)
        names = ("unit", "mode", "agreement", "outcome", "final")
        labels = [say(f"demo.table.{name}", lang) for name in names]
        table.append(list(zip(labels, values, strict=True)))
    return table
