"""Who one can work as, by name."""

from __future__ import annotations

from crc_core.panel.people import named_people
from crc_core.panel.people import oneself as oneself
from crc_core.store.protocol import Store


def colleagues(store: Store) -> tuple[tuple[str, str], ...]:
    """The active people of the store by name, as (identifier, name); none where the store does not tell."""
    found = [(person.id, name) for person, name in named_people(store)]
    return tuple(sorted(found, key=lambda item: (item[1], item[0])))
