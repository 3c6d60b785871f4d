"""What is answered outside the views: an unknown address, and what nobody foresaw."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

from crc_core.errors import CrcError
from django.http import HttpRequest, HttpResponse

from crc_server.api.problems import problem

_LOG = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer to a request that cannot be understood at all."""
    return told(request, CrcError("server.bad_request"))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The answer at an address that is none."""
    return told(request, CrcError("server.not_found"))


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to an error in the server itself; its kind and place are in the log alone, its values nowhere."""
    kind, _, trace = sys.exc_info()
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
    _LOG.error("%s at %s", "unknown" if kind is None else kind.__name__, " > ".join(places[-6:]))
    return told(request, CrcError("server.error"))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form that did not come from a page of ours, or from one that is too old."""
    return told(request, CrcError("server.old_page"))


def told(request: HttpRequest, error: CrcError) -> HttpResponse:
    """A problem document to programs, a page to people."""
    from crc_server.web.page import show_error

    if request.path.startswith("/api/"):
        return problem(request, error).render()
    return show_error(request, error)
