"""`crcdb agree --pairs`: many pairs of masks from a table, on all cores, into a table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from crc_core.agreement.batch import PairJob, compare_many
from crc_core.agreement.batch_report import BatchReport
from crc_core.agreement.policy import agreement_policy
from crc_core.agreement.report import floored
from crc_core.cli.console import Console, Exit
from crc_core.errors import CrcError
from crc_core.files.atomic import write_bytes
from crc_core.paper.csv_file import csv_bytes
from crc_core.statistics.csv_table import read_table, required_cell
from crc_core.text import say


def compare_table(arguments: argparse.Namespace, console: Console) -> Exit:
    """Compare every pair of the table; the answer is "no" where one is disputed or cannot be compared."""
    table: Path = arguments.pairs
    if arguments.masks or arguments.union:
        raise CrcError("agreement.pairs_alone", path=table)
    if arguments.csv is not None and arguments.csv.suffix.lower() != ".csv":
        raise CrcError("agreement.csv_name", path=arguments.csv)
    jobs = read_jobs(table)
    report = BatchReport(agreement_policy(), console.lang)
    with closing(compare_many(jobs, workers=arguments.workers)) as results:
        for done, result in enumerate(results, start=1):
            report.add(result)
            console.progress(done, len(jobs), "agreement.comparing")
            if result.refusal is not None:
                console.say(
                    "agreement.pair_refused", name=result.job.name, reason=result.refusal.sentence(console.lang)
                )
    if arguments.csv is not None:
        write_bytes(arguments.csv, csv_bytes(report.sheet))
    _tell(report, arguments.csv, console)
    return Exit.ANSWER_NO if report.disputed or report.refused else Exit.DONE


def read_jobs(path: Path) -> Sequence[PairJob]:
    """The pairs of a table with the columns a and b and perhaps name; places are taken from the table's folder."""
    table = read_table(path, ("a", "b"))
    jobs = []
    for row in table.rows:
        first, second = (path.parent / required_cell(row, column, path) for column in ("a", "b"))
        jobs.append(PairJob(row.cells.get("name") or str(row.line), first, second))
    return jobs


def _tell(report: BatchReport, csv: Path | None, console: Console) -> None:
    counts = {name: getattr(report, name) for name in ("agreed", "disputed", "absent", "refused")}
    console.say("agreement.batch", pairs=sum(counts.values()), **counts)
    means = report.means()
    if "dice" in means:
        dice = f"{floored(means['dice']):.3f}"
        worst = f"{means['hd95_mm']:.3f}" if "hd95_mm" in means else say("agreement.none", console.lang)
        console.say("agreement.batch_means", dice=dice, hd95_mm=worst)
    if csv is not None:
        console.say("agreement.csv_written", path=csv)
    rows = [dict(zip(report.columns, row, strict=True)) for row in report.sheet.rows]
    path = None if csv is None else str(csv)
    console.document({**counts, "mean": means, "pairs": rows, "csv": path, "policy_version": report.policy.version})
