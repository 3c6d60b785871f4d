"""Asking the store for what the reader wants to happen."""

from __future__ import annotations

from typing import Any

from crc_core.errors import CrcError
from crc_core.store.access import Access
from crc_core.store.protocol import Store
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal, new_intent

from CRCAnnotatorLib.presenter.hub import Hub


def open_store_of(hub: Hub) -> Store:
    """The store in use; raises CrcError while none is open."""
    if hub.store is None:
        raise CrcError("annotator.no_store")
    return hub.store


def access_of(hub: Hub) -> Access | None:
    """What a process aside is told to reach the server; None where the store is no server."""
    return None if hub.session is None else hub.session.access()


def act(hub: Hub, kind: Kind, unit: str, payload: Any) -> None:
    """Ask the store as the reader; raises CrcError where it refuses or cannot be reached."""
    intent = new_intent(kind, unit, hub.reader, hub.kit.clock.now(), payload)
    outcome = open_store_of(hub).act(intent)
    if isinstance(outcome, Refusal):
        raise outcome.as_error()


def tried(hub: Hub, kind: Kind, unit: str, payload: Any) -> bool:
    """The same; whether it happened, and why not is told."""
    try:
        act(hub, kind, unit, payload)
    except CrcError as error:
        hub.tell(error)
        return False
    return True
