"""A server as a window uses it: a person signs in, short answers come soon, and nobody waits for a server that is away.

`ServerSession` is shared by both modules' panels. `try_sign_in` and `look` ask the server and change nothing of the
session, so that they can be called aside (another thread); what they answer is given to `enter` and `see` where the
window lives. The token stays in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from crc_core.errors import CrcError
from crc_core.store.access import Access
from crc_core.store.clock import Clock, utc_now
from crc_core.store.protocol import StoreInfo
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.patience import Patience
from crc_core.store.remote.signing_in import sign_in, sign_out
from crc_core.store.remote.standing import LineState
from crc_core.store.remote.store import RemoteStore
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Title

WINDOW = Patience(attempts=1, connect_s=3.0, read_s=20.0, work_s=60.0)
"""A person waits in front of the window: one try, and then it is said that the server is away."""

__all__ = ["WINDOW", "LineState", "ServerSession", "SignedIn"]

_ENDED = frozenset({"server.sign_in", "server.signed_out"})
_AWAY = frozenset({"remote.offline", "remote.not_trusted", "server.away"})


@dataclass(frozen=True)
class SignedIn:
    """A person who signed in, as the server knows them."""

    person: str
    token: str = field(repr=False)
    name: str
    title: Title
    roles: frozenset[PersonRole]
    site: str
    store: StoreInfo
    ca_file: str | None = None


class ServerSession:
    """One window's session at one server; `on_change` is told whenever `state` became another.

    `store` is the `Store` of the person who signed in last; it stays the same object over sign-ins of one person. While
    the server is away its methods raise `remote.offline` at once, until `see` is told that it is back.
    """

    def __init__(
        self,
        url: str,
        ca_file: str | None = None,
        *,
        lang: Callable[[], Lang],
        cache_folder: Path | None = None,
        clock: Clock = utc_now,
        patience: Patience = WINDOW,
    ) -> None:
        """Raises CrcError for an address that is none or that would send passwords unprotected."""
        self._address = _address(url, ca_file)
        self._ca_file, self._lang, self._cache, self._clock = ca_file or None, lang, cache_folder, clock
        self._patience = patience
        self._store: _SessionStore | None = None
        self._signed: SignedIn | None = None
        self._has_ended = True
        self._away_since: datetime | None = None
        self.on_change: Callable[[], None] = lambda: None

    # how it stands
    @property
    def url(self) -> str:
        """The address of the server."""
        return self._address.url

    @property
    def ca_file(self) -> str | None:
        """The hospital's own certificates, where they were given."""
        return self._ca_file

    @property
    def signed_in(self) -> SignedIn | None:
        """Who signed in last; None before the first time and after signing out."""
        return self._signed

    @property
    def state(self) -> LineState:
        """How the window stands to the server: who has to sign in has to do that first, there or not."""
        if self._has_ended:
            return LineState.SIGNED_OUT
        return LineState.CONNECTED if self._away_since is None else LineState.AWAY

    @property
    def away_since(self) -> datetime | None:
        """Since when the server has not answered; None while it does."""
        return self._away_since

    @property
    def store(self) -> RemoteStore:
        """The store; raises CrcError while nobody has signed in."""
        if self._store is None:
            raise CrcError("server.sign_in")
        return self._store

    def access(self) -> Access | None:
        """What a process aside is told so that it can act as the person; None while nobody is signed in."""
        if self._signed is None or self._has_ended:
            return None
        return Access(self.url, self._signed.person, self._signed.token, self._ca_file)

    # aside
    def try_sign_in(self, person: str, password: str, ca_file: str | None = None) -> SignedIn:
        """Change a password for a token and ask who that is; raises CrcError saying why not. Changes nothing here.

        `ca_file` are the hospital's own certificates: empty for none, None for those of before.
        """
        certificates = self._ca_file if ca_file is None else ca_file or None
        line = Connection(_address(self.url, certificates), "", lang=self._lang(), patience=self._patience)
        token = sign_in(line, person, password).token
        known = line.with_token(token)
        me = known.get("me")
        info = RemoteStore(known, person).info()
        try:
            roles = frozenset(PersonRole(role) for role in me["roles"])
            return SignedIn(
                person, token, str(me["name"]), Title(me["title"]), roles, str(me["site"]), info, certificates
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CrcError("remote.strange", url=self.url) from error

    def look(self) -> CrcError | None:
        """Whether the server is there and still knows the person; what is wrong, else None. Changes nothing here."""
        token = "" if self._signed is None else self._signed.token
        try:
            self._line(token).get("me")
        except CrcError as error:
            return error
        return None

    # where the window lives
    def enter(self, signed: SignedIn) -> None:
        """Work as the person who signed in, with the certificates they signed in with."""
        self._address, self._ca_file = _address(self.url, signed.ca_file), signed.ca_file
        if self._store is not None and self._signed is not None and self._signed.person == signed.person:
            self._store.renew(_Line(self, signed.token), signed.store)
        else:
            self._store = _SessionStore(self, signed, self._cache)
        self._signed, self._has_ended, self._away_since = signed, False, None
        self.on_change()

    def see(self, trouble: CrcError | None) -> None:
        """Take over what a look, or anything else that was asked of the server, has shown."""
        before = self.state
        if trouble is None:
            self._away_since = None
        elif trouble.code in _ENDED:
            self._has_ended, self._away_since = True, None
        elif trouble.code in _AWAY and self._away_since is None:
            self._away_since = self._clock()
        if self.state is not before:
            self.on_change()

    def leave(self) -> None:
        """Sign out: the token is forgotten here at once, and by the server where it can be reached."""
        signed, is_there = self._signed, self.state is LineState.CONNECTED
        self._signed, self._store, self._has_ended, self._away_since = None, None, True, None
        if signed is not None and is_there:
            try:
                sign_out(self._line(signed.token))
            except CrcError as error:
                # A token the server cannot be asked to forget ends there by itself.
                if error.code not in _AWAY | _ENDED:
                    raise
        self.on_change()

    def _line(self, token: str) -> Connection:
        return Connection(self._address, token, lang=self._lang(), patience=self._patience)


def _address(url: str, ca_file: str | None) -> Address:
    return Address.of(url, Path(ca_file) if ca_file else None)


class _Line(Connection):
    """The window's line: what it meets is seen by the session, and it does not knock where nobody is."""

    def __init__(self, session: ServerSession, token: str) -> None:
        super().__init__(session._address, token, lang=session._lang(), patience=session._patience)
        self._window = session

    def send(self, method: str, path: str, *, again: bool = True, works: bool = False, **options: Any) -> Any:
        """The answer as it comes; raises `remote.offline` at once while the server is away."""
        if self._window.state is LineState.AWAY:
            raise CrcError("remote.offline", url=self.address.url)
        if self._window.state is LineState.SIGNED_OUT:
            raise CrcError("server.signed_out")
        return self._seen(lambda: super(_Line, self).send(method, path, again=again, works=works, **options))

    def document(self, answer: Any) -> Any:
        """The document of an answer."""
        return self._seen(lambda: super(_Line, self).document(answer))

    def _seen(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except CrcError as error:
            self._window.see(error)
            raise


class _SessionStore(RemoteStore):
    """The store of the person at the window; what the store is was told when they signed in."""

    def __init__(self, session: ServerSession, signed: SignedIn, cache_folder: Path | None) -> None:
        super().__init__(_Line(session, signed.token), signed.person, cache_folder=cache_folder)
        self._info = signed.store

    def renew(self, line: Connection, info: StoreInfo) -> None:
        """Go on with another token."""
        self._line, self._info = line, info

    def info(self) -> StoreInfo:
        """What kind of store this is."""
        return self._info
