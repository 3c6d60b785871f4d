"""One CT grid, painted and rendered slab by slab so that memory stays flat at full size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid, Volume
from crc_core.phantom.anatomy import Anatomy, paint_anatomy
from crc_core.phantom.artefacts import add_metal_streaks, blur_by_motion
from crc_core.phantom.imaging import Scanner, render_ct, texture
from crc_core.phantom.model import Fault
from crc_core.phantom.plan import BodyPlan
from crc_core.vocabulary import Role, Target

_SLAB_SLICES = 48
_WHOLE_VOXELS = 8_000_000
_MARGIN_SLICES = 3
_WORKERS = 2


@dataclass(frozen=True, eq=False)
class Scene:
    """What is scanned and how; `stream` tells the noise of one scan from that of another."""

    grid: Grid
    plan: BodyPlan
    faults: frozenset[Fault]
    noise_hu: float
    stream: tuple[int, ...]

    def scan(self, delays_s: Mapping[Role, float | None]) -> tuple[dict[Role, Volume], Anatomy]:
        """The image of every role at its delay (None: plain) and the anatomy."""
        shape = self.grid.shape_kji
        images: dict[Role, NDArray[np.int16]] = {role: np.empty(shape, dtype=np.int16) for role in delays_s}
        whole = Anatomy(
            np.empty(shape, dtype=np.uint8),
            {target: np.zeros(shape, dtype=np.uint8) for target in Target},
            np.zeros(shape, dtype=np.uint8),
            np.zeros(shape, dtype=np.uint8),
        )
        step = _SLAB_SLICES if shape[0] * shape[1] * shape[2] > _WHOLE_VOXELS else shape[0]
        slabs = [slice(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]
        # The slabs do not depend on each other, and numpy lets other threads run while it works.
        with ThreadPoolExecutor(_WORKERS) as workers:
            for done in [workers.submit(self._scan_slab, slab, delays_s, images, whole) for slab in slabs]:
                done.result()
        return {role: Volume(image, self.grid) for role, image in images.items()}, whole

    def _scan_slab(
        self, slab: slice, delays_s: Mapping[Role, float | None], images: dict[Role, NDArray[np.int16]], whole: Anatomy
    ) -> None:
        # Slices beside the slab let blur and motion cross its border.
        low, high = max(0, slab.start - _MARGIN_SLICES), min(self.grid.shape_kji[0], slab.stop + _MARGIN_SLICES)
        grid = self.grid.crop((slice(low, high), slice(0, None), slice(0, None)))
        part = paint_anatomy(grid, self.plan, self.faults)
        keep = slice(slab.start - low, slab.stop - low)
        whole.tissue[slab] = part.tissue[keep]
        numbers = [(whole.masks[target], mask) for target, mask in part.masks.items()]
        for into, found in [*numbers, (whole.outer, part.outer), (whole.inner, part.inner)]:
            # Untouched zeros cost no memory.
            if found[keep].any():
                into[slab] = found[keep]
        grain = texture(grid, self.plan.seed)
        scanner = Scanner(max(0.55, 0.42 * grid.spacing_ijk_mm[0]), 0.36 * grid.spacing_ijk_mm[2], self.noise_hu)
        for number, (role, delay) in enumerate(delays_s.items()):
            rng = np.random.default_rng([self.plan.seed, *self.stream, number, slab.start])
            spoil = self._spoil(role, part.tissue, grid)
            images[role][slab] = render_ct(part.tissue, grain, grid, delay, scanner, rng, spoil)[keep]

    def _spoil(
        self, role: Role, tissue: NDArray[np.uint8], grid: Grid
    ) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """The artefacts that the faults ask for in a role."""

        def spoil(image: NDArray[np.float32]) -> NDArray[np.float32]:
            if Fault.METAL in self.faults:
                add_metal_streaks(image, tissue, grid, self.plan.seed)
            return blur_by_motion(image, grid) if Fault.MOTION in self.faults and role is Role.PVP else image

        return spoil
