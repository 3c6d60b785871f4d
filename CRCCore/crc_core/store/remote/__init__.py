"""A store on a server, reached over HTTP: the same protocol, with an outbox for when the line is down."""

from crc_core.store.remote.store import RemoteStore

__all__ = ["RemoteStore"]
