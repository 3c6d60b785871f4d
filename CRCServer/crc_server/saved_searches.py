"""Searches that people keep under a name, each person their own."""

from __future__ import annotations

import json
from datetime import datetime

from crc_core.errors import CrcError
from crc_core.files.canonical import canonical_bytes

from crc_server.models import SavedSearchRow
from crc_server.search import Group, document_of, read_group

MOST_KEPT = 100


def saved_searches(person: str) -> list[str]:
    """The names of a person's searches in order."""
    return list(SavedSearchRow.objects.filter(person=person).order_by("name").values_list("name", flat=True))


def keep_search(person: str, name: str, group: Group, at: datetime) -> None:
    """Keep a tree under a name, in place of another of that name; raises CrcError for no name and for too many."""
    if not name:
        raise CrcError("access.no_name")
    body = canonical_bytes(document_of(group)).decode()
    others = SavedSearchRow.objects.filter(person=person).exclude(name=name)
    if others.count() >= MOST_KEPT:
        raise CrcError("access.too_many_searches", most=MOST_KEPT)
    SavedSearchRow.objects.update_or_create(person=person, name=name, defaults={"body": body, "at": at})


def kept_search(person: str, name: str) -> Group:
    """A person's own search of that name; raises CrcError where there is none."""
    body = SavedSearchRow.objects.filter(person=person, name=name).values_list("body", flat=True).first()
    if body is None:
        raise CrcError("server.not_found")
    return read_group(json.loads(body))


def forget_search(person: str, name: str) -> None:
    """Forget a person's own search."""
    SavedSearchRow.objects.filter(person=person, name=name).delete()
