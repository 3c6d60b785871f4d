"""How the images of a stack lie to each other: order along the normal, spacing, gaps, tilt, and the grid they make.

Source: DICOM PS3.3 C.7.6.2 (image plane module).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid

TILT_LIMIT_DEG = 0.5
SPACING_LIMIT = 0.01
_SAME_PLACE_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Gap:
    """A jump between two neighbouring images, after slice `after` (from 0).

    `missing` images are absent there; 0 where the jump is no whole number of steps, so that only the spacing changes.
    """

    after: int
    distance_mm: float
    missing: int


@dataclass(frozen=True, slots=True)
class StackGeometry:
    """The measured geometry of a stack sorted along its normal.

    `spacing_mm` is the median distance along the normal; `unevenness` the largest relative deviation from it, gaps
    included; `tilt_deg` the angle between the normal and the line through the image positions.
    """

    spacing_mm: float
    unevenness: float
    tilt_deg: float
    gaps: tuple[Gap, ...]
    normal_lps: tuple[float, float, float]

    @property
    def is_tilted(self) -> bool:
        """Whether the tilt is more than a grid at right angles can stand for."""
        return self.tilt_deg > TILT_LIMIT_DEG

    @property
    def is_sound(self) -> bool:
        """Whether the stack is a regular grid that NIfTI can hold, so that it may be a source."""
        return not self.is_tilted and self.unevenness <= SPACING_LIMIT


def normal_of(orientation_lps: Sequence[float]) -> NDArray[np.float64]:
    """The unit normal, row direction × column direction, in LPS."""
    normal = np.cross(orientation_lps[:3], orientation_lps[3:])
    return normal / np.linalg.norm(normal)


def along_normal_mm(orientation_lps: Sequence[float], positions_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """The place of each position `[n, 3]` along the normal in millimetres."""
    return positions_lps_mm @ normal_of(orientation_lps)


def plane_name(orientation_lps: Sequence[float] | None) -> str:
    """`axial`, `coronal` or `sagittal` for a normal within 30° of an axis of the patient, else `oblique`; or ``."""
    if orientation_lps is None:
        return ""
    normal = np.abs(normal_of(orientation_lps))
    axis = int(np.argmax(normal))
    return ("sagittal", "coronal", "axial")[axis] if normal[axis] > math.cos(math.radians(30)) else "oblique"


def measure(orientation_lps: Sequence[float], positions_lps_mm: NDArray[np.float64]) -> StackGeometry | None:
    """The geometry of positions `[n, 3]` that are sorted along the normal; None for fewer than two."""
    if len(positions_lps_mm) < 2:
        return None
    places = along_normal_mm(orientation_lps, positions_lps_mm)
    steps = np.diff(places)
    spacing = float(np.median(steps))
    normal = normal_of(orientation_lps)
    normal_lps = (float(normal[0]), float(normal[1]), float(normal[2]))
    if spacing <= _SAME_PLACE_MM:
        return StackGeometry(0.0, math.inf, 0.0, (), normal_lps)
    unevenness = float(np.abs(steps - spacing).max() / spacing)
    gaps = tuple(
        Gap(int(after), float(steps[after]), _missing(float(steps[after]) / spacing))
        for after in np.flatnonzero(steps > 1.5 * spacing)
    )
    return StackGeometry(spacing, unevenness, _tilt_deg(positions_lps_mm, normal), gaps, normal_lps)


def grid_of(
    orientation_lps: Sequence[float],
    pixel_spacing_mm: tuple[float, float],
    positions_lps_mm: NDArray[np.float64],
    rows: int,
    columns: int,
    thickness_mm: float | None,
) -> Grid:
    """The grid `[k, j, i]` of a sorted stack, sheared where the stack is tilted; spacing along k is the mean one.

    One image alone takes its thickness (or 1 mm) as spacing along k.
    """
    matrix = np.eye(4)
    matrix[:3, 0] = np.array(orientation_lps[:3]) * pixel_spacing_mm[1]
    matrix[:3, 1] = np.array(orientation_lps[3:]) * pixel_spacing_mm[0]
    count = len(positions_lps_mm)
    if count > 1:
        matrix[:3, 2] = (positions_lps_mm[-1] - positions_lps_mm[0]) / (count - 1)
    else:
        matrix[:3, 2] = normal_of(orientation_lps) * (thickness_mm or 1.0)
    matrix[:3, 3] = positions_lps_mm[0]
    return Grid.from_lps((count, rows, columns), matrix)


def _missing(steps: float) -> int:
    return round(steps) - 1 if abs(steps - round(steps)) < 0.1 else 0


def _tilt_deg(positions_lps_mm: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    line = positions_lps_mm[-1] - positions_lps_mm[0]
    sideways = line - (line @ normal) * normal
    return math.degrees(math.atan2(float(np.linalg.norm(sideways)), abs(float(line @ normal))))
