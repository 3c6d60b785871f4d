"""Who one can work as: what a store of one trusted team tells of its people; elsewhere only oneself."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.panel.people import named_people
from crc_core.panel.people import oneself as oneself
from crc_core.store.protocol import Store
from crc_core.text import Lang, say
from crc_core.vocabulary import PersonRole, Title

from CRCAnnotatorLib.presenter.state import PersonRow


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


def colleagues(store: Store) -> tuple[Colleague, ...]:
    """The active people of the store, those who read cases first; none where the store does not tell.

    Raises CrcError where the store cannot be reached.
    """
    found = [
        Colleague(person.id, name, person.title, person.roles, person.site) for person, name in named_people(store)
    ]
    return tuple(sorted(found, key=lambda item: (not item.reads, item.name, item.id)))
