"""Masks to compare and independent witnesses of what they have in common."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import SimpleITK
from crc_core.geometry import Grid, Volume
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Spacing = tuple[float, float, float]

ISOTROPIC: Spacing = (1.0, 1.0, 1.0)
THICK: Spacing = (5.0, 0.75, 0.75)
UNEVEN: Spacing = (1.25, 0.5, 0.875)
SPACINGS_KJI_MM = (ISOTROPIC, THICK, UNEVEN)


@dataclass(frozen=True)
class Distances:
    """What the package surface-distance says of two masks."""

    hd95_mm: float
    assd_mm: float
    surface_dice: dict[float, float]


def straight_grid(shape_kji: tuple[int, ...], spacing_kji_mm: Spacing = ISOTROPIC) -> Grid:
    """A grid along the patient's axes."""
    return Grid.from_spacing(tuple(shape_kji), spacing_kji_mm[::-1], (-40.0, 12.5, 300.0))


def oblique_grid(shape_kji: tuple[int, ...], spacing_kji_mm: Spacing = ISOTROPIC) -> Grid:
    """A grid turned about two axes and mirrored along i, as no table of a scanner stands."""
    c, s = np.cos(0.4), np.sin(0.4)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(spacing_kji_mm[::-1]) * np.array([-1, 1, 1])
    matrix[:3, 3] = (17.0, -250.0, 81.0)
    return Grid(tuple(shape_kji), matrix)


def ball(shape_kji: tuple[int, ...], centre_kji: tuple[float, ...], radius_kji: tuple[float, ...]) -> NDArray[np.uint8]:
    """An ellipsoid of ones; centre and half axes in voxels."""
    k, j, i = np.ogrid[tuple(slice(0, n) for n in shape_kji)]
    parts = zip((k, j, i), centre_kji, radius_kji, strict=True)
    inside = sum(((axis - middle) / half) ** 2 for axis, middle, half in parts) <= 1
    return np.asarray(inside, dtype=np.uint8)


def blob_pair(seed: int, shape_kji: tuple[int, ...] = (24, 26, 28)) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two rough lumps that have much in common, as two readers of one tumour would draw."""
    rng = np.random.default_rng(seed)
    lump = gaussian_filter(rng.standard_normal(shape_kji), 3)
    first = lump + 0.3 * gaussian_filter(rng.standard_normal(shape_kji), 2)
    second = lump + 0.3 * gaussian_filter(rng.standard_normal(shape_kji), 2)
    level = np.quantile(lump, 0.85)
    return (first > level).astype(np.uint8), (second > level).astype(np.uint8)


def noise_pair(seed: int, shape_kji: tuple[int, ...] = (9, 10, 11)) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two masks without any shape, reaching every border: all fillings of a corner's cube occur."""
    rng = np.random.default_rng(seed)
    first = rng.random(shape_kji) < rng.uniform(0.05, 0.95)
    second = rng.random(shape_kji) < rng.uniform(0.05, 0.95)
    first[0, 0, 0] = second[-1, -1, -1] = True
    return first.astype(np.uint8), second.astype(np.uint8)


def on_grid(array: NDArray, grid: Grid | None = None) -> Volume:
    """The array as a volume on `grid`, by default one of 1 mm along the axes."""
    return Volume(array, grid or straight_grid(array.shape))


def itk_image(array: NDArray, spacing_kji_mm: Spacing) -> SimpleITK.Image:
    """The mask as an image of SimpleITK."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(array.astype(np.uint8)))
    image.SetSpacing(tuple(float(step) for step in spacing_kji_mm[::-1]))
    return image


def itk_hausdorff_mm(a: NDArray, b: NDArray, spacing_kji_mm: Spacing) -> float:
    """The Hausdorff distance by SimpleITK."""
    measure = SimpleITK.HausdorffDistanceImageFilter()
    measure.Execute(itk_image(a != 0, spacing_kji_mm), itk_image(b != 0, spacing_kji_mm))
    return float(measure.GetHausdorffDistance())


def itk_overlap(a: NDArray, b: NDArray) -> tuple[float, float]:
    """Dice and Jaccard by SimpleITK."""
    measure = SimpleITK.LabelOverlapMeasuresImageFilter()
    measure.Execute(itk_image(a != 0, ISOTROPIC), itk_image(b != 0, ISOTROPIC))
    return measure.GetDiceCoefficient(), measure.GetJaccardCoefficient()


def surface_distance_says(
    a: NDArray, b: NDArray, spacing_kji_mm: Spacing, tolerances_mm: tuple[float, ...] = (1, 2, 3)
) -> Distances:
    """HD95, ASSD over both surfaces and surface Dice by the package surface-distance."""
    import surface_distance as witness

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found = witness.compute_surface_distances(a != 0, b != 0, spacing_kji_mm)
    there, back = found["distances_gt_to_pred"], found["distances_pred_to_gt"]
    area_there, area_back = found["surfel_areas_gt"], found["surfel_areas_pred"]
    total = (there * area_there).sum() + (back * area_back).sum()
    return Distances(
        hd95_mm=float(witness.compute_robust_hausdorff(found, 95)),
        assd_mm=float(total / (area_there.sum() + area_back.sum())),
        surface_dice={mm: float(witness.compute_surface_dice_at_tolerance(found, mm)) for mm in tolerances_mm},
    )
