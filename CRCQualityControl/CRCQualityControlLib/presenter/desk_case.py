"""The unit on the senior's desk: choices, contours shown, the way from one difference to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

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
    authors: tuple[str, str] | None = None
    _regions: tuple[tuple[Target, DisagreementRegion], ...] = ()
    _crops: dict[tuple[Target, ...], Mapping[Layer, Volume]] = field(default_factory=dict)
    _parts: dict[Target, Mapping[Layer, NDArray[np.int64]]] = field(default_factory=dict)

    @property
    def regions(self) -> tuple[tuple[Target, DisagreementRegion], ...]:
        """Where the readers differ, over all targets that somebody drew, the largest first; none before `preparing`."""
        return self._regions

    def preparing(self) -> Iterator[tuple[int, int]]:
        """Decode the masks and find where they differ, target by target: what takes a moment once."""
        targets = [outcome.target for outcome in self.opened.dispute.comparison.targets]
        found: list[tuple[Target, DisagreementRegion]] = []
        for done, target in enumerate(targets, start=1):
            self.opened.dispute.sides(target)
            yield 2 * done - 1, 2 * len(targets)
            found += [(target, region) for region in self.opened.dispute.regions(target)]
            yield 2 * done, 2 * len(targets)
        self._regions = tuple(sorted(found, key=lambda item: -item[1].volume_ml))

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
        """A only, B only and both, and what the choices make, of all targets on the grid one is at, as crops of it.

        What the readers drew is the same object at every call.
        """
        grid = self.grid
        if grid is None:
            return {}
        targets = [
            (outcome.target, sides)
            for outcome in self.opened.dispute.comparison.targets
            if (sides := self.opened.dispute.sides(outcome.target)) is not None and sides.grid.same_as(grid)
        ]
        layers = dict(self._drawn(targets, grid))
        made = [self.opened.dispute.result(self.choices, target) for target, _ in targets if self.shows_result]
        results = [result.mask for result in made if result is not None]
        if results:
            layers[Layer.RESULT] = _united(results, grid)
        return layers

    def _drawn(self, targets: Sequence[tuple[Target, Sides]], grid: Grid) -> Mapping[Layer, Volume]:
        key = tuple(target for target, _ in targets)
        if key not in self._crops:
            parts: dict[Layer, list[NDArray[np.int64]]] = {}
            for target, sides in targets:
                for layer, flat in self._alone(target, sides).items():
                    parts.setdefault(layer, []).append(flat)
            box = box_around([flat for flats in parts.values() for flat in flats], grid)
            self._crops[key] = (
                {}
                if box is None
                else {layer: cropped(np.concatenate(flats), 1, grid, box) for layer, flats in parts.items()}
            )
        return self._crops[key]

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
