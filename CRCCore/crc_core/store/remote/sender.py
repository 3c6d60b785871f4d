"""The sending process: `python -m crc_core.store.remote.sender OUTBOX`.

Reads one JSON line from standard input (`url`, `person`, `token`, and where needed `ca_file`, `proxy`, `lang`) so that
the token stands on no command line and in no file; writes one JSON line per step: `{"step": "begin" | "progress" |
"sent" | "refused" | "waiting" | "busy" | "done", …}`. Ends with 0 where nothing is left to send, 1 where something
waits or was refused, 2 for bad input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from crc_core.errors import CrcError
from crc_core.files.records import from_document
from crc_core.store.remote.address import Address
from crc_core.store.remote.connection import Connection
from crc_core.store.remote.outbox import Outbox, OutboxItem
from crc_core.store.remote.sending import SendResult, Sent, send_all
from crc_core.store.remote.store import RemoteStore
from crc_core.store.remote.watching import Watch
from crc_core.text import Lang, system_language

_STDIN = Path("standard-input.json")
_PROGRESS_BYTES = 1 << 20
_DONE, _LEFT, _BAD_INPUT = 0, 1, 2


@dataclass(frozen=True)
class Order:
    """What the sending process is told on standard input."""

    url: str
    person: str
    token: str
    ca_file: str | None = None
    proxy: str | None = None
    lang: Lang | None = None


def main(words: Sequence[str], standard_input: TextIO, output: TextIO) -> int:
    """Send what waits; see the module's own words."""
    lang = system_language()
    try:
        if len(words) != 1:
            raise CrcError("outbox.usage")
        order = _order(standard_input)
        lang = order.lang or lang
        return _send(Outbox(Path(words[0])), order, lang, output)
    except CrcError as error:
        busy = error.code == "file.in_use"
        _tell(output, "busy" if busy else "failed", code=error.code, message=error.sentence(lang))
        return _LEFT if busy else _BAD_INPUT


def _send(outbox: Outbox, order: Order, lang: Lang, output: TextIO) -> int:
    address = Address.of(order.url, None if order.ca_file is None else Path(order.ca_file), order.proxy)
    watch = _Reporting(output)
    store = RemoteStore(Connection(address, order.token, lang=lang), order.person, watch=watch.watch)
    is_left = False
    for sent in send_all(outbox, store, on_begin=watch.begin):
        is_left = is_left or sent.result is not SendResult.SENT
        _tell_sent(sent, lang, output)
    _tell(output, "done")
    return _LEFT if is_left else _DONE


class _Reporting:
    """Tells of progress each megabyte."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._intent = ""
        self._told = 0
        self.watch = Watch(on_progress=self._progress)

    def begin(self, item: OutboxItem) -> None:
        """An item begins."""
        self._intent, self._told = item.intent.id, 0
        _tell(self._output, "begin", intent=item.intent.id, unit=item.intent.unit)

    def _progress(self, done_bytes: int, total_bytes: int) -> None:
        if done_bytes - self._told >= _PROGRESS_BYTES or (done_bytes == total_bytes and total_bytes):
            self._told = done_bytes
            _tell(self._output, "progress", intent=self._intent, done_bytes=done_bytes, total_bytes=total_bytes)


def _order(standard_input: TextIO) -> Order:
    try:
        document = json.loads(standard_input.readline())
    except ValueError as error:
        raise CrcError("json.broken", path=_STDIN) from error
    return from_document(Order, document, _STDIN)


def _tell_sent(sent: Sent, lang: Lang, output: TextIO) -> None:
    item = sent.item
    message = item.why(lang) if sent.error is None else sent.error.sentence(lang)
    code = item.refusal.code if item.refusal is not None else None if sent.error is None else sent.error.code
    _tell(output, sent.result.value, intent=item.intent.id, unit=item.intent.unit, code=code, message=message or None)


def _tell(output: TextIO, step: str, **values: Any) -> None:
    told = {"step": step, **{name: value for name, value in values.items() if value is not None}}
    output.write(json.dumps(told, ensure_ascii=False) + "\n")
    output.flush()


if __name__ == "__main__":
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # real streams can
    sys.exit(main(sys.argv[1:], sys.stdin, sys.stdout))
