"""Who one can work as: what a store of one trusted team tells of its people; elsewhere only who signed in."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from crc_core.store.protocol import Store
from crc_core.workflow.context import Person


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


def oneself(store: Store) -> str:
    """Who signed in to the store; empty where nobody has to."""
    return store.person if isinstance(store, KnowsOneself) else ""


def named_people(store: Store) -> tuple[tuple[Person, str], ...]:
    """The active people of the store with their names; none where the store does not tell.

    Raises CrcError where the store cannot be reached.
    """
    if not isinstance(store, KnowsPeople):
        return ()
    return tuple((person, store.people.name(person.id)) for person in store.persons() if person.active)
