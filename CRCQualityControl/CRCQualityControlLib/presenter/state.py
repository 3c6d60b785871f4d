"""All that the panel shows, immutable and already in the person's language; `render(state)` draws it and nothing else.

A part that did not change is the same object as before, so that a view can leave it alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from crc_core.panel.board import Level as Level
from crc_core.panel.board import Message
from crc_core.quality.adjudication import Order
from crc_core.reading.final import Take
from crc_core.report.merge import Choice as Side
from crc_core.study.agreement import StudyKind
from crc_core.text import Lang
from crc_core.vocabulary import Role

from CRCQualityControlLib.presenter.calibration_state import CalibrationState
from CRCQualityControlLib.presenter.ports import Fill, Tool, Views
from CRCQualityControlLib.presenter.progress_state import ProgressState
from CRCQualityControlLib.presenter.sample_state import SampleState
from CRCQualityControlLib.presenter.tables import NO_TABLE, TableState


class Page(StrEnum):
    """A page of the panel."""

    AGREEMENT = "agreement"
    ADJUDICATION = "adjudication"
    CALIBRATION = "calibration"
    SAMPLE = "sample"
    PROGRESS = "progress"


@dataclass(frozen=True)
class Busy:
    """A work that takes a while: what, how much of it (total 0: unknown).

    It can be stopped, but for a signature on its way: nothing can be changed until that has ended.
    """

    words: str
    done: int = 0
    total: int = 0
    can_cancel: bool = True


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
    measures: TableState = NO_TABLE
    limits: TableState = NO_TABLE
    targets: TableState = NO_TABLE
    pairs: TableState = NO_TABLE
    pair: int | None = None
    lesions: TableState = NO_TABLE
    answers: TableState = NO_TABLE
    left_out: TableState = NO_TABLE
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
