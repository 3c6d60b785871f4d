"""What is answered outside the views: an unknown address, and what nobody foresaw."""

from __future__ import annotations

from crc_core.errors import CrcError
from django.http import HttpRequest, HttpResponse

from crc_server.api.problems import problem


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer to a request that cannot be understood at all."""
    return problem(request, CrcError("server.bad_request")).render()


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer at an address that is none."""
    return problem(request, CrcError("server.not_found")).render()


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error in the server itself; its words are in the log alone."""
    return problem(request, CrcError("server.error")).render()
