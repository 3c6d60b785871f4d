"""`store check` finds whatever was altered, lost or added, names it, and is silent about a whole store."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pydicom
import pytest
from crc_core.files.canonical import canonical_bytes
from crc_core.files.records import to_document
from crc_core.files.sealed import MANIFEST_NAME, open_sealed
from crc_core.store.admission import Registered
from crc_core.store.check import check_store, clean_store
from crc_core.store.findings import Level, StoreCheck
from crc_core.store.folder import FolderStore, check_bodies
from crc_core.store.folder.event_files import event_path
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Draft, Event, Kind, Signature, mint
from crc_core.workflow.views import Phase
from store_support import (
    MovingClock,
    accepted,
    must,
    new_store,
    open_store,
    open_unit,
    sealed_reading,
    submit,
    write_study,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a unit has become final, made once and copied for each test."""
    folder, clock = tmp_path_factory.mktemp("model"), MovingClock()
    store = new_store(folder, clock)
    prepared = open_unit(store, write_study(folder / "study"), "wang", "li")
    for reader in ("wang", "li"):
        sealed = sealed_reading(folder / reader, prepared, reader)
        accepted(submit(store, sealed, prepared.unit, reader))
    clock.wait(minutes=31)
    assert store.advance() == (str(prepared.unit),)
    return folder


@pytest.fixture
def store(model: Path, tmp_path: Path) -> FolderStore:
    """A copy of the model that a test may harm."""
    shutil.copytree(model / "store", tmp_path / "store")
    return open_store(tmp_path, MovingClock())


def one(folder: Path, pattern: str) -> Path:
    """The first path of a pattern."""
    return sorted(folder.glob(pattern))[0]


def codes(found: StoreCheck, level: Level = Level.WRONG) -> set[str]:
    """The codes of one level."""
    return {item.code for item in found.of(level)}


def test_a_whole_store_says_nothing(store: FolderStore) -> None:
    for deep in (False, True):
        found = check_store(store, deep=deep)
        assert found.findings == ()
        assert found.is_whole
        counted = (found.units, found.series, found.readings, found.finals, found.people)
        assert counted == (1, 2, 2, 1, 9)
        assert found.events == len(list(store.layout.events.iterdir()))
        assert found.head == json.loads(one_last(store.layout.events).read_bytes())["hash"]


def one_last(folder: Path) -> Path:
    """The last file of a folder."""
    return sorted(folder.iterdir())[-1]


def _event_altered(root: Path) -> Path:
    path = event_path(root / "events", 7)
    path.write_bytes(path.read_bytes().replace(b'"admin"', b'"chief"'))
    return path


def _event_lost(root: Path) -> Path:
    event_path(root / "events", 7).unlink()
    return event_path(root / "events", 8)


def _events_swapped(root: Path) -> Path:
    first, second = (event_path(root / "events", number) for number in (7, 8))
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    return first


def _event_cut(root: Path) -> Path:
    path = one_last(root / "events")
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _reading_altered(root: Path) -> Path:
    path = one(root, "readings/*/*/masks/*outer*")
    path.write_bytes(path.read_bytes() + b"x")
    return path


def _reading_lost(root: Path) -> Path:
    path = one(root, "readings/*/*")
    shutil.rmtree(path)
    return path


def _file_in_reading(root: Path) -> Path:
    path = one(root, "readings/*/*") / "extra.txt"
    path.write_bytes(b"x")
    return path


def _final_altered(root: Path) -> Path:
    path = one(root, "finals/*/*/final.json")
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))
    return path


def _final_lost(root: Path) -> Path:
    path = one(root, "finals/*/*")
    shutil.rmtree(path)
    return path


def _image_lost(root: Path) -> Path:
    path = one(root, "raw/*/*/*/*.dcm")
    path.unlink()
    return path


def _image_cut(root: Path) -> Path:
    path = one(root, "raw/*/*/*/*.dcm")
    path.write_bytes(path.read_bytes()[:-1])
    return path


def _image_added(root: Path) -> Path:
    path = one(root, "raw/*/*/*/*.dcm").with_name("note.txt")
    path.write_bytes(b"x")
    return path


def _series_lost(root: Path) -> Path:
    path = one(root, "raw/*/*/*")
    shutil.rmtree(path)
    return path / MANIFEST_NAME


def _case_lost(root: Path) -> Path:
    path = one(root, "cases/*")
    path.unlink()
    return path


def _person_broken(root: Path) -> Path:
    path = one(root, "people/wang.json")
    path.write_bytes(b"{")
    return path


def _stranger(name: str) -> Callable[[Path], Path]:
    def add(root: Path) -> Path:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        return path

    return add


def _folder_lost(root: Path) -> Path:
    shutil.rmtree(root / "set-aside")
    return root / "set-aside"


@pytest.mark.parametrize(
    "harm",
    [
        _event_altered,
        _event_lost,
        _events_swapped,
        _event_cut,
        _reading_altered,
        _reading_lost,
        _file_in_reading,
        _final_altered,
        _final_lost,
        _image_lost,
        _image_cut,
        _image_added,
        _series_lost,
        _case_lost,
        _person_broken,
        _folder_lost,
        _stranger("note.txt"),
        _stranger("events/note.txt"),
        _stranger("events/1.json"),
        _stranger("cases/CRC-01-000001-A.json"),
        _stranger("people/Some Body.json"),
        _stranger("readings/note.txt"),
        _stranger("raw/note.txt"),
    ],
)
def test_whatever_is_harmed_is_found_and_named(store: FolderStore, harm: Callable[[Path], Path]) -> None:
    path = harm(store.layout.root)
    found = check_store(store)
    assert not found.is_whole
    assert path in {item.path for item in found.of(Level.WRONG)}
    assert all("{" not in item.sentence(lang) for item in found.findings for lang in Lang)


def test_pixels_altered_together_with_their_manifest_are_found_by_looking_deep(store: FolderStore) -> None:
    folder = one(store.layout.root, "raw/*/*/*")
    path = one(folder, "*.dcm")
    image = pydicom.dcmread(path)
    pixels = bytearray(image.PixelData)
    pixels[0] ^= 1
    image.PixelData = bytes(pixels)
    image.save_as(path)
    manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
    manifest["files"][path.name] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
    }
    (folder / MANIFEST_NAME).write_bytes(canonical_bytes(manifest))
    open_sealed(folder)
    assert check_store(store).is_whole
    assert codes(check_store(store, deep=True)) == {"store.other_pixels"}


def test_an_image_taken_out_together_with_its_entry_is_found_without_looking_deep(store: FolderStore) -> None:
    folder = one(store.layout.root, "raw/*/*/*")
    path = one(folder, "*.dcm")
    path.unlink()
    manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
    del manifest["files"][path.name]
    (folder / MANIFEST_NAME).write_bytes(canonical_bytes(manifest))
    open_sealed(folder)
    assert codes(check_store(store)) == {"store.instances"}


def test_a_reading_of_other_pixels_is_found_without_looking_deep(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The map between derived and raw data: what was contoured is what is registered."""

    def registered(event: Event, events: Sequence[Event]) -> Registered:
        known = of_event(event, events)
        other = tuple(dataclasses.replace(record, pixel_sha256="0" * 64) for record in known.series)
        return dataclasses.replace(known, series=other)

    of_event = check_bodies._registered
    monkeypatch.setattr(check_bodies, "_registered", registered)
    assert codes(check_store(store)) == {"reading.other_pixels"}


def forge(store: FolderStore, draft: Draft, actor: str, role: PersonRole, title: Title) -> Event:
    """Append an event by hand, as somebody with a text editor and a hash function could."""
    store.ledger.chain.refresh()
    last = store.ledger.chain.events[-1]
    signature = Signature(actor, role, title, last.at, "0" * 32, last.policy)
    event = mint(draft, signature, last.seq + 1, last.hash)
    event_path(store.layout.events, event.seq).write_bytes(event.to_bytes())
    return event


@pytest.mark.parametrize(
    ("draft", "actor", "role", "title"),
    [
        (
            Draft(Kind.PERSON_SET, None, p.PersonSet("wang", Title.CHIEF, frozenset({PersonRole.SENIOR}), "01", True)),
            "wang",
            PersonRole.ANNOTATOR,
            Title.RESIDENT,
        ),
        (
            Draft(Kind.CLEARANCE_SIGNED, None, p.ClearanceSigned("zhao", Target.LUNG, "v1")),
            "upstart",
            PersonRole.SENIOR,
            Title.ATTENDING,
        ),
        (
            Draft(Kind.CLEARANCE_SIGNED, None, p.ClearanceSigned("zhao", Target.LUNG, "v1")),
            "chief",
            PersonRole.SENIOR,
            Title.ASSOCIATE_CHIEF,
        ),
        (
            Draft(Kind.PROTOCOL_PUBLISHED, None, p.ProtocolPublished("v2", "0" * 64)),
            "ghost",
            PersonRole.TRAINER,
            Title.CHIEF,
        ),
    ],
)
def test_an_event_written_by_hand_holds_in_the_chain_but_not_against_the_rules(
    store: FolderStore, draft: Draft, actor: str, role: PersonRole, title: Title
) -> None:
    forge(store, draft, actor, role, title)
    assert codes(check_store(store)) == {"store.against_rules"}


def test_a_chain_cut_at_its_end_is_remembered(store: FolderStore) -> None:
    for number in range(80):
        person = p.PersonSet(f"p{number}", Title.NONE, frozenset({PersonRole.DATA_USER}), "01", True)
        must(store, "admin", Kind.PERSON_SET, person)
    store.ledger.chain.refresh()
    assert check_store(store).is_whole
    for number in range(1, 60):
        event_path(store.layout.events, store.ledger.chain.next_seq - number).unlink()
    assert codes(check_store(store)) == {"store.remembered"}


def test_what_this_machine_made_its_lists_of_is_compared_with_the_chain(store: FolderStore) -> None:
    chain, policy = store.ledger.chain, store.ledger.policy
    chain.refresh()
    briefs = chain.briefs(policy)
    assert briefs
    store.cache.save(chain._shelf, chain._last_file, briefs.values(), policy)  # type: ignore[attr-defined]  # a folder's
    assert check_store(store).is_whole
    others = [dataclasses.replace(brief, reached=Phase.EXCLUDED) for brief in briefs.values()]
    store.cache.save(chain._shelf, chain._last_file, others, policy)  # type: ignore[attr-defined]  # a folder's
    assert codes(check_store(store)) == {"store.brief_differs"}


def test_time_running_backwards_is_found(store: FolderStore) -> None:
    store.ledger.chain.refresh()
    last = store.ledger.chain.events[-1]
    payload = p.PersonSet("new", Title.NONE, frozenset({PersonRole.DATA_USER}), "01", True)
    early = last.at.replace(year=last.at.year - 1)
    signature = Signature("admin", PersonRole.ADMINISTRATOR, Title.NONE, early, "0" * 32, last.policy)
    event = mint(Draft(Kind.PERSON_SET, None, payload), signature, last.seq + 1, last.hash)
    event_path(store.layout.events, event.seq).write_bytes(event.to_bytes())
    assert codes(check_store(store)) == {"store.time_back"}


def _leave(root: Path) -> set[Path]:
    unit = one(root, "readings/*").name
    part = root / "readings" / unit / ".abc.part"
    (part / "masks").mkdir(parents=True)
    event_part = root / "events" / ".00000009.json.1234.part"
    event_part.write_bytes(b"{")
    body = root / "readings" / unit / ("f" * 64)
    shutil.copytree(one(root, "readings/*/[0-9a-f]*"), body)
    empty = root / "raw" / "CRC-01-000009-Z_T0"
    empty.mkdir()
    person = root / "people" / "ghost.json"
    person.write_bytes(canonical_bytes({"schema": "crc-person/1", "person": "ghost", "name": "G"}))
    return {part, event_part, body, empty, person}


def test_leftovers_are_harmless_named_and_cleared_when_old(store: FolderStore) -> None:
    left = _leave(store.layout.root)
    found = check_store(store)
    assert found.of(Level.WRONG) == ()
    assert {item.path for item in found.of(Level.LEFTOVER)} == left
    assert clean_store(store.layout, found, older_than_hours=24) == ()
    yesterday = time.time() - 25 * 3600
    for path in left:
        os.utime(path, (yesterday, yesterday))
    assert set(clean_store(store.layout, found, older_than_hours=24)) == left
    again = check_store(store)
    assert again.is_whole
    assert again.of(Level.LEFTOVER) == ()
    assert len(again.of(Level.NOTE)) == 2


def test_a_last_event_that_was_cut_off_while_being_written_can_be_cleared(store: FolderStore) -> None:
    store.ledger.chain.refresh()
    path = event_path(store.layout.events, store.ledger.chain.next_seq)
    path.write_bytes(b'{"actor":"adm')
    found = check_store(store)
    assert codes(found) == {"json.broken"}
    assert clean_store(store.layout, found, older_than_hours=0) == (path,)
    assert check_store(store).is_whole


def test_litter_of_the_system_is_only_noted(store: FolderStore) -> None:
    for name in (".DS_Store", "readings/Thumbs.db", "raw/desktop.ini"):
        (store.layout.root / name).write_bytes(b"x")
    found = check_store(store)
    assert found.is_whole
    assert codes(found, Level.NOTE) == {"store.litter"}


def test_a_check_becomes_a_document(store: FolderStore) -> None:
    document = to_document(check_store(store))
    assert document["findings"] == []
    assert {field.name for field in dataclasses.fields(StoreCheck)} == set(document)
