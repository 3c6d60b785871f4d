"""Every refusal as a problem document (RFC 9457), in the caller's language, without a word about this machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from crc_core.errors import CrcError
from crc_core.text import Lang, say
from crc_core.workflow.intents import Refusal
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions
from rest_framework.response import Response

from crc_server.api.parsing import ProblemRenderer

TYPE = "urn:crc-database:problem:"

_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "server.sign_in": 401,
        "server.sign_in_wrong": 401,
        "server.signed_out": 401,
        "server.password_needed": 403,
        "server.password_wrong": 403,
        "server.password_locked": 429,
        "server.throttled": 429,
        "server.too_large": 413,
        "server.upload_full": 413,
        "server.bad_json": 400,
        "server.bad_request": 400,
        "server.not_found": 404,
        "server.method": 405,
        "server.media_type": 415,
        "server.range": 416,
        "server.upload_elsewhere": 409,
        "server.upload_incomplete": 409,
        "server.other_person": 403,
        "server.not_yours": 403,
        "server.old_page": 403,
        "server.error": 500,
        "server.away": 503,
        "server.no_store": 503,
        "server.bodies_gone": 503,
        "server.bodies_of_another": 503,
        "store.busy": 503,
        "store.unknown_unit": 404,
        "store.unknown_reading": 404,
        "store.no_final": 404,
        "store.no_series": 404,
        "store.managers_only": 403,
        "store.signers_only": 403,
        "store.auditors_only": 403,
        "store.reads_blind": 403,
        "store.system_only": 403,
        "workflow.unknown_unit": 404,
        "workflow.role": 403,
        "workflow.unknown_person": 403,
        "workflow.own_case": 403,
        "workflow.moment_unknown": 404,
        "access.nothing_then": 404,
        "access.in_force": 409,
        "access.words": 403,
        "file.disk_full": 507,
    }
)
_OURS = ("file.", "import.")
"""Codes that tell of this machine's own disk, not of what was sent."""

_FRAMEWORK: Mapping[type[Exception], str] = MappingProxyType(
    {
        exceptions.NotAuthenticated: "server.sign_in",
        exceptions.AuthenticationFailed: "server.signed_out",
        exceptions.Throttled: "server.throttled",
        exceptions.MethodNotAllowed: "server.method",
        exceptions.UnsupportedMediaType: "server.media_type",
        exceptions.NotAcceptable: "server.bad_request",
        exceptions.NotFound: "server.not_found",
        Http404: "server.not_found",
        RequestDataTooBig: "server.bad_request",
        TooManyFieldsSent: "server.bad_request",
        SuspiciousOperation: "server.bad_request",
        OperationalError: "server.away",
        InterfaceError: "server.away",
    }
)
_AGAIN_IN_S = "5"
_LOG = logging.getLogger(__name__)


def language(request: HttpRequest) -> Lang:
    """The language the caller prefers; Chinese where they say nothing."""
    wish = str(request.headers.get("Accept-Language", "")).lower()
    places = {lang: wish.find(lang.value) for lang in Lang}
    named = [lang for lang in Lang if places[lang] >= 0]
    return min(named, key=lambda lang: places[lang], default=Lang.ZH)


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Django REST framework's hook: the answer to an exception; None lets an unexpected one through as a 500."""
    request = context["request"]
    if isinstance(error, CrcError):
        return problem(request, error)
    code = next((code for kind, code in _FRAMEWORK.items() if isinstance(error, kind)), None)
    if code is None:
        return None
    if code == "server.away" and is_full(error):
        code = "file.disk_full"
    if code == "server.away":
        _LOG.error("the database cannot be reached: %s", type(error).__name__)
    response = problem(request, CrcError(code))
    if isinstance(error, exceptions.APIException) and getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = "Token"
    if isinstance(error, exceptions.Throttled) and error.wait is not None:
        response["Retry-After"] = str(int(error.wait) + 1)
    return response


def is_full(error: BaseException) -> bool:
    """Whether a database refuses for want of room: PostgreSQL says so by a class, SQLite by its words alone."""
    return type(error.__cause__).__name__ == "DiskFull" or "disk is full" in str(error)


def refused(request: HttpRequest, refusal: Refusal) -> Response:
    """The answer to an intent the rules refuse."""
    return problem(request, refusal.as_error(), refusal=True)


def problem(request: HttpRequest, error: CrcError, *, refusal: bool = False) -> Response:
    """The problem document of one error."""
    lang = language(request)
    status = status_of(error.code)
    path = None if status >= 500 else _harmless(error.path)
    shown = error_again(error, None if path is None else str(path))
    if status == 500:
        _LOG.error("%s", error.sentence(Lang.EN))
    document = {
        "type": TYPE + error.code,
        "title": say(error.code, lang, **error.values),
        "status": status,
        "detail": shown.sentence(lang),
        "code": error.code,
        "values": {name: str(value) for name, value in error.values.items()},
        "refusal": refusal,
    }
    if path is not None:
        document["file"] = str(path)
    response = Response(document, status=status, content_type=ProblemRenderer.media_type)
    response.accepted_renderer = ProblemRenderer()
    response.accepted_media_type = ProblemRenderer.media_type
    response.renderer_context = {}
    response["Content-Language"] = lang.value
    if status == 503:
        response["Retry-After"] = _AGAIN_IN_S
    return response


def error_again(error: CrcError, path: str | None = None) -> CrcError:
    """The same error with another path, or without one."""
    again = CrcError(error.code, path=path)
    again.values = error.values
    return again


def status_of(code: str) -> int:
    """The status an error's code answers with."""
    if code in _STATUS:
        return _STATUS[code]
    if code.startswith(_OURS):
        return 500
    return 409 if code.startswith(("workflow.", "store.")) else 422


def _harmless(path: Path | None) -> PurePosixPath | None:
    """The last part of a path where it is a file's name; where things lie here is nobody's business."""
    return None if path is None or not path.suffix or path.name.endswith(".part") else PurePosixPath(path.name)
