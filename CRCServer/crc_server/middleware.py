"""What holds for every request: how large its body may be, and the headers of its answer."""

from __future__ import annotations

from collections.abc import Callable

from crc_core.errors import CrcError
from django.conf import settings
from django.http import HttpRequest, HttpResponse

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class OwnHeaders:
    """Nothing from outside hosts runs in a page, and nothing of the database is kept by a proxy or a browser."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer with the headers added."""
        response = self._get_response(request)
        response.setdefault("Content-Security-Policy", _PAGE_POLICY)
        if not request.path.startswith("/static/"):
            response.setdefault("Cache-Control", "no-store")
        return response


class BoundedBodies:
    """No body but an upload's is larger than a document may be; that is told before a byte of it is parsed."""

    _UPLOADS = "/api/v1/uploads/"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer, or a problem (a page for a browser) where the body is too large."""
        length, most = request.META.get("CONTENT_LENGTH") or "0", settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        is_upload = request.path.startswith(self._UPLOADS)
        if not is_upload and not (length.isascii() and length.isdigit() and int(length) <= most):
            from crc_server.api.errors import told

            return told(request, CrcError("server.too_large", megabytes=most // (1024 * 1024)))
        return self._get_response(request)
