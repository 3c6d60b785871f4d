"""What a window and its keeper say to each other over pipes: requests to keep work, and what became of them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from crc_core.contour.segment_key import SegmentKey
from crc_core.desk.keeping import PackedMask, Place, pack
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document, to_document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crc_core.contour.results import Box
    from crc_core.geometry import Grid

_MAGIC = b"CRCK"
_SIZES = struct.Struct("<4sII")
_LARGEST_BYTES = 1 << 30
_STREAM = Path("stdin")


@dataclass(frozen=True)
class SaveFrame:
    """One request to keep work safe; `masks` are those that changed, None for one that is empty or gone."""

    number: int
    label: str
    document: Mapping[str, Any]
    masks: Mapping[SegmentKey, PackedMask | None]


@dataclass(frozen=True)
class Answer:
    """What became of a request: saved, or the reason why not."""

    number: int
    label: str
    error: CrcError | None = None


@dataclass(frozen=True)
class _MaskHead:
    segment: SegmentKey
    place: Place | None = None


@dataclass(frozen=True)
class _Head:
    number: int
    label: str
    document: dict[str, Any]
    masks: tuple[_MaskHead, ...]


@dataclass(frozen=True)
class _Trouble:
    code: str
    path: str | None
    values: dict[str, str]


@dataclass(frozen=True)
class _Line:
    number: int
    label: str
    error: _Trouble | None = None


def encode_frame(
    number: int,
    label: str,
    document: Mapping[str, Any],
    masks: Mapping[SegmentKey, tuple[Box, NDArray[np.bool_], Grid] | None],
) -> bytes:
    """A request as bytes for the standard input of `crc_core.desk.keeper_process`.

    `masks` are crops as (box, inside, grid) per segment that changed, None for one that holds nothing any more.
    """
    packed = {key: None if crop is None else pack(*crop) for key, crop in masks.items()}
    heads = tuple(_MaskHead(key, None if mask is None else mask.place) for key, mask in packed.items())
    head = canonical_bytes(to_document(_Head(number, label, dict(document), heads)))
    body = b"".join(mask.bits for mask in packed.values() if mask is not None)
    return _SIZES.pack(_MAGIC, len(head), len(body)) + head + body


def read_frame(stream: BinaryIO) -> SaveFrame | None:
    """The next request; None where the stream ends, also in the middle of one.

    Raises ValueError or CrcError for anything that is no request.
    """
    first = _exactly(stream, _SIZES.size)
    if first is None:
        return None
    magic, head_bytes, body_bytes = _SIZES.unpack(first)
    if magic != _MAGIC or head_bytes > _LARGEST_BYTES or body_bytes > _LARGEST_BYTES:
        raise ValueError("this is no request to keep work")
    head, body = _exactly(stream, head_bytes), _exactly(stream, body_bytes)
    if head is None or body is None:
        return None
    said = from_document(_Head, json.loads(head), _STREAM)
    masks: dict[SegmentKey, PackedMask | None] = {}
    start = 0
    for item in said.masks:
        stop = start if item.place is None else start + item.place.packed_bytes
        masks[item.segment] = None if item.place is None else PackedMask(item.place, body[start:stop])
        start = stop
    return SaveFrame(said.number, said.label, said.document, masks)


def encode_answer(answer: Answer) -> bytes:
    """An answer as one line."""
    trouble = None
    if answer.error is not None:
        path = None if answer.error.path is None else str(answer.error.path)
        trouble = _Trouble(answer.error.code, path, {name: str(item) for name, item in answer.error.values.items()})
    return canonical_bytes(to_document(_Line(answer.number, answer.label, trouble))) + b"\n"


def read_answer(line: bytes) -> Answer:
    """The answer in one line of the keeper's standard output; raises ValueError or CrcError for anything else."""
    said = from_document(_Line, json.loads(line), Path("stdout"))
    if said.error is None:
        return Answer(said.number, said.label)
    return Answer(said.number, said.label, CrcError(said.error.code, path=said.error.path, **said.error.values))


def _exactly(stream: BinaryIO, count: int) -> bytes | None:
    """`count` bytes; None where the stream ends before."""
    pieces: list[bytes] = []
    while count:
        piece = stream.read(count)
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
