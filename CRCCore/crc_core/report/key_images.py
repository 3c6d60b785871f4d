"""Key images: each lesion in its axial slice of largest section, outlined, with where it lies in the body.

Radiological view: the patient's right is on the left of the picture, anterior and superior are up.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crc_core.geometry.grid import Grid, Volume
from crc_core.report.document import Lesion
from crc_core.report.export_html import Picture
from crc_core.report.template import Words
from crc_core.text import Lang, say

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage

_MAIN_PIXELS = 480
_SMALL_PIXELS = 236
_GAP_PIXELS = 8
_SMALLEST_FIELD_MM = 100.0
_FIELD_PER_EXTENT = 3.0
_OWN_COLOUR = (255, 205, 40)
_OTHER_COLOUR = (90, 205, 240)
_TEXT_COLOUR = (235, 235, 235)


@dataclass(frozen=True)
class Window:
    """The display window in HU."""

    width_hu: float
    level_hu: float


ABDOMEN = Window(225, 40)
"""The abdominal window of table 4 (width 200-250, level 30-50)."""

LUNG = Window(1500, -600)


@dataclass(frozen=True)
class KeyImage:
    """The picture of one lesion.

    `slice_index` counts from 0 along k; `place_ras` is the middle of the section in RAS millimetres.
    """

    lesion: Lesion
    png: bytes
    slice_index: int
    place_ras: tuple[float, float, float]
    window: Window

    @property
    def caption(self) -> Words:
        """What the picture shows and where it lies."""
        return Words(*(self._caption(lang) for lang in (Lang.ZH, Lang.EN)))

    def _caption(self, lang: Lang) -> str:
        place = " ".join(
            f"{positive if value >= 0 else negative} {abs(value):.0f}"
            for value, positive, negative in zip(self.place_ras, "RAS", "LPI", strict=True)
        )
        return say(
            "report.page.key_image",
            lang,
            target=say(f"report.target.{self.lesion.target.value}", lang),
            number=self.lesion.number,
            slice=self.slice_index + 1,
            place=place,
            width=f"{self.window.width_hu:g}",
            level=f"{self.window.level_hu:g}",
        )

    @property
    def picture(self) -> Picture:
        """The key image for the printable report."""
        return Picture(self.png, self.caption)


def key_images(image: Volume, mask: Volume, window: Window, lesions: Sequence[Lesion]) -> tuple[KeyImage, ...]:
    """A key image of every lesion that has voxels in `mask`, which holds lesion numbers on the grid of `image`.

    Raises ValueError where the grids differ.
    """
    from scipy import ndimage

    if not mask.grid.same_as(image.grid):
        raise ValueError("the mask lies on another grid than the image")
    view = _View.of(image.grid)
    turned, numbers = view.turn(image.array), view.turn(mask.array)
    boxes = dict(enumerate(ndimage.find_objects(numbers), 1))
    made = []
    for lesion in lesions:
        box = boxes.get(lesion.number)
        if box is not None:
            sections = (numbers[box] == lesion.number).sum(axis=(1, 2))
            level = int(box[0].start + sections.argmax())
            made.append(_key_image(view, turned, numbers, window, lesion, level))
    return tuple(made)


@dataclass(frozen=True)
class _View:
    """How an array `[k, j, i]` is turned to (superior, posterior, left): its axes in order and the flips."""

    grid: Grid
    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    @classmethod
    def of(cls, grid: Grid) -> _View:
        directions = grid.directions[:, ::-1]  # columns: k, j, i
        wanted = np.array([[0.0, 0, 1], [0, -1, 0], [-1, 0, 0]])  # rows: superior, posterior, left in RAS
        along = wanted @ directions
        axes = max(itertools.permutations(range(3)), key=lambda order: sum(abs(along[n, order[n]]) for n in range(3)))
        flips = tuple(bool(along[n, axes[n]] < 0) for n in range(3))
        return cls(grid, (axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        spacing = self.grid.spacing_kji_mm
        return (spacing[self.axes[0]], spacing[self.axes[1]], spacing[self.axes[2]])

    def turn(self, array: NDArray) -> NDArray:
        turned = array.transpose(self.axes)
        return turned[tuple(slice(None, None, -1 if flip else 1) for flip in self.flips)]

    def kji(self, index: Sequence[float]) -> list[float]:
        """The index `[k, j, i]` of a place in the turned array."""
        back = [0.0, 0.0, 0.0]
        for place, axis, flip in zip(index, self.axes, self.flips, strict=True):
            back[axis] = self.grid.shape_kji[axis] - 1 - place if flip else place
        return back


def _key_image(view: _View, image: NDArray, numbers: NDArray, window: Window, lesion: Lesion, level: int) -> KeyImage:
    section = numbers[level] == lesion.number
    rows, columns = np.nonzero(section)
    middle = (float(level), float(rows.mean()), float(columns.mean()))
    kji = view.kji(middle)
    place = view.grid.to_ras(kji[::-1])
    _, row_mm, column_mm = view.spacing_mm
    extent_mm = max((np.ptp(rows) + 1) * row_mm, (np.ptp(columns) + 1) * column_mm)
    field_mm = max(_SMALLEST_FIELD_MM, _FIELD_PER_EXTENT * extent_mm)
    centre_mm = (
        (np.ptp(columns) / 2 + columns.min() + 0.5) * column_mm,
        (np.ptp(rows) / 2 + rows.min() + 0.5) * row_mm,
    )
    axial = _Plane(_grey(image[level], window), numbers[level], (column_mm, row_mm))
    coronal_row = round(middle[1])
    coronal = _Plane(
        _grey(image[::-1, coronal_row], window), numbers[::-1, coronal_row], (column_mm, view.spacing_mm[0])
    )
    canvas = _compose(axial, coronal, lesion.number, centre_mm, field_mm, image.shape[0] - 1 - level)
    stream = io.BytesIO()
    canvas.save(stream, "PNG")
    index = round(kji[0])
    return KeyImage(lesion, stream.getvalue(), index, (float(place[0]), float(place[1]), float(place[2])), window)


@dataclass(frozen=True, eq=False)
class _Plane:
    """A grey plane `[row, column]`, the lesion numbers in it, and its spacing along columns and rows."""

    grey: NDArray[np.uint8]
    numbers: NDArray
    spacing_xy_mm: tuple[float, float]

    @property
    def size_mm(self) -> tuple[float, float]:
        return (self.grey.shape[1] * self.spacing_xy_mm[0], self.grey.shape[0] * self.spacing_xy_mm[1])

    def draw(self, pixels: int, centre_mm: tuple[float, float], field_mm: float, lesion: int) -> PilImage:
        """The square field of `field_mm` around `centre_mm` with the outlines of all lesions."""
        x_mm, y_mm = self.spacing_xy_mm
        left, top = centre_mm[0] - field_mm / 2, centre_mm[1] - field_mm / 2
        extent = (left / x_mm, top / y_mm, (left + field_mm) / x_mm, (top + field_mm) / y_mm)
        rgb = np.repeat(np.asarray(_cut(self.grey, pixels, extent))[..., None], 3, axis=2)
        for colour, chosen in ((_OTHER_COLOUR, self.numbers != lesion), (_OWN_COLOUR, self.numbers == lesion)):
            inside = np.asarray(_cut(((self.numbers > 0) & chosen).astype(np.uint8) * 255, pixels, extent)) >= 128
            rgb[_outline(inside)] = colour
        return _from_array(rgb)


def _grey(plane: NDArray, window: Window) -> NDArray[np.uint8]:
    low = window.level_hu - window.width_hu / 2
    scaled = (plane.astype(np.float32) - low) * (255 / window.width_hu)
    return np.clip(scaled, 0, 255).astype(np.uint8)


def _cut(plane: NDArray[np.uint8], pixels: int, extent: tuple[float, float, float, float]) -> PilImage:
    from PIL import Image

    source = _from_array(np.ascontiguousarray(plane))
    return source.transform((pixels, pixels), Image.Transform.EXTENT, extent, Image.Resampling.BILINEAR)


def _from_array(array: NDArray[np.uint8]) -> PilImage:
    from PIL import Image

    return Image.fromarray(array)


def _outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(inside, 1)
    core = padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge = inside & ~core
    wider = np.pad(edge, 1)
    return (wider[1:-1, 1:-1] | wider[:-2, 1:-1] | wider[1:-1, :-2]) & ~core


def _compose(
    axial: _Plane, coronal: _Plane, lesion: int, centre_mm: tuple[float, float], field_mm: float, level_row: int
) -> PilImage:
    from PIL import Image, ImageDraw

    canvas = Image.new("RGB", (_MAIN_PIXELS + _GAP_PIXELS + _SMALL_PIXELS, _MAIN_PIXELS))
    main = axial.draw(_MAIN_PIXELS, centre_mm, field_mm, lesion)
    draw = ImageDraw.Draw(main)
    _letters(draw, _MAIN_PIXELS, "R", "L", 20)
    _scale_bar(draw, field_mm)
    canvas.paste(main, (0, 0))
    right = _MAIN_PIXELS + _GAP_PIXELS

    whole_mm = max(axial.size_mm)
    middle = (axial.size_mm[0] / 2, axial.size_mm[1] / 2)
    small = axial.draw(_SMALL_PIXELS, middle, whole_mm, lesion)
    draw = ImageDraw.Draw(small)
    scale = _SMALL_PIXELS / whole_mm
    corner = [(centre_mm[n] - middle[n] + whole_mm / 2) * scale for n in range(2)]
    half = field_mm * scale / 2
    draw.rectangle((corner[0] - half, corner[1] - half, corner[0] + half, corner[1] + half), outline=_TEXT_COLOUR)
    canvas.paste(small, (right, 0))

    whole_mm = max(coronal.size_mm)
    middle = (coronal.size_mm[0] / 2, coronal.size_mm[1] / 2)
    small = coronal.draw(_SMALL_PIXELS, middle, whole_mm, lesion)
    draw = ImageDraw.Draw(small)
    height = ((level_row + 0.5) * coronal.spacing_xy_mm[1] - middle[1] + whole_mm / 2) * _SMALL_PIXELS / whole_mm
    draw.line((0, height, _SMALL_PIXELS, height), fill=_TEXT_COLOUR)
    _letters(draw, _SMALL_PIXELS, "R", "L", 13)
    canvas.paste(small, (right, _MAIN_PIXELS - _SMALL_PIXELS))
    return canvas


def _letters(draw: Any, pixels: int, left: str, right: str, size: int) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    draw.text((size // 3, pixels // 2), left, fill=_TEXT_COLOUR, font=font, anchor="lm")
    draw.text((pixels - size // 3, pixels // 2), right, fill=_TEXT_COLOUR, font=font, anchor="rm")


def _scale_bar(draw: Any, field_mm: float) -> None:
    from PIL import ImageFont

    bar_mm = 50 if field_mm >= 150 else 20
    length, bottom = bar_mm * _MAIN_PIXELS / field_mm, _MAIN_PIXELS - 14
    draw.line((14, bottom, 14 + length, bottom), fill=_TEXT_COLOUR, width=3)
    draw.text((14, bottom - 8), f"{bar_mm} mm", fill=_TEXT_COLOUR, font=ImageFont.load_default(15), anchor="ls")
