"""From tissues to images: HU at a time after the injection, texture, blur, noise; MR signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid
from crc_core.phantom.tissue import tissue_table

_TILE = 64
_TILE_STEP_MM = 1.6
AIR_HU = -1000


@dataclass(frozen=True)
class Scanner:
    """What a reconstruction does to the image: blur (sigma in mm) and noise (one standard deviation, HU)."""

    blur_in_plane_mm: float
    blur_across_mm: float
    noise_hu: float


def texture(grid: Grid, seed: int) -> NDArray[np.float32]:
    """A field of mean 0 and standard deviation 1 that sticks to the body: the grain of tissues; `[k, j, i]`."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng([seed, 0x7E87])
    tile = gaussian_filter(rng.standard_normal((_TILE,) * 3, dtype=np.float32), 1.6, mode="wrap")
    tile += 1.2 * gaussian_filter(rng.standard_normal((_TILE,) * 3, dtype=np.float32), 0.9, mode="wrap") * tile.std()
    tile /= tile.std()
    k, j, i = np.ogrid[tuple(slice(0, n) for n in grid.shape_kji)]
    matrix = grid.ijk_to_ras / _TILE_STEP_MM
    index = [
        (matrix[row, 0] * i + matrix[row, 1] * j + matrix[row, 2] * k + matrix[row, 3]).round().astype(np.int16)
        & (_TILE - 1)
        for row in range(3)
    ]
    return tile[index[2], index[1], index[0]]


def render_ct(
    tissue: NDArray[np.uint8],
    grain: NDArray[np.float32],
    grid: Grid,
    delay_s: float | None,
    scanner: Scanner,
    rng: np.random.Generator,
    spoil: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None,
) -> NDArray[np.int16]:
    """The CT image of tissues `delay_s` after the start of the injection (None: plain), HU as int16.

    `spoil` adds artefacts to the blurred image before the noise.
    """
    table = tissue_table()
    image = table.hu_at(delay_s)[tissue]
    image += table.texture_hu[tissue] * grain
    image = blurred(image, grid, scanner)
    if spoil is not None:
        image = spoil(image)
    image += noise(grid, scanner, rng) * _attenuation(grid)
    return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


def blurred(image: NDArray[np.float32], grid: Grid, scanner: Scanner) -> NDArray[np.float32]:
    """`image` seen through the point spread of `scanner`."""
    from scipy.ndimage import gaussian_filter

    across, down, along = grid.spacing_kji_mm
    sigma = (scanner.blur_across_mm / across, scanner.blur_in_plane_mm / down, scanner.blur_in_plane_mm / along)
    return gaussian_filter(image, sigma, mode="nearest", truncate=3.0)


def noise(grid: Grid, scanner: Scanner, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise whose power falls off at high frequencies, as a soft kernel's, and towards zero, as a ramp filter's."""
    from scipy.ndimage import gaussian_filter

    white = rng.standard_normal(grid.shape_kji, dtype=np.float32)
    fine = max(0.55, 0.75 / grid.spacing_ijk_mm[0])
    field = gaussian_filter(white, (0, fine, fine), mode="wrap", truncate=3.0)
    field -= gaussian_filter(white, (0, 2.4 * fine, 2.4 * fine), mode="wrap", truncate=2.5)
    return field * np.float32(scanner.noise_hu / max(float(field[: min(8, len(field))].std()), 1e-6))


def _attenuation(grid: Grid) -> NDArray[np.float32]:
    """More noise in the middle of the body, where fewer photons pass."""
    _, j, i = np.ogrid[tuple(slice(0, n) for n in grid.shape_kji)]
    x = (i - grid.shape_kji[2] / 2) * grid.spacing_ijk_mm[0] / 150
    y = (j - grid.shape_kji[1] / 2) * grid.spacing_ijk_mm[1] / 100
    return (0.55 + 0.55 * np.exp(-(x * x + y * y))).astype(np.float32)


def render_mr(
    signal: NDArray[np.float32], grid: Grid, blur_mm: float, noise_share: float, rng: np.random.Generator
) -> NDArray[np.int16]:
    """A magnitude image of a noise-free signal: blur, coil shading, Rician noise; int16."""
    image = blurred(signal, grid, Scanner(blur_mm, 0.42 * grid.spacing_ijk_mm[2], 0))
    _, j, i = np.ogrid[tuple(slice(0, n) for n in grid.shape_kji)]
    shade = 1 + 0.12 * np.cos(2 * np.pi * (i / grid.shape_kji[2] - 0.4)) * np.cos(
        2 * np.pi * (j / grid.shape_kji[1] - 0.6)
    )
    scale = noise_share * 1000
    real = image * shade.astype(np.float32) + scale * rng.standard_normal(grid.shape_kji, dtype=np.float32)
    imaginary = scale * rng.standard_normal(grid.shape_kji, dtype=np.float32)
    return np.clip(np.rint(np.hypot(real, imaginary)), 0, 4095).astype(np.int16)
