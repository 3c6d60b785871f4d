"""Records to JSON and back: nothing is lost, and what is unknown, missing or of another type is refused by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import from_document, time_text, to_document
from crc_core.vocabulary import Target
from hypothesis import given
from hypothesis import strategies as st

PATH = Path("record.json")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Inner:
    name: str
    size_mm: float
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count below zero")


@dataclass(frozen=True)
class Outer:
    at: datetime
    colour: Colour
    flag: bool
    inner: Inner
    note: str | None = None
    many: tuple[Inner, ...] = ()
    pair: tuple[int, str] = (0, "")
    targets: frozenset[Target] = frozenset()
    sizes: Mapping[str, float] | None = None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INNERS = st.builds(
    Inner, TEXTS, st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**15)
)  # fmt: skip
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-9, minutes=-30))])
OUTERS = st.builds(
    Outer,
    at=st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1), timezones=ZONES),  # noqa: DTZ001 - zones are drawn
    colour=st.sampled_from(Colour),
    flag=st.booleans(),
    inner=INNERS,
    note=st.none() | TEXTS,
    many=st.lists(INNERS, max_size=3).map(tuple),
    pair=st.tuples(st.integers(), TEXTS),
    targets=st.frozensets(st.sampled_from(Target)),
    sizes=st.none() | st.dictionaries(TEXTS, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)
GOOD: dict[str, Any] = {
    "at": "2025-01-02T03:04:05.000006Z",
    "colour": "red",
    "flag": True,
    "inner": {"name": "肝", "size_mm": 2},
}


def refusal(document: object) -> str:
    with pytest.raises(CrcError) as caught:
        from_document(Outer, document, PATH)
    assert caught.value.code == "json.bad_value"
    assert caught.value.path == PATH
    return str(caught.value.values["place"])


@given(OUTERS)
def test_a_record_comes_back_as_it_was(record: Outer) -> None:
    assert from_document(Outer, json.loads(canonical_bytes(to_document(record))), PATH) == record


@given(OUTERS)
def test_what_is_none_is_left_out(record: Outer) -> None:
    assert ("note" in to_document(record)) == (record.note is not None)


def test_defaults_fill_what_is_absent() -> None:
    record = from_document(Outer, GOOD, PATH)
    assert record.inner == Inner("肝", 2.0, 1)
    assert isinstance(record.inner.size_mm, float)
    assert record.note is None
    assert record.at == datetime(2025, 1, 2, 3, 4, 5, 6, UTC)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"at": "2025-01-02T03:04:05"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": 5}, "at"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "at"),
        ({"inner": {"name": "x", "size_mm": 10**400}}, "inner.size_mm"),
        ({"colour": "green"}, "colour"),
        ({"colour": ["red"]}, "colour"),
        ({"flag": 1}, "flag"),
        ({"flag": "true"}, "flag"),
        ({"inner": None}, "inner"),
        ({"inner": {"name": "x", "size_mm": True}}, "inner.size_mm"),
        ({"inner": {"name": "x", "size_mm": "2"}}, "inner.size_mm"),
        ({"inner": {"name": "x"}}, "inner.size_mm"),
        ({"inner": {"name": "x", "size_mm": 1, "count": 1.0}}, "inner.count"),
        ({"inner": {"name": "x", "size_mm": 1, "count": -1}}, "inner"),
        ({"inner": {"name": "x", "size_mm": 1, "colour": "red"}}, "inner.colour"),
        ({"many": {"name": "x"}}, "many"),
        ({"many": [{"name": "x", "size_mm": 1}, {"name": 2, "size_mm": 1}]}, "many[1].name"),
        ({"pair": [1]}, "pair"),
        ({"pair": [1, "a", "b"]}, "pair"),
        ({"pair": ["a", 1]}, "pair[0]"),
        ({"targets": ["spleen"]}, "targets[0]"),
        ({"sizes": {"a": None}}, "sizes.a"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(change: dict[str, Any], place: str) -> None:
    assert refusal({**GOOD, **change}) == place


@pytest.mark.parametrize("key", GOOD)
def test_what_is_missing_is_named(key: str) -> None:
    assert refusal({name: value for name, value in GOOD.items() if name != key}) == key


@pytest.mark.parametrize("document", [None, [], 1, "text", True])
def test_a_document_that_is_no_object_is_refused(document: object) -> None:
    assert refusal(document) == "-"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "many", "x"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "note", "many", "pair", "targets", "sizes", "x"]), JUNK))
def test_any_content_ends_in_a_record_or_a_refusal(change: dict[str, Any]) -> None:
    try:
        assert isinstance(from_document(Outer, {**GOOD, **change}, PATH), Outer)
    except CrcError as error:
        assert error.code == "json.bad_value"


def test_a_time_is_told_in_utc_to_the_microsecond() -> None:
    beijing = timezone(timedelta(hours=8))
    assert time_text(datetime(2025, 1, 1, 8, 0, 0, 1, beijing)) == "2025-01-01T00:00:00.000001Z"
    with pytest.raises(ValueError, match="without a zone"):
        time_text(datetime(2025, 1, 1))  # noqa: DTZ001 - a time without a zone is what is refused
