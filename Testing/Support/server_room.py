"""A reading room whose store is a server's: sessions that end, a line that goes down, and nothing that waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from annotator_room import READER, Room, Seat
from crc_core.errors import CrcError
from crc_core.store.access import Access, ServerForm
from crc_core.store.protocol import Store
from crc_core.store.remote.standing import LineState
from crc_core.text import Lang
from crc_core.vocabulary import PersonRole, Title
from store_support import PIN, StudySource

URL = "https://crc.hospital.example"
FORM = ServerForm(URL, "", READER, PIN)
_TITLES = {READER: Title.RESIDENT, "li": Title.ATTENDING}


class ServerRoom(Room):
    """The store can be reached or not (`is_away`), sessions can end, sign-ins can be refused (`trouble`)."""

    def __init__(self, folder: Path, source: StudySource) -> None:
        super().__init__(folder, source)
        self.is_away = False
        self.tokens: set[str] = set()
        self.trouble: CrcError | None = None
        self.given = 0

    def arrive(self, *, lang: Lang = Lang.EN, sign_in: bool = True) -> Seat:
        """A new annotator on this machine that was at the server before; signed in by pressing the button."""
        seat = self.sit(lang=lang, start=False)
        self.settings.put("store", URL)
        self.settings.put("server/person", READER)
        seat.annotator.start()
        if sign_in:
            seat.ask.will(FORM)
            seat.annotator.online.sign_in()
        return seat

    def connect(self, url: str, ca_file: str | None) -> Any:
        if not url.startswith("https://"):
            raise CrcError("remote.not_protected", url=url)
        return FakeSession(self, url, ca_file)

    def reach(self, token: str) -> None:
        """Raise the CrcError of a request that does not get through."""
        if self.is_away:
            raise CrcError("remote.offline", url=URL)
        if token not in self.tokens:
            raise CrcError("server.signed_out")

    def end_sessions(self) -> None:
        """Every token has run out."""
        self.tokens.clear()

    def _reached(self, seat: Seat) -> Store:
        session: Any = seat.annotator.hub.session
        return Guarded(self, session.token, self.open_store(self.place), lambda error: None)  # type: ignore[return-value]


class Guarded:
    """The store behind the line: what does not get through is seen by the session."""

    def __init__(self, room: ServerRoom, token: str, store: Store, see: Callable[[CrcError], None]) -> None:
        self._room, self._token, self._store, self._see = room, token, store, see
        self.person = READER

    def info(self) -> Any:
        return self._store.info()

    def __getattr__(self, name: str) -> Any:
        if name in ("persons", "people"):
            raise AttributeError(name)

        def ask(*arguments: Any, **more: Any) -> Any:
            try:
                self._room.reach(self._token)
            except CrcError as error:
                self._see(error)
                raise
            return getattr(self._store, name)(*arguments, **more)

        return ask


class FakeSession:
    """What `ServerSession` offers, without a network."""

    def __init__(self, room: ServerRoom, url: str, ca_file: str | None) -> None:
        self._room, self.url, self.ca_file = room, url, ca_file
        self.token = ""
        self.signed_in: Any = None
        self.away_since: datetime | None = None
        self._ended = True
        self._guarded: Guarded | None = None
        self.on_change: Callable[[], None] = lambda: None

    @property
    def state(self) -> LineState:
        if self._ended:
            return LineState.SIGNED_OUT
        return LineState.CONNECTED if self.away_since is None else LineState.AWAY

    @property
    def store(self) -> Any:
        return self._guarded

    def access(self) -> Access | None:
        return None if self._ended else Access(self.url, self.signed_in.person, self.token, self.ca_file)

    def try_sign_in(self, person: str, password: str, ca_file: str | None = None) -> Any:
        from crc_core.store.remote.session import SignedIn

        if self._room.trouble is not None:
            raise self._room.trouble
        if self._room.is_away:
            raise CrcError("remote.offline", url=self.url)
        if password != PIN:
            raise CrcError("server.sign_in_wrong")
        self._room.given += 1
        token = f"token-{self._room.given}"
        self._room.tokens.add(token)
        info = self._room.store.info()
        roles, certificates = frozenset({PersonRole.ANNOTATOR}), self.ca_file if ca_file is None else ca_file or None
        return SignedIn(person, token, person.title(), _TITLES[person], roles, "01", info, certificates)

    def look(self) -> CrcError | None:
        try:
            self._room.reach(self.token)
        except CrcError as error:
            return error
        return None

    def enter(self, signed: Any) -> None:
        is_same = self.signed_in is not None and self.signed_in.person == signed.person
        self.signed_in, self.token, self._ended, self.away_since = signed, signed.token, False, None
        self.ca_file = signed.ca_file
        if is_same and self._guarded is not None:
            self._guarded._token = self.token
        else:
            self._guarded = Guarded(self._room, self.token, self._room.open_store(self._room.place), self.see)
        self.on_change()

    def see(self, trouble: CrcError | None) -> None:
        before = self.state
        if trouble is None:
            self.away_since = None
        elif trouble.code == "server.signed_out":
            self._ended, self.away_since = True, None
        elif trouble.code == "remote.offline" and self.away_since is None:
            self.away_since = self._room.clock.now()
        if self.state is not before:
            self.on_change()

    def leave(self) -> None:
        self._room.tokens.discard(self.token)
        self.signed_in, self._ended, self.token, self._guarded = None, True, "", None
        self.on_change()
