"""The tables of the page Agreement: limits of agreement, overlap by target, pairs of readings and their lesions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import floored
from crc_core.statistics.bland_altman import BlandAltman
from crc_core.study.agreement import LesionRow, PairRow, Study
from crc_core.study.page import label
from crc_core.study.table import TableAnswer
from crc_core.text import Lang, say
from crc_core.vocabulary import Target

from CRCQualityControlLib.presenter.state import TableState

_PAIR = ("dice", "surface_dice_voxel", "hd_mm", "hd95_mm", "assd_mm", "volume_difference_ml", "centroid_distance_mm")
_LESION = ("lesion", "outcome", "dice", "surface_dice_voxel", "hd95_mm")


def named(study: Study, names: Mapping[str, str]) -> Study:
    """The study as it is shown: with the names of people; what is taken away keeps their identifiers."""

    def name(rater: str) -> str:
        # In an intra-reader study the number of the reading stands behind the person.
        person, blank, place = rater.partition(" ")
        return names.get(person, person) + blank + place

    return replace(
        study,
        measures=tuple(
            item if item.reader is None else replace(item, reader=name(item.reader)) for item in study.measures
        ),
        pairs=tuple(replace(row, first=name(row.first), second=name(row.second)) for row in study.pairs),
        set_aside=tuple(replace(item, rater=name(item.rater)) for item in study.set_aside),
    )


def limits(study: Study, lang: Lang) -> TableState:
    """Bland-Altman of every measure that two raters took."""
    rows = [(label(item, lang), item.limits) for item in study.measures if item.limits is not None]
    return _limits([(words, found) for words, found in rows if found is not None], lang)


def limits_of_table(answers: Sequence[TableAnswer], lang: Lang) -> TableState:
    """The same of a table."""
    return _limits([(_name(item, lang), item.limits) for item in answers if item.limits is not None], lang)


def measures_of_table(answers: Sequence[TableAnswer], lang: Lang) -> TableState:
    """The ICC of every measure of a table."""
    rows: list[tuple[str, ...]] = []
    marks: set[int] = set()
    for place, item in enumerate(answers):
        reached = item.chosen.reaches(agreement_policy().icc_percent)
        if not reached:
            marks.add(place)
        interval = item.chosen.interval
        rows.append(
            (
                _name(item, lang),
                str(item.chosen.cases),
                f"{floored(item.chosen.value):.3f}",
                say("agreement.none", lang) if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}",
                say(f"study.verdict.{'reached' if reached else 'below'}", lang),
            )
        )
    names = ("measure", "cases", "icc", "ci95", "verdict")
    return TableState(tuple(say(f"study.column.{name}", lang) for name in names), tuple(rows), frozenset(marks))


def targets(study: Study, lang: Lang) -> TableState:
    """The Dice of each target over all pairs of readers: how many, the mean, the least."""
    rows: list[tuple[str, ...]] = []
    marks, mark = set(), agreement_policy().dice_percent / 100
    for target in Target:
        spread = study.dice_spread(target)
        if spread is not None:
            count, mean, least = spread
            if mean < mark:
                marks.add(len(rows))
            rows.append((_target(target, lang), str(count), _share(mean, lang), _share(least, lang)))
    columns = tuple(say(f"quality.agreement.column.{name}", lang) for name in ("target", "pairs", "mean", "least"))
    return TableState(columns, tuple(rows), frozenset(marks))


def pairs(study: Study, lang: Lang) -> TableState:
    """Every pair of readings of every target, with all measures."""
    mark = agreement_policy().dice_percent / 100
    rows = tuple(_pair(row, lang) for row in study.pairs)
    low = (place for place, row in enumerate(study.pairs) if (row.measures["dice"] or 0.0) < mark and not row.absent)
    names = ("unit", "target", "readers", *_PAIR)
    return TableState(tuple(say(f"quality.agreement.column.{name}", lang) for name in names), rows, frozenset(low))


def lesions(study: Study, place: int | None, lang: Lang) -> TableState:
    """The lesions of one pair of readings: matched, missed, extra, split, merged."""
    row = study.pairs[place] if place is not None and place < len(study.pairs) else None
    rows = () if row is None else tuple(_lesion(item, row, lang) for item in row.lesions)
    alone = frozenset(n for n, item in enumerate(() if row is None else row.lesions) if item.dice is None)
    return TableState(tuple(say(f"quality.agreement.column.{name}", lang) for name in _LESION), rows, alone)


def _limits(found: Sequence[tuple[str, BlandAltman]], lang: Lang) -> TableState:
    rows = tuple(
        (words, str(item.cases), f"{item.bias:+.3g}", f"{item.lower:+.3g}", f"{item.upper:+.3g}")
        for words, item in found
    )
    names = ("measure", "cases", "bias", "lower", "upper")
    return TableState(tuple(say(f"quality.agreement.column.{name}", lang) for name in names), rows)


def _pair(row: PairRow, lang: Lang) -> tuple[str, ...]:
    told = [row.measures[name] for name in _PAIR]
    words = [
        _share(value, lang) if "dice" in name else _number(value, lang) for name, value in zip(_PAIR, told, strict=True)
    ]
    return (row.unit, _target(row.target, lang), f"{row.first} / {row.second}", *words)


def _lesion(item: LesionRow, row: PairRow, lang: Lang) -> tuple[str, ...]:
    name = "+".join([*(f"{row.first} {n}" for n in item.first), *(f"{row.second} {n}" for n in item.second)])
    if item.dice is not None:
        outcome = say("quality.agreement.matched", lang)
    elif not item.first or not item.second:
        outcome = say("quality.agreement.seen_by_one", lang, reader=row.first if item.first else row.second)
    else:
        outcome = say(f"quality.agreement.{'split' if len(item.second) > 1 else 'merged'}", lang)
    near = (_share(item.dice, lang), _share(item.surface_dice_voxel, lang), _number(item.hd95_mm, lang))
    return (name, outcome, *near)


def _name(item: TableAnswer, lang: Lang) -> str:
    return item.ratings.measure or say("quality.agreement.value", lang)


def _target(target: Target, lang: Lang) -> str:
    return say(f"contour.target.{target.value}", lang)


def _share(value: float | None, lang: Lang) -> str:
    shown = floored(value)
    return say("agreement.none", lang) if shown is None else f"{shown:.3f}"


def _number(value: float | None, lang: Lang) -> str:
    return say("agreement.none", lang) if value is None else f"{value:.1f}"
