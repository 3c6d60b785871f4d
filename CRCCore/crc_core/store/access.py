"""How a process aside reaches a store: a folder by its place, a server as a person who is signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.errors import CrcError
from crc_core.store.folder import FolderStore
from crc_core.store.protocol import Store
from crc_core.text import Lang

if TYPE_CHECKING:
    from crc_core.store.remote.connection import Patience
    from crc_core.store.remote.store import RemoteStore
    from crc_core.store.remote.watching import Watch


@dataclass(frozen=True)
class Access:
    """A person signed in to a server; goes to a process on its standard input, never anywhere else."""

    url: str
    person: str
    token: str = field(repr=False)
    ca_file: str | None = None
    proxy: str | None = None


def store_at(place: str, access: Access | None, lang: Lang) -> Store:
    """The store at a place; raises CrcError for a server nobody is signed in to."""
    if access is not None:
        return server_store(access, lang)
    if "://" in place:
        raise CrcError("server.sign_in")
    return FolderStore(Path(place))


def server_store(
    access: Access, lang: Lang, *, watch: Watch | None = None, patience: Patience | None = None
) -> RemoteStore:
    """The server's store as the person reaches it; raises CrcError for an address that is none."""
    from crc_core.store.remote.address import Address
    from crc_core.store.remote.connection import Connection
    from crc_core.store.remote.store import RemoteStore

    ca_file = None if access.ca_file is None else Path(access.ca_file)
    line = Connection(Address.of(access.url, ca_file, access.proxy), access.token, lang=lang, patience=patience)
    return RemoteStore(line, access.person, watch=watch)


@dataclass(frozen=True)
class ServerForm:
    """What a person fills in to sign in to a server: where it is, who they are."""

    url: str = ""
    ca_file: str = ""
    person: str = ""
    password: str = field(default="", repr=False)
