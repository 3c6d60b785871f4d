"""People by name: who one can work as, who A and B are once that is told."""

from __future__ import annotations

from crc_core.identity import UnitId
from crc_core.panel.people import named_people
from crc_core.panel.people import oneself as oneself
from crc_core.quality.case import authors_of
from crc_core.store.protocol import Store
from crc_core.workflow.views import UnitView


def colleagues(store: Store) -> tuple[tuple[str, str], ...]:
    """The active people of the store by name, as (identifier, name); none where the store does not tell."""
    found = [(person.id, name) for person, name in named_people(store)]
    return tuple(sorted(found, key=lambda item: (item[1], item[0])))


def author_names(store: Store, view: UnitView) -> tuple[str, str] | None:
    """Who A and who B is, by name; nobody is told before the decision."""
    authors = authors_of(view)
    if authors is None:
        return None
    names = dict(colleagues(store))
    a, b = (names.get(person, person) for person in authors)
    return a, b


def authors_now(store: Store, unit: str, viewer: str) -> tuple[str, str] | None:
    """`author_names` of a unit as the store knows it now."""
    return author_names(store, store.unit(UnitId.parse(unit), viewer))
