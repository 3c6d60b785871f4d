"""The grids of the phantom's series."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from crc_core.geometry.grid import Grid
from crc_core.phantom.colon import Colon
from crc_core.phantom.model import Fault, PhantomSize
from crc_core.phantom.shapes import Points
from crc_core.vocabulary import Role

_FIELD_MM = 350.0
_NARROW_FIELD_MM = 280.0
_LOW_Z_MM, _HIGH_Z_MM = -18.0, 442.0
_CUT_OFF_Z_MM = 55.0
_CHEST_LOW_Z_MM, _CHEST_HIGH_Z_MM = 318.0, 640.0
_MIDDLE_Y_MM = -8.0
_TILT_DEG = 12.0
_THICK_MM = 7.5


@dataclass(frozen=True)
class _Fineness:
    """Pixels a side and slice steps; for the MR series pixels, field (mm), slices and step (mm)."""

    pixels: int
    abdomen_step_mm: float
    chest_step_mm: float
    t2: tuple[int, float, int, float]
    dwi: tuple[int, float, int, float]


_FINENESS: Mapping[PhantomSize, _Fineness] = MappingProxyType(
    {
        PhantomSize.TEST: _Fineness(128, 4.0, 5.0, (112, 200.0, 20, 3.6), (80, 300.0, 18, 5.0)),
        PhantomSize.SAMPLE: _Fineness(256, 3.0, 3.0, (224, 200.0, 24, 3.6), (128, 300.0, 22, 5.0)),
        PhantomSize.FULL: _Fineness(
            512, (_HIGH_Z_MM - _LOW_Z_MM) / 600, 1.0, (320, 200.0, 30, 3.6), (192, 300.0, 26, 5.0)
        ),
    }
)


def abdomen_grid(size: PhantomSize, faults: Collection[Fault] = ()) -> Grid:
    """The grid of the four phases: 115 slices of 4 mm at test size, 153 of 3 mm as a sample, 600 at full size."""
    fine = _FINENESS[size]
    step = _THICK_MM if Fault.THICK_SLICES in faults else fine.abdomen_step_mm
    low = _CUT_OFF_Z_MM if Fault.CUT_OFF_COVERAGE in faults else _LOW_Z_MM
    field = _NARROW_FIELD_MM if Fault.CUT_OFF_FIELD in faults else _FIELD_MM
    grid = axial_grid(fine.pixels, field, low, round((_HIGH_Z_MM - low) / step), step)
    return _tilted(grid) if Fault.TILT in faults else grid


def chest_grid(size: PhantomSize) -> Grid:
    """The grid of the chest series: 64 slices of 5 mm at test size, 107 of 3 mm as a sample, 322 at full size."""
    fine = _FINENESS[size]
    slices = round((_CHEST_HIGH_Z_MM - _CHEST_LOW_Z_MM) / fine.chest_step_mm)
    return axial_grid(fine.pixels, _FIELD_MM, _CHEST_LOW_Z_MM, slices, fine.chest_step_mm)


def axial_grid(pixels: int, field_mm: float, low_z_mm: float, slices: int, step_mm: float) -> Grid:
    """Axial slices from below upwards; columns run to the patient's left, rows to the back, as on a film."""
    spacing = field_mm / pixels
    matrix = np.diag([-spacing, -spacing, step_mm, 1.0])
    matrix[:3, 3] = (field_mm / 2 - spacing / 2, _MIDDLE_Y_MM + field_mm / 2 - spacing / 2, low_z_mm)
    return Grid((slices, pixels, pixels), matrix)


def _tilted(grid: Grid) -> Grid:
    """The grid with a tilted gantry: slices lean, the couch moves straight on, so that the axes are not square."""
    matrix = grid.ijk_to_ras.copy()
    spacing = grid.spacing_ijk_mm[1]
    turn = np.radians(_TILT_DEG)
    matrix[:3, 1] = spacing * np.array([0.0, -np.cos(turn), -np.sin(turn)])
    middle = grid.shape_kji[1] / 2
    matrix[:3, 3] += middle * (grid.ijk_to_ras[:3, 1] - matrix[:3, 1])
    return Grid(grid.shape_kji, matrix)


def mr_grids(colon: Colon, size: PhantomSize) -> dict[Role, Grid]:
    """Oblique slices across the bowel at the first primary for T2WI and slightly oblique axial ones for DWI."""
    primary = colon.primaries[0]
    index = colon.index_of(primary.centre_mm)
    middle = colon.line[index]
    fine = _FINENESS[size]
    across = colon.tangent[index]
    across = across if across[2] >= 0 else -across
    # A real examination is angled by the bowel, but not past 50 degrees from axial.
    steep = np.array([across[0], across[1], max(across[2], 0.65)])
    return {
        Role.T2: _oblique(middle, steep, *fine.t2),
        Role.DWI: _oblique(middle, np.array([0.03, 0.14, 1.0]), *fine.dwi),
    }


def _oblique(middle: Points, normal: Points, pixels: int, field_mm: float, slices: int, step_mm: float) -> Grid:
    up = normal / np.linalg.norm(normal)
    left = np.cross(up, [0.0, 1.0, 0.0])
    left = -left / np.linalg.norm(left) if left[0] > 0 else left / np.linalg.norm(left)
    back = np.cross(up, left)
    spacing = field_mm / pixels
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = left * spacing, back * spacing, up * step_mm
    half = np.array([(pixels - 1) / 2, (pixels - 1) / 2, (slices - 1) / 2])
    matrix[:3, 3] = middle - matrix[:3, :3] @ half
    return Grid((slices, pixels, pixels), matrix)
