"""The log of an import: rules, attributes and counts, never a value, so that de-identification can be traced.

Source: consensus section 5 (the process of de-identification is recorded).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from crc_core.files.atomic import naming, write_bytes
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import time_text
from crc_core.importing.preparing import PreparedImport, SeriesLog
from crc_core.importing.rules import DeidentificationRules

LOG_SCHEMA = "crc-import-log/1"


def log_path(keys: Path, unit: str) -> Path:
    """Where the log of a unit lies: beside the key table."""
    return keys.parent / f"{keys.stem}-logs" / f"{unit}.json"


def write_log(
    path: Path, prepared: PreparedImport, rules: DeidentificationRules, left_out: int, unreadable: int, at: datetime
) -> None:
    """Write the log of one import as `path`."""
    document = {
        "schema": LOG_SCHEMA,
        "unit": str(prepared.prepared.unit),
        "at": time_text(at),
        "rules": rules.version,
        "profile": rules.profile.source,
        "options": [option.code for option in rules.options],
        "delineation_protocol": prepared.protocol,
        "scan_rules": prepared.scan.rules,
        "series": [_series(entry) for entry in prepared.logs],
        "series_left_out": left_out,
        "files_unreadable": unreadable,
    }
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_bytes(path, canonical_bytes(document))


def _series(entry: SeriesLog) -> dict[str, Any]:
    changes: dict[str, dict[str, int]] = {}
    for change, count in entry.changes.items():
        changes.setdefault(change.rule, {})[change.attribute] = count
    return {"code": entry.code, "files": entry.files, "changes": changes}
