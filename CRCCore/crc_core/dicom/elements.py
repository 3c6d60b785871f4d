"""Walks the elements of one DICOM file in bounded time and memory and keeps only the wanted ones.

A study has thousands of files of which a few dozen elements each are wanted; a general reader builds every element
and trusts every length. This walker trusts nothing: lengths are held against the file's size, nesting and the number
of elements are limited, and values larger than any wanted one are skipped without being read.
Source: DICOM PS3.5 section 7 (elements, sequences, items), PS3.10 section 7 (file meta information).
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
NATIVE_SYNTAXES = (IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG)

_HEAD_BYTES = 16 * 1024
_REFILL_BYTES = 64 * 1024
_LARGEST_VALUE_BYTES = 64 * 1024
_LARGEST_INFLATED_BYTES = 8 * 1024 * 1024
_MOST_ELEMENTS = 100_000
_DEEPEST = 32
_UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT_VRS = frozenset(
    (
        *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO"),
        *(b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
    )
)
_PIXEL_TAGS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_TRANSFER_SYNTAX = 0x00020010
_MEDIA_CLASS = 0x00020002
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
# A secure DICOM file (PS3.10 section 7.5) is a CMS envelope: an ASN.1 sequence with an OID of 1.2.840.113549.1.7.
_CMS_OID = bytes.fromhex("2a864886f70d0107")


class Trouble(StrEnum):
    """Why a file could not be taken into the index."""

    EMPTY = "empty"
    NOT_DICOM = "not_dicom"
    TRUNCATED = "truncated"
    ENCRYPTED = "encrypted"
    BROKEN = "broken"
    NOT_READABLE = "not_readable"


class HeaderError(Exception):
    """A file that is no usable DICOM file, with the reason."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class RawHeader:
    """The wanted elements of one file as bytes by tag, and where its pixel data lies.

    `pixel_offset` is the position of the first byte of the pixel value, 0 where there is none or the file is deflated;
    `pixel_bytes` is -1 for encapsulated pixel data, whose fragments follow the offset.
    """

    values: dict[int, bytes]
    transfer_syntax: str
    is_big_endian: bool
    has_pixels: bool
    pixel_offset: int
    pixel_bytes: int


def read_elements(stream: BinaryIO, size_bytes: int, wanted: frozenset[int]) -> RawHeader:
    """The `wanted` elements of the outermost data set in `stream`, opened unbuffered; raises HeaderError."""
    if size_bytes == 0:
        raise HeaderError(Trouble.EMPTY)
    head = stream.read(_HEAD_BYTES)
    if head[128:132] == b"DICM":
        start = 132
    elif head[:2] in (b"\x02\x00", b"\x08\x00") and _looks_like_elements(head):
        start = 0
    elif head[:1] == b"\x30" and _CMS_OID in head[:32]:
        raise HeaderError(Trouble.ENCRYPTED)
    else:
        raise HeaderError(Trouble.NOT_DICOM)
    source = _Window(stream, size_bytes, head)
    meta, position = _meta_group(source, start)
    syntax = _text(meta.get(_TRANSFER_SYNTAX, b""))
    if not syntax:
        syntax = EXPLICIT_LITTLE if _is_explicit(source.take(position, 8), "<") else IMPLICIT_LITTLE
    is_deflated = syntax == DEFLATED_LITTLE
    raw = _deflated(stream, position, wanted) if is_deflated else _walk(source, position, syntax, wanted)
    raw.values.update(meta)
    return raw


class _Window:
    """A part of a file in memory that moves on as it is read; skipped bytes are never read."""

    def __init__(self, stream: BinaryIO, size_bytes: int, head: bytes) -> None:
        self._stream = stream
        self.size_bytes = size_bytes
        self.buffer = head
        self.base = 0

    def take(self, position: int, length: int) -> bytes:
        """`length` bytes from the absolute `position`; fewer only at the end of the file."""
        start = position - self.base
        if start < 0 or start + length > len(self.buffer):
            self.move_to(position, max(length, _REFILL_BYTES))
            start = 0
        return self.buffer[start : start + length]

    def move_to(self, position: int, length: int = _REFILL_BYTES) -> None:
        self._stream.seek(position)
        self.buffer = self._stream.read(length)
        self.base = position


def _looks_like_elements(head: bytes) -> bool:
    """Whether a file without the preamble begins like a data set: a small first element of group 2 or 8."""
    if len(head) < 8:
        return False
    element = struct.unpack_from("<H", head, 2)[0]
    if _is_explicit(head, "<"):
        return element <= 0x0060
    return element <= 0x0060 and struct.unpack_from("<L", head, 4)[0] <= 1024


def _is_explicit(head: bytes, order: str) -> bool:
    return head[4:6] in _SHORT_VRS or head[4:6] in _LONG_VRS


def _text(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\0 ")


def _meta_group(source: _Window, position: int) -> tuple[dict[int, bytes], int]:
    """The elements of group 2, always explicit little endian, and the position after them."""
    values: dict[int, bytes] = {}
    while True:
        head = source.take(position, 12)
        if len(head) < 8 or head[:2] != b"\x02\x00":
            return values, position
        if head[4:6] in _LONG_VRS:
            if len(head) < 12:
                raise HeaderError(Trouble.TRUNCATED)
            length, step = struct.unpack_from("<L", head, 8)[0], 12
        elif head[4:6] in _SHORT_VRS:
            length, step = struct.unpack_from("<H", head, 6)[0], 8
        else:
            raise HeaderError(Trouble.BROKEN)
        if position + step + length > source.size_bytes:
            raise HeaderError(Trouble.TRUNCATED)
        tag = 0x00020000 | struct.unpack_from("<H", head, 2)[0]
        if tag in (_TRANSFER_SYNTAX, _MEDIA_CLASS) and length <= 128:
            values[tag] = source.take(position + step, length)
        position += step + length


def _deflated(stream: BinaryIO, position: int, wanted: frozenset[int]) -> RawHeader:
    """The header of a file whose data set is deflated (PS3.5 A.5); only its beginning is inflated."""
    stream.seek(position)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces, total = [], 0
    try:
        while total < _LARGEST_INFLATED_BYTES and (piece := stream.read(_REFILL_BYTES)):
            pieces.append(inflater.decompress(piece, _LARGEST_INFLATED_BYTES - total))
            total += len(pieces[-1])
    except zlib.error as error:
        raise HeaderError(Trouble.BROKEN) from error
    inflated = b"".join(pieces)
    # The true size is unknown without inflating everything; a large bound keeps the pixel data from looking cut off.
    size_bytes = total if inflater.eof else 1 << 40
    raw = _walk(_Window(io.BytesIO(inflated), size_bytes, inflated), 0, EXPLICIT_LITTLE, wanted)
    return RawHeader(raw.values, DEFLATED_LITTLE, False, raw.has_pixels, 0, raw.pixel_bytes)


def _walk(source: _Window, position: int, syntax: str, wanted: frozenset[int]) -> RawHeader:
    """The wanted elements from `position` to the pixel data or the end, in one loop: it runs once per element."""
    head = _Head(explicit=syntax != IMPLICIT_LITTLE, order=">" if syntax == EXPLICIT_BIG else "<")
    values: dict[int, bytes] = {}
    size_bytes, depth, implicit_below = source.size_bytes, 0, _DEEPEST + 1
    for _ in range(_MOST_ELEMENTS):
        if position >= size_bytes:
            break
        start = position - source.base
        if start + 12 > len(source.buffer):
            source.move_to(position)
            start = 0
        tag, vr, length, step = head.read(source.buffer, start, depth < implicit_below)
        position += step
        if depth == 0 and tag in _PIXEL_TAGS:
            return _with_pixels(source, values, syntax, position, length)
        if length == _UNDEFINED or tag >> 16 == 0xFFFE:
            depth, implicit_below, length = _nest(tag, vr, length, depth, implicit_below)
        if position + length > size_bytes:
            raise HeaderError(Trouble.TRUNCATED)
        if depth == 0 and tag in wanted and length <= _LARGEST_VALUE_BYTES:
            values[tag] = source.take(position, length)
        position += length
    else:
        raise HeaderError(Trouble.BROKEN)
    if depth > 0:
        raise HeaderError(Trouble.TRUNCATED)
    return RawHeader(values, syntax, syntax == EXPLICIT_BIG, False, 0, 0)


class _Head:
    """Reads the head of one element: tag, value representation, length and the bytes up to its value."""

    def __init__(self, *, explicit: bool, order: str) -> None:
        self._explicit = explicit
        self._short = struct.Struct(order + "HH2sH").unpack_from
        self._long = struct.Struct(order + "L").unpack_from
        self._implicit = struct.Struct(order + "HHL").unpack_from

    def read(self, buffer: bytes, start: int, may_be_explicit: bool) -> tuple[int, bytes, int, int]:
        """The element at `start`; raises HeaderError where the buffer ends first or the representation is unknown."""
        if len(buffer) - start < 8:
            raise HeaderError(Trouble.TRUNCATED)
        if not (self._explicit and may_be_explicit):
            group, element, length = self._implicit(buffer, start)
            return group << 16 | element, b"SQ" if length == _UNDEFINED else b"UN", length, 8
        group, element, vr, length = self._short(buffer, start)
        if vr in _SHORT_VRS:
            return group << 16 | element, vr, length, 8
        if group == 0xFFFE:
            return group << 16 | element, vr, self._long(buffer, start + 4)[0], 8
        if vr not in _LONG_VRS:
            raise HeaderError(Trouble.BROKEN)
        if len(buffer) - start < 12:
            raise HeaderError(Trouble.TRUNCATED)
        return group << 16 | element, vr, self._long(buffer, start + 8)[0], 12


def _nest(tag: int, vr: bytes, length: int, depth: int, implicit_below: int) -> tuple[int, int, int]:
    """The depth, the depth from which elements are implicit, and the bytes to skip, after a sequence or item mark.

    Only sequences and items of undefined length are walked through; the others are jumped over as a whole. The content
    of an unknown element of undefined length is implicit little endian (PS3.5 section 6.2.2).
    """
    if tag == _ITEM:
        if depth == 0:
            raise HeaderError(Trouble.BROKEN)
        return depth, implicit_below, 0 if length == _UNDEFINED else length
    if tag == _ITEM_END:
        return depth, implicit_below, 0
    if tag == _SEQUENCE_END:
        if depth == 0:
            raise HeaderError(Trouble.BROKEN)
        below = _DEEPEST + 1 if depth == implicit_below else implicit_below
        return depth - 1, below, 0
    if vr not in (b"SQ", b"UN", b"OB", b"OW") or depth >= _DEEPEST:
        raise HeaderError(Trouble.BROKEN)
    if vr == b"UN":
        implicit_below = min(implicit_below, depth + 1)
    return depth + 1, implicit_below, 0


def _with_pixels(source: _Window, values: dict[int, bytes], syntax: str, position: int, length: int) -> RawHeader:
    if length == _UNDEFINED:
        _require_whole_fragments(source, position)
        length = -1
    elif position + length > source.size_bytes:
        raise HeaderError(Trouble.TRUNCATED)
    return RawHeader(values, syntax, syntax == EXPLICIT_BIG, True, position, length)


def _require_whole_fragments(source: _Window, position: int) -> None:
    """Follow the fragments of encapsulated pixel data to their end mark (PS3.5 A.4); raises HeaderError."""
    for _ in range(_MOST_ELEMENTS):
        if position == source.size_bytes:
            return
        head = source.take(position, 8)
        if len(head) < 8:
            raise HeaderError(Trouble.TRUNCATED)
        group, element, length = struct.unpack("<HHL", head)
        if (group << 16 | element) == _SEQUENCE_END:
            return
        if (group << 16 | element) != _ITEM:
            raise HeaderError(Trouble.BROKEN)
        position += 8 + length
        if position > source.size_bytes:
            raise HeaderError(Trouble.TRUNCATED)
    raise HeaderError(Trouble.BROKEN)


def walk_bytes(data: bytes) -> RawHeader:
    """Where the pixel data lies in an explicit little endian data set in memory; raises HeaderError."""
    return _walk(_Window(io.BytesIO(data), len(data), data), 0, EXPLICIT_LITTLE, frozenset())
