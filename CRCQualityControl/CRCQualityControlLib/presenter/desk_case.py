"""The unit on the senior's desk: choices, contours shown, the way from one difference to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from crc_core.agreement import DisagreementRegion
from crc_core.decision.choices import Choices, LesionKey
from crc_core.decision.consensus import masks_of
from crc_core.geometry.grid import Grid, Volume
from crc_core.quality.case import OpenCase
from crc_core.vocabulary import Role, Target
from numpy.typing import NDArray

from CRCQualityControlLib.presenter.ports import Fill, Layer


@dataclass
class DeskCase:
    """What changes while a senior works on a unit; the readings and the comparison do not."""

    opened: OpenCase
    choices: Choices = field(default_factory=Choices)
    phase: Role | None = None
    fill: Fill = Fill.OUTLINE
    region: int = -1
    editing: LesionKey | None = None

    @cached_property
    def regions(self) -> tuple[tuple[Target, DisagreementRegion], ...]:
        """Where the readers differ, over all disputed targets, the largest first."""
        targets = [outcome.target for outcome in self.opened.dispute.comparison.targets]
        found = [(target, region) for target in targets for region in self.opened.dispute.regions(target)]
        return tuple(sorted(found, key=lambda item: -item[1].volume_ml))

    @property
    def target(self) -> Target | None:
        """The target one is at: that of the region, else the first that was drawn."""
        if 0 <= self.region < len(self.regions):
            return self.regions[self.region][0]
        return next((outcome.target for outcome in self.opened.dispute.comparison.targets if outcome.lesions), None)

    @property
    def source(self) -> Role | None:
        """The series the target one is at was contoured on."""
        bindings = self.opened.view.bindings
        return next((binding.role for binding in bindings if binding.target is self.target), None)

    @property
    def grid(self) -> Grid | None:
        """The grid of the target one is at."""
        masks = () if self.target is None else masks_of(self.opened.dispute.pair, self.target)
        return next((mask.grid for mask in masks if mask is not None), None)

    def layers(self, show_result: bool) -> Mapping[Layer, Volume]:
        """A only, B only and both, and what the choices make, of all targets on the grid one is at."""
        grid = self.grid
        if grid is None:
            return {}
        sides: dict[Layer, NDArray[np.bool_]] = {}
        for outcome in self.opened.dispute.comparison.targets:
            masks = masks_of(self.opened.dispute.pair, outcome.target)
            drawn = next((mask for mask in masks if mask is not None), None)
            if drawn is None or not drawn.grid.same_as(grid):
                continue
            a, b = (_inside(mask, grid) for mask in masks)
            parts = {Layer.ONLY_A: a & ~b, Layer.ONLY_B: b & ~a, Layer.BOTH: a & b}
            if show_result:
                result = self.opened.dispute.result(self.choices, outcome.target)
                parts[Layer.RESULT] = _inside(None if result is None else result.mask, grid)
            for layer, inside in parts.items():
                sides[layer] = sides[layer] | inside if layer in sides else inside
        return {layer: Volume(inside.astype(np.uint8), grid) for layer, inside in sides.items()}


def _inside(mask: Volume | None, grid: Grid) -> NDArray[np.bool_]:
    return np.zeros(grid.shape_kji, bool) if mask is None else mask.array != 0
