"""The grids of the phantom's series."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from crc_core.geometry.grid import Grid
from crc_core.phantom.colon import Colon
from crc_core.phantom.model import Fault
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


def abdomen_grid(full_size: bool, faults: Collection[Fault] = ()) -> Grid:
    """The grid of the four phases: 128×128×115 of 4 mm slices, at full size 512×512×600."""
    pixels = 512 if full_size else 128
    step = (_HIGH_Z_MM - _LOW_Z_MM) / 600 if full_size else 4.0
    if Fault.THICK_SLICES in faults:
        step = _THICK_MM
    low = _CUT_OFF_Z_MM if Fault.CUT_OFF_COVERAGE in faults else _LOW_Z_MM
    field = _NARROW_FIELD_MM if Fault.CUT_OFF_FIELD in faults else _FIELD_MM
    grid = axial_grid(pixels, field, low, round((_HIGH_Z_MM - low) / step), step)
    return _tilted(grid) if Fault.TILT in faults else grid


def chest_grid(full_size: bool) -> Grid:
    """The grid of the chest series: 128×128×64 of 5 mm slices, at full size 512×512×322."""
    step = 1.0 if full_size else 5.0
    return axial_grid(
        512 if full_size else 128, _FIELD_MM, _CHEST_LOW_Z_MM, round((_CHEST_HIGH_Z_MM - _CHEST_LOW_Z_MM) / step), step
    )


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


def mr_grids(colon: Colon, full_size: bool) -> dict[Role, Grid]:
    """Oblique slices across the bowel at the first primary for T2WI and slightly oblique axial ones for DWI."""
    primary = colon.primaries[0]
    index = colon.index_of(primary.centre_mm)
    middle = colon.line[index]
    t2_pixels, t2_slices, dwi_pixels, dwi_slices = (320, 30, 192, 26) if full_size else (112, 20, 80, 18)
    across = colon.tangent[index]
    across = across if across[2] >= 0 else -across
    # A real examination is angled by the bowel, but not past 50 degrees from axial.
    steep = np.array([across[0], across[1], max(across[2], 0.65)])
    return {
        Role.T2: _oblique(middle, steep, t2_pixels, 200.0, t2_slices, 3.6),
        Role.DWI: _oblique(middle, np.array([0.03, 0.14, 1.0]), dwi_pixels, 300.0, dwi_slices, 5.0),
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
