"""Which series a phantom's studies hold, in the order a scanner would send them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid, Volume
from crc_core.phantom.grids import axial_grid
from crc_core.phantom.model import Fault, Phantom
from crc_core.vocabulary import CT_PHASES, Role

_THICK_MM = 5.0
_DUPLICATED, _MISSING_SHARE = 3, 0.45


class Kind(StrEnum):
    """What a series is besides its role; the words are those of `protocol.json`."""

    THIN = "thin"
    THICK = "thick"
    SHARP = "sharp"
    LUNG = "lung"
    SOFT = "soft"
    MR = "mr"
    LOCALIZER = "localizer"
    CAPTURE = "capture"


@dataclass(frozen=True, eq=False)
class SeriesPlan:
    """One series and what its tags must say.

    `voxels()` makes the array `[k, j, i]` on `grid` when it is written, so that not all series stand in memory at once;
    `slices` are the k indices that are written, in order.
    """

    number: int
    role: Role
    kind: Kind
    words_of: Role
    grid: Grid
    voxels: Callable[[], NDArray]
    thickness_mm: float
    delay_s: float | None
    slices: tuple[int, ...]
    second_patient: bool = False

    @property
    def is_mr(self) -> bool:
        """Whether it belongs to the MR study."""
        return self.kind is Kind.MR


def series_of(phantom: Phantom) -> Iterator[SeriesPlan]:
    """The series of a phantom, faults included."""
    for number, plan in enumerate(_series(phantom), start=1):
        yield dataclasses.replace(plan, number=number)


def _series(phantom: Phantom) -> Iterator[SeriesPlan]:
    yield _localizer(phantom)
    for role in CT_PHASES:
        yield from _phase(phantom, role)
    chest = phantom.images[Role.CHEST]
    yield _plan(Role.CHEST, Kind.LUNG, chest.grid, lambda: chest.array)
    yield _plan(Role.CHEST, Kind.SOFT, chest.grid, lambda: _softened(chest.array))
    for role in (Role.T2, Role.DWI, Role.ADC):
        yield _as_it_is(role, Kind.MR, phantom.images[role])
    if Fault.BURNT_IN_TEXT in phantom.faults:
        yield _capture(phantom)
    if Fault.SECOND_PATIENT in phantom.faults:
        plain = phantom.images[Role.NC]
        few = _plan(Role.NC, Kind.THIN, axial_like(plain.grid, 8), lambda: plain.array[::8, ::-1, ::-1])
        yield dataclasses.replace(few, second_patient=True)


def _phase(phantom: Phantom, role: Role) -> Iterator[SeriesPlan]:
    volume, delay = phantom.images[role], phantom.delays_s.get(role)
    words = role
    if Fault.WRONG_PHASE_WORDS in phantom.faults:
        words = {Role.AP: Role.PVP, Role.PVP: Role.AP}.get(role, role)
    main = dataclasses.replace(_as_it_is(role, Kind.THIN, volume), words_of=words, delay_s=delay)
    if role is Role.PVP:
        main = dataclasses.replace(main, slices=_slices(phantom, len(volume.array)))
    step = volume.grid.spacing_ijk_mm[2]
    if step > _THICK_MM:
        yield dataclasses.replace(main, kind=Kind.THICK)
        return
    yield main
    thick = _plan(role, Kind.THICK, _thick_grid(volume.grid), lambda: _thickened(volume))
    yield dataclasses.replace(thick, words_of=words, delay_s=delay)
    if role is Role.PVP:
        sharp = _plan(role, Kind.SHARP, volume.grid, lambda: _sharpened(volume.array, phantom.seed))
        yield dataclasses.replace(sharp, words_of=words, delay_s=delay)


def _plan(role: Role, kind: Kind, grid: Grid, voxels: Callable[[], NDArray]) -> SeriesPlan:
    slices = tuple(range(grid.shape_kji[0]))
    return SeriesPlan(0, role, kind, role, grid, voxels, grid.spacing_ijk_mm[2], None, slices)


def _as_it_is(role: Role, kind: Kind, volume: Volume) -> SeriesPlan:
    return _plan(role, kind, volume.grid, lambda: volume.array)


def _slices(phantom: Phantom, count: int) -> tuple[int, ...]:
    order = list(range(count))
    if Fault.MISSING_SLICES in phantom.faults:
        hole = int(count * _MISSING_SHARE)
        del order[hole : hole + 3]
    if Fault.DUPLICATE_SLICES in phantom.faults:
        middle = len(order) // 3
        order[middle:middle] = order[middle : middle + _DUPLICATED]
    return tuple(order)


def _thick_grid(grid: Grid) -> Grid:
    step = grid.spacing_ijk_mm[2]
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 2] *= _THICK_MM / step
    slices, rows, columns = grid.shape_kji
    return Grid((int((slices - 1) * step / _THICK_MM) + 1, rows, columns), matrix)


def _thickened(volume: Volume) -> NDArray[np.int16]:
    """A 5 mm reconstruction: each slice the mean of the thin ones it covers."""
    array, step = volume.array, volume.grid.spacing_ijk_mm[2]
    count = _thick_grid(volume.grid).shape_kji[0]
    total = np.zeros((count, *array.shape[1:]), dtype=np.float32)
    for shift in (-0.3, 0.0, 0.3):
        place = np.clip((np.arange(count) + shift) * _THICK_MM / step, 0, len(array) - 1)
        low = np.minimum(place.astype(int), len(array) - 2)
        share = (place - low).astype(np.float32)[:, None, None]
        total += array[low] * (1 - share) + array[low + 1] * share
    return np.rint(total / 3).astype(np.int16)


def _sharpened(array: NDArray[np.int16], seed: int) -> NDArray[np.int16]:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng([seed, 0x5A])
    result = np.empty_like(array)
    for k, plane in enumerate(array):
        image = plane.astype(np.float32)
        image += 0.9 * (image - gaussian_filter(image, 1.1))
        image += 22 * rng.standard_normal(image.shape, dtype=np.float32)
        result[k] = np.clip(np.rint(image), -1024, 3071)
    return result


def _softened(array: NDArray[np.int16]) -> NDArray[np.int16]:
    from scipy.ndimage import gaussian_filter

    return np.stack([np.rint(gaussian_filter(plane.astype(np.float32), 0.7)).astype(np.int16) for plane in array])


def _localizer(phantom: Phantom) -> SeriesPlan:
    """A frontal projection of the plain phase."""
    plain = phantom.images[Role.NC]
    attenuation = np.clip(plain.array.astype(np.float32) + 1000, 0, None).mean(axis=1)
    image = np.clip(attenuation[::-1] * 1.6 - 900, -1024, 3071).astype(np.int16)
    across, up = plain.grid.spacing_ijk_mm[0], plain.grid.spacing_ijk_mm[2]
    matrix = np.eye(4)
    top = plain.grid.to_ras((0, 0, len(plain.array) - 1))
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = (-across, 0, 0), (0, 0, -up), (0, 1, 0)
    matrix[:3, 3] = (top[0], 0.0, top[2])
    return _plan(Role.OTHER, Kind.LOCALIZER, Grid((1, *image.shape), matrix), lambda: image[None])


def _capture(phantom: Phantom) -> SeriesPlan:
    """A screen shot of the portal venous phase with the patient's number and birth date drawn into the pixels."""
    from PIL import Image, ImageDraw

    source = phantom.images[Role.PVP].array
    plane = source[len(source) // 2].astype(np.float32)
    grey = np.clip((plane + 120) / 300 * 255, 0, 255).astype(np.uint8)
    picture = Image.fromarray(grey).resize((512, 512))
    # The stock font knows Latin letters only; the number is what identifies anyway.
    who = phantom.patient
    text = f"ID {who.identifier}  {who.sex} {who.age_years}Y\nDOB {who.birth_date}"
    ImageDraw.Draw(picture).text((12, 12), text, fill=255, font_size=22)
    array = np.asarray(picture, dtype=np.uint8)[None]
    return _plan(Role.OTHER, Kind.CAPTURE, axial_grid(512, 350, 0, 1, 1.0), lambda: array)


def axial_like(grid: Grid, every: int) -> Grid:
    """The grid of every `every`-th slice."""
    matrix = grid.ijk_to_ras.copy()
    matrix[:3, 2] *= every
    return Grid((-(-grid.shape_kji[0] // every), *grid.shape_kji[1:]), matrix)
