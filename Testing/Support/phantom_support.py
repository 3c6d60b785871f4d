"""Phantoms made once per test run, fine copies of parts of them, and their DICOM as other readers see it."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK
from crc_core.geometry.grid import Grid
from crc_core.phantom.anatomy import Anatomy, paint_anatomy
from crc_core.phantom.placement import with_lesions
from crc_core.phantom.plan import BodyPlan, make_body
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist


@functools.lru_cache(maxsize=16)
def plan(seed: int, time_point: int = 0, primaries: int = 1) -> BodyPlan:
    """The plan behind a phantom."""
    return with_lesions(make_body(seed, primaries), time_point)


def cube(centre_ras_mm: ArrayLike, half_mm: float, step_mm: float) -> Grid:
    """A fine grid around a point."""
    count = int(2 * half_mm / step_mm) + 1
    origin = np.asarray(centre_ras_mm, dtype=np.float64) - step_mm * (count - 1) / 2
    return Grid.from_spacing((count,) * 3, (step_mm,) * 3, (origin[0], origin[1], origin[2]))


def painted(seed: int, grid: Grid, primaries: int = 1) -> Anatomy:
    """The body of a seed on any grid."""
    return paint_anatomy(grid, plan(seed, 0, primaries))


def longest_axial_mm(mask: NDArray[np.bool_], grid: Grid) -> float:
    """The longest distance between voxel centres in any one slice of an axial mask."""
    longest = 0.0
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        points = np.argwhere(mask[k]) * np.array(grid.spacing_kji_mm[1:])
        if len(points) > 3 and np.linalg.matrix_rank(points - points[0]) == 2:
            points = points[ConvexHull(points).vertices]
        longest = max(longest, float(pdist(points).max()) if len(points) > 1 else 0.0)
    return longest


def series_folders(folder: Path) -> list[Path]:
    """Every folder that holds images."""
    return sorted({path.parent for path in folder.rglob("*.dcm")})


def headers(folder: Path) -> list[pydicom.Dataset]:
    """The headers of one series in the order of the file names."""
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in sorted(folder.glob("*.dcm"))]


def read_series(folder: Path) -> SimpleITK.Image:
    """One series as SimpleITK reads it."""
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def by_description(folder: Path) -> dict[str, Path]:
    """The series folders by their description."""
    return {str(headers(series)[0].SeriesDescription): series for series in series_folders(folder)}
