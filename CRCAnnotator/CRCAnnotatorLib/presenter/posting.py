"""The outbox of the person who signed in: what waits for the server, why, and its way there without anybody asking."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crc_core.desk.job_forms import SendAsked, SendTold
from crc_core.desk.keeping import Slot
from crc_core.desk.policy import desk_policy
from crc_core.desk.recovery import Recovery
from crc_core.errors import CrcError
from crc_core.files.records import from_document, to_document
from crc_core.store.remote.outbox import Outbox, OutboxItem, SendState
from crc_core.store.remote.standing import LineState
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import new_intent

from CRCAnnotatorLib.presenter.hub import Hub
from CRCAnnotatorLib.presenter.online_state import OutboxRow, OutboxState
from CRCAnnotatorLib.presenter.ports import Step
from CRCAnnotatorLib.presenter.running import tell
from CRCAnnotatorLib.presenter.state import Level

_SENDING, _JOB = "outbox", "send_outbox"


class Posting:
    """Keeps the list, and sends what waits in a process aside, which is told the token on its standard input.

    Told outwards: `changed` that the list is another, `sent` and `refused` what the server has now or does not take,
    `line_trouble` how the line was met (None: it is there), `taken_back` what was taken out again.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._items: tuple[OutboxItem, ...] = ()
        self._store_id = ""
        self._progress = ""
        self._sending = False
        self._told_trouble = ""
        self.changed: Callable[[], None] = lambda: None
        self.sent: Callable[[OutboxItem], None] = lambda item: None
        self.line_trouble: Callable[[CrcError | None], None] = lambda error: None
        self.refused: Callable[[OutboxItem], None] = lambda item: None
        self.taken_back: Callable[[OutboxItem], None] = lambda item: None

    # which outbox
    def open(self, store_id: str, person: str) -> None:
        """Use the outbox of a person for a server."""
        folder = outbox_folder(self._hub.kit.home, store_id, person)
        if self._hub.outbox is None or self._hub.outbox.folder != folder:
            self.close()
            self._hub.outbox, self._store_id = Outbox(folder), store_id
        self.refresh()

    def close(self) -> None:
        """Use none."""
        self.stop()
        self._hub.outbox, self._items = None, ()
        self._hub.publish(outbox=None)

    def stop(self) -> None:
        """End the sending; what was not acknowledged is sent another time."""
        self._hub.kit.jobs.cancel(_SENDING)
        self._sending, self._progress = False, ""

    # what is in it
    @property
    def is_sending(self) -> bool:
        """Whether a process is sending for this window."""
        return self._sending

    @property
    def waiting(self) -> int:
        """How many things the server does not have yet."""
        return sum(item.state is not SendState.SENT for item in self._items)

    def of_slot(self, unit: str, reader: str, round: int) -> OutboxItem | None:  # noqa: A002
        """The reading of a slot that is not on the server: the latest."""
        own = (item for item in reversed(self._items) if item.slot == (unit, reader, round))
        return next((item for item in own if item.state is not SendState.SENT), None)

    @property
    def units(self) -> frozenset[str]:
        """The units of which a reading is on its way."""
        own = (item.intent.unit for item in self._items if item.slot and item.state is SendState.WAITING)
        return frozenset(unit for unit in own if unit)

    def refresh(self) -> None:
        """Look at the outbox anew; another program of this machine may have put in or sent something."""
        outbox = self._hub.outbox
        if outbox is None:
            return
        try:
            items = outbox.items()
            self._told_trouble = ""
        except CrcError as error:
            if error.code != self._told_trouble:  # said once, not at every look
                self._told_trouble = error.code
                self._hub.tell(error)
            return
        before, self._items = self._items, items
        known = {item.intent.id: item.state for item in before}
        self._sweep(outbox)
        self._show()
        for item in items:
            was = known.get(item.intent.id)
            if item.state is SendState.SENT and was is not SendState.SENT:
                if was is not None:
                    self.sent(item)
                self._forget_kept(item)
            elif item.state is SendState.REFUSED and was is SendState.WAITING:
                self.refused(item)

    def _forget_kept(self, item: OutboxItem) -> None:
        """What was kept of a reading that is in goes, unless it is worked on again since: that work replaces it."""
        if item.slot is None or item.slot[0] is None:
            return
        unit, reader, number = item.slot
        slot, recovery = Slot(self._store_id, str(unit), reader, number), Recovery(self._hub.kit.home)
        try:
            if not recovery.has(slot.label):
                return
            if recovery.read(slot.label).work.supersedes == item.intent.payload.supersedes:
                recovery.open_slot(slot).close()
                recovery.discard(slot.label)
        except CrcError as error:
            if error.code != "desk.open_elsewhere":
                self._hub.tell(error)

    def _sweep(self, outbox: Outbox) -> None:
        """What has been on the server for long is not listed any more."""
        old = self._hub.kit.clock.now() - timedelta(hours=desk_policy().outbox_sent_hours)
        for item in self._items:
            if item.state is SendState.SENT and item.tried_at is not None and item.tried_at < old:
                outbox.remove(item)
        self._items = tuple(item for item in self._items if item.folder.exists())

    # what the person does
    def retry(self, id_: str) -> None:
        """Try again what was refused, or at once what waits."""
        item = self._item(id_)
        if item is None or self._hub.outbox is None:
            return
        try:
            if item.state is not SendState.WAITING:
                self._hub.outbox.release(item)
        except CrcError as error:
            self._hub.tell(error)
        self.refresh()
        self.send(even_away=True)

    def take_back(self, id_: str) -> bool:
        """Take something out that is not on the server; whether it is out. The work it came from is still kept."""
        item = self._item(id_)
        if item is None or self._hub.outbox is None:
            return False
        try:
            self._hub.outbox.take_back(item)
        except CrcError as error:
            self._hub.tell(error)
            self.refresh()
            return False
        self.refresh()
        self.taken_back(item)
        return True

    def takes(self, unit: str) -> bool:
        """Whether what is said of a unit now has to wait its turn: the line is down, or something waits already."""
        session = self._hub.session
        if self._hub.outbox is None or session is None:
            return False
        waits = any(item.intent.unit == unit and item.state is not SendState.SENT for item in self._items)
        return waits or session.state is not LineState.CONNECTED

    def put(self, kind: Kind, unit: str, payload: Any) -> None:
        """Put what is said of a unit into the outbox; it goes as soon as it can."""
        hub, outbox = self._hub, self._hub.outbox
        if outbox is None:
            return
        now = hub.kit.clock.now()
        try:
            outbox.put(new_intent(kind, unit, hub.reader, now, payload), None, now)
        except CrcError as error:
            hub.tell(error)
            return
        hub.note(Level.INFO, "online.put", unit=unit)
        self.refresh()
        self.send()

    # sending
    def send(self, *, even_away: bool = False) -> None:
        """Send what is due, where the server can be reached and nothing is being sent."""
        hub, outbox, session = self._hub, self._hub.outbox, self._hub.session
        access = None if session is None else session.access()
        if outbox is None or session is None or access is None or self._sending:
            return
        if session.state is not LineState.CONNECTED and not even_away:
            return
        try:
            if not outbox.due():
                return
        except CrcError as error:
            hub.tell(error)
            return
        self._sending = True
        asked = to_document(SendAsked(str(outbox.folder), access, hub.lang))
        hub.kit.jobs.process(_SENDING, _JOB, asked, self._done, self._failed, self._step)

    def _step(self, step: Step) -> None:
        self._progress = step.words
        self._show()

    def _done(self, answer: Mapping[str, Any]) -> None:
        self._sending, self._progress = False, ""
        try:
            told = from_document(SendTold, dict(answer), Path(_JOB))
        except CrcError as error:
            self._failed(error)
            return
        self.line_trouble(CrcError(told.code, url="") if told.code else None)
        self.refresh()

    def _failed(self, error: Exception) -> None:
        self._sending, self._progress = False, ""
        tell(self._hub, error)
        self.refresh()

    # the state
    def _item(self, id_: str) -> OutboxItem | None:
        return next((item for item in self._items if item.intent.id == id_), None)

    def show(self) -> None:
        """Say it in the language of now."""
        if self._hub.outbox is not None:
            self._show()

    def _show(self) -> None:
        rows = tuple(self._row(item) for item in self._items)
        refused = sum(item.state is SendState.REFUSED for item in self._items)
        code = "refused" if refused else "waiting" if self.waiting else "empty" if not rows else "sent"
        words = self._hub.say(f"online.outbox.{code}", count=refused or self.waiting or len(rows))
        self._hub.publish(outbox=OutboxState(rows, words, self._progress))
        self.changed()

    def _row(self, item: OutboxItem) -> OutboxRow:
        hub, state = self._hub, item.state
        what = hub.say(f"online.what.{item.intent.kind.value}", unit=item.intent.unit or "")
        return OutboxRow(
            id=item.intent.id,
            state=state,
            what=what,
            state_words=hub.say(f"online.state.{state.value}"),
            why=item.why(hub.lang),
            can_retry=state is not SendState.SENT,
            can_take_back=state is not SendState.SENT,
        )


def outbox_folder(home: Path, store_id: str, person: str) -> Path:
    """Where below this machine's own folder the outbox of a person for a server lies."""
    return home / "outbox" / hashlib.sha256(store_id.encode()).hexdigest()[:16] / quote(person, safe="")
