"""Who one can work as: what a store of one trusted team tells of its people; elsewhere only oneself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from crc_core.store.protocol import Store
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole, Title
from crc_core.workflow.context import Person

from CRCAnnotatorLib.presenter.state import PersonRow


class Names(Protocol):
    """Names by identifier."""

    def name(self, person: str) -> str:
        """The person's name; the identifier where none was entered."""


@runtime_checkable
class KnowsPeople(Protocol):
    """A store that lets anybody at this machine work as any of its people."""

    def persons(self) -> tuple[Person, ...]:
        """Everybody, active or not."""

    @property
    def people(self) -> Names:
        """Their names."""


@runtime_checkable
class KnowsOneself(Protocol):
    """A store that a person signed in to."""

    @property
    def person(self) -> str:
        """Who signed in."""


@dataclass(frozen=True)
class Colleague:
    """A person one can work as."""

    id: str
    name: str
    title: Title
    roles: frozenset[PersonRole]
    site: str

    @property
    def reads(self) -> bool:
        """Whether the person reads cases."""
        return PersonRole.ANNOTATOR in self.roles

    @property
    def imports(self) -> bool:
        """Whether the person takes studies in."""
        return PersonRole.DATA_MANAGER in self.roles

    def row(self, lang: Lang) -> PersonRow:
        """The person as a line to choose from: the name, and the title where there is one."""
        if self.title is Title.NONE:
            return PersonRow(self.id, self.name)
        title = say(f"store.title.{self.title.name.lower()}", lang)
        return PersonRow(self.id, say("annotator.person", lang, name=self.name, title=title))


def oneself(store: Store) -> str:
    """Who signed in to the store; empty where nobody has to."""
    return store.person if isinstance(store, KnowsOneself) else ""


def colleagues(store: Store) -> tuple[Colleague, ...]:
    """The active people of the store, those who read cases first; none where the store does not tell.

    Raises CrcError where the store cannot be reached.
    """
    if not isinstance(store, KnowsPeople):
        return ()
    found = [
        Colleague(person.id, store.people.name(person.id), person.title, person.roles, person.site)
        for person in store.persons()
        if person.active
    ]
    return tuple(sorted(found, key=lambda item: (not item.reads, item.name, item.id)))
