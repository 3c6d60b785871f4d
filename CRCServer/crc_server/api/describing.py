"""What every view says of itself in the OpenAPI document: its body, its answer, and that it may answer a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema

from crc_server.api.schemas import PROBLEM

View = TypeVar("View", bound=Callable[..., Any])
_USUAL_PROBLEMS = (400, 401, 403, 404, 409, 415, 422, 429, 503)


def describe(
    summary: str,
    *,
    name: str | None = None,
    body: Mapping[str, Any] | None = None,
    answer: Mapping[str, Any] | None = None,
    status: int = 200,
    binary: bool = False,
    upload: bool = False,
    query: Sequence[str] = (),
    problems: Sequence[int] = (),
) -> Callable[[View], View]:
    """Describe one method of a view."""
    responses: dict[Any, Any] = {
        (code, "application/problem+json"): dict(PROBLEM) for code in (*_USUAL_PROBLEMS, *problems)
    }
    if binary:
        file = {"type": "string", "format": "binary"}
        responses[(200, "application/octet-stream")] = responses[(206, "application/octet-stream")] = file
    elif answer is None:
        responses[204] = None
    else:
        responses[(status, "application/json")] = dict(answer)
    request: Any = None if body is None else {"application/json": dict(body)}
    if upload:
        request = {"application/octet-stream": {"type": "string", "format": "binary"}}
    parameters = [OpenApiParameter(name, int if name in ("since", "limit", "offset") else str) for name in query]
    decorate: Callable[[View], View] = extend_schema(
        operation_id=name, summary=summary, request=request, responses=responses, parameters=parameters
    )
    return decorate
