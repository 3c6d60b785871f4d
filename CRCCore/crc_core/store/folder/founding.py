"""Founding a folder store with its people at once, as demonstrations and samples do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crc_core.store.clock import utc_now
from crc_core.store.folder.store import FolderStore
from crc_core.vocabulary import PersonRole, Target, Title
from crc_core.workflow.context import Policy
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent
from crc_core.workflow.payloads import ClearanceSigned, PersonSet


@dataclass(frozen=True)
class Newcomer:
    """A person who enters a store."""

    person: str
    name: str
    title: Title
    role: PersonRole
    site: str = "01"

    @property
    def entry(self) -> PersonSet:
        """The person as the chain knows them."""
        return PersonSet(self.person, self.title, frozenset({self.role}), self.site, active=True)


@dataclass(frozen=True)
class Signer:
    """Who signs, and with what."""

    person: str
    pin: str


def found_store(
    root: Path, administrator: Newcomer, others: Iterable[Newcomer], *, policy: Policy | None = None
) -> FolderStore:
    """A new store in an empty folder with its people; raises CrcError as `FolderStore.create` does."""
    store = FolderStore.create(root, administrator.entry, name=administrator.name, policy=policy)
    for newcomer in others:
        store.people.set_name(newcomer.person, newcomer.name)
        _act(store, administrator.person, Kind.PERSON_SET, newcomer.entry)
    return store


def clear_readers(store: FolderStore, signer: Signer, protocol: str) -> None:
    """Clear everybody who annotates for every target; the signer's PIN is set to theirs first."""
    store.people.set_pin(signer.person, signer.pin)
    for person in store.persons():
        for target in Target if PersonRole.ANNOTATOR in person.roles else ():
            clearance = ClearanceSigned(person.id, target, protocol)
            _act(store, signer.person, Kind.CLEARANCE_SIGNED, clearance, signer.pin)


def _act(store: FolderStore, actor: str, kind: Kind, payload: Any, secret: str | None = None) -> None:
    answer = store.act(new_intent(kind, None, actor, utc_now(), payload), secret=secret)
    if isinstance(answer, Refusal):
        raise answer.as_error()
