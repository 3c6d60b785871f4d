"""The size that a compressed image itself claims, read before a decoder takes memory for it.

Source: ITU-T T.81 B.2.2 (JPEG frame header), T.87 C.2.2 (JPEG-LS), T.800 A.5.1 (JPEG 2000 image and tile size),
DICOM PS3.5 A.4 (encapsulation).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from crc_core.files.atomic import naming

_HEAD_BYTES = 64 * 1024
_MOST_FRAGMENTS = 100_000
_ITEM = b"\xfe\xff\x00\xe0"
_NO_FRAME_HEADER = (0xC4, 0xC8, 0xCC)
_JPEG_LS_FRAME = 0xF7
_J2K_START = b"\xff\x4f\xff\x51"


def claimed_sizes(path: Path, pixel_offset: int) -> Iterator[tuple[int, int]]:
    """Rows and columns of every JPEG, JPEG-LS or JPEG 2000 image in the fragments from `pixel_offset` on.

    Fragments that begin no image are passed over. Raises CrcError where the file cannot be read.
    """
    with naming(path), path.open("rb") as stream:
        position = pixel_offset
        for number in range(_MOST_FRAGMENTS):
            stream.seek(position)
            head = stream.read(8)
            if len(head) < 8 or head[:4] != _ITEM:
                return
            length = struct.unpack("<L", head[4:])[0]
            # The first item is the table of offsets, not a fragment.
            size = _size(stream.read(min(length, _HEAD_BYTES))) if number else None
            if size is not None:
                yield size
            position += 8 + length


def _size(data: bytes) -> tuple[int, int] | None:
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    start = 0 if data[:4] == _J2K_START else data.find(_J2K_START, 0, 1024)
    if start < 0 or len(data) < start + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">4L", data, start + 8)
    return bottom - top, right - left


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        is_frame = 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADER
        if is_frame or marker == _JPEG_LS_FRAME:
            rows, columns = struct.unpack_from(">HH", data, position + 5)
            return rows, columns
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return None
