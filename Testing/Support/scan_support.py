"""Synthetic examinations written as DICOM and checked, for the tests of the scan check."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.phantom import Fault, write_study
from crc_core.scan.check import SeriesCheck, StudyCheck, check_study
from crc_core.scan.item import CheckItem
from crc_core.scan.select import choose_study
from crc_core.vocabulary import Role
from shared_phantom import phantom

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@cache
def index_of(seed: int, *faults: Fault) -> FolderIndex:
    """The index of the phantom written as DICOM."""
    _FOLDERS.append(tempfile.TemporaryDirectory())
    root = Path(_FOLDERS[-1].name)
    write_study(phantom(seed, *faults), root / "检查 1")
    return index_folder(root / "检查 1", cache=root / "cache")


@cache
def check_of(seed: int, *faults: Fault) -> StudyCheck:
    """The check of the phantom's CT study with its MR study."""
    study, companions = choose_study(index_of(seed, *faults))
    return check_study(study, companions=companions)


def chosen(check: StudyCheck, role: Role) -> SeriesCheck:
    """The chosen series of a role, which must be there."""
    found = check.chosen(role)
    assert found is not None
    return found


def item(items: Iterable[CheckItem], name: str) -> CheckItem:
    """The one item called `name`."""
    (found,) = [entry for entry in items if entry.id == name]
    return found
