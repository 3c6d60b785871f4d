"""The smooth warp that makes every seed another body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crc_core.phantom.shapes import Field, Points


@dataclass(frozen=True, eq=False)
class Warp:
    """A smooth one-to-one map from a seed's body (RAS mm) to the standard body in which the anatomy is written down.

    Three scales and, per axis, two waves along the other axes; `waves` is `[axis, wave, (amplitude mm, wave number
    1/mm, phase)]`.
    """

    scales: Points
    waves: Points

    @classmethod
    def of(cls, rng: np.random.Generator) -> Warp:
        """A warp drawn from `rng`, of at most 4 % in scale and some 5 mm in shape."""
        scales = 1 + rng.uniform(-0.035, 0.035, 3)
        waves = np.empty((3, 2, 3))
        waves[..., 0] = rng.uniform(1.0, 2.6, (3, 2))
        waves[..., 1] = 2 * np.pi / rng.uniform(140, 320, (3, 2))
        waves[..., 2] = rng.uniform(0, 2 * np.pi, (3, 2))
        # The midline stays the midline: sideways waves are half as high.
        waves[0, :, 0] *= 0.5
        return cls(scales, waves)

    def standard(self, x: Field, y: Field, z: Field) -> tuple[Field, Field, Field]:
        """The place in the standard body of points of this body; arrays of one shape."""
        native = (x, y, z)
        result = []
        for axis in range(3):
            place = native[axis] * np.float32(self.scales[axis])
            for (amplitude, number, phase), other in zip(
                self.waves[axis], ((axis + 1) % 3, (axis + 2) % 3), strict=True
            ):
                place = place + np.float32(amplitude) * np.sin(np.float32(number) * native[other] + np.float32(phase))
            result.append(place)
        return (result[0], result[1], result[2])

    def native(self, points: ArrayLike) -> Points:
        """The place in this body of standard points `[..., 3]`, by fixed-point iteration to below 1e-6 mm."""
        wanted = np.asarray(points, dtype=np.float64)
        place = wanted / self.scales
        for _ in range(40):
            reached = np.stack(self.standard(*np.moveaxis(place, -1, 0)), axis=-1)
            place = place + (wanted - reached) / self.scales
        return place

    @property
    def reach_mm(self) -> float:
        """The furthest the waves move a point along one axis."""
        return float(self.waves[..., 0].sum(axis=1).max())
