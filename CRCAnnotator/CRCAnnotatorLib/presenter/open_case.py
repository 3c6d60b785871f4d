"""The open case: what the store said of it, what the reader has done, which images lie in the scene."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.arrangement import ImageKey
from crc_core.desk.work import Work
from crc_core.geometry import Grid
from crc_core.identity import UnitId
from crc_core.reading.schema import FIRST_ROUND
from crc_core.vocabulary import CT_PHASES, Role, Target
from crc_core.workflow.payloads import Binding
from crc_core.workflow.views import SlotView, UnitView


@dataclass(eq=False)
class OpenCase:
    """One unit on the desk; `work` is replaced, never changed, and who replaces it calls `changed`.

    `grids` are those of the images in the scene, by key. `touched` are segments changed since the last autosave.
    """

    unit: UnitId
    view: UnitView
    work: Work
    grids: dict[ImageKey, Grid] = field(default_factory=dict)
    touched: set[SegmentKey] = field(default_factory=set)
    read_only: bool = False
    on_change: Callable[[], None] = lambda: None

    def change(self, work: Work) -> None:
        """Put the work into a new state and tell who keeps it safe."""
        if work is not self.work:
            self.work = work
            self.on_change()

    @property
    def slot(self) -> SlotView | None:
        """The reader's own slot; the latest round."""
        own = [slot for slot in self.view.slots if slot.reader == self.work.reader]
        return max(own, key=lambda slot: slot.round, default=None)

    @property
    def round(self) -> int:
        """The round of the reader's slot."""
        return FIRST_ROUND if self.slot is None else self.slot.round

    def binding(self, target: Target) -> Binding | None:
        """What a target is drawn on and how."""
        return next((item for item in self.view.bindings if item.target is target), None)

    def source(self, target: Target) -> ImageKey | None:
        """The image a target is drawn on."""
        bound = self.binding(target)
        return None if bound is None else ImageKey(bound.role)

    def source_grid(self, target: Target) -> Grid | None:
        """The grid of the image a target is drawn on; None while it is not in the scene."""
        key = self.source(target)
        return None if key is None else self.grids.get(key)

    @property
    def phases(self) -> tuple[Role, ...]:
        """The CT phases in the scene, in the order of time."""
        return tuple(role for role in CT_PHASES if ImageKey(role) in self.grids)
