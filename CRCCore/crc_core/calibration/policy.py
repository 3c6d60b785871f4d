"""The numbers of calibration, read from the versioned file `data/calibration_policy.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crc_core.files.packaged import packaged_record
from crc_core.vocabulary import Target
from crc_core.workflow.payloads import PassMark


@dataclass(frozen=True)
class Marks:
    """Pass marks as the file has them; see `PassMark`."""

    dice_percent: int
    bias_percent: int
    missed_lesions: int
    report_percent: int


@dataclass(frozen=True)
class CalibrationPolicy:
    """Marks per target, below which longest diameter a lesion is small, the points a protocol decides."""

    version: str
    note: str
    marks: Mapping[Target, Marks]
    small_below_mm: int
    points: tuple[str, ...]

    def mark(self, target: Target) -> PassMark:
        """The pass mark of a target unless a session sets another."""
        marks = self.marks[target]
        return PassMark(target, marks.dice_percent, marks.bias_percent, marks.missed_lesions, marks.report_percent)


@cache
def calibration_policy() -> CalibrationPolicy:
    """The policy that this version of the program applies."""
    return packaged_record(CalibrationPolicy, "calibration_policy.json")
