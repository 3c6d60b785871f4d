"""What the page Sample shows: drawing, the samples kept, what was left out, re-readings."""

from __future__ import annotations

from dataclasses import dataclass

from CRCQualityControlLib.presenter.tables import NO_TABLE, TableState


@dataclass(frozen=True)
class SampleState:
    """`selected` is the place of the sample that is shown; None while none was kept, or a draw is being looked at.

    `least` and `washout_days` are what the consensus and the store's policy ask for, `ready` is how many units can be
    drawn.
    """

    samples: tuple[str, ...] = ()
    selected: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    strata: TableState = NO_TABLE
    members: TableState = NO_TABLE
    left_out: TableState = NO_TABLE
    rereads: TableState = NO_TABLE
    excluded: tuple[str, ...] = ()
    least: int = 0
    washout_days: int = 0
    ready: int = 0
    due: int = 0
    waiting: int = 0
    next_due: str = ""
    may_draw: bool = False
    may_see: bool = False
