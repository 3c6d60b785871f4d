"""Disks that are full, read-only or gone, and bodies that were altered: one clear sentence, nothing half-written."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from crc_core.errors import CrcError
from crc_core.identity import UnitId
from crc_core.store.check import check_store
from crc_core.store.findings import Level
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import PreparedUnit, Receipt
from crc_core.text import Lang
from crc_core.workflow import payloads as p
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from store_contract import ABSENT
from store_support import (
    START,
    MovingClock,
    StudySource,
    accepted,
    admit,
    ask,
    must,
    new_store,
    open_store,
    open_unit,
    person_set,
    sealed_final,
    sealed_reading,
    submit,
    write_study,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> StudySource:
    """A study on disk."""
    return write_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with its people."""
    return new_store(tmp_path, MovingClock())


@pytest.fixture
def prepared(store: FolderStore, source: StudySource) -> PreparedUnit:
    """A unit that wang reads."""
    return open_unit(store, source, "wang")


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def one_sentence(error: CrcError) -> str:
    """The code of an error that says something whole in both languages."""
    for lang in Lang:
        assert "\n" not in error.sentence(lang)
        assert "{" not in error.sentence(lang)
    return error.code


_FAULTS = {errno.ENOSPC: "file.disk_full", errno.EROFS: "file.read_only", errno.EACCES: "file.not_permitted"}


@pytest.mark.parametrize("number", list(_FAULTS))
@pytest.mark.parametrize("work", ["act", "admit", "submit", "reserve", "pin"])
def test_a_disk_that_refuses(
    tmp_path: Path,
    store: FolderStore,
    prepared: PreparedUnit,
    source: StudySource,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    work: str,
) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    jobs: dict[str, Callable[[], object]] = {
        "act": lambda: must(store, "admin", Kind.PERSON_SET, person_set("zhao")),
        "admit": lambda: admit(store, source, UnitId(prepared.unit.case, "T1")),
        "submit": lambda: submit(store, sealed, prepared.unit, "wang"),
        "reserve": lambda: store.reserve_case("01", "manager"),
        "pin": lambda: store.people.set_pin("wang", "271828"),
    }
    before = listing(store.layout.root)

    def refuse(path: Path | str, *arguments: object, **words: object) -> object:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(CrcError) as refused:
            jobs[work]()
    assert one_sentence(refused.value) == _FAULTS[number]
    assert listing(store.layout.root) == before
    jobs[work]()
    assert check_store(store).is_whole


def test_a_share_that_vanishes_and_comes_back(tmp_path: Path, store: FolderStore, prepared: PreparedUnit) -> None:
    away = tmp_path / "away"
    store.layout.root.rename(away)
    for call in (
        lambda: store.work_list("wang"),
        lambda: store.unit(prepared.unit, "wang"),
        lambda: ask(store, "wang", Kind.READING_TAKEN, p.ReadingTaken("wang", 1), prepared.unit),
        lambda: store.reserve_case("01", "manager"),
        lambda: submit(store, sealed_reading(tmp_path / "reading", prepared, "wang"), prepared.unit, "wang"),
    ):
        with pytest.raises(CrcError) as refused:
            call()
        assert one_sentence(refused.value) == "store.vanished"
        shutil.rmtree(tmp_path / "reading", ignore_errors=True)
    with pytest.raises(CrcError) as refused:
        open_store(tmp_path, MovingClock())
    assert one_sentence(refused.value) == "store.not_a_store"
    away.rename(store.layout.root)
    must(store, "wang", Kind.READING_TAKEN, p.ReadingTaken("wang", 1), prepared.unit)


def test_a_folder_that_holds_something_does_not_become_a_store(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("x", encoding="utf-8")
    with pytest.raises(CrcError) as refused:
        FolderStore.create(tmp_path, person_set("admin"), name="A", cache_folder=tmp_path / "cache")
    assert refused.value.code == "store.not_empty"
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_store_is_not_made_twice(store: FolderStore, tmp_path: Path) -> None:
    before = listing(store.layout.root)
    with pytest.raises(CrcError) as refused:
        FolderStore.create(store.layout.root, person_set("admin"), name="A", cache_folder=tmp_path / "cache")
    assert refused.value.code == "store.not_empty"
    assert listing(store.layout.root) == before


def test_a_store_that_was_cut_off_while_being_made_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*arguments: object) -> bool:
        raise KeyboardInterrupt

    for place in ("crc_core.store.folder.layout.create_exclusively", "crc_core.store.folder.chain.create_events"):
        with monkeypatch.context() as patch:
            patch.setattr(place, cut)
            with pytest.raises(KeyboardInterrupt):
                FolderStore.create(tmp_path / "store", person_set("admin"), name="A", cache_folder=tmp_path / "cache")
    store = FolderStore.create(tmp_path / "store", person_set("admin"), name="A", cache_folder=tmp_path / "cache")
    assert [person.id for person in store.persons()] == ["admin"]
    assert check_store(store).findings == ()


def test_an_altered_reading_is_never_used_and_its_reader_can_heal_it(
    tmp_path: Path, store: FolderStore, prepared: PreparedUnit
) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    accepted(submit(store, sealed, prepared.unit, "wang"))
    kept = store.layout.reading(str(prepared.unit), sealed.sha256)
    (kept / "report.json").write_bytes(b"{}")
    with pytest.raises(CrcError) as refused:
        store.open_reading(sealed.sha256, "wang")
    assert (one_sentence(refused.value), refused.value.path) == ("sealed.altered", kept / "report.json")
    assert not check_store(store).is_whole
    assert accepted(submit(store, sealed, prepared.unit, "wang")).repeated
    assert store.open_reading(sealed.sha256, "wang").sha256 == sealed.sha256
    found = check_store(store)
    assert found.is_whole
    assert [item.code for item in found.of(Level.NOTE)] == ["store.set_aside"]


def test_a_manifest_that_was_swapped_with_its_files_is_noticed(
    tmp_path: Path, store: FolderStore, prepared: PreparedUnit
) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    accepted(submit(store, sealed, prepared.unit, "wang"))
    kept = store.layout.reading(str(prepared.unit), sealed.sha256)
    shutil.rmtree(kept)
    shutil.copytree(sealed_reading(tmp_path / "forged", prepared, "wang", 1).folder, kept)
    with pytest.raises(CrcError) as refused:
        store.open_reading(sealed.sha256, "wang")
    assert refused.value.code == "sealed.altered"


def test_a_leftover_body_is_taken_up_by_the_next_try(
    tmp_path: Path, store: FolderStore, prepared: PreparedUnit
) -> None:
    sealed = sealed_reading(tmp_path / "reading", prepared, "wang")
    place = store.layout.reading(str(prepared.unit), sealed.sha256)
    shutil.copytree(sealed.folder, place)
    inode = place.stat().st_ino
    accepted(submit(store, sealed, prepared.unit, "wang"))
    assert place.stat().st_ino == inode
    assert check_store(store).findings == ()


def test_images_that_are_not_what_was_registered_never_enter(
    store: FolderStore, source: StudySource, tmp_path: Path
) -> None:
    other = write_study(tmp_path / "other", seed=5)
    unit = UnitId(store.reserve_case("01", "manager"), "T0")
    wrong = PreparedUnit(unit, source.prepared(unit).registration, other.prepared(unit).folders)
    intent = new_intent(Kind.UNIT_REGISTERED, str(unit), "manager", START, wrong.registration)
    with pytest.raises(CrcError) as refused:
        store.admit(wrong, intent)
    assert one_sentence(refused.value) == "store.other_pixels"
    with pytest.raises(CrcError) as refused:
        store.unit(unit, "manager")
    assert refused.value.code == "store.unknown_unit"


def test_a_case_that_was_never_reserved_is_refused(store: FolderStore, source: StudySource) -> None:
    with pytest.raises(CrcError) as refused:
        admit(store, source, ABSENT)
    assert one_sentence(refused.value) == "store.case_not_reserved"


def test_a_final_of_another_chain_or_signer_is_refused(tmp_path: Path, store: FolderStore, source: StudySource) -> None:
    prepared = open_unit(store, source, "wang", "li")
    for reader, shift in (("wang", 0), ("li", 3)):
        sealed = sealed_reading(tmp_path / reader, prepared, reader, shift)
        accepted(submit(store, sealed, prepared.unit, reader))
    clock = MovingClock()
    clock.wait(minutes=31)
    store = open_store(tmp_path, clock)
    assert store.advance() == (str(prepared.unit),)
    comparison = store.unit(prepared.unit, "chief").comparison
    assert comparison is not None

    def outcome(name: str, signer: str, head: str) -> Receipt | Refusal | str:
        sealed = sealed_final(tmp_path / name, prepared, comparison.readings, signer, head)
        payload = p.FinalStored(sealed.sha256, 1, comparison.readings, False)
        intent = new_intent(Kind.FINAL_STORED, str(prepared.unit), "chief", START, payload)
        try:
            return store.sign_final(sealed, intent, secret="314159")
        except CrcError as error:
            return one_sentence(error)

    assert outcome("other-signer", "upstart", "0" * 64) == "store.intent_differs"
    assert outcome("other-chain", "chief", "f" * 64) == "store.other_chain"
    assert isinstance(outcome("good", "chief", store.ledger.chain.head), Receipt)
    assert check_store(store, deep=True).findings == ()


def test_who_reads_blind_gets_no_events_whatever_their_other_roles(store: FolderStore, source: StudySource) -> None:
    reader = person_set("wang")
    both = dataclasses.replace(reader, roles=reader.roles | person_set("manager").roles)
    must(store, "admin", Kind.PERSON_SET, both)
    assert store.events_since(0, "wang")
    open_unit(store, source, "wang")
    with pytest.raises(CrcError) as refused:
        store.events_since(0, "wang")
    assert one_sentence(refused.value) == "store.reads_blind"
