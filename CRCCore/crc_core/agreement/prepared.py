"""One reader's mask, read through once for all the comparisons it takes part in."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crc_core.agreement.surface_elements import Surface, joined, surface_of
from crc_core.agreement.voxels import foreground, to_kji
from crc_core.geometry.grid import Grid, Volume
from crc_core.geometry.requirements import lesion_numbers


@dataclass(frozen=True, eq=False)
class PreparedMask:
    """The voxels of a mask that count: flat indices ascending, lesion numbers, (k, j, i); surfaces made when asked."""

    grid: Grid
    numbers_at: NDArray[np.uint8]
    flat: NDArray[np.int64]
    numbers: NDArray[np.uint8]
    kji: NDArray[np.int32]
    excluded: frozenset[int]
    _surfaces: dict[int, Surface] = field(default_factory=dict)

    @cached_property
    def sizes(self) -> dict[int, int]:
        """Voxels of each lesion number."""
        counts = np.bincount(self.numbers, minlength=1)
        return {int(number): int(counts[number]) for number in np.flatnonzero(counts)}

    def look_up(self, flat: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The lesion numbers at flat indices, 0 where nothing that counts was drawn."""
        return self._counting[self.numbers_at.reshape(-1)[flat]]

    def surface(self, number: int) -> Surface:
        """The surface of one lesion."""
        if number not in self._surfaces:
            self._surfaces[number] = surface_of(
                self.kji.compress(self.numbers == number, axis=0), self.grid.spacing_kji_mm
            )
        return self._surfaces[number]

    @cached_property
    def whole_surface(self) -> Surface:
        """The surface of all lesions together, without faces between lesions that touch."""
        together = joined([self.surface(number) for number in self.sizes])
        return surface_of(self.kji, self.grid.spacing_kji_mm) if together is None else together

    @cached_property
    def _counting(self) -> NDArray[np.uint8]:
        table = np.arange(256, dtype=np.uint8)
        table[list(self.excluded)] = 0
        return table


def prepare(volume: Volume, excluded: Set[int] = frozenset()) -> PreparedMask:
    """Read a mask through once; lesions in `excluded` count as not drawn.

    Raises CrcError where the values are not lesion numbers.
    """
    array = np.ascontiguousarray(lesion_numbers(volume.array))
    flat, numbers = foreground(array)
    if excluded:
        counts = ~np.isin(numbers, list(excluded))
        flat, numbers = flat[counts], numbers[counts]
    kji = to_kji(flat, array.shape)
    return PreparedMask(volume.grid, array, flat, numbers, kji, frozenset(excluded))
