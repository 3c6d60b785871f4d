"""The masks of a reading or a final: which files there must be, and that each says what the document says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.subtraction import subtract
from crc_core.errors import CrcError
from crc_core.geometry.grid import Grid, Volume
from crc_core.identity import mask_name
from crc_core.reading.final import FinalTarget
from crc_core.reading.schema import TargetReading
from crc_core.vocabulary import Target

MASKS_FOLDER = "masks"
OUTER, INNER = "outer", "inner"


@dataclass(frozen=True)
class MaskSet:
    """The masks one target needs: the series they lie on, the lesion numbers, and whether parents go with it."""

    target: Target
    source: str
    numbers: frozenset[int]
    has_parents: bool

    def name(self, parent: str = "") -> str:
        """The file's name in the sealed folder; `parent` is `outer`, `inner` or empty."""
        return f"{MASKS_FOLDER}/{mask_name(self.source, self.target, parent)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files of this target."""
        parents = (OUTER, INNER) if self.has_parents else ()
        return tuple(self.name(parent) for parent in ("", *parents))


def masks_of_reading(targets: Iterable[TargetReading]) -> tuple[MaskSet, ...]:
    """What the drawn targets of a reading need."""
    return tuple(
        MaskSet(item.target, item.source, frozenset(lesion.number for lesion in item.lesions), item.has_parents)
        for item in targets
        if item.source is not None
    )


def masks_of_final(targets: Iterable[FinalTarget]) -> tuple[MaskSet, ...]:
    """What the targets of a final need; dropped lesions have no voxels, and a target of these alone no mask."""
    wanted = []
    for item in targets:
        numbers = frozenset(lesion.number for lesion in item.lesions if lesion.number)
        if item.source is not None and numbers:
            wanted.append(MaskSet(item.target, item.source, numbers, has_parents=False))
    return tuple(wanted)


def check_names(wanted: Iterable[MaskSet], seen: Iterable[str], folder: Path) -> None:
    """Raise the CrcError that names a mask which is missing or which no target asks for."""
    expected = {name for item in wanted for name in item.names}
    for name in sorted(expected - set(seen)):
        raise CrcError("reading.mask_missing", path=folder / name)
    for name in sorted(set(seen) - expected):
        raise CrcError("reading.mask_unexpected", path=folder / name)


def check_masks(wanted: MaskSet, masks: Mapping[str, Volume], folder: Path, grid: Grid | None = None) -> None:
    """Raise the CrcError that names what is wrong with one target's masks.

    `masks` are by name. All lie on one grid (on `grid` where that is given), the mask holds exactly the lesion numbers
    of the document, and where it was made by subtraction it is outer minus inner.
    """
    name = wanted.name()
    expected = grid if grid is not None else masks[name].grid
    for each in wanted.names:
        require_mask_grid(masks[each].grid, expected, folder / each)
    numbers = lesion_numbers(masks[name].array)
    if not numbers:
        raise CrcError("mask.empty", path=folder / name)
    if numbers != wanted.numbers:
        raise CrcError(
            "reading.lesions_differ", path=folder / name, seen=_words(numbers), expected=_words(wanted.numbers)
        )
    if wanted.has_parents:
        outer, inner = masks[wanted.name(OUTER)], masks[wanted.name(INNER)]
        if not np.array_equal(subtract(outer, inner).array, masks[name].array):
            raise CrcError("reading.not_subtraction", path=folder / name)


def require_mask_grid(seen: Grid, expected: Grid, path: Path) -> None:
    """Raise the CrcError that tells a mask of another series from one of the right one."""
    if not seen.same_as(expected):
        raise CrcError("reading.other_grid", path=path)


def lesion_numbers(mask: NDArray[np.uint8]) -> frozenset[int]:
    """The lesion numbers a mask `[k, j, i]` holds."""
    seen = np.zeros(256, bool)
    # Slice by slice: counting the whole array at once would take eight times its memory.
    for drawn in mask[mask.any(axis=(1, 2))]:
        seen |= np.bincount(drawn.ravel(), minlength=256) > 0
    return frozenset(int(number) for number in np.flatnonzero(seen[1:]) + 1)


def _words(numbers: frozenset[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
