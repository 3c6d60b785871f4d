"""`crcdb agree` on sealed readings: every target of several readings of one unit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crc_core.agreement.comparison import Agreement
from crc_core.agreement.report import readers_document
from crc_core.cli.agree_wording import show_readers
from crc_core.cli.console import Console, Exit
from crc_core.decision.readings import TargetComparison, compare_readings
from crc_core.errors import CrcError
from crc_core.reading.seal import open_reading
from crc_core.text import say


def are_readings(paths: Sequence[Path]) -> bool:
    """Whether these are sealed readings; raises CrcError where some are readings and others masks."""
    folders = [path for path in paths if path.is_dir()]
    if folders and len(folders) < len(paths):
        mask = next(path for path in paths if not path.is_dir())
        raise CrcError("agreement.mixed", path=mask)
    return bool(folders)


def compare_folders(paths: Sequence[Path], console: Console) -> Exit:
    """Compare the readings; the answer is "no" where a target is disputed or the answers differ."""
    readings = [open_reading(path) for path in paths]
    targets = compare_readings(readings)
    names = [f"{path.name} ({reading.reading.reader})" for path, reading in zip(paths, readings, strict=True)]
    agreed = True
    documents: list[dict[str, Any]] = []
    for found in targets:
        console.say("agreement.target", target=say(f"contour.target.{found.target.value}", console.lang))
        agreed = _show(found, names, console) and agreed
        documents.append(_document(found, paths))
    unit = readings[0].reading.unit
    verdict = Agreement.AGREED if agreed else Agreement.DISPUTED
    console.document(
        {"unit": unit, "readings": [str(p) for p in paths], "targets": documents, "verdict": verdict.value}
    )
    return Exit.DONE if agreed else Exit.ANSWER_NO


def _show(found: TargetComparison, names: Sequence[str], console: Console) -> bool:
    """Whether the target is agreed on."""
    same = len(set(found.answers)) == 1
    if not same:
        for name, answer in zip(names, found.answers, strict=True):
            console.say("agreement.said", name=name, answer=say(f"report.target_answer.{answer.value}", console.lang))
    if found.readers is None:
        console.say("agreement.answers_equal" if same else "agreement.answers_differ")
        return same
    show_readers([names[place] for place in found.assessed], found.readers, console)
    return same and found.readers.verdict is Agreement.AGREED


def _document(found: TargetComparison, paths: Sequence[Path]) -> dict[str, Any]:
    answers = {str(path): answer.value for path, answer in zip(paths, found.answers, strict=True)}
    compared = {} if found.readers is None else readers_document(found.readers, [paths[n] for n in found.assessed])
    return {"target": found.target.value, "answers": answers, **compared}
