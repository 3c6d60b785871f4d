"""Pictures of the demonstration: any image on one axial plane of the patient, contours and disagreement over it.

Radiological view: the patient's right is on the left of the picture, anterior is up.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Volume

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

Colour = tuple[int, int, int]
Mask2D = NDArray[np.bool_]

# Okabe and Ito's colours (Color Universal Design, 2008): told apart with every kind of colour vision.
BLUE: Colour = (86, 180, 233)
ORANGE: Colour = (230, 159, 0)
YELLOW: Colour = (240, 228, 66)
GREEN: Colour = (0, 158, 115)
_HATCH_PIXELS = 7
_TILE_PIXELS = 360
_GAP_PIXELS = 6


@dataclass(frozen=True)
class Plane:
    """A square axial field: its centre in RAS mm and its side in mm."""

    centre_ras: tuple[float, float, float]
    field_mm: float

    def points(self) -> NDArray[np.float64]:
        """`[pixel, pixel, 3]` RAS mm of the pixel centres."""
        offset = ((np.arange(_TILE_PIXELS) + 0.5) / _TILE_PIXELS - 0.5) * self.field_mm
        right, anterior = np.meshgrid(self.centre_ras[0] - offset, self.centre_ras[1] - offset)
        return np.stack([right, anterior, np.full_like(right, self.centre_ras[2])], axis=-1)


@dataclass(frozen=True)
class Grey:
    """How values become grey: black at `low`, white at `high`."""

    low: float
    high: float

    @classmethod
    def window(cls, width_hu: float, level_hu: float) -> Grey:
        """A CT window."""
        return cls(level_hu - width_hu / 2, level_hu + width_hu / 2)

    @classmethod
    def range_of(cls, volume: Volume) -> Grey:
        """From the darkest to nearly the brightest voxel, for MR."""
        low, high = np.percentile(volume.array, (1, 99.5))
        return cls(float(low), float(max(high, low + 1)))


@dataclass(frozen=True, eq=False)
class Outline:
    """A contour to draw: non-zero voxels of a mask, in a colour."""

    mask: Volume
    colour: Colour


def tile(image: Volume, grey: Grey, plane: Plane, outlines: Sequence[Outline] = (), caption: str = "") -> PilImage:
    """An image on a plane with contours over it."""
    rgb = _rgb(image, grey, plane)
    for outline in outlines:
        rgb[_edge(_inside(outline.mask, plane))] = outline.colour
    return _labelled(rgb, caption)


def disagreement(image: Volume, grey: Grey, plane: Plane, a: Volume, b: Volume, caption: str = "") -> PilImage:
    """Where only A drew (blue hatch), only B drew (orange hatch the other way) and both drew (yellow outline)."""
    rgb = _rgb(image, grey, plane)
    in_a, in_b = _inside(a, plane), _inside(b, plane)
    rows, columns = np.indices(in_a.shape)
    for region, colour, stripes in ((in_a & ~in_b, BLUE, rows + columns), (in_b & ~in_a, ORANGE, rows - columns)):
        hatch = region & (stripes % _HATCH_PIXELS < 2)
        rgb[region] = (0.75 * rgb[region] + 0.25 * np.array(colour)).astype(np.uint8)
        rgb[hatch] = colour
        rgb[_edge(region)] = colour
    rgb[_edge(in_a & in_b)] = YELLOW
    return _labelled(rgb, caption)


def row(tiles: Sequence[PilImage]) -> bytes:
    """Tiles side by side as one PNG."""
    from PIL import Image

    width = len(tiles) * (_TILE_PIXELS + _GAP_PIXELS) - _GAP_PIXELS
    canvas = Image.new("RGB", (width, _TILE_PIXELS), (255, 255, 255))
    for number, picture in enumerate(tiles):
        canvas.paste(picture, (number * (_TILE_PIXELS + _GAP_PIXELS), 0))
    stream = io.BytesIO()
    canvas.save(stream, "PNG")
    return stream.getvalue()


def largest_section(mask: Volume) -> tuple[float, float, float]:
    """RAS mm of the middle of the slice in which a mask is largest; raises ValueError for an empty mask."""
    areas = np.count_nonzero(mask.array, axis=(1, 2))
    k = int(areas.argmax())
    rows, columns = np.nonzero(mask.array[k])
    if not rows.size:
        raise ValueError("an empty mask has no section")
    right, anterior, superior = mask.grid.to_ras((columns.mean(), rows.mean(), k))
    return (float(right), float(anterior), float(superior))


def _sample(volume: Volume, plane: Plane, order: int, outside: float) -> NDArray[np.float32]:
    from scipy.ndimage import map_coordinates

    kji = np.moveaxis(volume.grid.to_ijk(plane.points())[..., ::-1], -1, 0)
    array = volume.array.astype(np.float32) if order else volume.array
    values = map_coordinates(array, kji, order=order, cval=outside, prefilter=False)
    return np.asarray(values, dtype=np.float32)


def _rgb(image: Volume, grey: Grey, plane: Plane) -> NDArray[np.uint8]:
    values = _sample(_around(image, plane), plane, 1, grey.low)
    scaled = np.clip((values - grey.low) * (255 / (grey.high - grey.low)), 0, 255).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=2)


def _inside(mask: Volume, plane: Plane) -> Mask2D:
    drawn = Volume((mask.array != 0).astype(np.uint8), mask.grid)
    return np.asarray(_sample(_around(drawn, plane), plane, 1, 0.0) >= 0.5)


def _around(volume: Volume, plane: Plane) -> Volume:
    """The part of a volume near a plane, so that a large scan is not converted whole."""
    corners = volume.grid.to_ijk(plane.points()[:: _TILE_PIXELS - 1, :: _TILE_PIXELS - 1].reshape(-1, 3))[:, ::-1]
    shape = np.array(volume.grid.shape_kji)
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, shape - 1)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 1, shape)
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return Volume(volume.array[box], volume.grid.crop(box))


def _edge(inside: Mask2D) -> Mask2D:
    from scipy.ndimage import binary_dilation, binary_erosion

    return np.asarray(binary_dilation(inside) & ~binary_erosion(inside))


def _labelled(rgb: NDArray[np.uint8], caption: str) -> PilImage:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.fromarray(rgb)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(16)
    draw.text((6, _TILE_PIXELS // 2), "R", fill=(235, 235, 235), font=font, anchor="lm")
    draw.text((_TILE_PIXELS - 6, _TILE_PIXELS // 2), "L", fill=(235, 235, 235), font=font, anchor="rm")
    draw.text((8, 8), caption, fill=YELLOW, font=font)
    return picture
