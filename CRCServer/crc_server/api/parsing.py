"""Documents in and out: JSON of bounded size that every part of the server can hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import IO, Any

from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from django.conf import settings
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer


class BoundedJSONParser(BaseParser):
    """JSON without NaN, without characters a database refuses, and no larger than a document may be."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The document in the request's body; raises CrcError for anything else."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        data = stream.read(most + 1)
        if len(data) > most:
            raise CrcError("server.too_large", megabytes=most // (1024 * 1024))
        try:
            document = json.loads(data.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
            # A lone surrogate or a NUL would break further down, where nobody could say whose fault it is.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
            _refuse_nul(document)
        except (ValueError, RecursionError) as error:
            raise CrcError("server.bad_json") from error
        return document


class DocumentRenderer(BaseRenderer):
    """Canonical JSON, so that equal content is equal bytes."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """The bytes of the answer."""
        return b"" if data is None else canonical_bytes(data)


class OnlyOne(BaseContentNegotiation):
    """There is one form of each answer; what a caller would rather have changes nothing."""

    def select_parser(self, request: Any, parsers: Sequence[Any]) -> Any:
        """The parser of the view, where the body is of its kind."""
        kind = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Any, renderers: Sequence[Any], format_suffix: str | None = None) -> Any:
        """The first renderer of the view."""
        return renderers[0], renderers[0].media_type


class ProblemRenderer(DocumentRenderer):
    """The same, labelled as a problem (RFC 9457)."""

    media_type = "application/problem+json"
    format = "problem"


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("a NUL in a text")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key)
            _refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number of JSON")
    return number
