"""A writer in a process of its own, for tests that let several work at once and for tests that kill one.

`python store_worker.py JOB FOLDER ARGUMENT…`: opens the store below FOLDER and works until it is done; prints a line
after each thing the store has taken.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from crc_core.files.sealed import open_sealed
from crc_core.identity import UnitId
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import PersonRole, Role, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from store_support import QUICK_PINS, StudySource, accepted, admit, must, submit


def main(job: str, folder: Path, *words: str) -> None:
    """Do one job."""
    store = FolderStore(folder / "store", cache_folder=folder / f"cache-{words[0]}", pin_policy=QUICK_PINS)
    {"enter": enter, "admit": admit_units, "submit": submit_reading, "ask": ask_senior, "advance": advance}[job](
        store, *words
    )


def enter(store: FolderStore, prefix: str, count: str) -> None:
    """Enter people, one intent each."""
    for number in range(int(count)):
        person = p.PersonSet(f"{prefix}{number}", Title.NONE, frozenset({PersonRole.DATA_USER}), "01", True)
        must(store, "admin", Kind.PERSON_SET, person)
        _say(person.person)


def admit_units(store: FolderStore, name: str, study: str, count: str) -> None:
    """Take the same study in as units of new cases."""
    source = StudySource({role: Path(study) / role.value for role in (Role.PVP, Role.CHEST)})
    for _ in range(int(count)):
        _say(str(admit(store, source).unit))


def submit_reading(store: FolderStore, name: str, reading: str, unit: str, reader: str) -> None:
    """Submit one sealed reading."""
    accepted(submit(store, open_sealed(Path(reading)), UnitId.parse(unit), reader))
    _say(reading)


def ask_senior(store: FolderStore, name: str, unit: str, count: str) -> None:
    """Ask questions about a unit."""
    for number in range(int(count)):
        must(store, name, Kind.SENIOR_ASKED, p.SeniorAsked(name, 1, f"{name} {number}"), UnitId.parse(unit))
        _say(str(number))


def advance(store: FolderStore, name: str) -> None:
    """Do what is due."""
    _say(" ".join(store.advance()))


def _say(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC).isoformat()} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
