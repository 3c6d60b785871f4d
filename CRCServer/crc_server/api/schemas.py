"""JSON schemas of the records that cross the border, read off their types, for the OpenAPI document."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "values", "refusal"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "values": {"type": "object", "additionalProperties": {"type": "string"}},
        "refusal": {"type": "boolean"},
        "file": {"type": "string"},
    },
}
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON schema of a record, or of anything a record may hold."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return schema_of(next(item for item in arguments if item is not type(None)))
    if origin in (tuple, frozenset, list):
        if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
            return {"type": "array", "items": {}, "minItems": len(arguments), "maxItems": len(arguments)}
        return {"type": "array", "items": schema_of(arguments[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if dataclasses.is_dataclass(kind):
        return _schema_of_record(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [item.value for item in kind]}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    return {"type": _PLAIN[kind]} if kind in _PLAIN else {}


def listed(name: str, kind: Any) -> dict[str, Any]:
    """An object with one list."""
    return {"type": "object", "required": [name], "properties": {name: {"type": "array", "items": schema_of(kind)}}}


def _schema_of_record(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    required = [
        field.name
        for field in fields
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and type(None) not in get_args(hints[field.name])
    ]
    schema = {"type": "object", "properties": {field.name: schema_of(hints[field.name]) for field in fields}}
    return {**schema, "required": required} if required else schema
