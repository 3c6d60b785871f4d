"""Along which line the bowel runs through a lesion, so that a view can cut straight across it."""

from __future__ import annotations

import numpy as np

from crc_core.contour.results import Point
from crc_core.desk.layers import Crop
from crc_core.geometry import Grid
from crc_core.vocabulary import BowelDirection

_MOST_VOXELS = 20_000


def bowel_axis(drawn: Crop, grid: Grid, direction: BowelDirection) -> tuple[Point, Point]:
    """A line through the middle of a lesion (or of its lumen) along the bowel, as long as it reaches there, in RAS mm.

    Its direction is a principal axis of the voxels in millimetres: the one nearest to the patient's long axis where
    the bowel runs across the axial plane, else the longest of those that lie nearer to the plane. A ring that is wider
    than long has its longest axis across the bowel, which is why the longest alone is not taken.
    """
    voxels = np.argwhere(drawn.inside)
    voxels = voxels[:: max(1, len(voxels) // _MOST_VOXELS)] + [part.start for part in drawn.box]
    places = grid.to_ras(voxels[:, ::-1])
    middle = places.mean(axis=0)
    # A little more spread upwards gives a single voxel, or an evenly round lesion, axes of its own.
    spread = (places - middle).T @ (places - middle) + 1e-9 * np.diag([1.0, 2.0, 3.0])
    _, axes = np.linalg.eigh(spread)
    upright = np.abs(axes[2])
    if direction is BowelDirection.ACROSS:
        axis = axes[:, int(upright.argmax())]
    else:
        # Eigenvectors come with rising spread: of the two that lie nearest to the plane, the one spread widest.
        axis = axes[:, int(max(np.argsort(upright, kind="stable")[:2]))]
    axis = axis * np.sign(axis[int(np.abs(axis).argmax())])
    along = (places - middle) @ axis
    reach = max(float(np.abs(along).max()), min(grid.spacing_ijk_mm))
    start, end = middle - reach * axis, middle + reach * axis
    return (
        (float(start[0]), float(start[1]), float(start[2])),
        (float(end[0]), float(end[1]), float(end[2])),
    )
