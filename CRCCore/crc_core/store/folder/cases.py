"""Reserved case codes: one file each, made exclusively, so that no serial is ever given twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import create_exclusively, naming
from crc_core.files.canonical import canonical_bytes, read_document
from crc_core.files.records import from_document, time_text
from crc_core.identity import UnitId, check_case_code, mint_case_code
from crc_core.store.parts import Chain

CASE_SCHEMA = "crc-case/1"
_SITE, _SERIAL = slice(4, 6), slice(7, 13)


def case_path(folder: Path, code: str) -> Path:
    """The file that reserves a case code."""
    return folder / f"{code}.json"


@dataclass(frozen=True)
class CaseFile:
    """`cases/<code>.json`: a reserved code, and who reserved it when."""

    schema: str
    code: str
    actor: str
    at: datetime


def reserved_cases(folder: Path) -> Iterator[CaseFile]:
    """Every reserved code in order; raises CrcError for a file that is broken or whose name tells another code."""
    with naming(folder):
        names = sorted(name for name in os.listdir(folder) if code_of(name) is not None)  # noqa: PTH208
    for name in names:
        path = folder / name
        found = from_document(CaseFile, read_document(path, CASE_SCHEMA), path)
        if found.code != code_of(name):
            raise CrcError("json.bad_value", path=path, place="code")
        yield found


def code_of(name: str) -> str | None:
    """The case code a file in the folder reserves; None for any other name."""
    code = name.removesuffix(".json")
    if code == name:
        return None
    try:
        return check_case_code(code)
    except CrcError:
        return None


@dataclass(frozen=True)
class CaseFiles:
    """The reserved codes of a folder store; the chain tells of codes whose file was lost."""

    folder: Path
    chain: Chain

    def reserve(self, site: str, actor: str, now: datetime) -> str:
        """Reserve the next serial of `site` after all reserved and used ones; returns the new code."""
        self.chain.refresh()
        used = {UnitId.parse(unit).case for unit in self.chain.units}
        with naming(self.folder):
            codes = {code for name in os.listdir(self.folder) if (code := code_of(name)) is not None}  # noqa: PTH208
        serials = [int(code[_SERIAL]) for code in codes | used if code[_SITE] == site]
        serial = max(serials, default=0) + 1
        while True:
            code = mint_case_code(site, serial)
            document = {"schema": CASE_SCHEMA, "code": code, "actor": actor, "at": time_text(now)}
            if create_exclusively(case_path(self.folder, code), canonical_bytes(document)):
                return code
            serial += 1

    def is_reserved(self, code: str) -> bool:
        """Whether the code was given out."""
        return case_path(self.folder, code).is_file()
