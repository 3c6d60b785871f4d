"""A server as the place one works at: signing in, and asking again when the session has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crc_core.errors import CrcError
from crc_core.store.access import ServerForm
from crc_core.store.remote.standing import LineState

from CRCQualityControlLib.presenter.hub import Hub
from CRCQualityControlLib.presenter.state import Level

if TYPE_CHECKING:
    from crc_core.store.remote.session import ServerSession, SignedIn

_CA_FILE, _PERSON = "server/ca_file", "server/person"
"""What is remembered on this machine, for both modules; never a password, never a token."""


class Online:
    """The session at a server; `entered` is told that somebody signed in, in a new session or as another person."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._session: ServerSession | None = None
        self._asked_again = False
        self.entered: Callable[[ServerSession, SignedIn], None] = lambda session, signed: None
        self.may_leave: Callable[[], bool] = lambda: True

    def choose(self, url: str = "") -> None:
        """Ask for a server and sign in to it."""
        remembered = self._hub.kit.settings.get
        self._ask(ServerForm(url, remembered(_CA_FILE) or "", remembered(_PERSON) or ""), is_fixed=False)

    def forget(self) -> None:
        """Another store, that is no server, is worked with now."""
        if self._session is not None:
            self._session.on_change = lambda: None
        self._session = None

    def _ask(self, form: ServerForm, *, is_fixed: bool) -> None:
        hub, known = self._hub, self._session

        def attempt(given: ServerForm) -> tuple[ServerSession, SignedIn]:
            is_known = known is not None and is_fixed
            session = known if known is not None and is_known else hub.kit.connect(given.url, given.ca_file or None)
            return session, session.try_sign_in(given.person, given.password, given.ca_file)

        title, words = hub.say("online.ask.title"), hub.say("online.ask.again" if is_fixed else "online.ask.first")
        found = hub.kit.ask.server(title, words, form, attempt, is_fixed=is_fixed)
        if found is not None:
            self._enter(*found)

    def _enter(self, session: ServerSession, signed: SignedIn) -> None:
        goes_on = session is self._session and self._hub.person == signed.person
        if not goes_on and not self.may_leave():
            return
        self.forget()
        self._session, self._asked_again = session, False
        self._hub.kit.settings.put(_CA_FILE, signed.ca_file)
        self._hub.kit.settings.put(_PERSON, signed.person)
        session.enter(signed)
        session.on_change = self._changed
        if not goes_on:
            self.entered(session, signed)

    def _changed(self) -> None:
        """The session stands otherwise now: who was signed out signs in again, and the desk stays as it is."""
        session = self._session
        if session is None:
            return
        if session.state is LineState.AWAY:
            self._hub.tell(CrcError("remote.offline", url=session.url), Level.WARNING)
        elif session.state is LineState.SIGNED_OUT and not self._asked_again:
            self._asked_again = True
            self._hub.note(Level.WARNING, "online.ended")
            remembered = self._hub.kit.settings.get
            form = ServerForm(session.url, session.ca_file or "", remembered(_PERSON) or "")
            self._hub.kit.jobs.later("server.again", 0.0, lambda: self._ask(form, is_fixed=True))

    def look(self) -> None:
        """Try the server again, where it was away."""
        session = self._session
        if session is not None and session.state is LineState.AWAY:
            session.see(session.look())
