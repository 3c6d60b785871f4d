"""Sending what waits in an outbox, item by item, until nothing is due or the line is down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from crc_core.errors import CrcError
from crc_core.store.clock import Clock, utc_now
from crc_core.store.protocol import Receipt, Store
from crc_core.store.remote.outbox import Outbox, OutboxItem
from crc_core.workflow.events import Kind
from crc_core.workflow.intents import Refusal

_LINE_DOWN = frozenset(
    {
        "remote.offline",
        "remote.not_trusted",
        "remote.strange",
        "remote.cancelled",
        "server.away",
        "server.no_store",
        "server.throttled",
        "server.sign_in",
        "server.signed_out",
        "server.error",
        "server.upload_elsewhere",
        "store.busy",
        "file.disk_full",
    }
)
"""Errors after which an item waits on: nobody has decided on it."""


class SendResult(StrEnum):
    """What became of one item."""

    SENT = "sent"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True)
class Sent:
    """One item and what became of it; `error` is why it waits on."""

    item: OutboxItem
    result: SendResult
    error: CrcError | None = None


def send_all(
    outbox: Outbox,
    store: Store,
    *,
    clock: Clock = utc_now,
    on_begin: Callable[[OutboxItem], None] = lambda item: None,
) -> Iterator[Sent]:
    """Send what is due and tell of each item; ends where nothing is left or the line is down.

    Raises CrcError `file.in_use` where another process of this machine is sending.
    """
    with outbox.sending():
        while due := outbox.due():
            item = due[0]
            on_begin(item)
            sent = _send(outbox, store, item, clock)
            yield sent
            if sent.result is SendResult.WAITING:
                return


def _send(outbox: Outbox, store: Store, item: OutboxItem, clock: Clock) -> Sent:
    try:
        outcome = _ask(outbox, store, item)
    except CrcError as error:
        if error.code in _LINE_DOWN:
            return Sent(outbox.mark_tried(item, clock()), SendResult.WAITING, error)
        # What the server (or the folder itself) says of the content will be the same next time: a person has to look.
        refusal = Refusal.because(error.code, **error.values)
        return Sent(outbox.mark_refused(item, refusal, clock()), SendResult.REFUSED)
    if isinstance(outcome, Refusal):
        return Sent(outbox.mark_refused(item, outcome, clock()), SendResult.REFUSED)
    return Sent(outbox.mark_sent(item, clock()), SendResult.SENT)


def _ask(outbox: Outbox, store: Store, item: OutboxItem) -> Receipt | Refusal:
    if item.intent.kind is Kind.READING_SUBMITTED:
        return store.submit(outbox.open_sealed(item), item.intent)
    return store.act(item.intent)
