"""Images of a case from where they are: a folder store has them at hand, a server's come into this machine's cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from crc_core.desk.fetch_images import Bodies, FetchedBodies, fetched_bodies
from crc_core.desk.job_forms import FetchAsked, Fetched
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.store.remote.standing import LineState
from crc_core.text import say
from crc_core.vocabulary import Role

from CRCAnnotatorLib.presenter.acting import open_store_of
from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.running import Running

_JOB = "fetch"


class Fetching:
    """Brings images near in a process aside, with progress, and a person can stop it."""

    def __init__(self, hub: Hub, running: Running) -> None:
        self._hub, self._running = hub, running
        self._known: dict[str, tuple[FetchedBodies, ExitStack]] = {}

    def fetch(
        self,
        unit: str,
        roles: Sequence[Role],
        reading: str | None,
        then: Callable[[Bodies], None],
        give_up: Callable[[], None],
    ) -> None:
        """Have the images of a unit (and a reading) at hand and go on with `then`; else `give_up`, and it is told why.

        What was fetched last is opened again without a server that is away.
        """
        session = self._hub.session
        if session is None:
            then(open_store_of(self._hub))
            return
        known, access = self._known.get(unit), session.access()
        if known is not None and session.state is not LineState.CONNECTED:
            then(known[0])
            return
        if access is None:
            self._hub.tell(CrcError("server.signed_out"))
            give_up()
            return

        def done(answer: Mapping[str, Any]) -> None:
            try:
                bodies = fetched_bodies(from_document(Fetched, dict(answer), Path(_JOB)), reading)
                self._know(unit, bodies)
            except CrcError as error:
                self._hub.tell(error)
                give_up()
                return
            then(bodies)

        def failed(error: Exception) -> None:
            if isinstance(error, CrcError):
                session.see(error)
            give_up()

        asked = FetchAsked(access, unit, self._hub.reader, self._hub.lang, tuple(roles), reading)
        words = partial(say, "annotator.opening", unit=unit)
        self._running.process(words, _JOB, to_document(asked), done, failed, stopped=give_up)

    def _know(self, unit: str, bodies: FetchedBodies) -> None:
        """Keep it at hand, held in this machine's cache: the open case and its earlier examination."""
        held = ExitStack()
        held.enter_context(bodies.held())
        self._forget(unit)
        if len(self._known) > 1:
            self._forget(next(iter(self._known)))
        self._known[unit] = bodies, held

    def _forget(self, unit: str) -> None:
        if unit in self._known:
            self._known.pop(unit)[1].close()
