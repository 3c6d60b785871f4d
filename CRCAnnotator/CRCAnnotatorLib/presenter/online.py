"""The server behind the work list: signing in, whether it is there, and going on by itself when it is back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from crc_core.desk.aside import aside
from crc_core.desk.policy import desk_policy
from crc_core.errors import CrcError
from crc_core.store.access import ServerForm
from crc_core.store.remote.standing import LineState

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.online_state import LineRow
from CRCAnnotatorLib.presenter.people import Colleague
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.posting import Posting
from CRCAnnotatorLib.presenter.state import Level
from CRCAnnotatorLib.presenter.wording import time_words

if TYPE_CHECKING:
    from crc_core.store.remote.session import ServerSession, SignedIn

_LOOK, _LOOKING, _AGAIN = "server", "server.look", "server.again"
_CA_FILE, _PERSON, _STORE_ID = "server/ca_file", "server/person", "server/store"
"""What is remembered on this machine; never a password, never a token."""


class Online:
    """The connection to the server.

    Told outwards: `entered` that somebody signed in (in a new session or as another person), `left` that they signed
    out, `back` that the server can be reached again or a session goes on. `leave_first` closes the open case before,
    asking where something is not saved.
    """

    def __init__(self, hub: Hub, posting: Posting) -> None:
        self._hub, self._posting = hub, posting
        self._url = ""
        self._asked_again = False
        self.entered: Callable[[Colleague], None] = lambda person: None
        self.left: Callable[[], None] = lambda: None
        self.leave_first: Callable[[Callable[[], None]], None] = lambda then: then()
        self.back: Callable[[], None] = lambda: None
        posting.line_trouble = self._trouble
        posting.changed = self.show

    # which server
    def choose(self) -> None:
        """Ask for a server and sign in to it."""
        self._ask(ServerForm(self._url, self._remembered(_CA_FILE), self._remembered(_PERSON)), is_fixed=False)

    def sign_in(self) -> None:
        """Sign in to the server that is in use."""
        form = ServerForm(self._url, self._remembered(_CA_FILE), self._remembered(_PERSON))
        self._ask(form, is_fixed=bool(self._url))

    def sign_out(self) -> None:
        """End the session; what waits in the outbox waits on."""
        if self._hub.session is not None and self._hub.store is not None:
            self.leave_first(self._leave)

    def _leave(self) -> None:
        session = self._hub.session
        if session is None:
            return
        self._drop()
        self._posting.stop()
        self._hub.store = None
        try:
            session.leave()
        except CrcError as error:
            self._hub.tell(error)
        self.left()
        self._begin()

    def remember(self, url: str) -> None:
        """This server was chosen before: nobody is signed in yet, but what waits for it is shown."""
        self._drop()
        self._url = url
        store, person = self._remembered(_STORE_ID), self._remembered(_PERSON)
        if store and person:
            self._posting.open(store, person)
        self._begin()

    def forget(self) -> None:
        """Another store, that is no server, is worked with now."""
        self._drop()
        self._url = ""
        self._hub.session = None
        self._posting.close()
        self._hub.kit.jobs.cancel(_LOOK)
        self._hub.publish(line=None)

    def shut_down(self) -> None:
        """The program ends: what waits stays in the outbox."""
        self._drop()
        self._posting.stop()
        self._hub.kit.jobs.cancel(_LOOK)

    def _drop(self) -> None:
        session = self._hub.session
        if session is not None:
            session.on_change = lambda: None
        for name in (_LOOKING, _AGAIN):
            self._hub.kit.jobs.cancel(name)

    # signing in
    def _ask(self, form: ServerForm, *, is_fixed: bool) -> None:
        hub, known = self._hub, self._hub.session

        def attempt(given: ServerForm) -> tuple[ServerSession, SignedIn]:
            is_known = known is not None and is_fixed
            session = known if known is not None and is_known else hub.kit.connect(given.url, given.ca_file or None)
            return session, session.try_sign_in(given.person, given.password, given.ca_file)

        title, words = hub.say("online.ask.title"), hub.say("online.ask.again" if is_fixed else "online.ask.first")
        found = hub.kit.ask.server(title, words, form, attempt, is_fixed=is_fixed)
        if found is not None:
            self._enter(*found)

    def _enter(self, session: ServerSession, signed: SignedIn) -> None:
        hub = self._hub
        is_same = hub.session is session and hub.store is not None and hub.reader == signed.person
        if is_same:
            self._take(session, signed)
            self.back()
        else:
            self.leave_first(lambda: self._enter_anew(session, signed))

    def _enter_anew(self, session: ServerSession, signed: SignedIn) -> None:
        self._drop()
        self._take(session, signed)
        self._hub.store = session.store
        self.entered(Colleague(signed.person, signed.name, signed.title, signed.roles, signed.site))
        self._posting.send()

    def _take(self, session: ServerSession, signed: SignedIn) -> None:
        put = self._hub.kit.settings.put
        put(_CA_FILE, signed.ca_file)
        put(_PERSON, signed.person)
        put(_STORE_ID, signed.store.id)
        self._url, self._hub.session, self._asked_again = session.url, session, False
        session.on_change = lambda: None
        session.enter(signed)
        session.on_change = self._changed
        self._posting.open(signed.store.id, signed.person)
        self._begin()

    # whether it is there
    def look(self) -> None:
        """See whether the server is there; afterwards, what waits is sent."""
        session = self._hub.session
        self._posting.refresh()
        if session is None or session.state is LineState.SIGNED_OUT or self._posting.is_sending:
            return

        def steps() -> Iterator[Step]:
            looking = aside(session.look)
            while True:
                try:
                    next(looking)
                except StopIteration as end:
                    trouble.append(end.value)
                    return
                yield Step("")

        def done() -> None:
            session.see(trouble[0])
            self._posting.send()

        trouble: list[CrcError | None] = []
        self._hub.kit.jobs.steps(_LOOKING, steps(), done, lambda error: None)

    def show(self) -> None:
        """Show how the window stands to the server."""
        if not self._url:
            return
        session, hub = self._hub.session, self._hub
        state = LineState.SIGNED_OUT if session is None else session.state
        since = None if session is None else session.away_since
        at = "" if since is None else time_words(since, hub.kit.clock.now())
        signed = None if session is None else session.signed_in
        person = "" if signed is None else signed.name
        words, tip = hub.say(f"online.line.{state.value}", at=at), hub.say(f"online.tip.{state.value}", url=self._url)
        told = "" if state is LineState.CONNECTED else hub.say(f"online.told.{state.value}", at=at)
        hub.publish(line=LineRow(state, words, tip, told, person, self._posting.waiting))

    def _begin(self) -> None:
        self._posting.refresh()
        self._repeat()
        self.show()

    def _repeat(self) -> None:
        session, policy = self._hub.session, desk_policy()
        is_away = session is not None and session.state is LineState.AWAY
        self._hub.kit.jobs.every(_LOOK, policy.server_away_look_s if is_away else policy.server_look_s, self.look)

    def _trouble(self, error: CrcError | None) -> None:
        """The process that sends has met the line as it is."""
        if self._hub.session is not None:
            self._hub.session.see(error)

    def _changed(self) -> None:
        """The session stands otherwise now."""
        session = self._hub.session
        if session is None:
            return
        self._repeat()
        self.show()
        if session.state is LineState.CONNECTED:
            self._hub.kit.jobs.later(_AGAIN, 0.0, self.back)
        elif session.state is LineState.SIGNED_OUT and not self._asked_again:
            self._asked_again = True
            self._hub.note(Level.WARNING, "online.ended")
            self._hub.kit.jobs.later(_AGAIN, 0.0, self.sign_in)

    def _remembered(self, name: str) -> str:
        return self._hub.kit.settings.get(name) or ""
