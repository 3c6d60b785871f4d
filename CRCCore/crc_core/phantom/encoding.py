"""DICOM files of one series in explicit little endian: what the slices share is encoded once.

Source: PS3.5 7.1.2 (explicit VR elements), PS3.10 7.1 (file meta information).
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Mapping

from pydicom.dataset import Dataset

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_IMPLEMENTATION_CLASS = "2.25.329800735698586629295641978511506172918"
_LONG = ("OB", "OW")


class SeriesEncoder:
    """Encodes the files of a series from its shared attributes and the few that change from slice to slice."""

    def __init__(self, shared: Dataset, changing: tuple[tuple[int, str], ...]) -> None:
        """`changing` are the tags and VRs of the attributes that every slice brings, in the order of tags."""
        self._class_uid = str(shared.SOPClassUID)
        self._changing = changing
        edges = [0, *(tag for tag, _ in changing), 1 << 32]
        self._between = [_encoded(shared, low, high) for low, high in itertools.pairwise(edges)]

    def file(self, values: Mapping[int, bytes]) -> bytes:
        """The bytes of one file; `values` by tag, not padded; a tag that is not named is left out."""
        parts = [bytes(128), b"DICM", self._meta(values)]
        for between, (tag, vr) in zip(self._between, (*self._changing, (0, "")), strict=True):
            parts.append(between)
            if tag in values:
                parts.append(element(tag, vr, values[tag]))
        return b"".join(parts)

    def _meta(self, values: Mapping[int, bytes]) -> bytes:
        body = b"".join(
            [
                element(0x00020001, "OB", b"\0\1"),
                element(0x00020002, "UI", self._class_uid.encode()),
                element(0x00020003, "UI", values[0x00080018]),
                element(0x00020010, "UI", EXPLICIT_LITTLE_ENDIAN.encode()),
                element(0x00020012, "UI", _IMPLEMENTATION_CLASS.encode()),
            ]
        )
        return element(0x00020000, "UL", struct.pack("<I", len(body))) + body


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One data element with an explicit VR, padded to an even length."""
    if len(value) % 2:
        value += b"\0" if vr in ("UI", *_LONG) else b" "
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    length = struct.pack("<HI", 0, len(value)) if vr in _LONG else struct.pack("<H", len(value))
    return head + length + value


def _encoded(shared: Dataset, low: int, high: int) -> bytes:
    """The shared elements with tags between two others."""
    from pydicom.charset import convert_encodings
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    part = Dataset()
    for item in shared:
        if low < int(item.tag) < high:
            part.add(item)
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_dataset(stream, part, convert_encodings(shared.SpecificCharacterSet))
    return stream.getvalue()
