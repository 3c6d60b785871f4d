"""How `crcdb demo` ends where the server is installed: its store taken over by a server of its own, and served.

Whatever server the machine is set up for is left alone: the demonstration has its own SQLite and its own folder.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crc_core.cli.console import Console, flush
from crc_core.errors import CrcError
from crc_core.text import say
from crc_core.vocabulary import PersonRole

from crc_server import config as settings

if TYPE_CHECKING:
    from crc_server.store.server_store import ServerStore

_HOST, _PORT, _THREADS = "127.0.0.1", 8000, 8
_PASSWORD_BYTES = 9
_ELSEWHERE = (
    settings.DATABASE,
    settings.BODIES,
    settings.HOSTS,
    settings.TLS,
    settings.PROXIES,
    settings.SECRET_KEY,
    "DJANGO_SETTINGS_MODULE",
)


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in to the demonstration."""

    person: str
    name: str
    roles: tuple[PersonRole, ...]


@dataclass(frozen=True)
class Prepared:
    """A server's data folder with the demonstration in it; everybody has the same password, made for this one."""

    data: Path
    password: str
    accounts: tuple[Account, ...]


def prepare(store: Path, data: Path, console: Console) -> Prepared:
    """Take the demonstration's folder store over into a new server below `data`, with a password for everybody."""
    for name in _ELSEWHERE:
        os.environ.pop(name, None)
    os.environ[settings.DATA] = str(data)
    from crc_server.cli.ready import set_up

    set_up(console)
    from crc_server.adopting import adopt_folder_store
    from crc_server.demonstrating import show_more

    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    accounts: list[Account] = []

    def give_passwords(adopted: ServerStore) -> None:
        show_more(adopted)
        for person in adopted.persons():
            adopted.passwords.set(person.id, password)
            roles = tuple(sorted(person.roles))
            accounts.append(Account(person.id, adopted.passwords.name(person.id), roles))

    adopt_folder_store(store, then=give_passwords)
    return Prepared(data, password, tuple(accounts))


def tell(prepared: Prepared, console: Console) -> None:
    """Say who can sign in and how."""
    console.say("adopting.demo_accounts", password=prepared.password)
    for account in prepared.accounts:
        roles = ", ".join(say(f"web.role_of.{role.value}", console.lang) for role in account.roles)
        console.line(f"  {account.person:<10}{account.name}  {roles}")


def serve(prepared: Prepared, console: Console) -> None:
    """Serve it until Ctrl+C; at the usual port, or at a free one where that is taken."""
    from crc_server.cli.serve_command import listen, serve_on

    try:
        listening = listen(_HOST, _PORT)
    except CrcError:
        listening = listen(_HOST, 0)
    url = f"http://{_HOST}:{listening.getsockname()[1]}/"

    def announce() -> None:
        console.say("adopting.demo_again", data=prepared.data)
        console.say("adopting.demo_serving", url=url)
        flush()

    serve_on(listening, settings.read_config(), _THREADS, announce)
