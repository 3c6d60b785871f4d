"""What the page Calibration shows: sessions, blind contouring, results, the meeting, clearances, the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.vocabulary import Target

from CRCQualityControlLib.presenter.tables import NO_TABLE, TableState


class Stage(StrEnum):
    """Where a session stands: being read, its reference signed, its results open."""

    READING = "reading"
    SIGNED = "signed"
    OPEN = "open"


@dataclass(frozen=True)
class Option:
    """Something that can be ticked: its code, its words."""

    code: str
    words: str


@dataclass(frozen=True)
class MarkState:
    """What a reader must reach for one target; shares in whole percent, lesions as a number."""

    target: Target
    words: str
    dice_percent: int
    bias_percent: int
    missed_lesions: int
    report_percent: int


@dataclass(frozen=True)
class PlanState:
    """What a new session can be made of: cases nobody has read, people who read, marks to begin with."""

    units: tuple[Option, ...] = ()
    people: tuple[Option, ...] = ()
    marks: tuple[MarkState, ...] = ()


@dataclass(frozen=True)
class ResultKey:
    """What a line of the results speaks of."""

    reader: str
    target: Target
    passed: bool = True
    cleared: bool = False


@dataclass(frozen=True)
class ScoreKey:
    """What a line of the comparison case by case speaks of."""

    unit: str
    reader: str
    target: Target


@dataclass(frozen=True)
class MeetingState:
    """What all look at: one case and target of the session, as a heat map of all or one reader against the reference.

    `legend` tells the hues of the heat map (as #rrggbb) and what lies in them, least votes first.
    """

    units: tuple[str, ...] = ()
    targets: tuple[tuple[Target, str], ...] = ()
    unit: str = ""
    target: Target | None = None
    words: str = ""
    legend: tuple[tuple[str, str], ...] = ()
    numbers: TableState = NO_TABLE


@dataclass(frozen=True)
class PointState:
    """One point of the protocol for one target: decided now (`belongs` None: left as it is), how it stands in force."""

    target: Target
    point: str
    words: str
    in_force: str
    belongs: bool | None = None
    sentence: str = ""


@dataclass(frozen=True)
class ProtocolState:
    """The protocol in force, what it says of each target, and what is decided of its points for the next version."""

    version: str = ""
    is_published: bool = False
    lines: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    points: tuple[PointState, ...] = ()
    decided: int = 0
    may_publish: bool = False


@dataclass(frozen=True)
class CalibrationState:
    """Everything of the page; `plan` while a new session is being put together."""

    sessions: tuple[tuple[str, str], ...] = ()
    selected: str = ""
    stage: Stage = Stage.READING
    facts: tuple[tuple[str, str], ...] = ()
    waiting: tuple[str, ...] = ()
    reading: TableState = NO_TABLE
    is_own: bool = False
    is_ready: bool = False
    set_aside: tuple[str, ...] = ()
    summary: TableState = NO_TABLE
    summary_keys: tuple[ResultKey, ...] = ()
    sentences: tuple[str, ...] = ()
    cases: TableState = NO_TABLE
    case_keys: tuple[ScoreKey, ...] = ()
    clearances: TableState = NO_TABLE
    flags: tuple[str, ...] = ()
    meeting: MeetingState = MeetingState()
    protocol: ProtocolState = ProtocolState()
    plan: PlanState | None = None
    may_plan: bool = False
    may_sign_reference: bool = False
    may_open_results: bool = False
    may_clear: bool = False
