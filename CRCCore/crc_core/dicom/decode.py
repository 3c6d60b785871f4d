"""Stored pixel values of files that are compressed, deflated or otherwise not to be read straight from the disk.

pydicom's decoders read RLE, JPEG-LS and JPEG 2000, GDCM inside SimpleITK what they cannot (the older JPEG processes).
GDCM is not asked first: damaged RLE data stop the whole program there. All of them are part of Slicer's own Python.
Source: DICOM PS3.5 section 8 and annex A (transfer syntaxes).
"""

from __future__ import annotations

import os
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crc_core.dicom.codestream import claimed_sizes
from crc_core.dicom.elements import DEFLATED_LITTLE, HeaderError, walk_bytes
from crc_core.dicom.header import Header
from crc_core.dicom.instance import Instance
from crc_core.errors import CrcError
from crc_core.files.atomic import naming, read_bytes

_RLE = "1.2.840.10008.1.2.5"
_HEADER_ALLOWANCE_BYTES = 16 * 1024 * 1024
_DECODING_ERRORS = (RuntimeError, ValueError, AttributeError, NotImplementedError, TypeError, KeyError, OSError)


def decode_file(instance: Instance) -> NDArray[np.int32]:
    """The stored values `[frame, row, column]` of the whole file of an image, before rescaling; raises CrcError."""
    path, header, frames = instance.path, instance.header, instance.frames_in_file
    if header.transfer_syntax == DEFLATED_LITTLE:
        return _inflated(path, header, frames)
    _refuse_impossible(instance)
    for size in claimed_sizes(path, instance.pixel_offset):
        if size != (header.rows, header.columns):
            reason = f"{size[1]}×{size[0]} ≠ {header.columns}×{header.rows}"
            raise CrcError("dicom.cannot_decode", path=path, syntax=header.transfer_syntax, reason=reason)
    try:
        array = _by_pydicom(path) if _pydicom_can(header.transfer_syntax) else _by_itk(path, header)
    except _DECODING_ERRORS as error:
        raise CrcError(
            "dicom.cannot_decode", path=path, syntax=header.transfer_syntax, reason=_first_line(error)
        ) from error
    if array.size != frames * header.rows * header.columns:
        raise CrcError("dicom.cannot_decode", path=path, syntax=header.transfer_syntax, reason=f"{array.shape}")
    return array.reshape(frames, header.rows, header.columns).astype(np.int32, copy=False)


def _refuse_impossible(instance: Instance) -> None:
    """Raise for RLE data too short for the pixels that the header claims: two bytes make at most 128 (PS3.5 G.3)."""
    path, header = instance.path, instance.header
    wanted = instance.frames_in_file * header.rows * header.columns * header.bits_allocated // 8
    with naming(path):
        size_bytes = path.stat().st_size
    if header.transfer_syntax == _RLE and wanted > 64 * size_bytes:
        reason = f"{size_bytes} bytes"
        raise CrcError("dicom.cannot_decode", path=path, syntax=header.transfer_syntax, reason=reason)


def _pydicom_can(syntax: str) -> bool:
    from pydicom.pixels import get_decoder

    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:160] if lines else type(error).__name__


def _by_itk(path: Path, header: Header) -> NDArray[np.int32]:
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(os.fspath(path))
    SimpleITK.ProcessObject.SetGlobalWarningDisplay(False)
    array = SimpleITK.GetArrayFromImage(reader.Execute())
    # GDCM hands out rescaled values; taking its own slope and intercept back gives the stored ones.
    slope, intercept = header.rescale_slope or 1.0, header.rescale_intercept or 0.0
    if header.is_multiframe_class:
        raise ValueError("per-frame rescaling")
    return np.rint((array.astype(np.float64) - intercept) / slope).astype(np.int32)


def _by_pydicom(path: Path) -> NDArray[np.int32]:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on padding; the number of values is checked by the caller
        return np.asarray(pydicom.dcmread(path).pixel_array, dtype=np.int32)


def _inflated(path: Path, header: Header, frames: int) -> NDArray[np.int32]:
    """Values of a deflated file, inflated no further than its header lets expect."""
    data = read_bytes(path)
    start = _data_set_start(data)
    wanted = frames * header.rows * header.columns * header.bits_allocated // 8
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[start:], wanted + _HEADER_ALLOWANCE_BYTES)
        raw = walk_bytes(inflated)
    except (zlib.error, HeaderError) as error:
        raise CrcError("dicom.changed", path=path) from error
    if header.bits_allocated not in (8, 16):
        raise CrcError("dicom.pixel_layout", path=path, bits=header.bits_allocated)
    kind = f"<{'i' if header.pixel_representation else 'u'}{header.bits_allocated // 8}"
    if raw.pixel_offset + wanted > len(inflated):
        raise CrcError("dicom.changed", path=path)
    stored = np.frombuffer(inflated, kind, frames * header.rows * header.columns, raw.pixel_offset)
    return stored.reshape(frames, header.rows, header.columns).astype(np.int32)


def _data_set_start(data: bytes) -> int:
    """The position after the file meta information, told by its group length (PS3.10 section 7.1)."""
    if data[132:136] != b"\x02\x00\x00\x00":
        return 132
    return 144 + int.from_bytes(data[140:144], "little")
