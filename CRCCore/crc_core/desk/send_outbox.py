"""The job `send_outbox`: what waits in an outbox goes to the server, as the person who put it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from crc_core.desk.job_forms import SendAsked, SendTold, SentItem
from crc_core.desk.job_running import Tell
from crc_core.errors import CrcError
from crc_core.store.access import server_store
from crc_core.store.clock import Clock, utc_now
from crc_core.store.protocol import Store
from crc_core.store.remote.outbox import Outbox, OutboxItem
from crc_core.store.remote.sending import SendResult, Sent, send_all
from crc_core.store.remote.watching import Watch
from crc_core.text import Lang, say

_MEGABYTE = 1_000_000


@dataclass
class Sending:
    """Sends an outbox and tells how far it is; another process that sends already is left to do it."""

    outbox: Outbox
    lang: Lang
    tell: Tell
    clock: Clock = utc_now
    watch: Watch = field(init=False)
    _unit: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.watch = Watch(on_progress=self._progress)

    def send(self, store: Store) -> SendTold:
        """Send what is due; raises CrcError where the disk refuses."""
        told: list[SentItem] = []
        try:
            for sent in send_all(self.outbox, store, clock=self.clock, on_begin=self._begin):
                told.append(self._told(sent))
        except CrcError as error:
            if error.code != "file.in_use":
                raise
            return SendTold(tuple(told), is_busy=True)
        last = told[-1] if told and told[-1].result is SendResult.WAITING else None
        return SendTold(tuple(told), why="" if last is None else last.why, code="" if last is None else last.code)

    def _begin(self, item: OutboxItem) -> None:
        self._unit = item.intent.unit or ""
        self.tell(say("annotator.submit.sending", self.lang, unit=self._unit), 0, 0)

    def _progress(self, done_bytes: int, total_bytes: int) -> None:
        if total_bytes:
            done, total = done_bytes / _MEGABYTE, total_bytes / _MEGABYTE
            words = say("online.sending", self.lang, unit=self._unit, done=f"{done:.1f}", total=f"{total:.1f}")
            self.tell(words, min(done_bytes, total_bytes), total_bytes)

    def _told(self, sent: Sent) -> SentItem:
        item, error = sent.item, sent.error
        why = item.why(self.lang) if error is None else error.sentence(self.lang)
        code = error.code if error is not None else "" if item.refusal is None else item.refusal.code
        return SentItem(item.intent.id, item.intent.unit or "", sent.result, why, code)


def send_outbox(asked: SendAsked, tell: Tell) -> SendTold:
    """Do the job; raises CrcError for an address that is none."""
    sending = Sending(Outbox(Path(asked.outbox)), asked.lang, tell)
    return sending.send(server_store(asked.access, asked.lang, watch=sending.watch))
