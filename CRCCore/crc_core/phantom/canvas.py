"""Painting tissues on a grid, shape over shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.shapes import Field, Points, Shape
from crc_core.phantom.tissue import Tissue
from crc_core.phantom.warp import Warp

Box = tuple[slice, slice, slice]


class Canvas:
    """Tissue per voxel on one grid (or on some slices of it), painted shape over shape."""

    def __init__(self, grid: Grid, warp: Warp) -> None:
        self.grid = grid
        self.warp = warp
        self.tissue = np.zeros(grid.shape_kji, dtype=np.uint8)
        k, j, i = np.ogrid[tuple(slice(0, n) for n in grid.shape_kji)]
        matrix = grid.ijk_to_ras.astype(np.float32)
        self.native = tuple(
            np.ascontiguousarray(
                np.broadcast_to(
                    matrix[row, 0] * i.astype(np.float32)
                    + matrix[row, 1] * j.astype(np.float32)
                    + matrix[row, 2] * k.astype(np.float32)
                    + matrix[row, 3],
                    grid.shape_kji,
                )
            )
            for row in range(3)
        )
        self.standard = warp.standard(*self.native)
        self._to_ijk = grid.ras_to_ijk
        self._margin_mm = warp.reach_mm / float(warp.scales.min())

    def box(self, low: Points, high: Points, in_native: bool = False) -> Box | None:
        """The voxels around a box given in the standard body (or in this one); None where it misses the grid."""
        return next(self._boxes(low[None], high[None], in_native), (0, None))[1]

    def _boxes(self, low: Points, high: Points, in_native: bool) -> Iterator[tuple[int, Box]]:
        """Which of the boxes `[n, 3]` touch the grid, and their voxels."""
        if not in_native:
            low, high = low / self.warp.scales - self._margin_mm, high / self.warp.scales + self._margin_mm
        middle = ((low + high) / 2) @ self._to_ijk[:3, :3].T + self._to_ijk[:3, 3]
        half = ((high - low) / 2) @ np.abs(self._to_ijk[:3, :3]).T
        first = np.maximum(np.floor(middle - half), 0).astype(int)[:, ::-1]
        last = np.minimum(np.ceil(middle + half) + 1, self.grid.shape_kji[::-1]).astype(int)[:, ::-1]
        for index in np.flatnonzero((first < last).all(axis=1)).tolist():
            k, j, i = (slice(a, b) for a, b in zip(first[index].tolist(), last[index].tolist(), strict=True))
            yield index, (k, j, i)

    def at(self, box: Box, in_native: bool = False) -> tuple[Field, Field, Field]:
        """The coordinates of the voxels in `box`, in the standard body or in this one."""
        x, y, z = self.native if in_native else self.standard
        return x[box], y[box], z[box]

    def paint(
        self,
        shapes: Shape | Sequence[Shape],
        tissue: Tissue,
        *,
        over: frozenset[Tissue] | None = None,
        in_native: bool = False,
    ) -> None:
        """Give the voxels inside the shapes `tissue`, or only those that are one of `over`."""
        allowed = None if over is None else _allowed(over)
        several = shapes if isinstance(shapes, Sequence) else (shapes,)
        if not several:
            return
        low, high = (np.array(ends) for ends in zip(*(shape.bounds() for shape in several), strict=True))
        for index, box in self._boxes(low, high, in_native):
            inside = several[index].holds(*self.at(box, in_native))
            if allowed is not None:
                inside &= allowed[self.tissue[box]]
            self.tissue[box][inside] = tissue


def _allowed(over: frozenset[Tissue]) -> NDArray[np.bool_]:
    allowed = np.zeros(256, dtype=bool)
    allowed[[int(tissue) for tissue in over]] = True
    return allowed
