"""The one NIfTI-1 codec: images in, images and masks out, exact grids, refusals that name the file.

Reads `.nii` and `.nii.gz` of either byte order. Writes uint8 and int16 with sform = qform (code 1, scanner) and gzip
without time and name, so that equal masks are equal bytes.
Source: NIfTI-1 header, nifti1.h (NIMH, 2003-2005).
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes, write_bytes
from crc_core.geometry.grid import SAME_GRID_TOLERANCE_MM, Grid, Volume
from crc_core.geometry.requirements import lesion_numbers, require_same_grid

_HEADER_BYTES = 348
_DATA_OFFSET = 352
_LARGEST_IMAGE_BYTES = 16 * 1024**3
_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_CODES = {np.dtype("u1"): 2, np.dtype("i2"): 4}
_MILLIMETRES_SECONDS = 2 | 8
_FEED_BYTES = 1 << 14
_PIECE_BYTES = 1 << 16
_ZEROS = bytes(_PIECE_BYTES)
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True)
class NiftiHeader:
    """What the header tells: the grid, the voxel type with its byte order, the offset of the data, the scaling."""

    grid: Grid
    dtype: np.dtype
    data_offset: int
    slope: float
    intercept: float

    @property
    def is_scaled(self) -> bool:
        """Whether stored numbers differ from values."""
        return (self.slope, self.intercept) != (1.0, 0.0)

    @property
    def file_bytes(self) -> int:
        """The size of the uncompressed file."""
        return self.data_offset + int(np.prod(self.grid.shape_kji)) * self.dtype.itemsize


def read_header(path: Path) -> NiftiHeader:
    """The header of a NIfTI file without its voxels; raises CrcError."""
    with naming(path), path.open("rb") as stream:
        start = stream.read(_PIECE_BYTES)
    return _parse_header(_first_bytes(start, path), path)


def read_volume(path: Path, expected: Grid | None = None) -> Volume:
    """The image in `path`: array `[k, j, i]` in its stored type (float32 where it is scaled) and its RAS grid.

    Raises CrcError for anything that is not one whole, placed, three-dimensional NIfTI-1 image; for one on another grid
    than `expected` before a voxel is unpacked, so that a small file cannot ask for a large memory.
    """
    raw = read_bytes(path)
    header = _parse_header(_first_bytes(raw, path), path)
    if expected is not None:
        require_same_grid(header.grid, expected, path)
    data = _decompress(raw, header.file_bytes, path) if raw[:2] == b"\x1f\x8b" else raw
    if len(data) < header.file_bytes:
        raise CrcError("nifti.truncated", path=path, seen=len(data), expected=header.file_bytes)
    if len(data) > header.file_bytes:
        raise CrcError("nifti.trailing", path=path)
    array = np.frombuffer(data, header.dtype, offset=header.data_offset).reshape(header.grid.shape_kji)
    if not header.dtype.isnative:
        array = array.astype(header.dtype.newbyteorder("="))
    if header.is_scaled:
        array = array.astype(np.float32) * np.float32(header.slope) + np.float32(header.intercept)
    return Volume(array, header.grid)


def read_mask(path: Path, expected: Grid | None = None) -> Volume:
    """The mask in `path` as uint8 lesion numbers, on `expected` where that is given.

    Raises CrcError for floating-point or out-of-range values and for another grid.
    """
    volume = read_volume(path, expected)
    return Volume(lesion_numbers(volume.array, path), volume.grid)


def write_volume(path: Path, volume: Volume, level: int = 1) -> None:
    """Write a uint8 or int16 volume as `.nii.gz`, atomically and read back.

    Raises TypeError for another voxel type and CrcError where NIfTI cannot hold the grid or the disk refuses.
    """
    write_bytes(path, encode(volume, path, level))


def encode(volume: Volume, path: Path, level: int = 1) -> bytes:
    """The bytes of `volume` as `.nii.gz`; `path` only names the file in a refusal."""
    array = np.ascontiguousarray(volume.array)
    if array.dtype not in _CODES:
        raise TypeError(f"only uint8 and int16 are written, not {array.dtype}")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    head = _build_header(volume.grid, array.dtype, path)
    checksum = zlib.crc32(little.data, zlib.crc32(head))
    size = len(head) + little.nbytes
    body = _deflated(head, little.reshape(-1).view(np.uint8), level)
    return b"".join([_GZIP_HEAD, *body, struct.pack("<II", checksum, size & 0xFFFFFFFF)])


def _deflated(head: bytes, voxels: NDArray[np.uint8], level: int) -> Iterator[bytes]:
    """The deflate stream of a file; stretches of zeros are compressed once and repeated.

    A full flush ends a stretch on a byte and forgets what came before (RFC 1951), so stretches can stand in any order.
    """
    empty, packer = (zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9) for _ in range(2))
    zeros = empty.compress(_ZEROS) + empty.flush(zlib.Z_FULL_FLUSH)
    yield packer.compress(head)
    pending = True
    for start in range(0, voxels.size, _PIECE_BYTES):
        piece = voxels[start : start + _PIECE_BYTES]
        if piece.size == _PIECE_BYTES and not piece.any():
            if pending:
                yield packer.flush(zlib.Z_FULL_FLUSH)
            yield zeros
            pending = False
        else:
            yield packer.compress(piece.data)
            pending = True
    yield packer.flush()


def _first_bytes(data: bytes, path: Path) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data[:_HEADER_BYTES]
    try:
        return zlib.decompressobj(31).decompress(data[:_PIECE_BYTES], _HEADER_BYTES)
    except zlib.error as error:
        raise CrcError("nifti.broken_gzip", path=path) from error


def _decompress(data: bytes, expected: int, path: Path) -> NDArray[np.uint8]:
    try:
        image = np.zeros(expected, np.uint8)
    except MemoryError as error:
        raise CrcError("nifti.too_large", path=path, gibibytes=expected / 1024**3) from error
    filled = 0
    for piece in _pieces(data, path, expected):
        if filled + len(piece) > expected:
            raise CrcError("nifti.trailing", path=path)
        # Memory that holds only zeros is never touched: most of a mask costs neither time nor space.
        if piece != _ZEROS[: len(piece)]:
            image[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
        filled += len(piece)
    if filled < expected:
        raise CrcError("nifti.truncated", path=path, seen=filled, expected=expected)
    image.flags.writeable = False
    return image


def _pieces(data: bytes, path: Path, expected: int) -> Iterator[bytes]:
    """The uncompressed bytes of all members of a gzip file in small pieces."""
    unpacker, ended, seen = zlib.decompressobj(31), False, 0
    for start in range(0, len(data), _FEED_BYTES):
        rest = data[start : start + _FEED_BYTES]
        while rest:
            if ended:
                rest = rest.lstrip(b"\0")
                unpacker, ended = zlib.decompressobj(31), not rest
                continue
            try:
                piece = unpacker.decompress(rest, _PIECE_BYTES)
            except zlib.error as error:
                raise CrcError("nifti.broken_gzip", path=path) from error
            seen += len(piece)
            yield piece
            ended = unpacker.eof
            rest = unpacker.unused_data if ended else unpacker.unconsumed_tail
    if not ended:
        # All voxels may be there and only the checksum be missing: "376 of 376 bytes" would tell nobody anything.
        if seen >= expected:
            raise CrcError("nifti.broken_gzip", path=path)
        raise CrcError("nifti.truncated", path=path, seen=seen, expected=expected)


def _parse_header(head: bytes, path: Path) -> NiftiHeader:
    if len(head) < _HEADER_BYTES:
        raise CrcError("nifti.not_nifti", path=path)
    order = "<" if struct.unpack_from("<i", head)[0] == _HEADER_BYTES else ">"
    if struct.unpack_from(order + "i", head)[0] != _HEADER_BYTES or head[344:348] != b"n+1\0":
        raise CrcError("nifti.not_nifti", path=path)
    shape_kji = _shape(struct.unpack_from(order + "8h", head, 40), path)
    code = struct.unpack_from(order + "h", head, 70)[0]
    if code not in _TYPES:
        raise CrcError("nifti.data_type", path=path, seen=code)
    dtype = np.dtype(order + _TYPES[code])
    size_bytes = shape_kji[0] * shape_kji[1] * shape_kji[2] * dtype.itemsize
    if size_bytes > _LARGEST_IMAGE_BYTES:
        raise CrcError("nifti.too_large", path=path, gibibytes=size_bytes / 1024**3)
    offset, slope, intercept = struct.unpack_from(order + "3f", head, 108)
    if not (np.isfinite(offset) and _DATA_OFFSET <= offset <= 1 << 24 and offset == int(offset)):
        raise CrcError("nifti.broken_header", path=path, reason=f"vox_offset = {offset}")
    if slope == 0 or not np.isfinite(slope) or not np.isfinite(intercept):
        slope, intercept = 1.0, 0.0
    return NiftiHeader(_place(head, order, shape_kji, path), dtype, int(offset), slope, intercept)


def _shape(dim: tuple[int, ...], path: Path) -> tuple[int, int, int]:
    if not 1 <= dim[0] <= 7:
        raise CrcError("nifti.broken_header", path=path, reason=f"dim[0] = {dim[0]}")
    sizes = [*dim[1 : dim[0] + 1], 1, 1]
    if min(sizes) < 1:
        raise CrcError("nifti.broken_header", path=path, reason=f"dim = {list(dim)}")
    if max(sizes[3:], default=1) > 1:
        raise CrcError("nifti.dimensions", path=path, seen=sum(n > 1 for n in sizes))
    return (sizes[2], sizes[1], sizes[0])


def _place(head: bytes, order: str, shape_kji: tuple[int, int, int], path: Path) -> Grid:
    qform_code, sform_code = struct.unpack_from(order + "2h", head, 252)
    places = []
    if sform_code > 0:
        places.append(_grid(shape_kji, _sform(head, order), path))
    if qform_code > 0:
        places.append(_grid(shape_kji, _qform(head, order, path), path))
    if not places:
        raise CrcError("nifti.no_place", path=path)
    distance_mm = places[0].corner_distance_mm(places[-1])
    # Close to half a turn a float32 quaternion holds a rotation only to some 1e-4 rad: other writers' two places may
    # honestly differ by a fraction of a millimetre at the far corner. The matrix is exact and is taken.
    if distance_mm > min(places[0].spacing_ijk_mm) / 2:
        raise CrcError("nifti.two_places", path=path, distance_mm=distance_mm)
    return places[0]


def _grid(shape_kji: tuple[int, int, int], matrix: NDArray, path: Path) -> Grid:
    try:
        return Grid(shape_kji, matrix)
    except ValueError as error:
        raise CrcError("nifti.broken_header", path=path, reason=str(error)) from error


def _sform(head: bytes, order: str) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3] = np.array(struct.unpack_from(order + "12f", head, 280)).reshape(3, 4)
    return matrix


def _qform(head: bytes, order: str, path: Path) -> NDArray[np.float64]:
    pixdim = struct.unpack_from(order + "8f", head, 76)
    b, c, d, *offset = struct.unpack_from(order + "6f", head, 256)
    squares = b * b + c * c + d * d
    if not np.isfinite(squares) or squares > 1 + 1e-5:
        raise CrcError("nifti.broken_header", path=path, reason="quaternion")
    a = _scalar_part(squares)
    b, c, d = (b, c, d) if a > 0 else np.array([b, c, d]) / np.sqrt(squares)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    handedness = -1.0 if pixdim[0] < 0 else 1.0
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * np.array([pixdim[1], pixdim[2], handedness * pixdim[3]])
    matrix[:3, 3] = offset
    return matrix


def _build_header(grid: Grid, dtype: np.dtype, path: Path) -> bytes:
    if grid.squared().corner_distance_mm(grid) > 10 * SAME_GRID_TOLERANCE_MM:
        raise CrcError("nifti.sheared", path=path, shear_deg=grid.shear_deg)
    handedness, (b, c, d) = _quaternion(grid)
    head = bytearray(_DATA_OFFSET)
    k, j, i = grid.shape_kji
    if max(grid.shape_kji) > 32767:
        raise CrcError("nifti.broken_header", path=path, reason=f"dim = {[i, j, k]}")
    struct.pack_into("<i", head, 0, _HEADER_BYTES)
    struct.pack_into("<8h", head, 40, 3, i, j, k, 1, 1, 1, 1)
    struct.pack_into("<2h", head, 70, _CODES[dtype], dtype.itemsize * 8)
    struct.pack_into("<8f", head, 76, handedness, *grid.spacing_ijk_mm, 0, 0, 0, 0)
    struct.pack_into("<3f", head, 108, _DATA_OFFSET, 1.0, 0.0)
    head[123] = _MILLIMETRES_SECONDS
    struct.pack_into("<2h", head, 252, 1, 1)
    struct.pack_into("<6f", head, 256, b, c, d, *grid.ijk_to_ras[:3, 3])
    struct.pack_into("<12f", head, 280, *grid.ijk_to_ras[:3].ravel())
    head[344:348] = b"n+1\0"
    return bytes(head)


def _scalar_part(squares: float) -> float:
    """The scalar part of a unit quaternion from the squares of its vector part; nifti1.h takes 1e-7 for half a turn."""
    remainder = 1.0 - squares
    return float(np.sqrt(remainder)) if remainder >= 1e-7 else 0.0


def _quaternion(grid: Grid) -> tuple[float, NDArray[np.float64]]:
    """Handedness and the vector part (b, c, d) of the unit quaternion (a ≥ 0) nearest to the grid's rotation."""
    rotation = grid.directions.copy()
    handedness = 1.0 if np.linalg.det(rotation) > 0 else -1.0
    rotation[:, 2] *= handedness
    left, _, right = np.linalg.svd(rotation)
    r = left @ right
    # Bar-Itzhack 2000: the quaternion is the eigenvector of the largest eigenvalue of this symmetric matrix.
    symmetric = np.array(
        [
            [r[0, 0] + r[1, 1] + r[2, 2], 0, 0, 0],
            [r[2, 1] - r[1, 2], r[0, 0] - r[1, 1] - r[2, 2], 0, 0],
            [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], 0],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    exact = np.linalg.eigh(symmetric)[1][:, -1]
    return handedness, _best_float32(exact if exact[0] >= 0 else -exact)


def _best_float32(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """The float32 neighbour of (b, c, d) whose implied scalar part comes nearest to the true one.

    Readers recover the scalar part as sqrt(1 - b² - c² - d²), which magnifies rounding where it is small.
    """
    nearest = quaternion[1:].astype(np.float32)
    steps = np.stack([np.nextafter(nearest, np.float32(-2)), nearest, np.nextafter(nearest, np.float32(2))])
    choices = np.array(list(itertools.product(*steps.T)), dtype=np.float64)
    implied = np.array([_scalar_part(float(row @ row)) for row in choices])
    return choices[np.argmin(np.abs(implied - quaternion[0]))]
