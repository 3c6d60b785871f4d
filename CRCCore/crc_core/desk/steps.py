"""The steps of the panel and of the way to a contour; which there are depends on the mode (`contour_steps.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from crc_core.contour.terminology import Part
from crc_core.files.packaged import packaged_record
from crc_core.vocabulary import Mode


class StepId(StrEnum):
    """The five steps of the panel."""

    CASE = "case"
    CHECK = "check"
    CONTOUR = "contour"
    REPORT = "report"
    SUBMIT = "submit"


class ContourStepId(StrEnum):
    """A step of the way to a contour; which ones there are depends on the mode."""

    DRAW = "draw"
    SYNC = "sync"
    OUTER = "outer"
    INNER = "inner"
    PREVIEW = "preview"
    KEEP = "keep"
    FILL = "fill"
    REVIEW = "review"
    MEASURE = "measure"


class Fact(StrEnum):
    """What steps need, and what makes them done; `data/text` says under `desk.needs.<fact>` what is missing."""

    MASK = "mask"
    OUTER = "outer"
    INNER = "inner"
    CLOSED = "closed"
    FILLED = "filled"
    REVIEWED = "reviewed"
    KEPT = "kept"
    SYNCED = "synced"
    MEASURED = "measured"


@dataclass(frozen=True)
class ContourProgress:
    """How far the active lesion is: what is drawn, how many slices lie open between drawn ones, and so on.

    `open_slices` are slices without contour between drawn ones, `filled` those ever filled by interpolation,
    `to_review` those of them that nobody has looked at; `measured` says that its samples are confirmed.
    """

    mask: bool = False
    outer: bool = False
    inner: bool = False
    open_slices: int = 0
    filled: int = 0
    to_review: int = 0
    kept: bool = False
    sync_pairs: int = 0
    measured: bool = False

    def holds(self, fact: Fact) -> bool:
        """Whether a fact is so."""
        return {
            Fact.MASK: self.mask,
            Fact.OUTER: self.outer,
            Fact.INNER: self.inner,
            Fact.CLOSED: self.mask and not self.open_slices,
            Fact.FILLED: self.filled > 0,
            Fact.REVIEWED: self.filled > 0 and not self.to_review,
            Fact.KEPT: self.kept,
            Fact.SYNCED: self.sync_pairs > 0,
            Fact.MEASURED: self.measured,
        }[fact]


@dataclass(frozen=True)
class StepRule:
    """One step of a mode: which part is drawn in it, what it needs, and what makes it done."""

    id: ContourStepId
    done: Fact
    needs: tuple[Fact, ...] = ()
    draws: Part | None = None


@dataclass(frozen=True)
class _StepFile:
    version: str
    source: str
    modes: Mapping[Mode, tuple[StepRule, ...]]


@dataclass(frozen=True)
class StepStanding:
    """How a step stands: done, reachable, or what is `missing` before it can be taken."""

    rule: StepRule
    done: bool
    missing: Fact | None

    @property
    def is_reachable(self) -> bool:
        """Whether the step can be taken now."""
        return self.missing is None


@cache
def _step_file() -> _StepFile:
    return packaged_record(_StepFile, "contour_steps.json")


def contour_steps(mode: Mode) -> tuple[StepRule, ...]:
    """The steps of a mode in order."""
    return _step_file().modes[mode]


def step_rule(mode: Mode, step: ContourStepId | None) -> StepRule:
    """The rule of a step; the first of the mode for None or for a step the mode has not."""
    rules = contour_steps(mode)
    return next((rule for rule in rules if rule.id is step), rules[0])


def standings(mode: Mode, progress: ContourProgress) -> tuple[StepStanding, ...]:
    """How every step of a mode stands for a lesion that is so far."""
    return tuple(
        StepStanding(
            rule, progress.holds(rule.done), next((fact for fact in rule.needs if not progress.holds(fact)), None)
        )
        for rule in contour_steps(mode)
    )
