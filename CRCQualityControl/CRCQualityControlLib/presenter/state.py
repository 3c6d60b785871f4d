"""All that the panel shows, immutable and already in the person's language; `render(state)` draws it and nothing else.

A part that did not change is the same object as before, so that a view can leave it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crc_core.quality.adjudication import Order
from crc_core.reading.final import Take
from crc_core.report.merge import Choice as Side
from crc_core.study.agreement import StudyKind
from crc_core.text import Lang
from crc_core.vocabulary import Role

from CRCQualityControlLib.presenter.ports import Fill, Tool, Views


class Page(StrEnum):
    """A page of the panel."""

    AGREEMENT = "agreement"
    ADJUDICATION = "adjudication"
    CALIBRATION = "calibration"
    SAMPLE = "sample"
    PROGRESS = "progress"


class Level(StrEnum):
    """How loud a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Message:
    """One sentence over the panel's foot; `id` tells one from the next."""

    id: int
    level: Level
    words: str


@dataclass(frozen=True)
class Busy:
    """A work that takes a while: what, how much of it (total 0: unknown). It can be stopped."""

    words: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class TableState:
    """A table: headings, and rows of words; `marks` are the rows that need attention."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    marks: frozenset[int] = frozenset()


@dataclass(frozen=True)
class StoreState:
    """Which store, who works; `notice` says what this kind of store does not enforce."""

    place: str = ""
    is_open: bool = False
    person: str = ""
    people: tuple[tuple[str, str], ...] = ()
    notice: str = ""


@dataclass(frozen=True)
class AgreementState:
    """The agreement study: its form in words, measures, limits, overlap, answers, what was left out.

    `pair` is the row of `pairs` whose `lesions` are shown; a study of a table has neither, and cannot be taken away.
    """

    kind: StudyKind = StudyKind.INTER
    allow_small: bool = False
    is_ready: bool = False
    lead: tuple[str, ...] = ()
    reached: bool | None = None
    may_export: bool = False
    measures: TableState = TableState()
    limits: TableState = TableState()
    targets: TableState = TableState()
    pairs: TableState = TableState()
    pair: int | None = None
    lesions: TableState = TableState()
    answers: TableState = TableState()
    left_out: TableState = TableState()
    recalibrate: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueueRow:
    """One unit that waits: why, in words, and since when."""

    unit: str
    reason: str
    waiting: str
    sub_voxel_only: bool


@dataclass(frozen=True)
class LesionRow:
    """One lesion: who drew it (as A and B), why it is disputed, what can be taken, what was chosen."""

    key: str
    words: str
    drawn: str
    reasons: str
    is_open: bool
    takes: tuple[Take, ...]
    chosen: Take | None
    reason_code: str
    reason: str = ""
    sub_voxel: bool = False
    disputed: bool = False


@dataclass(frozen=True)
class FieldRow:
    """One question of the report, as both answered it; `chosen` says whose answer was taken.

    `critical` ones must be settled before the unit is final; `typed` is the senior's own answer in words.
    """

    path: str
    block: str
    label: str
    differs: bool
    critical: bool
    a: str
    b: str
    chosen: Side | None
    typed: str = ""


@dataclass(frozen=True)
class SilentRow:
    """A disputed target of which nobody drew anything to decide on: what A and B say, and the answers there are."""

    target: str
    words: str
    a: str
    b: str
    answers: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class TargetRow:
    """What the choices make of a target: its Dice with A and with B."""

    target: str
    words: str
    with_a: str
    with_b: str


@dataclass(frozen=True)
class CaseState:
    """The unit on the desk; names of the readers are hidden until the decision.

    `fields` are the questions on which the readers differ, `report` all that were answered; `signer` says as whom one
    signs. `images_lost` where somebody else took the images out of the scene.
    """

    unit: str
    lesions: tuple[LesionRow, ...]
    silent: tuple[SilentRow, ...]
    fields: tuple[FieldRow, ...]
    report: tuple[FieldRow, ...]
    results: tuple[TargetRow, ...]
    fill: Fill
    region: str
    context: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]
    still_open: int
    sub_voxel: int
    editing: str
    tool: Tool | None
    brush_mm: float
    shows_result: bool
    supersedes: int | None
    may_return: bool
    may_exclude: bool
    signer: str
    images_lost: bool


@dataclass(frozen=True)
class ViewingState:
    """Whose images are in the views, which series leads, how the views stand."""

    unit: str = ""
    roles: tuple[Role, ...] = ()
    phase: Role | None = None
    views: Views = Views.PLANES


@dataclass(frozen=True)
class AdjudicationState:
    """The queue and the case on the desk."""

    order: Order = Order.BAD
    queue: tuple[QueueRow, ...] = ()
    sub_voxel_units: int = 0
    case: CaseState | None = None


@dataclass(frozen=True)
class CalibrationState:
    """Sessions, the chosen one's results, clearances, flags, the protocol in force."""

    sessions: tuple[tuple[str, str], ...] = ()
    selected: str = ""
    waiting: tuple[str, ...] = ()
    is_ready: bool = False
    summary: TableState = TableState()
    cases: TableState = TableState()
    clearances: TableState = TableState()
    flags: tuple[str, ...] = ()
    protocol: str = ""
    votes: str = ""
    may_plan: bool = False
    may_sign_reference: bool = False
    may_open_results: bool = False
    may_clear: bool = False


@dataclass(frozen=True)
class SampleState:
    """The samples kept, their strata, and the re-readings that are due."""

    samples: tuple[str, ...] = ()
    members: TableState = TableState()
    due: int = 0
    waiting: int = 0
    next_due: str = ""
    may_draw: bool = False


@dataclass(frozen=True)
class ProgressState:
    """Numbers with the key that opens the list behind each, and that list."""

    is_ready: bool = False
    numbers: tuple[tuple[str, str, int], ...] = ()
    readers: TableState = TableState()
    agreement: TableState = TableState()
    chosen: str = ""
    units: TableState = TableState()
    shows_readers: bool = False


@dataclass(frozen=True)
class State:
    """Everything."""

    lang: Lang
    page: Page = Page.ADJUDICATION
    store: StoreState = StoreState()
    message: Message | None = None
    busy: Busy | None = None
    viewing: ViewingState = field(default_factory=ViewingState)
    agreement: AgreementState = field(default_factory=AgreementState)
    adjudication: AdjudicationState = field(default_factory=AdjudicationState)
    calibration: CalibrationState = field(default_factory=CalibrationState)
    sample: SampleState = field(default_factory=SampleState)
    progress: ProgressState = field(default_factory=ProgressState)
