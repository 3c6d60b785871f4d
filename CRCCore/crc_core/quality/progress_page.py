"""Progress to take away: one page with the numbers, agreement over time and a list, and the tables behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crc_core.agreement.policy import agreement_policy
from crc_core.files.atomic import write_bytes
from crc_core.files.records import time_text
from crc_core.files.whole_folder import whole_folder
from crc_core.paper import Figure, Page, Part, Sheet, csv_bytes, html_bytes, timeline
from crc_core.quality.progress import Progress, UnitLine, lines_sheet
from crc_core.text import Lang, say
from crc_core.vocabulary import Target
from crc_core.workflow.views import SlotPhase


def write_progress(progress: Progress, lines: Sequence[UnitLine], folder: Path, lang: Lang) -> None:
    """Write the page and its tables as the new folder `folder`, whole or not at all; raises CrcError."""
    files = {
        "units.csv": csv_bytes(lines_sheet(lines, progress.at)),
        "readers.csv": csv_bytes(readers_sheet(progress)),
        "agreement.csv": csv_bytes(agreement_sheet(progress)),
        "progress.html": html_bytes(progress_page(progress, tuple(lines), lang), lang),
    }
    with whole_folder(folder) as part:
        for name, data in files.items():
            write_bytes(part / name, data)


def readers_sheet(progress: Progress) -> Sheet:
    """One row per reader: readings by where they stand, active time."""
    columns = ("reader", *(phase.value for phase in SlotPhase), "active_min", "median_min")
    rows = [
        (
            totals.reader,
            *(totals.slots.get(phase, 0) for phase in SlotPhase),
            totals.active_seconds / 60,
            None if totals.median_seconds is None else totals.median_seconds / 60,
        )
        for totals in progress.by_reader()
    ]
    return Sheet(columns, tuple(rows))


def agreement_sheet(progress: Progress) -> Sheet:
    """One row per comparison of a target, in the order of time."""
    points = progress.agreement()
    rows = tuple((point.at, point.unit, point.target.value, point.dice_permille / 1000) for point in points)
    return Sheet(("compared_at", "unit", "target", "dice"), rows)


def progress_page(progress: Progress, lines: tuple[UnitLine, ...], lang: Lang) -> Page:
    """The numbers, agreement over time and the list as one page."""
    states = Sheet(
        (say("progress.column.state", lang), say("progress.column.units", lang)),
        tuple((say(f"phase.{phase.value}", lang), count) for phase, count in progress.by_state().items()),
    )
    figures = []
    for target in Target:
        points = progress.agreement(target)
        if points:
            words = say(f"contour.target.{target.value}", lang)
            mark = agreement_policy().dice_percent / 100
            times, values = [point.at for point in points], [point.dice_permille / 1000 for point in points]
            svg = timeline(times, values, mark, say("progress.axis.time", lang), "Dice")
            figures.append(Figure(svg, say("progress.caption", lang, target=words, count=len(points))))
    listing = Part(say("progress.part.list", lang), (), lines_sheet(lines, progress.at))
    course = Part(say("progress.part.agreement", lang), figures=tuple(figures))
    title = say("progress.title", lang)
    return Page(
        title, (time_text(progress.at),), (Part(say("progress.part.states", lang), (), states), course, listing)
    )
