"""What the panel shows of the server: how the window stands to it, and what waits to be sent."""

from __future__ import annotations

from dataclasses import dataclass

from crc_core.store.remote.outbox import SendState
from crc_core.store.remote.standing import LineState


@dataclass(frozen=True)
class LineRow:
    """The connection to the server in words.

    `told` is for where it is not as it should be; `waiting` counts what is not there yet.
    """

    state: LineState
    words: str
    tip: str
    told: str
    person: str
    waiting: int


@dataclass(frozen=True)
class OutboxRow:
    """One thing in the outbox; `id` names it, `why` says why the server does not have it."""

    id: str
    state: SendState
    what: str
    state_words: str
    why: str
    can_retry: bool
    can_take_back: bool


@dataclass(frozen=True)
class OutboxState:
    """The outbox, oldest first; `words` is its one line, `sending` how far the sending is."""

    rows: tuple[OutboxRow, ...]
    words: str
    sending: str = ""
