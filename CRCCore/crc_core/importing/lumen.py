"""Whether a gas-filled bowel lumen is seen in a CT: the simple rule behind the proposal of subtraction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Volume
from crc_core.importing.delineation import LumenRule


def largest_gas_pocket_ml(volume: Volume, rule: LumenRule) -> float:
    """The volume of the largest pocket of gas inside the body that touches no border of the image, in millilitres.

    Air around the patient touches the sides; the bases of the lungs touch the upper or the lower end. The image is
    looked at on a grid of about `rule.grid_mm`.
    """
    from scipy import ndimage

    steps = [max(1, round(rule.grid_mm / spacing)) for spacing in volume.grid.spacing_kji_mm]
    array = volume.array[:: steps[0], :: steps[1], :: steps[2]]
    labels, count = ndimage.label(array < rule.gas_below_hu)
    if not count:
        return 0.0
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    sizes[_border_labels(labels)] = 0
    sizes[~_inside_body(labels, _largest_part(array > rule.body_above_hu), count)] = 0
    return float(sizes.max()) * volume.grid.voxel_volume_mm3 * float(np.prod(steps)) / 1000.0


def lumen_is_seen(volume: Volume, rule: LumenRule) -> bool:
    """Whether the largest pocket reaches the size of the rule."""
    return largest_gas_pocket_ml(volume, rule) >= rule.least_ml


def _border_labels(labels: NDArray) -> NDArray:
    faces = [labels[0], labels[-1], labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]]
    return np.unique(np.concatenate([face.ravel() for face in faces]))


def _largest_part(mask: NDArray) -> NDArray:
    """The body without the table and what lies on it."""
    from scipy import ndimage

    labels, count = ndimage.label(mask)
    return labels == 1 + int(np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:])) if count else mask


def _inside_body(labels: NDArray, body: NDArray, count: int) -> NDArray:
    """By label: whether tissue lies in front of, behind and at both sides of the middle of the pocket."""
    from scipy import ndimage

    inside = np.zeros(count + 1, dtype=bool)
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        k, j, i = ((part.start + part.stop) // 2 for part in box)
        row, column = body[k, j], body[k, :, i]
        inside[label] = row[:i].any() and row[i:].any() and column[:j].any() and column[j:].any()
    return inside
