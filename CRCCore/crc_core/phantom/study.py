"""Building the phantom: grids, phases, faults that live in the images."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from crc_core.geometry.grid import Volume
from crc_core.phantom.anatomy import paint_anatomy
from crc_core.phantom.grids import abdomen_grid, chest_grid, mr_grids
from crc_core.phantom.imaging import render_mr
from crc_core.phantom.model import Fault, Phantom, PhantomSize
from crc_core.phantom.patient import make_patient
from crc_core.phantom.placement import with_lesions
from crc_core.phantom.plan import BodyPlan, make_body
from crc_core.phantom.scene import Scene
from crc_core.phantom.tissue import tissue_table
from crc_core.phantom.truth import lesion_truth, report_answers
from crc_core.vocabulary import CT_PHASES, Role, Target

_LATE_PORTAL_S = 70.0
# Thinner slices hold fewer photons.
_NOISE_HU = MappingProxyType({PhantomSize.TEST: 11.0, PhantomSize.SAMPLE: 12.0, PhantomSize.FULL: 15.0})
_ON_PORTAL_VENOUS = (Target.PRIMARY, Target.LIVER, Target.NODE)


def build_phantom(
    seed: int,
    *,
    size: PhantomSize = PhantomSize.TEST,
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
    plan = _planned(seed, primaries, time_point)
    delays = _delays(seed, wrong)
    abdomen = Scene(abdomen_grid(size, wrong), plan, wrong, _NOISE_HU[size], (time_point, 1))
    images, found = abdomen.scan({role: delays.get(role) for role in CT_PHASES})
    chest = Scene(chest_grid(size), plan, wrong, _NOISE_HU[size], (time_point, 2))
    chest_images, of_chest = chest.scan({Role.CHEST: None})
    images |= chest_images | _magnetic(plan, size, time_point, wrong)
    lesions = lesion_truth(plan, delays)
    masks = {target: Volume(found.masks[target], abdomen.grid) for target in _ON_PORTAL_VENOUS}
    return Phantom(
        seed,
        time_point,
        size,
        wrong,
        make_patient(seed, plan.sex, time_point),
        images,
        masks | {Target.LUNG: Volume(of_chest.masks[Target.LUNG], chest.grid)},
        Volume(found.outer, abdomen.grid),
        Volume(found.inner, abdomen.grid),
        Volume(found.tissue, abdomen.grid),
        Volume(of_chest.tissue, chest.grid),
        lesions,
        delays,
        report_answers(plan, lesions),
    )


@lru_cache(maxsize=4)
def _planned(seed: int, primaries: int, time_point: int) -> BodyPlan:
    """The body with its lesions; it takes a fifth of a small build, and faults of one examination share it."""
    return with_lesions(make_body(seed, primaries), time_point)


def _delays(seed: int, faults: frozenset[Fault]) -> dict[Role, float]:
    """Seconds after the start of the injection, within consensus table 4."""
    rng = np.random.default_rng([seed, 0xDE1A])
    arterial, portal, delayed = (float(rng.integers(low, high + 1)) for low, high in ((26, 30), (52, 60), (140, 175)))
    return {Role.AP: arterial, Role.PVP: _LATE_PORTAL_S if Fault.LATE_PORTAL in faults else portal, Role.DP: delayed}


def _magnetic(plan: BodyPlan, size: PhantomSize, time_point: int, faults: frozenset[Fault]) -> dict[Role, Volume]:
    """T2WI and DWI (b = 1000) with the ADC map around the first primary, each on its own oblique grid."""
    table = tissue_table()
    grids = mr_grids(plan.colon, size)
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
