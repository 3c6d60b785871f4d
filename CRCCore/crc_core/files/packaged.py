"""The data files that come with this package: rules, thresholds and vocabularies, each with a version of its own."""

from __future__ import annotations

import json
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from crc_core.files.records import from_document

Record = TypeVar("Record")


def packaged_document(name: str) -> dict[str, Any]:
    """The JSON object in `crc_core/data/<name>`, where `name` has `/` between folders."""
    document: dict[str, Any] = json.loads(_file(name).read_text(encoding="utf-8"))
    return document


def packaged_record(kind: type[Record], name: str) -> Record:
    """The record of type `kind` in `crc_core/data/<name>`; raises CrcError that names the file and a wrong key."""
    return from_document(kind, packaged_document(name), Path(str(_file(name))))


def _file(name: str) -> Traversable:
    return resources.files("crc_core").joinpath("data", *name.split("/"))
