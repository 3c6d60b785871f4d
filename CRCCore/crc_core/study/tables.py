"""The tables of an agreement study, each a sheet with stable columns and units in their names."""

from __future__ import annotations

from crc_core.paper.csv_file import Cell, Sheet
from crc_core.statistics.icc import IccForm
from crc_core.study.agreement import MeasureResult, Study
from crc_core.text import Lang, say


def icc_sheet(study: Study) -> Sheet:
    """One row per measure (and reader): the form taken, all forms, limits of agreement, the verdict."""
    forms = [form for form in IccForm if form is not study.form]
    columns = (
        *("measure", "reader", "cases", "form", "icc", "ci95_low", "ci95_high", "reached", "decides", "small"),
        *(f"icc_{form.value.replace(',', '_')}" for form in forms),
        *("bias", "limits_low", "limits_high", "incomplete", "problem"),
    )
    return Sheet(columns, tuple(_icc_row(item, study.form, forms) for item in study.measures))


def _icc_row(item: MeasureResult, form: IccForm, others: list[IccForm]) -> tuple[Cell, ...]:
    ends = (None, None) if item.icc is None or item.icc.interval is None else item.icc.interval
    limits = item.limits
    known = item.forms or {}
    return (
        str(item.measure),
        item.reader,
        len(item.cases),
        form.value,
        None if item.icc is None else item.icc.value,
        *ends,
        item.reached,
        item.decides,
        item.is_small,
        *(known[other].value if other in known else None for other in others),
        *((None, None, None) if limits is None else (limits.bias, limits.lower, limits.upper)),
        len(item.incomplete),
        item.problem,
    )


def values_sheet(study: Study) -> Sheet:
    """What went in, in the form `crcdb icc` reads: case, rater, value, measure."""
    rows = [
        (case, rater, float(item.values[row, column]), str(item.measure))
        for item in study.measures
        for row, case in enumerate(item.cases)
        for column, rater in enumerate(item.raters)
    ]
    return Sheet(("case", "rater", "value", "measure"), tuple(rows))


def kappa_sheet(study: Study, lang: Lang) -> Sheet:
    """One row per question: equal answers, kappa, PABAK, weighted kappa."""
    rows = []
    for item in study.fields:
        weighted = item.weighted
        rows.append(
            (
                item.question.key,
                item.question.label.say(lang),
                item.plain.cases,
                item.plain.agreement,
                item.plain.kappa if weighted is None else None,
                item.plain.prevalence_adjusted if weighted is None else None,
                None if weighted is None else weighted.weighting.value,
                None if weighted is None else weighted.kappa,
                item.left_out,
            )
        )
    names = ("agreement", "kappa", "pabak", "weighting", "weighted_kappa", "left_out")
    return Sheet(("field", "label", "cases", *names), tuple(rows))


def pairs_sheet(study: Study) -> Sheet:
    """One row per pair of readings and target with all measures of agreement."""
    names = tuple(study.pairs[0].measures) if study.pairs else ()
    rows = [
        (row.unit, row.target.value, row.first, row.second, row.absent, *(row.measures[name] for name in names))
        for row in study.pairs
    ]
    return Sheet(("unit", "target", "reader_a", "reader_b", "absent", *names), tuple(rows))


def aside_sheet(study: Study, lang: Lang) -> Sheet:
    """Cases that wait for a reading, and readings that were set aside with the reason."""
    waiting = [(unit, None, say("study.waiting", lang)) for unit in study.waiting]
    aside = [(item.unit, item.rater, item.error.sentence(lang)) for item in study.set_aside]
    return Sheet(("unit", "reader", "reason"), (*waiting, *aside))
