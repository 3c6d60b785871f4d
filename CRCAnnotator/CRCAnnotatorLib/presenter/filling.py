"""Filling the slices between drawn ones, and looking at what was filled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crc_core.contour.segment_key import SegmentKey
from crc_core.contour.terminology import Part
from crc_core.vocabulary import Target

from CRCAnnotatorLib.presenter.contour_bench import Bench
from CRCAnnotatorLib.presenter.contour_steps import ContourSteps
from CRCAnnotatorLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.contour.results import Point
    from crc_core.desk.layers import Change, Crop, TargetLayers

    from CRCAnnotatorLib.presenter.live import Live

FILL_EFFECT = "CRC fill between"
"""How our own filling is named among the effects used, beside Slicer's names of its own."""


class Filling:
    """Fills and reviews; remembers what it filled, so that undo, redo and strokes are told apart by what is there."""

    def __init__(self, bench: Bench, live: Live, steps: ContourSteps, used: Callable[[str], None]) -> None:
        self._bench, self._live, self._steps, self._used = bench, live, steps, used
        self.clear()

    def clear(self) -> None:
        """The case is closed."""
        self._fills: dict[tuple[SegmentKey, int], bytes] = {}

    @property
    def can_fill(self) -> bool:
        """Whether slices lie open between drawn ones of what is drawn now."""
        key = self._steps.edited()
        return key is not None and self._steps.open_slices(key) > 0

    def fill_between(self) -> None:
        """Fill the open slices between drawn ones by shape, in one undo step; they wait for review."""
        from crc_core.contour.voxels import slice_axis
        from crc_core.desk.filling import fill_between

        why_not, key = self._steps.why_not(), self._steps.edited()
        if key is None:
            self._bench.hub.note(Level.INFO, why_not)
            return
        self._live.read_now()
        crop, layers = self._bench.crop(key), self._bench.layers_of(key.target)
        if crop is None or layers is None:
            self._bench.hub.note(Level.INFO, "annotator.contour.nothing_to_fill")
            return
        axis = slice_axis(layers.grid)
        first, second = (step for index, step in enumerate(layers.grid.spacing_kji_mm) if index != axis)
        inside, indexes = fill_between(crop.inside, axis, (first, second))
        if not indexes:
            self._bench.hub.note(Level.INFO, "annotator.contour.nothing_to_fill")
            return
        self._take_filled(key, type(crop)(crop.box, inside), [index + crop.box[axis].start for index in indexes], axis)
        self._bench.hub.note(Level.INFO, "annotator.contour.filled", count=len(indexes))

    def _take_filled(self, key: SegmentKey, crop: Crop, slices: list[int], axis: int) -> None:
        bench = self._bench
        bench.write({key: crop})
        state = bench.work.of(key.target)
        if state is None:
            return
        for index in slices:
            self._fills[key, index] = crop.section(axis, index)
        fresh = [index for index in slices if index not in state.filled_slices]
        bench.update(
            key.target,
            filled_slices=tuple(sorted({*state.filled_slices, *slices})),
            filled_count=state.filled_count + len(fresh),
        )
        self._used(FILL_EFFECT)
        self._live.examine(key.target, (key.lesion,))

    def follow(self, key: SegmentKey, change: Change) -> None:
        """Segments changed: a stroke on a filled slice counts as a look at it; what undo emptied was never filled."""
        from crc_core.contour.voxels import slice_axis

        state, layers = self._bench.work.of(key.target), self._bench.layers_of(key.target)
        if state is None or layers is None:
            return
        crop, axis = self._bench.crop(key), slice_axis(layers.grid)
        waiting, count = set(state.filled_slices), state.filled_count
        for index in change.slices:
            section = b"" if crop is None else crop.section(axis, index)
            if section and self._fills.get((key, index)) == section:
                if index not in waiting:
                    waiting.add(index)
                    count += 1
            elif index in waiting:
                waiting.discard(index)
                if not section and not self._elsewhere(layers, index, axis):
                    count -= 1
        self._bench.update(key.target, filled_slices=tuple(sorted(waiting)), filled_count=max(count, 0))

    def _elsewhere(self, layers: TargetLayers, index: int, axis: int) -> bool:
        """Whether any segment of the target still holds something in a slice."""
        crops = (
            layers.layer(part).crop(number)
            for part in (Part.MASK, *((Part.OUTER, Part.INNER) if layers.outer is not None else ()))
            for number in layers.lesions
        )
        return any(crop is not None and bool(crop.section(axis, index)) for crop in crops)

    # review
    def to_review(self) -> tuple[str, ...]:
        """The filled slices nobody has looked at, as a radiologist counts them, the most cranial first."""
        from crc_core.contour.wording import slice_number

        state = self._bench.state
        layers = None if state is None else self._bench.layers_of(state.target)
        if state is None or layers is None:
            return ()
        numbers = sorted(slice_number(index, layers.grid) for index in state.filled_slices)
        return tuple(self._bench.hub.say("annotator.contour.slice", number=number) for number in numbers)

    def review_next(self) -> None:
        """Show the next filled slice nobody has looked at, from where the views are, downwards and around."""
        state = self._bench.state
        layers = None if state is None else self._bench.layers_of(state.target)
        if state is None or layers is None or not state.filled_slices:
            self._bench.hub.note(Level.INFO, "desk.needs.filled")
            return
        here = self._slice_here(layers)
        order = _downwards(state.filled_slices, layers)
        after = [index for index in order if here is not None and _is_below(index, here, layers)]
        index = after[0] if after else order[0]
        place = self._place_in(state.target, layers, index)
        if place is not None:
            self._bench.scene.jump(place)

    def mark_reviewed(self) -> None:
        """The filled slice in view was looked at; on to the next one."""
        state = self._bench.state
        layers = None if state is None else self._bench.layers_of(state.target)
        if state is None or layers is None:
            return
        here = self._slice_here(layers)
        if here not in state.filled_slices:
            self._bench.hub.note(Level.INFO, "annotator.contour.not_filled_here")
            return
        left = tuple(index for index in state.filled_slices if index != here)
        self._bench.update(state.target, filled_slices=left)
        self._live.examine(state.target, [lesion.number for lesion in state.lesions])
        if left:
            self.review_next()

    def _slice_here(self, layers: TargetLayers) -> int | None:
        from crc_core.contour.voxels import slice_axis

        ras = self._bench.scene.position()
        if ras is None:
            return None
        return round(float(layers.grid.to_ijk(ras)[2 - slice_axis(layers.grid)]))

    def _place_in(self, target: Target, layers: TargetLayers, index: int) -> Point | None:
        """The middle of what is drawn in a slice: of the chosen lesion, else of any."""
        numbers = sorted(layers.lesions, key=lambda number: number != self._bench.lesion)
        parts = (Part.MASK,) if layers.outer is None else (Part.OUTER, Part.INNER)
        places = (layers.layer(part).middle_in(number, index) for number in numbers for part in parts)
        return next((place for place in places if place is not None), None)


def _downwards(slices: tuple[int, ...], layers: TargetLayers) -> list[int]:
    from crc_core.contour.wording import slice_number

    return sorted(slices, key=lambda index: slice_number(index, layers.grid))


def _is_below(index: int, here: int, layers: TargetLayers) -> bool:
    from crc_core.contour.wording import slice_number

    return slice_number(index, layers.grid) > slice_number(here, layers.grid)
