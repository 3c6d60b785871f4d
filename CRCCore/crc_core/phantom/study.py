"""Building the phantom: grids, phases, faults that live in the images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid, Volume
from crc_core.phantom.anatomy import Anatomy, paint_anatomy
from crc_core.phantom.artefacts import add_metal_streaks, blur_by_motion
from crc_core.phantom.grids import abdomen_grid, chest_grid, mr_grids
from crc_core.phantom.imaging import Scanner, render_ct, render_mr, texture
from crc_core.phantom.model import Fault, Phantom
from crc_core.phantom.patient import make_patient
from crc_core.phantom.placement import with_lesions
from crc_core.phantom.plan import BodyPlan, make_body
from crc_core.phantom.tissue import tissue_table
from crc_core.phantom.truth import lesion_truth, report_answers
from crc_core.vocabulary import CT_PHASES, Role, Target

_SLAB_SLICES = 48
_MARGIN_SLICES = 3
_LATE_PORTAL_S = 70.0
_ON_PORTAL_VENOUS = (Target.PRIMARY, Target.LIVER, Target.NODE)


def build_phantom(
    seed: int,
    *,
    full_size: bool = False,
    faults: Collection[Fault] = (),
    time_point: int = 0,
    primaries: int = 1,
) -> Phantom:
    """The synthetic examination of a seed at a time point (0 is the baseline).

    Every call with the same arguments gives the same voxels. Raises ValueError for a negative seed or time point.
    """
    if seed < 0 or time_point < 0 or not 1 <= primaries <= 3:
        raise ValueError("seed and time point must not be negative, and there are one to three primaries")
    wrong = frozenset(faults)
    plan = with_lesions(make_body(seed, primaries), time_point)
    delays = _delays(seed, wrong)
    abdomen = _Scene(abdomen_grid(full_size, wrong), plan, wrong)
    images, found = abdomen.scan({role: delays.get(role) for role in CT_PHASES}, _noise(full_size), [time_point, 1])
    chest = _Scene(chest_grid(full_size), plan, wrong)
    chest_images, chest_found = chest.scan({Role.CHEST: None}, _noise(full_size), [time_point, 2])
    images |= chest_images | _magnetic(plan, full_size, time_point, wrong)
    lesions = lesion_truth(plan, delays)
    masks = {target: Volume(found.masks[target], abdomen.grid) for target in _ON_PORTAL_VENOUS}
    return Phantom(
        seed,
        time_point,
        full_size,
        wrong,
        make_patient(seed, plan.sex, time_point),
        images,
        masks | {Target.LUNG: Volume(chest_found.masks[Target.LUNG], chest.grid)},
        Volume(found.outer, abdomen.grid),
        Volume(found.inner, abdomen.grid),
        Volume(found.tissue, abdomen.grid),
        Volume(chest_found.tissue, chest.grid),
        lesions,
        delays,
        report_answers(plan, lesions),
    )


def _delays(seed: int, faults: frozenset[Fault]) -> dict[Role, float]:
    """Seconds after the start of the injection, within consensus table 4."""
    rng = np.random.default_rng([seed, 0xDE1A])
    arterial, portal, delayed = (float(rng.integers(low, high + 1)) for low, high in ((26, 30), (52, 60), (140, 175)))
    return {Role.AP: arterial, Role.PVP: _LATE_PORTAL_S if Fault.LATE_PORTAL in faults else portal, Role.DP: delayed}


def _noise(full_size: bool) -> float:
    return 15.0 if full_size else 11.0


class _Scene:
    """One CT grid, painted and rendered slab by slab so that memory stays flat at full size."""

    def __init__(self, grid: Grid, plan: BodyPlan, faults: frozenset[Fault]) -> None:
        self.grid, self.plan, self.faults = grid, plan, faults

    def scan(
        self, delays_s: Mapping[Role, float | None], noise_hu: float, stream: list[int]
    ) -> tuple[dict[Role, Volume], Anatomy]:
        """The images of every role and the anatomy."""
        shape = self.grid.shape_kji
        images: dict[Role, NDArray[np.int16]] = {role: np.empty(shape, dtype=np.int16) for role in delays_s}
        whole = Anatomy(
            np.empty(shape, dtype=np.uint8),
            {target: np.zeros(shape, dtype=np.uint8) for target in Target},
            np.zeros(shape, dtype=np.uint8),
            np.zeros(shape, dtype=np.uint8),
        )
        slab_slices = _SLAB_SLICES if shape[0] * shape[1] * shape[2] > 8_000_000 else shape[0]
        for first in range(0, shape[0], slab_slices):
            last = min(first + slab_slices, shape[0])
            self._scan_slab(first, last, delays_s, noise_hu, stream, images, whole)
        return {role: Volume(image, self.grid) for role, image in images.items()}, whole

    def _scan_slab(
        self,
        first: int,
        last: int,
        delays_s: Mapping[Role, float | None],
        noise_hu: float,
        stream: list[int],
        images: dict[Role, NDArray[np.int16]],
        whole: Anatomy,
    ) -> None:
        low, high = max(0, first - _MARGIN_SLICES), min(self.grid.shape_kji[0], last + _MARGIN_SLICES)
        grid = self.grid.crop((slice(low, high), slice(0, None), slice(0, None)))
        part = paint_anatomy(grid, self.plan, self.faults)
        keep = slice(first - low, last - low)
        whole.tissue[first:last] = part.tissue[keep]
        whole.outer[first:last], whole.inner[first:last] = part.outer[keep], part.inner[keep]
        for target, mask in part.masks.items():
            whole.masks[target][first:last] = mask[keep]
        grain = texture(grid, self.plan.seed)
        scanner = Scanner(max(0.55, 0.42 * grid.spacing_ijk_mm[0]), 0.36 * grid.spacing_ijk_mm[2], noise_hu)
        for number, (role, delay) in enumerate(delays_s.items()):
            rng = np.random.default_rng([self.plan.seed, *stream, number, first])
            spoil = self._spoil(role, part.tissue, grid)
            images[role][first:last] = render_ct(part.tissue, grain, grid, delay, scanner, rng, spoil)[keep]

    def _spoil(
        self, role: Role, tissue: NDArray[np.uint8], grid: Grid
    ) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """The artefacts that the faults ask for in a role."""

        def spoil(image: NDArray[np.float32]) -> NDArray[np.float32]:
            if Fault.METAL in self.faults:
                add_metal_streaks(image, tissue, grid, self.plan.seed)
            return blur_by_motion(image, grid) if Fault.MOTION in self.faults and role is Role.PVP else image

        return spoil


def _magnetic(plan: BodyPlan, full_size: bool, time_point: int, faults: frozenset[Fault]) -> dict[Role, Volume]:
    """T2WI and DWI (b = 1000) with the ADC map around the first primary, each on its own oblique grid."""
    table = tissue_table()
    grids = mr_grids(plan.colon, full_size)
    metal = faults & {Fault.METAL}
    rng = np.random.default_rng([plan.seed, time_point, 3])
    t2 = paint_anatomy(grids[Role.T2], plan, metal).tissue
    dwi = paint_anatomy(grids[Role.DWI], plan, metal).tissue
    decay = table.b0 * np.exp(-table.adc / 1000)
    return {
        Role.T2: Volume(render_mr(table.t2[t2], grids[Role.T2], 0.6, 0.018, rng), grids[Role.T2]),
        Role.DWI: Volume(render_mr(decay[dwi], grids[Role.DWI], 1.6, 0.008, rng), grids[Role.DWI]),
        Role.ADC: Volume(render_mr(table.adc[dwi], grids[Role.DWI], 1.6, 0.03, rng), grids[Role.DWI]),
    }
