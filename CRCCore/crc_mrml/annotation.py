"""What stands in the corners and at the edges of a view: which image, where, in which window, which side is which."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from crc_core.contour.inspection import Window
from crc_core.geometry import Grid
from numpy.typing import ArrayLike, NDArray

from crc_mrml.fonts import write_in
from crc_mrml.slices import Pose

_LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
_ASLANT = 0.2
_COLOUR = (1.0, 0.93, 0.66)
_LATIN_SHARE, _WIDE_SHARE = 0.56, 1.0
_EDGE_SHARE = 1.2


@dataclass(frozen=True)
class Marks:
    """All text of one view, by place."""

    name: str
    place: str
    window: str
    value: str
    left: str
    right: str
    top: str
    bottom: str


def direction_letters(direction: NDArray[np.float64]) -> str:
    """The patient's side a direction points to: one letter, or two or three for a direction aslant, largest first."""
    parts = sorted(((abs(float(part)), axis) for axis, part in enumerate(direction)), reverse=True)
    return "".join(_LETTERS[axis][int(direction[axis] > 0)] for size, axis in parts if size > _ASLANT)


def place_words(grid: Grid, pose: Pose) -> str:
    """Where a slice is: its side and distance from the origin, and its number where it is one of the image's own."""
    normal = pose.normal
    axis = int(np.abs(normal).argmax())
    along = float(pose.centre[axis])
    words = f"{_LETTERS[axis][int(along >= 0)]} {abs(along):.1f}" if abs(normal[axis]) > 1 - 1e-3 else ""
    towards = np.abs(grid.directions.T @ normal)
    slices = int(towards.argmax())
    if towards[slices] < 1 - 1e-6:
        return words
    size = grid.shape_kji[2 - slices]
    number = round(float(grid.to_ijk(pose.centre)[slices])) + 1
    return f"{words}  {number}/{size}".strip() if 1 <= number <= size else words


def window_words(window: Window | None) -> str:
    """The window in short."""
    return "" if window is None else f"W {window.width_hu:.0f}  L {window.level_hu:.0f}"


def marks_of(name: str, grid: Grid, pose: Pose, window: Window | None, value: str = "") -> Marks:
    """The text of a view."""
    right, up = pose.axes[:, 0], pose.axes[:, 1]
    return Marks(
        name,
        place_words(grid, pose),
        window_words(window),
        value,
        left=direction_letters(-right),
        right=direction_letters(right),
        top=direction_letters(up),
        bottom=direction_letters(-up),
    )


def value_at(array: NDArray, grid: Grid, ras: ArrayLike) -> str:
    """The value of the voxel at a point, as text; empty beside the image."""
    i, j, k = (round(float(index)) for index in grid.to_ijk(ras))
    if not all(0 <= index < size for index, size in zip((k, j, i), array.shape, strict=True)):
        return ""
    return f"{float(array[k, j, i]):.0f}"


def dress(annotation: Any, size: int) -> None:
    """Give a vtkCornerAnnotation a small type that can write Chinese and is read on light and dark."""
    annotation.SetMaximumFontSize(size)
    annotation.SetMinimumFontSize(size)
    annotation.SetNonlinearFontScaleFactor(1.0)
    text = annotation.GetTextProperty()
    text.SetColor(*_COLOUR)
    text.ShadowOn()
    text.SetBold(False)
    write_in(text)


def write(annotation: Any, marks: Marks | None, across_px: float = math.inf) -> bool:
    """Put the text of a view into its vtkCornerAnnotation; whether anything changed.

    `across_px` is the view's width: where words in a corner would run into the letter in the middle of the edge, they
    leave that line to it.
    """
    texts = dict.fromkeys(range(8), "")
    if marks is not None:
        below = "\n".join(filter(None, (marks.place, marks.window)))
        texts |= {
            annotation.UpperLeft: marks.name,
            annotation.LowerLeft: below,
            annotation.LowerRight: marks.value,
            annotation.LeftEdge: marks.left,
            annotation.RightEdge: marks.right,
            annotation.UpperEdge: marks.top,
            annotation.LowerEdge: marks.bottom,
        }
        type_px = annotation.GetMaximumFontSize()
        if not _fits(marks.name, marks.top, across_px, type_px):
            texts[annotation.UpperLeft] = f"\n{marks.name}"
        if not _fits(below.rpartition("\n")[2], marks.bottom, across_px, type_px):
            texts[annotation.LowerLeft] = f"{below}\n "
    changed = {position: text for position, text in texts.items() if (annotation.GetText(position) or "") != text}
    for position, text in changed.items():
        annotation.SetText(position, text)
    return bool(changed)


def _fits(words: str, letter: str, across_px: float, type_px: float) -> bool:
    """Whether words from the left end before a letter in the middle."""
    return _width_px(words, type_px) + _width_px(letter, type_px) / 2 + _EDGE_SHARE * type_px < across_px / 2


def _width_px(words: str, type_px: float) -> float:
    """About how wide words are written; a Chinese character is as wide as it is high."""
    return type_px * sum(_WIDE_SHARE if east_asian_width(sign) in "WF" else _LATIN_SHARE for sign in words)
