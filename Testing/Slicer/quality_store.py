"""A store for a senior to settle: synthetic patients read twice by readers who differ in known ways.

Made once per Slicer, with what Slicer bundles; every test takes a copy.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

from crc_core.demo.readers import Habit
from crc_core.demo.story import Chapter, read_twice
from crc_core.demo.team import FIRST_READER, SECOND_READER, SENIOR, Team, careful, generous, overlooking
from crc_core.demo.work import Reader
from crc_core.phantom import build_phantom
from crc_core.phantom.model import PhantomSize
from crc_core.phantom.plan import make_body
from crc_core.store.folder import FolderStore
from crc_core.vocabulary import Mode, PersonRole, Target, Title
from crc_core.workflow.events import Kind
from crc_core.workflow.payloads import PersonSet

PIN = "271828"
OTHER_SENIOR = "dean"
_RECTAL_FROM, _OTHER = 3, 7
_SMALL_BYTES = 64 * 1024


def planned() -> tuple[Chapter, Chapter]:
    """A rectal cancer beside its MRI, drawn far too wide by one reader, who stages it higher, while the other misses a
    liver lesion; and a case in which one reader draws a little wider.
    """
    seed = _RECTAL_FROM
    while not make_body(seed, 1).segments[0].is_rectal:
        seed += 1
    rectal, other = (build_phantom(number, size=PhantomSize.SAMPLE) for number in (seed, _OTHER))
    differing = (overlooking(FIRST_READER, 21, (Target.LIVER, 2)), generous(SECOND_READER, 22))
    wider = Reader(SECOND_READER, Title.ATTENDING.value, 24, Habit(0.8, {Target.PRIMARY: 4.0}))
    return (
        Chapter("rectal", rectal, Mode.MRI, differing),
        Chapter("other", other, Mode.DIRECT, (careful(FIRST_READER, 23), wider)),
    )


@cache
def _made(folder: Path) -> Path:
    team, _ = read_twice(folder, planned(), PIN, lambda _code, _seconds: None)
    _add_senior(team)
    return team.store.layout.root


def _add_senior(team: Team) -> None:
    """A second senior, who works at the same store."""
    known = PersonSet(OTHER_SENIOR, Title.ASSOCIATE_CHIEF, frozenset({PersonRole.SENIOR}), "02", True)
    team.act("admin", Kind.PERSON_SET, None, known)
    team.store.people.set_name(OTHER_SENIOR, "周主任")
    team.store.people.set_pin(OTHER_SENIOR, PIN)


def fresh_store(folder: Path, name: str) -> FolderStore:
    """A copy of the store of its own."""
    place = folder / name
    shutil.copytree(_made(folder / "disputed"), place, copy_function=_copied)
    return FolderStore(place)


def _copied(source: str, copy: str) -> None:
    """Images, which nobody writes to, are shared; everything else is copied."""
    if Path(source).stat().st_size > _SMALL_BYTES:
        os.link(source, copy)
    else:
        shutil.copy2(source, copy)


__all__ = ["OTHER_SENIOR", "PIN", "SENIOR", "fresh_store", "planned"]
