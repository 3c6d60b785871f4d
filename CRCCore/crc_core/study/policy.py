"""What the agreement study counts, read from the versioned file `data/study_policy.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crc_core.files.packaged import packaged_record
from crc_core.statistics.kappa import Weighting


@dataclass(frozen=True)
class StudyPolicy:
    """`deciding` measures ask for recalibration below the mark; `ordered` fields have a weighted kappa."""

    version: str
    deciding: tuple[str, ...]
    ordered: Mapping[str, Weighting]
    left_out_sections: tuple[str, ...]
    note: str


def study_policy() -> StudyPolicy:
    """The policy that this version of the program applies."""
    return packaged_record(StudyPolicy, "study_policy.json")
