"""Opens a stack: int16 voxels `[k, j, i]` and their RAS grid.

Uncompressed files are read by offset straight into their slice of one array, several at a time.
Source: DICOM PS3.3 C.7.6.3 (image pixel), C.11.1 (modality LUT), C.8.2.1 (CT image).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.dicom.decode import decode_file
from crc_core.dicom.elements import EXPLICIT_BIG, NATIVE_SYNTAXES
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance
from crc_core.dicom.series import Series
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.geometry.grid import Grid, Volume

_LARGEST_BYTES = 16 * 1024**3
_IMAGES_PER_TASK = 16
_STEP_S = 0.05
_INT16 = np.iinfo(np.int16)
Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


def open_series(
    series: Series,
    *,
    allow_unsound: bool = False,
    on_progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Volume:
    """The voxels and the grid of `series`; slices ascend along the normal.

    CT is in Hounsfield units, rounded and kept within int16. Other modalities are rescaled where slope and intercept
    are whole numbers and keep their stored values else. MONOCHROME1 is a matter of display (PS3.3 C.7.6.3.1.2): its
    values are not inverted. Shear up to 0.5° is squared; a stack with more tilt or uneven spacing raises CrcError
    unless `allow_unsound`, which is for looking and checking only. Raises CrcError for whatever cannot be read.
    """
    steps, told = opening(series, allow_unsound=allow_unsound), 0
    with closing(steps):
        while True:
            try:
                done, total = next(steps)
            except StopIteration as end:
                volume: Volume = end.value
                return volume
            if on_progress is not None and done > told:
                on_progress(done, total)
            told = done
            if cancelled is not None and cancelled():
                raise CrcError("dicom.cancelled", path=series.paths[0].parent)


def opening(series: Series, *, allow_unsound: bool = False) -> Generator[tuple[int, int], None, Volume]:
    """`open_series` in short steps: yields images done and in all every 0.05 s or sooner, and returns the volume.

    Closing the generator ends the work. Raises CrcError as `open_series` does.
    """
    grid = _grid(series, allow_unsound)
    _refuse_layout(series)
    array = _empty(grid, series.paths[0])
    tasks = _tasks(series)
    total, done = len(series.instances), 0
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        sizes: dict[Future[None], int] = {
            pool.submit(_fill, array, task, is_ct=series.header.modality == "CT"): len(task) for task in tasks
        }
        pending = set(sizes)
        try:
            while pending:
                ended, pending = wait(pending, timeout=_STEP_S, return_when=FIRST_COMPLETED)
                if not ended:
                    yield done, total
                for future in ended:
                    future.result()
                    done += sizes[future]
                    yield done, total
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Volume(array, grid)


def pixel_sha256(volume: Volume) -> str:
    """The SHA-256 of shape and int16 voxels in little endian: equal voxels give equal hashes on every machine."""
    digest = hashlib.sha256(repr(volume.array.shape).encode("ascii"))
    digest.update(np.ascontiguousarray(volume.array, dtype="<i2").data)
    return digest.hexdigest()


def image_sha256(instance: Instance) -> str:
    """The SHA-256 of one image's stored values, for telling copies from different images; raises CrcError."""
    header = instance.header
    if header.transfer_syntax in NATIVE_SYNTAXES and instance.pixel_offset:
        size_bytes = header.rows * header.columns * header.samples * header.bits_allocated // 8
        with naming(instance.path), instance.path.open("rb") as stream:
            stream.seek(instance.pixel_offset + instance.frame * size_bytes)
            return hashlib.sha256(stream.read(size_bytes)).hexdigest()
    stored = decode_file(instance)[instance.frame]
    return hashlib.sha256(np.ascontiguousarray(stored, dtype="<i4").data).hexdigest()


def _grid(series: Series, allow_unsound: bool) -> Grid:
    grid = series.grid
    geometry = series.geometry
    if geometry is None:
        if not allow_unsound:
            raise CrcError("dicom.one_image", path=series.paths[0])
        return grid
    if not geometry.is_sound and not allow_unsound:
        if geometry.is_tilted:
            raise CrcError("dicom.tilted", path=series.paths[0].parent, tilt_deg=geometry.tilt_deg)
        raise CrcError("dicom.uneven", path=series.paths[0].parent, percent=100 * geometry.unevenness)
    return grid if geometry.is_tilted else grid.squared()


def _refuse_layout(series: Series) -> None:
    for header in series.headers:
        if header.samples != 1 or not header.photometric.startswith("MONOCHROME"):
            path, samples = series.paths[0], header.samples
            raise CrcError("dicom.not_grey", path=path, photometric=header.photometric or "?", samples=samples)
        if header.bits_allocated not in (8, 16) or not 1 <= header.bits_stored <= header.bits_allocated:
            raise CrcError("dicom.pixel_layout", path=series.paths[0], bits=header.bits_allocated)


def _empty(grid: Grid, path: Path) -> NDArray[np.int16]:
    size_bytes = 2 * grid.shape_kji[0] * grid.shape_kji[1] * grid.shape_kji[2]
    if size_bytes > _LARGEST_BYTES:
        raise CrcError("dicom.too_large", path=path, gibibytes=size_bytes / 1024**3)
    try:
        return np.empty(grid.shape_kji, dtype=np.int16)
    except MemoryError as error:
        raise CrcError("dicom.too_large", path=path, gibibytes=size_bytes / 1024**3) from error


def _tasks(series: Series) -> list[list[tuple[int, Instance]]]:
    """Slices with their images in portions: a few native images, or all images of one compressed file."""
    native: list[tuple[int, Instance]] = []
    by_file: dict[str, list[tuple[int, Instance]]] = {}
    for k, instance in enumerate(series.instances):
        if instance.header.transfer_syntax in NATIVE_SYNTAXES:
            native.append((k, instance))
        else:
            by_file.setdefault(instance.location, []).append((k, instance))
    portions = [native[start : start + _IMAGES_PER_TASK] for start in range(0, len(native), _IMAGES_PER_TASK)]
    return portions + list(by_file.values())


def _fill(array: NDArray[np.int16], images: list[tuple[int, Instance]], *, is_ct: bool) -> None:
    first = images[0][1]
    decoded = None
    if first.header.transfer_syntax not in NATIVE_SYNTAXES:
        decoded = decode_file(first)
    for k, instance in images:
        if decoded is not None:
            _rescale_wide(array[k], decoded[instance.frame], instance.header, is_ct)
        elif instance.header.bits_allocated == 16:
            _read_words(array[k], instance)
            _rescale_words(array[k], instance.header, is_ct)
        else:
            stored = np.empty(array[k].shape, dtype=np.uint8)
            _read_into(stored, instance)
            _rescale_wide(array[k], _signed_bytes(stored, instance.header), instance.header, is_ct)


def _read_into(target: NDArray, instance: Instance) -> None:
    with naming(instance.path), open(instance.location, "rb", buffering=0) as stream:  # noqa: PTH123
        stream.seek(instance.pixel_offset + instance.frame * target.nbytes)
        view, filled = target.data.cast("B"), 0
        while filled < len(view):
            count = stream.readinto(view[filled:])
            if not count:
                raise CrcError("dicom.changed", path=instance.path)
            filled += count


def _read_words(target: NDArray[np.int16], instance: Instance) -> None:
    _read_into(target, instance)
    is_big_endian = instance.header.transfer_syntax == EXPLICIT_BIG
    if is_big_endian == (np.dtype("=i2") == np.dtype("<i2")):
        target.byteswap(inplace=True)


def _signed_bytes(stored: NDArray[np.uint8], header: Header) -> NDArray[np.int32]:
    return (stored.view(np.int8) if header.pixel_representation else stored).astype(np.int32)


def _rescale_words(words: NDArray[np.int16], header: Header, is_ct: bool) -> None:
    """Turn stored 16-bit words into values in place; a wider detour only where 16 bits could overflow."""
    bits, is_signed = header.bits_stored, header.pixel_representation == 1
    if bits < 16:
        # Unused high bits may hold overlays and are no part of the value (PS3.5 section 8.1.1).
        if is_signed:
            np.left_shift(words, 16 - bits, out=words)
            np.right_shift(words, 16 - bits, out=words)
        else:
            np.bitwise_and(words, np.int16((1 << bits) - 1), out=words)
    slope, intercept = _scaling(header, is_ct)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    fits = _INT16.min <= low + intercept and high + intercept <= _INT16.max
    if slope == 1 and intercept == int(intercept) and fits:
        if intercept:
            words += np.int16(int(intercept))
        return
    stored = words if is_signed else words.view(np.uint16)
    _store(words, stored.astype(np.int32), slope, intercept)


def _rescale_wide(target: NDArray[np.int16], stored: NDArray[np.int32], header: Header, is_ct: bool) -> None:
    slope, intercept = _scaling(header, is_ct)
    _store(target, stored, slope, intercept)


def _store(target: NDArray[np.int16], stored: NDArray[np.int32], slope: float, intercept: float) -> None:
    values = stored if slope == 1 and intercept == 0 else np.rint(stored * slope + intercept)
    np.copyto(target, np.clip(values, _INT16.min, _INT16.max), casting="unsafe")


def _scaling(header: Header, is_ct: bool) -> tuple[float, float]:
    # A slope of 0 would make every image flat; it is the mark of a writer that left the element unset.
    slope = header.rescale_slope or 1.0
    intercept = header.rescale_intercept if header.rescale_intercept is not None else 0.0
    if not is_ct and (slope != int(slope) or intercept != int(intercept)):
        return 1.0, 0.0
    return slope, intercept
