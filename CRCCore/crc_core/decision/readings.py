"""Several sealed readings of one unit compared target by target, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crc_core.agreement import ReadersComparison, compare_readers, prepare
from crc_core.agreement.prepared import PreparedMask
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.geometry.requirements import require_same_grid
from crc_core.reading.masks import MASKS_FOLDER
from crc_core.reading.schema import TargetReading
from crc_core.reading.seal import READING_NAME, SealedReading
from crc_core.vocabulary import LesionClass, Target, TargetAnswer


@dataclass(frozen=True, eq=False)
class TargetComparison:
    """What several readers say of one target, in their order.

    `readers` is None where nobody drew it. A reader who drew nothing counts as an empty mask only where they assessed
    the target; `assessed` are the places of those who did, which is what `readers` counts by.
    """

    target: Target
    answers: tuple[TargetAnswer, ...]
    assessed: tuple[int, ...]
    readers: ReadersComparison | None


def compare_readings(readings: Sequence[SealedReading]) -> tuple[TargetComparison, ...]:
    """Compare two or more readings of one unit; each mask is decoded once, uncertain lesions count as not drawn.

    Raises CrcError naming the reading that is of another case or series, lies on another grid, or was altered.
    """
    first = readings[0]
    for other in readings[1:]:
        if other.reading.unit != first.reading.unit:
            path = other.sealed.folder / READING_NAME
            raise CrcError("reading.other_unit", path=path, seen=other.reading.unit, expected=first.reading.unit)
    spoken = {item.target for reading in readings for item in reading.reading.targets}
    return tuple(_compare(readings, target) for target in Target if target in spoken)


def counted_mask(reading: SealedReading, target: Target, grid: Grid) -> PreparedMask:
    """What a reading drew of a target, prepared for comparison on `grid`; empty where nothing was drawn."""
    said = reading.reading.of(target)
    if said is None or not said.lesions:
        return prepare(Volume(np.zeros(grid.shape_kji, np.uint8), grid))
    return prepare(reading.mask(target), uncertain(said))


def uncertain(said: TargetReading) -> frozenset[int]:
    """The lesions of class uncertain, which stay out of Dice."""
    return frozenset(lesion.number for lesion in said.lesions if lesion.kind is LesionClass.UNCERTAIN)


def _compare(readings: Sequence[SealedReading], target: Target) -> TargetComparison:
    said = [reading.reading.of(target) for reading in readings]
    answers = tuple(TargetAnswer.NOT_ASSESSABLE if item is None else item.answer for item in said)
    assessed = tuple(
        place for place, item in enumerate(said) if item is not None and (item.lesions or item.says_absent)
    )
    drawn = [place for place in assessed if answers[place] is TargetAnswer.DRAWN]
    if not drawn or len(assessed) < 2:
        return TargetComparison(target, answers, assessed, None)
    grid = _common_grid([readings[place] for place in drawn], target)
    masks = [counted_mask(readings[place], target, grid) for place in assessed]
    return TargetComparison(target, answers, assessed, compare_readers(masks))


def _common_grid(drawn: Sequence[SealedReading], target: Target) -> Grid:
    first = drawn[0].reading.of(target)
    grid = drawn[0].mask(target).grid
    for reading in drawn[1:]:
        said = reading.reading.of(target)
        if said is not None and first is not None and said.source != first.source:
            path = reading.sealed.folder / READING_NAME
            raise CrcError("reading.other_source", path=path, seen=said.source, expected=first.source)
        require_same_grid(reading.mask(target).grid, grid, reading.sealed.folder / MASKS_FOLDER)
    return grid
