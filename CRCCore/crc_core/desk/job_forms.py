"""What jobs are asked and what they answer: forms that go over pipes as JSON (`crc_core.files.records`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crc_core.phantom.model import PhantomSize
from crc_core.reading.schema import SyncPair
from crc_core.store.access import Access
from crc_core.store.remote.sending import SendResult
from crc_core.text import Lang
from crc_core.vocabulary import Mode, Role, Verdict
from crc_core.workflow.views import UnitView


@dataclass(frozen=True)
class SampleAsked:
    """Make or reuse the sample store below `home`, with a case to read in it.

    `mode` is the primary's contouring mode that is wanted; any where none is named.
    """

    home: str
    lang: Lang
    size: PhantomSize = PhantomSize.SAMPLE
    mode: Mode | None = None


@dataclass(frozen=True)
class SampleMade:
    """Where the sample store is, as whom to read, and which unit; `is_new` where it was made just now."""

    store: str
    reader: str
    unit: str
    is_new: bool


@dataclass(frozen=True)
class ImportAsked:
    """Take the examination in `folder` into the store at `store` as `actor`.

    `reader` is who is to read it, where somebody is named; `site` is the actor's own where none is. `overrules` are
    reasons by item of the scan check; `treatment_since` is the day (YYYY-MM-DD) on which treatment began after the
    examination before.
    """

    store: str
    folder: str
    actor: str
    lang: Lang
    reader: str | None = None
    site: str | None = None
    study_uid: str | None = None
    case: str | None = None
    time_point: str | None = None
    overrules: dict[str, str] = field(default_factory=dict)
    treatment_since: str | None = None


@dataclass(frozen=True)
class RefusedItem:
    """An item of the scan check that keeps a unit from being read."""

    id: str
    sentence: str
    overrulable: bool


@dataclass(frozen=True)
class Imported:
    """What became of an examination.

    It was taken in under `unit`. With `refused` items it waits for a person to overrule them; else its sources are
    bound, and it was assigned to the reader unless `not_assigned` says why not.
    """

    unit: str
    verdict: Verdict
    refused: tuple[RefusedItem, ...]
    is_assigned: bool
    not_assigned: str
    duplicates: tuple[str, ...]
    left_out: int
    unreadable: int


@dataclass(frozen=True)
class StudiesAsked:
    """Say which CT examinations lie in `folder`."""

    folder: str
    lang: Lang


@dataclass(frozen=True)
class FoundStudy:
    """An examination by its UID, and what tells it from the others."""

    study_uid: str
    words: str


@dataclass(frozen=True)
class StudiesFound:
    """The CT examinations of a folder, the newest first."""

    studies: tuple[FoundStudy, ...]


@dataclass(frozen=True)
class ScanAsked:
    """Check a unit's scan anew on the images in the store, as `viewer` may open them."""

    store: str
    unit: str
    viewer: str
    lang: Lang
    access: Access | None = None


@dataclass(frozen=True)
class ScanItem:
    """One item of the scan check in words; `id` as the store knows it, `role` for an item of one series."""

    id: str
    name: str
    verdict: Verdict
    seen: str
    expected: str
    sentence: str
    source: str
    overrulable: bool
    role: Role | None = None


@dataclass(frozen=True)
class ScanSeries:
    """One series of the unit; the verdict is the worst of its items."""

    role: Role
    description: str
    slices: int
    verdict: Verdict
    thickness_mm: float | None = None


@dataclass(frozen=True)
class ScanChecked:
    """Every item of the check, passed ones too: those of the whole study (no role) first."""

    verdict: Verdict
    series: tuple[ScanSeries, ...]
    items: tuple[ScanItem, ...]


@dataclass(frozen=True)
class RegisterAsked:
    """Lay the MRI of role `mri` over the CT of role `ct`, beginning at sync points where there are any."""

    store: str
    unit: str
    viewer: str
    lang: Lang
    ct: Role
    mri: Role
    pairs: tuple[SyncPair, ...] = ()
    access: Access | None = None


@dataclass(frozen=True)
class RegisterDone:
    """The rigid transform from CT to MRI (4×4 rows, RAS millimetres) and how the images fit before and after.

    Information is mutual information in nats (more is better), overlap the share of the MRI's body in the CT's.
    """

    ct_to_mri: tuple[tuple[float, ...], ...]
    information_before: float
    information_after: float
    overlap: float
    sharpness: float


@dataclass(frozen=True)
class HandInAsked:
    """Seal the work that is kept below `home` under `slot` and hand it in to the store at `store`.

    `view` is the unit as the reader knows it, `title` the reader's, `versions` those of the program around. `masks` are
    fingerprints of what is on the screen, by the names the masks have in a reading. With `outbox` the reading goes
    there first, and on to the server where `access` is given.
    """

    store: str
    home: str
    slot: str
    lang: Lang
    view: UnitView
    title: str
    masks: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    outbox: str | None = None
    access: Access | None = None


class HandInOutcome(StrEnum):
    """What became of a reading: the store has it, it waits in the outbox, the store does not take it."""

    TAKEN = "taken"
    WAITS = "waits"
    REFUSED = "refused"


@dataclass(frozen=True)
class HandedIn:
    """What became of a reading, and why where the store does not have it."""

    outcome: HandInOutcome
    why: str = ""


@dataclass(frozen=True)
class SendAsked:
    """Send what waits in the outbox."""

    outbox: str
    access: Access
    lang: Lang


@dataclass(frozen=True)
class SentItem:
    """What became of one item of the outbox; `why` in words and `code` where the server does not have it."""

    intent: str
    unit: str
    result: SendResult
    why: str = ""
    code: str = ""


@dataclass(frozen=True)
class SendTold:
    """What was sent, in order; `why` and `code` where the line ended it, `is_busy` where another process sends."""

    items: tuple[SentItem, ...] = ()
    is_busy: bool = False
    why: str = ""
    code: str = ""


@dataclass(frozen=True)
class FetchAsked:
    """Bring the images of a unit in these roles into this machine's cache, and a reading of one's own with them."""

    access: Access
    unit: str
    viewer: str
    lang: Lang
    roles: tuple[Role, ...]
    reading: str | None = None


@dataclass(frozen=True)
class FetchedImage:
    """The folder of a series on this machine."""

    role: Role
    folder: str


@dataclass(frozen=True)
class Fetched:
    """What was fetched; every byte was compared with the hash the server gave for it.

    `cached` are the folders of this machine's cache that all of it lies in.
    """

    images: tuple[FetchedImage, ...]
    reading: str | None = None
    cached: tuple[str, ...] = ()
