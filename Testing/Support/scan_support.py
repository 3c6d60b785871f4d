"""Synthetic examinations written as DICOM and checked, for the tests of the scan check."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import shared_phantom
from crc_core.dicom.index import FolderIndex, index_folder
from crc_core.phantom import Fault, write_study
from crc_core.scan.check import SeriesCheck, StudyCheck, check_study
from crc_core.scan.item import CheckItem
from crc_core.scan.select import choose_study
from crc_core.vocabulary import Role
from shared_phantom import named, once, phantom


@cache
def index_of(seed: int, *faults: Fault) -> FolderIndex:
    """The index of the phantom written as DICOM."""
    root = shared_phantom.folder() / f"dicom_{named(seed, faults)}"

    def index() -> FolderIndex:
        write_study(phantom(seed, *faults), root / "检查 1")
        return index_folder(root / "检查 1", cache=root / "cache")

    return once(f"index_{named(seed, faults)}", index)


@cache
def check_of(seed: int, *faults: Fault) -> StudyCheck:
    """The check of the phantom's CT study with its MR study."""

    def check() -> StudyCheck:
        study, companions = choose_study(index_of(seed, *faults))
        return check_study(study, companions=companions)

    return once(f"check_{named(seed, faults)}", check)


def chosen(check: StudyCheck, role: Role) -> SeriesCheck:
    """The chosen series of a role, which must be there."""
    found = check.chosen(role)
    assert found is not None
    return found


def item(items: Iterable[CheckItem], name: str) -> CheckItem:
    """The one item called `name`."""
    (found,) = [entry for entry in items if entry.id == name]
    return found
