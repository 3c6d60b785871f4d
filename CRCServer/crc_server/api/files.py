"""A file of a body as an answer, whole or one range of it (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crc_core.errors import CrcError
from crc_core.files.sealed import SealedFile
from django.http import HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request

from crc_server.store.bodies import StoredBodies

_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_CHUNK_BYTES = 1 << 18


def file_response(request: Request, bodies: StoredBodies, name: str, entry: SealedFile) -> HttpResponseBase:
    """The file at `name` of the storage, described by `entry`; raises CrcError for a range beyond its end."""
    first, last, is_part = _span(request.headers.get("Range"), entry.bytes)
    response = StreamingHttpResponse(_pieces(bodies, name, first, last), status=206 if is_part else 200)
    response["Content-Type"] = "application/octet-stream"
    response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Sha256"] = entry.sha256
    response["Content-Encoding"] = "identity"
    if is_part:
        response["Content-Range"] = f"bytes {first}-{last}/{entry.bytes}"
    return response


def _span(header: str | None, size: int) -> tuple[int, int, bool]:
    """The first and the last byte; a header that is not one simple range is passed over, as the standard asks."""
    match = _RANGE.fullmatch(header or "")
    if match is None:
        return 0, size - 1, False
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if first >= size or last < first:
        raise CrcError("server.range", received=size)
    return first, last, True


def _pieces(bodies: StoredBodies, name: str, first: int, last: int) -> Iterator[bytes]:
    with bodies.open(name) as stream:
        stream.seek(first)
        left = last - first + 1
        while left and (piece := stream.read(min(left, _CHUNK_BYTES))):
            left -= len(piece)
            yield piece
