"""The grid of an image: how voxel indices map to the patient.

Arrays are `[k, j, i]` (slice, row, column); points are RAS millimetres. LPS exists only at the DICOM and ITK border,
through `Grid.ijk_to_lps` and `Grid.from_lps`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAME_GRID_TOLERANCE_MM = 1e-3
_RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Grid:
    """Shape `[k, j, i]` of an array and its 4×4 matrix from voxel index (i, j, k) to RAS millimetres."""

    shape_kji: tuple[int, int, int]
    ijk_to_ras: NDArray[np.float64]

    def __post_init__(self) -> None:
        matrix = np.array(self.ijk_to_ras, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or not np.array_equal(matrix[3], (0, 0, 0, 1)):
            raise ValueError("ijk_to_ras must be a finite 4×4 affine matrix")
        if len(self.shape_kji) != 3 or min(self.shape_kji) < 1:
            raise ValueError(f"shape {self.shape_kji} must be three positive numbers")
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-12:
            raise ValueError("ijk_to_ras must have an inverse")
        matrix.flags.writeable = False
        object.__setattr__(self, "ijk_to_ras", matrix)
        object.__setattr__(self, "shape_kji", tuple(int(n) for n in self.shape_kji))

    @classmethod
    def from_spacing(
        cls,
        shape_kji: tuple[int, int, int],
        spacing_ijk_mm: tuple[float, float, float],
        origin_ras_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> Grid:
        """A grid whose axes i, j, k run along right, anterior, superior."""
        matrix = np.diag([*spacing_ijk_mm, 1.0])
        matrix[:3, 3] = origin_ras_mm
        return cls(shape_kji, matrix)

    @classmethod
    def from_lps(cls, shape_kji: tuple[int, int, int], ijk_to_lps: ArrayLike) -> Grid:
        """The grid whose index-to-patient matrix is given in LPS millimetres, as in DICOM and ITK."""
        return cls(shape_kji, _RAS_LPS @ np.asarray(ijk_to_lps, dtype=np.float64))

    @property
    def ijk_to_lps(self) -> NDArray[np.float64]:
        """The 4×4 matrix from voxel index to LPS millimetres, for DICOM and ITK only."""
        return np.asarray(_RAS_LPS @ self.ijk_to_ras, dtype=np.float64)

    @property
    def ras_to_ijk(self) -> NDArray[np.float64]:
        """The 4×4 matrix from RAS millimetres to voxel index."""
        return np.asarray(np.linalg.inv(self.ijk_to_ras), dtype=np.float64)

    @property
    def spacing_ijk_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along i, j and k in millimetres."""
        lengths = np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)
        return (float(lengths[0]), float(lengths[1]), float(lengths[2]))

    @property
    def spacing_kji_mm(self) -> tuple[float, float, float]:
        """Distance between neighbours along k, j and i in millimetres, the order of array axes."""
        return self.spacing_ijk_mm[::-1]

    @property
    def directions(self) -> NDArray[np.float64]:
        """3×3 matrix whose columns are the unit vectors of i, j and k in RAS."""
        return self.ijk_to_ras[:3, :3] / np.array(self.spacing_ijk_mm)

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in cubic millimetres."""
        return float(abs(np.linalg.det(self.ijk_to_ras[:3, :3])))

    @property
    def shear_deg(self) -> float:
        """The largest deviation of two axes from a right angle in degrees; 0 for every grid that NIfTI can hold."""
        dot = np.abs(self.directions.T @ self.directions - np.eye(3)).max()
        return float(np.degrees(np.arcsin(min(1.0, dot))))

    def squared(self) -> Grid:
        """The nearest grid with axes at right angles, of the same spacing and first voxel; what NIfTI can hold."""
        left, _, right = np.linalg.svd(self.directions)
        matrix = self.ijk_to_ras.copy()
        matrix[:3, :3] = (left @ right) * np.array(self.spacing_ijk_mm)
        return Grid(self.shape_kji, matrix)

    @property
    def corners_ras(self) -> NDArray[np.float64]:
        """8×3 RAS millimetres of the centres of the corner voxels."""
        k, j, i = self.shape_kji
        return self.to_ras(np.array(list(itertools.product((0, i - 1), (0, j - 1), (0, k - 1))), dtype=np.float64))

    def to_ras(self, ijk: ArrayLike) -> NDArray[np.float64]:
        """RAS millimetres of voxel indices; `ijk` is `[..., 3]` in the order i, j, k."""
        return np.asarray(ijk, dtype=np.float64) @ self.ijk_to_ras[:3, :3].T + self.ijk_to_ras[:3, 3]

    def to_ijk(self, ras: ArrayLike) -> NDArray[np.float64]:
        """Continuous voxel indices (i, j, k) of RAS points `[..., 3]`."""
        inverse = self.ras_to_ijk
        return np.asarray(ras, dtype=np.float64) @ inverse[:3, :3].T + inverse[:3, 3]

    def same_as(self, other: Grid) -> bool:
        """Whether shapes are equal and all corners lie within 1e-3 mm of each other."""
        return self.shape_kji == other.shape_kji and self.corner_distance_mm(other) <= SAME_GRID_TOLERANCE_MM

    def corner_distance_mm(self, other: Grid) -> float:
        """The largest distance between corresponding corners in millimetres."""
        return float(np.linalg.norm(self.corners_ras - other.corners_ras, axis=1).max())

    def crop(self, slices_kji: tuple[slice, slice, slice]) -> Grid:
        """The grid of `array[slices_kji]` (slices with a start, a stop and no step)."""
        starts = [int(s.start or 0) for s in slices_kji]
        stops = [int(size if s.stop is None else s.stop) for s, size in zip(slices_kji, self.shape_kji, strict=True)]
        matrix = self.ijk_to_ras.copy()
        matrix[:3, 3] = self.to_ras(starts[::-1])
        shape = (stops[0] - starts[0], stops[1] - starts[1], stops[2] - starts[2])
        return Grid(shape, matrix)


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels `[k, j, i]` and the grid they lie on."""

    array: NDArray
    grid: Grid

    def __post_init__(self) -> None:
        if self.array.shape != self.grid.shape_kji:
            raise ValueError(f"array {self.array.shape} does not fit the grid {self.grid.shape_kji}")
