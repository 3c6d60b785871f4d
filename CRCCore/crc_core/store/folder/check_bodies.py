"""Checking the bodies of a folder store: each against its event, and each event against its body."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crc_core.errors import CrcError
from crc_core.files.atomic import PART_SUFFIX
from crc_core.files.canonical import read_document
from crc_core.files.records import from_document
from crc_core.files.sealed import MANIFEST_NAME, MANIFEST_SCHEMA, Manifest, SealedFolder, open_sealed
from crc_core.identity import UnitId
from crc_core.reading.seal import read_final, read_reading
from crc_core.store.admission import Registered, check_pixels, verify_final, verify_reading
from crc_core.store.findings import Finding, Level
from crc_core.store.folder.cases import case_path, code_of
from crc_core.store.folder.event_files import number_of
from crc_core.store.folder.layout import STORE_NAME, Layout
from crc_core.store.folder.people import People
from crc_core.store.images import check_images
from crc_core.workflow.events import Event, Kind
from crc_core.workflow.payloads import SeriesRecord
from crc_core.workflow.state import fold

_LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
_LITTER_STARTS = (".fuse_hidden", ".nfs", "._", "~")
Tick = Callable[[], None]


@dataclass(frozen=True)
class Bodies:
    """What the events of a chain say must be there: folders by kind."""

    series: dict[Path, SeriesRecord]
    readings: dict[Path, Event]
    finals: dict[Path, Event]

    @property
    def all(self) -> frozenset[Path]:
        """Every folder an event speaks of."""
        return frozenset((*self.series, *self.readings, *self.finals))


def expected_bodies(layout: Layout, events: Sequence[Event]) -> Bodies:
    """The folders that the events speak of."""
    bodies = Bodies({}, {}, {})
    for event in events:
        unit = str(event.unit)
        if event.kind is Kind.UNIT_REGISTERED:
            for record in event.payload.series:
                bodies.series[layout.series(unit, record.code, record.pixel_sha256)] = record
        elif event.kind is Kind.READING_SUBMITTED:
            bodies.readings[layout.reading(unit, event.payload.reading)] = event
        elif event.kind is Kind.FINAL_STORED:
            bodies.finals[layout.final(unit, event.payload.final)] = event
    return bodies


def check_bodies(layout: Layout, events: Sequence[Event], deep: bool, tick: Tick) -> Iterator[Finding]:
    """Open every body an event speaks of.

    Readings and finals are always compared byte by byte, and readings with the series they were made on. `deep` also
    decodes their masks on their sources, reads every image file and compares the hash of its voxels.
    """
    bodies = expected_bodies(layout, events)
    heads = frozenset(event.hash for event in events)
    for folder, record in bodies.series.items():
        yield from _refusals(partial(_check_series, folder, record, deep), folder)
        tick()
    for folder, event in bodies.readings.items():
        yield from _refusals(partial(_check_reading, folder, event, events, deep), folder)
        tick()
    for folder, event in bodies.finals.items():
        yield from _refusals(partial(_check_final, folder, event, heads, events if deep else ()), folder)
        tick()


def check_cases(layout: Layout, events: Sequence[Event]) -> Iterator[Finding]:
    """Every case of a registered unit was reserved."""
    cases = sorted({UnitId.parse(str(event.unit)).case for event in events if event.kind is Kind.UNIT_REGISTERED})
    for case in cases:
        path = case_path(layout.cases, case)
        if not path.is_file():
            yield Finding.of(Level.WRONG, "store.case_not_reserved", path, code=case)


def check_people(people: People, events: Sequence[Event]) -> Iterator[Finding]:
    """Every people file can be read and belongs to somebody in the chain."""
    known = {event.payload.person for event in events if event.kind is Kind.PERSON_SET}
    for person in people.ids():
        path = people.folder / f"{person}.json"
        yield from _refusals(partial(people.read, person), path)
        if person not in known:
            yield Finding.of(Level.LEFTOVER, "store.leftover_person", path, person=person)


def find_strangers(layout: Layout, events: Sequence[Event], people: People) -> Iterator[Finding]:
    """Files and folders that no event speaks of: leftovers of interrupted work, what was set aside, what is foreign."""
    bodies = expected_bodies(layout, events).all
    parents = {parent for body in bodies for parent in body.parents}
    for path in _entries(layout.root):
        if path not in layout.folders and path.name != STORE_NAME:
            yield _stranger(path)
    for folder in layout.folders:
        if not folder.is_dir():
            yield Finding.of(Level.WRONG, "store.folder_missing", folder)
    for path in _entries(layout.events):
        if number_of(path.name) is None:
            yield _stranger(path)
    for path in _entries(layout.cases):
        if code_of(path.name) is None:
            yield _stranger(path)
    for path in _entries(layout.people):
        if not people.knows_file(path.name):
            yield _stranger(path)
    for path in _entries(layout.set_aside):
        yield Finding.of(Level.NOTE, "store.set_aside", path)
    for folder, depth in ((layout.raw, 3), (layout.readings, 2), (layout.finals, 2)):
        yield from _bodies_without_event(folder, depth, bodies, parents)


def _bodies_without_event(folder: Path, depth: int, bodies: frozenset[Path], parents: set[Path]) -> Iterator[Finding]:
    for path in _entries(folder):
        if path in bodies:
            continue
        if path in parents:
            yield from _bodies_without_event(path, depth - 1, bodies, parents)
        elif depth > 1 and path.is_dir() and not _is_part(path):
            inner = list(_bodies_without_event(path, depth - 1, bodies, parents))
            yield from inner or [Finding.of(Level.LEFTOVER, "store.leftover", path)]
        elif path.is_dir() and not _is_part(path) and (path / MANIFEST_NAME).is_file():
            yield Finding.of(Level.LEFTOVER, "store.leftover", path)
        else:
            yield _stranger(path)


def _stranger(path: Path) -> Finding:
    if _is_part(path):
        return Finding.of(Level.LEFTOVER, "store.leftover_part", path)
    if path.name in _LITTER or path.name.startswith(_LITTER_STARTS):
        return Finding.of(Level.NOTE, "store.litter", path)
    return Finding.of(Level.WRONG, "store.foreign", path)


def _is_part(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(PART_SUFFIX)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _refusals(check: Callable[[], object], folder: Path) -> Iterator[Finding]:
    """What `check` refuses, as a finding; nothing where it is content."""
    try:
        check()
    except CrcError as error:
        yield Finding.of(Level.WRONG, error.code, error.path or folder, **error.values)


def _check_series(folder: Path, record: SeriesRecord, deep: bool) -> None:
    document = read_document(folder / MANIFEST_NAME, MANIFEST_SCHEMA)
    manifest = from_document(Manifest, document, folder / MANIFEST_NAME)
    # Another number of files is right where a file holds several images; only looking deep can tell.
    if deep or len(manifest.files) != record.instances:
        open_sealed(folder)
        check_images(folder, record)
        return
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.name != MANIFEST_NAME}
    for name, entry in manifest.files.items():
        if name not in sizes:
            raise CrcError("sealed.missing", path=folder / name)
        if sizes.pop(name) != entry.bytes:
            raise CrcError("sealed.altered", path=folder / name)
    for name in sizes:
        raise CrcError("sealed.foreign", path=folder / name)


def _check_reading(folder: Path, event: Event, events: Sequence[Event], deep: bool) -> None:
    sealed = _open_named(folder, event.payload.reading)
    registered = _registered(event, events)
    opened = verify_reading(sealed, registered) if deep else read_reading(sealed)
    check_pixels(opened, registered)
    said = (event.payload.reader, event.payload.round, event.payload.supersedes, event.unit)
    reading = opened.reading
    if said != (reading.reader, reading.round, reading.supersedes, reading.unit):
        raise CrcError("store.intent_differs", path=folder)


def _check_final(folder: Path, event: Event, heads: frozenset[str], events: Sequence[Event]) -> None:
    sealed = _open_named(folder, event.payload.final)
    opened = verify_final(sealed, _registered(event, events)) if events else read_final(sealed)
    said = (event.payload.version, event.payload.parents, event.payload.supersedes, event.unit)
    final = opened.final
    if said != (final.version, final.parents, final.supersedes, final.unit):
        raise CrcError("store.intent_differs", path=folder)
    if final.chain_head not in heads:
        raise CrcError("store.other_chain", path=folder)


def _open_named(folder: Path, sha256: str) -> SealedFolder:
    if not folder.is_dir():
        raise CrcError("store.body_missing", path=folder)
    sealed = open_sealed(folder)
    if sealed.sha256 != sha256:
        raise CrcError("sealed.altered", path=folder / MANIFEST_NAME)
    return sealed


def _registered(event: Event, events: Sequence[Event]) -> Registered:
    """The unit as it was when the event was minted: a mode may have changed since, a source not."""
    unit = str(event.unit)
    state = fold(unit, (item for item in events if item.unit == unit and item.seq < event.seq))
    return Registered(unit, () if state.registered is None else state.registered.series, state.bindings)
