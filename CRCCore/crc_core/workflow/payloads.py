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
    """A sealed reading came in."""

    reader: str
    round: int
    reading: str
    supersedes: str | None = None


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
    """What became of one lesion: its numbers in A and B, agreement in thousandths (floored), and why it is disputed."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    outcome: Outcome
    dice_permille: int | None = None
    subvoxel: bool = False
    reasons: tuple[str, ...] = ()


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
    """A senior cleared a reader for one target under a protocol, or took the clearance back."""

    reader: str
    target: Target
    protocol: str
    cleared: bool = True


@dataclass(frozen=True)
class ProtocolPublished:
    """A version of the delineation protocol came into force."""

    version: str
    sha256: str


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
