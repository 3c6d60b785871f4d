"""The structured report of the work: kept as a document, always about the lesions and answers of the targets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from crc_core.desk.work import Work
from crc_core.report.document import Lesion, Report, with_lesions
from crc_core.report.validate import REPORTED_TARGETS
from crc_core.vocabulary import TargetAnswer

_PLACE = Path("report.json")


def report_of(work: Work) -> Report:
    """The report as it stands, with one block per lesion of the work and what is said of each target.

    Answers about lesions that are gone are set aside and come back with them. Raises CrcError where the document of
    the work cannot be read.
    """
    return following(Report.from_json(work.report, _PLACE), work)


def following(report: Report, work: Work) -> Report:
    """A report brought in line with the lesions and answers of the work; the same object where nothing differs.

    A target every report speaks of that has no source in this unit cannot be assessed.
    """
    lesions = tuple(sorted(lesions_of(work)))
    if lesions != report.lesions:
        report = with_lesions(report, lesions)
    unbound = (target for target in REPORTED_TARGETS if work.of(target) is None)
    targets = dict.fromkeys(unbound, TargetAnswer.NOT_ASSESSABLE)
    targets |= {state.target: state.answer for state in work.targets if state.answer is not None}
    return report if dict(report.targets) == targets else replace(report, targets=targets)


def with_report(work: Work, report: Report) -> Work:
    """The work with this report; the same object where it says the same."""
    document = report.to_json()
    return work if document == work.report else replace(work, report=document)


def lesions_of(work: Work) -> tuple[Lesion, ...]:
    """The lesions of the work as a report speaks of them."""
    return tuple(Lesion(state.target, item.number, item.kind) for state in work.targets for item in state.lesions)
