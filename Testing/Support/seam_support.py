"""Random grids and hand-made NIfTI files for the tests of the seams."""

from __future__ import annotations

import gzip
import itertools
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from crc_core.geometry.grid import Grid
from hypothesis import strategies as st
from numpy.typing import NDArray

SIGNED_AXES = [
    np.array([[sx if a == 0 else 0, sy if b == 0 else 0, sz if c == 0 else 0],
              [sx if a == 1 else 0, sy if b == 1 else 0, sz if c == 1 else 0],
              [sx if a == 2 else 0, sy if b == 2 else 0, sz if c == 2 else 0]], dtype=float)
    for a, b, c in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
    for sx in (1, -1) for sy in (1, -1) for sz in (1, -1)
]  # fmt: skip
"""The 48 ways to lay the axes i, j, k along ±R, ±A, ±S, mirrored ones included."""


def rotation(axis: tuple[float, float, float], angle_deg: float) -> NDArray[np.float64]:
    """The 3×3 rotation about an axis (Rodrigues)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_deg)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


@st.composite
def grids(draw: st.DrawFn, largest: int = 7) -> Grid:
    """Grids with axes at right angles: every order and direction of axes, any tilt, half turns, uneven spacing."""
    shape = draw(st.tuples(*[st.integers(1, largest)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.2, 8.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-900.0, 900.0)] * 3))
    axis = draw(st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1))
    angle = draw(st.one_of(st.just(0.0), st.floats(-180.0, 180.0), st.sampled_from([179.999, 180.0, 90.0, 1e-4])))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation(axis, angle) @ draw(st.sampled_from(SIGNED_AXES)) * np.array(spacing)
    matrix[:3, 3] = origin
    return Grid(shape, matrix)


@dataclass
class RawNifti:
    """A NIfTI-1 file written byte by byte from the standard, apart from our own codec."""

    array_kji: NDArray[Any]
    code: int
    order: str = "<"
    slope: float = 0.0
    intercept: float = 0.0
    sform: NDArray[np.float64] | None = field(default_factory=lambda: np.eye(4))
    quaternion: tuple[float, float, float] | None = None
    dims: tuple[int, ...] | None = None
    offset: float = 352.0
    magic: bytes = b"n+1\0"

    def header(self) -> bytes:
        head = bytearray(int(max(self.offset, 352.0)) if np.isfinite(self.offset) and self.offset < 4096 else 352)
        k, j, i = self.array_kji.shape
        dims = self.dims or (3, i, j, k, 1, 1, 1, 1)
        pack = struct.pack_into
        pack(self.order + "i", head, 0, 348)
        pack(self.order + "8h", head, 40, *dims)
        pack(self.order + "2h", head, 70, self.code, self.array_kji.dtype.itemsize * 8)
        pack(self.order + "8f", head, 76, 1, 1, 1, 1, 0, 0, 0, 0)
        pack(self.order + "3f", head, 108, self.offset, self.slope, self.intercept)
        pack(self.order + "2h", head, 252, int(self.quaternion is not None), int(self.sform is not None))
        pack(self.order + "3f", head, 256, *(self.quaternion or (0, 0, 0)))
        if self.sform is not None:
            pack(self.order + "12f", head, 280, *self.sform[:3].ravel())
        head[344:348] = self.magic
        return bytes(head)

    def data(self) -> bytes:
        return self.array_kji.astype(self.array_kji.dtype.newbyteorder(self.order)).tobytes()

    def write(self, path: Path, members: int = 1) -> Path:
        """Write as `.nii`, or as `.nii.gz` of that many gzip members."""
        whole = self.header() + self.data()
        if path.name.endswith(".gz"):
            cuts = np.linspace(0, len(whole), members + 1).astype(int)
            whole = b"".join(gzip.compress(whole[a:b], mtime=0) for a, b in itertools.pairwise(cuts))
        path.write_bytes(whole)
        return path
