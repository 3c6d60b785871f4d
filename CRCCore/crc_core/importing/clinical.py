"""The clinical context that goes with a unit: known keys with known values only, no free text, dates moved.

Source: consensus section 4 (clinical data); free text could hold a name and is not taken in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.files.canonical import read_document
from crc_core.files.records import from_document
from crc_core.importing.pseudonyms import shifted

CLINICAL_SCHEMA = "crc-clinical/1"


@dataclass(frozen=True)
class ClinicalKey:
    """What a key may hold: one of `choices`, a number from `low` to `high`, or a date."""

    choices: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    is_date: bool = False
    many: bool = False


@dataclass(frozen=True)
class ClinicalKeys:
    """The data file `clinical_context.json`."""

    version: str
    source: str
    keys: Mapping[str, ClinicalKey]


@dataclass(frozen=True)
class Clinical:
    """Checked values by key, dates still those of the original."""

    values: Mapping[str, str]
    dates: Mapping[str, date]

    def moved(self, shift_days: int) -> dict[str, str]:
        """All values as words, dates moved back by `shift_days`."""
        moved = {key: shifted(day, shift_days) for key, day in self.dates.items()}
        return {**self.values, **{key: day.isoformat() for key, day in moved.items() if day is not None}}


@cache
def clinical_keys() -> ClinicalKeys:
    """The keys as shipped with this version."""
    source = resources.files("crc_core") / "data" / "clinical_context.json"
    return from_document(ClinicalKeys, json.loads(source.read_text(encoding="utf-8")), Path(str(source)))


def read_clinical(path: Path) -> Clinical:
    """The clinical context in a JSON file; raises CrcError that names the key that is unknown or wrong."""
    document = read_document(path, CLINICAL_SCHEMA)
    del document["schema"]
    values: dict[str, str] = {}
    dates: dict[str, date] = {}
    for key, value in document.items():
        rule = clinical_keys().keys.get(key)
        if rule is None:
            raise CrcError("import.clinical_key", path=path, key=re.sub(r"\W", "", key)[:40])
        if rule.is_date:
            dates[key] = _day(value, key, path)
        else:
            values[key] = _value(rule, value, key, path)
    return Clinical(values, dates)


def _value(rule: ClinicalKey, value: Any, key: str, path: Path) -> str:
    parts = value if rule.many and isinstance(value, list) else [value]
    if rule.choices is not None and parts and all(part in rule.choices for part in parts):
        return ",".join(parts)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if rule.low is not None and rule.high is not None and is_number and rule.low <= value <= rule.high:
        return f"{value:g}"
    raise CrcError("import.clinical_value", path=path, key=key)


def _day(value: Any, key: str, path: Path) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise CrcError("import.clinical_value", path=path, key=key) from error
