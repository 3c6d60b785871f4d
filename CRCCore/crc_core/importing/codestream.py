"""Compressed frames without the comments and application segments that a compressor may have written into them.

Source: ITU-T T.81 annex B (JPEG markers), T.87 annex C (JPEG-LS), T.800 annex A (JPEG 2000 codestream).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

_JPEG_PREFIX = "1.2.840.10008.1.2.4."
_JPEG = frozenset(f"{_JPEG_PREFIX}{number}" for number in (50, 51, 57, 70, 80, 81))
_JPEG_2000 = frozenset(f"{_JPEG_PREFIX}{number}" for number in (90, 91, 201, 202, 203))
_RLE = "1.2.840.10008.1.2.5"

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APPLICATION = range(0xE0, 0xF0)
_RESTARTS = range(0xD0, 0xD8)
_J2K_START, _J2K_TILE, _J2K_DATA, _J2K_END = 0xFF4F, 0xFF90, 0xFF93, 0xFFD9
# A comment may say anything; tile-part lengths (optional) would no longer fit once a comment is gone.
_J2K_DROPPED = frozenset((0xFF64, 0xFF55))


class CodestreamError(ValueError):
    """A frame that is not what its transfer syntax says."""


def is_known(transfer_syntax: str) -> bool:
    """Whether frames of this compression can be cleaned."""
    return transfer_syntax in _JPEG or transfer_syntax in _JPEG_2000 or transfer_syntax == _RLE


def cleaner(transfer_syntax: str) -> Callable[[bytes], bytes]:
    """The function that cleans one frame of a known `transfer_syntax`; it raises CodestreamError for a broken frame."""
    if transfer_syntax in _JPEG:
        return clean_jpeg
    return clean_jpeg_2000 if transfer_syntax in _JPEG_2000 else bytes


def clean_jpeg(frame: bytes) -> bytes:
    """A JPEG or JPEG-LS frame from its start to its end marker without comments and application segments."""
    if frame[:2] != bytes((0xFF, _SOI)):
        raise CodestreamError("no start of image")
    kept, position = [frame[:2]], 2
    while True:
        while frame[position : position + 2] == b"\xff\xff":
            position += 1
        if position + 2 > len(frame) or frame[position] != 0xFF:
            raise CodestreamError("a marker is missing")
        marker = frame[position + 1]
        if marker == _EOI:
            kept.append(frame[position : position + 2])
            return b"".join(kept)
        end = position + 2 + _length(frame, position + 2)
        if marker == _SOS:
            end = _end_of_scan(frame, end)
        if marker != _COM and marker not in _APPLICATION:
            kept.append(frame[position:end])
        position = end


def clean_jpeg_2000(frame: bytes) -> bytes:
    """A JPEG 2000 codestream without comments, in its main header and in the headers of its tile parts."""
    if frame[:2] != struct.pack(">H", _J2K_START):
        raise CodestreamError("no start of codestream")
    kept, position = [frame[:2]], 2
    main, position = _header(frame, position, _J2K_TILE)
    kept.append(main)
    while _marker(frame, position) == _J2K_TILE:
        part_length = struct.unpack_from(">L", frame, position + 6)[0] or len(frame) - 2 - position
        end = position + part_length
        head_end = position + 2 + _length(frame, position + 2)
        header, data = _header(frame, head_end, _J2K_DATA)
        if end > len(frame) or data > end:
            raise CodestreamError("a tile part is cut off")
        new_length = head_end - position + len(header) + end - data
        kept.append(frame[position : position + 6] + struct.pack(">L", new_length) + frame[position + 10 : head_end])
        kept.append(header + frame[data:end])
        position = end
    if _marker(frame, position) != _J2K_END:
        raise CodestreamError("no end of codestream")
    kept.append(frame[position : position + 2])
    return b"".join(kept)


def _header(frame: bytes, position: int, until: int) -> tuple[bytes, int]:
    """The kept segments up to the marker `until`, and that marker's position."""
    kept = []
    while (marker := _marker(frame, position)) != until:
        end = position + 2 + _length(frame, position + 2)
        if marker not in _J2K_DROPPED:
            kept.append(frame[position:end])
        position = end
    return b"".join(kept), position


def _end_of_scan(frame: bytes, position: int) -> int:
    """The next marker after entropy-coded data, in which a marker's byte is stuffed or a restart."""
    while (position := frame.find(b"\xff", position)) >= 0 and position + 1 < len(frame):
        following = frame[position + 1]
        if following >= 0xC0 and following != 0xFF and following not in _RESTARTS:
            return position
        position += 1
    raise CodestreamError("no end of image")


def _marker(frame: bytes, position: int) -> int:
    if position + 2 > len(frame) or frame[position] != 0xFF:
        raise CodestreamError("a marker is missing")
    return int(struct.unpack_from(">H", frame, position)[0])


def _length(frame: bytes, position: int) -> int:
    if position + 2 > len(frame):
        raise CodestreamError("a segment is cut off")
    length = int(struct.unpack_from(">H", frame, position)[0])
    if length < 2 or position + length > len(frame):
        raise CodestreamError("a segment is cut off")
    return length
