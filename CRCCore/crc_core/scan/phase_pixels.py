"""The phase of CT stacks by their pixels, all stacks of a study together; unknown rather than a guess.

The aorta is followed as the brightest tube in front of the spine over all phases, the liver is the thickest soft tissue
under the right lung; their attenuation is held against published enhancement curves (`data/phase_pixels.json`), and the
phases of one study are held against each other: the aorta fades from arterial to portal venous to delayed to plain.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crc_core.scan.anatomy import aorta_path, find_lungs, find_spine, liver_core, vertebrae
from crc_core.scan.coarse import Coarse
from crc_core.vocabulary import CT_PHASES, Role

_BELOW_LUNGS_MM, _ABOVE_LUNGS_MM = 120.0, 10.0
_REPEATED_PHASE = 0.1
_MOST_GROUPS = 6


@dataclass(frozen=True)
class Enhancement:
    """Mean attenuation in Hounsfield units of the abdominal aorta and of liver parenchyma in one stack."""

    aorta_hu: float
    liver_hu: float


@dataclass(frozen=True)
class PixelPhase:
    """The phase by pixels, None for unknown, the probability of the likeliest phase, and what it rests on."""

    role: Role | None
    likeliest: Role | None
    probability: float
    enhancement: Enhancement | None


UNKNOWN = PixelPhase(None, None, 0.0, None)


def phases_by_pixels(stacks: Mapping[str, Coarse]) -> dict[str, PixelPhase]:
    """The phase of every stack of one study by key."""
    measured = measure_enhancement(stacks)
    groups = _groups(measured)
    if not groups or len(groups) > _MOST_GROUPS:
        return {key: PixelPhase(None, None, 0.0, measured.get(key)) for key in stacks}
    found = dict.fromkeys(stacks, UNKNOWN)
    for group, chances in zip(groups, _chances([group[1] for group in groups]), strict=True):
        likeliest = max(chances, key=lambda role: chances[role])
        for key in group[0]:
            probability = chances[likeliest]
            is_sure = probability >= _curves()["least_posterior"] and _fits(measured[key], likeliest)
            found[key] = PixelPhase(likeliest if is_sure else None, likeliest, probability, measured[key])
    return found


def measure_enhancement(stacks: Mapping[str, Coarse]) -> dict[str, Enhancement]:
    """Aorta and liver of every stack that shows both; landmarks come from all stacks of the same stretch together."""
    places = {key: found.lowest_z_mm for key, coarse in stacks.items() if (found := find_lungs(coarse)) is not None}
    covering = [key for key in places if _covers(stacks[key], places[key])]
    if not covering:
        return {}
    anchor = max(covering, key=lambda key: (np.ptp(stacks[key].heights_mm), -stacks[key].spacing_kji_mm[0], key))
    base_z_mm = places[anchor]
    others = {key: _on(stacks[anchor], stacks[key], base_z_mm) for key in stacks}
    slabs = {key: slab for key, slab in others.items() if slab is not None}
    path = _path(stacks[anchor], list(slabs.values()), base_z_mm)
    liver = liver_core(stacks[anchor], base_z_mm)
    if path is None or liver is None:
        return {}
    part = _slab(stacks[anchor], base_z_mm)
    liver = liver[part]
    measured: dict[str, Enhancement] = {}
    for key, slab in slabs.items():
        inside = liver & np.isfinite(slab)
        along = _along(slab, path)
        if inside.sum() < 200 or np.isfinite(along).mean() < 0.7:
            continue
        measured[key] = Enhancement(float(np.nanmedian(along)), float(np.median(slab[inside])))
    return measured


@cache
def _curves() -> Mapping[str, Any]:
    file = resources.files("crc_core") / "data" / "phase_pixels.json"
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def _slab(coarse: Coarse, base_z_mm: float) -> slice:
    return coarse.slices_in(base_z_mm - _BELOW_LUNGS_MM, base_z_mm + _ABOVE_LUNGS_MM)


def _covers(coarse: Coarse, base_z_mm: float) -> bool:
    return coarse.heights_mm[0] <= base_z_mm - 0.8 * _BELOW_LUNGS_MM


def _on(anchor: Coarse, other: Coarse, base_z_mm: float) -> NDArray[np.float32] | None:
    """The part of `other` on the anchor's slices around the liver, NaN outside of it; None where they do not meet."""
    from scipy import ndimage

    part = _slab(anchor, base_z_mm)
    if other is anchor or other.grid.same_as(anchor.grid):
        return other.array[part]
    shape = (part.stop - part.start, *anchor.array.shape[1:])
    # Both are axial with axes along the same directions, so that one factor and one shift per axis map their indices.
    first = other.grid.to_ijk(anchor.grid.to_ras((0, 0, part.start)))[::-1]
    factor = np.array(anchor.spacing_kji_mm) / np.array(other.spacing_kji_mm)
    slab = ndimage.affine_transform(
        other.array, factor, first, shape, order=1, mode="constant", cval=np.nan, prefilter=False
    )
    return slab if np.isfinite(slab).mean() > 0.5 else None


def _path(
    anchor: Coarse, slabs: Sequence[NDArray[np.float32]], base_z_mm: float
) -> tuple[NDArray[np.int_], NDArray[np.int_]] | None:
    part = _slab(anchor, base_z_mm)
    lowest = np.fmin.reduce(list(slabs))
    brightest = np.nan_to_num(np.fmax.reduce(list(slabs)), nan=-200.0)
    row_mm = anchor.spacing_kji_mm[1]
    body = anchor.body[part]
    spine = find_spine((lowest > 160) & body, body, 0, len(body), row_mm)
    if spine is None:
        return None
    brightest = np.where(vertebrae(lowest, row_mm) | (brightest > 700), -200.0, brightest)
    return aorta_path(brightest.astype(np.float32), spine, anchor.spacing_kji_mm)


def _along(slab: NDArray[np.float32], path: tuple[NDArray[np.int_], NDArray[np.int_]]) -> NDArray[np.float64]:
    """The mean of 3×3 pixels around the path in every slice; NaN outside of the stack."""
    values = np.full(len(slab), np.nan)
    for k, (row, column) in enumerate(zip(*path, strict=True)):
        window = slab[k, row - 1 : row + 2, column - 1 : column + 2]
        if window.size and np.isfinite(window).all():
            values[k] = float(window.mean())
    return values


def _groups(measured: Mapping[str, Enhancement]) -> list[tuple[list[str], Enhancement]]:
    """Stacks whose values are alike (reconstructions of one acquisition), the faintest aorta first."""
    step = _curves()["step_hu"]
    groups: list[tuple[list[str], Enhancement]] = []
    for key in sorted(measured, key=lambda name: (measured[name].aorta_hu, name)):
        value = measured[key]
        if groups:
            keys, last = groups[-1]
            if value.aorta_hu - last.aorta_hu <= step and abs(value.liver_hu - last.liver_hu) <= step:
                keys.append(key)
                continue
        groups.append(([key], value))
    return groups


def _chances(groups: Sequence[Enhancement]) -> list[dict[Role, float]]:
    """The probability of every phase for every group, over all assignments in which the aorta keeps its order."""
    order = [Role(name) for name in _curves()["order_by_aorta"]]
    total = [dict.fromkeys(CT_PHASES, 0.0) for _ in groups]
    likelihoods = [{role: _likelihood(group, role) for role in order} for group in groups]
    for assignment in itertools.combinations_with_replacement(order, len(groups)):
        weight = math.prod(likelihoods[n][role] for n, role in enumerate(assignment))
        weight *= _REPEATED_PHASE ** (len(assignment) - len(set(assignment)))
        for n, role in enumerate(assignment):
            total[n][role] += weight
    for chances in total:
        whole = sum(chances.values())
        for role in chances:
            chances[role] = chances[role] / whole if whole > 0 else 0.0
    return total


def _likelihood(value: Enhancement, role: Role) -> float:
    curve = _curves()["phases"][role.value]
    result = 1.0
    for seen, (mean, spread) in ((value.aorta_hu, curve["aorta"]), (value.liver_hu, curve["liver"])):
        result *= math.exp(-0.5 * ((seen - mean) / spread) ** 2) / spread
    return result


def _fits(value: Enhancement, role: Role) -> bool:
    """Whether the values lie where the phase can be at all; a liver full of fat or an odd aorta makes it unknown."""
    curve, most = _curves()["phases"][role.value], _curves()["most_spreads"]
    pairs = ((value.aorta_hu, curve["aorta"]), (value.liver_hu, curve["liver"]))
    return all(abs(seen - mean) <= most * spread for seen, (mean, spread) in pairs)
