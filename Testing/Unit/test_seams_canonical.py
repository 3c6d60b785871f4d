"""Canonical JSON: one byte sequence per document, and strict reading of what others wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from crc_core.errors import CrcError
from crc_core.files import canonical
from crc_core.files.canonical import canonical_bytes, canonical_hash, parse_document, read_document
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=20
)


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(item) for key, item in reversed(value.items())}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@given(DOCUMENTS)
def test_a_document_comes_back_as_it_was(document: Any) -> None:
    data = canonical_bytes(document)
    assert json.loads(data) == document
    assert canonical_bytes(json.loads(data)) == data


@given(DOCUMENTS)
def test_the_order_of_keys_does_not_matter(document: Any) -> None:
    assert canonical_bytes(reversed_keys(document)) == canonical_bytes(document)


@given(DOCUMENTS, DOCUMENTS)
def test_the_hash_means_the_content(one: Any, other: Any) -> None:
    assert (canonical_hash(one) == canonical_hash(other)) == (canonical_bytes(one) == canonical_bytes(other))
    assert canonical_hash(one) == hashlib.sha256(canonical_bytes(one)).hexdigest()


def test_the_bytes_are_fixed() -> None:
    """What was hashed once must hash the same for ever: this line never changes."""
    document = {"b": [1, 2.5, None, True], "a": '直肠 "x"\n', "": {}}
    assert canonical_bytes(document) == '{"":{},"a":"直肠 \\"x\\"\\n","b":[1,2.5,null,true]}'.encode()
    assert canonical_hash(document) == "ba2606503130a5e6659b79de7b4b0aae91631dc3ac736887f8e832eb58c9485a"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), "\ud800"])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical_bytes({"a": [value]})


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, np.float32(1.0), object()])
def test_what_is_no_json_type_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_bytes({"a": value})


def refusal(data: bytes) -> str:
    with pytest.raises(CrcError) as caught:
        parse_document(data, Path("d.json"), "crc-test/1")
    assert caught.value.path == Path("d.json")
    assert "d.json" in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"schema": "crc-test/1"', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'{"a": NaN}', b'{"a": -Infinity}',
     b'{"a": 1e999}', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 1}}', b"\0"],
)  # fmt: skip
def test_broken_json_is_told_so(data: bytes) -> None:
    assert refusal(data) == "json.broken"


@pytest.mark.parametrize("data", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_json_that_is_no_object_is_told_so(data: bytes) -> None:
    assert refusal(data) == "json.not_an_object"


@pytest.mark.parametrize("data", [b"{}", b'{"schema": "crc-test/2"}', b'{"schema": 1}', b'{"schema": null}'])
def test_another_kind_of_document_is_told_so(data: bytes) -> None:
    assert refusal(data) == "json.other_schema"


def test_an_endless_document_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "LARGEST_DOCUMENT_BYTES", 10)
    assert refusal(b'{"schema": "crc-test/1"}') == "json.too_large"


@given(st.binary(max_size=60) | DOCUMENTS.map(lambda document: json.dumps(document).encode()))
def test_any_bytes_end_in_an_object_of_the_kind_or_a_refusal(data: bytes) -> None:
    try:
        assert parse_document(data, Path("d.json"), "crc-test/1")["schema"] == "crc-test/1"
    except CrcError as error:
        assert error.code.startswith("json.")


@given(st.dictionaries(TEXTS, DOCUMENTS, max_size=5))
def test_a_document_of_the_kind_is_read(document: dict[str, Any]) -> None:
    document["schema"] = "crc-test/1"
    assert parse_document(canonical_bytes(document), Path("d.json"), "crc-test/1") == document


def test_a_file_is_read_and_a_missing_one_named(tmp_path: Path) -> None:
    path = tmp_path / "记录 1.json"
    path.write_bytes(canonical_bytes({"schema": "crc-test/1", "value": 3}))
    assert read_document(path, "crc-test/1")["value"] == 3
    with pytest.raises(CrcError) as caught:
        read_document(tmp_path / "none.json", "crc-test/1")
    assert caught.value.code == "file.missing"
