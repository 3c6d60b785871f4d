"""A store on a server, reached over HTTP: the same protocol, with an outbox for when the line is down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crc_core.store.remote.store import RemoteStore

__all__ = ["RemoteStore"]


def __getattr__(name: str) -> Any:
    """`RemoteStore`, fetched when it is asked for: the outbox alone needs no network library."""
    if name != "RemoteStore":
        raise AttributeError(name)
    from crc_core.store.remote.store import RemoteStore

    return RemoteStore
