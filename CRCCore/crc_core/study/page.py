"""The agreement study as one page for a paper: tables, Bland-Altman plots, a forest plot of the ICCs, Dice."""

from __future__ import annotations

import itertools
from pathlib import Path

from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import floored
from crc_core.files.atomic import write_bytes
from crc_core.files.whole_folder import whole_folder
from crc_core.paper import (
    Dot,
    Figure,
    Interval,
    Page,
    Part,
    Sheet,
    bars,
    csv_bytes,
    differences,
    html_bytes,
    intervals,
)
from crc_core.report.template import current_templates
from crc_core.study.agreement import MeasureResult, Study
from crc_core.study.tables import aside_sheet, icc_sheet, kappa_sheet, pairs_sheet, values_sheet
from crc_core.study.values import Measure
from crc_core.text import Lang, say
from crc_core.vocabulary import Target

_STEPS = (0.6, 0.7, 0.8, 0.9)


def write_study(study: Study, folder: Path, lang: Lang) -> None:
    """Write the page and all tables as the new folder `folder`, whole or not at all; raises CrcError."""
    files = {
        "icc.csv": csv_bytes(icc_sheet(study)),
        "values.csv": csv_bytes(values_sheet(study)),
        "kappa.csv": csv_bytes(kappa_sheet(study, lang)),
        "pairs.csv": csv_bytes(pairs_sheet(study)),
        "left_out.csv": csv_bytes(aside_sheet(study, lang)),
        "study.html": html_bytes(study_page(study, lang), lang),
    }
    with whole_folder(folder) as part:
        for name, data in files.items():
            write_bytes(part / name, data)


def study_page(study: Study, lang: Lang) -> Page:
    """The page in `lang`."""
    policy = agreement_policy()
    mark = policy.icc_percent / 100
    lead = [
        say(f"statistics.kind.{study.kind.value}", lang, form=say(f"statistics.form.{study.form.value}", lang)),
        say(f"study.reason.{study.form_reason.value}", lang),
        say("study.cases", lang, cases=study.cases),
    ]
    if study.small:
        lead.append(say("statistics.small", lang, cases=study.cases, smallest=policy.smallest_sample))
    lead.append(say(f"statistics.verdict.{'reached' if study.reached else 'below'}", lang, threshold=mark))
    rows = [
        Interval(label(item, lang), item.icc.value, item.icc.interval)
        for item in study.measures
        if item.icc is not None
    ]
    parts = [
        Part(
            say("study.part.icc", lang),
            (say("study.deciding", lang),),
            _icc_table(study, lang),
            (Figure(intervals(rows, mark, "ICC"), say("study.caption.icc", lang, threshold=mark)),),
        ),
        Part(say("study.part.limits", lang), figures=tuple(_limits(study, lang))),
        Part(say("study.part.dice", lang), (say("study.absent", lang),), figures=tuple(_dice(study, lang))),
        Part(say("study.part.kappa", lang), (say("study.kappa", lang),), _kappa_table(study, lang)),
    ]
    if study.waiting or study.set_aside:
        parts.append(Part(say("study.part.aside", lang), sheet=aside_sheet(study, lang)))
    return Page(say("study.title", lang), tuple(lead), tuple(parts))


def label(item: MeasureResult, lang: Lang) -> str:
    """A measure in words, with the reader of an intra-reader study."""
    words = measure_words(item.measure, lang)
    return words if item.reader is None else f"{words} ({item.reader})"


def measure_words(measure: Measure, lang: Lang) -> str:
    """The name of a measure as the report words it, with its target."""
    for template in current_templates():
        for section in template.sections:
            field = section.field(measure.name) if section.target is measure.target else None
            if field is not None:
                target = say(f"contour.target.{measure.target.value}", lang)
                return say("study.measure", lang, target=target, name=field.label.say(lang))
    target = say(f"contour.target.{measure.target.value}", lang)
    return say("study.measure", lang, target=target, name=say("study.volume", lang))


def _icc_table(study: Study, lang: Lang) -> Sheet:
    """The ICC table as it is printed: measures and headings in words."""
    rows = []
    for item in study.measures:
        interval = None if item.icc is None else item.icc.interval
        ends = "" if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}"
        limits = "" if item.limits is None else f"{item.limits.lower:.3g} … {item.limits.upper:.3g}"
        verdict = "none" if item.reached is None else "reached" if item.reached else "below"
        rows.append(
            (
                label(item, lang),
                len(item.cases),
                None if item.icc is None else floored(item.icc.value),
                ends,
                say(f"study.verdict.{verdict}", lang) + (say("study.small_mark", lang) if item.is_small else ""),
                None if item.limits is None else item.limits.bias,
                limits,
            )
        )
    names = ("measure", "cases", "icc", "ci95", "verdict", "bias", "limits")
    return Sheet(tuple(say(f"study.column.{name}", lang) for name in names), tuple(rows))


def _kappa_table(study: Study, lang: Lang) -> Sheet:
    names = ("field", "label", "cases", "agreement", "kappa", "pabak", "weighting", "weighted_kappa", "left_out")
    return Sheet(tuple(say(f"study.column.{name}", lang) for name in names), kappa_sheet(study, lang).rows)


def _limits(study: Study, lang: Lang) -> list[Figure]:
    figures = []
    for item in study.measures:
        if item.limits is None:
            continue
        dots = [
            Dot(float(row.mean()), float(row[1] - row[0]), case)
            for case, row in zip(item.cases, item.values, strict=True)
        ]
        limits = item.limits
        name = label(item, lang)
        words = (say("study.axis.mean", lang, name=name), say("study.axis.difference", lang))
        svg = differences(dots, limits.bias, (limits.lower, limits.upper), *words)
        bounds = {"bias": limits.bias, "lower": limits.lower, "upper": limits.upper}
        figures.append(Figure(svg, say("study.caption.limits", lang, name=name, cases=limits.cases, **bounds)))
    return figures


def _dice(study: Study, lang: Lang) -> list[Figure]:
    figures = []
    for target in Target:
        values = [dice for row in study.pairs if row.target is target and (dice := row.measures["dice"]) is not None]
        if not values:
            continue
        edges = (-1.0, *_STEPS, 2.0)
        counts = [sum(low <= value < high for value in values) for low, high in itertools.pairwise(edges)]
        names = [f"<{_STEPS[0]}", *(f"{a}–{b}" for a, b in itertools.pairwise(_STEPS)), f"≥{_STEPS[-1]}"]
        svg = bars(names, counts, "Dice", say("study.axis.pairs", lang))
        target_words = say(f"contour.target.{target.value}", lang)
        mean = sum(values) / len(values)
        caption = say("study.caption.dice", lang, target=target_words, pairs=len(values), mean=mean, least=min(values))
        figures.append(Figure(svg, caption))
    return figures
