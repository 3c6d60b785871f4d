"""The demonstration step by step, from DICOM to the stored finals and the check of the whole store.

Three units of two synthetic patients: one whose readers agree (subtraction), one that is disputed (beside MRI: a
missed liver lesion, a primary drawn too wide), and the first patient's follow-up (direct).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crc_core.decision.consensus import as_pair
from crc_core.decision.finals import FinalPlace, signed_final
from crc_core.demo.senior import rule
from crc_core.demo.team import (
    FIRST_READER,
    MANAGER,
    SECOND_READER,
    SENIOR,
    Team,
    accepted,
    careful,
    found_team,
    generous,
    overlooking,
)
from crc_core.demo.work import Desk, Done, Reader, read_unit
from crc_core.errors import CrcError
from crc_core.files.atomic import naming
from crc_core.geometry.grid import Volume
from crc_core.identity import UnitId
from crc_core.importing.admission import ImportRequest, ImportResult, import_study
from crc_core.phantom import Phantom, build_phantom, write_study
from crc_core.phantom.plan import make_body
from crc_core.reading.final import How
from crc_core.reading.seal import SealedFinal, open_reading, read_final, read_reading, seal_final, seal_reading
from crc_core.store.check import check_store
from crc_core.store.clock import utc_now
from crc_core.store.findings import StoreCheck
from crc_core.store.images import open_images
from crc_core.vocabulary import MR_ROLES, Mode, Role, Target
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent
from crc_core.workflow.payloads import FinalStored, ReadingsCompared, ReadingSubmitted
from crc_core.workflow.views import Phase

Tell = Callable[[str, float | None], None]
"""Called with a step's code when it begins (seconds None) and when it ends (its seconds)."""

_MISSED_LESION = 2


@dataclass(frozen=True, eq=False)
class Chapter:
    """One unit of the story: its phantom, its two readers, the primary's mode."""

    name: str
    phantom: Phantom
    mode: Mode
    readers: tuple[Reader, Reader]
    joins: str | None = None


@dataclass(eq=False)
class Told:
    """What a chapter has come to so far."""

    chapter: Chapter
    imported: ImportResult
    unit: UnitId
    images: Mapping[Role, Volume]
    done: dict[str, Done] = field(default_factory=dict)
    comparison: ReadingsCompared | None = None
    final: SealedFinal | None = None


@dataclass(frozen=True, eq=False)
class Ending:
    """Everything the demonstration made."""

    team: Team
    told: tuple[Told, ...]
    check: StoreCheck


def chapters(seed: int) -> Iterator[Chapter]:
    """The units of the story, made one after the other."""
    agreeing = (careful(FIRST_READER, seed + 11), careful(SECOND_READER, seed + 12))
    first = build_phantom(seed)
    yield Chapter("agreed", first, Mode.SUBTRACTION, agreeing)
    other = build_phantom(_rectal_seed(seed + 1))
    disputing = (
        overlooking(FIRST_READER, seed + 21, (Target.LIVER, _MISSED_LESION)),
        generous(SECOND_READER, seed + 22),
    )
    yield Chapter("disputed", other, Mode.MRI, disputing)
    later = build_phantom(seed, time_point=1)
    readers = (careful(FIRST_READER, seed + 31), careful(SECOND_READER, seed + 32))
    yield Chapter("follow-up", later, Mode.DIRECT, readers, joins="agreed")


def _rectal_seed(seed: int) -> int:
    """The next seed whose primary lies where MRI is the reference: in the rectum or at its upper end."""
    while not make_body(seed, 1).segments[0].is_rectal:
        seed += 1
    return seed


def run_story(folder: Path, seed: int, tell: Tell) -> Ending:
    """Play the whole story in the new or empty `folder`; raises CrcError where anything refuses."""
    team, told = read_twice(folder, chapters(seed), secrets.token_hex(8), tell)
    with stepping(tell, "demo.step.settle"):
        for item in told:
            if team.store.unit(item.unit, SENIOR).phase in (Phase.DISPUTED, Phase.REPORT_OPEN):
                _settle(team, folder, item)
            item.final = read_final(team.store.open_final(item.unit, SENIOR))
    with stepping(tell, "demo.step.verify"):
        check = check_store(team.store, deep=True)
    return Ending(team, tuple(told), check)


def read_twice(folder: Path, planned: Iterable[Chapter], senior_pin: str, tell: Tell) -> tuple[Team, list[Told]]:
    """A new store in which every chapter is imported, read by both its readers and compared; nothing is settled."""
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with stepping(tell, "demo.step.phantom"):
        story = list(planned)
        for chapter in story:
            write_study(chapter.phantom, folder / "dicom" / chapter.name)
    with stepping(tell, "demo.step.store"):
        team = found_team(folder / "store", senior_pin)
    told: list[Told] = []
    with stepping(tell, "demo.step.import"):
        for chapter in story:
            told.append(_import(team, folder, chapter, {item.chapter.name: item.unit for item in told}))
    with stepping(tell, "demo.step.read"):
        for item in told:
            team.assign(item.unit)
            for reader in item.chapter.readers:
                item.done[reader.person] = _read_and_submit(team, folder, item, reader)
    with stepping(tell, "demo.step.advance"):
        _advance(team, told)
    return team, told


@contextmanager
def stepping(tell: Tell, code: str) -> Iterator[None]:
    """Tell when a step begins and, with its seconds, when it has ended."""
    tell(code, None)
    began = time.monotonic()
    yield
    tell(code, time.monotonic() - began)


def _import(team: Team, folder: Path, chapter: Chapter, units: Mapping[str, UnitId]) -> Told:
    case = None if chapter.joins is None else units[chapter.joins].case
    request = ImportRequest(
        folder=folder / "dicom" / chapter.name,
        site="01",
        actor=MANAGER,
        case=case,
        time_point=None if case is None else "T1",
        keys=folder / "keys" / "keys.jsonl",
        modes={Target.PRIMARY: chapter.mode},
    )
    with naming(folder / "keys"):
        (folder / "keys").mkdir(exist_ok=True, mode=0o700)
    imported = import_study(team.store, request, utc_now)
    if imported.unit is None or imported.refused_items:
        raise CrcError("demo.unexpected", what=", ".join(imported.refused_items))
    return Told(chapter, imported, imported.unit, open_unit(team, imported.unit))


def open_unit(team: Team, unit: UnitId) -> dict[Role, Volume]:
    """The images of a unit by role, as a reader opens them from the store."""
    images = {}
    for record in team.store.unit(unit, MANAGER).series:
        paths = team.store.open_image(unit, record.role, MANAGER)
        volume = open_images(paths[0].parent)
        if volume is not None:
            images[record.role] = volume
    return images


def _read_and_submit(team: Team, folder: Path, item: Told, reader: Reader) -> Done:
    view = team.store.unit(item.unit, reader.person)
    desk = Desk(item.unit, view.bindings, view.series, item.images, view.study_date)
    done = read_unit(desk, item.chapter.phantom, reader, utc_now())
    place = folder / "readings" / f"{item.unit}-{reader.person}"
    with naming(place):
        place.parent.mkdir(exist_ok=True)
    sealed = seal_reading(place, done.draft)
    open_reading(place)
    seconds = done.draft.provenance.active_seconds
    payload = ReadingSubmitted(reader.person, done.draft.reading.round, sealed.sha256, active_seconds=seconds)
    intent = new_intent(Kind.READING_SUBMITTED, str(item.unit), reader.person, utc_now(), payload)
    accepted(team.store.submit(sealed, intent))
    return done


def _advance(team: Team, told: list[Told]) -> None:
    team.store.advance()
    for item in told:
        item.comparison = team.store.unit(item.unit, SENIOR).comparison


def _settle(team: Team, folder: Path, item: Told) -> None:
    view = team.store.unit(item.unit, SENIOR)
    if view.comparison is None:
        raise CrcError("demo.unexpected", what=f"{item.unit} {view.phase.value}")
    readings = [read_reading(team.store.open_reading(name, SENIOR)) for name in view.comparison.readings]
    pair = as_pair(*readings)
    title = team.store.ledger.context.people[SENIOR].title.value
    ruling = rule(pair, view.comparison, item.chapter.phantom, SENIOR, title)
    head = team.store.chain_head(SENIOR)
    phases = {role: image for role, image in item.images.items() if role not in MR_ROLES}
    draft = signed_final(pair, view.comparison, phases, FinalPlace(1, head), ruling)
    place = folder / "finals" / str(item.unit)
    with naming(place):
        place.parent.mkdir(exist_ok=True)
    sealed = seal_final(place, draft)
    payload = FinalStored(sealed.sha256, 1, view.comparison.readings, by_rule=False)
    intent = new_intent(Kind.FINAL_STORED, str(item.unit), SENIOR, utc_now(), payload)
    accepted(team.store.sign_final(sealed, intent, secret=team.senior_pin))


def is_signed(item: Told) -> bool:
    """Whether a chapter's final was signed by a senior."""
    return item.final is not None and item.final.final.how is How.SIGNER
