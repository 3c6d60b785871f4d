"""Landmarks of the trunk on a coarse CT by classical image analysis: lungs, spine, symphysis, liver, aorta.

Every function answers None, an empty result or 0 where it does not find what it looks for; nobody guesses here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.scan.coarse import Coarse
from crc_core.scan.planes import eroded, opened

_BONE_HU = 160.0
_LUNG_CM2_EACH_SIDE = 3.0
_LEAST_LIVER_ML = 250.0
_LEAST_PELVIS_MM = 200.0


@dataclass(frozen=True)
class Lungs:
    """The lungs as far as they are in the image: their lowest height, and the areas cut by its ends."""

    bottom_cm2: float
    lowest_z_mm: float
    top_right_cm2: float
    top_left_cm2: float

    @property
    def reach_the_top(self) -> bool:
        """Whether both lungs are cut by the top of the image, so that it begins above the bases."""
        return min(self.top_right_cm2, self.top_left_cm2) >= _LUNG_CM2_EACH_SIDE


def find_lungs(coarse: Coarse) -> Lungs | None:
    """The lungs: air-filled tissue in the body, wide and brighter than gas; None where there are none."""
    from scipy import ndimage

    air = opened((coarse.array < -450) & coarse.body)
    pieces, count = ndimage.label(air)
    if count == 0:
        return None
    voxel_ml = coarse.grid.voxel_volume_mm3 / 1000
    numbers = np.arange(1, count + 1)
    sizes_ml = np.bincount(pieces.ravel(), minlength=count + 1)[1:] * voxel_ml
    lungs = np.zeros(air.shape, dtype=bool)
    boxes = ndimage.find_objects(pieces)
    for number in numbers[sizes_ml >= 8]:
        box = boxes[number - 1]
        piece = pieces[box] == number
        # Gas in the bowel is at -1000 HU, lung holds blood and tissue; the base of a lung lies at the top of the image.
        core = coarse.array[box][eroded(piece)]
        is_gas = len(core) == 0 or float(np.median(core)) < -930
        if not is_gas and box[0].stop > 0.75 * len(coarse.array):
            lungs[box] |= piece
    if not lungs.any():
        return None
    in_slice = np.flatnonzero(lungs.any(axis=(1, 2)))
    top = lungs[-2:].mean(axis=0)
    middle = _middle_column(coarse.body[-2:])
    pixel_cm2 = coarse.spacing_kji_mm[1] * coarse.spacing_kji_mm[2] / 100
    right, left = float(top[:, :middle].sum()) * pixel_cm2, float(top[:, middle:].sum()) * pixel_cm2
    bottom = float(lungs[0].sum()) * pixel_cm2
    return Lungs(bottom, float(coarse.heights_mm[in_slice[0]]), right, left)


def _middle_column(body: NDArray[np.bool_]) -> int:
    """The middle between the right and the left edge of the body; `body` is `[j, i]` or `[k, j, i]`."""
    columns = np.flatnonzero(body.reshape(-1, body.shape[-1]).any(axis=0))
    return int((columns[0] + columns[-1]) // 2) if len(columns) else body.shape[-1] // 2


@dataclass(frozen=True)
class LowerEnd:
    """What the lower end of the image shows: pelvic bone at all, and the lowest slice of the symphysis (-1: none)."""

    has_pelvis: bool
    symphysis_from: int
    symphysis_to: int


def find_lower_end(coarse: Coarse) -> LowerEnd:
    """The symphysis: bone in the middle of the front of a wide body, with bone of the hips on both sides."""
    _, row_mm, column_mm = coarse.spacing_kji_mm
    bone = (coarse.array > _BONE_HU) & coarse.body
    count = len(bone)
    lower = bone[: max(1, int(count * 0.45))]
    found, hips = [], []
    for k, plane in enumerate(lower):
        body = coarse.body[k]
        rows = np.flatnonzero(body.any(axis=1))
        if not len(rows):
            continue
        middle = _middle_column(body)
        if np.ptp(np.flatnonzero(body.any(axis=0))) * column_mm < _LEAST_PELVIS_MM:
            continue
        near, far = round(12 / column_mm), round(45 / column_mm)
        front = slice(rows[0], rows[0] + int(0.45 * (rows[-1] - rows[0])))
        pixel_cm2 = row_mm * column_mm / 100
        sides = [plane[:, : max(0, middle - far)].sum() * pixel_cm2, plane[:, middle + far :].sum() * pixel_cm2]
        if min(sides) >= 3.0:
            hips.append(k)
            if plane[front, max(0, middle - near) : middle + near + 1].sum() * pixel_cm2 >= 0.8:
                found.append(k)
    run = _lowest_run(found)
    return LowerEnd(bool(hips), run[0], run[1])


def _lowest_run(numbers: Sequence[int]) -> tuple[int, int]:
    """The lowest run of at least two neighbouring numbers, single holes allowed; (-1, -1) for none."""
    start = previous = None
    for number in numbers:
        if previous is not None and start is not None and number - previous <= 2:
            previous = number
            continue
        if start is not None and previous is not None and previous > start:
            return start, previous
        start = previous = number
    if start is not None and previous is not None and previous > start:
        return start, previous
    return -1, -1


@dataclass(frozen=True)
class Spine:
    """The middle of the vertebral bodies: row and column by slice, over the slices `low` to `high`."""

    low: int
    rows: NDArray[np.int_]
    columns: NDArray[np.int_]


def find_spine(bone: NDArray[np.bool_], body: NDArray[np.bool_], low: int, high: int, pixel_mm: float) -> Spine | None:
    """The spine as the thickest bone near the middle of the back half, smoothed along the body."""
    from scipy import ndimage

    rows, columns = [], []
    for k in range(low, high):
        where = np.flatnonzero(body[k].any(axis=1))
        if not len(where):
            return None
        middle = _middle_column(body[k])
        half = round(35 / pixel_mm)
        top, left = int(where[0] + 0.3 * (where[-1] - where[0])), max(0, middle - half)
        window = ndimage.binary_closing(bone[k, top : where[-1] + 1, left : middle + half], iterations=2)
        ndimage.binary_fill_holes(window, output=window)
        depth = ndimage.distance_transform_edt(window)
        if depth.max() * pixel_mm < 7:
            rows.append(np.nan)
            columns.append(np.nan)
            continue
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        rows.append(float(top + row))
        columns.append(float(left + column))
    place = np.array([rows, columns])
    known = np.isfinite(place[0])
    if known.mean() < 0.5:
        return None
    steps = np.arange(high - low)
    filled = np.array([np.interp(steps, steps[known], line[known]) for line in place])
    smooth = ndimage.median_filter(filled, size=(1, 15), mode="nearest")
    return Spine(low, np.rint(smooth[0]).astype(int), np.rint(smooth[1]).astype(int))


def liver_core(coarse: Coarse, lung_base_z_mm: float) -> NDArray[np.bool_] | None:
    """The inside of the liver: the thickest soft tissue on the right below the lungs; None where too small.

    The mask has the shape of the image.
    """
    from scipy import ndimage

    part = coarse.slices_in(lung_base_z_mm - 130, lung_base_z_mm + 40)
    if part.stop - part.start < 8:
        return None
    middle = _middle_column(coarse.body[part])
    window = coarse.array[part, :, : max(1, middle - round(15 / coarse.spacing_kji_mm[2]))]
    smooth = ndimage.gaussian_filter(window, 1.0)
    soft = (smooth > -10) & (smooth < 220)
    depth = ndimage.distance_transform_edt(soft, sampling=coarse.spacing_kji_mm)
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    if depth[deepest] < 22:
        return None
    pieces, _ = ndimage.label(depth > 9)
    core = pieces == pieces[deepest]
    # Within the piece only what looks like its deepest part: the kidney and the body wall may hang on to it.
    ball = core & (depth > 0.5 * depth[deepest])
    level = float(np.median(smooth[ball]))
    core &= np.abs(smooth - level) < 30
    if core.sum() * coarse.grid.voxel_volume_mm3 / 1000 < _LEAST_LIVER_ML:
        return None
    mask = np.zeros(coarse.array.shape, dtype=bool)
    mask[part, :, : core.shape[2]] = core
    return mask


def vertebrae(lowest: NDArray[np.float32], row_mm: float) -> NDArray[np.bool_]:
    """Thick bone and its rim: what is dense in every phase and wider than an aorta, slice by slice."""
    from scipy import ndimage

    dense = ndimage.binary_closing(lowest > 110, np.ones((1, 3, 3)))
    for plane in dense:
        ndimage.binary_fill_holes(plane, output=plane)
    disc = _disc(13.0, row_mm, row_mm)[None] > 0
    return ndimage.binary_dilation(ndimage.binary_opening(dense, disc), _disc(7.0, row_mm, row_mm)[None] > 0)


def aorta_path(
    brightest: NDArray[np.float32], spine: Spine, spacing_kji_mm: tuple[float, float, float]
) -> tuple[NDArray[np.int_], NDArray[np.int_]] | None:
    """Row and column by slice of the brightest tube in front of the spine, right to left within 40 mm of it.

    `brightest` is the highest value over all phases `[k, j, i]`, bone taken out; the path is found by dynamic
    programming over slices, one pixel aside per step at most, so that what does not run along the body cannot win.
    """
    from scipy import ndimage

    _, row_mm, column_mm = spacing_kji_mm
    height, width = round(44 / row_mm), round(40 / column_mm)
    gap = round(12 / row_mm)
    count = len(spine.rows)
    window = np.full((count, height, 2 * width + 1), -200.0, dtype=np.float32)
    for n in range(count):
        row, column = int(spine.rows[n]), int(spine.columns[n])
        rows, columns = slice(row - gap - height, row - gap), slice(column - width, column + width + 1)
        if rows.start < 0 or columns.start < 0 or columns.stop > brightest.shape[2]:
            return None
        window[n] = brightest[spine.low + n, rows, columns]
    disc = _disc(5.0, row_mm, column_mm)
    mean = ndimage.convolve(window, disc[None] / disc.sum(), mode="nearest")
    square = ndimage.convolve(window * window, disc[None] / disc.sum(), mode="nearest")
    score = mean - 1.5 * np.sqrt(np.maximum(square - mean * mean, 0))
    best = _best_path(score)
    rows_found = spine.rows - gap - height + best[0]
    return rows_found, spine.columns - width + best[1]


def _disc(radius_mm: float, row_mm: float, column_mm: float) -> NDArray[np.float32]:
    reach = max(1, round(radius_mm / min(row_mm, column_mm)))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return ((y * row_mm) ** 2 + (x * column_mm) ** 2 <= radius_mm**2).astype(np.float32)


def _best_path(score: NDArray[np.float32]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """The path through slices with the largest sum of scores, each step to one of nine neighbours."""
    from scipy import ndimage

    total = score[0].copy()
    totals = [total]
    for plane in score[1:]:
        total = plane + ndimage.maximum_filter(total, 3, mode="nearest")
        totals.append(total)
    row, column = np.unravel_index(int(totals[-1].argmax()), score.shape[1:])
    rows, columns = [int(row)], [int(column)]
    for total in totals[-2::-1]:
        top, left = max(0, rows[-1] - 1), max(0, columns[-1] - 1)
        around = total[top : rows[-1] + 2, left : columns[-1] + 2]
        step = np.unravel_index(int(around.argmax()), around.shape)
        rows.append(top + int(step[0]))
        columns.append(left + int(step[1]))
    return np.array(rows[::-1]), np.array(columns[::-1])
