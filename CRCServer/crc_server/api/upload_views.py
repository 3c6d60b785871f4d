"""Uploads: a manifest, then its files, each whole or in ranges."""

from __future__ import annotations

import re
from typing import IO, Any, cast

from crc_core.errors import CrcError
from crc_core.files.records import to_document
from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from crc_server.api.base import StoreView
from crc_server.api.describing import describe
from crc_server.api.schemas import schema_of
from crc_server.uploads import LARGEST_MANIFEST_BYTES, FileState, Span, Uploads, UploadState

_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15})")


class BytesParser(BaseParser):
    """Leaves the body where it is: a view reads it piece by piece."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Nothing; the view reads the stream."""
        return stream


class UploadBase(StoreView):
    """What the views on uploads share."""

    parser_classes = (BytesParser,)

    def require_known(self) -> None:
        """Only who still belongs to the store may fill its disk."""
        if self.store.ledger.context.person(self.person) is None:
            raise CrcError("workflow.unknown_person", person=self.person)


class UploadView(UploadBase):
    """One upload."""

    @describe("How far an upload has come", answer=schema_of(UploadState))
    def get(self, request: Request, sha256: str) -> Response:
        """Each file with the bytes that are here."""
        return Response(to_document(uploads().of(self.person, sha256).state()))

    @describe("Begin an upload with its manifest", upload=True, answer=schema_of(UploadState), problems=(411, 413))
    def put(self, request: Request, sha256: str) -> Response:
        """Take the manifest; doing it again is harmless."""
        upload = uploads().of(self.person, sha256)
        self.require_known()
        length = _length(request)
        if length > LARGEST_MANIFEST_BYTES:
            raise CrcError("server.too_large", megabytes=LARGEST_MANIFEST_BYTES // (1024 * 1024))
        return Response(to_document(upload.begin(_stream(request).read(length))))

    @describe("Give an upload up")
    def delete(self, request: Request, sha256: str) -> Response:
        """Forget it."""
        uploads().of(self.person, sha256).remove()
        return Response(status=204)


class UploadFileView(UploadBase):
    """One file of an upload."""

    @describe("A file of an upload, or a range of it", upload=True, answer=schema_of(FileState), problems=(411, 416))
    def put(self, request: Request, sha256: str, name: str) -> Response:
        """Take it; answered after it is flushed to disk and, once whole, compared with the manifest."""
        self.require_known()
        length = _length(request)
        span = _span(request.headers.get("Content-Range"), length)
        state = uploads().of(self.person, sha256).put(name, _stream(request), length, span)
        return Response(to_document(state))


def uploads() -> Uploads:
    """All uploads of this server."""
    return Uploads(settings.CONFIG.uploads, settings.CONFIG.upload_gigabytes)


def _stream(request: Request) -> IO[bytes]:
    return cast(IO[bytes], request._request)


def _length(request: Request) -> int:
    text = request.META.get("CONTENT_LENGTH") or ""
    if not (text.isascii() and text.isdigit()):
        raise CrcError("server.no_length")
    return int(text)


def _span(header: str | None, length: int) -> Span | None:
    if header is None:
        return None
    match = _RANGE.fullmatch(header)
    if match is None or int(match[2]) - int(match[1]) + 1 != length:
        raise CrcError("server.bad_request")
    return Span(int(match[1]), int(match[3]))
