"""Frozen dataclasses to JSON objects and back, strictly: an unknown, missing or mistyped key is refused by name."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from crc_core.errors import CrcError

Record = TypeVar("Record")
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def to_document(value: Any) -> Any:
    """The JSON form of a record: enums as values, aware times as ISO 8601 UTC, sets sorted, None left out."""
    kind: type = type(value)
    if kind in _AS_THEY_ARE:
        return value
    names = _names(kind)
    if names is not None:
        pairs = ((name, getattr(value, name)) for name in names)
        return {name: to_document(item) for name, item in pairs if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Mapping):
        return {str(to_document(key)): to_document(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(to_document(item) for item in value)
    if isinstance(value, tuple):
        return [to_document(item) for item in value]
    return value


def from_document(kind: type[Record], document: Any, path: Path) -> Record:
    """The record of type `kind` in a JSON object; raises CrcError that names `path` and the key that is wrong."""
    return cast(Record, _read(kind, document, path, ""))


def time_text(moment: datetime) -> str:
    """An aware time as ISO 8601 in UTC with microseconds; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@cache
def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a record; None for what is none."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, path: Path, place: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = [item for item in arguments if item is not type(None)]
        return None if value is None and len(inner) < len(arguments) else _read(inner[0], value, path, place)
    if origin in (tuple, frozenset):
        return _read_list(origin, arguments, value, path, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _require(isinstance(value, dict), path, place)
        return {
            _read(arguments[0], key, path, place): _read(arguments[1], item, path, f"{place}.{key}")
            for key, item in value.items()
        }
    if dataclasses.is_dataclass(kind):
        return _read_record(cast(type, kind), value, path, place)
    return _read_plain(kind, value, path, place)


def _read_list(origin: Any, arguments: tuple[Any, ...], value: Any, path: Path, place: str) -> Any:
    _require(isinstance(value, list), path, place)
    if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
        _require(len(value) == len(arguments), path, place)
        kinds = list(arguments)
    else:
        kinds = [arguments[0]] * len(value)
    items = [_read(kind, item, path, f"{place}[{n}]") for n, (kind, item) in enumerate(zip(kinds, value, strict=True))]
    return origin(items)


def _read_record(kind: type, value: Any, path: Path, place: str) -> Any:
    _require(isinstance(value, dict), path, place)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    for key in value:
        _require(key in fields, path, f"{place}.{key}")
    read = {}
    for name, field in fields.items():
        if name in value:
            read[name] = _read(_hints(kind)[name], value[name], path, f"{place}.{name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            _require(_is_optional(_hints(kind)[name]), path, f"{place}.{name}")
            read[name] = None
    try:
        return kind(**read)
    except ValueError as error:
        raise CrcError("json.bad_value", path=path, place=place.lstrip(".") or "-") from error


def _is_optional(kind: Any) -> bool:
    return type(None) in get_args(kind)


def _read_plain(kind: Any, value: Any, path: Path, place: str) -> Any:
    if kind is Any:
        return value
    if isinstance(kind, type) and issubclass(kind, Enum):
        _require(isinstance(value, str) and value in [item.value for item in kind], path, place)
        return kind(value)
    if kind is datetime:
        return _read_time(value, path, place)
    if kind is float:
        _require(isinstance(value, (int, float)) and not isinstance(value, bool), path, place)
        _require(abs(value) <= sys.float_info.max, path, place)
        return float(value)
    _require(type(value) is kind, path, place)
    return value


def _read_time(value: Any, path: Path, place: str) -> datetime:
    _require(isinstance(value, str), path, place)
    try:
        moment = datetime.fromisoformat(value)
        _require(moment.tzinfo is not None, path, place)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CrcError("json.bad_value", path=path, place=place.lstrip(".")) from error


def _require(condition: bool, path: Path, place: str) -> None:
    if not condition:
        raise CrcError("json.bad_value", path=path, place=place.lstrip(".") or "-")
