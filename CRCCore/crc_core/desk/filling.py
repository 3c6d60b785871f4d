"""Filling the slices between drawn ones by shape: signed distances of neighbouring contours, blended.

After Raya and Udupa, "Shape-based interpolation of multidimensional objects" (IEEE TMI 1990). Contours that lie aside
of each other, as where the bowel runs obliquely, are laid over one another by their centroids first.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crc_core.contour.voxels import axis_order

if TYPE_CHECKING:
    from crc_core.geometry import Volume

_MARGIN = 2
_REACH = 2.0
"""Parts that do not overlap still belong together when their centres lie within this many of their summed radii."""

Plane = NDArray[np.bool_]


def drawn_slices(mask: Volume) -> int:
    """How many slices of a mask hold voxels, counted along its slice axis."""
    return int(np.count_nonzero(_drawn(mask.array > 0, axis_order(mask.grid)[0])))


def open_slices(inside: NDArray[np.bool_], axis: int = 0) -> tuple[int, ...]:
    """The indexes along `axis` of the slices without contour between the first and the last drawn one."""
    drawn = np.flatnonzero(_drawn(inside, axis))
    if not drawn.size:
        return ()
    return tuple(sorted(set(range(int(drawn[0]), int(drawn[-1]))) - {int(index) for index in drawn}))


def fill_between(
    inside: NDArray[np.bool_], axis: int = 0, spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> tuple[NDArray[np.bool_], tuple[int, ...]]:
    """The contour of one lesion with the empty slices between drawn ones filled, and the indexes of those along `axis`.

    `inside` is `[k, j, i]`, `spacing_mm` the pixel spacing of the two other axes in order. Drawn slices stay as they
    are, nothing is added beyond the first and the last, and a part that has no partner in the next drawn slice ends
    where it was drawn.
    """
    filled = np.array(inside, dtype=bool)
    planes = np.moveaxis(filled, axis, 0)
    drawn = [int(index) for index in np.flatnonzero(planes.any(axis=(1, 2)))]
    done = []
    for low, high in itertools.pairwise(drawn):
        if high - low > 1:
            pieces = list(_pieces(planes[low], planes[high], spacing_mm))
            for index in range(low + 1, high):
                share = (index - low) / (high - low)
                for piece in pieces:
                    piece.paint(planes[index], share)
                if planes[index].any():
                    done.append(index)
    return filled, tuple(done)


@dataclass(frozen=True, eq=False)
class _Depth:
    """The signed distance of a shape from its border (above 0 inside), on a box of pixels around its centroid."""

    values: NDArray[np.float64]
    centre: NDArray[np.float64]
    extent: tuple[NDArray[np.floating], NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class _Piece:
    """Parts of two drawn slices that belong together."""

    low: _Depth
    high: _Depth

    def paint(self, plane: Plane, share: float) -> None:
        """Draw the shape that lies `share` of the way from the low to the high one."""
        centre = (1 - share) * self.low.centre + share * self.high.centre
        reach = [np.maximum(one, other) for one, other in zip(self.low.extent, self.high.extent, strict=True)]
        start = np.maximum(np.floor(centre - reach[0]).astype(int), 0)
        stop = np.minimum(np.ceil(centre + reach[1]).astype(int) + 1, plane.shape)
        if (stop <= start).any():
            return
        depth = np.zeros(tuple(stop - start))
        for part, weight in ((self.low, 1 - share), (self.high, share)):
            # Where the pixels of this part lie that fall onto the first pixel of the box.
            depth += weight * _shifted(part.values, start - centre + part.extent[0], tuple(stop - start))
        plane[start[0] : stop[0], start[1] : stop[1]] |= depth > 0


def _shifted(values: NDArray[np.float64], offset: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A box of `shape` of the values from `offset` on (in pixels), linear between them and constant beyond."""
    for axis in (0, 1):
        whole = int(np.floor(offset[axis]))
        share = offset[axis] - whole
        places = np.clip(whole + np.arange(shape[axis] + 1), 0, values.shape[axis] - 1)
        taken = values.take(places, axis=axis)
        low, high = (taken[:-1], taken[1:]) if axis == 0 else (taken[:, :-1], taken[:, 1:])
        values = (1 - share) * low + share * high
    return values


def _drawn(inside: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return np.asarray(inside.any(axis=tuple(other for other in range(3) if other != axis)))


def _pieces(low: Plane, high: Plane, spacing_mm: tuple[float, float]) -> Iterator[_Piece]:
    """The parts of two slices that belong together: those that overlap, and of the others the nearest."""
    from scipy.ndimage import label

    eight = np.ones((3, 3))
    (low_labels, low_count), (high_labels, high_count) = label(low, eight), label(high, eight)
    both = low & high
    joint = np.unique(low_labels[both] * (high_count + 1) + high_labels[both])
    pairs = {divmod(int(code), high_count + 1) for code in joint}
    pairs |= set(_nearest(low_labels, high_labels, low_count, high_count, pairs))
    for ones, others in _groups(pairs):
        shapes = np.isin(low_labels, ones), np.isin(high_labels, others)
        yield _Piece(*_depths(*shapes, spacing_mm))


def _nearest(
    low: NDArray[np.int_], high: NDArray[np.int_], low_count: int, high_count: int, pairs: set[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Pairs of parts that overlap nothing: nearest centres first, each used once."""
    free_low = sorted(set(range(1, low_count + 1)) - {one for one, _ in pairs})
    free_high = sorted(set(range(1, high_count + 1)) - {other for _, other in pairs})
    places = {(0, one): _place(low == one) for one in free_low} | {(1, one): _place(high == one) for one in free_high}
    near = []
    for one in free_low:
        for other in free_high:
            (centre, radius), (its_centre, its_radius) = places[0, one], places[1, other]
            distance = float(np.linalg.norm(centre - its_centre))
            if distance <= _REACH * (radius + its_radius):
                near.append((distance, one, other))
    used_low, used_high = set(), set()
    for _, one, other in sorted(near):
        if one not in used_low and other not in used_high:
            used_low.add(one)
            used_high.add(other)
            yield one, other


def _place(shape: Plane) -> tuple[NDArray[np.float64], float]:
    """Centroid in pixels, and the radius of a disc of the same area."""
    found = np.argwhere(shape)
    return found.mean(axis=0), float(np.sqrt(len(found) / np.pi))


def _groups(pairs: set[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Pairs joined wherever they share a part, as (parts of the low slice, parts of the high slice)."""
    groups: list[tuple[set[int], set[int]]] = []
    for one, other in sorted(pairs):
        ones, others = {one}, {other}
        apart = []
        for group in groups:
            if group[0] & ones or group[1] & others:
                ones |= group[0]
                others |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (ones, others)]
    return [(sorted(ones), sorted(others)) for ones, others in groups]


def _depths(low: Plane, high: Plane, spacing_mm: tuple[float, float]) -> tuple[_Depth, _Depth]:
    """Both shapes' depths, on boxes that reach equally far from their centroids, so that one can lie on the other."""
    places = [np.argwhere(low), np.argwhere(high)]
    centres = [found.mean(axis=0) for found in places]
    before = np.max([centre - found.min(axis=0) for centre, found in zip(centres, places, strict=True)], axis=0)
    after = np.max([found.max(axis=0) - centre for centre, found in zip(centres, places, strict=True)], axis=0)
    extent = np.ceil(before).astype(int) + _MARGIN, np.ceil(after).astype(int) + _MARGIN
    one, other = (_depth(found, centre, extent, spacing_mm) for found, centre in zip(places, centres, strict=True))
    return one, other


def _depth(
    found: NDArray[np.int_],
    centre: NDArray[np.float64],
    extent: tuple[NDArray[np.int_], NDArray[np.int_]],
    spacing_mm: tuple[float, float],
) -> _Depth:
    from scipy.ndimage import distance_transform_edt

    corner = np.floor(centre).astype(int) - extent[0]
    shape = np.zeros(tuple(extent[0] + extent[1] + 2), bool)
    shape[tuple((found - corner).T)] = True
    # The border runs halfway between voxel centres; half a pixel makes both sides of it equally near.
    half = min(spacing_mm) / 2
    values = np.where(
        shape,
        distance_transform_edt(shape, sampling=spacing_mm) - half,
        half - distance_transform_edt(~shape, sampling=spacing_mm),
    )
    return _Depth(values, centre, (centre - corner, extent[1] + 1.0))
