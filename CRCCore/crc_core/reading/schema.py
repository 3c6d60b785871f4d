"""What one reading says: per target an answer, a mode, lesions and parents; and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crc_core.contour.results import DensitySample, Measurement, Point
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Role, Target, TargetAnswer

READING_SCHEMA = "crc-reading/1"
PROVENANCE_SCHEMA = "crc-provenance/1"
FIRST_ROUND = 1
"""The round in which every unit is read twice; round 2 is the re-reading of the agreement sample."""
CALIBRATION_ROUND = 3
"""The round in which readers contour a calibration case; its reference is made of the readings of the first round."""


@dataclass(frozen=True)
class LesionRecord:
    """A lesion of a reading: its number in the mask (1 to 255, never reused) and its class."""

    number: int
    kind: LesionClass

    def __post_init__(self) -> None:
        if not 1 <= self.number <= 255:
            raise ValueError("a lesion number is 1 to 255")


@dataclass(frozen=True)
class TargetReading:
    """What a reading says of one target; `mode`, `source` and lesions only where it was drawn."""

    target: Target
    answer: TargetAnswer
    source: str | None = None
    mode: Mode | None = None
    lesions: tuple[LesionRecord, ...] = ()
    has_parents: bool = False
    reason: str | None = None

    def __post_init__(self) -> None:
        drawn = self.answer is TargetAnswer.DRAWN
        numbers = [lesion.number for lesion in self.lesions]
        if drawn != bool(self.lesions) or drawn != (self.source is not None) or drawn != (self.mode is not None):
            raise ValueError("a drawn target has a source, a mode and lesions; another answer has none of them")
        if len(set(numbers)) != len(numbers):
            raise ValueError("a lesion number occurs twice")
        if self.answer is TargetAnswer.NOT_ASSESSABLE and not self.reason:
            raise ValueError("'not assessable' needs a reason")
        if self.has_parents and self.mode is not Mode.SUBTRACTION:
            raise ValueError("only a subtraction has outer and inner parents")

    @property
    def says_absent(self) -> bool:
        """Whether the reader assessed the target and saw no lesion there."""
        return self.answer in (TargetAnswer.NONE_SEEN, TargetAnswer.NO_TUMOUR, TargetAnswer.RESECTED)


@dataclass(frozen=True)
class Reading:
    """`reading.json`: the slot (unit, reader, round) and what is said of each target."""

    schema: str
    unit: str
    reader: str
    round: int
    targets: tuple[TargetReading, ...]
    supersedes: str | None = None

    def __post_init__(self) -> None:
        names = [item.target for item in self.targets]
        if len(set(names)) != len(names):
            raise ValueError("a target occurs twice")
        if self.schema != READING_SCHEMA or self.round < FIRST_ROUND:
            raise ValueError("not a reading")

    def of(self, target: Target) -> TargetReading | None:
        """What the reading says of `target`; None where it says nothing."""
        return next((item for item in self.targets if item.target is target), None)


@dataclass(frozen=True)
class SourceRecord:
    """The image a target was contoured on, by code, de-identified UID and hash of its voxels."""

    role: Role
    series_code: str
    series_uid: str
    pixel_sha256: str


@dataclass(frozen=True)
class PhaseSamples:
    """The density samples of one lesion in one phase; `confirmed` once a person has looked at them or moved one."""

    role: Role
    samples: tuple[DensitySample, ...]
    confirmed: bool = False


@dataclass(frozen=True)
class LesionMarks:
    """What a person placed or confirmed on one lesion: dragged calipers, density samples."""

    number: int
    by_hand: tuple[Measurement, ...] = ()
    densities: tuple[PhaseSamples, ...] = ()


@dataclass(frozen=True)
class SyncPair:
    """Two places that show the same anatomy: on the CT and on the MRI, in RAS millimetres of each image."""

    ct_ras: Point
    mri_ras: Point


@dataclass(frozen=True)
class ScanRemark:
    """What the reader said to an item of the scan check that did not pass."""

    item: str
    reason: str


@dataclass(frozen=True)
class TargetWork:
    """How a target was contoured; `bowel_direction` is the reader's choice for a primary."""

    target: Target
    effects: tuple[str, ...]
    interpolated_share: float
    window_width_hu: float | None = None
    window_level_hu: float | None = None
    mri_used: bool = False
    bowel_direction: BowelDirection | None = None
    lesions: tuple[LesionMarks, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """`provenance.json`: who, with which title, when, on which sources, with which versions and in how much time.

    `scan_confirmed` and `scan_remarks` are what the reader said of the scan, `sync_pairs` and `ct_to_mri` (rigid, RAS
    millimetres, 4×4 rows, accepted by the reader) how the MRI was laid beside the CT; a reading made elsewhere is
    silent on them.
    """

    schema: str
    reader: str
    title: str
    started_at: datetime
    sealed_at: datetime
    active_seconds: float
    versions: dict[str, str]
    protocol: str
    sources: tuple[SourceRecord, ...]
    work: tuple[TargetWork, ...]
    scan_confirmed: bool | None = None
    scan_remarks: tuple[ScanRemark, ...] = ()
    sync_pairs: tuple[SyncPair, ...] = ()
    ct_to_mri: tuple[tuple[float, ...], ...] | None = None
