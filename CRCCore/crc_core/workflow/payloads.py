"""What each kind of event says, typed; an intent carries the same payload as the event it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from crc_core.vocabulary import Mode, PersonRole, Role, Target, Title, Verdict


class Outcome(StrEnum):
    """The verdict on a lesion or a target after two readings."""

    AGREED = "agreed"
    AGREED_ABSENT = "agreed_absent"
    DISPUTED = "disputed"


@dataclass(frozen=True)
class SeriesRecord:
    """A series of a unit in the store: raw and derived data are tied by the hash of its voxels."""

    role: Role
    code: str
    series_uid: str
    pixel_sha256: str
    instances: int
    shape_kji: tuple[int, int, int] | None = None
    ijk_to_ras: tuple[tuple[float, ...], ...] | None = None
    thickness_mm: float | None = None
    vendor: str | None = None


@dataclass(frozen=True)
class UnitRegistered:
    """A unit and its chosen series entered the store; dates are the shifted ones."""

    series: tuple[SeriesRecord, ...]
    study_date: str | None = None
    treatment_since: str | None = None
    clinical: dict[str, str] | None = None
    strata: dict[str, str] | None = None

    def __post_init__(self) -> None:
        if self.study_date is not None:
            date.fromisoformat(self.study_date)


@dataclass(frozen=True)
class CheckedItem:
    """One item of the scan check that did not pass."""

    id: str
    verdict: Verdict
    overrulable: bool
    role: Role | None = None


@dataclass(frozen=True)
class ScanChecked:
    """The scan check's outcome and the rules it used."""

    verdict: Verdict
    items: tuple[CheckedItem, ...]
    rules: str


@dataclass(frozen=True)
class ScanOverruled:
    """A person overruled items of the check, with a reason."""

    items: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Binding:
    """The source and the contouring mode of one target, the same for all readers."""

    target: Target
    role: Role
    series_code: str
    mode: Mode


@dataclass(frozen=True)
class SourcesBound:
    """The sources of all targets, bound once before reading."""

    bindings: tuple[Binding, ...]
    protocol: str


@dataclass(frozen=True)
class ModeChanged:
    """A senior changed a target's mode while no reading was in."""

    target: Target
    mode: Mode
    reason: str


@dataclass(frozen=True)
class ReadingAssigned:
    """A reader got a slot; `overrule_reason` is a senior's, where clearance is missing."""

    reader: str
    round: int
    overrule_reason: str | None = None


@dataclass(frozen=True)
class ReadingTaken:
    """A reader began to work on a slot."""

    reader: str
    round: int


@dataclass(frozen=True)
class ReadingSubmitted:
    """A sealed reading came in; `active_seconds` is the time its provenance tells."""

    reader: str
    round: int
    reading: str
    supersedes: str | None = None
    active_seconds: float | None = None


@dataclass(frozen=True)
class ReadingWithdrawn:
    """A reader took a reading back."""

    reader: str
    round: int
    reading: str
    reason: str


@dataclass(frozen=True)
class ReadingReturned:
    """A senior sent readings back to their readers with a question."""

    question: str


@dataclass(frozen=True)
class SeniorAsked:
    """A reader asks a senior something without submitting."""

    reader: str
    round: int
    question: str


@dataclass(frozen=True)
class LesionOutcome:
    """What became of one lesion: its numbers in A and B, agreement in thousandths (floored), and why it is disputed.

    `volumes_mm3` are what A and B drew of it, rounded to whole cubic millimetres.
    """

    a: tuple[int, ...]
    b: tuple[int, ...]
    outcome: Outcome
    dice_permille: int | None = None
    subvoxel: bool = False
    reasons: tuple[str, ...] = ()
    volumes_mm3: tuple[int, int] | None = None


@dataclass(frozen=True)
class TargetOutcome:
    """What became of one target."""

    target: Target
    outcome: Outcome
    dice_permille: int | None = None
    lesions: tuple[LesionOutcome, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadingsCompared:
    """Two readings were compared; A and B are in the order of their hashes, so the order tells nothing."""

    readings: tuple[str, str]
    targets: tuple[TargetOutcome, ...]
    open_fields: tuple[str, ...]

    @property
    def is_disputed(self) -> bool:
        """Whether any target needs a senior."""
        return any(item.outcome is Outcome.DISPUTED for item in self.targets)


@dataclass(frozen=True)
class FinalStored:
    """A final entered the store: by rule, or signed."""

    final: str
    version: int
    parents: tuple[str, str]
    by_rule: bool
    supersedes: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class UnitExcluded:
    """A unit was taken out for good reason, its data kept."""

    code: str
    reason: str


@dataclass(frozen=True)
class ConsentWithdrawn:
    """The patient withdrew consent: nothing of the unit is shown or released any more."""

    reason: str


@dataclass(frozen=True)
class UnitReleased:
    """A final went into a release."""

    release: str
    final: str


@dataclass(frozen=True)
class UnitBarred:
    """A unit is used for calibration and barred from production and from the sample."""

    session: str


@dataclass(frozen=True)
class PersonSet:
    """A person was entered or changed; names and PINs stay outside the chain."""

    person: str
    title: Title
    roles: frozenset[PersonRole]
    site: str
    active: bool


@dataclass(frozen=True)
class ClearanceSigned:
    """A senior cleared a reader for one target under a protocol, or took the clearance back.

    `session` is the calibration it rests on; `reason` is asked for where its result there does not pass.
    """

    reader: str
    target: Target
    protocol: str
    cleared: bool = True
    session: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class ProtocolPublished:
    """A version of the delineation protocol came into force.

    `document` is its text, whose SHA-256 is `sha256`; `session` the calibration whose output it is.
    """

    version: str
    sha256: str
    document: str | None = None
    session: str | None = None


@dataclass(frozen=True)
class PassMark:
    """What a reader must reach for one target, against the reference over all cases of a session.

    Mean Dice and report agreement in whole percent at least; mean volume bias in percent of the reference, either way,
    and lesions missed at most.
    """

    target: Target
    dice_percent: int
    bias_percent: int
    missed_lesions: int
    report_percent: int

    def __post_init__(self) -> None:
        shares = (self.dice_percent, self.report_percent)
        if any(not 0 <= share <= 100 for share in shares) or self.bias_percent < 0 or self.missed_lesions < 0:
            raise ValueError("a pass mark is a share from 0 to 100 or a number that is not negative")


@dataclass(frozen=True)
class CalibrationPlanned:
    """A calibration session: its cases (barred before), who contours blind, who makes the reference, what passes."""

    session: str
    units: tuple[str, ...]
    readers: tuple[str, ...]
    references: tuple[str, ...]
    marks: tuple[PassMark, ...]


@dataclass(frozen=True)
class ReferenceSigned:
    """A senior signed the references of a session: the final in force of every one of its units."""

    session: str
    finals: dict[str, str]


@dataclass(frozen=True)
class CalibrationResult:
    """What one reader reached for one target in a session; Dice, bias and report agreement in thousandths.

    None where a measure does not apply (nobody drew the target, no question was asked).
    """

    reader: str
    target: Target
    passed: bool
    dice_permille: int | None = None
    bias_permille: int | None = None
    missed_lesions: int = 0
    report_permille: int | None = None


@dataclass(frozen=True)
class CalibrationOpened:
    """A session's results are open to its readers: what each reached against which references, by unit."""

    session: str
    finals: dict[str, str]
    results: tuple[CalibrationResult, ...]


@dataclass(frozen=True)
class AccessGranted:
    """A data user may search and take away the finals of these units, for a purpose, through the day `until` (UTC)."""

    grant: str
    person: str
    units: tuple[str, ...]
    purpose: str
    until: str | None = None

    def __post_init__(self) -> None:
        if self.until is not None:
            date.fromisoformat(self.until)


@dataclass(frozen=True)
class AccessEnded:
    """A grant was taken back."""

    grant: str
    reason: str


@dataclass(frozen=True)
class SampleDrawn:
    """The agreement sample: drawn with a seed before its units were read; who is in it is hidden from readers."""

    seed: int
    members: tuple[str, ...]
    exclusions: dict[str, str]
    washout_days: int


@dataclass(frozen=True)
class ReadingsFlagged:
    """A reader's readings since a time are flagged after agreement fell below the mark."""

    reader: str
    since: datetime
    reason: str
