"""The unit on the senior's desk: choices, contours shown, the way from one difference to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from crc_core.agreement import DisagreementRegion
from crc_core.decision.choices import Choices, LesionKey
from crc_core.decision.crops import box_around, cropped, embedded
from crc_core.decision.settling import Sides
from crc_core.geometry.grid import Grid, Volume
from crc_core.quality.case import OpenCase
from crc_core.vocabulary import Role, Target
from numpy.typing import NDArray

from CRCQualityControlLib.presenter.ports import Fill, Layer, Tool
from CRCQualityControlLib.presenter.signer import Signer


@dataclass
class DeskCase:
    """What changes while a senior works on a unit; the readings and the comparison do not."""

    opened: OpenCase
    choices: Choices = field(default_factory=Choices)
    fill: Fill = Fill.FILLED
    region: int = -1
    editing: LesionKey | None = None
    tool: Tool | None = None
    brush_mm: float = 5.0
    shows_result: bool = False
    signer: Signer = field(default_factory=Signer)
    _parts: dict[Target, Mapping[Layer, NDArray[np.int64]]] = field(default_factory=dict)

    @cached_property
    def regions(self) -> tuple[tuple[Target, DisagreementRegion], ...]:
        """Where the readers differ, over all disputed targets, the largest first."""
        targets = [outcome.target for outcome in self.opened.dispute.comparison.targets]
        found = [(target, region) for target in targets for region in self.opened.dispute.regions(target)]
        return tuple(sorted(found, key=lambda item: -item[1].volume_ml))

    def prepare(self) -> None:
        """Decode the masks and find the regions now, while a person is told that the case is being opened."""
        self.layers()
        _ = self.regions

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
        sides = None if self.target is None else self.opened.dispute.sides(self.target)
        return None if sides is None else sides.grid

    def layers(self) -> Mapping[Layer, Volume]:
        """A only, B only and both, and what the choices make, of all targets on the grid one is at, as crops of it."""
        grid = self.grid
        if grid is None:
            return {}
        parts: dict[Layer, list[NDArray[np.int64]]] = {}
        box_parts: list[NDArray[np.int64]] = []
        results: list[Volume] = []
        for outcome in self.opened.dispute.comparison.targets:
            sides = self.opened.dispute.sides(outcome.target)
            if sides is None or not sides.grid.same_as(grid):
                continue
            for layer, flat in self._alone(outcome.target, sides).items():
                parts.setdefault(layer, []).append(flat)
                box_parts.append(flat)
            result = self.opened.dispute.result(self.choices, outcome.target) if self.shows_result else None
            if result is not None:
                results.append(result.mask)
        box = box_around(box_parts, grid)
        if box is None:
            return {}
        layers = {layer: cropped(np.concatenate(flats), 1, grid, box) for layer, flats in parts.items()}
        if results:
            layers[Layer.RESULT] = _united(results, grid)
        return layers

    def _alone(self, target: Target, sides: Sides) -> Mapping[Layer, NDArray[np.int64]]:
        """The voxels of A only, B only and both; they never change while the case is on the desk."""
        if target not in self._parts:
            a, b = sides.a.flat, sides.b.flat
            self._parts[target] = {
                Layer.ONLY_A: np.setdiff1d(a, b, assume_unique=True),
                Layer.ONLY_B: np.setdiff1d(b, a, assume_unique=True),
                Layer.BOTH: np.intersect1d(a, b, assume_unique=True),
            }
        return self._parts[target]


def _united(masks: Sequence[Volume], grid: Grid) -> Volume:
    """Several crops of one grid together; a single one is given back."""
    if len(masks) == 1:
        return masks[0]
    flats = [np.flatnonzero(embedded(mask, grid).array) for mask in masks]
    flat = np.unique(np.concatenate(flats))
    return cropped(flat, 1, grid, box_around([flat], grid) or (slice(0, 1),) * 3)
