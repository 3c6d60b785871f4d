"""The thickness of a bowel wall tumour between its inner and its outer edge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.pieces import Pieces, finished
from crc_core.contour.voxels import Lesion, grown
from crc_core.geometry import Volume

Places = NDArray[np.float64]

_BATCH = 4096


@dataclass(frozen=True)
class WallSpan:
    """The shortest way through the wall at its thickest place: places (slice, row, column) in the lesion's crop.

    `share_through_slices` is how far the way runs through slices: 0 within one slice, 1 straight through them.
    """

    start: tuple[float, float, float]
    end: tuple[float, float, float]
    length_mm: float
    share_through_slices: float


def thickest_wall(lesion: Lesion, inner: Volume | None, outer: Volume | None, *, in_space: bool) -> WallSpan | None:
    """The largest of all shortest ways from the inner edge to the outer edge; None where there is no inner edge.

    The inner edge is the border between tumour and lumen (`inner`, or `outer` without the tumour), the outer edge that
    between tumour and everything else, both through the middles of voxel faces. In space, or else in the largest
    section that has an inner edge.
    """
    return finished(seeking_wall(lesion, inner, outer, in_space=in_space))


def seeking_wall(
    lesion: Lesion, inner: Volume | None, outer: Volume | None, *, in_space: bool
) -> Pieces[WallSpan | None]:
    """What `thickest_wall` gives, in bounded pieces."""
    box = grown(lesion.box, lesion.grid.shape_kji, 1)
    lumen = _lumen(lesion, inner, outer, box)
    tumour = np.zeros(lumen.shape, bool)
    shift = [part.start - whole.start for part, whole in zip(lesion.box, box, strict=True)]
    placed = tuple(slice(a, a + size) for a, size in zip(shift, lesion.inside.shape, strict=True))
    tumour[placed] = lesion.inside
    lumen &= ~tumour
    if in_space:
        inner_edge = _faces(tumour, lumen, (0, 1, 2))
        yield
        outer_edge = _faces(tumour, ~(tumour | lumen), (0, 1, 2))
        yield
        return (yield from _thickest(lesion, inner_edge, outer_edge, shift))
    touched = _touched_slices(tumour, lumen)
    if not touched.any():
        return None
    k = int(np.where(touched, np.count_nonzero(tumour, axis=(1, 2)), -1).argmax())
    flat, hollow = tumour[k : k + 1], lumen[k : k + 1]
    shift[0] -= k
    return (yield from _thickest(lesion, _faces(flat, hollow, (1, 2)), _faces(flat, ~(flat | hollow), (1, 2)), shift))


def _lumen(lesion: Lesion, inner: Volume | None, outer: Volume | None, box: tuple[slice, slice, slice]) -> NDArray:
    if inner is not None:
        return np.asarray(inner.array[box] != 0)
    if outer is None:
        raise ValueError("a wall needs an inner or an outer edge")
    own = np.zeros(tuple(part.stop - part.start for part in box), bool)
    own |= outer.array[box] == lesion.number
    return own


def _touched_slices(tumour: NDArray[np.bool_], lumen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = (tumour[:, 1:] & lumen[:, :-1] | tumour[:, :-1] & lumen[:, 1:]).any(axis=(1, 2))
    columns = (tumour[:, :, 1:] & lumen[:, :, :-1] | tumour[:, :, :-1] & lumen[:, :, 1:]).any(axis=(1, 2))
    return np.asarray(rows | columns)


def _faces(one: NDArray[np.bool_], other: NDArray[np.bool_], axes: tuple[int, ...]) -> Places:
    """n×3 middles of the faces where `one` meets `other`; what lies beyond the array is neither."""
    pieces = []
    for axis in axes:
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        before, after = tuple(low), tuple(high)
        met = np.argwhere(one[before] & other[after] | other[before] & one[after]).astype(np.float64)
        met[:, axis] += 0.5
        pieces.append(met)
    return np.concatenate(pieces)


def _thickest(lesion: Lesion, inner_edge: Places, outer_edge: Places, shift: list[int]) -> Pieces[WallSpan | None]:
    if not len(inner_edge) or not len(outer_edge):
        return None
    from scipy.spatial import cKDTree

    matrix = lesion.grid.ijk_to_ras[:3, :3]
    inner_mm, outer_mm = inner_edge[:, ::-1] @ matrix.T, outer_edge[:, ::-1] @ matrix.T
    tree = cKDTree(outer_mm)
    yield
    ways, nearest = np.empty(len(inner_mm)), np.empty(len(inner_mm), np.intp)
    for first in range(0, len(inner_mm), _BATCH):
        batch = slice(first, first + _BATCH)
        ways[batch], nearest[batch] = tree.query(inner_mm[batch])
        yield
    thickest = int(ways.argmax())
    start = inner_edge[thickest] - shift
    end = outer_edge[nearest[thickest]] - shift
    length = float(ways[thickest])
    through = abs(float(end[0] - start[0])) * lesion.grid.spacing_ijk_mm[2]
    return WallSpan(
        (float(start[0]), float(start[1]), float(start[2])),
        (float(end[0]), float(end[1]), float(end[2])),
        length,
        min(1.0, through / length) if length > 0 else 0.0,
    )
