"""The data files of the package: each is there under its name, and a record of one is as strict as any other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import crc_core
import pytest
from crc_core.errors import CrcError
from crc_core.files.packaged import packaged_document, packaged_record

DATA = Path(crc_core.__file__).parent / "data"


@dataclass(frozen=True)
class Wrong:
    """A record that no packaged file fits."""

    no_such_key: str


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(DATA.rglob("*.json")) if "text" not in path.parts],
    ids=lambda path: path.relative_to(DATA).as_posix(),
)
def test_every_data_file_is_read_by_its_name(path: Path) -> None:
    document = packaged_document(path.relative_to(DATA).as_posix())
    assert document == json.loads(path.read_bytes())
    assert document


def test_a_wrong_record_names_the_file() -> None:
    with pytest.raises(CrcError) as caught:
        packaged_record(Wrong, "pin_policy.json")
    assert caught.value.code == "json.bad_value"
    assert caught.value.path == DATA / "pin_policy.json"


def test_a_file_that_is_not_there_is_a_mistake_of_the_program() -> None:
    with pytest.raises(FileNotFoundError):
        packaged_document("no/such.json")
