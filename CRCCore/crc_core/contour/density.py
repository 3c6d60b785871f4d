"""Density of lesions: at least three visible samples of the solid part on each phase's own image.

Source: consensus table 1, note: the CT value of the solid part is measured at least three times, the mean is the
result. A sample is a disc in one slice of the phase's image; its place is RAS, so that a person can see and move it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.parts import parts_of
from crc_core.contour.pieces import Pieces
from crc_core.contour.results import DensitySample, LesionDensity, NotMeasurable, Point
from crc_core.contour.rules import ContourRules, contour_rules
from crc_core.contour.solid_part import box_on, carried_over, solid_part, without_foreign
from crc_core.contour.voxels import Lesion, axial_first, lesions_of, require_mask
from crc_core.errors import CrcError
from crc_core.geometry import Grid, Volume
from crc_core.vocabulary import Role, Target

_SOLID_SEEN_ON = (Role.PVP, Role.DP, Role.AP)
"""Phases in which solid tissue enhances and necrosis does not, the best first."""


def sample_densities(mask: Volume, images: Mapping[Role, Volume], *, target: Target) -> tuple[LesionDensity, ...]:
    """The density of every lesion in every phase, by lesion and then in the order of `images`.

    Images have grids of their own, in HU, in the mask's patient space. Necrosis is recognised once, on the best
    enhanced phase there is, and left out in all. Raises CrcError where the mask is none.
    """
    return tuple(found for found in sampling(mask, images, target=target) if found is not None)


def sampling(mask: Volume, images: Mapping[Role, Volume], *, target: Target) -> Iterator[LesionDensity | None]:
    """What `sample_densities` gives, one bounded piece of work at a time: each when it is done, None in between."""
    for lesion in lesions_of(axial_first(require_mask(mask))):
        yield from sampling_lesion(lesion, images, target=target)


def sampling_lesion(lesion: Lesion, images: Mapping[Role, Volume], *, target: Target) -> Iterator[LesionDensity | None]:
    """What `sampling` gives for one lesion with its slice axis first, in the order of `images`."""
    phases = {role: axial_first(image) for role, image in images.items()}
    reference = next((phases[role] for role in _SOLID_SEEN_ON if role in phases), None)
    yield from _of_lesion(lesion, phases, reference, target)


def sample_density(
    mask: Volume, image: Volume, *, lesion: int, target: Target, role: Role, solid_on: Volume | None = None
) -> LesionDensity:
    """The density of one lesion in one phase; `solid_on` is the image on which necrosis is recognised.

    Without `solid_on` it is recognised on the image itself. The answer is the same for the same input.
    """
    placed = axial_first(require_mask(mask))
    chosen = next((item for item in lesions_of(placed) if item.number == lesion), None)
    if chosen is None:
        return LesionDensity(lesion, role, (), None, NotMeasurable.LESION_MISSING)
    reference = None if solid_on is None else axial_first(solid_on)
    found = _of_lesion(chosen, {role: axial_first(image)}, reference, target)
    return next(item for item in found if item is not None)


def read_sample(image: Volume, centre_ras: Point, radius_mm: float) -> DensitySample:
    """The sample at a place: the voxels of the nearest slice whose centres lie within the radius.

    For a sample that a person has placed or moved. Raises CrcError outside the image and where no voxel is met.
    """
    if len(centre_ras) != 3 or not all(map(math.isfinite, (*centre_ras, radius_mm))) or radius_mm <= 0:
        raise CrcError("contour.sample_outside")
    placed = axial_first(image)
    place = placed.grid.to_ijk(np.array(centre_ras, dtype=np.float64))[::-1]
    k = int(np.rint(place[0]))
    if not 0 <= k < placed.grid.shape_kji[0]:
        raise CrcError("contour.sample_outside")
    values = _disc(placed, k, place, radius_mm)
    if not values.size:
        raise CrcError("contour.sample_outside")
    centre = (float(centre_ras[0]), float(centre_ras[1]), float(centre_ras[2]))
    return DensitySample(centre, radius_mm, k, int(values.size), float(values.mean()), float(values.std()))


def density_of(lesion: int, role: Role, samples: Sequence[DensitySample]) -> LesionDensity:
    """The mean of samples that a person has confirmed or moved; not measurable with fewer than the rule asks for."""
    if len(samples) < contour_rules().density_samples:
        return LesionDensity(lesion, role, tuple(samples), None, NotMeasurable.TOO_FEW_SAMPLES)
    mean = float(np.mean([sample.mean_hu for sample in samples]))
    return LesionDensity(lesion, role, tuple(samples), mean)


def _of_lesion(
    lesion: Lesion, phases: Mapping[Role, Volume], reference: Volume | None, target: Target
) -> Iterator[LesionDensity | None]:
    rules = contour_rules()
    # Strays are no place for a sample, and the box around a far one would be most of the image.
    lesion = parts_of(lesion, lesion.inside, rules).pieces[0]
    if lesion.volume_ml > rules.too_large_ml:
        yield from (LesionDensity(lesion.number, role, (), None, NotMeasurable.TOO_LARGE) for role in phases)
        return
    yield None
    common = None if reference is None else solid_part(lesion.inside, lesion.box, lesion.grid, reference, target, rules)
    yield None
    for role, image in phases.items():
        solid = (
            common if common is not None else solid_part(lesion.inside, lesion.box, lesion.grid, image, target, rules)
        )
        if solid is None:
            yield LesionDensity(lesion.number, role, (), None, NotMeasurable.OUTSIDE_IMAGE)
        elif not solid.any():
            yield LesionDensity(lesion.number, role, (), None, NotMeasurable.NO_SOLID_PART)
        else:
            yield (yield from _in_phase(lesion, solid, role, image, target, rules))


def _in_phase(
    lesion: Lesion, solid: NDArray[np.bool_], role: Role, image: Volume, target: Target, rules: ContourRules
) -> Pieces[LesionDensity]:
    box = box_on(lesion.box, lesion.grid, image.grid)
    if box is None:
        return LesionDensity(lesion.number, role, (), None, NotMeasurable.OUTSIDE_IMAGE)
    here = carried_over(solid, lesion.box, lesion.grid, box, image.grid)
    if not here.any():
        return LesionDensity(lesion.number, role, (), None, NotMeasurable.OUTSIDE_IMAGE)
    yield
    good = without_foreign(image.array[box], here, image.grid.spacing_kji_mm, target, rules)
    if not good.any():
        return LesionDensity(lesion.number, role, (), None, NotMeasurable.NO_SOLID_PART)
    start = np.array([part.start for part in box])
    yield
    places, radius = yield from _places(good, image.grid, rules)
    samples = [_sample(image, tuple(place + start), radius) for place in places]
    if not samples:
        return LesionDensity(lesion.number, role, (), None, NotMeasurable.TOO_SMALL)
    return density_of(lesion.number, role, samples)


def _sample(image: Volume, place: tuple[int, ...], radius_mm: float) -> DensitySample:
    right, anterior, superior = image.grid.to_ras(np.array(place[::-1], dtype=np.float64))
    return read_sample(image, (float(right), float(anterior), float(superior)), radius_mm)


def _places(good: NDArray[np.bool_], grid: Grid, rules: ContourRules) -> Pieces[tuple[NDArray[np.intp], float]]:
    """The places (slice, row, column) of the samples and their radius: the largest radius that fits often enough.

    Samples keep a diameter apart in space; where that leaves too few, those in different slices may come closer, since
    they share no voxel. Places with solid tissue in the slices above and below are tried first: an end slice holds part
    of its surroundings. Where no radius fits often enough, the places that the smallest allows.
    """
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(good, 1)
    spacing = grid.spacing_kji_mm
    depth = distance_transform_edt(padded, sampling=spacing)[1:-1, 1:-1, 1:-1]
    yield
    clear = np.full(good.shape, -min(spacing[1:]) / 2)
    for k in np.flatnonzero(good.any(axis=(1, 2))):
        # Within the slice, where the disc lies; the rim around it stands for what is beyond the crop.
        clear[k] += distance_transform_edt(padded[k + 1], sampling=spacing[1:])[1:-1, 1:-1]
        yield
    fitting = [r for r in rules.density_radii_mm if _voxels_within(r, grid) >= rules.density_voxels]
    found, radius = np.empty((0, 3), np.intp), rules.density_radii_mm[-1]
    covered = padded[:-2, 1:-1, 1:-1] & padded[2:, 1:-1, 1:-1]
    for allowed, across_slices in ((covered, False), (covered, True), (good, False), (good, True)):
        for radius in fitting:
            candidates = np.argwhere(allowed & (clear >= radius + rules.density_edge_mm))
            yield
            if len(candidates):
                found = _spread(candidates, depth, spacing, radius, rules.density_samples, across_slices)
            if len(found) >= rules.density_samples:
                return found, radius
    return found, radius


def _voxels_within(radius_mm: float, grid: Grid) -> int:
    """Voxels of a slice whose centres lie within a radius of a voxel's centre."""
    matrix = grid.ijk_to_ras.copy()
    reach = [int(radius_mm / step) + 1 for step in grid.spacing_ijk_mm[:2]]
    flat = Grid((1, 2 * reach[1] + 1, 2 * reach[0] + 1), matrix)
    nothing = Volume(np.zeros(flat.shape_kji), flat)
    return _disc(nothing, 0, np.array([0.0, reach[1], reach[0]]), radius_mm).size


def _spread(
    candidates: NDArray[np.intp],
    depth: NDArray[np.float64],
    spacing: tuple[float, ...],
    radius: float,
    wanted: int,
    across_slices: bool,
) -> NDArray[np.intp]:
    """Up to `wanted` places whose discs do not meet: the deepest, then each time far from the others and deep."""
    where = candidates * np.array(spacing)
    depths = depth[tuple(candidates.T)]
    best: list[int] = []
    for first in (int(depths.argmax()), int(((where - where.mean(axis=0)) ** 2).sum(axis=1).argmax())):
        chosen = [first]
        away = np.linalg.norm(where - where[first], axis=1)
        free = _free(candidates, away, first, radius, across_slices)
        while len(chosen) < wanted and free.any():
            score = np.where(free, np.minimum(away, 4 * radius) + 0.1 * depths, -1.0)
            chosen.append(int(score.argmax()))
            from_last = np.linalg.norm(where - where[chosen[-1]], axis=1)
            free &= _free(candidates, from_last, chosen[-1], radius, across_slices)
            away = np.minimum(away, from_last)
        if len(chosen) > len(best):
            best = chosen
    return candidates[best]


def _free(
    candidates: NDArray[np.intp], away: NDArray[np.float64], chosen: int, radius: float, across_slices: bool
) -> NDArray[np.bool_]:
    """Which places leave a disc apart from the chosen one."""
    apart = away >= 2 * radius
    return apart | (candidates[:, 0] != candidates[chosen, 0]) if across_slices else apart


def _disc(image: Volume, k: int, place: NDArray[np.float64], radius_mm: float) -> NDArray[np.float64]:
    """Values of one slice within a radius of a place (slice, row, column), distances in the slice's plane."""
    steps = image.grid.ijk_to_ras[:3, :3]
    reach = [int(radius_mm / float(np.linalg.norm(steps[:, axis]))) + 2 for axis in (1, 0)]
    rows, columns = (
        np.arange(max(0, int(place[axis]) - reach[axis - 1]), min(size, int(place[axis]) + reach[axis - 1] + 2))
        for axis, size in ((1, image.grid.shape_kji[1]), (2, image.grid.shape_kji[2]))
    )
    down, right = np.meshgrid(rows - place[1], columns - place[2], indexing="ij")
    away = np.linalg.norm(down[..., None] * steps[:, 1] + right[..., None] * steps[:, 0], axis=-1)
    values = image.array[k][np.ix_(rows, columns)]
    return np.asarray(values[away <= radius_mm + 1e-9], dtype=np.float64)
