"""The report of a session as tables and a page: each reader, each case, what was missed or answered otherwise."""

from __future__ import annotations

from pathlib import Path

from crc_core.agreement.report import floored
from crc_core.calibration.comparing import CaseScore
from crc_core.calibration.session import SessionReport
from crc_core.calibration.summary import LesionGroup, Summary
from crc_core.files.atomic import write_bytes
from crc_core.files.whole_folder import whole_folder
from crc_core.paper import Page, Part, Sheet, csv_bytes, html_bytes
from crc_core.text import Lang, say


def write_report(report: SessionReport, folder: Path, lang: Lang) -> None:
    """Write the page and its tables as the new folder `folder`, whole or not at all; raises CrcError."""
    files = {
        "summary.csv": csv_bytes(summary_sheet(report)),
        "cases.csv": csv_bytes(cases_sheet(report)),
        "answers.csv": csv_bytes(answers_sheet(report, lang)),
        "session.html": html_bytes(session_page(report, lang), lang),
    }
    with whole_folder(folder) as part:
        for name, data in files.items():
            write_bytes(part / name, data)


def summary_sheet(report: SessionReport) -> Sheet:
    """One row per reader and target."""
    groups = ("lesions", "found", "dice")
    columns = (
        *("reader", "target", "passed", "failures", "cases", "dice_mean", "dice_min", "hd95_mm", "bias"),
        *("missed", "extra", "report", "report_errors"),
        *(f"{name}_{group}" for name in ("small", "larger") for group in groups),
    )
    return Sheet(columns, tuple(_summary_row(item) for item in report.summaries))


def _summary_row(item: Summary) -> tuple[str | int | float | bool | None, ...]:
    sizes = [(group.lesions, group.found, group.dice) for group in (item.small, item.larger)]
    failures = " ".join(failure.value for failure in item.failures)
    first = (item.reader, item.target.value, item.passed, failures or None, item.cases)
    measured = (item.dice, item.least_dice, item.hd95_mm, item.bias, item.missed, item.extra, item.report, item.errors)
    return (*first, *measured, *sizes[0], *sizes[1])


def cases_sheet(report: SessionReport) -> Sheet:
    """One row per reader, case and target."""
    columns = (
        *("unit", "reader", "target", "answer", "reference_answer", "dice", "hd95_mm"),
        *("volume_ml", "reference_ml", "bias", "missed", "extra", "report_errors"),
    )
    return Sheet(columns, tuple(_case_row(score) for score in report.scores))


def _case_row(score: CaseScore) -> tuple[str | int | float | None, ...]:
    names = (score.unit, score.reader, score.target.value, score.answer.value, score.expected.value)
    missed, extra = (" ".join(map(str, numbers)) or None for numbers in (score.missed, score.extra))
    volumes = (score.volume_ml, score.reference_ml, score.bias)
    return (*names, score.dice, score.hd95_mm, *volumes, missed, extra, len(score.errors))


def answers_sheet(report: SessionReport, lang: Lang) -> Sheet:
    """One row per answer that differs from the reference."""
    rows = [
        (score.unit, score.reader, pair.question.key, pair.question.label.say(lang), pair.second, pair.first)
        for score in report.scores
        for pair in score.errors
    ]
    return Sheet(("unit", "reader", "field", "label", "said", "reference"), tuple(rows))


def session_page(report: SessionReport, lang: Lang) -> Page:
    """The page for the meeting: all readers in one table, then each reader."""
    session = report.session
    lead = [
        say("calibration.page.lead", lang, cases=len(session.units), readers=len(session.readers)),
        say(
            f"calibration.page.{'signed' if session.reference_signer else 'unsigned'}",
            lang,
            signer=session.reference_signer,
        ),
    ]
    lead += [say("calibration.missing", lang, unit=unit, reader=reader) for unit, reader in report.missing]
    lead += [
        say("calibration.aside", lang, unit=item.unit, reader=item.reader, reason=item.error.sentence(lang))
        for item in report.set_aside
    ]
    parts = [Part(say("calibration.page.all", lang), (), _summary_table(report, lang))]
    parts += [_reader_part(report, reader, lang) for reader in session.readers]
    return Page(say("calibration.page.title", lang, session=session.session), tuple(lead), tuple(parts))


def sentence_of(item: Summary, lang: Lang) -> str:
    """A summary in one sentence: passed or what failed, Dice, bias, missed lesions, report."""
    target = say(f"contour.target.{item.target.value}", lang)
    none = say("agreement.none", lang)
    verdict = say("calibration.passed", lang)
    if not item.passed:
        joint = say("store.list_joint", lang)
        marks = joint.join(say(f"calibration.failure.{failure.value}", lang) for failure in item.failures)
        verdict = say("calibration.failed", lang, marks=marks)
    return say(
        "calibration.line",
        lang,
        reader=item.reader,
        target=target,
        verdict=verdict,
        dice=none if item.dice is None else f"{floored(item.dice):.3f}",
        bias=bias_words(item.bias, lang),
        missed=item.missed,
        extra=item.extra,
        report=none if item.report is None else f"{item.report:.0%}",
    )


def bias_words(bias: float | None, lang: Lang) -> str:
    """The bias in words: larger or smaller, in percent of the reference."""
    if bias is None:
        return say("agreement.none", lang)
    percent = round(abs(bias) * 100)
    code = "equal" if percent == 0 else "larger" if bias > 0 else "smaller"
    return say(f"calibration.bias.{code}", lang, percent=percent)


def _summary_table(report: SessionReport, lang: Lang) -> Sheet:
    names = ("reader", "target", "verdict", "dice", "bias", "missed", "extra", "report", "small", "types")
    rows = []
    for item in report.summaries:
        verdict = say("calibration.passed" if item.passed else "calibration.not_passed", lang)
        cells = (item.reader, say(f"contour.target.{item.target.value}", lang), verdict)
        numbers = (_share(item.dice), bias_words(item.bias, lang), item.missed, item.extra, _share(item.report))
        rows.append((*cells, *numbers, small_words(item, lang) or None, type_words(item, lang) or None))
    return Sheet(tuple(say(f"calibration.column.{name}", lang) for name in names), tuple(rows))


def small_words(item: Summary, lang: Lang) -> str:
    """How small lesions were met; empty where the reference has none."""
    return _group_words(item.small, "", lang) if item.small.lesions else ""


def type_words(item: Summary, lang: Lang) -> str:
    """How the lesions of each tumour type were met; empty where none is told."""
    groups = (_group_words(group, say(f"calibration.type.{group.name}", lang), lang) for group in item.by_type)
    return say("store.list_joint", lang).join(groups)


def _group_words(group: LesionGroup, name: str, lang: Lang) -> str:
    dice = say("agreement.none", lang) if group.dice is None else f"{floored(group.dice):.3f}"
    return say("calibration.group", lang, name=name, found=group.found, lesions=group.lesions, dice=dice).strip()


def _reader_part(report: SessionReport, reader: str, lang: Lang) -> Part:
    own = [score for score in report.scores if score.reader == reader]
    names = ("case", "target", "dice", "bias", "missed", "extra", "errors")
    rows = tuple(
        (
            score.unit,
            say(f"contour.target.{score.target.value}", lang),
            _share(score.dice),
            bias_words(score.bias, lang),
            " ".join(map(str, score.missed)) or None,
            " ".join(map(str, score.extra)) or None,
            say("store.list_joint", lang).join(pair.question.label.say(lang) for pair in score.errors) or None,
        )
        for score in own
    )
    sentences = tuple(sentence_of(item, lang) for item in report.summaries if item.reader == reader)
    sheet = Sheet(tuple(say(f"calibration.column.{name}", lang) for name in names), rows) if own else None
    return Part(reader, sentences, sheet)


def _share(value: float | None) -> float | None:
    return floored(value)
