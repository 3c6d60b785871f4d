"""Canonical JSON: one byte sequence per document, so that a hash means the content."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.atomic import read_bytes

LARGEST_DOCUMENT_BYTES = 64 * 1024 * 1024


def canonical_bytes(document: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no white space; raises ValueError for NaN and infinity."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode(
        "utf-8"
    )


def canonical_hash(document: Any) -> str:
    """The SHA-256 of the canonical bytes in hexadecimal."""
    return hashlib.sha256(canonical_bytes(document)).hexdigest()


def parse_document(data: bytes, path: Path, schema: str) -> dict[str, Any]:
    """The JSON object in `data` whose `schema` is `schema`; raises CrcError naming `path` for anything else."""
    if len(data) > LARGEST_DOCUMENT_BYTES:
        raise CrcError("json.too_large", path=path)
    try:
        document = json.loads(data.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise CrcError("json.broken", path=path) from error
    if not isinstance(document, dict):
        raise CrcError("json.not_an_object", path=path)
    if document.get("schema") != schema:
        raise CrcError("json.other_schema", path=path, expected=schema, seen=document.get("schema"))
    return document


def read_document(path: Path, schema: str) -> dict[str, Any]:
    """The JSON object in the file `path`, of the kind `schema`; raises CrcError."""
    return parse_document(read_bytes(path), path, schema)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number of JSON")
    return number
