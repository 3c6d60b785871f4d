"""What lists and counts ask of a unit: made of its events like everything else, and small enough to keep beside them.

A brief is the whole truth as a `UnitState` is: only `crc_core.workflow.listing` and a store may look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from crc_core.vocabulary import Target
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Event
from crc_core.workflow.state import Slot, Standing, fold
from crc_core.workflow.views import Phase


@dataclass(frozen=True)
class Brief(Standing):
    """Where a unit stood after event number `last_seq`; `dice_permille` by target as it was compared last."""

    reached: Phase = Phase.REGISTERED
    last_seq: int = 0
    dice_permille: tuple[tuple[Target, int], ...] = ()
    compared_at: datetime | None = None

    @property
    def is_registered(self) -> bool:
        """Nothing is told of a unit before it has entered the store, and no brief made of it."""
        return True

    def phase(self, policy: Policy) -> Phase:
        """Where the unit stands, as the policy of its store had it."""
        return self.reached


def brief_of(unit: str, events: Sequence[Event], policy: Policy) -> Brief | None:
    """The brief of a unit after its events; None for one that is not registered."""
    state = fold(unit, events)
    if not state.is_registered:
        return None
    targets = () if state.comparison is None else state.comparison.targets
    return Brief(
        unit=unit,
        slots=state.slots,
        barred=state.barred,
        excluded=state.excluded,
        withdrawn=state.withdrawn,
        since=state.since,
        reached=state.phase(policy),
        last_seq=events[-1].seq,
        dice_permille=tuple((item.target, item.dice_permille) for item in targets if item.dice_permille is not None),
        compared_at=state.compared_at,
    )


def slots_by_place(slots: Sequence[Slot]) -> MappingProxyType[tuple[str, int], Slot]:
    """Slots as a standing holds them, by reader and round."""
    return MappingProxyType({(slot.reader, slot.round): slot for slot in slots})
