"""All that the panel shows, immutable and already in the person's language; `render(state)` draws it and nothing else.

A part that did not change is the same object as before, so that a view can leave it alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crc_core.desk.rules import RuleCard
from crc_core.desk.steps import ContourStepId, StepId
from crc_core.panel.board import Level as Level
from crc_core.panel.board import Message
from crc_core.report.form import Form
from crc_core.text import Lang
from crc_core.vocabulary import BowelDirection, LesionClass, Mode, Role, Target, TargetAnswer, Verdict

from CRCAnnotatorLib.presenter.online_state import LineRow, OutboxState
from CRCAnnotatorLib.presenter.ports import Fill, Tool

__all__ = ["ContourStepId", "RuleCard", "StepId"]


class Mark(StrEnum):
    """How far something is; drawn as a shape with a word, never by colour alone."""

    TODO = "todo"
    CURRENT = "current"
    DONE = "done"
    ATTENTION = "attention"
    LOCKED = "locked"


@dataclass(frozen=True)
class StepMark:
    """One of the five steps in the head of the panel."""

    step: StepId
    words: str
    mark: Mark
    reachable: bool


@dataclass(frozen=True)
class Busy:
    """A work that takes a while: what, how much of it (total 0: unknown), whether it can be stopped."""

    words: str
    done: int = 0
    total: int = 0
    can_cancel: bool = True


@dataclass(frozen=True)
class PersonRow:
    """A person one can work as."""

    id: str
    words: str


@dataclass(frozen=True)
class StoreState:
    """Where the cases come from and who reads; `notice` says what this kind of store does not enforce."""

    place: str = ""
    is_open: bool = False
    reader: str = ""
    people: tuple[PersonRow, ...] = ()
    notice: str = ""
    may_import: bool = False
    is_server: bool = False


class CaseFilter(StrEnum):
    """Which lines of the work list are shown."""

    OPEN = "open"
    RETURNED = "returned"
    SUBMITTED = "submitted"
    ALL = "all"


@dataclass(frozen=True)
class CaseRow:
    """One line of the work list. `kept` says that unsaved work of this machine waits for it."""

    unit: str
    status: str
    mark: Mark
    since: str
    note: str
    kept: str
    is_open: bool


@dataclass(frozen=True)
class CasesState:
    """The work list."""

    rows: tuple[CaseRow, ...] = ()
    search: str = ""
    filter: CaseFilter = CaseFilter.OPEN
    counts: tuple[tuple[CaseFilter, str, int], ...] = ()
    selected: str = ""
    empty: str = ""
    can_open: bool = False


@dataclass(frozen=True)
class ContextLine:
    """One fact of the context card."""

    label: str
    words: str


class Saved(StrEnum):
    """Whether the work on this machine is safe."""

    NOTHING = "nothing"
    SAVED = "saved"
    SAVING = "saving"
    UNSAVED = "unsaved"
    FAILED = "failed"


@dataclass(frozen=True)
class HeaderState:
    """The head of the panel while a case is open. `active` is `12:41`; `returned` the senior's question."""

    unit: str
    title: str
    active: str
    saved: Saved
    saved_words: str
    context: tuple[ContextLine, ...]
    context_brief: str
    returned: str
    has_prior: bool
    prior_shown: bool
    read_only: bool


@dataclass(frozen=True)
class ItemRow:
    """One item of the scan check."""

    id: str
    label: str
    verdict: Verdict
    verdict_words: str
    seen: str
    expected: str
    sentence: str
    role: Role | None
    can_accept: bool
    accepted: str


@dataclass(frozen=True)
class SeriesRow:
    """One series of the unit: its role in words, what it is, its verdict and the targets it is the source of."""

    role: Role
    label: str
    description: str
    slices: str
    thickness: str
    verdict: Verdict
    verdict_words: str
    note: str
    source_of: str
    can_show: bool


@dataclass(frozen=True)
class CheckState:
    """The scan check. `items` are those of the chosen series (or of the study); `flip` the phase in the single view."""

    series: tuple[SeriesRow, ...]
    items: tuple[ItemRow, ...]
    selected: Role | None
    verdict: Verdict
    verdict_words: str
    open_items: int
    confirmed: bool
    can_confirm: bool
    phases: tuple[Role, ...]
    flipped: Role | None
    linked: bool


@dataclass(frozen=True)
class LesionRow:
    """One lesion of a target."""

    number: int
    name: str
    kind: LesionClass
    kind_words: str
    detail: str
    active: bool
    drawn: bool


@dataclass(frozen=True)
class TargetRow:
    """One target with its lesions, its answer and what it is drawn on."""

    target: Target
    label: str
    mode: Mode
    mode_words: str
    source: str
    mark: Mark
    answer: TargetAnswer | None
    answer_words: str
    note: str
    active: bool
    can_add: bool
    answers: tuple[tuple[TargetAnswer, str], ...]
    kinds: tuple[tuple[LesionClass, str], ...]
    lesions: tuple[LesionRow, ...]


@dataclass(frozen=True)
class ContourStep:
    """One step with its mark; `hint` says what to do, or why it cannot be done yet."""

    id: ContourStepId
    words: str
    mark: Mark
    enabled: bool
    hint: str


@dataclass(frozen=True)
class FindingRow:
    """One thing the live checks found; `id` names it for jump and repair."""

    id: int
    verdict: Verdict
    verdict_words: str
    words: str
    place: str
    can_go: bool
    can_repair: bool


@dataclass(frozen=True)
class SizeRow:
    """One measured size. `by_hand` where a caliper was dragged; it can be given back to the contour."""

    id: str
    label: str
    value: str
    detail: str
    by_hand: bool


@dataclass(frozen=True)
class DensityRow:
    """The density of the active lesion in one phase, or why there is none."""

    role: Role
    label: str
    value: str
    detail: str
    samples: int
    confirmed: bool
    can_show: bool


@dataclass(frozen=True)
class MriState:
    """What stands beside the CT in the MRI-referenced mode."""

    series: str
    sync_pairs: int
    can_register: bool
    registering: bool
    registered: bool
    accepted: bool
    shown_moved: bool
    words: str


@dataclass(frozen=True)
class ContourState:
    """The step "contour"."""

    targets: tuple[TargetRow, ...]
    target: Target | None
    lesion: int | None
    rule: RuleCard | None
    steps: tuple[ContourStep, ...]
    step: ContourStepId | None
    tools: tuple[Tool, ...]
    tool: Tool | None
    brush_mm: float
    fill: Fill
    can_draw: bool
    why_not: str
    can_fill_between: bool
    to_review: tuple[str, ...]
    findings: tuple[FindingRow, ...]
    findings_words: str
    checking: bool
    volume: str
    sizes: tuple[SizeRow, ...]
    densities: tuple[DensityRow, ...]
    bowel: BowelDirection | None
    calipers_shown: bool
    samples_of: Role | None
    can_confirm_samples: bool
    window_words: str
    mri: MriState | None
    has_3d: bool
    in_3d: bool


@dataclass(frozen=True)
class MissingRow:
    """One question that is still open."""

    path: str
    words: str


@dataclass(frozen=True)
class ReportState:
    """The structured report. `focus` is the path to bring into sight, counted up by `focus_id`."""

    form: Form
    progress: str
    missing: tuple[MissingRow, ...]
    focus: str
    focus_id: int
    read_only: bool


@dataclass(frozen=True)
class ProblemRow:
    """One thing between the reader and the submission; `id` names it for the jump."""

    id: int
    blocks: bool
    step: StepId
    words: str


@dataclass(frozen=True)
class SubmitState:
    """The step "submit". `submitted` says what came in and when; `withdraw` until when it can be taken back."""

    problems: tuple[ProblemRow, ...]
    blocking: int
    summary: tuple[ContextLine, ...]
    can_submit: bool
    submitting: bool
    submitted: str
    withdraw: str
    can_withdraw: bool
    next_unit: str


@dataclass(frozen=True)
class State:
    """Everything the panel shows."""

    lang: Lang
    step: StepId = StepId.CASE
    steps: tuple[StepMark, ...] = ()
    store: StoreState = StoreState()
    cases: CasesState = CasesState()
    header: HeaderState | None = None
    check: CheckState | None = None
    contour: ContourState | None = None
    report: ReportState | None = None
    submit: SubmitState | None = None
    foot: str = ""
    foot_mark: Mark = Mark.ATTENTION
    line: LineRow | None = None
    outbox: OutboxState | None = None
    can_ask_senior: bool = False
    busy: Busy | None = None
    message: Message | None = None
