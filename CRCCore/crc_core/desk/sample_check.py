"""Whether a density sample still lies in the lesion it was taken from, after the contour was changed."""

from __future__ import annotations

import numpy as np

from crc_core.contour.results import DensitySample
from crc_core.contour.voxels import axial_first
from crc_core.desk.layers import TargetLayers
from crc_core.geometry import Volume

_LEAST_SHARE = 0.75
_DIRECTIONS = np.exp(2j * np.pi * np.arange(8) / 8)


def sample_inside(layers: TargetLayers, lesion: int, sample: DensitySample, image: Volume) -> bool:
    """Whether the middle of a sample and three quarters of its disc lie in the lesion as it is drawn now.

    `image` is the phase that the sample was taken on; its slices are the plane of the disc.
    """
    crop = layers.ring(lesion) if layers.outer is not None else layers.mask.crop(lesion)
    if crop is None:
        return False
    steps = axial_first(image).grid.directions
    rings = np.concatenate([[0.0], 0.5 * sample.radius_mm * _DIRECTIONS, sample.radius_mm * _DIRECTIONS])
    places = np.asarray(sample.centre_ras) + rings.real[:, None] * steps[:, 0] + rings.imag[:, None] * steps[:, 1]
    voxels = np.rint(layers.grid.to_ijk(places)[:, ::-1]).astype(np.intp) - [part.start for part in crop.box]
    known = ((voxels >= 0) & (voxels < crop.inside.shape)).all(axis=1)
    voxels[~known] = 0
    inside = known & crop.inside[tuple(voxels.T)]
    return bool(inside[0]) and float(inside.mean()) >= _LEAST_SHARE
