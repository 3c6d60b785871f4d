"""All that a reader has said and done on one unit so far, but for the voxels: immutable, kept in the recovery folder.

The masks themselves live in the scene while a person draws, and beside this document in the recovery folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crc_core.contour.results import Measurement, Point, Size
from crc_core.reading.schema import PhaseSamples, ScanRemark, SyncPair
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Target, TargetAnswer

__all__ = ["WORK_SCHEMA", "LesionWork", "PhaseSamples", "Registration", "ScanRemark", "TargetState", "Work"]

WORK_SCHEMA = "crc-work/1"


@dataclass(frozen=True)
class LesionWork:
    """One lesion: its number (1 to 255, never used again), its class, what was measured by hand on it."""

    number: int
    kind: LesionClass
    by_hand: tuple[Measurement, ...] = ()
    densities: tuple[PhaseSamples, ...] = ()

    def caliper(self, size: Size) -> Measurement | None:
        """The caliper a person has dragged for a size, if there is one."""
        return next((item for item in self.by_hand if item.kind is size), None)


@dataclass(frozen=True)
class TargetState:
    """One target as it stands: the answer (None while open), its lesions, and how it was contoured.

    `next_number` is the lesion number that comes next, so that none is used twice. `filled_slices` are slices filled by
    interpolation (array index along the source's slice axis) that nobody has looked at yet, `filled_count` how many
    were ever filled. `kept` says of a subtraction that the ring was kept since an edge was last changed.
    """

    target: Target
    mode: Mode
    source: str
    answer: TargetAnswer | None = None
    reason: str = ""
    lesions: tuple[LesionWork, ...] = ()
    next_number: int = 1
    effects: tuple[str, ...] = ()
    filled_slices: tuple[int, ...] = ()
    filled_count: int = 0
    window_width_hu: float | None = None
    window_level_hu: float | None = None
    mri_used: bool = False
    kept: bool = False

    def lesion(self, number: int) -> LesionWork | None:
        """The lesion of that number, if there is one."""
        return next((item for item in self.lesions if item.number == number), None)


@dataclass(frozen=True)
class Registration:
    """A rigid transform from the CT's patient space to the MRI's (4×4 rows, RAS millimetres).

    A person accepts it or not; the contour is on the CT either way.
    """

    ct_to_mri: tuple[tuple[float, ...], ...]
    accepted: bool = False


@dataclass(frozen=True)
class Work:
    """A reader's whole local work on a slot (unit, reader, round).

    `report` is the document of the structured report, `scan_confirmed` whether the reader said that the scan is fit,
    `supersedes` the reading this one replaces after it came back or was taken back.
    """

    schema: str
    store: str
    unit: str
    reader: str
    round: int
    protocol: str
    started_at: datetime
    active_seconds: float
    targets: tuple[TargetState, ...]
    report: dict[str, Any]
    bowel_direction: BowelDirection = BowelDirection.ACROSS
    scan_confirmed: bool = False
    scan_remarks: tuple[ScanRemark, ...] = ()
    sync_pairs: tuple[SyncPair, ...] = ()
    registration: Registration | None = None
    position_ras: Point | None = None
    supersedes: str | None = None

    def of(self, target: Target) -> TargetState | None:
        """How a target stands; None for one that is not bound."""
        return next((item for item in self.targets if item.target is target), None)

    def with_target(self, state: TargetState) -> Work:
        """This work with one target in another state."""
        return replace(self, targets=tuple(state if item.target is state.target else item for item in self.targets))
