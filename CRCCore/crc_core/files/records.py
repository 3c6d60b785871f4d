"""Frozen dataclasses to JSON objects and back, strictly: an unknown, missing or mistyped key is refused by name.

How a type is written and read is worked out once for each type: chains hold hundreds of thousands of records.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from crc_core.errors import CrcError

Record = TypeVar("Record")
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})
_Read = Callable[[Any], Any]


class _MisfitError(Exception):
    """A value that does not fit; `place` grows while it passes the records around it."""

    def __init__(self, place: str = "") -> None:
        self.place = place


def to_document(value: Any) -> Any:
    """The JSON form of a record: enums as values, aware times as ISO 8601 UTC, sets sorted, None left out."""
    kind: type = type(value)
    return value if kind in _AS_THEY_ARE else _writer(kind)(value)


def from_document(kind: type[Record], document: Any, path: Path) -> Record:
    """The record of type `kind` in a JSON object; raises CrcError that names `path` and the key that is wrong."""
    try:
        return cast(Record, _reader(cast(Hashable, kind))(document))
    except _MisfitError as error:
        raise CrcError("json.bad_value", path=path, place=error.place.lstrip(".") or "-") from error


def time_text(moment: datetime) -> str:
    """An aware time as ISO 8601 in UTC with microseconds; raises ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@cache
def _writer(kind: type[Any]) -> Callable[[Any], Any]:
    """How values of one type become JSON."""
    if dataclasses.is_dataclass(kind):
        return _record_writer(tuple(field.name for field in dataclasses.fields(kind)))
    if issubclass(kind, Enum):
        return attrgetter("value")
    if issubclass(kind, datetime):
        return time_text
    if issubclass(kind, Mapping):
        return lambda value: {str(to_document(key)): to_document(item) for key, item in value.items()}
    if issubclass(kind, frozenset):
        return lambda value: sorted(to_document(item) for item in value)
    if issubclass(kind, tuple):
        return lambda value: [to_document(item) for item in value]
    return lambda value: value


def _record_writer(names: tuple[str, ...]) -> Callable[[Any], Any]:
    values_of = attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]

    def write(value: Any) -> dict[str, Any]:
        return {
            name: item if (kind := type(item)) in _AS_THEY_ARE else _writer(kind)(item)  # type: ignore[arg-type]  # any type is hashable
            for name, item in zip(names, values_of(value), strict=True)
            if item is not None
        }

    return write


@cache
def _reader(kind: Any) -> _Read:
    """How JSON becomes a value of one type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = [item for item in arguments if item is not type(None)]
        return _optional_reader(_reader(inner[0])) if len(inner) < len(arguments) else _reader(inner[0])
    if origin in (tuple, frozenset):
        return _list_reader(origin, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping_reader(_reader(arguments[0]), _reader(arguments[1]))
    if dataclasses.is_dataclass(kind):
        return _record_reader(cast(type, kind))
    return _plain_reader(kind)


def _optional_reader(read_inner: _Read) -> _Read:
    return lambda value: None if value is None else read_inner(value)


def _list_reader(origin: Any, arguments: tuple[Any, ...]) -> _Read:
    is_fixed = origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis)
    readers = [_reader(item) for item in arguments if item is not Ellipsis]

    def read(value: Any) -> Any:
        _require(isinstance(value, list) and (not is_fixed or len(value) == len(readers)))
        each = readers if is_fixed else readers * len(value)
        items = []
        for number, (read_item, item) in enumerate(zip(each, value, strict=True)):
            try:
                items.append(read_item(item))
            except _MisfitError as error:
                raise _MisfitError(f"[{number}]{error.place}") from error
        return origin(items)

    return read


def _mapping_reader(read_key: _Read, read_item: _Read) -> _Read:
    def read(value: Any) -> dict[Any, Any]:
        _require(isinstance(value, dict))
        items = {}
        for key, item in value.items():
            known = read_key(key)
            try:
                items[known] = read_item(item)
            except _MisfitError as error:
                raise _MisfitError(f".{key}{error.place}") from error
        return items

    return read


@cache
def _plan(kind: type) -> Mapping[str, tuple[_Read, bool, bool]]:
    """How each field of a record is read, whether it has a default, and whether it may be None."""
    hints = get_type_hints(kind)
    return {
        field.name: (
            _reader(hints[field.name]),
            field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING,
            type(None) in get_args(hints[field.name]),
        )
        for field in dataclasses.fields(kind)
        if field.init
    }


def _record_reader(kind: type) -> _Read:
    # The fields are looked at when the first record is read: a record may hold records of its own type.
    def read(value: Any) -> Any:
        _require(isinstance(value, dict))
        plan = _plan(kind)
        for key in value:
            _require(key in plan, f".{key}")
        found = {}
        for name, (read_field, has_default, is_optional) in plan.items():
            if name in value:
                try:
                    found[name] = read_field(value[name])
                except _MisfitError as error:
                    raise _MisfitError(f".{name}{error.place}") from error
            elif not has_default:
                _require(is_optional, f".{name}")
                found[name] = None
        try:
            return kind(**found)
        except ValueError as error:
            raise _MisfitError() from error

    return read


def _plain_reader(kind: Any) -> _Read:
    if kind is Any:
        return lambda value: value
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader({item.value: item for item in kind})
    if kind is datetime:
        return _read_time
    return _read_float if kind is float else _exact_reader(kind)


def _enum_reader(members: Mapping[Any, Enum]) -> _Read:
    def read(value: Any) -> Enum:
        _require(isinstance(value, str) and value in members)
        return members[value]

    return read


def _exact_reader(kind: Any) -> _Read:
    def read(value: Any) -> Any:
        _require(type(value) is kind)
        return value

    return read


def _read_float(value: Any) -> float:
    _require(isinstance(value, (int, float)) and not isinstance(value, bool))
    _require(abs(value) <= sys.float_info.max)
    return float(value)


def _read_time(value: Any) -> datetime:
    _require(isinstance(value, str))
    try:
        moment = datetime.fromisoformat(value)
        _require(moment.tzinfo is not None)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _MisfitError() from error


def _require(condition: bool, place: str = "") -> None:
    if not condition:
        raise _MisfitError(place)
