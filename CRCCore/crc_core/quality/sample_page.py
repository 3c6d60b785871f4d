"""An agreement sample to take away: what it was drawn from, how it is spread, who is in it, what was left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crc_core.files.atomic import write_bytes
from crc_core.files.records import time_text
from crc_core.files.whole_folder import whole_folder
from crc_core.importing.clinical import clinical_keys
from crc_core.paper import Cell, Figure, Page, Part, Sheet, bars, csv_bytes, html_bytes
from crc_core.statistics.sampling import ALGORITHM, StratumCount
from crc_core.store.sampling import STRATA, UNKNOWN, MetastasisClass, SizeClass, spread_of, strata_of
from crc_core.text import Lang, say
from crc_core.workflow.context import Sample
from crc_core.workflow.events import Event


@dataclass(frozen=True)
class SampleRecord:
    """A sample that was kept: members in the order to read them with what is known of them, and its spread."""

    seed: int
    drawn_at: datetime
    washout_days: int
    members: tuple[tuple[str, tuple[str, ...]], ...]
    strata: tuple[StratumCount, ...]
    left_out: Mapping[str, str]

    @property
    def population(self) -> int:
        """How many units could be drawn."""
        return sum(count.population for count in self.strata)


def strata_words(strata: Sequence[str], lang: Lang) -> tuple[str, ...]:
    """The values of `STRATA` in words; sites and vendors are names and stay as they are."""
    return tuple(_stratum_words(name, value, lang) for name, value in zip(STRATA, strata, strict=True))


def _stratum_words(name: str, value: str, lang: Lang) -> str:
    if value == UNKNOWN:
        return say("quality.stratum_unknown", lang)
    if name == "primary_site" and value in (clinical_keys().keys[name].choices or ()):
        return say(f"desk.clinical.primary_site.{value}", lang)
    if (name == "size" and value in set(SizeClass)) or (name == "metastasis" and value in set(MetastasisClass)):
        return say(f"quality.stratum_value.{value}", lang)
    return value


def sample_record(events: Sequence[Event], sample: Sample) -> SampleRecord:
    """A sample as the chain tells it."""
    known = strata_of(events, sample.members)
    return SampleRecord(
        sample.seed,
        sample.drawn_at,
        sample.washout_days,
        tuple((unit, known[unit]) for unit in sample.order),
        spread_of(events, sample),
        dict(sample.exclusions),
    )


def write_sample(record: SampleRecord, folder: Path, lang: Lang) -> None:
    """Write the page and its tables as the new folder `folder`, whole or not at all; raises CrcError."""
    files = {
        "members.csv": csv_bytes(members_sheet(record)),
        "strata.csv": csv_bytes(strata_sheet(record)),
        "left_out.csv": csv_bytes(left_out_sheet(record)),
        "sample.html": html_bytes(sample_page(record, lang), lang),
    }
    with whole_folder(folder) as part:
        for name, data in files.items():
            write_bytes(part / name, data)


def members_sheet(record: SampleRecord) -> Sheet:
    """One row per member, in the order to read them."""
    return Sheet(("unit", *STRATA), tuple((unit, *strata) for unit, strata in record.members))


def strata_sheet(record: SampleRecord) -> Sheet:
    """One row per stratum: how many there were, how many were drawn."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*count.strata, count.population, count.drawn) for count in record.strata
    )
    return Sheet((*STRATA, "population", "drawn"), rows)


def left_out_sheet(record: SampleRecord) -> Sheet:
    """One row per unit that could not be drawn, and why."""
    return Sheet(("unit", "reason"), tuple(sorted(record.left_out.items())))


def sample_page(record: SampleRecord, lang: Lang) -> Page:
    """The page: how it was drawn, plots of its spread, the tables."""
    drawn = {"n": len(record.members), "population": record.population, "seed": record.seed}
    lead = [
        say("statistics.drawn", lang, **drawn),
        say("quality.sample.rule", lang, algorithm=ALGORITHM, at=time_text(record.drawn_at)),
        say("quality.sample.washout", lang, days=record.washout_days),
    ]
    reasons = Counter(record.left_out.values())
    left_out = tuple((say(f"quality.sample.left_out.{why}", lang), count) for why, count in sorted(reasons.items()))
    heads = tuple(say(f"quality.stratum.{name}", lang) for name in (*STRATA, "population", "drawn"))
    counts: list[tuple[Cell, ...]] = [
        (*strata_words(count.strata, lang), count.population, count.drawn) for count in record.strata
    ]
    members: list[tuple[Cell, ...]] = [(unit, *strata_words(strata, lang)) for unit, strata in record.members]
    member_heads = (say("quality.column.unit", lang), *heads[: len(STRATA)])
    parts = [
        Part(say("quality.sample.part.spread", lang), (), None, tuple(_figures(record, lang))),
        Part(say("quality.sample.part.strata", lang), (), Sheet(heads, tuple(counts))),
        Part(say("quality.sample.part.members", lang), (), Sheet(member_heads, tuple(members))),
    ]
    if left_out:
        columns = (say("quality.column.reason", lang), say("quality.stratum.population", lang))
        parts.append(Part(say("quality.sample.part.left_out", lang), (), Sheet(columns, left_out)))
    return Page(say("quality.sample.title", lang), tuple(lead), tuple(parts))


def _figures(record: SampleRecord, lang: Lang) -> list[Figure]:
    figures = []
    for place, name in enumerate(STRATA):
        population, drawn = Counter[str](), Counter[str]()
        for count in record.strata:
            population[count.strata[place]] += count.population
            drawn[count.strata[place]] += count.drawn
        values = sorted(population)
        said = [_stratum_words(name, value, lang) for value in values]
        words = say(f"quality.stratum.{name}", lang)
        svg = bars(said, [drawn[value] for value in values], words, say("quality.stratum.drawn", lang))
        joint = say("store.list_joint", lang)
        shares = joint.join(
            f"{name} {drawn[value]}/{population[value]}" for name, value in zip(said, values, strict=True)
        )
        figures.append(Figure(svg, say("quality.sample.caption", lang, name=words, shares=shares)))
    return figures
